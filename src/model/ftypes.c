#include "model/ftypes.h"

#include <stddef.h>
#include <string.h>

/* needs_imatrix: src/llama-quant.cpp:tensor_requires_imatrix refuses IQ1_*, IQ2_* and IQ3_XXS tensors
 * without one, and Q2_K tensors of a Q2_K_S file; a file type needs one when such tensors are among what
 * every model has: IQ3_XS makes attn_k and attn_q IQ3_XXS. */
#define ROW(id, type, imatrix) {VF_FTYPE_##id, #id, VF_TYPE_##type, imatrix, true}

static const vf_ftype_info rows[] = {
    ROW(F32, F32, false),      ROW(F16, F16, false),         ROW(BF16, BF16, false),
    ROW(Q4_0, Q4_0, false),    ROW(Q4_1, Q4_1, false),       ROW(Q5_0, Q5_0, false),
    ROW(Q5_1, Q5_1, false),    ROW(Q8_0, Q8_0, false),       ROW(Q2_K, Q2_K, false),
    ROW(Q2_K_S, Q2_K, true),   ROW(Q3_K_S, Q3_K, false),     ROW(Q3_K_M, Q3_K, false),
    ROW(Q3_K_L, Q3_K, false),  ROW(Q4_K_S, Q4_K, false),     ROW(Q4_K_M, Q4_K, false),
    ROW(Q5_K_S, Q5_K, false),  ROW(Q5_K_M, Q5_K, false),     ROW(Q6_K, Q6_K, false),
    ROW(IQ1_S, IQ1_S, true),   ROW(IQ1_M, IQ1_M, true),      ROW(IQ2_XXS, IQ2_XXS, true),
    ROW(IQ2_XS, IQ2_XS, true), ROW(IQ2_S, IQ2_XS, true),     ROW(IQ2_M, IQ2_S, true),
    ROW(IQ3_XXS, IQ3_XXS, true), ROW(IQ3_XS, IQ3_S, true),   ROW(IQ3_S, IQ3_S, false),
    ROW(IQ3_M, IQ3_S, false),  ROW(IQ4_NL, IQ4_NL, false),   ROW(IQ4_XS, IQ4_XS, false),
    ROW(TQ1_0, TQ1_0, false),  ROW(TQ2_0, TQ2_0, false),     ROW(MXFP4_MOE, MXFP4, false),
    ROW(Q1_0, Q1_0, false),    ROW(Q2_0, Q2_0, false),
    {VF_FTYPE_NVFP4, "NVFP4", VF_TYPE_NVFP4, false, false},
};

#define N_ROWS (sizeof rows / sizeof rows[0])

static const struct {
    const char *alias, *name;
} aliases[] = {{"Q3_K", "Q3_K_M"}, {"Q4_K", "Q4_K_M"}, {"Q5_K", "Q5_K_M"}};

const vf_ftype_info *vf_ftype_row(uint32_t i)
{
    return i < N_ROWS ? &rows[i] : NULL;
}

const vf_ftype_info *vf_ftype_get(uint32_t id)
{
    for (size_t i = 0; i < N_ROWS; i++)
        if ((uint32_t)rows[i].id == id)
            return &rows[i];
    return NULL;
}

static bool same(const char *name, const char *text)
{
    for (; *name; name++, text++) {
        char c = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;
        if (c != *name)
            return false;
    }
    return *text == 0;
}

const vf_ftype_info *vf_ftype_find(const char *name)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (same(aliases[i].alias, name))
            name = aliases[i].name;
    for (size_t i = 0; i < N_ROWS; i++)
        if (same(rows[i].name, name))
            return &rows[i];
    return NULL;
}
