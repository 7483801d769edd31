/* The GGUF reader: files with one thing wrong, a key or a tensor. */
#include "gguf_file.h"

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

/* The largest vocabulary that is read. */
static void test_largest(void)
{
    bytes extra = {0};
    put_string(&extra, "llama.vocab_size");
    put_int(&extra, VF_GGUF_U64, 4);
    put_int(&extra, UINT64_C(1) << 26, 8);
    expect_ok(model_with(1, &extra), 64 + TENSOR_BYTES, "2^26 tokens");
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

int main(void)
{
    test_alignment();
    test_bad_keys();
    test_odd_keys();
    test_largest();
    test_bad_tensors();
    return CHECK_END();
}
