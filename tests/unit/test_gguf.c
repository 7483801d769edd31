/* The GGUF reader: a good file however its bytes come, sweeps over it, what is no GGUF file. */
#include "gguf_file.h"

/* ---- good files -------------------------------------------------------------------------------- */

static void test_model(void)
{
    bytes extra = {0};
    put_text_key(&extra, "general.name", "tiny \xE6\xA8\xA1 \x1b[2J");
    put_text_key(&extra, "general.file_type", "Q4_K_M");
    put_array_key(&extra, "llama.attention.head_count_kv", VF_GGUF_I32, 2);
    put_int(&extra, 4, 4);
    put_int(&extra, 2, 4);
    put_array_key(&extra, "tokenizer.ggml.tokens", VF_GGUF_STR, 3);
    put_string(&extra, "a");
    put_string(&extra, "");
    put_string(&extra, "ccc");
    bytes b = model_with(4, &extra);
    outcome o = read_bytes(&b, padded(b.n) - b.n + TENSOR_BYTES);
    CHECK(o.status == VF_OK, "%s: %s", o.err.key, o.err.text);
    CHECK_U64(o.n_tensors, TENSORS, "tensors");
    CHECK_U64(o.tensor_bytes, TENSOR_BYTES, "bytes of tensors");
    CHECK_U64(o.vocab, 3, "vocabulary");
    CHECK_U64(o.layers, 2, "layers");
    CHECK_U64(o.head_count_kv_1, 2, "KV heads of layer 1");
    CHECK_U64(o.file_type, UINT32_MAX, "file type that is a string");
    CHECK_STR(o.arch, "llama", "architecture");
    CHECK_STR(o.name, "tiny \xE6\xA8\xA1 ?[2J", "name");
    CHECK(o.bytes_read <= b.n + VF_SRC_BUFFER, "%" PRIu64 " bytes read of a header of %zu", o.bytes_read, b.n);

    /* However the bytes come, it is the same model. */
    for (int way = 0; way < 12; way++) {
        static const size_t chunks[] = {0, 1, 7};
        memory_file f = {.bytes = b.p, .n = b.n, .size = padded(b.n) + TENSOR_BYTES, .chunk = chunks[way % 3]};
        outcome again = read_file(&f, (way / 3) & 1, (way / 6) & 1, NULL, NULL);
        CHECK(again.status == VF_OK && again.tensor_bytes == o.tensor_bytes && again.vocab == o.vocab &&
                  strcmp(again.name, o.name) == 0 && again.head_count_kv_1 == o.head_count_kv_1,
              "way %d", way);
    }
    free(b.p);
    free(extra.p);
}

/** Keys of the architecture before its name. */
static void test_architecture_last(void)
{
    bytes b = {0};
    put_head(&b, TENSORS, 5);
    put_u32_key(&b, "x.y.block_count", 2);
    put_u32_key(&b, "x.y.embedding_length", 64);
    put_u32_key(&b, "x.y.attention.head_count", 4);
    put_u32_key(&b, "y.block_count", 9);
    put_text_key(&b, "general.architecture", "x.y");
    put_tensors(&b);
    outcome o = read_bytes(&b, 32 + TENSOR_BYTES);
    CHECK(o.status == VF_OK, "%s: %s", o.err.key, o.err.text);
    CHECK_U64(o.layers, 2, "layers");
    CHECK_U64(o.vocab, 16, "vocabulary from token_embd");
    free(b.p);
}

/* ---- sweeps ------------------------------------------------------------------------------------ */

static bytes sweep_model(void)
{
    bytes extra = {0};
    put_text_key(&extra, "general.name", "tiny");
    put_array_key(&extra, "llama.attention.head_count_kv", VF_GGUF_U32, 2);
    put_int(&extra, 4, 4);
    put_int(&extra, 2, 4);
    put_array_key(&extra, "tokenizer.ggml.tokens", VF_GGUF_STR, 2);
    put_string(&extra, "a");
    put_string(&extra, "b");
    bytes b = model_with(3, &extra);
    free(extra.p);
    return b;
}

static void test_truncated(void)
{
    bytes b = sweep_model();
    for (size_t n = 0; n < b.n; n++)
        for (int way = 0; way < 4; way++) {
            memory_file f = {.bytes = b.p, .n = n, .size = n};
            outcome o = read_file(&f, way == 3, way & 2, NULL, NULL);
            CHECK(o.status == VF_ERR_DATA && o.err.has_byte, "cut at %zu: status %d", n, (int)o.status);
            CHECK(strstr(o.err.text, "end of file") || strstr(o.err.text, "empty"), "cut at %zu: %s", n, o.err.text);
        }
    for (uint64_t data = 0; data < padded(b.n) - b.n + TENSOR_BYTES; data += 97) {
        outcome o = read_bytes(&b, data);
        CHECK(o.status == VF_ERR_DATA && strstr(o.err.text, "incomplete"), "data cut at %" PRIu64 ": %s", data, o.err.text);
    }
    free(b.p);
}

static void test_set_bytes(void)
{
    static const unsigned char values[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
    bytes b = sweep_model();
    for (size_t i = 0; i < b.n; i++)
        for (size_t v = 0; v < sizeof values; v++) {
            unsigned char was = b.p[i];
            b.p[i] = values[v];
            outcome one = read_bytes(&b, 32 + TENSOR_BYTES), two = read_bytes(&b, 32 + TENSOR_BYTES);
            CHECK(one.status == two.status && strcmp(one.err.text, two.err.text) == 0, "byte %zu", i);
            CHECK(one.peak < (1u << 20), "byte %zu = %02x: %zu bytes of memory", i, values[v], one.peak);
            b.p[i] = was;
        }
    free(b.p);
}

static void test_no_memory(void)
{
    bytes b = sweep_model();
    uint64_t n = 0;
    for (int sticky = 0; sticky < 2; sticky++)
        for (n = 1; n < 1000; n++) {
            memory_file f = {.bytes = b.p, .n = b.n, .size = padded(b.n) + TENSOR_BYTES};
            memory_allocator counts = {.fail_at = n, .sticky = sticky};
            outcome o = read_file(&f, true, true, NULL, &counts);
            if (counts.calls < n)
                break;
            CHECK(o.status == VF_ERR_NOMEM, "allocation %" PRIu64 ": status %d", n, (int)o.status);
        }
    CHECK(n > 8 && n < 1000, "%" PRIu64 " allocations", n);
    for (uint64_t at = 1; at < b.n - 13; at += 13) {
        memory_file f = {.bytes = b.p, .n = b.n, .size = padded(b.n) + TENSOR_BYTES, .chunk = 13, .fail_at = at};
        outcome o = read_file(&f, true, true, NULL, NULL);
        CHECK(o.status == VF_ERR_IO, "read error at %" PRIu64 ": status %d", at, (int)o.status);
    }
    free(b.p);
}

/* ---- limits: one less, just so, one more -------------------------------------------------------- */

static void test_counts(void)
{
    bytes b = {0};
    put_head(&b, 0, VF_GGUF_KEYS + 1);
    expect_error(b, 1 << 20, "65536");
    b = (bytes){0};
    put_head(&b, VF_GGUF_TENSORS + 1, 0);
    expect_error(b, 1 << 20, "131072");
    for (uint32_t n = VF_GGUF_KEYS - 1; n <= VF_GGUF_KEYS; n++) {
        bytes keys = {0};
        char key[16];
        for (uint32_t i = 0; i < n - SHAPE_KEYS; i++) {
            (void)snprintf(key, sizeof key, "k%u", i);
            put_u32_key(&keys, key, i);
        }
        expect_ok(model_with(n - SHAPE_KEYS, &keys), 32 + TENSOR_BYTES, "keys at the limit");
        free(keys.p);
    }
    for (uint32_t n = VF_GGUF_TENSORS - 1; n <= VF_GGUF_TENSORS; n++) {
        char name[40];
        b = (bytes){0};
        put_head(&b, n, SHAPE_KEYS);
        put_shape(&b, "llama");
        for (uint32_t i = 0; i < n; i++) {
            (void)snprintf(name, sizeof name, "blk.%u.ffn_up.weight", i);
            put_tensor(&b, name, 0, 1, VF_TYPE_F32, 0);
        }
        expect_ok(b, 0, "tensors at the limit");
    }
}

static void test_lengths(void)
{
    for (size_t n = VF_GGUF_KEY_BYTES - 1; n <= VF_GGUF_KEY_BYTES + 1; n++) {
        bytes extra = {0};
        char *key = malloc(n + 1);
        memset(key, 'k', n);
        key[n] = 0;
        put_u32_key(&extra, key, 1);
        if (n <= VF_GGUF_KEY_BYTES)
            expect_ok(model_with(1, &extra), 32 + TENSOR_BYTES, "key length");
        else
            expect_error(model_with(1, &extra), 32 + TENSOR_BYTES, "key length 65536");
        free(key);
        free(extra.p);
    }
    for (size_t n = VF_GGUF_NAME_BYTES - 1; n <= VF_GGUF_NAME_BYTES + 1; n++) {
        char name[80] = "";
        memset(name, 'n', n);
        bytes b = {0};
        put_head(&b, 1, SHAPE_KEYS);
        put_shape(&b, "llama");
        put_tensor(&b, name, 4, 1, VF_TYPE_F32, 0);
        if (n <= VF_GGUF_NAME_BYTES)
            expect_ok(b, 64, "tensor name");
        else
            expect_error(b, 64, "tensor name length 64");
    }
}

/** Long values lie in a hole: zeros that are skipped. What comes behind them is all zeros too, so the next
 * thing read is an empty key or name. */
static void test_holes(void)
{
    for (uint64_t n = VF_GGUF_STRING_BYTES - 1; n <= VF_GGUF_STRING_BYTES + 1; n++) {
        bytes extra = {0};
        put_string(&extra, "x.note");
        put_int(&extra, VF_GGUF_STR, 4);
        put_int(&extra, n, 8);
        bytes b = {0};
        put_head(&b, 1, SHAPE_KEYS + 1);
        put_shape(&b, "llama");
        put(&b, extra.p, extra.n);
        expect_error(b, n + 100, n <= VF_GGUF_STRING_BYTES ? "empty tensor name" : "string length");
        free(extra.p);
    }
    for (uint64_t n = VF_GGUF_ARRAY - 1; n <= VF_GGUF_ARRAY + 1; n++)
        for (uint32_t type = VF_GGUF_U8; type <= VF_GGUF_U32; type += VF_GGUF_U32) {
            bytes b = {0};
            put_head(&b, 1, SHAPE_KEYS + 1);
            put_shape(&b, "llama");
            put_array_key(&b, "x.a", type, n);
            expect_error(b, 4 * n + 100, n <= VF_GGUF_ARRAY ? "empty tensor name" : "the limit is 16777216");
        }
    /* What is skipped is not read. */
    bytes b = {0};
    put_head(&b, 1, SHAPE_KEYS + 1);
    put_shape(&b, "llama");
    put_array_key(&b, "x.a", VF_GGUF_U64, VF_GGUF_ARRAY);
    memory_file f = {.bytes = b.p, .n = b.n, .size = UINT64_C(1) << 40};
    outcome o = read_file(&f, true, true, NULL, NULL);
    CHECK(strstr(o.err.text, "empty tensor name"), "%s", o.err.text);
    CHECK(o.bytes_read <= 2 * VF_SRC_BUFFER, "%" PRIu64 " bytes read", o.bytes_read);
    free(b.p);
}

/** Names of keys take at most VF_NAMES_BYTES together; arrays that may be hyperparameters VF_GGUF_NUMBERS. */
static void test_sums(void)
{
    bytes extra = {0};
    char *key = malloc(65001);
    memset(key, 'k', 65000);
    key[65000] = 0;
    uint32_t n = VF_NAMES_BYTES / 65000 + 1;
    for (uint32_t i = 0; i < n; i++) {
        (void)snprintf(key, 9, "%08u", i);
        key[8] = 'k';
        put_u32_key(&extra, key, 1);
    }
    expect_error(model_with(n, &extra), 64 + TENSOR_BYTES, "keys take more than");
    free(key);
    extra.n = 0;
    n = VF_GGUF_NUMBERS / VF_GGUF_LAYERS;
    for (uint32_t i = 0; i <= n; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "a%u.attention.head_count_kv", i);
        put_array_key(&extra, name, VF_GGUF_U8, VF_GGUF_LAYERS);
        for (uint32_t k = 0; k < VF_GGUF_LAYERS; k++)
            put_int(&extra, 1, 1);
        if (i == n - 2) /* the single numbers of the shape are kept there too */
            expect_ok(model_with(n - 1, &extra), 64 + TENSOR_BYTES, "numbers at the limit");
    }
    expect_error(model_with(n + 1, &extra), 64 + TENSOR_BYTES, "arrays of numbers");
    free(extra.p);
}

/** A projector or an adapter is tensors without layers; an unknown tensor's name is kept. */
static void test_weights_only(void)
{
    static const struct {
        const char *arch, *type;
    } rows[] = {{"clip", "model"}, {"clip", "mmproj"}, {"llama", "adapter"}, {"llama", "adapters"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bytes b = {0};
        put_head(&b, 1, 2);
        put_text_key(&b, "general.type", rows[i].type);
        put_text_key(&b, "general.architecture", rows[i].arch);
        put_tensor(&b, "v.patch_embd.weight", 64, 2, VF_TYPE_F32, 0);
        if (i < 3)
            expect_ok(b, 1024, rows[i].type);
        else
            expect_error(b, 1024, "llama.block_count");
    }
}

/** A name longer than the field is cut between characters; no text is lost before. */
static void test_long_name(void)
{
    for (size_t lead = 0; lead < 4; lead++) {
        char name[601] = "";
        memset(name, 'x', lead);
        for (size_t i = lead; i + 4 < 600; i += 4)
            memcpy(name + i, "\xF0\x9F\x98\x80", 4);
        bytes extra = {0};
        put_text_key(&extra, "general.name", name);
        bytes b = model_with(1, &extra);
        outcome o = read_bytes(&b, 64 + TENSOR_BYTES);
        CHECK(o.status == VF_OK, "%s", o.err.text);
        CHECK_U64(strlen(o.name), lead + (255 - lead) / 4 * 4, "length of the name");
        CHECK(strncmp(o.name, name, strlen(o.name)) == 0, "%s", o.name);
        free(b.p);
        free(extra.p);
    }
}

static void test_not_gguf(void)
{
    static const struct {
        const char *start, *word;
    } files[] = {
        {"version https://git-lfs.github.com/spec/v1\n", "LFS"}, {"<html><body>", "web page"}, {"PK\x03\x04....", "zip"},
        {"lmgg....", "GGML"}, {"gguf....", "magic"}, {"G", "truncated"}, {"", "empty"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        bytes b = {0};
        put(&b, files[i].start, strlen(files[i].start));
        expect_error(b, 0, files[i].word);
    }
    bytes header = {0}; /* of safetensors: its length, and an object */
    put_int(&header, 300, 8);
    put(&header, "{\"a\":{}}", 8);
    expect_error(header, 0, "not a GGUF file but a safetensors file");
    static const struct {
        uint32_t version;
        const char *word;
    } versions[] = {{0, "version 0"}, {1, "version 1"}, {4, "version 4"}, {0x03000000, "big-endian"}};
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        bytes b = {0};
        put(&b, "GGUF", 4);
        put_int(&b, versions[i].version, 4);
        expect_error(b, 100, versions[i].word);
    }
}

int main(void)
{
    test_model();
    test_architecture_last();
    test_truncated();
    test_set_bytes();
    test_no_memory();
    test_counts();
    test_lengths();
    test_holes();
    test_not_gguf();
    test_sums();
    test_weights_only();
    test_long_name();
    return CHECK_END();
}
