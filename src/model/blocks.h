/* Building blocks of the tensor list: which tensors a block has, with shapes in symbolic dimensions.
 * Read from load_arch_tensors in llama.cpp src/models/<architecture>.cpp. */
#ifndef VF_MODEL_BLOCKS_H
#define VF_MODEL_BLOCKS_H

#include "model/model.h"

/* Dimensions: of the model, then of one layer. */
typedef enum vf_dim {
    D_NONE = 0, /* past the last dimension */
    D_1, D_5, D_6,
    D_EMBD, D_EMBD_2, D_EMBD_3, D_VOCAB, D_CTX, D_TYPES, D_ROT_HALF,
    D_PER_LAYER, D_PER_LAYER_ALL, /* per-layer embeddings: of one layer, of all */
    D_ALTUP, D_ALTUP_2, D_ALTUP_REST, D_LAUREL, /* streams, their square, all but one; rank */
    D_BUCKETS,
    /* attention */
    D_HEAD, D_HEAD_KV, D_HEAD_K, D_Q, D_Q_GATE, D_K, D_V, D_QKV, D_Q_3, D_ATTN,
    D_LORA_Q, D_LORA_KV, D_LORA_KV_ROT, D_MLA_Q, D_MLA_NOPE, D_MLA_V, D_MLA_KV_B,
    D_IDX_HEAD, D_IDX_K, D_IDX_Q,
    /* feed-forward */
    D_FF, D_FF_2, D_EXPERT, D_FF_EXP, D_FF_EXP_2, D_FF_SHEXP, D_FF_SHEXP_2, D_MOE_EMBD, D_LATENT, D_ROUTED,
    D_FF_CHUNK, D_CHUNK,
    /* recurrent blocks */
    D_CONV, D_INNER, D_INNER_2, D_STATE, D_DT, D_DT_2, D_DT_BC, D_M2_IN, D_M2_CONV, D_M2_GROUP, D_GROUPS,
    D_DELTA_QKV, D_DELTA_V, D_KDA, D_KDA_ALL, D_SHORTCONV, D_PLAMO_DT, D_PLAMO_BC,
    D_WKV_HEAD, D_WKV_HEADS, D_MIX, D_MIX_5, D_DECAY, D_LORA_W, D_LORA_A, D_LORA_V, D_LORA_G, D_RWKV_KV,
    D_COUNT
} vf_dim;

/* X(id): the blocks. */
#define VF_BLOCKS(X) \
    X(TOKEN_EMBD) X(POSITION_EMBD) X(TOKEN_TYPES) X(TOKEN_EMBD_NORM) X(TOKEN_EMBD_NORM_BIAS) \
    X(PER_LAYER_EMBD) X(ALTUP_GLOBAL) X(OUTPUT_NORM) X(OUTPUT_NORM_BIAS) X(ENC_OUTPUT_NORM) \
    X(DEC_OUTPUT_NORM) X(OUTPUT) X(OUTPUT_BIAS) X(ROPE_FREQS) X(ROPE_FACTORS) X(QKV_SPLIT) \
    X(QK_ALONE) X(QKV_SPLIT_BIAS) X(QKV_FUSED) X(QKV_FUSED_BIAS) X(ATTN_OUTPUT) \
    X(ATTN_OUTPUT_BIAS) X(ATTN_LINEAR) X(QK_NORM_HEAD) X(QK_NORM_HEADS) X(QK_NORM_FULL) X(SINKS) \
    X(GATE_WIDE) X(GATE_HEAD) X(ATTN_SUB_NORM) X(FFN_SUB_NORM) X(ATTN_O) X(REL_B) X(CROSS_ATTN) \
    X(MLA_Q) X(MLA_Q_LORA) X(MLA_KV_A) X(MLA_ABSORBED) X(MLA_KV_B) X(INDEXER) X(FFN_GATED) \
    X(FFN_GATED_BIAS) X(FFN_PLAIN) X(FFN_PLAIN_BIAS) X(FFN_FUSED_GATE) X(FFN_FUSED_GATE_BIAS) \
    X(FFN_DOWN_BIAS) X(CHANNEL_MIX) X(CHANNEL_MIX_7) X(ROUTER) X(ROUTER_BIAS) X(EXPERTS) \
    X(EXPERTS_PLAIN) X(EXPERTS_FUSED) X(EXPERTS_BIAS) X(SELECTION_BIAS) X(SELECTION_BIAS_BARE) \
    X(CHUNK_EXPERTS) X(SHARED) X(SHARED_PLAIN) X(SHARED_FUSED) X(SHARED_GATE) X(LATENT) \
    X(ROUTED) X(GEMMA_MOE) X(NORM_EXPS) X(MAMBA) X(MAMBA_NORMS) X(MAMBA2) X(SSM_NORM) \
    X(DELTA_NET) X(DELTA_BA) X(DELTA_BETA_ALPHA) X(KDA) X(KDA_GATES) X(KDA_GATES_WIDE) \
    X(KDA_GATES_MIXED) X(PLAMO2) X(SHORTCONV) X(RWKV6) X(RWKV6_QWEN2) X(TIME_MIX_FIRST) \
    X(TIME_MIX_BIAS) X(RWKV7) X(ARWKV7_UNGATED) X(TIME_MIX_LN) X(LIGHTNING) X(PER_LAYER) X(ALTUP) X(LAYER_OUTPUT_SCALE) X(RESIDUAL_SCORES) \
    X(OUTPUT_RESIDUAL_SCORE) X(NEXTN) X(NEXTN_EMBED_TOKENS) X(NEXTN_SHARED_HEAD_HEAD) \
    X(NEXTN_SHARED_HEAD_NORM)

typedef enum vf_block {
#define X(id) BLOCK_##id,
    VF_BLOCKS(X)
#undef X
        BLOCK_COUNT
} vf_block;

/** One tensor of a block. */
typedef struct vf_row {
    uint16_t role;
    uint8_t part;   /**< vf_part */
    bool keep_f32;  /**< a matrix that the converter keeps in f32 (conversion/base.py:prepare_tensors) */
    uint8_t dim[4]; /**< vf_dim; D_NONE behind the last */
} vf_row;

/** The rows of a block; *n is their number. */
const vf_row *vf_block_rows(vf_block block, uint32_t *n);

/** Fills the dimensions that belong to the model, then those of a layer. Sizes that do not fit are
 * VF_OVERFLOW, those that the hyperparameters leave open 0. */
void vf_dims_model(const vf_model *m, uint64_t dim[D_COUNT]);
void vf_dims_layer(const vf_model *m, const vf_layer *l, uint32_t il, uint64_t dim[D_COUNT]);

#endif
