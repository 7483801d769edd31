/* Foreign text in every output: JSON and CSV parse back to it, XML has no markup of it, and nowhere stands a
 * byte that steers a terminal or begins a line of its own. */
#include "fuzz.h"

#include "cli/text/csv.h"
#include "cli/text/json_out.h"
#include "load/json/json.h"

/** No control bytes, no lines, valid UTF-8. */
static void check_clean(const buf *b)
{
    for (size_t i = 0; i < b->n; i++)
        PROMISE((unsigned char)b->p[i] >= 0x20 && b->p[i] != 0x7F);
    PROMISE(fuzz_is_utf8(b->p, b->n));
}

static void check_json(const char *text, bool valid)
{
    buf b = {0};
    json_out out = {.b = &b};
    json_open(&out, NULL, '{');
    json_str(&out, text, text);
    json_close(&out, '}');
    check_clean(&b);
    vf_json j;
    vf_error err = {0};
    PROMISE(vf_json_open(&j, "f.json", b.p, b.n, false, &fuzz_heap, &err) == VF_OK);
    PROMISE(j.root->child && cJSON_IsString(j.root->child) && !j.root->child->next);
    if (valid)
        PROMISE(strcmp(j.root->child->valuestring, text) == 0 && strcmp(j.root->child->string, text) == 0);
    vf_json_close(&j);
    buf_free(&b);
}

/** Takes a cell of RFC 4180 from *at on, up to the comma or the end of the line; appends it to `to`. */
static void read_cell(const char **at, buf *to)
{
    bool quoted = **at == '"';
    *at += quoted;
    for (; quoted || (**at != ',' && **at != '\n'); ++*at) {
        PROMISE(**at && **at != '\n' && (quoted || **at != '"'));
        if (quoted && **at == '"' && *++*at != '"')
            break;
        buf_add(to, *at, 1);
    }
}

static void check_csv(const char *text, const buf *plain)
{
    buf b = {0}, cell = {0};
    for (csv_style style = CSV_COMMA; style <= CSV_MARKDOWN; style++) {
        b.n = 0;
        csv_cell(&b, style, true, text);
        csv_cell(&b, style, false, text);
        csv_end(&b, style);
        size_t lines = 0, tabs = 0;
        for (size_t i = 0; i < b.n; i++) {
            lines += b.p[i] == '\n';
            tabs += b.p[i] == '\t';
        }
        PROMISE(lines == 1 && b.p[b.n - 1] == '\n' && tabs == (style == CSV_TAB));
        if (style != CSV_COMMA)
            continue;
        buf_add(&b, "", 1);
        const char *at = b.p;
        for (int i = 0; i < 2; i++, at++) {
            cell.n = 0;
            read_cell(&at, &cell);
            PROMISE(cell.n == plain->n && (cell.n == 0 || memcmp(cell.p, plain->p, cell.n) == 0));
            PROMISE(*at == (i == 0 ? ',' : '\n'));
        }
    }
    buf_free(&cell);
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    PROMISE(text);
    memcpy(text, data, size);
    text[size] = 0;
    buf plain = {0}, drawn = {0};
    buf_plain(&plain, text);
    check_clean(&plain);
    check_json(text, fuzz_is_utf8(text, strlen(text)));
    check_csv(text, &plain);
    buf_xml(&drawn, text);
    check_clean(&drawn);
    for (size_t i = 0; i < drawn.n; i++)
        PROMISE(drawn.p[i] != '<' && drawn.p[i] != '>' && drawn.p[i] != '"');
    buf_free(&drawn);
    buf_free(&plain);
    free(text);
    PROMISE(fuzz_held == 0);
    return 0;
}
