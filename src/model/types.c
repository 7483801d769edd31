#include "model/model.h"

#include <string.h>

#include "base/checked.h"

/* Block layouts: ggml's block structs (llama.cpp ggml/src/ggml-common.h): the scales, then the quants. */
#define HALF 2
#define K_BLOCK 256
_Static_assert(HALF + 32 / 2 == 18, "Q4_0: scale, 4-bit quants");
_Static_assert(2 * HALF + 32 / 2 == 20, "Q4_1: scale and minimum, 4-bit quants");
_Static_assert(HALF + 4 + 32 / 2 == 22, "Q5_0: scale, high bits, 4-bit quants");
_Static_assert(2 * HALF + 4 + 32 / 2 == 24, "Q5_1");
_Static_assert(HALF + 32 == 34, "Q8_0");
_Static_assert(2 * HALF + 32 == 36, "Q8_1: scale and sum");
_Static_assert(K_BLOCK / 16 + K_BLOCK / 4 + 2 * HALF == 84, "Q2_K");
_Static_assert(K_BLOCK / 8 + K_BLOCK / 4 + 12 + HALF == 110, "Q3_K");
_Static_assert(2 * HALF + 12 + K_BLOCK / 2 == 144, "Q4_K");
_Static_assert(2 * HALF + 12 + K_BLOCK / 8 + K_BLOCK / 2 == 176, "Q5_K");
_Static_assert(K_BLOCK / 2 + K_BLOCK / 4 + K_BLOCK / 16 + HALF == 210, "Q6_K");
_Static_assert(4 + K_BLOCK + K_BLOCK / 16 * 2 == 292, "Q8_K");
_Static_assert(HALF + K_BLOCK / 8 * 2 == 66, "IQ2_XXS");
_Static_assert(HALF + K_BLOCK / 8 * 2 + K_BLOCK / 32 == 74, "IQ2_XS");
_Static_assert(HALF + K_BLOCK / 4 + K_BLOCK / 16 == 82, "IQ2_S");
_Static_assert(HALF + 3 * (K_BLOCK / 8) == 98, "IQ3_XXS");
_Static_assert(HALF + 13 * (K_BLOCK / 32) + K_BLOCK / 64 == 110, "IQ3_S");
_Static_assert(HALF + K_BLOCK / 8 + K_BLOCK / 16 == 50, "IQ1_S");
_Static_assert(K_BLOCK / 8 + K_BLOCK / 16 + K_BLOCK / 32 == 56, "IQ1_M");
_Static_assert(HALF + 32 / 2 == 18, "IQ4_NL");
_Static_assert(HALF + 2 + K_BLOCK / 64 + K_BLOCK / 2 == 136, "IQ4_XS");
_Static_assert(HALF + K_BLOCK / 64 + (K_BLOCK - 4 * K_BLOCK / 64) / 5 == 54, "TQ1_0");
_Static_assert(HALF + K_BLOCK / 4 == 66, "TQ2_0");
_Static_assert(1 + 32 / 2 == 17, "MXFP4: one shared exponent");
_Static_assert(4 + 64 / 2 == 36, "NVFP4: four 8-bit scales");
_Static_assert(HALF + 128 / 8 == 18, "Q1_0");
_Static_assert(HALF + 64 / 4 == 18, "Q2_0");

/* Row i is type FIRST + i; rows without a name are ids that ggml has removed. */
#define ROW(id, block, bytes, quantized) {VF_TYPE_##id, #id, block, bytes, quantized}
#define GGML(id, block, bytes, quantized) [VF_TYPE_##id] = ROW(id, block, bytes, quantized)
#define OTHER(id, block, bytes) [VF_TYPE_##id - VF_TYPE_U8] = ROW(id, block, bytes, false)

static const vf_type_info ggml_types[] = {
    GGML(F32, 1, 4, false),
    GGML(F16, 1, 2, false),
    GGML(Q4_0, 32, 18, true),
    GGML(Q4_1, 32, 20, true),
    GGML(Q5_0, 32, 22, true),
    GGML(Q5_1, 32, 24, true),
    GGML(Q8_0, 32, 34, true),
    GGML(Q8_1, 32, 36, true),
    GGML(Q2_K, 256, 84, true),
    GGML(Q3_K, 256, 110, true),
    GGML(Q4_K, 256, 144, true),
    GGML(Q5_K, 256, 176, true),
    GGML(Q6_K, 256, 210, true),
    GGML(Q8_K, 256, 292, true),
    GGML(IQ2_XXS, 256, 66, true),
    GGML(IQ2_XS, 256, 74, true),
    GGML(IQ3_XXS, 256, 98, true),
    GGML(IQ1_S, 256, 50, true),
    GGML(IQ4_NL, 32, 18, true),
    GGML(IQ3_S, 256, 110, true),
    GGML(IQ2_S, 256, 82, true),
    GGML(IQ4_XS, 256, 136, true),
    GGML(I8, 1, 1, false),
    GGML(I16, 1, 2, false),
    GGML(I32, 1, 4, false),
    GGML(I64, 1, 8, false),
    GGML(F64, 1, 8, false),
    GGML(IQ1_M, 256, 56, true),
    GGML(BF16, 1, 2, false),
    GGML(TQ1_0, 256, 54, true),
    GGML(TQ2_0, 256, 66, true),
    GGML(MXFP4, 32, 17, true),
    GGML(NVFP4, 64, 36, true),
    GGML(Q1_0, 128, 18, true),
    GGML(Q2_0, 64, 18, true),
};

static const vf_type_info other_types[] = {
    OTHER(U8, 1, 1),
    OTHER(U16, 1, 2),
    OTHER(U32, 1, 4),
    OTHER(U64, 1, 8),
    OTHER(BOOL, 1, 1),
    OTHER(F8_E4M3, 1, 1),
    OTHER(F8_E5M2, 1, 1),
    OTHER(F8_E8M0, 1, 1),
    OTHER(F4, 2, 1),
};

static const struct {
    const vf_type_info *rows;
    uint32_t first, count;
} tables[] = {
    {ggml_types, 0, sizeof ggml_types / sizeof ggml_types[0]},
    {other_types, VF_TYPE_U8, sizeof other_types / sizeof other_types[0]},
};

const vf_type_info *vf_type_get(uint32_t type)
{
    const vf_type_info *t = NULL;
    if (type < tables[0].count)
        t = &ggml_types[type];
    else if (type >= VF_TYPE_U8 && type - VF_TYPE_U8 < tables[1].count)
        t = &other_types[type - VF_TYPE_U8];
    return t && t->name ? t : NULL;
}

static char fold(char c)
{
    return (c >= 'a' && c <= 'z') ? (char)(c - 'a' + 'A') : c;
}

static bool same(const char *name, const char *text)
{
    while (*name && *name == fold(*text)) {
        name++;
        text++;
    }
    return !*name && !*text;
}

const vf_type_info *vf_type_find(const char *name)
{
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        for (uint32_t k = 0; k < tables[i].count; k++)
            if (tables[i].rows[k].name && same(tables[i].rows[k].name, name))
                return &tables[i].rows[k];
    return NULL;
}

/* Blocks are powers of two (a test checks it): no division on the way of every tensor. */
uint64_t vf_row_bytes(uint16_t type, uint64_t n)
{
    const vf_type_info *t = vf_type_get(type);
    if (!t || (n & (t->block - 1)) != 0)
        return VF_OVERFLOW;
    return vf_mul(n >> __builtin_ctz(t->block), t->block_bytes);
}

uint64_t vf_tensor_bytes(const vf_tensor *t, uint16_t type)
{
    if (t->ne[0] == 0 || t->ne[1] == 0 || t->ne[2] == 0 || t->ne[3] == 0)
        return 0;
    return vf_mul3(vf_row_bytes(type, t->ne[0]), t->ne[1], vf_mul(t->ne[2], t->ne[3]));
}

uint64_t vf_tensor_elements(const vf_tensor *t)
{
    return vf_mul(vf_mul(t->ne[0], t->ne[1]), vf_mul(t->ne[2], t->ne[3]));
}
