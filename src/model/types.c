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

static const vf_type_info types[] = {
    {VF_TYPE_F32, "F32", 1, 4, false},
    {VF_TYPE_F16, "F16", 1, 2, false},
    {VF_TYPE_Q4_0, "Q4_0", 32, 18, true},
    {VF_TYPE_Q4_1, "Q4_1", 32, 20, true},
    {VF_TYPE_Q5_0, "Q5_0", 32, 22, true},
    {VF_TYPE_Q5_1, "Q5_1", 32, 24, true},
    {VF_TYPE_Q8_0, "Q8_0", 32, 34, true},
    {VF_TYPE_Q8_1, "Q8_1", 32, 36, true},
    {VF_TYPE_Q2_K, "Q2_K", 256, 84, true},
    {VF_TYPE_Q3_K, "Q3_K", 256, 110, true},
    {VF_TYPE_Q4_K, "Q4_K", 256, 144, true},
    {VF_TYPE_Q5_K, "Q5_K", 256, 176, true},
    {VF_TYPE_Q6_K, "Q6_K", 256, 210, true},
    {VF_TYPE_Q8_K, "Q8_K", 256, 292, true},
    {VF_TYPE_IQ2_XXS, "IQ2_XXS", 256, 66, true},
    {VF_TYPE_IQ2_XS, "IQ2_XS", 256, 74, true},
    {VF_TYPE_IQ3_XXS, "IQ3_XXS", 256, 98, true},
    {VF_TYPE_IQ1_S, "IQ1_S", 256, 50, true},
    {VF_TYPE_IQ4_NL, "IQ4_NL", 32, 18, true},
    {VF_TYPE_IQ3_S, "IQ3_S", 256, 110, true},
    {VF_TYPE_IQ2_S, "IQ2_S", 256, 82, true},
    {VF_TYPE_IQ4_XS, "IQ4_XS", 256, 136, true},
    {VF_TYPE_I8, "I8", 1, 1, false},
    {VF_TYPE_I16, "I16", 1, 2, false},
    {VF_TYPE_I32, "I32", 1, 4, false},
    {VF_TYPE_I64, "I64", 1, 8, false},
    {VF_TYPE_F64, "F64", 1, 8, false},
    {VF_TYPE_IQ1_M, "IQ1_M", 256, 56, true},
    {VF_TYPE_BF16, "BF16", 1, 2, false},
    {VF_TYPE_TQ1_0, "TQ1_0", 256, 54, true},
    {VF_TYPE_TQ2_0, "TQ2_0", 256, 66, true},
    {VF_TYPE_MXFP4, "MXFP4", 32, 17, true},
    {VF_TYPE_NVFP4, "NVFP4", 64, 36, true},
    {VF_TYPE_Q1_0, "Q1_0", 128, 18, true},
    {VF_TYPE_Q2_0, "Q2_0", 64, 18, true},
    {VF_TYPE_U8, "U8", 1, 1, false},
    {VF_TYPE_U16, "U16", 1, 2, false},
    {VF_TYPE_U32, "U32", 1, 4, false},
    {VF_TYPE_U64, "U64", 1, 8, false},
    {VF_TYPE_BOOL, "BOOL", 1, 1, false},
    {VF_TYPE_F8_E4M3, "F8_E4M3", 1, 1, false},
    {VF_TYPE_F8_E5M2, "F8_E5M2", 1, 1, false},
    {VF_TYPE_F8_E8M0, "F8_E8M0", 1, 1, false},
    {VF_TYPE_F4, "F4", 2, 1, false},
};

const vf_type_info *vf_type_get(uint32_t type)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if ((uint32_t)types[i].type == type)
            return &types[i];
    return NULL;
}

static char fold(char c)
{
    return (c >= 'a' && c <= 'z') ? (char)(c - 'a' + 'A') : c;
}

const vf_type_info *vf_type_find(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const char *a = types[i].name, *b = name;
        while (*a && *a == fold(*b)) {
            a++;
            b++;
        }
        if (!*a && !*b)
            return &types[i];
    }
    return NULL;
}

uint64_t vf_row_bytes(uint16_t type, uint64_t n)
{
    const vf_type_info *t = vf_type_get(type);
    if (!t || n % t->block != 0)
        return VF_OVERFLOW;
    return vf_mul(n / t->block, t->block_bytes);
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
