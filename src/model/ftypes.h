/* llama.cpp's file types: the mixes that llama-quantize makes. Ids: include/llama.h, llama_ftype; names:
 * tools/quantize/quantize.cpp; default types: src/llama-quant.cpp:llama_ftype_get_default_type. */
#ifndef VF_MODEL_FTYPES_H
#define VF_MODEL_FTYPES_H

#include "vramfit/vramfit.h"

typedef enum vf_ftype {
    VF_FTYPE_F32 = 0,
    VF_FTYPE_F16 = 1,
    VF_FTYPE_Q4_0 = 2,
    VF_FTYPE_Q4_1 = 3,
    VF_FTYPE_Q8_0 = 7,
    VF_FTYPE_Q5_0 = 8,
    VF_FTYPE_Q5_1 = 9,
    VF_FTYPE_Q2_K = 10,
    VF_FTYPE_Q3_K_S = 11,
    VF_FTYPE_Q3_K_M = 12,
    VF_FTYPE_Q3_K_L = 13,
    VF_FTYPE_Q4_K_S = 14,
    VF_FTYPE_Q4_K_M = 15,
    VF_FTYPE_Q5_K_S = 16,
    VF_FTYPE_Q5_K_M = 17,
    VF_FTYPE_Q6_K = 18,
    VF_FTYPE_IQ2_XXS = 19,
    VF_FTYPE_IQ2_XS = 20,
    VF_FTYPE_Q2_K_S = 21,
    VF_FTYPE_IQ3_XS = 22,
    VF_FTYPE_IQ3_XXS = 23,
    VF_FTYPE_IQ1_S = 24,
    VF_FTYPE_IQ4_NL = 25,
    VF_FTYPE_IQ3_S = 26,
    VF_FTYPE_IQ3_M = 27,
    VF_FTYPE_IQ2_S = 28,
    VF_FTYPE_IQ2_M = 29,
    VF_FTYPE_IQ4_XS = 30,
    VF_FTYPE_IQ1_M = 31,
    VF_FTYPE_BF16 = 32,
    VF_FTYPE_TQ1_0 = 36,
    VF_FTYPE_TQ2_0 = 37,
    VF_FTYPE_MXFP4_MOE = 38,
    VF_FTYPE_NVFP4 = 39, /* written by converters only */
    VF_FTYPE_Q1_0 = 40,
    VF_FTYPE_Q2_0 = 41
} vf_ftype;

/** One file type. */
typedef struct vf_ftype_info {
    vf_ftype id;
    const char *name;
    vf_type type;         /**< of most tensors */
    bool needs_imatrix;   /**< llama-quantize refuses to make it without an importance matrix */
    bool can_quantize;    /**< llama-quantize can make it */
} vf_ftype_info;

/** The row of a general.file_type, NULL for an unknown (or removed) id. Static storage. */
const vf_ftype_info *vf_ftype_get(uint32_t id);
/** The row of a name, whatever the case; Q3_K, Q4_K and Q5_K mean their _M. NULL when unknown. */
const vf_ftype_info *vf_ftype_find(const char *name);
/** Row number i from 0, NULL past the end. */
const vf_ftype_info *vf_ftype_row(uint32_t i);

#endif
