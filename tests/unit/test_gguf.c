/* The GGUF reader: made-up files with one thing wrong, sweeps over a good one, real headers. */
#include "gguf_bytes.h"
#include "model/model.h"

/* ---- a small model ------------------------------------------------------------------------------ */

#define TENSORS 3
static void put_tensors(bytes *b)
{
    put_tensor(b, "token_embd.weight", 64, 16, VF_TYPE_F32, 0);
    put_tensor(b, "blk.0.attn_q.weight", 64, 64, VF_TYPE_Q8_0, 4096);
    put_tensor(b, "blk.1.weird", 32, 1, VF_TYPE_F16, 4096 + 4352);
}
#define TENSOR_BYTES (4096 + 4352 + 64)

/** A file with more keys between the shape and the tensors. */
static bytes model_with(uint64_t n_extra, const bytes *extra)
{
    bytes b = {0};
    put_head(&b, TENSORS, SHAPE_KEYS + n_extra);
    put_shape(&b, "llama");
    if (extra)
        put(&b, extra->p, extra->n);
    put_tensors(&b);
    return b;
}

/* ---- reading them ------------------------------------------------------------------------------ */

static bool no_arch(const void *ctx, const char *name, vf_arch *out)
{
    (void)ctx;
    (void)name;
    (void)out;
    return false;
}
static const vf_arch_lookup lookup = {no_arch, NULL};

typedef struct outcome {
    vf_status status;
    vf_error err;
    uint64_t bytes_read, pos;
    size_t peak;
    /* of the model */
    uint64_t n_tensors, tensor_bytes;
    uint32_t vocab, layers, head_count_kv_1, file_type;
    char arch[64], name[256];
} outcome;

static uint64_t sum_bytes(const vf_model *m)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < m->n_tensors; i++)
        sum += vf_tensor_bytes(&m->tensors[i], m->tensors[i].type);
    return sum;
}

static outcome read_file(memory_file *f, bool can_skip, bool knows_size, const vf_parts *parts, memory_allocator *counts)
{
    outcome o;
    memset(&o, 0, sizeof o);
    memory_allocator own = {0};
    counts = counts ? counts : &own;
    vf_allocator a = {memory_resize, counts};
    vf_source source = memory_source(f, can_skip, knows_size);
    vf_model *m = NULL;
    o.status = vf_gguf_read_with(&lookup, &source, parts, &a, &m, &o.err);
    o.bytes_read = f->bytes_read;
    o.pos = f->pos;
    CHECK((o.status == VF_OK) == (m != NULL), "model and status differ");
    if (m) {
        o.n_tensors = m->n_tensors;
        o.tensor_bytes = sum_bytes(m);
        o.vocab = m->hp.vocab_size;
        o.layers = m->n_layers;
        o.head_count_kv_1 = vf_at(&m->hp.head_count_kv, m->pool, 1);
        o.file_type = m->file_type;
        memcpy(o.arch, m->arch_name, sizeof o.arch);
        memcpy(o.name, m->name, sizeof o.name);
    } else {
        check_error(&o.err, o.status, "read");
    }
    vf_model_free(m);
    CHECK_U64(counts->in_use, 0, "bytes not given back");
    CHECK_U64(counts->wrong_sizes, 0, "blocks given back with a wrong size");
    o.peak = counts->peak;
    return o;
}

/** Reads bytes as a file that has `data` more bytes (zeros) behind them. */
static outcome read_bytes(const bytes *b, uint64_t data)
{
    memory_file f = {.bytes = b->p, .n = b->n, .size = b->n + data};
    return read_file(&f, true, true, NULL, NULL);
}

static uint64_t padded(uint64_t n)
{
    return (n + 31) / 32 * 32;
}

static void expect_error(bytes b, uint64_t data, const char *word)
{
    outcome o = read_bytes(&b, data);
    CHECK(o.status == VF_ERR_DATA, "%s: status %d", word, (int)o.status);
    CHECK(strstr(o.err.text, word) || strstr(o.err.key, word), "'%s' is not in '%s: %s'", word, o.err.key, o.err.text);
    free(b.p);
}

static void expect_ok(bytes b, uint64_t data, const char *name)
{
    outcome o = read_bytes(&b, data);
    CHECK(o.status == VF_OK, "%s: %s: %s", name, o.err.key, o.err.text);
    free(b.p);
}

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

/* ---- one thing wrong ---------------------------------------------------------------------------- */

static void one_key(void (*write)(bytes *b), const char *word)
{
    bytes extra = {0};
    write(&extra);
    expect_error(model_with(1, &extra), 64 + TENSOR_BYTES, word);
    free(extra.p);
}

static void key_twice(bytes *b)
{
    put_u32_key(b, "llama.block_count", 2);
}
static void key_bad_type(bytes *b)
{
    put_string(b, "x.note");
    put_int(b, 13, 4);
}
static void key_nested(bytes *b)
{
    put_array_key(b, "x.a", VF_GGUF_ARR, 1);
}
static void key_alignment(bytes *b)
{
    put_u32_key(b, "general.alignment", 33);
}
static void key_alignment_text(bytes *b)
{
    put_text_key(b, "general.alignment", "32");
}
static void key_negative(bytes *b)
{
    put_string(b, "llama.expert_count");
    put_int(b, VF_GGUF_I8, 4);
    put_int(b, 0xFF, 1);
}
static void key_large(bytes *b)
{
    put_string(b, "llama.vocab_size");
    put_int(b, VF_GGUF_U64, 4);
    put_int(b, (UINT64_C(1) << 26) + 1, 8);
}
static void key_text(bytes *b)
{
    put_text_key(b, "llama.expert_count", "8");
}
static void key_float(bytes *b)
{
    put_string(b, "llama.expert_count");
    put_int(b, VF_GGUF_F32, 4);
    put_int(b, 0x41000000, 4);
}
static void key_short_array(bytes *b)
{
    put_array_key(b, "llama.attention.head_count_kv", VF_GGUF_U32, 1);
    put_int(b, 2, 4);
}
static void key_long_array(bytes *b)
{
    put_array_key(b, "llama.attention.head_count_kv", VF_GGUF_U8, 2049);
    for (int i = 0; i < 2049; i++)
        put_int(b, 1, 1);
}
static void key_empty_array(bytes *b)
{
    put_array_key(b, "llama.attention.head_count_kv", VF_GGUF_U32, 0);
}
static void key_split_text(bytes *b)
{
    put_text_key(b, "split.count", "2");
}
static void key_split_parts(bytes *b)
{
    put_u32_key(b, "split.count", 10000);
}
static void key_arch_twice(bytes *b)
{
    put_text_key(b, "general.architecture", "");
}
static void key_flag_text(bytes *b)
{
    put_text_key(b, "llama.logit_scale", "1");
}
static void key_text_array(bytes *b)
{
    put_array_key(b, "llama.attention.head_count_kv", VF_GGUF_STR, 1);
    put_string(b, "2");
}

static void key_alignment_zero(bytes *b)
{
    put_u32_key(b, "general.alignment", 0);
}
static void key_negative_64(bytes *b)
{
    put_string(b, "llama.expert_count");
    put_int(b, VF_GGUF_I64, 4);
    put_int(b, UINT64_MAX, 8);
}

/* Keys that are left alone when they are of another type, or say nothing. */
static void test_odd_keys(void)
{
    bytes extra = {0};
    put_u32_key(&extra, "general.name", 7);
    put_u32_key(&extra, "general.type", 7);
    put_u32_key(&extra, "general.file_type", UINT32_MAX);
    put_string(&extra, "llama.logit_scale"); /* not a number: no factor */
    put_int(&extra, VF_GGUF_F32, 4);
    put_int(&extra, 0x7FC00000, 4);
    expect_ok(model_with(4, &extra), 64 + TENSOR_BYTES, "odd keys");
    free(extra.p);
}

/* Powers of two: the data begin there. */
static void test_alignment(void)
{
    for (uint32_t alignment = 1; alignment <= 64; alignment *= 2) {
        bytes extra = {0};
        put_u32_key(&extra, "general.alignment", alignment);
        expect_ok(model_with(1, &extra), 64 + 64 + TENSOR_BYTES, "an alignment");
        free(extra.p);
    }
}

static void test_bad_keys(void)
{
    one_key(key_alignment_zero, "alignment 0 is not a power of two");
    one_key(key_negative_64, "negative");
    one_key(key_twice, "duplicate");
    one_key(key_bad_type, "value type 13");
    one_key(key_nested, "nested");
    one_key(key_alignment, "power of two");
    one_key(key_alignment_text, "type string");
    one_key(key_negative, "negative");
    one_key(key_large, "out of range");
    one_key(key_text, "type string");
    one_key(key_float, "type float32");
    one_key(key_short_array, "array of 1 elements for 2 layers");
    one_key(key_long_array, "limit is 2048");
    one_key(key_empty_array, "empty array");
    one_key(key_split_text, "expected an integer");
    one_key(key_split_parts, "at most 9999");
    one_key(key_arch_twice, "architecture is empty");
    one_key(key_flag_text, "expected a number");
    one_key(key_text_array, "array of type string");
}

/** One tensor, and what is wrong with it. */
static void one_tensor(uint64_t ne0, uint64_t ne1, uint32_t type, uint64_t offset, const char *word)
{
    bytes b = {0};
    put_head(&b, 2, SHAPE_KEYS);
    put_shape(&b, "llama");
    put_tensor(&b, "a", 8, 1, VF_TYPE_F32, 0);
    put_tensor(&b, "bad", ne0, ne1, type, offset);
    if (word)
        expect_error(b, 4096, word);
    else
        expect_ok(b, 4096, "tensor");
}

static void test_bad_tensors(void)
{
    one_tensor(8, 8, VF_TYPE_F32, 32, NULL);
    one_tensor(0, UINT64_C(1) << 60, VF_TYPE_Q4_K, 32, NULL);
    one_tensor((UINT64_C(1) << 60) + 1, 0, VF_TYPE_F32, 32, "dimension");
    one_tensor(UINT64_C(1) << 32, UINT64_C(1) << 32, VF_TYPE_F32, 32, "overflow");
    one_tensor(UINT64_C(1) << 59, 1, VF_TYPE_F32, 32, "overflow");
    one_tensor(UINT64_C(1) << 58, 1, VF_TYPE_F32, 32, "overflow"); /* with the first one, over 2^60 */
    one_tensor(255, 1, VF_TYPE_Q4_K, 32, "multiple");
    one_tensor(256, 1, VF_TYPE_Q4_K, 32, NULL);
    one_tensor(257, 1, VF_TYPE_Q4_K, 32, "multiple");
    static const uint32_t removed[] = {4, 5, 31, 32, 33, 36, 37, 38};
    for (size_t i = 0; i < sizeof removed / sizeof removed[0]; i++)
        one_tensor(8, 1, removed[i], 32, "removed");
    one_tensor(8, 1, 43, 32, "type 43");
    one_tensor(8, 1, VF_TYPE_U8, 32, "type 256");
    one_tensor(8, 1, VF_TYPE_F32, 31, "offset");
    one_tensor(8, 1, VF_TYPE_F32, 0, "offset");
    one_tensor(8, 1, VF_TYPE_F32, UINT64_MAX, "offset");
    bytes b = {0};
    put_head(&b, 2, SHAPE_KEYS);
    put_shape(&b, "llama");
    put_tensor(&b, "a", 8, 1, VF_TYPE_F32, 0);
    put_tensor(&b, "a", 8, 1, VF_TYPE_F32, 32);
    expect_error(b, 4096, "duplicate");
    b = (bytes){0};
    put_head(&b, 0, SHAPE_KEYS);
    put_shape(&b, "llama");
    expect_error(b, 0, "no tensors");
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

/* ---- split models ------------------------------------------------------------------------------ */

#define PARTS 3

typedef struct split {
    bytes part[PARTS];
    memory_file file[PARTS];
    uint32_t missing, opened, closed;
} split;

static vf_status open_part(void *ctx, uint32_t i, uint32_t n, vf_source *part, vf_error *err)
{
    split *s = ctx;
    (void)n;
    if (i == s->missing) {
        (void)snprintf(err->text, sizeof err->text, "part %u is missing", i + 1);
        return err->status = VF_ERR_IO;
    }
    s->opened++;
    s->file[i] = (memory_file){.bytes = s->part[i].p, .n = s->part[i].n, .size = s->part[i].n + 4096};
    *part = memory_source(&s->file[i], true, true);
    return VF_OK;
}

static void close_part(void *ctx, vf_source *part)
{
    (void)part;
    ((split *)ctx)->closed++;
}

static void make_part(bytes *b, uint32_t i, uint32_t no, uint32_t count, uint32_t total, const char *tensor)
{
    *b = (bytes){0};
    put_head(b, 1, (i == 0 ? SHAPE_KEYS : 0) + 3);
    if (i == 0)
        put_shape(b, "llama");
    put_u32_key(b, "split.no", no);
    put_u32_key(b, "split.count", count);
    put_u32_key(b, "split.tensors.count", total);
    put_tensor(b, tensor, 64, 1, VF_TYPE_F32, 0);
}

static outcome read_split(split *s, bool with_parts)
{
    const vf_parts parts = {open_part, close_part, s};
    s->opened = s->closed = 0;
    s->file[0] = (memory_file){.bytes = s->part[0].p, .n = s->part[0].n, .size = s->part[0].n + 4096};
    outcome o = read_file(&s->file[0], true, true, with_parts ? &parts : NULL, NULL);
    CHECK_U64(s->closed, s->opened, "parts closed");
    return o;
}

static void test_split(void)
{
    static const char *const names[] = {"token_embd.weight", "blk.0.attn_q.weight", "output.weight"};
    split s = {.missing = UINT32_MAX};
    for (uint32_t i = 0; i < PARTS; i++)
        make_part(&s.part[i], i, i, PARTS, PARTS, names[i]);
    outcome o = read_split(&s, true);
    CHECK(o.status == VF_OK, "%s", o.err.text);
    CHECK_U64(o.n_tensors, PARTS, "tensors of all parts");
    o = read_split(&s, false);
    CHECK(o.status == VF_ERR_DATA && strstr(o.err.text, "missing"), "%s", o.err.text);
    s.missing = 2;
    o = read_split(&s, true);
    CHECK(o.status == VF_ERR_IO && strstr(o.err.text, "part 3 is missing"), "%s", o.err.text);
    s.missing = UINT32_MAX;

    static const struct {
        uint32_t no, count, total;
        const char *tensor, *word;
    } bad[] = {
        {1, PARTS, PARTS, "output.weight", "00002-of-00003"},
        {2, PARTS + 1, PARTS, "output.weight", "split.count"},
        {3, PARTS, PARTS, "output.weight", "split.no"},
        {2, PARTS, PARTS + 1, "output.weight", "split.tensors.count"},
        {2, PARTS, PARTS, "token_embd.weight", "duplicate"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        free(s.part[2].p);
        make_part(&s.part[2], 2, bad[i].no, bad[i].count, bad[i].total, bad[i].tensor);
        o = read_split(&s, true);
        CHECK(o.status == VF_ERR_DATA && strstr(o.err.text, bad[i].word), "%s: %s", bad[i].word, o.err.text);
    }
    free(s.part[0].p);
    make_part(&s.part[0], 0, 1, PARTS, PARTS, names[0]);
    o = read_split(&s, true);
    CHECK(o.status == VF_ERR_DATA && strstr(o.err.text, "part 00002-of-00003"), "%s", o.err.text);
    for (uint32_t i = 0; i < PARTS; i++)
        free(s.part[i].p);
}

/** At the limit of tensors over all parts. */
static void test_all_tensors(void)
{
    for (uint32_t over = 0; over < 2; over++) {
        split s = {.missing = UINT32_MAX};
        uint32_t count = 2 + over;
        for (uint32_t i = 0; i < count; i++) {
            bytes *b = &s.part[i];
            uint32_t n = i < 2 ? VF_GGUF_TENSORS : 1;
            put_head(b, n, (i == 0 ? SHAPE_KEYS : 0) + 2);
            if (i == 0)
                put_shape(b, "llama");
            put_u32_key(b, "split.no", i);
            put_u32_key(b, "split.count", count);
            for (uint32_t k = 0; k < n; k++) {
                char name[48];
                (void)snprintf(name, sizeof name, "blk.%u.ffn_%s.weight", k, i == 0 ? "up" : i == 1 ? "down" : "gate");
                put_tensor(b, name, 0, 1, VF_TYPE_F32, 0);
            }
        }
        outcome o = read_split(&s, true);
        CHECK(o.status == (over ? VF_ERR_DATA : VF_OK), "%s", o.err.text);
        CHECK(!over || strstr(o.err.text, "more than 262144 tensors"), "%s", o.err.text);
        CHECK(o.peak < (60u << 20), "%zu bytes of memory", o.peak);
        for (uint32_t i = 0; i < count; i++)
            free(s.part[i].p);
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
    test_alignment();
    test_bad_keys();
    test_odd_keys();
    test_bad_tensors();
    test_not_gguf();
    test_sums();
    test_weights_only();
    test_long_name();
    test_split();
    test_all_tensors();
    return CHECK_END();
}
