/* Hyperparameters. One list names every key that matters for memory, by its GGUF name without the
 * architecture prefix; GGUF headers, catalog entries and config.json all end in this struct.
 *
 * Kinds: U (one unsigned integer), L (one integer, or one per layer), F (a flag: whether the number
 * is there and not 0; the value itself does not change any size), S (a scale: whether it is there and
 * neither 0 nor 1), M (a decimal number, in thousandths). */
#ifndef VF_MODEL_HPARAMS_H
#define VF_MODEL_HPARAMS_H

#include "base/field.h"
#include "vramfit/vramfit.h"

/* X(kind, field, "gguf key", max) */
#define VF_HPARAMS(X) \
    X(U, context_length, "context_length", 0x80000000u) \
    X(U, embedding_length, "embedding_length", 1u << 24) \
    X(U, block_count, "block_count", 2048) \
    X(U, nextn_predict_layers, "nextn_predict_layers", 2048) \
    X(U, vocab_size, "vocab_size", 1u << 26) \
    X(L, feed_forward_length, "feed_forward_length", 1u << 26) \
    X(U, token_type_count, "token_type_count", 1u << 16) \
    X(U, n_deepstack_layers, "n_deepstack_layers", 2048) \
    X(F, swin_norm, "swin_norm", 1) \
    X(F, use_parallel_residual, "use_parallel_residual", 1) \
    /* attention */ \
    X(L, head_count, "attention.head_count", 1u << 16) \
    X(L, head_count_kv, "attention.head_count_kv", 1u << 16) \
    X(U, key_length, "attention.key_length", 1u << 16) \
    X(U, value_length, "attention.value_length", 1u << 16) \
    X(U, key_length_swa, "attention.key_length_swa", 1u << 16) \
    X(U, value_length_swa, "attention.value_length_swa", 1u << 16) \
    X(U, key_length_mla, "attention.key_length_mla", 1u << 16) \
    X(U, value_length_mla, "attention.value_length_mla", 1u << 16) \
    X(U, q_lora_rank, "attention.q_lora_rank", 1u << 20) \
    X(U, kv_lora_rank, "attention.kv_lora_rank", 1u << 20) \
    X(U, sliding_window, "attention.sliding_window", 0x80000000u) \
    X(L, sliding_window_pattern, "attention.sliding_window_pattern", 2048) \
    X(U, shared_kv_layers, "attention.shared_kv_layers", 2048) \
    X(F, causal, "attention.causal", 1) \
    X(F, clamp_kqv, "attention.clamp_kqv", 1) \
    X(F, max_alibi_bias, "attention.max_alibi_bias", 1) \
    X(F, attention_scale, "attention.scale", 1) \
    X(F, attention_temperature_scale, "attention.temperature_scale", 1) \
    X(U, relative_buckets_count, "attention.relative_buckets_count", 1u << 16) \
    X(U, indexer_head_count, "attention.indexer.head_count", 1u << 16) \
    X(U, indexer_key_length, "attention.indexer.key_length", 1u << 16) \
    X(L, indexer_types, "attention.indexer.types", 1) \
    X(U, indexer_top_k, "attention.indexer.top_k", 0x80000000u) \
    X(F, attn_logit_softcapping, "attn_logit_softcapping", 1) \
    X(F, final_logit_softcapping, "final_logit_softcapping", 1) \
    X(F, logit_scale, "logit_scale", 1) \
    X(F, residual_scale, "residual_scale", 1) \
    X(F, embedding_scale, "embedding_scale", 1) \
    X(U, rope_dimension_count, "rope.dimension_count", 1u << 16) \
    X(U, rope_dimension_count_swa, "rope.dimension_count_swa", 1u << 16) \
    X(F, rope_scaling_finetuned, "rope.scaling.finetuned", 1) \
    X(M, rope_scaling_factor, "rope.scaling.factor", 1000000000) \
    X(U, rope_scaling_original_context_length, "rope.scaling.original_context_length", 0x80000000u) \
    X(L, rope_dimension_sections, "rope.dimension_sections", 1u << 16) \
    /* experts */ \
    X(U, expert_count, "expert_count", 1u << 16) \
    X(L, expert_used_count, "expert_used_count", 1u << 16) \
    X(L, expert_feed_forward_length, "expert_feed_forward_length", 1u << 26) \
    X(U, expert_shared_feed_forward_length, "expert_shared_feed_forward_length", 1u << 26) \
    X(U, expert_shared_count, "expert_shared_count", 1u << 16) \
    X(U, expert_group_count, "expert_group_count", 1u << 16) \
    X(U, expert_group_used_count, "expert_group_used_count", 1u << 16) \
    X(U, expert_gating_func, "expert_gating_func", 255) \
    X(F, expert_weights_norm, "expert_weights_norm", 1) \
    X(S, expert_weights_scale, "expert_weights_scale", 1) \
    X(U, expert_chunk_feed_forward_length, "expert_chunk_feed_forward_length", 1u << 26) \
    X(U, experts_per_group, "experts_per_group", 1u << 16) \
    X(U, leading_dense_block_count, "leading_dense_block_count", 2048) \
    X(U, interleave_moe_layer_step, "interleave_moe_layer_step", 2048) \
    X(U, expert_latent_length, "expert_latent_length", 1u << 24) \
    X(U, attn_res_block_size, "attn_res.block_size", 2048) \
    X(U, moe_latent_size, "moe_latent_size", 1u << 24) \
    /* recurrent layers */ \
    X(U, ssm_conv_kernel, "ssm.conv_kernel", 1u << 16) \
    X(U, ssm_inner_size, "ssm.inner_size", 1u << 26) \
    X(U, ssm_state_size, "ssm.state_size", 1u << 20) \
    X(U, ssm_time_step_rank, "ssm.time_step_rank", 1u << 20) \
    X(U, ssm_group_count, "ssm.group_count", 1u << 16) \
    X(F, ssm_dt_b_c_rms, "ssm.dt_b_c_rms", 1) \
    X(L, recurrent_layers, "attention.recurrent_layers", 1) \
    X(U, moe_every_n_layers, "moe_every_n_layers", 2048) \
    X(U, full_attention_interval, "full_attention_interval", 2048) \
    X(U, kda_head_dim, "kda.head_dim", 1u << 16) \
    X(U, shortconv_l_cache, "shortconv.l_cache", 1u << 16) \
    X(U, wkv_head_size, "wkv.head_size", 1u << 16) \
    X(U, token_shift_count, "token_shift_count", 16) \
    X(U, rescale_every_n_layers, "rescale_every_n_layers", 2048) \
    X(U, time_mix_extra_dim, "time_mix_extra_dim", 1u << 16) \
    X(U, time_decay_extra_dim, "time_decay_extra_dim", 1u << 16) \
    X(U, decay_lora_rank, "attention.decay_lora_rank", 1u << 16) \
    X(U, iclr_lora_rank, "attention.iclr_lora_rank", 1u << 16) \
    X(U, value_residual_mix_lora_rank, "attention.value_residual_mix_lora_rank", 1u << 16) \
    X(U, gate_lora_rank, "attention.gate_lora_rank", 1u << 16) \
    /* per-layer embeddings, AltUp (Gemma 3n, Gemma 4) */ \
    X(U, embedding_length_per_layer_input, "embedding_length_per_layer_input", 1u << 20) \
    X(U, altup_num_inputs, "altup.num_inputs", 64) \
    /* encoder-decoder */ \
    X(U, decoder_block_count, "decoder_block_count", 2048) \
    X(U, pooling_type, "pooling_type", 16)

typedef enum vf_hparam_id {
#define X(kind, field, key, max) VF_HP_##field,
    VF_HPARAMS(X)
#undef X
        VF_HP_COUNT
} vf_hparam_id;

typedef struct vf_hparams {
#define VF_HP_TYPE_U uint32_t
#define VF_HP_TYPE_F uint32_t
#define VF_HP_TYPE_S uint32_t
#define VF_HP_TYPE_M uint32_t
#define VF_HP_TYPE_L vf_per_layer
#define X(kind, field, key, max) VF_HP_TYPE_##kind field;
    VF_HPARAMS(X)
#undef X
    /** Bit VF_HP_x: the key is there (a default depends on absence for some). */
    uint64_t present[2];
} vf_hparams;

/** One row per hyperparameter, in the order of vf_hparam_id; ends with a NULL key. */
extern const vf_field vf_hparam_fields[VF_HP_COUNT + 1];

static inline bool vf_hp_present(const vf_hparams *hp, vf_hparam_id id)
{
    return (hp->present[id / 64] >> (id % 64)) & 1u;
}

static inline void vf_hp_mark(vf_hparams *hp, vf_hparam_id id)
{
    hp->present[id / 64] |= UINT64_C(1) << (id % 64);
}

/** The value for layer `il`. `pool` holds the per-layer arrays; layers beyond an array give 0. */
static inline uint32_t vf_at(const vf_per_layer *v, const uint32_t *pool, uint32_t il)
{
    if (v->count == 0)
        return v->value;
    return il < v->count ? pool[v->first + il] : 0;
}

#endif
