/* Small parts of the readers, each on its own: names with one hash, sorting, sources that shrink, JSON without memory,
 * tensors of experts, extents. */
#include <cjson/cJSON.h>

#include "load/catalog/catalog.h"
#include "load/draft.h"
#include "load/json/gate.h"
#include "load/safetensors/hf_names.h"
#include "load/names.h"
#include "load/safetensors/safetensors.h"
#include "load/sniff.h"
#include "load/sort.h"
#include "load/source.h"
#include "memory.h"

static memory_allocator counts;
static const vf_allocator heap = {memory_resize, &counts};

/* ---- names and sorting -------------------------------------------------------------------------- */

/** Memory that is never empty, and never twice the same. */
static void *dirty_resize(void *ctx, void *p, size_t old_size, size_t new_size)
{
    static uint32_t seed = 1;
    unsigned char *q = memory_resize(ctx, p, old_size, new_size);
    for (size_t i = old_size; q && i < new_size; i++, seed = seed * 1664525u + 1013904223u)
        q[i] = (unsigned char)(seed >> 24);
    return q;
}

static const vf_allocator dirty = {dirty_resize, &counts};

/** Which name comes twice is found by the names, whatever their hashes are: all different, or all one. */
static void test_same_hash(void)
{
    static const struct {
        const char *names[6];
        int twice; /**< -1: none; else which */
    } rows[] = {
        {{"a", "b", "ab", "", "ba"}, -1},
        {{"a", "b", "a"}, 2},
        {{"", "a", ""}, 2},
        {{"x", "a", "b", "b", "a", "x"}, 3},
        {{"b", "b", "a", "a"}, 1},
        {{"a", "a", "b", "b"}, 1},
        {{"q", "q", "q"}, 1},
        {{"ab", "cd", "abc", "ab", "cd"}, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int one = 0; one < 2; one++) {
            vf_names names;
            uint64_t n = 0;
            vf_names_init(&names, &dirty);
            for (; n < 6 && rows[i].names[n]; n++)
                CHECK(vf_names_add(&names, rows[i].names[n], strlen(rows[i].names[n]), 100 + n) == VF_OK, "added");
            for (uint64_t k = 0; one && k < n; k++)
                names.items[k].hash = 7;
            const vf_name_ref *twice = vf_names_duplicate(&names);
            CHECK(twice ? (int64_t)twice->byte - 100 == rows[i].twice : rows[i].twice < 0, "row %zu, %s", i, one ? "one hash" : "their own");
            vf_names_free(&names);
        }
    vf_names names;
    vf_names_init(&names, &heap);
    CHECK(!vf_names_duplicate(&names), "no names");
    static char large[1 << 20];
    memset(large, 'x', sizeof large);
    for (int i = 0; i < 15; i++)
        CHECK(vf_names_add(&names, large, sizeof large, 0) == VF_OK, "a mebibyte");
    CHECK(vf_names_add(&names, large, sizeof large - 1, 0) == VF_OK && vf_names_add(&names, large, 2, 0) == VF_ERR_RANGE, "one byte too many");
    CHECK(vf_names_add(&names, large, 1, 0) == VF_OK && names.n_pool == VF_NAMES_BYTES, "just so");
    CHECK(vf_names_add(&names, large, 0, 0) == VF_OK && vf_names_add(&names, large, 1, 0) == VF_ERR_RANGE, "nothing more fits");
    vf_names_free(&names);
}

static bool less(const void *ctx, const void *a, const void *b)
{
    ++*(uint64_t *)(uintptr_t)ctx;
    return *(const uint32_t *)a < *(const uint32_t *)b;
}

/** Every order of up to seven numbers, and n log n for many in bad orders. */
static void test_sort(void)
{
    uint64_t asked = 0;
    for (uint32_t n = 0; n <= 7; n++) {
        uint32_t orders = 1;
        for (uint32_t k = 2; k <= n; k++)
            orders *= k;
        for (uint32_t o = 0; o < orders; o++) {
            uint32_t v[8] = {0, 0, 0, 0, 0, 0, 0, 0}, left = o;
            for (uint32_t k = 0; k < n; k++) { /* number k at the place that the order says */
                uint32_t at = left % (k + 1);
                left /= k + 1;
                memmove(v + at + 1, v + at, (k - at) * sizeof v[0]);
                v[at] = k / 2 + 1; /* some are equal */
            }
            v[n] = 99; /* what lies behind stays */
            vf_sort(v, n, sizeof v[0], less, &asked);
            for (uint32_t k = 0; k < n; k++)
                CHECK(v[k] == k / 2 + 1, "%u numbers, order %u", n, o);
            CHECK(v[n] == 99, "behind the end");
        }
    }
    enum { MANY = 1 << 14 };
    static uint32_t many[MANY];
    for (int way = 0; way < 3; way++) {
        for (uint32_t i = 0; i < MANY; i++)
            many[i] = way == 0 ? i : way == 1 ? MANY - i : (i * 2654435761u) % 64;
        asked = 0;
        vf_sort(many, MANY, sizeof many[0], less, &asked);
        for (uint32_t i = 1; i < MANY; i++)
            CHECK(many[i - 1] <= many[i], "way %d", way);
        CHECK(asked < 3 * 14 * MANY, "way %d: %" PRIu64 " comparisons", way, asked);
    }
}

/* ---- sources ------------------------------------------------------------------------------------ */

/** A file that is smaller than what was read of it; text of a name beyond what is kept; nobody to tell. */
static void test_source(void)
{
    unsigned char bytes[64] = {0}, out[32];
    memory_file f = {.bytes = bytes, .n = sizeof bytes, .size = sizeof bytes};
    vf_source source = memory_source(&f, false, true);
    vf_error err = {0};
    vf_src s;
    char name[VF_SRC_NAME + 10];
    CHECK(vf_src_open(&s, &source, 100, "100 bytes", &heap, &err) == VF_OK, "open");
    CHECK(vf_src_read(&s, out, 20) == VF_OK, "read");
    source.size = 19;
    CHECK(vf_src_read(&s, out, 1) == VF_ERR_DATA && err.byte == 20, "beyond the end that it has now: %" PRIu64, err.byte);
    source.size = 20;
    CHECK(vf_src_read(&s, out, 0) == VF_OK && vf_src_read(&s, out, 1) == VF_ERR_DATA && err.byte == 20, "at the end: %" PRIu64, err.byte);
    memset(name, 'n', sizeof name);
    for (size_t n = VF_SRC_NAME - 1; n <= VF_SRC_NAME + 1; n++) {
        vf_src_name(&s, name, n);
        CHECK_U64(s.n_name, n < VF_SRC_NAME ? n : VF_SRC_NAME, "bytes kept of a name");
    }
    s.err = NULL;
    CHECK(vf_src_read(&s, out, 1) == VF_ERR_DATA, "nobody to tell");
    vf_src_close(&s);
    vf_src_close(&s); /* twice does no harm */
    memory_file empty = {.bytes = bytes, .n = 0, .size = 0};
    source = memory_source(&empty, false, true);
    CHECK(vf_src_open(&s, &source, 100, "100 bytes", &heap, &err) == VF_OK && vf_src_read(&s, out, 1) == VF_ERR_DATA, "nothing there");
    CHECK_STR(err.text, "the file is empty", "nothing there");
    vf_src_close(&s);
}

static void test_sniff(void)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *is;
    } rows[] = {
        {"GGUF", 4, "a GGUF file"}, {"GGU", 3, NULL}, {"{", 1, "JSON"}, {"\x1f\x8b", 2, "gzip data; unpack it first"}, {"\x1f", 1, NULL},
        {"\x80\x02", 2, "a Python pickle"}, {"<!doctype", 9, "a web page"}, {"<!DOCTYPE", 9, "a web page"}, {"<html", 5, "a web page"},
        {"fmgg", 4, "an old GGMF file; convert it to GGUF"}, {"tjgg", 4, "an old GGJT file; convert it to GGUF"},
        {"\x10\0\0\0\0\0\0\0{", 9, "a safetensors file"}, {"\x10\0\0\0\0\0\0\0{", 8, NULL}, {"\x10\0\0\0\0\0\0\1{", 9, NULL},
        {"\x10\0\0\0\1\0\0\0{", 9, NULL}, {"\xFF\xFF\xFF\xFF\0\0\0\0{", 9, "a safetensors file"}, {"\x10\0\0\0\0\0\0\0[", 9, NULL}, {"", 0, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *is = vf_sniff(rows[i].bytes, rows[i].n);
        CHECK((is == NULL) == (rows[i].is == NULL) && (!is || strcmp(is, rows[i].is) == 0), "row %zu: %s", i, is ? is : "nothing");
    }
}

/* ---- JSON --------------------------------------------------------------------------------------- */

static uint64_t allowed; /* allocations of the JSON library that succeed */

static void *few(size_t n)
{
    return allowed-- > 0 ? malloc(n) : NULL;
}

/** Each allocation fails, ours and the JSON library's. */
static void test_json_memory(void)
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
static void test_json_values(void)
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

/** What the gate says of numbers that go on, and of the earliest key that comes twice. */
static void test_gate(void)
{
    static const struct {
        const char *text;
        uint32_t column;
        const char *says;
    } rows[] = {
        {"[1+2]", 2, "not a number: '1+'"}, {"[1.5+]", 2, "not a number: '1.5+'"}, {"[\xFF]", 2, "found '\\xFF'"}, {"[1:]", 3, "expected ',' or ']'"},
        {"[1/2]", 3, "comments"}, {"[1,\xC3]", 4, "found '\\xC3'"},
        {"{\"a\":1,\"a\":2,\"b\":3,\"b\":4}", 8, "duplicate key 'a'"}, {"{\"b\":1,\"b\":2,\"a\":3,\"a\":4}", 8, "duplicate key 'b'"},
        {"{\"a\":1,\"b\":2,\"b\":3,\"a\":4}", 14, "duplicate key 'b'"}, {"{\"a\":1,\"a\":2,\"a\":3}", 8, "duplicate key 'a'"},
        {"[\"\\u\"]", 3, "four hex digits"}, {"[\"\\u123", 3, "four hex digits"}, {"[\"\\uD800\\u", 3, "surrogate"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_error err = {0};
        CHECK(vf_json_gate(rows[i].text, strlen(rows[i].text), NULL, &heap, &err) == VF_ERR_DATA, "%s", rows[i].text);
        CHECK(err.column == rows[i].column + (rows[i].text[0] == '{') && strstr(err.text, rows[i].says), "%s: %u: %s", rows[i].text, err.column, err.text);
    }
}

static memory_file part_file[3];
static unsigned char part_bytes[3][4096];

static vf_status open_part(void *ctx, uint32_t i, uint32_t n, vf_source *part, vf_error *err)
{
    (void)ctx;
    (void)n;
    (void)err;
    *part = memory_source(&part_file[i], true, true);
    return VF_OK;
}

static void set_part(uint32_t i, const char *header, uint64_t data)
{
    uint64_t n = strlen(header);
    for (int k = 0; k < 8; k++)
        part_bytes[i][k] = (unsigned char)(n >> (8 * k));
    memcpy(part_bytes[i] + 8, header, (size_t)n);
    part_file[i] = (memory_file){.bytes = part_bytes[i], .n = 8 + (size_t)n, .size = 8 + n + data};
}

static vf_model *read_parts(uint32_t n, vf_error *err)
{
    static const vf_parts parts = {open_part, NULL, NULL};
    vf_model *m = NULL;
    (void)vf_safetensors_read(&parts, n, &heap, &m, err);
    return m;
}

/** Pairs of halves at all their ends are characters. */
static void test_pairs(void)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {{"\\uD800\\uDC00", true}, {"\\uD800\\uDFFF", true}, {"\\uDBFF\\uDC00", true}, {"\\uDBFF\\uDFFF", true}, {"\\uD7FF\\uE000", true},
                {"\\uD800\\uDBFF", false}, {"\\uDBFF\\uE000", false}, {"\\uDC00\\uDC00", false}, {"\\uDFFF", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[100];
        (void)snprintf(text, sizeof text, "[\"%s\"]", rows[i].text);
        CHECK((vf_json_gate(text, strlen(text), NULL, &heap, NULL) == VF_OK) == rows[i].good, "%s", text);
        (void)snprintf(text, sizeof text, "{\"__metadata__\":{\"a\":\"%s\"},\"t\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", rows[i].text);
        set_part(0, text, 0);
        vf_error err = {0};
        vf_model *m = read_parts(1, &err);
        CHECK((m != NULL) == rows[i].good, "%s: %s", text, err.text);
        vf_model_free(m);
    }
}

/** What lies behind the text that is given is not looked at. */
static void test_gate_ends(void)
{
    static const char text[] = "[\"\\uD83D\\uDE00\",1234,true,{\"\xC3\xA9\":null}]";
    static const struct {
        size_t n;
        const char *says;
    } rows[] = {
        {3, "unknown escape"}, {4, "four hex digits"}, {5, "four hex digits"}, {7, "four hex digits"}, {8, "surrogate"}, {9, "surrogate"},
        {10, "surrogate"}, {13, "surrogate"}, {14, "within this string"}, {15, "expected ',' or ']'"}, {16, "expected a value"},
        {18, "expected ',' or ']'"}, {24, "found 't'"}, {28, "within this string"}, {29, "not UTF-8"}, {30, "within this string"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_error err = {0};
        CHECK(vf_json_gate(text, rows[i].n, NULL, &heap, &err) == VF_ERR_DATA && strstr(err.text, rows[i].says), "%zu bytes: %s", rows[i].n, err.text);
    }
    CHECK(vf_json_gate(text, sizeof text - 1, NULL, &heap, NULL) == VF_OK, "all of it");
}

/* ---- tensors ------------------------------------------------------------------------------------ */

static void test_hf_names(void)
{
    static const struct {
        const char *name;
        uint16_t role;
        int32_t layer, expert;
    } rows[] = {
        {"model.layers.999999999.self_attn.q_proj.weight", VF_ROLE_ATTN_Q, 999999999, -1},
        {"model.layers.1000000000.self_attn.q_proj.weight", VF_ROLE_UNKNOWN, -1, -1},
        {"model.layers.7", VF_ROLE_UNKNOWN, -1, -1},
        {"model.layers.7.", VF_ROLE_UNKNOWN, 7, -1},
        {"model.layers..self_attn.q_proj.weight", VF_ROLE_UNKNOWN, -1, -1},
        {"model.layers./.self_attn.q_proj.weight", VF_ROLE_UNKNOWN, -1, -1},
        {"model.layers.:.self_attn.q_proj.weight", VF_ROLE_UNKNOWN, -1, -1},
        {"model.layers.1x.self_attn.q_proj.weight", VF_ROLE_UNKNOWN, -1, -1},
        {"model.model.layers.1.self_attn.q_proj.weight", VF_ROLE_ATTN_Q, 1, -1},
        {"model.layers.1.mlp.experts.5.up_proj.weight", VF_ROLE_FFN_UP_EXPS, 1, 5},
        {"model.layers.1.mlp.experts.x.up_proj.weight", VF_ROLE_UNKNOWN, 1, -1},
        {"model.layers.1.mlp.experts.5", VF_ROLE_UNKNOWN, 1, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_tensor t = {.role = VF_ROLE_UNKNOWN};
        int32_t expert;
        vf_hf_parse_name(rows[i].name, strlen(rows[i].name), &t, &expert);
        CHECK(t.role == rows[i].role && t.layer == rows[i].layer && expert == rows[i].expert, "%s: role %u, layer %d, expert %d", rows[i].name, t.role,
              t.layer, expert);
    }
    static const char *const endings[] = {".weight", ".bias", ".g_idx", ".scales"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        vf_tensor t = {.role = VF_ROLE_UNKNOWN};
        int32_t expert;
        vf_hf_parse_name(endings[i], strlen(endings[i]), &t, &expert);
        CHECK(t.part == VF_PART_BARE, "%s ends no name: part %u", endings[i], t.part);
    }
}

#define EXPERT(layer, expert, dtype, shape) \
    "\"model.layers." #layer ".mlp.experts." #expert ".up_proj.weight\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[0,0]}"
#define OTHER(name, shape) "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[0,0]}"

/** Experts' matrices become one tensor where they are of one layer, type and shape, and matrices. */
static void test_experts(void)
{
    static const struct {
        const char *header;
        size_t tensors;
        uint64_t experts; /**< of the first */
    } rows[] = {
        {"{" EXPERT(0, 0, "F32", "[0,4]") "," EXPERT(0, 1, "F32", "[0,4]") "}", 1, 2},
        {"{" EXPERT(0, 0, "F32", "[0,4]") "," EXPERT(1, 0, "F32", "[0,4]") "}", 2, 1},
        {"{" EXPERT(0, 0, "F32", "[0,4]") "," EXPERT(0, 1, "F16", "[0,4]") "}", 2, 1},
        {"{" EXPERT(0, 0, "F32", "[4,0]") "," EXPERT(0, 1, "F32", "[5,0]") "}", 2, 1},
        {"{" EXPERT(0, 0, "F32", "[4,0]") "," EXPERT(0, 1, "F32", "[4,0]") "," EXPERT(0, 2, "F32", "[5,0]") "," EXPERT(0, 3, "F32", "[4,0]") "}", 3, 2},
        {"{" EXPERT(0, 0, "F32", "[1,0,4]") "," EXPERT(0, 1, "F32", "[1,0,4]") "}", 1, 2},
        {"{" EXPERT(0, 0, "F32", "[2,0,4]") "," EXPERT(0, 1, "F32", "[2,0,4]") "}", 2, 2},
        {"{" EXPERT(0, 0, "F32", "[3,1,0,4]") "," EXPERT(0, 1, "F32", "[3,1,0,4]") "}", 2, 1},
        {"{" EXPERT(0, 0, "F32", "[0]") "," EXPERT(0, 1, "F32", "[0]") "}", 1, 2},
        {"{" OTHER("model.layers.0.x.experts.0.thing", "[0]") "," OTHER("model.layers.0.x.experts.1.thing", "[0]") "}", 2, 1},
        {"{" OTHER("model.norm.weight", "[0]") "," EXPERT(0, 1, "F32", "[0,4]") "," EXPERT(0, 7, "F32", "[0,4]") "}", 2, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_error err = {0};
        set_part(0, rows[i].header, 0);
        vf_model *m = read_parts(1, &err);
        CHECK(m != NULL, "%s: %s", rows[i].header, err.text);
        if (m) {
            CHECK_U64(m->n_tensors, rows[i].tensors, rows[i].header);
            CHECK_U64(m->tensors[0].ne[2], rows[i].experts, rows[i].header);
        }
        vf_model_free(m);
    }
}

#define AT(name, bytes, begin, end) "\"" name "\":{\"dtype\":\"U8\",\"shape\":[" #bytes "],\"data_offsets\":[" #begin "," #end "]}"

/** Tensors without bytes lie anywhere between the others; all together stay within 2^60 bytes, and the file. */
static void test_extents(void)
{
    static const struct {
        const char *header;
        uint64_t data;
        const char *says; /**< NULL: good */
        const char *key;
    } rows[] = {
        {"{" AT("b", 4, 0, 4) "," AT("a", 0, 0, 0) "," AT("c", 0, 4, 4) "}", 4, NULL, ""},
        {"{" AT("a", 0, 0, 0) "," AT("b", 0, 0, 0) "," AT("c", 4, 0, 4) "}", 4, NULL, ""},
        {"{" AT("a", 4, 0, 4) "," AT("b", 0, 2, 2) "}", 4, "overlap", "b"},
        {"{" AT("a", 4, 0, 4) "," AT("b", 0, 5, 5) "}", 4, "leave a hole: 5, expected 4", "b"},
        {"{" AT("a", 4, 0, 4) "," AT("b", 4, 0, 4) "}", 4, "overlap with another tensor: 0 is before 4", "b"},
        {"{" AT("a", 4, 0, 4) "," AT("b", 4, 4, 8) "}", 8, NULL, ""},
        {"{" AT("a", 4, 0, 4) "," AT("b", 4, 4, 8) "}", 7, "incomplete", ""},
        {"{" AT("a", 4, 0, 4) "," AT("b", 4, 4, 8) "}", 9, "1 trailing bytes", ""},
        {"{" AT("a", 1152921504606846976, 0, 1152921504606846976) "," AT("b", 4, 1152921504606846976, 1152921504606846980) "}", 8, "incomplete", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_error err = {0};
        set_part(0, rows[i].header, rows[i].data);
        vf_model *m = read_parts(1, &err);
        CHECK((m != NULL) == !rows[i].says, "%s: %s", rows[i].header, err.text);
        CHECK(m || (strstr(err.text, rows[i].says) && strcmp(err.key, rows[i].key) == 0), "%s: %s: %s", rows[i].header, err.key, err.text);
        vf_model_free(m);
    }
}

/** Of several names that are in two files, the one that is met first is told. */
static void test_files(void)
{
    static const struct {
        const char *header[3];
        const char *says;
    } rows[] = {
        {{"{" AT("a", 0, 0, 0) "}", "{" AT("b", 0, 0, 0) "}", "{" AT("c", 0, 0, 0) "}"}, NULL},
        {{"{" AT("a", 0, 0, 0) "," AT("b", 0, 0, 0) "}", "{" AT("b", 0, 0, 0) "}", "{" AT("a", 0, 0, 0) "}"}, "a tensor of file 2 of 3"},
        {{"{" AT("a", 0, 0, 0) "," AT("b", 0, 0, 0) "}", "{" AT("a", 0, 0, 0) "}", "{" AT("b", 0, 0, 0) "}"}, "a tensor of file 2 of 3"},
        {{"{" AT("a", 0, 0, 0) "}", "{" AT("b", 0, 0, 0) "}", "{" AT("a", 0, 0, 0) "," AT("b", 0, 0, 0) "}"}, "a tensor of file 3 of 3"},
        {{"{" AT("a", 0, 0, 0) "}", "{" AT("a", 0, 0, 0) "}", "{" AT("a", 0, 0, 0) "}"}, "a tensor of file 2 of 3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_error err = {0};
        for (uint32_t k = 0; k < 3; k++)
            set_part(k, rows[i].header[k], 0);
        vf_model *m = read_parts(3, &err);
        CHECK((m != NULL) == !rows[i].says && (m || strstr(err.text, rows[i].says)), "row %zu: %s", i, err.text);
        vf_model_free(m);
    }
}

/* ---- drafts and blobs ---------------------------------------------------------------------------- */

static bool find_none(const void *ctx, const char *name, vf_arch *out)
{
    (void)name;
    (void)out;
    ++*(uint32_t *)(uintptr_t)ctx;
    return false;
}

static void test_draft(void)
{
    vf_draft d;
    vf_error err = {0};
    uint32_t asked = 0, first = 77;
    const vf_arch_lookup nobody = {NULL, NULL}, none = {find_none, &asked};
    CHECK(vf_draft_init(&d, &heap, &err) == VF_OK, "%s", err.text);
    vf_draft_arch(&d, NULL, "a");
    CHECK(!d.m->known_arch && strcmp(d.m->arch_name, "a") == 0, "nobody to ask");
    vf_draft_arch(&d, &nobody, "b");
    vf_draft_arch(&d, &none, "c");
    CHECK(!d.m->known_arch && asked == 1 && strcmp(d.m->arch_name, "c") == 0, "not found");
    CHECK(vf_draft_numbers(&d, NULL, 0, &first, &err) == VF_OK && first == 77, "no numbers");
    vf_draft_drop(&d);
    memory_allocator nothing = {.fail_at = 1, .sticky = true};
    const vf_allocator none_at_all = {memory_resize, &nothing};
    vf_pools pools;
    CHECK(!vf_pools_init(&pools, &none_at_all) && vf_draft_init(&d, &none_at_all, &err) == VF_ERR_NOMEM, "no memory at all");
    vf_pools_free(&pools);
    vf_draft_drop(&d);
    /* giving back what is too much fails: nothing is left */
    memory_allocator mine = {.fail_at = 0};
    const vf_allocator a = {memory_resize, &mine};
    for (uint64_t k = 1; k <= 4; k++) {
        const uint32_t numbers[3] = {1, 2, 3};
        const vf_tensor unknown = {.role = VF_ROLE_UNKNOWN};
        vf_model *m = NULL;
        CHECK(vf_draft_init(&d, &a, &err) == VF_OK && vf_draft_numbers(&d, numbers, 3, &first, &err) == VF_OK &&
                  vf_draft_tensor(&d, &unknown, "name", 4, &err) == VF_OK, "%s", err.text);
        mine.fail_at = mine.calls + k;
        vf_status s = vf_draft_seal(&d, &m, &err);
        mine.fail_at = 0;
        CHECK(s == (k < 4 ? VF_ERR_NOMEM : VF_OK) && (m != NULL) == (k == 4) && !d.m, "%" PRIu64 " of three: %s", k, err.text);
        if (m)
            CHECK(m->n_pool == 3 && m->pool[2] == 3 && strcmp(m->names + m->tensors[0].name, "name") == 0, "what is kept");
        vf_model_free(m);
        CHECK(mine.in_use == 0 && mine.wrong_sizes == 0, "%" PRIu64 ": not given back", k);
    }
}

/** A model whose lists are shorter than what was made room for: each allocation of its opening fails. */
static void test_open(void)
{
    static const char text[] = "{\"schema\":1,\"family\":\"F\",\"models\":[{\"id\":\"t/one\",\"arch\":\"llama\",\"source\":\"s\",\"parameters\":11,\"parameters_vision\":7,"
                               "\"published_quant\":\"bf16\",\"optional\":[\"rope_freqs\"],\"hparams\":{\"context_length\":128,\"embedding_length\":64,\"block_count\":3,\"vocab_size\":100,\"feed_forward_length\":96,"
                               "\"attention.head_count\":[4,4,2]}}]}";
    vf_catalog *c = NULL;
    vf_error err = {0};
    uint32_t index;
    CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK && vf_catalog_add(c, "t.json", text, sizeof text - 1, NULL, NULL, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_find(c, VF_KIND_MODEL, "t/one", &index, &err) == VF_OK, "%s", err.text);
    uint64_t fail = 1;
    for (bool failed = true; failed; fail++) {
        memory_allocator mine = {.fail_at = fail};
        const vf_allocator a = {memory_resize, &mine};
        vf_model *m = NULL;
        vf_status s = vf_catalog_model_open(c, index, &a, &m, &err);
        failed = mine.calls >= fail;
        CHECK(s == (failed ? VF_ERR_NOMEM : VF_OK) && (m != NULL) == !failed, "allocation %" PRIu64 ": %s", fail, err.text);
        if (m)
            CHECK(strcmp(m->name, "t/one") == 0 && strcmp(m->published_quant, "bf16") == 0 && m->published_parameters == 11 && m->vision_parameters == 7 &&
                      m->options == UINT64_C(1) << VF_OPTION_ROPE_FREQS && m->known_arch && m->hp.context_length == 128, "what the entry says");
        vf_model_free(m);
        CHECK(mine.in_use == 0 && mine.wrong_sizes == 0, "allocation %" PRIu64 ": not given back", fail);
    }
    CHECK(fail > 5, "%" PRIu64 " allocations", fail);
    vf_catalog_free(c);
}

/** A catalog of nothing, written and looked at again. */
static void test_empty_blob(void)
{
    vf_blob blob, again;
    vf_builder b;
    vf_error err = {0};
    CHECK(vf_blob_open(&blob, NULL, 0, &err) == VF_OK && vf_builder_init(&b, &blob, &heap, &err) == VF_OK, "%s", err.text);
    size_t n = vf_builder_size(&b);
    uint64_t *bytes = malloc(n);
    CHECK(n % 8 == 0, "%zu bytes", n);
    vf_builder_write(&b, bytes);
    CHECK(vf_blob_open(&again, bytes, n, &err) == VF_OK && again.n_names == 0 && again.n_text == 1 && again.text[0] == 0, "%s", err.text);
    for (uint32_t t = 0; t < VF_TABLE_COUNT; t++)
        CHECK(again.count[t] == 0 && !vf_blob_row(&again, t, 0), "table %u", t);
    free(bytes);
    vf_builder_free(&b);
}

int main(void)
{
    test_same_hash();
    test_sort();
    test_source();
    test_sniff();
    test_json_memory();
    test_json_values();
    test_gate();
    test_gate_ends();
    test_pairs();
    test_hf_names();
    test_experts();
    test_extents();
    test_files();
    test_draft();
    test_open();
    test_empty_blob();
    CHECK_U64(counts.in_use, 0, "bytes not given back");
    CHECK_U64(counts.wrong_sizes, 0, "blocks given back with a wrong size");
    return CHECK_END();
}
