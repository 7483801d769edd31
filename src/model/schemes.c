#include "model/schemes.h"

#include "base/checked.h"

#define WORD_BITS 32

/* ---- bytes of one matrix ------------------------------------------------------------------------ */

typedef struct matrix {
    uint64_t o, i, n; /**< outputs, inputs, elements */
    uint64_t millibits, group; /**< group: a whole row where the scheme says none */
} matrix;

/** n codes, to whole bytes. */
static uint64_t codes(const matrix *x)
{
    return vf_ceil_div(vf_mul(x->n, x->millibits), 8000);
}

static uint64_t groups(const matrix *x)
{
    return vf_ceil_div(x->i, x->group);
}

/** Bytes of n codes in words of 32 bits. */
static uint64_t words(uint64_t n, uint64_t millibits)
{
    return vf_mul(4, vf_ceil_div(vf_mul(n, millibits), WORD_BITS * UINT64_C(1000)));
}

static uint64_t row(const matrix *x) /* bitsandbytes nn/modules.py: CB and SCB */
{
    return vf_add(codes(x), vf_mul(4, x->o));
}

static uint64_t tensor(const matrix *x)
{
    return vf_add(codes(x), 4);
}

static uint64_t block(const matrix *x) /* DeepSeek-V3, weight_scale_inv */
{
    return vf_add(codes(x), vf_mul3(4, vf_ceil_div(x->o, x->group), vf_ceil_div(x->i, x->group)));
}

static uint64_t bnb4(const matrix *x) /* bitsandbytes functional.py: quantize_4bit; 16 codes in fp32 */
{
    return vf_add(vf_add(codes(x), vf_mul(4, vf_ceil_div(x->n, x->group))), 64);
}

/** The absmax of 256 blocks share an fp32, with one offset, and a table of 256 codes. */
static uint64_t bnb4_double(const matrix *x)
{
    uint64_t blocks = vf_ceil_div(x->n, x->group);
    return vf_add(vf_add(codes(x), vf_add(blocks, vf_mul(4, vf_ceil_div(blocks, 256)))), 4 + 64 + 1024);
}

static uint64_t gptq(const matrix *x) /* GPTQModel nn_modules/qlinear: qweight, qzeros, scales, g_idx */
{
    uint64_t zeros = vf_mul(groups(x), words(x->o, x->millibits));
    uint64_t scales = vf_mul3(2, groups(x), x->o);
    return vf_add(vf_add(vf_mul(words(x->i, x->millibits), x->o), zeros), vf_add(scales, vf_mul(4, x->i)));
}

static uint64_t awq(const matrix *x) /* AutoAWQ modules/linear/gemm.py: qweight, qzeros, scales */
{
    uint64_t of_row = words(x->o, x->millibits);
    return vf_add(vf_mul(x->i, of_row), vf_mul(groups(x), vf_add(of_row, vf_mul(2, x->o))));
}

static uint64_t affine(const matrix *x) /* mlx.core.quantize: scale and bias in 16 bits */
{
    return vf_add(codes(x), vf_mul(4, vf_ceil_div(x->n, x->group)));
}

static uint64_t hqq(const matrix *x) /* hqq/core/quantize.py, bitpack.py: pack_3bit_32 */
{
    uint64_t packed = x->millibits == 3000 ? vf_mul(4, vf_ceil_div(x->n, 10)) : codes(x);
    return vf_add(packed, vf_mul(4, vf_ceil_div(x->n, x->group)));
}

static uint64_t tile(const matrix *x) /* torchao int4_tile_packed_to_4d_tensor.py */
{
    matrix padded = *x;
    padded.i = vf_pad(x->i, 1024);
    padded.o = vf_pad(x->o, 8);
    padded.n = vf_mul(padded.i, padded.o);
    return affine(&padded);
}

static uint64_t in_words(const matrix *x) /* compressed-tensors pack-quantized: weight_packed, _scale, _shape */
{
    return vf_add(vf_mul(words(x->i, x->millibits), x->o), vf_add(vf_mul3(2, groups(x), x->o), 16));
}

static uint64_t micro(const matrix *x) /* OCP microscaling: one byte a group */
{
    return vf_add(codes(x), vf_mul(groups(x), x->o));
}

static uint64_t micro_global(const matrix *x) /* modelopt NVFP4: weight_scale_2 and input_scale */
{
    return vf_add(micro(x), 8);
}

static uint64_t trellis(const matrix *x) /* exllamav3 modules/quant/exl3.py: trellis, suh, svh */
{
    matrix padded = *x;
    padded.i = vf_pad(x->i, 128);
    padded.o = vf_pad(x->o, 128);
    padded.n = vf_mul(padded.i, padded.o);
    return vf_add(codes(&padded), vf_mul(2, vf_add(padded.i, padded.o)));
}

static uint64_t ternary(const matrix *x) /* transformers integrations/bitnet.py: pack_weights */
{
    return vf_add(vf_ceil_div(x->n, 4), 2);
}

static uint64_t codebook(const matrix *x) /* AQLM 1x16: codes, codebooks, scales */
{
    return vf_add(codes(x), vf_add(UINT64_C(65536) * 8 * 2, vf_mul(2, x->o)));
}

static uint64_t (*const rules[])(const matrix *) = {
    [VF_PACK_ROW] = row,
    [VF_PACK_TENSOR] = tensor,
    [VF_PACK_BLOCK] = block,
    [VF_PACK_BNB4] = bnb4,
    [VF_PACK_BNB4_DOUBLE] = bnb4_double,
    [VF_PACK_GPTQ] = gptq,
    [VF_PACK_AWQ] = awq,
    [VF_PACK_AFFINE] = affine,
    [VF_PACK_HQQ] = hqq,
    [VF_PACK_TILE] = tile,
    [VF_PACK_WORDS] = in_words,
    [VF_PACK_MICRO] = micro,
    [VF_PACK_MICRO_GLOBAL] = micro_global,
    [VF_PACK_TRELLIS] = trellis,
    [VF_PACK_MIXED] = codes,
    [VF_PACK_TERNARY] = ternary,
    [VF_PACK_CODEBOOK] = codebook,
};

static uint64_t packed_bytes(const vf_quant *q, uint32_t millibits, uint64_t o, uint64_t i)
{
    matrix x = {o, i, vf_mul(o, i), millibits, q->group ? q->group : i};
    if ((size_t)q->packing >= sizeof rules / sizeof rules[0] || !rules[q->packing])
        return VF_OVERFLOW;
    return rules[q->packing](&x);
}

uint64_t vf_scheme_bytes(const vf_quant *q, uint64_t o, uint64_t i)
{
    return packed_bytes(q, q->millibits, o, i);
}

/* ---- which matrices ----------------------------------------------------------------------------- */

/* Roles with several rows that are no linear layer: norms of several heads, convolutions, position tables,
 * RWKV's mixing parameters and low-rank pairs, which are bare parameters and no modules. */
static const uint16_t no_linear[] = {
    VF_ROLE_ATTN_Q_NORM, VF_ROLE_ATTN_K_NORM, VF_ROLE_ATTN_REL_B, VF_ROLE_CROSS_ATTN_REL_B, VF_ROLE_SSM_NORM,
    VF_ROLE_SSM_A, VF_ROLE_SSM_D, VF_ROLE_SSM_CONV1D, VF_ROLE_SSM_CONV1D_K, VF_ROLE_SSM_CONV1D_Q,
    VF_ROLE_SSM_CONV1D_V, VF_ROLE_SHORTCONV_CONV, VF_ROLE_TIME_MIX_A1, VF_ROLE_TIME_MIX_A2,
    VF_ROLE_TIME_MIX_DECAY_W1, VF_ROLE_TIME_MIX_DECAY_W2, VF_ROLE_TIME_MIX_FIRST, VF_ROLE_TIME_MIX_G1,
    VF_ROLE_TIME_MIX_G2, VF_ROLE_TIME_MIX_LERP_FUSED, VF_ROLE_TIME_MIX_V1, VF_ROLE_TIME_MIX_V2,
    VF_ROLE_TIME_MIX_W1, VF_ROLE_TIME_MIX_W2, VF_ROLE_ROPE_FREQS, VF_ROLE_ROPE_FACTORS_LONG,
    VF_ROLE_ROPE_FACTORS_SHORT, VF_ROLE_FFN_GATE_TID2EID,
};

static bool is_linear(uint16_t role)
{
    for (size_t i = 0; i < sizeof no_linear / sizeof no_linear[0]; i++)
        if (no_linear[i] == role)
            return false;
    return true;
}

vf_slot vf_tensor_slot(const vf_tensor *t)
{
    bool vector = t->ne[1] == 1 && t->ne[2] == 1 && t->ne[3] == 1;
    if (t->part != VF_PART_WEIGHT || (vector && t->role != VF_ROLE_FFN_GATE_INP_SHEXP))
        return VF_SLOT_PLAIN;
    switch (t->role) {
    case VF_ROLE_TOKEN_EMBD:
    case VF_ROLE_PER_LAYER_TOKEN_EMBD:
    case VF_ROLE_NEXTN_EMBED_TOKENS:
    case VF_ROLE_POSITION_EMBD:
    case VF_ROLE_TOKEN_TYPES:
        return VF_SLOT_EMBEDDING;
    case VF_ROLE_OUTPUT:
    case VF_ROLE_NEXTN_SHARED_HEAD_HEAD:
    case VF_ROLE_CLS:
    case VF_ROLE_CLS_OUTPUT:
        return VF_SLOT_HEAD;
    case VF_ROLE_FFN_GATE_INP:
    case VF_ROLE_FFN_GATE_INP_SHEXP:
        return VF_SLOT_ROUTER;
    default:
        return vf_role_is_expert(t->role) ? VF_SLOT_EXPERT : is_linear(t->role) ? VF_SLOT_LINEAR : VF_SLOT_PLAIN;
    }
}

/** Experts in one tensor of three dimensions are no modules, and quantizing on load passes them over
 * (transformers: replace_with_bnb_linear looks for nn.Linear). */
static bool is_fused(const vf_model *m, uint16_t role)
{
    return role == VF_ROLE_FFN_GATE_UP_EXPS || m->arch.moe.mxfp4 ||
           (role == VF_ROLE_FFN_DOWN_EXPS && ((m->options >> VF_OPTION_GATE_UP_EXPS) & 1u));
}

bool vf_scheme_covers(const vf_model *m, const vf_quant *q, const vf_tensor *t)
{
    vf_slot slot = vf_tensor_slot(t);
    switch (q->covers) {
    case VF_COVERS_DECODER:
        return slot == VF_SLOT_LINEAR || slot == VF_SLOT_EXPERT;
    case VF_COVERS_LINEAR:
        return slot == VF_SLOT_LINEAR || slot == VF_SLOT_ROUTER || (slot == VF_SLOT_EXPERT && !is_fused(m, t->role));
    case VF_COVERS_HEAD:
        return slot == VF_SLOT_LINEAR || slot == VF_SLOT_EXPERT || slot == VF_SLOT_HEAD;
    case VF_COVERS_ALL:
        return slot != VF_SLOT_PLAIN;
    case VF_COVERS_EXPERTS:
        return slot == VF_SLOT_EXPERT;
    }
    return false;
}

/* ---- tensors ------------------------------------------------------------------------------------ */

typedef struct shape {
    uint64_t o, i, count;
} shape;

static shape shape_of(const vf_tensor *t)
{
    if (t->role == VF_ROLE_ATTN_K_B) /* stands transposed here, a matrix a head, and is one matrix there */
        return (shape){vf_mul(t->ne[0], t->ne[2]), t->ne[1], 1};
    if (t->role == VF_ROLE_ATTN_V_B)
        return (shape){vf_mul(t->ne[1], t->ne[2]), t->ne[0], 1};
    return (shape){t->ne[1], t->ne[0], vf_mul(t->ne[2], t->ne[3])};
}

uint64_t vf_tensor_matrix(const vf_tensor *t)
{
    shape s = shape_of(t);
    return vf_mul(s.o, s.i);
}

uint64_t vf_scheme_tensor_bytes(const vf_model *m, const vf_quant *q, const vf_tensor *t)
{
    if (!vf_scheme_covers(m, q, t))
        return vf_mul(2, vf_tensor_elements(t));
    shape s = shape_of(t);
    bool head = vf_tensor_slot(t) == VF_SLOT_HEAD && q->head_millibits;
    return vf_mul(packed_bytes(q, head ? q->head_millibits : q->millibits, s.o, s.i), s.count);
}

uint64_t vf_scheme_tied_head_bytes(const vf_model *m, const vf_quant *q)
{
    const vf_tensor *t = vf_model_tensor(m, -1, VF_ROLE_TOKEN_EMBD, VF_PART_WEIGHT);
    if (q->covers != VF_COVERS_HEAD || !m->tied || !t)
        return 0;
    return packed_bytes(q, q->head_millibits ? q->head_millibits : q->millibits, t->ne[1], t->ne[0]);
}
