/* Architectures as data. A record names the building blocks of an architecture; with a model's
 * hyperparameters it has three readings: the tensor list (inventory.c), the cache and state of each
 * layer (layers.c), and the intermediate tensors of the compute graph (estimate/graph/).
 *
 * The records are the files in data/architectures/, one per llama.cpp architecture string; the field
 * table vf_arch_fields is their grammar. What a block *is* (which tensors, which nodes) is code; which
 * blocks an architecture is made of, and in which order, is data. */
#ifndef VF_MODEL_ARCH_H
#define VF_MODEL_ARCH_H

#include "base/field.h"

#define VF_ARCH_STEPS 16

/** One step of a repeating block, in execution order. `cur` starts as the residual stream. */
typedef enum vf_step {
    VF_STEP_END = 0,
    VF_STEP_ATTN_NORM,           /**< "attn_norm": cur = norm(cur), weights blk.N.attn_norm */
    VF_STEP_ATTN_NORM_2,         /**< "attn_norm_2" */
    VF_STEP_MIXER,               /**< "mixer": attention or recurrent block, as the layer table says */
    VF_STEP_ATTN_OUTPUT_NORM,    /**< "attn_output_norm" (bert) */
    VF_STEP_POST_ATTENTION_NORM, /**< "post_attention_norm" */
    VF_STEP_FFN_NORM,            /**< "ffn_norm" */
    VF_STEP_FFN,                 /**< "ffn": dense, or experts, as the layer table says */
    VF_STEP_POST_FFW_NORM,       /**< "post_ffw_norm" */
    VF_STEP_LAYER_OUTPUT_NORM,   /**< "layer_output_norm" (bert) */
    VF_STEP_ADD                  /**< "+": cur += residual stream; the sum is the new residual stream */
} vf_step;

typedef enum vf_norm { VF_NORM_RMS = 0, VF_NORM_LAYER, VF_NORM_LAYER_NO_BIAS, VF_NORM_NONE } vf_norm;

/** How attn_q/k/v are stored when the tensors are generated. */
typedef enum vf_qkv { VF_QKV_SPLIT = 0, VF_QKV_FUSED } vf_qkv;

/** Norms on q and k: shapes [head], [head, n_head], or the full projection width. */
typedef enum vf_qk_norm { VF_QKN_NONE = 0, VF_QKN_HEAD, VF_QKN_HEADS, VF_QKN_FULL } vf_qk_norm;

typedef enum vf_attn_kind { VF_ATTN_NONE = 0, VF_ATTN_GQA, VF_ATTN_MLA } vf_attn_kind;

typedef enum vf_recurrent_kind {
    VF_REC_NONE = 0,
    VF_REC_MAMBA,
    VF_REC_MAMBA2,
    VF_REC_DELTA_NET, /**< gated delta net: Qwen3-Next, Qwen3.5 */
    VF_REC_KDA,       /**< Kimi delta attention */
    VF_REC_SHORTCONV, /**< LFM2 */
    VF_REC_RWKV6,
    VF_REC_RWKV7
} vf_recurrent_kind;

/** Which layers are recurrent. */
typedef enum vf_recurrent_where {
    VF_REC_AT_NONE = 0,
    VF_REC_AT_ALL,          /**< every layer, and there is no attention */
    VF_REC_AT_KV_ZERO,      /**< layers with head_count_kv 0 */
    VF_REC_AT_KV_FF_ZERO,   /**< layers with head_count_kv 0 and feed_forward_length 0; layers with
                                 feed_forward_length > 0 have no mixer (Nemotron-H) */
    VF_REC_AT_INTERVAL,     /**< all but every full_attention_interval-th (default 4) */
    VF_REC_AT_BOTH          /**< every layer has both (Falcon-H1) */
} vf_recurrent_where;

typedef enum vf_ffn_kind {
    VF_FFN_NONE = 0,
    VF_FFN_GATED,      /**< ffn_gate, ffn_up, ffn_down */
    VF_FFN_PLAIN,      /**< ffn_up, activation, ffn_down */
    VF_FFN_FUSED_GATE, /**< ffn_up of twice the width holds gate and up */
    VF_FFN_MOE         /**< experts (in the layer table only) */
} vf_ffn_kind;

/** Which layers have experts (when expert_count > 0). */
typedef enum vf_moe_where {
    VF_MOE_AT_NONE = 0,
    VF_MOE_AT_ALL,
    VF_MOE_AT_LEADING_DENSE, /**< from layer leading_dense_block_count on */
    VF_MOE_AT_INTERLEAVE,    /**< layers with (il + 1) % interleave_moe_layer_step == 0 */
    VF_MOE_AT_ODD,           /**< every second layer (Jamba) */
    VF_MOE_AT_KV_FF_ZERO     /**< where neither attention nor state is (Nemotron-H MoE) */
} vf_moe_where;

/** The width of the shared experts. */
typedef enum vf_shared_width {
    VF_SHARED_NONE = 0,
    VF_SHARED_FF_SHEXP,        /**< expert_shared_feed_forward_length, none when 0 */
    VF_SHARED_FF_SHEXP_OR_FF,  /**< the same, feed_forward_length when 0 */
    VF_SHARED_FF_EXP,          /**< expert_feed_forward_length */
    VF_SHARED_FF_EXP_X_COUNT   /**< expert_feed_forward_length × expert_shared_count */
} vf_shared_width;

typedef enum vf_tied { VF_OUTPUT_OPTIONAL = 0, VF_OUTPUT_REQUIRED, VF_OUTPUT_TIED, VF_OUTPUT_NONE } vf_tied;

typedef enum vf_window_where {
    VF_WINDOW_NONE = 0,  /**< sliding_window is ignored */
    VF_WINDOW_PERIOD,    /**< il % period < period − 1 */
    VF_WINDOW_DENSE_FIRST, /**< il % period != 0 */
    VF_WINDOW_ARRAY,     /**< attention.sliding_window_pattern of the file */
    VF_WINDOW_ALL
} vf_window_where;

typedef struct vf_arch {
    vf_str name;    /**< llama.cpp's architecture string */
    vf_str source;
    uint8_t norm;   /**< vf_norm, of all norms in the repeating blocks and the output norm */
    uint8_t steps[VF_ARCH_STEPS + 1];
    bool parallel;  /**< feed-forward beside the mixer, both on the same normed input */
    bool causal;    /**< false: an encoder; no cache, no logits */
    struct {
        uint8_t norm;    /**< vf_norm of token_embd_norm, VF_NORM_NONE without */
        bool position;   /**< position_embd [n_embd, n_ctx_train] */
        bool types;      /**< token_types */
        bool scaled;     /**< graph: embeddings times sqrt(n_embd) */
    } embedding;
    struct {
        uint8_t tied;    /**< vf_tied */
        bool bias;
        bool norm_is_token_embd_norm; /**< LFM2: the final norm has that name */
        bool no_norm;
    } output;
    struct {
        uint8_t kind; /**< vf_attn_kind */
        uint8_t qkv;  /**< vf_qkv */
        bool qkv_bias, output_bias;
        uint8_t qk_norm; /**< vf_qk_norm */
        bool sinks;
        bool gate;       /**< attn_q is twice as wide, its second half gates the output */
        bool width_is_n_embd; /**< q and o have n_embd columns whatever key_length says */
        bool k_before_v; /**< graph: order of the projections is q, k, v (else q, v, k) */
        bool rope;       /**< graph: rotary embedding on q and k */
        bool scale_q;    /**< graph: q is scaled in its own node (Gemma) */
        bool gather_late; /**< graph: output rows are picked after the last layer, not within it */
    } attention;
    struct {
        uint8_t where;  /**< vf_window_where */
        uint32_t period;
        uint32_t size;  /**< default of sliding_window (0: the key is required for a window) */
    } window;
    struct {
        uint8_t kind;  /**< vf_recurrent_kind */
        uint8_t where; /**< vf_recurrent_where */
    } recurrent;
    struct {
        uint8_t kind; /**< vf_ffn_kind of dense layers */
        bool bias;
    } ffn;
    struct {
        uint8_t where;       /**< vf_moe_where */
        bool width_is_ff;    /**< experts have feed_forward_length, not expert_feed_forward_length */
        uint8_t shared;      /**< vf_shared_width */
        bool shared_gate;    /**< ffn_gate_inp_shexp */
        bool router_bias, expert_bias;
        bool selection_bias; /**< exp_probs_b */
        bool plain;          /**< experts without gate matrices */
        bool norm_weights;   /**< graph: weights are normed to sum 1 */
        bool sigmoid;        /**< graph: gating by sigmoid rather than softmax */
        bool weights_before_softmax; /**< graph: softmax over the selected (gpt-oss) */
    } moe;
    bool rope_freqs;   /**< rope_freqs.weight, where the model has it */
    bool rope_factors; /**< rope_factors_long/short.weight */
} vf_arch;

/** The grammar of data/architectures/NAME.json; ends with a NULL key. */
extern const vf_field vf_arch_fields[];

#endif
