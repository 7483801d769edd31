/* The JSON gate: what it accepts cJSON parses, and every node is found again where it stands. */
#include "fuzz.h"

#include "load/json/json.h"

static void check_node(const vf_json *j, const cJSON *node)
{
    size_t at = vf_json_at(j, node, false), key = vf_json_at(j, node, true);
    PROMISE(at < j->n && key <= at);
    char c = j->text[at];
    PROMISE(cJSON_IsObject(node)   ? c == '{'
            : cJSON_IsArray(node)  ? c == '['
            : cJSON_IsString(node) ? c == '"'
            : cJSON_IsTrue(node)   ? c == 't'
            : cJSON_IsFalse(node)  ? c == 'f'
            : cJSON_IsNull(node)   ? c == 'n' || c == 'N' || c == 'I' || c == '-'
                                   : c == '-' || (c >= '0' && c <= '9'));
    PROMISE(!node->string || j->text[key] == '"');
    for (const cJSON *child = node->child; child; child = child->next) {
        PROMISE(!child->string || vf_json_member(node, child->string) == child);
        check_node(j, child);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int non_finite = 0; non_finite < 2; non_finite++) {
        vf_json j;
        vf_error err = {0};
        vf_status s = vf_json_open(&j, "f.json", (const char *)data, size, non_finite, &fuzz_heap, &err);
        if (s == VF_OK) {
            check_node(&j, j.root);
            vf_json_close(&j);
        } else {
            PROMISE(s == VF_ERR_DATA);
            PROMISE(size > VF_JSON_TEXT_LIMIT || (err.line > 0 && err.column > 0));
            fuzz_check_error(&err);
        }
        PROMISE(fuzz_held == 0);
    }
    return 0;
}
