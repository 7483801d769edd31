/* JSON as the readers see it: values, paths, what is said of them; allocations that fail, ours and the library's. */
#include <cjson/cJSON.h>

#include "load/json/json.h"
#include "memory.h"

static memory_allocator counts;
static const vf_allocator heap = {memory_resize, &counts};

static uint64_t allowed; /* allocations of the JSON library that succeed */

static void *few(size_t n)
{
    return allowed-- > 0 ? malloc(n) : NULL;
}

/** Each allocation fails, ours and the JSON library's. */
static void test_memory(void)
{
    static const char text[] = "{\"a\":[NaN,-Infinity,1],\"b\":{\"c\":\"text\"}}";
    vf_json j;
    for (uint64_t fail = 1;; fail++) {
        memory_allocator mine = {.fail_at = fail};
        const vf_allocator a = {memory_resize, &mine};
        vf_error err = {0};
        vf_status s = vf_json_open(&j, "f", text, sizeof text - 1, true, &a, &err);
        bool failed = mine.calls >= fail;
        CHECK(s == (failed ? VF_ERR_NOMEM : VF_OK), "allocation %" PRIu64 ": %s", fail, err.text);
        vf_json_close(&j);
        CHECK(mine.in_use == 0 && mine.wrong_sizes == 0, "allocation %" PRIu64, fail);
        if (!failed)
            break;
    }
    for (uint64_t n = 0;; n++) {
        cJSON_Hooks hooks = {few, free};
        vf_error err = {0};
        allowed = n;
        cJSON_InitHooks(&hooks);
        vf_status s = vf_json_open(&j, "f", text, sizeof text - 1, true, &heap, &err);
        vf_json_close(&j);
        cJSON_InitHooks(NULL);
        CHECK(s == VF_OK || (s == VF_ERR_NOMEM && strcmp(err.text, "out of memory") == 0), "after %" PRIu64 " of the library's: %s", n, err.text);
        if (s == VF_OK)
            break;
        CHECK(n < 100, "endless");
    }
}

/** Values that are a document of their own, and what is said of each kind of value. */
static void test_values(void)
{
    static const struct {
        const char *text, *what;
    } rows[] = {{"\"x\"", "the string 'x'"}, {" \"x\" ", "the string 'x'"}, {"NaN", "null"}, {"-Infinity", "null"}, {"Infinity", "null"}, {"false", "false"},
                {"true", "true"}, {"[]", "an array"}, {"{}", "an object"}, {"-1.5e3", "-1.5e3"}, {" 7\n", "7"}};
    char what[100], path[VF_ERROR_TEXT];
    vf_json j;
    vf_error err = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(vf_json_open(&j, "f", rows[i].text, strlen(rows[i].text), true, &heap, &err) == VF_OK, "%s: %s", rows[i].text, err.text);
        CHECK_STR(vf_json_what(&j, j.root, what, sizeof what), rows[i].what, rows[i].text);
        CHECK_U64(vf_json_at(&j, j.root, true), strspn(rows[i].text, " "), rows[i].text);
        vf_json_close(&j);
    }
    static const char spoken[] = "[\"\\\"NaN, Infinity\", NaN, \"I\"]"; /* a number that is none, between texts that name it */
    CHECK(vf_json_open(&j, "f", spoken, sizeof spoken - 1, true, &heap, &err) == VF_OK, "%s", err.text);
    CHECK_STR(j.root->child->valuestring, "\"NaN, Infinity", "behind an escape");
    CHECK(cJSON_IsNull(j.root->child->next) && cJSON_GetArraySize(j.root) == 3, "null");
    vf_json_close(&j);
    CHECK(vf_json_open(&j, "f", "[", 1, true, &heap, NULL) == VF_ERR_DATA, "nobody to tell");
    CHECK_STR(vf_json_library_version(), cJSON_Version(), "the library");
    static const char nothing[] = "{\"b\":null,\"f\":false,\"n\":7}";
    CHECK(vf_json_open(&j, "f", nothing, sizeof nothing - 1, false, &heap, &err) == VF_OK, "%s", err.text);
    bool b = true;
    const char *s = "as it was";
    const cJSON *node = j.root;
    CHECK(vf_json_get_bool(&j, j.root, "b", &b, &err) == VF_OK && b && vf_json_get_bool(&j, j.root, "x", &b, &err) == VF_OK && b, "absent");
    CHECK(vf_json_get_bool(&j, j.root, "f", &b, &err) == VF_OK && !b, "false");
    CHECK(vf_json_get_string(&j, j.root, "b", &s, &err) == VF_OK && strcmp(s, "as it was") == 0, "absent");
    CHECK(vf_json_get_string(&j, j.root, "f", &s, &err) == VF_ERR_DATA && strcmp(err.text, "found false, expected a string") == 0, "%s", err.text);
    CHECK(vf_json_get_object(&j, j.root, "x", &node, &err) == VF_OK && !node, "absent");
    CHECK(vf_json_get_array(&j, j.root, "n", &node, &err) == VF_ERR_DATA && strcmp(err.text, "found 7, expected an array") == 0, "%s", err.text);
    vf_json_close(&j);
    for (size_t n = 79; n <= 84; n++) { /* keys are shown up to 80 characters */
        char text[200], want[200] = "/";
        memset(text, 'k', sizeof text);
        memcpy(text, "{\"", 2);
        memcpy(text + 2 + n, "\":1}", 5);
        if (n > 80)
            strcat(want, "'");
        memset(want + strlen(want), 'k', n < 80 ? n : 80);
        strcat(want, n > 80 ? "'..." : "");
        CHECK(vf_json_open(&j, "f", text, strlen(text), false, &heap, &err) == VF_OK, "%s", err.text);
        CHECK_STR(vf_json_path(&j, j.root->child, path, sizeof path), want, "a long key");
        vf_json_close(&j);
    }
}

int main(void)
{
    test_memory();
    test_values();
    CHECK_U64(counts.in_use, 0, "bytes not given back");
    CHECK_U64(counts.wrong_sizes, 0, "blocks given back with a wrong size");
    return CHECK_END();
}
