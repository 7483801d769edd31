#include "base/checked.h"
#include "model/blocks.h"

/* Gemma 3n: constants of llama.cpp src/llama-hparams.h (laurel_rank, n_embd_altup). */
#define LAUREL_RANK 64
#define PER_LAYER_WIDTH 256

#define HP(field) ((uint64_t)m->hp.field)

static uint64_t full_rope(const vf_model *m)
{
    uint32_t n_head = vf_at(&m->hp.head_count, m->pool, 0);
    if (vf_hp_present(&m->hp, VF_HP_rope_dimension_count))
        return HP(rope_dimension_count);
    if (vf_hp_present(&m->hp, VF_HP_key_length))
        return HP(key_length);
    return n_head > 0 ? HP(embedding_length) / n_head : 0;
}

static void dims_recurrent(const vf_model *m, uint64_t dim[D_COUNT])
{
    uint64_t state = HP(ssm_state_size), groups = HP(ssm_group_count), dt = HP(ssm_time_step_rank);
    uint64_t inner = HP(ssm_inner_size), bc = vf_mul3(2, groups, state);
    dim[D_CONV] = HP(ssm_conv_kernel);
    dim[D_INNER] = inner;
    dim[D_INNER_2] = vf_mul(2, inner);
    dim[D_STATE] = state;
    dim[D_DT] = dt;
    dim[D_DT_2] = vf_mul(2, dt);
    dim[D_DT_BC] = vf_add(dt, vf_mul(2, state));
    dim[D_M2_CONV] = vf_add(inner, bc);
    dim[D_M2_IN] = vf_add(vf_add(vf_mul(2, inner), bc), dt);
    dim[D_GROUPS] = groups;
    dim[D_M2_GROUP] = groups > 0 ? inner / groups : 0;
    dim[D_DELTA_V] = vf_mul(state, dt);
    dim[D_DELTA_QKV] = vf_add(bc, dim[D_DELTA_V]);
    /* PLaMo 2's rank of dt is a constant of the architecture (src/models/plamo2.cpp) */
    dim[D_PLAMO_DT] = HP(embedding_length) / 16 > 64 ? HP(embedding_length) / 16 : 64;
    dim[D_PLAMO_BC] = vf_add(dim[D_PLAMO_DT], vf_mul(2, state));
    dim[D_KDA] = HP(kda_head_dim);
    dim[D_SHORTCONV] = HP(shortconv_l_cache);
    dim[D_WKV_HEAD] = HP(wkv_head_size);
    dim[D_WKV_HEADS] = HP(wkv_head_size) > 0 ? HP(embedding_length) / HP(wkv_head_size) : 0;
    dim[D_MIX] = HP(time_mix_extra_dim);
    dim[D_MIX_5] = vf_mul(5, HP(time_mix_extra_dim));
    dim[D_DECAY] = HP(time_decay_extra_dim);
    dim[D_LORA_W] = HP(decay_lora_rank);
    dim[D_LORA_A] = HP(iclr_lora_rank);
    dim[D_LORA_G] = HP(gate_lora_rank);
}

void vf_dims_model(const vf_model *m, uint64_t dim[D_COUNT])
{
    uint64_t n_embd = HP(embedding_length);
    dim[D_NONE] = 1;
    dim[D_1] = 1;
    dim[D_5] = 5;
    dim[D_6] = 6;
    dim[D_EMBD] = n_embd;
    dim[D_EMBD_2] = vf_mul(2, n_embd);
    dim[D_EMBD_3] = vf_mul(3, n_embd);
    dim[D_VOCAB] = HP(vocab_size);
    dim[D_CTX] = HP(context_length);
    dim[D_TYPES] = HP(token_type_count);
    dim[D_ROT_HALF] = full_rope(m) / 2;
    dim[D_PER_LAYER] = HP(embedding_length_per_layer_input);
    if (!vf_hp_present(&m->hp, VF_HP_embedding_length_per_layer_input) && m->arch.embedding.altup)
        dim[D_PER_LAYER] = PER_LAYER_WIDTH;
    dim[D_PER_LAYER_ALL] = vf_mul(dim[D_PER_LAYER], m->n_layers);
    dim[D_ALTUP] = vf_altup_streams(m);
    dim[D_ALTUP_2] = vf_mul(dim[D_ALTUP], dim[D_ALTUP]);
    dim[D_ALTUP_REST] = dim[D_ALTUP] > 0 ? dim[D_ALTUP] - 1 : 0;
    dim[D_LAUREL] = LAUREL_RANK;
    dim[D_BUCKETS] = HP(relative_buckets_count);
    dim[D_LORA_Q] = HP(q_lora_rank);
    dim[D_LORA_KV] = HP(kv_lora_rank);
    dim[D_IDX_HEAD] = HP(indexer_head_count);
    dim[D_IDX_K] = HP(indexer_key_length);
    dim[D_IDX_Q] = vf_mul(HP(indexer_head_count), HP(indexer_key_length));
    dim[D_EXPERT] = HP(expert_count);
    dim[D_LATENT] = HP(moe_latent_size);
    dim[D_ROUTED] = HP(expert_latent_length);
    dim[D_MOE_EMBD] = n_embd;
    if (m->arch.moe.latent && HP(moe_latent_size) > 0)
        dim[D_MOE_EMBD] = HP(moe_latent_size);
    if (m->arch.moe.routed && HP(expert_latent_length) > 0)
        dim[D_MOE_EMBD] = HP(expert_latent_length);
    dims_recurrent(m, dim);
}

static void dims_attention(const vf_model *m, const vf_layer *l, uint64_t dim[D_COUNT])
{
    uint64_t q = vf_mul(l->n_head, l->head_k);
    dim[D_HEAD] = l->n_head;
    dim[D_HEAD_KV] = l->n_head_kv;
    dim[D_HEAD_K] = l->head_k;
    dim[D_Q] = q;
    dim[D_Q_GATE] = m->arch.attention.gate == VF_GATE_IN_Q ? vf_mul(2, q) : q;
    dim[D_K] = vf_mul(l->n_head_kv, l->head_k);
    dim[D_V] = vf_mul(l->n_head_kv, l->head_v);
    dim[D_QKV] = vf_add(dim[D_Q_GATE], vf_add(dim[D_K], dim[D_V]));
    dim[D_ATTN] = vf_mul(l->n_head, l->head_v_mla ? l->head_v_mla : l->head_v);
    uint64_t nope = l->head_k_mla > l->n_rot ? l->head_k_mla - l->n_rot : 0;
    dim[D_LORA_KV_ROT] = vf_add(HP(kv_lora_rank), l->n_rot);
    dim[D_MLA_Q] = vf_mul(l->n_head, l->head_k_mla);
    dim[D_MLA_NOPE] = nope;
    dim[D_MLA_V] = l->head_v_mla;
    dim[D_MLA_KV_B] = vf_mul(l->n_head, nope + l->head_v_mla);
}

void vf_dims_layer(const vf_model *m, const vf_layer *l, uint32_t il, uint64_t dim[D_COUNT])
{
    dims_attention(m, l, dim);
    dim[D_FF] = l->n_ff;
    dim[D_FF_2] = vf_mul(2, l->n_ff);
    dim[D_FF_EXP] = l->n_ff_exp;
    dim[D_FF_EXP_2] = vf_mul(2, l->n_ff_exp);
    dim[D_FF_SHEXP] = l->n_ff_shexp;
    dim[D_FF_SHEXP_2] = vf_mul(2, l->n_ff_shexp);
    dim[D_FF_CHUNK] = HP(expert_chunk_feed_forward_length) ? HP(expert_chunk_feed_forward_length) : l->head_k;
    dim[D_CHUNK] = HP(experts_per_group) ? HP(expert_count) / HP(experts_per_group) : 0;
    dim[D_KDA_ALL] = vf_mul(HP(kda_head_dim), l->n_head);
    dim[D_Q_3] = vf_mul(3, dim[D_Q]);
    /* the first layer's value mix has the rank of the in-context learning rate (rwkv7-base) */
    dim[D_LORA_V] = il == 0 ? HP(iclr_lora_rank) : HP(value_residual_mix_lora_rank);
    dim[D_RWKV_KV] = l->n_head_kv > 0 ? vf_mul(l->n_head_kv, HP(wkv_head_size)) : HP(embedding_length);
}
