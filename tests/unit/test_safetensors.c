/* safetensors headers and the shard index. */
#include "load/safetensors/hf_names.h"
#include "load/json/jstream.h"
#include "load/safetensors/safetensors.h"
#include "memory.h"

#define MAX_FILES 3

typedef struct files {
    memory_file file[MAX_FILES];
    unsigned char *bytes[MAX_FILES];
    uint32_t n;
    bool can_skip, knows_size;
} files;

/** A file with the length in front of the header and `data` zeros behind it. */
static void add_file(files *f, const char *header, uint64_t n, uint64_t data)
{
    size_t length = strlen(header);
    unsigned char *bytes = malloc(length + 8);
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((n ? n : length) >> (8 * i));
    memcpy(bytes + 8, header, length);
    f->bytes[f->n] = bytes;
    f->file[f->n++] = (memory_file){.bytes = bytes, .n = length + 8, .size = length + 8 + data};
}

static vf_status open_file(void *ctx, uint32_t i, uint32_t n, vf_source *part, vf_error *err)
{
    files *f = ctx;
    (void)n;
    (void)err;
    *part = memory_source(&f->file[i], f->can_skip, f->knows_size);
    return VF_OK;
}

typedef struct outcome {
    vf_status status;
    vf_error err;
    size_t n_tensors, peak;
    uint64_t bytes;
    vf_tensor first;
    uint64_t calls;
} outcome;

static outcome read_files(files *f, memory_allocator *counts)
{
    outcome o;
    memset(&o, 0, sizeof o);
    memory_allocator own = {0};
    counts = counts ? counts : &own;
    vf_allocator a = {memory_resize, counts};
    const vf_parts parts = {open_file, NULL, f};
    vf_model *m = NULL;
    o.status = vf_safetensors_read(&parts, f->n, &a, &m, &o.err);
    CHECK((o.status == VF_OK) == (m != NULL), "model and status differ");
    if (m) {
        o.n_tensors = m->n_tensors;
        for (size_t i = 0; i < m->n_tensors; i++)
            o.bytes += vf_tensor_bytes(&m->tensors[i], m->tensors[i].type);
        o.first = m->tensors[0];
    } else {
        check_error(&o.err, o.status, "read");
    }
    vf_model_free(m);
    CHECK_U64(counts->in_use, 0, "bytes not given back");
    CHECK_U64(counts->wrong_sizes, 0, "blocks given back with a wrong size");
    o.peak = counts->peak;
    o.calls = counts->calls;
    return o;
}

static void free_files(files *f)
{
    for (uint32_t i = 0; i < f->n; i++)
        free(f->bytes[i]);
    f->n = 0;
}

static outcome read_header(const char *header, uint64_t data)
{
    files f = {.can_skip = true, .knows_size = true};
    add_file(&f, header, 0, data);
    outcome o = read_files(&f, NULL);
    free_files(&f);
    return o;
}

static void expect_error(const char *header, uint64_t data, const char *word)
{
    outcome o = read_header(header, data);
    CHECK(o.status == VF_ERR_DATA, "%.60s: status %d", header, (int)o.status);
    CHECK(strstr(o.err.text, word) || strstr(o.err.key, word), "%.60s: '%s' is not in '%s: %s'", header, word, o.err.key,
          o.err.text);
}

static void expect_ok(const char *header, uint64_t data, size_t n, uint64_t bytes)
{
    outcome o = read_header(header, data);
    CHECK(o.status == VF_OK, "%.60s: %s: %s", header, o.err.key, o.err.text);
    CHECK_U64(o.n_tensors, n, header);
    CHECK_U64(o.bytes, bytes, header);
}

#define T(dtype, shape, begin, end) "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end "]}"

static const char good[] =
    "{\"__metadata__\":{\"format\":\"pt\",\"\\u00e9\":\"\\ud83d\\ude00 \\n\"},"
    "\"model.embed_tokens.weight\":" T("BF16", "[16,8]", 0, 256) ","
    "\"model.layers.1.self_attn.q_proj.bias\":" T("F32", "[8]", 256, 288) "} \n ";

/* ---- good files -------------------------------------------------------------------------------- */

static void test_good(void)
{
    expect_ok(good, 288, 2, 288);
    outcome o = read_header(good, 288);
    CHECK_U64(o.first.role, VF_ROLE_TOKEN_EMBD, "role");
    CHECK_U64(o.first.ne[0], 8, "row");
    CHECK_U64(o.first.ne[1], 16, "rows");
    expect_ok("{\"a\":" T("F32", "[]", 0, 4) "}", 4, 1, 4);
    expect_ok("{\"a\":" T("F32", "[0,5]", 0, 0) "}", 0, 1, 0);
    expect_ok("{\"a\":" T("F4", "[2,3]", 0, 3) "}", 3, 1, 3);
    expect_ok("{\"a\":" T("F64", "[1,2,3,2,1,2]", 0, 192) "}", 192, 1, 192);
    expect_ok("{\"b\":" T("U8", "[4]", 4, 8) ",\"a\":" T("BOOL", "[4]", 0, 4) "}", 8, 2, 8);
}

static void test_dtypes(void)
{
    static const struct {
        const char *dtype;
        uint32_t bits;
    } rows[] = {{"F64", 64}, {"F32", 32}, {"F16", 16}, {"BF16", 16}, {"I64", 64}, {"I32", 32},
                {"I16", 16}, {"I8", 8}, {"U8", 8}, {"U16", 16}, {"U32", 32}, {"U64", 64},
                {"BOOL", 8}, {"F8_E4M3", 8}, {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"F4", 4}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char header[128];
        for (uint32_t off = 0; off < 3; off++) { /* one byte less, just so, one more */
            uint32_t bytes = 24 * rows[i].bits / 8 + off - 1;
            (void)snprintf(header, sizeof header, "{\"a\":{\"dtype\":\"%s\",\"shape\":[4,6],\"data_offsets\":[0,%u]}}",
                           rows[i].dtype, bytes);
            if (off == 1)
                expect_ok(header, bytes, 1, bytes);
            else
                expect_error(header, bytes, "size");
        }
    }
}

/** Experts of one matrix become one tensor; what belongs to another layer or type stays apart. */
static void test_experts(void)
{
    char header[4096] = "{", *at = header + 1;
    uint32_t offset = 0;
    for (int layer = 0; layer < 2; layer++)
        for (int expert = 0; expert < 4; expert++)
            for (int scale = 0; scale < 2; scale++) {
                uint32_t bytes = scale ? 16 : 64;
                at += snprintf(at, 256,
                               "%s\"model.layers.%d.mlp.experts.%d.up_proj.weight%s\":{\"dtype\":\"%s\",\"shape\":[%s],"
                               "\"data_offsets\":[%u,%u]}",
                               offset ? "," : "", layer, expert, scale ? "_scale_inv" : "", scale ? "F32" : "F8_E4M3",
                               scale ? "2,2" : "8,8", offset, offset + bytes);
                offset += bytes;
            }
    strcpy(at, "}");
    outcome o = read_header(header, offset);
    CHECK(o.status == VF_OK, "%s", o.err.text);
    CHECK_U64(o.n_tensors, 4, "tensors");
    CHECK_U64(o.bytes, offset, "bytes");
    CHECK_U64(o.first.role, VF_ROLE_FFN_UP_EXPS, "role");
    CHECK_U64(o.first.ne[2], 4, "experts");
}

/* ---- sweeps ------------------------------------------------------------------------------------ */

static void test_sweeps(void)
{
    static const unsigned char values[] = {0x00, 0x22, 0x2C, 0x39, 0x7D, 0x80, 0xFF};
    files f = {.knows_size = true};
    add_file(&f, good, 0, 288);
    uint64_t n = f.file[0].n;
    for (int way = 0; way < 8; way++) {
        f.can_skip = way & 1;
        f.knows_size = way & 2;
        f.file[0].chunk = way & 4 ? 1 : 0;
        outcome o = read_files(&f, NULL);
        CHECK(o.status == VF_OK && o.bytes == 288, "way %d: %s", way, o.err.text);
        for (uint64_t cut = 0; cut < n; cut++) {
            f.file[0].n = f.file[0].size = cut;
            o = read_files(&f, NULL);
            /* A pipe may end in the white space behind the header's last bracket. */
            CHECK(o.status == VF_ERR_DATA || (!f.knows_size && cut >= n - 3), "cut at %" PRIu64, cut);
        }
        f.file[0].n = n;
        f.file[0].size = n + 288;
    }
    for (uint64_t i = 0; i < n; i++)
        for (size_t v = 0; v < sizeof values; v++) {
            unsigned char was = f.bytes[0][i];
            f.bytes[0][i] = values[v];
            outcome one = read_files(&f, NULL), two = read_files(&f, NULL);
            CHECK(one.status == two.status && strcmp(one.err.text, two.err.text) == 0, "byte %" PRIu64, i);
            CHECK(one.status != VF_OK || one.bytes == 288, "byte %" PRIu64 ": %" PRIu64 " bytes", i, one.bytes);
            f.bytes[0][i] = was;
        }
    for (uint64_t fail = 1;; fail++) {
        memory_allocator counts = {.fail_at = fail, .sticky = fail & 1};
        outcome o = read_files(&f, &counts);
        if (o.calls < fail)
            break;
        CHECK(o.status == VF_ERR_NOMEM, "allocation %" PRIu64 ": status %d", fail, (int)o.status);
    }
    free_files(&f);
}

/* ---- one thing wrong ---------------------------------------------------------------------------- */

static void test_bad(void)
{
    static const struct {
        const char *header, *word;
    } rows[] = {
        {"[1]", "object"},
        {"{\"a\":5}", "object"},
        {"{\"a\":" T("F7", "[2]", 0, 8) "}", "dtype 'F7'"},
        {"{\"a\":{\"dtype\":3}}", "dtype"},
        {"{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", "dtype is missing"},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", "shape is missing"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", "data_offsets is missing"},
        {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", "duplicate field"},
        {"{\"a\":{\"kind\":1}}", "unknown field 'kind'"},
        {"{\"a\":" T("F32", "[-2]", 0, 8) "}", "shape"},
        {"{\"a\":" T("F32", "[2.0]", 0, 8) "}", "shape"},
        {"{\"a\":" T("F32", "[2e0]", 0, 8) "}", "shape"},
        {"{\"a\":" T("F32", "[02]", 0, 8) "}", "leading 0"},
        {"{\"a\":" T("F32", "[\"2\"]", 0, 8) "}", "shape"},
        {"{\"a\":" T("F32", "[[2]]", 0, 8) "}", "shape"},
        {"{\"a\":" T("F32", "[2,]", 0, 8) "}", "comma"},
        {"{\"a\":" T("F32", "[1,1,1,1,1,1,1,1,2]", 0, 8) "}", "more than 8 dimensions"},
        {"{\"a\":" T("F32", "[18446744073709551616]", 0, 8) "}", "out of range"},
        {"{\"a\":" T("F32", "[1152921504606846977]", 0, 8) "}", "out of range"},
        {"{\"a\":" T("F32", "[4294967296,4294967296]", 0, 8) "}", "overflow"},
        {"{\"a\":" T("F4", "[3]", 0, 1) "}", "whole bytes"},
        {"{\"a\":" T("F32", "[2]", 8, 0) "}", "data_offsets end before"},
        {"{\"a\":" T("F32", "[2]", 0, 9) "}", "size of 9"},
        {"{\"a\":" T("F32", "[2]", 8, 16) "}", "hole"},
        {"{\"a\":" T("F32", "[2]", 0, 8) ",\"b\":" T("F32", "[2]", 4, 12) "}", "overlap"},
        {"{\"a\":" T("F32", "[1]", 0, 4) ",\"a\":" T("F32", "[1]", 4, 8) "}", "duplicate tensor"},
        {"{\"a\":" T("F32", "[2]", 0, 8) "}x", "after"},
        {"{\"a\":" T("F32", "[2]", 0, 8) ",}", "comma"},
        {"{\"a\":" T("F32", "[2]", 0, 8), "truncated"},
        {"{\"a\\u0000b\":" T("F32", "[2]", 0, 8) "}", "NUL"},
        {"{\"\\ud800\":" T("F32", "[2]", 0, 8) "}", "surrogate"},
        {"{\"\xff\":" T("F32", "[2]", 0, 8) "}", "UTF-8"},
        {"{\"a\nb\":" T("F32", "[2]", 0, 8) "}", "control"},
        {"{\"a\":" T("F32", "[1.5]", 0, 8) "}", "digits alone"},
        {"{\"a\":" T("F32", "[1E2]", 0, 8) "}", "digits alone"},
        {"{\"a\":" T("F32", "[18446744073709551615,99]", 0, 8) "}", "out of range"},
        {"{\"a\":" T("F32", "[184467440737095516150000]", 0, 8) "}", "out of range"},
        {"{\"a\":" T("F64", "[288230376151711744]", 0, 8) "}", "overflow"},
        {"{\"a\":" T("F32", "[2]", 0, 8) ",5:1}", "quotation marks"},
        {"{\"a\":{5:1}}", "quotation marks"},
        {"{\"__metadata__\":[]}", "object"},
        {"{\"__metadata__\":{5:\"x\"}}", "quotation marks"},
        {"{\"__metadata__\":{\"a\":1}}", "strings"},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", "duplicate"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_error(rows[i].header, 8, rows[i].word);
    expect_error("{}", 0, "no tensors");
    expect_error("{\"a\":" T("F32", "[2]", 0, 8) "}", 7, "incomplete");
    expect_error("{\"a\":{\"dtype\":\"U8\",\"shape\":[1152921504606846977],\"data_offsets\":[0,1152921504606846977]}}", 8, "out of range");
    expect_error("{\"a\":" T("F32", "[2]", 0, 8) "}", 9, "trailing");
}

static void test_length(void)
{
    for (uint64_t n = VF_ST_HEADER - 1; n <= VF_ST_HEADER + 1; n++) {
        files f = {.can_skip = true, .knows_size = true};
        add_file(&f, "{", n, UINT64_C(1) << 40);
        outcome o = read_files(&f, NULL);
        CHECK(o.status == VF_ERR_DATA && strstr(o.err.text, n > VF_ST_HEADER ? "limit 100000000" : "quotation"), "%s",
              o.err.text);
        CHECK(f.file[0].bytes_read <= 65536, "%" PRIu64 " bytes read", f.file[0].bytes_read);
        free_files(&f);
    }
    files f = {.can_skip = true, .knows_size = true};
    add_file(&f, "{}", 3, 0);
    outcome o = read_files(&f, NULL);
    CHECK(o.status == VF_ERR_DATA && strstr(o.err.text, "truncated"), "%s", o.err.text);
    free_files(&f);
}

/** At the limit of tensors in a file, in names that all begin alike. */
static void test_many(void)
{
    for (uint32_t n = VF_ST_TENSORS; n <= VF_ST_TENSORS + 1; n++) {
        char *header = malloc((size_t)n * 100 + 3), *at = header;
        *at++ = '{';
        for (uint32_t i = 0; i < n; i++)
            at += sprintf(at, "%s\"model.layers.0.mlp.experts.%u.up_proj.weight\":" T("F32", "[0]", 0, 0), i ? "," : "", i);
        strcpy(at, "}");
        outcome o = read_header(header, 0);
        CHECK(o.status == (n > VF_ST_TENSORS ? VF_ERR_DATA : VF_OK), "%u tensors: %s", n, o.err.text);
        CHECK(o.peak < (48u << 20), "%u tensors: %zu bytes of memory", n, o.peak);
        free(header);
    }
}

static void test_two_files(void)
{
    files f = {.can_skip = true, .knows_size = true};
    add_file(&f, "{\"a\":" T("F32", "[2]", 0, 8) "}", 0, 8);
    add_file(&f, "{\"b\":" T("F32", "[4]", 0, 16) "}", 0, 16);
    outcome o = read_files(&f, NULL);
    CHECK(o.status == VF_OK && o.n_tensors == 2 && o.bytes == 24, "%s", o.err.text);
    add_file(&f, "{\"c\":" T("F32", "[2]", 0, 8) ",\"a\":" T("F32", "[2]", 8, 16) "}", 0, 16);
    o = read_files(&f, NULL);
    CHECK(o.status == VF_ERR_DATA && strstr(o.err.text, "file 3 of 3"), "%s", o.err.text);
    free_files(&f);
}

/** Values that nobody keeps may be of any length; a name may not. */
static void test_long_strings(void)
{
    for (size_t lead = 0; lead < 4; lead++) {
        enum { LENGTH = 200000 };
        char *header = malloc(LENGTH + 200), *at = header;
        at += sprintf(at, "{\"__metadata__\":{\"a\":\"%.*s", (int)lead, "xxxx");
        while (at - header < LENGTH)
            at += sprintf(at, "\xF0\x9F\x98\x80");
        strcpy(at, "\"},\"t\":" T("F32", "[1]", 0, 4) "}");
        expect_ok(header, 4, 1, 4);
        header[LENGTH / 2] = '\x80'; /* in place of a character's first byte, or too many behind it */
        header[LENGTH / 2 + 1] = '\x80';
        header[LENGTH / 2 + 2] = '\x80';
        header[LENGTH / 2 + 3] = '\x80';
        expect_error(header, 4, "UTF-8");
        free(header);
    }
    for (size_t n = VF_JS_STRING; n <= VF_JS_STRING + 1; n++) {
        char *header = malloc(n + 100);
        header[0] = '{';
        header[1] = '"';
        memset(header + 2, 'n', n);
        strcpy(header + 2 + n, "\":" T("F32", "[1]", 0, 4) "}");
        if (n == VF_JS_STRING)
            expect_ok(header, 4, 1, 4);
        else
            expect_error(header, 4, "65535");
        free(header);
    }
}

/* ---- the index ---------------------------------------------------------------------------------- */

static char shards[256];
static int shard_limit;

static bool add_shard(void *ctx, const char *name)
{
    (void)ctx;
    strcat(shards, name);
    strcat(shards, " ");
    return shard_limit-- > 0;
}

static vf_status read_index(const char *text, size_t chunk, vf_error *err)
{
    memory_allocator counts = {0};
    vf_allocator a = {memory_resize, &counts};
    memory_file f = {.bytes = (const unsigned char *)text, .n = strlen(text), .size = strlen(text), .chunk = chunk};
    vf_source source = memory_source(&f, false, chunk == 0);
    shards[0] = 0;
    vf_status status = vf_safetensors_index_read(&source, add_shard, NULL, &a, err);
    CHECK_U64(counts.in_use, 0, "bytes not given back");
    CHECK_U64(counts.wrong_sizes, 0, "blocks given back with a wrong size");
    if (status != VF_OK)
        check_error(err, status, text);
    return status;
}

static bool count_shard(void *ctx, const char *name)
{
    (void)name;
    ++*(uint32_t *)ctx;
    return true;
}

/** At the limit of shards, in no order. */
static void test_many_shards(void)
{
    for (uint32_t n = VF_ST_SHARDS; n <= VF_ST_SHARDS + 1; n++) {
        char *text = malloc(n * 64 + 64), *at = text;
        at += sprintf(at, "{\"weight_map\":{");
        for (uint32_t i = 0; i < n; i++)
            at += sprintf(at, "%s\"%u\":\"m-%u.safetensors\"", i ? "," : "", i, (i * 7919) % n);
        strcpy(at, "}}");
        memory_allocator counts = {0};
        vf_allocator a = {memory_resize, &counts};
        memory_file f = {.bytes = (unsigned char *)text, .n = strlen(text), .size = strlen(text)};
        vf_source source = memory_source(&f, true, true);
        vf_error err = {0};
        uint32_t shards_met = 0;
        vf_status status = vf_safetensors_index_read(&source, count_shard, &shards_met, &a, &err);
        CHECK(status == (n > VF_ST_SHARDS ? VF_ERR_DATA : VF_OK), "%u shards: %s", n, err.text);
        CHECK_U64(shards_met, n > VF_ST_SHARDS ? 0 : n, "shards");
        free(text);
    }
}

static void test_index(void)
{
    static const char index[] =
        "{\"metadata\":{\"total_size\":16.0,\"x\":[1,-2.5e+3,0E-1,2e7,0.5,true,false,null,\r\n\t{\"a\":{}}],"
        "\"\\u00e9\\uD83d\\uDE00\\uE000\":\"\\uFfFf\\ud7ff\"},\n"
        "\"weight_map\":{\"a\":\"m-2.safetensors\",\"b\":\"m-1.safetensors\",\"c\":\"m-2.safetensors\"}}\n";
    static const struct {
        const char *text, *word;
    } bad[] = {
        {"{\"weight_map\":{\"a\":\"../m.safetensors\"}}", "plain file name"},
        {"{\"weight_map\":{\"a\":\"/m.safetensors\"}}", "plain file name"},
        {"{\"weight_map\":{\"a\":\".safetensors\"}}", "plain file name"},
        {"{\"weight_map\":{\"a\":\"a\\\\b.safetensors\"}}", "plain file name"},
        {"{\"weight_map\":{\"a\":\"passwd\"}}", "plain file name"},
        {"{\"weight_map\":{\"a\":\"c:m.safetensors\"}}", "plain file name"},
        {"{\"weight_map\":{\"a\":\"m\\u001b.safetensors\"}}", "plain file name"},
        {"{\"weight_map\":{\"a\":\"m\\u007f.safetensors\"}}", "plain file name"},
        {"{\"weight_map\":{\"a\":\"m.safetensorx\"}}", "plain file name"},
        {"{\"weight_map\":{\"a\":\"m.safetensors\",}}", "comma"},
        {"{\"weight_map\":{5:\"m.safetensors\"}}", "quotation marks"},
        {"{\"weight_map\":{\"a\":\"m.safetensors\"},5:1}", "quotation marks"},
        {"{\"weight_map\":{\"a\":\"m.safetensors\"},}", "comma"},
        {"{\"weight_map\":{\"a\":\"m.safetensors\"}", "truncated"},
        {"{\"metadata\":{\"a\" 1}}", "a colon"},
        {"{\"metadata\":{a:1}}", "a name in quotation marks"},
        {"{\"metadata\":[1,]}", "comma"},
        {"{\"metadata\":{\"a\":1,}}", "comma"},
        {"{\"metadata\":00}", "leading 0"},
        {"{\"metadata\":-00.5}", "leading 0"},
        {"{\"metadata\":1E+}", "digit"},
        {"{\"metadata\":1.5e-}", "digit"},
        {"{\"metadata\":\"\\u00G0\"}", "hexadecimal"},
        {"{\"metadata\":\"\\u00@0\"}", "hexadecimal"},
        {"{\"metadata\":\"\\u00/0\"}", "hexadecimal"},
        {"{\"metadata\":\"\\uDC00\"}", "surrogate"},
        {"{\"metadata\":\"\\uD800\\uE000\"}", "surrogate"},
        {"{\"metadata\":\"\\uD800\\u0041\"}", "surrogate"},
        {"{\"metadata\":\"\\uD800x\"}", "surrogate"},
        {"{\"metadata\":\"\\uD800xuDC00\"}", "surrogate"},
        {"{\"metadata\":\"\\uD800\\nDC00\"}", "surrogate"},
        {"{\"metadata\":\"\\uD800\\n\"}", "surrogate"},
        {"{\"metadata\":\"\\uD800", "truncated"},
        {"{\"metadata\":tru", "not a value"},
        {"\f{}", "object"},
        {"{\"weight_map\":{\"a\":5}}", "weight_map"},
        {"{\"weight_map\":[]}", "weight_map"},
        {"{\"weight_map\":{}}", "empty"},
        {"{}", "missing"},
        {"{\"weight_map\":{\"a\":\"m.safetensors\"},\"weight_map\":{}}", "duplicate"},
        {"{\"weight_map\":{\"a\":\"m.safetensors\"}} {}", "after"},
        {"{\"metadata\":01,\"weight_map\":{\"a\":\"m.safetensors\"}}", "leading 0"},
        {"{\"metadata\":nul}", "not a value"},
        {"{\"metadata\":-}", "digit"},
        {"{\"metadata\":1.}", "digit"},
        {"{\"metadata\":1e}", "digit"},
        {"{\"metadata\":", "truncated"},
        {"{\"metadata\":\"\\x\"}", "escape"},
        {"{\"metadata\":\"\\u00g0\"}", "hexadecimal"},
        {"", "truncated"},
    };
    vf_error err;
    for (size_t chunk = 0; chunk < 3; chunk++) {
        shard_limit = 9;
        CHECK(read_index(index, chunk, &err) == VF_OK, "%s", err.text);
        CHECK_STR(shards, "m-1.safetensors m-2.safetensors ", "shards");
    }
    shard_limit = 0;
    CHECK(read_index(index, 0, &err) == VF_ERR_NOMEM, "stopped");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memset(&err, 0, sizeof err);
        CHECK(read_index(bad[i].text, 0, &err) == VF_ERR_DATA, "%s", bad[i].text);
        CHECK(strstr(err.text, bad[i].word), "%s: '%s' is not in '%s'", bad[i].text, bad[i].word, err.text);
        CHECK(err.line == 1, "%s: line %u", bad[i].text, err.line);
    }
    CHECK(read_index("{\n \"weight_map\": 7}", 0, &err) == VF_ERR_DATA && err.line == 2 && err.column == 16, "line %u, column %u",
          err.line, err.column);
    char deep[400] = "{\"metadata\":";
    memset(deep + strlen(deep), '[', 100);
    CHECK(read_index(deep, 0, &err) == VF_ERR_DATA && strstr(err.text, "nested"), "%s", err.text);
}

/* ---- names --------------------------------------------------------------------------------------- */

static void test_names(void)
{
    static const struct {
        const char *name;
        uint16_t role;
        uint8_t part;
        int32_t layer, expert;
    } rows[] = {
        {"model.layers.12.self_attn.q_proj.weight", VF_ROLE_ATTN_Q, VF_PART_WEIGHT, 12, -1},
        {"model.language_model.layers.0.mlp.gate_proj.weight", VF_ROLE_FFN_GATE, VF_PART_WEIGHT, 0, -1},
        {"language_model.model.norm.weight", VF_ROLE_OUTPUT_NORM, VF_PART_WEIGHT, -1, -1},
        {"transformer.h.3.attn.c_attn.bias", VF_ROLE_ATTN_QKV, VF_PART_BIAS, 3, -1},
        {"model.layers.3.mlp.experts.255.down_proj.weight_scale_inv", VF_ROLE_FFN_DOWN_EXPS, VF_PART_SCALE, 3, 255},
        {"model.layers.3.mlp.experts.gate_up_proj_blocks", VF_ROLE_FFN_GATE_UP_EXPS, VF_PART_WEIGHT, 3, -1},
        {"model.layers.3.self_attn.sinks", VF_ROLE_ATTN_SINKS, VF_PART_BARE, 3, -1},
        {"model.layers.3.mlp.gate.e_score_correction_bias", VF_ROLE_EXP_PROBS_B, VF_PART_BARE, 3, -1},
        {"backbone.layers.3.mixer.A_log", VF_ROLE_SSM_A, VF_PART_BARE, 3, -1},
        {"lm_head.weight", VF_ROLE_OUTPUT, VF_PART_WEIGHT, -1, -1},
        {"visual.blocks.0.attn.qkv.weight", VF_ROLE_UNKNOWN, VF_PART_WEIGHT, -1, -1},
        {"model.vision_tower.layers.0.self_attn.q_proj.bias", VF_ROLE_UNKNOWN, VF_PART_BIAS, -1, -1},
        {"model.layers.x.self_attn.q_proj.weight", VF_ROLE_UNKNOWN, VF_PART_WEIGHT, -1, -1},
        {"model.layers.1.self_attn.q_proj.g_idx", VF_ROLE_UNKNOWN, VF_PART_OTHER, 1, -1},
        {"model.layers.1.thing.scales", VF_ROLE_UNKNOWN, VF_PART_SCALE, 1, -1},
        {"model.layers.", VF_ROLE_UNKNOWN, VF_PART_BARE, -1, -1},
        {"", VF_ROLE_UNKNOWN, VF_PART_BARE, -1, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_tensor t = {0};
        int32_t expert;
        vf_hf_parse_name(rows[i].name, strlen(rows[i].name), &t, &expert);
        CHECK(t.role == rows[i].role && t.part == rows[i].part && t.layer == rows[i].layer && expert == rows[i].expert,
              "%s: role %u, part %u, layer %d, expert %d", rows[i].name, t.role, t.part, t.layer, expert);
    }
    CHECK(vf_hf_names_sorted(), "the tables of names are not in order");
}

int main(void)
{
    test_good();
    test_dtypes();
    test_experts();
    test_sweeps();
    test_bad();
    test_length();
    test_many();
    test_two_files();
    test_long_strings();
    test_index();
    test_many_shards();
    test_names();
    return CHECK_END();
}
