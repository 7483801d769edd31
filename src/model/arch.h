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
#define VF_ARCH_OPTIONAL_STEPS 4

/** Whether models of an architecture have a block. VF_OPTIONAL: some do, and the model says so
 * (vf_model.options); ask the tensor list, not the record. */
typedef enum vf_has { VF_NO = 0, VF_YES, VF_OPTIONAL } vf_has;

/** What the record leaves to the model: X(id, name). The names stand in a model's "optional" list. */
#define VF_OPTIONS(X) \
    X(QKV_BIAS, "qkv_bias") \
    X(ATTN_OUTPUT_BIAS, "attn_output_bias") \
    X(QK_NORM, "qk_norm") \
    X(SINKS, "attn_sinks") \
    X(ATTN_GATE, "attn_gate") \
    X(K_EQ_V, "k_eq_v") \
    X(REL_B_ALL, "attn_rel_b_all") \
    X(FFN_BIAS, "ffn_bias") \
    X(FFN_GATE, "ffn_gate") \
    X(DENSE_FFN, "dense_ffn") \
    X(EXP_PROBS_B, "exp_probs_b") \
    X(GATE_UP_EXPS, "gate_up_exps") \
    X(SSM_NORM, "ssm_norm") \
    X(TIME_MIX_FIRST, "time_mix_first") \
    X(TIME_MIX_BIAS, "time_mix_bias") \
    X(NORM_BIAS, "norm_bias") \
    X(ATTN_NORM_2, "attn_norm_2") \
    X(FFN_NORM, "ffn_norm") \
    X(LAYER_OUTPUT_NORM, "layer_output_norm") \
    X(LAYER_OUTPUT_SCALE, "layer_output_scale") \
    X(POSITION_EMBD, "position_embd") \
    X(TOKEN_TYPES, "token_types") \
    X(OUTPUT_BIAS, "output_bias") \
    X(ROPE_FREQS, "rope_freqs") \
    X(ROPE_FACTORS, "rope_factors") \
    X(NEXTN_EMBED_TOKENS, "nextn_embed_tokens") \
    X(NEXTN_SHARED_HEAD_HEAD, "nextn_shared_head_head") \
    X(NEXTN_SHARED_HEAD_NORM, "nextn_shared_head_norm")

typedef enum vf_option {
#define X(id, name) VF_OPTION_##id,
    VF_OPTIONS(X)
#undef X
        VF_OPTION_COUNT
} vf_option;

_Static_assert(VF_OPTION_COUNT <= 64, "vf_model.options has 64 bits");

/** Names of the options with their numbers; ends with a NULL name. */
extern const vf_choice vf_option_choices[];

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
    VF_STEP_ADD,                 /**< "+": cur += residual stream; the sum is the new residual stream */
    /* graph only: a feed-forward beside the mixer, and sums in another order */
    VF_STEP_RESIDUAL_ADD,        /**< "residual+": the same sum with the residual stream as first operand */
    VF_STEP_BRANCH,              /**< "branch": cur is set aside; go on with the output of attn_norm */
    VF_STEP_BRANCH_RESIDUAL,     /**< "branch-residual": cur is set aside; go on with the residual stream */
    VF_STEP_ADD_SIDE,            /**< "+side": cur += what was set aside */
    VF_STEP_SIDE_ADD,            /**< "side+": the same sum with that as first operand */
    VF_STEP_STREAM,              /**< "stream": cur is the residual stream from here on (norms behind the sum) */
    VF_STEP_CROSS_ATTENTION,     /**< "cross-attention": norm, and attention to the encoder's output (T5) */
    VF_STEP_PER_LAYER,           /**< "per-layer": adds the layer's own embedding (Gemma 4) */
    VF_STEP_ROUTER,              /**< "router": the experts' router reads cur here (SmallThinker) */
    VF_STEP_LAYER_EXPERTS,       /**< "layer-experts": cur += experts over the layer's normed input (Arctic) */
    VF_STEP_DEEPSTACK,           /**< "deepstack": the first layers add parts of a wider input embedding (Qwen3-VL) */
    VF_STEP_SWIN_ATTN_NORM,      /**< "swin_attn_norm": attn_norm, where swin_norm puts it here (Chameleon) */
    VF_STEP_SWIN_FFN_NORM,       /**< "swin_ffn_norm" */
    VF_STEP_OUTPUT_SCALE         /**< "output-scale": times layer_output_scale, where there is one */
} vf_step;

/** Graph: which attention layers rotate q and k. */
typedef enum vf_rope_where {
    VF_ROPE_ALL = 0, /**< every one (when attention.rope) */
    VF_ROPE_WINDOWED, /**< those with a sliding window */
    VF_ROPE_WINDOWED_OR_NONE, /**< those, or every one when the model has no windows */
    VF_ROPE_WINDOWED_OR_DENSE, /**< those, and the leading layers without experts */
    VF_ROPE_STEP,     /**< all but every rope_step-th */
    VF_ROPE_SWITCH,   /**< every one, unless the file's rope.scaling.finetuned is false (Granite) */
    VF_ROPE_NONE      /**< none (attention.rope false, or latent attention without) */
} vf_rope_where;

/** Graph: where the rows whose logits are wanted are picked. */
typedef enum vf_gather {
    VF_GATHER_IN_LAYER = 0, /**< behind the last layer's mixer */
    VF_GATHER_BEHIND_NORM,  /**< behind the norm of the mixer's result */
    VF_GATHER_BEHIND_SUM,   /**< behind the first residual sum of the last layer */
    VF_GATHER_BEHIND_CROSS, /**< behind the last layer's cross attention */
    VF_GATHER_LATE,         /**< behind the last layer; its output stays readable */
    VF_GATHER_AFTER_NORM    /**< behind the final norm; its output stays readable */
} vf_gather;

/** Prediction layers: optional tensors that the loader takes whether or not the layers are wanted. */
typedef enum vf_mtp_kept {
    VF_KEPT_END = 0,
    VF_KEPT_HEAD,           /**< embed_tokens, shared_head_head, shared_head_norm */
    VF_KEPT_SELECTION_BIAS, /**< exp_probs_b */
    VF_KEPT_FFN,            /**< dense, experts, shared, router */
    VF_KEPT_ATTENTION       /**< norms of q and k, gate */
} vf_mtp_kept;
#define VF_MTP_KEPT 5

typedef enum vf_norm {
    VF_NORM_NONE = 0,            /**< nothing stored: normed without weights, or not at all */
    VF_NORM_RMS,
    VF_NORM_LAYER,               /**< weight and bias */
    VF_NORM_LAYER_NO_BIAS,
    VF_NORM_LAYER_OPTIONAL_BIAS
} vf_norm;

/** How attn_q/k/v are stored when the tensors are generated. */
typedef enum vf_qkv { VF_QKV_SPLIT = 0, VF_QKV_FUSED } vf_qkv;

/** Norms on q and k: shapes [head], [head, n_head], or the full projection width. */
typedef enum vf_qk_norm { VF_QKN_NONE = 0, VF_QKN_HEAD, VF_QKN_HEADS, VF_QKN_FULL } vf_qk_norm;

/** How attention's output is gated: not; by the second half of a doubled attn_q; by attn_gate of the
 * output's width; by attn_gate of one number a head. */
typedef enum vf_attn_gate { VF_GATE_NONE = 0, VF_GATE_IN_Q, VF_GATE_WIDE, VF_GATE_HEAD } vf_attn_gate;

typedef enum vf_attn_kind {
    VF_ATTN_NONE = 0,
    VF_ATTN_GQA,
    VF_ATTN_MLA,     /**< absorbed: one cached latent row, no V */
    VF_ATTN_MLA_KV_B, /**< latent projections expanded by attn_kv_b into ordinary K and V (layer table only) */
    VF_ATTN_LINEAR   /**< a layer reduced to attn_output (DeciLM; layer table only) */
} vf_attn_kind;

/** Where Kimi delta attention's gates come from: low-rank pairs; one matrix each; a pair and one matrix. */
typedef enum vf_kda_gate { VF_KDA_LOW_RANK = 0, VF_KDA_WIDE, VF_KDA_MIXED } vf_kda_gate;

typedef enum vf_recurrent_kind {
    VF_REC_NONE = 0,
    VF_REC_MAMBA,
    VF_REC_MAMBA2,
    VF_REC_DELTA_NET, /**< gated delta net: Qwen3-Next, Qwen3.5 */
    VF_REC_KDA,       /**< Kimi delta attention */
    VF_REC_SHORTCONV, /**< LFM2 */
    VF_REC_RWKV6,
    VF_REC_RWKV7,
    VF_REC_LIGHTNING, /**< MiniMax-01 */
    VF_REC_RWKV6_QWEN2, /**< RWKV-6 time mix in a Qwen2 block */
    VF_REC_PLAMO2,    /**< Mamba with heads and norms on dt, B and C */
    VF_REC_ARWKV7     /**< RWKV-7 time mix in a Qwen2 block */
} vf_recurrent_kind;

/** Which layers are recurrent. */
typedef enum vf_recurrent_where {
    VF_REC_AT_NONE = 0,
    VF_REC_AT_ALL,          /**< every layer, and there is no attention */
    VF_REC_AT_KV_ZERO,      /**< layers with head_count_kv 0 */
    VF_REC_AT_KV_FF_ZERO,   /**< layers with head_count_kv 0 and feed_forward_length 0; layers with
                                 feed_forward_length > 0 have no mixer (Nemotron-H) */
    VF_REC_AT_INTERVAL,     /**< attention.recurrent_layers of the file, or all but every
                                 full_attention_interval-th (default recurrent.interval) */
    VF_REC_AT_BOTH          /**< every layer has both (Falcon-H1) */
} vf_recurrent_where;

typedef enum vf_ffn_kind {
    VF_FFN_NONE = 0,
    VF_FFN_GATED,      /**< ffn_gate, ffn_up, ffn_down */
    VF_FFN_PLAIN,      /**< ffn_up, activation, ffn_down */
    VF_FFN_FUSED_GATE, /**< ffn_up of twice the width holds gate and up */
    VF_FFN_MOE,        /**< experts (in the layer table only) */
    VF_FFN_CHANNEL_MIX, /**< RWKV-6: key, value and receptance */
    VF_FFN_CHANNEL_MIX_7 /**< RWKV-7: key and value */
} vf_ffn_kind;

/** Which layers have experts (when expert_count > 0). */
typedef enum vf_moe_where {
    VF_MOE_AT_NONE = 0,
    VF_MOE_AT_ALL,
    VF_MOE_AT_LEADING_DENSE, /**< from layer leading_dense_block_count on */
    VF_MOE_AT_INTERLEAVE,    /**< layers with (il + 1) % interleave_moe_layer_step == 0 */
    VF_MOE_AT_ODD,           /**< every second layer (Jamba) */
    VF_MOE_AT_KV_FF_ZERO,    /**< where neither attention nor state is (Nemotron-H MoE) */
    VF_MOE_AT_EVERY          /**< layers with il % moe_every_n_layers == 1 */
} vf_moe_where;

/** The width of the experts. */
typedef enum vf_expert_width {
    VF_WIDTH_FF_EXP = 0,  /**< expert_feed_forward_length, feed_forward_length ÷ expert_used_count when 0 */
    VF_WIDTH_FF,          /**< feed_forward_length */
    VF_WIDTH_FF_EXP_OR_FF /**< expert_feed_forward_length, feed_forward_length when 0 */
} vf_expert_width;

/** The width of the shared experts. */
typedef enum vf_shared_width {
    VF_SHARED_NONE = 0,
    VF_SHARED_FF_SHEXP,        /**< expert_shared_feed_forward_length, none when 0 */
    VF_SHARED_FF_SHEXP_OR_FF,  /**< the same, feed_forward_length when 0 */
    VF_SHARED_FF_EXP,          /**< expert_feed_forward_length */
    VF_SHARED_FF_EXP_X_COUNT,  /**< expert_feed_forward_length × expert_shared_count */
    VF_SHARED_FF_SHEXP_OR_FF_EXP,    /**< the first, expert_feed_forward_length when 0 */
    VF_SHARED_FF_SHEXP_X_COUNT,      /**< the one before × expert_shared_count */
    VF_SHARED_FF_SHEXP_OR_X_COUNT,   /**< the first; when 0, expert_feed_forward_length × count */
    VF_SHARED_FF_SHEXP_OR_X_COUNT_MIN_1, /**< the same with count at least 1 */
    VF_SHARED_FF_EXP_X_COUNT_MIN_1   /**< expert_feed_forward_length × max(1, expert_shared_count) */
} vf_shared_width;

typedef enum vf_tied { VF_OUTPUT_OPTIONAL = 0, VF_OUTPUT_REQUIRED, VF_OUTPUT_TIED, VF_OUTPUT_SHARED, VF_OUTPUT_NONE } vf_tied;

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
    uint8_t optional_steps[VF_ARCH_OPTIONAL_STEPS + 1]; /**< of steps: norms that some models lack */
    uint8_t bare_steps[VF_ARCH_OPTIONAL_STEPS + 1]; /**< of steps: norms named without ".weight" (part
                                                         VF_PART_BARE: Falcon-H1, PLaMo 3) */
    bool causal;    /**< false: an encoder; no cache, no logits */
    bool encoder_decoder; /**< two stacks: enc.blk, and dec.blk with cross attention (T5) */
    bool encoder_stack;   /**< blocks are named enc.blk (T5 encoder alone) */
    bool first_attn_norm_absent; /**< layer 0 has no attn_norm (ModernBERT) */
    struct {
        uint8_t norm;     /**< vf_norm of token_embd_norm, VF_NORM_NONE without */
        uint8_t position; /**< vf_has: position_embd [n_embd, n_ctx_train] */
        uint8_t types;    /**< vf_has: token_types [n_embd, token_type_count] */
        bool per_layer;   /**< embeddings of every layer, where embedding_length_per_layer_input > 0 */
        bool altup;       /**< Gemma 3n: AltUp streams and LAuReL */
        bool scaled;     /**< graph: embeddings times sqrt(n_embd) */
    } embedding;
    struct {
        uint8_t tied;    /**< vf_tied */
        uint8_t bias;    /**< vf_has */
        bool norm_is_token_embd_norm; /**< LFM2: the final norm has that name */
        bool norm_is_enc_output_norm; /**< NeoBERT */
        bool no_norm;
        bool copied_first; /**< a tied output is made before the token embeddings: two copies even where
                                both would be in the same memory (Gemma 3n, Gemma 4) */
    } output;
    struct {
        uint8_t kind; /**< vf_attn_kind */
        uint8_t qkv;  /**< vf_qkv */
        uint8_t qkv_bias, output_bias; /**< vf_has */
        uint8_t qk_norm; /**< vf_qk_norm */
        bool qk_norm_optional;
        uint8_t sinks;   /**< vf_has */
        bool sinks_windowed; /**< in layers with a sliding window only */
        uint8_t gate;    /**< vf_attn_gate */
        bool gate_optional;
        bool k_eq_v_optional; /**< some models have no attn_v in their full-attention layers */
        bool prunable;   /**< layers may lack attention (head_count 0), all of it but attn_output
                              (head_count_kv 0), or the feed-forward (feed_forward_length 0) (DeciLM) */
        bool sub_norm;   /**< attn_sub_norm, ffn_sub_norm (BitNet) */
        bool indexer;    /**< DeepSeek sparse attention */
        bool shared_kv;  /**< the last attention.shared_kv_layers layers use another layer's cache */
        uint32_t kv_layers; /**< only so many leading layers have a cache of their own; 0: all */
        bool width_is_n_embd; /**< q and o have n_embd columns whatever key_length says */
        bool idle_cache; /**< no cache is used, and one is made all the same (encoders) */
        uint32_t rope_block_count; /**< graph: only models of so many layers rotate; 0: all */
        bool rope;       /**< graph: rotary embedding on q and k */
        bool alibi;      /**< graph: attention is biased by distance, whatever the file says */
        uint32_t alibi_block_count; /**< graph: models of so many layers are; 0: none */
        bool scale_q;    /**< graph: q is scaled in its own node (Gemma) */
    } attention;
    struct {
        uint8_t where;  /**< vf_window_where */
        uint32_t period;
        uint32_t size;  /**< default of sliding_window (0: the key is required for a window) */
        uint32_t fixed; /**< the window whenever there is one, whatever the key says; 0: the key's */
        uint32_t block_count; /**< only models of so many layers have windows; 0: all */
        bool optional;        /**< some models have none */
        bool own_rope;        /**< its layers rotate by a base of their own, and without the scaling of the others */
    } window;
    struct {
        uint8_t kind;  /**< vf_recurrent_kind */
        uint8_t where; /**< vf_recurrent_where */
        uint32_t interval; /**< VF_REC_AT_INTERVAL: default of full_attention_interval */
        uint8_t norm;  /**< vf_has: ssm_norm of Mamba-2 */
        uint8_t first; /**< vf_has: time_mix_first of RWKV-6 on Qwen 2, which else has linear attention */
        uint8_t bias;  /**< vf_has: biases of its keys, values and receptance */
        bool dt_b_c_norm; /**< ssm_dt_norm, ssm_b_norm, ssm_c_norm (Jamba) */
        uint8_t kda_gate; /**< vf_kda_gate */
        bool fused_ba; /**< delta net: ssm_ba in place of ssm_beta and ssm_alpha */
    } recurrent;
    struct {
        uint8_t kind; /**< vf_ffn_kind of dense layers */
        uint8_t bias; /**< vf_has */
        uint32_t divisor; /**< the width is feed_forward_length ÷ divisor (Qwen: 2); 0: 1 */
        bool width_is_n_embd; /**< Arctic */
        bool down_bias; /**< ffn_down.bias alone (Jina BERT v2) */
        bool gate_optional; /**< gated in some models, plain in others (T5) */
    } ffn;
    struct {
        uint8_t where;       /**< vf_moe_where */
        uint8_t width;       /**< vf_expert_width */
        uint8_t dense;       /**< vf_has: expert layers have the dense feed-forward too */
        uint8_t shared;      /**< vf_shared_width */
        bool shared_gate;    /**< ffn_gate_inp_shexp */
        bool shared_fused;   /**< ffn_up_shexp of twice the width holds gate and up */
        bool router_bias, expert_bias;
        uint8_t selection_bias; /**< vf_has: exp_probs_b */
        bool selection_bias_bare; /**< exp_probs_b has no ".bias" behind its name */
        bool chunks;         /**< a second, narrower set of experts for groups of them (GroveMoE) */
        uint8_t gate_up;     /**< vf_has: ffn_gate_up_exps in place of ffn_gate_exps and ffn_up_exps */
        bool mxfp4;          /**< published, and converted, as MXFP4 (gpt-oss) */
        bool plain;          /**< experts without gate matrices */
        bool routed;         /**< ffn_routed_down and _up where expert_latent_length > 0 (Kimi K3) */
        bool latent;         /**< ffn_latent_down and _up where moe_latent_size > 0 */
        bool gemma_norms;    /**< Gemma 4: router scale and a norm on each side of both feed-forwards */
        bool norm_exps;      /**< ffn_norm_exps (Arctic) */
        bool norm_weights;   /**< graph: weights are normed to sum 1 */
        bool sigmoid;        /**< graph: gating by sigmoid rather than softmax */
        bool weights_before_softmax; /**< graph: softmax over the selected (gpt-oss) */
    } moe;
    /** What only the compute graph sees (estimate/graph/). */
    struct {
        uint8_t gather;           /**< vf_gather */
        uint8_t rope_where;       /**< vf_rope_where */
        uint32_t rope_step;
        bool rms_with_bias;       /**< norm "layer" is an RMS norm with a bias (PhiMoE) */
        bool norm_after_rope;     /**< q and k norms behind the rotation (Hunyuan) */
        bool qk_rms_after_rope;   /**< q and k normed without weights behind the rotation (Llama 4) */
        bool rope_freqs_full_only; /**< rope_freqs serve the layers without a window only (Gemma 4) */
        bool reserve_single;      /**< the planner also tries the batch as one sequence (Kimi Linear) */
        bool v_rms;               /**< v is normed without weights (Gemma 3n, Gemma 4) */
        bool repeat_heads;        /**< delta net: q and k are repeated to the number of v heads (Qwen3-Next) */
        bool squared_activation;  /**< relu, then squared */
        bool moe_weight_first;    /**< experts' inputs are weighted, not their results (Llama 4) */
        bool scaled_head_input;   /**< the final norm's output is scaled (MiniCPM3) */
        bool halved_experts;      /**< routed and shared experts' sum is halved (Command A MoE) */
        bool split_qkv;           /**< the parts of a fused attn_qkv are copied out of it, not viewed */
        bool down_exps_f32;       /**< the experts' last product is in f32, for which CUDA has no kernel */
        bool no_logits;           /**< computes embeddings and nothing else, whatever the file has */
        bool embeddings_only;     /**< asked for embeddings, it computes no logits (LFM2) */
        bool idle_qkv_bias;       /**< biases of q, k and v are loaded, but not added (MiMo 2) */
        bool scaled_embedding;    /**< embeddings are scaled whether or not the file says so */
        bool scaled_logits;       /**< so are logits */
        bool scaled_residual;     /**< and the outputs of mixer and feed-forward */
        bool attn_temperature;    /**< q of layers without rotation is scaled by position (Llama 4) */
        bool qk_layer_norm;       /**< norms of q and k are LayerNorms whatever the others are (Chameleon) */
        bool scaled_stream;       /**< the residual stream is scaled, not what is added to it (MiniMax-01) */
        bool situ;                /**< the gated activation of Kimi K3 */
        bool rms_embedding;       /**< the embeddings are normed without weights (Muse) */
        bool no_flash_attn;       /**< llama.cpp turns it off (Grok) */
        bool logits_capped;       /**< logits are soft-capped unless the file says 0 */
        bool scores_capped;       /**< attention scores are soft-capped, whatever the file says */
        bool scaled_experts;      /**< the sum of dense feed-forward and experts is scaled (Grok) */
        bool no_tensor_split;     /**< llama.cpp refuses --split tensor */
        bool rollback;            /**< recurrent states are kept of drafted tokens too */
        bool image_logits;        /**< logits of image tokens are overwritten (Chameleon) */
    } graph;
    uint8_t rope_freqs;   /**< vf_has: rope_freqs.weight */
    uint8_t rope_factors; /**< vf_has: rope_factors_long/short.weight */
    bool rope_freqs_full; /**< rope_freqs go with full-attention layers only (Gemma 4) */
    bool residual_scores; /**< scores of residual streams, where attn_res.block_size > 0 (Kimi K3) */
    uint8_t layer_output_scale; /**< vf_has */
    struct {
        bool dense;    /**< the feed-forward of these blocks is dense in any case */
        bool never;    /**< in the file, and never loaded (llama.cpp skips them) */
        bool layer_output_norm, post_attention_norm;
        uint8_t embed_tokens, shared_head_head, shared_head_norm; /**< vf_has */
        uint8_t kept[VF_MTP_KEPT]; /**< vf_mtp_kept, VF_KEPT_END behind the last */
        bool cached;   /**< the main context has cells for them, too */
        bool graph;    /**< llama.cpp has a graph that drafts with one of them */
        bool several;  /**< it takes models of more than one */
        uint8_t gather; /**< vf_gather, in that graph */
    } mtp;             /**< multi-token-prediction blocks: the last nextn_predict_layers */
} vf_arch;

/** The grammar of data/architectures/NAME.json; ends with a NULL key. */
extern const vf_field vf_arch_fields[];

#endif
