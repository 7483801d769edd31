#include "model/arch.h"

const vf_choice vf_option_choices[] = {
#define X(id, name) {name, VF_OPTION_##id},
    VF_OPTIONS(X)
#undef X
    {NULL, 0},
};

static const vf_choice has[] = {
    {"no", VF_NO}, {"yes", VF_YES}, {"optional", VF_OPTIONAL}, {NULL, 0}};

static const vf_choice norms[] = {
    {"rms", VF_NORM_RMS},
    {"layer", VF_NORM_LAYER},
    {"layer-no-bias", VF_NORM_LAYER_NO_BIAS},
    {"layer-optional-bias", VF_NORM_LAYER_OPTIONAL_BIAS},
    {"none", VF_NORM_NONE},
    {NULL, 0},
};

static const vf_choice steps[] = {
    {"attn_norm", VF_STEP_ATTN_NORM},
    {"attn_norm_2", VF_STEP_ATTN_NORM_2},
    {"mixer", VF_STEP_MIXER},
    {"attn_output_norm", VF_STEP_ATTN_OUTPUT_NORM},
    {"post_attention_norm", VF_STEP_POST_ATTENTION_NORM},
    {"ffn_norm", VF_STEP_FFN_NORM},
    {"ffn", VF_STEP_FFN},
    {"post_ffw_norm", VF_STEP_POST_FFW_NORM},
    {"layer_output_norm", VF_STEP_LAYER_OUTPUT_NORM},
    {"+", VF_STEP_ADD},
    {"residual+", VF_STEP_RESIDUAL_ADD},
    {"branch", VF_STEP_BRANCH},
    {"branch-residual", VF_STEP_BRANCH_RESIDUAL},
    {"+side", VF_STEP_ADD_SIDE},
    {"side+", VF_STEP_SIDE_ADD},
    {"stream", VF_STEP_STREAM},
    {"cross-attention", VF_STEP_CROSS_ATTENTION},
    {"per-layer", VF_STEP_PER_LAYER},
    {"router", VF_STEP_ROUTER},
    {"layer-experts", VF_STEP_LAYER_EXPERTS},
    {"deepstack", VF_STEP_DEEPSTACK},
    {"swin_attn_norm", VF_STEP_SWIN_ATTN_NORM},
    {"swin_ffn_norm", VF_STEP_SWIN_FFN_NORM},
    {"output-scale", VF_STEP_OUTPUT_SCALE},
    {NULL, 0},
};

static const vf_choice tied[] = {
    {"optional", VF_OUTPUT_OPTIONAL},
    {"no", VF_OUTPUT_REQUIRED},
    {"yes", VF_OUTPUT_TIED},
    {"shared", VF_OUTPUT_SHARED},
    {"none", VF_OUTPUT_NONE},
    {NULL, 0},
};

static const vf_choice attn_kinds[] = {
    {"none", VF_ATTN_NONE}, {"gqa", VF_ATTN_GQA}, {"mla", VF_ATTN_MLA}, {NULL, 0}};

static const vf_choice qkv[] = {{"split", VF_QKV_SPLIT}, {"fused", VF_QKV_FUSED}, {NULL, 0}};

static const vf_choice qk_norms[] = {
    {"none", VF_QKN_NONE}, {"head", VF_QKN_HEAD}, {"heads", VF_QKN_HEADS}, {"full", VF_QKN_FULL}, {NULL, 0}};

static const vf_choice gates[] = {
    {"none", VF_GATE_NONE}, {"in-q", VF_GATE_IN_Q}, {"wide", VF_GATE_WIDE}, {"head", VF_GATE_HEAD}, {NULL, 0}};

static const vf_choice windows[] = {
    {"none", VF_WINDOW_NONE},   {"period", VF_WINDOW_PERIOD}, {"dense-first", VF_WINDOW_DENSE_FIRST},
    {"array", VF_WINDOW_ARRAY}, {"all", VF_WINDOW_ALL},       {NULL, 0},
};

static const vf_choice recurrent_kinds[] = {
    {"none", VF_REC_NONE},
    {"mamba", VF_REC_MAMBA},
    {"mamba2", VF_REC_MAMBA2},
    {"delta-net", VF_REC_DELTA_NET},
    {"kda", VF_REC_KDA},
    {"shortconv", VF_REC_SHORTCONV},
    {"rwkv6", VF_REC_RWKV6},
    {"rwkv7", VF_REC_RWKV7},
    {"lightning", VF_REC_LIGHTNING},
    {"rwkv6-qwen2", VF_REC_RWKV6_QWEN2},
    {"arwkv7", VF_REC_ARWKV7},
    {"plamo2", VF_REC_PLAMO2},
    {NULL, 0},
};

static const vf_choice kda_gates[] = {
    {"low-rank", VF_KDA_LOW_RANK}, {"wide", VF_KDA_WIDE}, {"mixed", VF_KDA_MIXED}, {NULL, 0}};

static const vf_choice recurrent_where[] = {
    {"none", VF_REC_AT_NONE},           {"all", VF_REC_AT_ALL},
    {"kv-zero", VF_REC_AT_KV_ZERO},     {"kv-ff-zero", VF_REC_AT_KV_FF_ZERO},
    {"interval", VF_REC_AT_INTERVAL},   {"both", VF_REC_AT_BOTH},
    {NULL, 0},
};

static const vf_choice ffn_kinds[] = {
    {"none", VF_FFN_NONE},
    {"gated", VF_FFN_GATED},
    {"plain", VF_FFN_PLAIN},
    {"fused-gate", VF_FFN_FUSED_GATE},
    {"channel-mix", VF_FFN_CHANNEL_MIX},
    {"channel-mix-7", VF_FFN_CHANNEL_MIX_7},
    {NULL, 0},
};

static const vf_choice moe_where[] = {
    {"none", VF_MOE_AT_NONE},
    {"all", VF_MOE_AT_ALL},
    {"leading-dense", VF_MOE_AT_LEADING_DENSE},
    {"interleave", VF_MOE_AT_INTERLEAVE},
    {"odd", VF_MOE_AT_ODD},
    {"kv-ff-zero", VF_MOE_AT_KV_FF_ZERO},
    {"every", VF_MOE_AT_EVERY},
    {NULL, 0},
};

static const vf_choice expert_widths[] = {
    {"ff_exp", VF_WIDTH_FF_EXP}, {"ff", VF_WIDTH_FF}, {"ff_exp-or-ff", VF_WIDTH_FF_EXP_OR_FF}, {NULL, 0}};

static const vf_choice shared_widths[] = {
    {"none", VF_SHARED_NONE},
    {"ff_shexp", VF_SHARED_FF_SHEXP},
    {"ff_shexp-or-ff", VF_SHARED_FF_SHEXP_OR_FF},
    {"ff_exp", VF_SHARED_FF_EXP},
    {"ff_exp-x-count", VF_SHARED_FF_EXP_X_COUNT},
    {"ff_shexp-or-ff_exp", VF_SHARED_FF_SHEXP_OR_FF_EXP},
    {"ff_shexp-x-count", VF_SHARED_FF_SHEXP_X_COUNT},
    {"ff_shexp-or-x-count", VF_SHARED_FF_SHEXP_OR_X_COUNT},
    {"ff_shexp-or-x-count-min-1", VF_SHARED_FF_SHEXP_OR_X_COUNT_MIN_1},
    {"ff_exp-x-count-min-1", VF_SHARED_FF_EXP_X_COUNT_MIN_1},
    {NULL, 0},
};

static const vf_choice rope_where[] = {
    {"all", VF_ROPE_ALL},
    {"windowed", VF_ROPE_WINDOWED},
    {"windowed-or-none", VF_ROPE_WINDOWED_OR_NONE},
    {"windowed-or-dense", VF_ROPE_WINDOWED_OR_DENSE},
    {"step", VF_ROPE_STEP},
    {"switch", VF_ROPE_SWITCH},
    {"none", VF_ROPE_NONE},
    {NULL, 0},
};

static const vf_choice gather[] = {
    {"in-layer", VF_GATHER_IN_LAYER},
    {"behind-norm", VF_GATHER_BEHIND_NORM},
    {"behind-sum", VF_GATHER_BEHIND_SUM},
    {"behind-cross", VF_GATHER_BEHIND_CROSS},
    {"late", VF_GATHER_LATE},
    {"after-norm", VF_GATHER_AFTER_NORM},
    {NULL, 0},
};

static const vf_choice kept[] = {
    {"head", VF_KEPT_HEAD},
    {"selection-bias", VF_KEPT_SELECTION_BIAS},
    {"ffn", VF_KEPT_FFN},
    {"attention", VF_KEPT_ATTENTION},
    {NULL, 0},
};

#define AT(field) offsetof(vf_arch, field)
#define FLAG(key, field, doc) {key, VF_FIELD_BOOL, AT(field), 0, 1, NULL, NULL, false, doc}
#define ENUM(key, field, list, doc) {key, VF_FIELD_ENUM, AT(field), 0, 0, list, NULL, false, doc}
#define HAS(key, field, doc) ENUM(key, field, has, doc)
#define COUNT(key, field, max, doc) {key, VF_FIELD_U32, AT(field), 0, max, NULL, NULL, false, doc}
#define OBJECT(key, rows, doc) {key, VF_FIELD_OBJECT, 0, 0, 0, NULL, rows, false, doc}
#define END {NULL, VF_FIELD_U32, 0, 0, 0, NULL, NULL, false, ""}

static const vf_field embedding[] = {
    ENUM("norm", embedding.norm, norms, "norm of token_embd_norm"),
    HAS("position", embedding.position, "position_embd"),
    HAS("types", embedding.types, "token_types"),
    FLAG("per_layer", embedding.per_layer, "embeddings of every layer"),
    FLAG("altup", embedding.altup, "AltUp streams and LAuReL"),
    FLAG("scaled", embedding.scaled, "embeddings times a constant"),
    END,
};

static const vf_field output[] = {
    ENUM("tied", output.tied, tied, "whether output.weight is stored"),
    HAS("bias", output.bias, "output.bias"),
    FLAG("norm_is_token_embd_norm", output.norm_is_token_embd_norm, "the final norm has that name"),
    FLAG("norm_is_enc_output_norm", output.norm_is_enc_output_norm, "the final norm is enc.output_norm"),
    FLAG("no_norm", output.no_norm, "no final norm is stored"),
    FLAG("copied_first", output.copied_first, "a tied output is loaded before the token embeddings"),
    END,
};

static const vf_field attention[] = {
    ENUM("kind", attention.kind, attn_kinds, "attention of layers that are not recurrent"),
    ENUM("qkv", attention.qkv, qkv, "how q, k and v are stored"),
    HAS("qkv_bias", attention.qkv_bias, "biases of q, k and v"),
    HAS("output_bias", attention.output_bias, "attn_output.bias"),
    ENUM("qk_norm", attention.qk_norm, qk_norms, "norms on q and k"),
    FLAG("qk_norm_optional", attention.qk_norm_optional, "some models lack them"),
    HAS("sinks", attention.sinks, "attn_sinks"),
    FLAG("sinks_windowed", attention.sinks_windowed, "in layers with a sliding window only"),
    ENUM("gate", attention.gate, gates, "gate of the output"),
    FLAG("gate_optional", attention.gate_optional, "some models lack it"),
    FLAG("k_eq_v_optional", attention.k_eq_v_optional, "some models have no attn_v in full-attention layers"),
    FLAG("prunable", attention.prunable, "layers may lack attention or the feed-forward"),
    FLAG("sub_norm", attention.sub_norm, "attn_sub_norm and ffn_sub_norm"),
    FLAG("indexer", attention.indexer, "indexer of sparse attention"),
    FLAG("shared_kv", attention.shared_kv, "the last shared_kv_layers layers have no cache"),
    COUNT("kv_layers", attention.kv_layers, 2048, "leading layers with a cache of their own"),
    FLAG("width_is_n_embd", attention.width_is_n_embd, "q and o have n_embd columns"),
    FLAG("idle_cache", attention.idle_cache, "no cache is used, and one is made all the same"),
    COUNT("rope_block_count", attention.rope_block_count, 2048, "only models of so many layers rotate"),
    FLAG("alibi", attention.alibi, "attention biased by distance"),
    COUNT("alibi_block_count", attention.alibi_block_count, 2048, "models of so many layers have such a bias"),
    FLAG("rope", attention.rope, "rotary embedding on q and k"),
    FLAG("scale_q", attention.scale_q, "q is scaled in its own node"),
    END,
};

static const vf_field window[] = {
    ENUM("where", window.where, windows, "which layers have a sliding window"),
    COUNT("period", window.period, 2048, "of the pattern, unless the file has one"),
    COUNT("size", window.size, 1u << 30, "default of sliding_window"),
    COUNT("fixed", window.fixed, 1u << 30, "the window, whatever sliding_window says"),
    COUNT("block_count", window.block_count, 2048, "only models of so many layers"),
    FLAG("optional", window.optional, "some models have none"),
    FLAG("own_rope", window.own_rope, "its layers rotate by a base of their own, unscaled"),
    END,
};

static const vf_field recurrent[] = {
    ENUM("kind", recurrent.kind, recurrent_kinds, "state of recurrent layers"),
    ENUM("where", recurrent.where, recurrent_where, "which layers are recurrent"),
    COUNT("interval", recurrent.interval, 2048, "default of full_attention_interval"),
    HAS("norm", recurrent.norm, "ssm_norm"),
    HAS("first", recurrent.first, "time_mix_first"),
    HAS("bias", recurrent.bias, "biases of time_mix_key, time_mix_value and time_mix_receptance"),
    FLAG("dt_b_c_norm", recurrent.dt_b_c_norm, "norms on dt, B and C"),
    ENUM("kda_gate", recurrent.kda_gate, kda_gates, "gates of Kimi delta attention"),
    FLAG("fused_ba", recurrent.fused_ba, "ssm_ba in place of ssm_beta and ssm_alpha"),
    END,
};

static const vf_field ffn[] = {
    ENUM("kind", ffn.kind, ffn_kinds, "feed-forward of dense layers"),
    HAS("bias", ffn.bias, "biases"),
    COUNT("divisor", ffn.divisor, 16, "of feed_forward_length"),
    FLAG("width_is_n_embd", ffn.width_is_n_embd, "the width is n_embd"),
    FLAG("down_bias", ffn.down_bias, "ffn_down.bias alone"),
    FLAG("gate_optional", ffn.gate_optional, "gated in some models, plain in others"),
    END,
};

static const vf_field moe[] = {
    ENUM("where", moe.where, moe_where, "which layers have experts"),
    ENUM("width", moe.width, expert_widths, "width of the experts"),
    HAS("dense", moe.dense, "the dense feed-forward beside the experts"),
    ENUM("shared", moe.shared, shared_widths, "width of the shared experts"),
    FLAG("shared_gate", moe.shared_gate, "ffn_gate_inp_shexp"),
    FLAG("shared_fused", moe.shared_fused, "shared gate and up matrices fused in ffn_up_shexp"),
    FLAG("router_bias", moe.router_bias, "ffn_gate_inp.bias"),
    FLAG("expert_bias", moe.expert_bias, "biases of the experts"),
    HAS("selection_bias", moe.selection_bias, "exp_probs_b"),
    FLAG("selection_bias_bare", moe.selection_bias_bare, "exp_probs_b without .bias"),
    FLAG("chunks", moe.chunks, "a second set of experts for groups of them"),
    HAS("gate_up", moe.gate_up, "gate and up matrices fused"),
    FLAG("mxfp4", moe.mxfp4, "expert matrices are published as MXFP4"),
    FLAG("plain", moe.plain, "experts without gate matrices"),
    FLAG("routed", moe.routed, "experts of expert_latent_length, where it is given"),
    FLAG("latent", moe.latent, "experts of moe_latent_size, where it is given"),
    FLAG("gemma_norms", moe.gemma_norms, "norms on each side of both feed-forwards"),
    FLAG("norm_exps", moe.norm_exps, "ffn_norm_exps"),
    FLAG("norm_weights", moe.norm_weights, "expert weights are normed to sum 1"),
    FLAG("sigmoid", moe.sigmoid, "gating by sigmoid"),
    FLAG("weights_before_softmax", moe.weights_before_softmax, "softmax over the selected experts"),
    END,
};

static const vf_field graph[] = {
    ENUM("gather", graph.gather, gather, "where output rows are picked"),
    ENUM("rope_where", graph.rope_where, rope_where, "which attention layers rotate q and k"),
    COUNT("rope_step", graph.rope_step, 2048, "every so many layers one does not"),
    FLAG("rms_with_bias", graph.rms_with_bias, "the norm with weight and bias is an RMS norm"),
    FLAG("norm_after_rope", graph.norm_after_rope, "q and k norms behind the rotation"),
    FLAG("qk_rms_after_rope", graph.qk_rms_after_rope, "q and k normed without weights behind the rotation"),
    FLAG("rope_freqs_full_only", graph.rope_freqs_full_only, "rope_freqs serve the layers without a window only"),
    FLAG("reserve_single", graph.reserve_single, "the planner also tries the batch as one sequence"),
    FLAG("v_rms", graph.v_rms, "v is normed without weights"),
    FLAG("repeat_heads", graph.repeat_heads, "delta net: q and k are repeated to the number of v heads"),
    FLAG("squared_activation", graph.squared_activation, "relu, then squared"),
    FLAG("moe_weight_first", graph.moe_weight_first, "experts' inputs are weighted, not their results"),
    FLAG("scaled_head_input", graph.scaled_head_input, "the final norm's output is scaled"),
    FLAG("halved_experts", graph.halved_experts, "routed and shared experts' sum is halved"),
    FLAG("split_qkv", graph.split_qkv, "parts of a fused attn_qkv are copied out of it, not viewed"),
    FLAG("down_exps_f32", graph.down_exps_f32, "the experts' last product is in f32"),
    FLAG("no_logits", graph.no_logits, "computes embeddings and nothing else, whatever the file has"),
    FLAG("embeddings_only", graph.embeddings_only, "asked for embeddings, it computes no logits"),
    FLAG("idle_qkv_bias", graph.idle_qkv_bias, "biases of q, k and v are loaded, but not added"),
    FLAG("scaled_embedding", graph.scaled_embedding, "embeddings are scaled in any case"),
    FLAG("scaled_logits", graph.scaled_logits, "logits are scaled in any case"),
    FLAG("scaled_residual", graph.scaled_residual, "outputs of mixer and feed-forward are scaled in any case"),
    FLAG("qk_layer_norm", graph.qk_layer_norm, "norms of q and k are LayerNorms"),
    FLAG("scaled_stream", graph.scaled_stream, "the residual stream is scaled, not what is added to it"),
    FLAG("situ", graph.situ, "the gated activation of Kimi K3"),
    FLAG("rms_embedding", graph.rms_embedding, "the embeddings are normed without weights"),
    FLAG("no_flash_attn", graph.no_flash_attn, "llama.cpp turns flash attention off"),
    FLAG("logits_capped", graph.logits_capped, "logits are soft-capped unless the file says 0"),
    FLAG("scores_capped", graph.scores_capped, "attention scores are soft-capped"),
    FLAG("scaled_experts", graph.scaled_experts, "the sum of dense feed-forward and experts is scaled"),
    FLAG("no_tensor_split", graph.no_tensor_split, "llama.cpp refuses --split tensor"),
    FLAG("rollback", graph.rollback, "recurrent states are kept of drafted tokens too"),
    FLAG("image_logits", graph.image_logits, "logits of image tokens are overwritten"),
    FLAG("attn_temperature", graph.attn_temperature, "q of layers without rotation is scaled by position"),
    END,
};

static const vf_field mtp[] = {
    FLAG("dense", mtp.dense, "the feed-forward of these blocks is dense"),
    FLAG("never", mtp.never, "never loaded"),
    FLAG("post_attention_norm", mtp.post_attention_norm, "post_attention_norm"),
    FLAG("layer_output_norm", mtp.layer_output_norm, "layer_output_norm"),
    HAS("embed_tokens", mtp.embed_tokens, "nextn.embed_tokens"),
    HAS("shared_head_head", mtp.shared_head_head, "nextn.shared_head_head"),
    HAS("shared_head_norm", mtp.shared_head_norm, "nextn.shared_head_norm"),
    {"kept", VF_FIELD_ENUMS, AT(mtp.kept), 0, VF_MTP_KEPT, kept, NULL, false, "what is loaded of them in any case"},
    FLAG("cached", mtp.cached, "the main context has cells for them, too"),
    FLAG("graph", mtp.graph, "llama.cpp can draft with one of these blocks"),
    FLAG("several", mtp.several, "also where there are more than one"),
    ENUM("gather", mtp.gather, gather, "where its output rows are picked"),
    END,
};

const vf_field vf_arch_fields[] = {
    {"arch", VF_FIELD_STRING, AT(name), 1, 63, NULL, NULL, true, "llama.cpp's architecture string"},
    {"source", VF_FIELD_STRING, AT(source), 1, 511, NULL, NULL, true, "where the facts were read"},
    ENUM("norm", norm, norms, "norms of the blocks and the final norm"),
    {"steps", VF_FIELD_ENUMS, AT(steps), 1, VF_ARCH_STEPS, steps, NULL, true, "the block, in execution order"},
    {"optional_steps", VF_FIELD_ENUMS, AT(optional_steps), 0, VF_ARCH_OPTIONAL_STEPS, steps, NULL, false,
     "norms that some models lack"},
    {"bare_steps", VF_FIELD_ENUMS, AT(bare_steps), 0, VF_ARCH_OPTIONAL_STEPS, steps, NULL, false,
     "norms named without .weight"},
    FLAG("causal", causal, "false: no cache"),
    FLAG("encoder_decoder", encoder_decoder, "an encoder, and a decoder with cross attention"),
    FLAG("encoder_stack", encoder_stack, "blocks are named enc.blk"),
    FLAG("first_attn_norm_absent", first_attn_norm_absent, "layer 0 has no attn_norm"),
    OBJECT("embedding", embedding, "input embeddings"),
    OBJECT("output", output, "final norm and output matrix"),
    OBJECT("attention", attention, "attention layers"),
    OBJECT("window", window, "sliding windows"),
    OBJECT("recurrent", recurrent, "recurrent layers"),
    OBJECT("ffn", ffn, "dense feed-forward"),
    OBJECT("moe", moe, "mixture of experts"),
    OBJECT("graph", graph, "what only the compute graph sees"),
    OBJECT("mtp", mtp, "multi-token-prediction blocks"),
    HAS("rope_freqs", rope_freqs, "rope_freqs.weight"),
    FLAG("rope_freqs_full", rope_freqs_full, "rope_freqs go with full-attention layers only"),
    HAS("rope_factors", rope_factors, "rope_factors_long.weight and rope_factors_short.weight"),
    FLAG("residual_scores", residual_scores, "scores of residual streams"),
    HAS("layer_output_scale", layer_output_scale, "layer_output_scale.weight"),
    END,
};
