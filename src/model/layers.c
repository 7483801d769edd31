/* Hyperparameters → layer table. Defaults and rules: llama.cpp src/llama-model.cpp:load_hparams,
 * src/llama-hparams.cpp, and load_arch_hparams in src/models/<architecture>.cpp. */
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "model/model.h"

#define MAX_LAYERS 2048
#define MAX_WIDTH (UINT64_C(1) << 26)

typedef struct builder {
    vf_model *m;
    const vf_hparams *hp;
    const vf_arch *arch;
    uint32_t n_layer, n_trunk; /* all blocks; those before the multi-token-prediction blocks */
    uint32_t n_head_0;
    uint32_t head_k, head_v, head_k_swa, head_v_swa, n_rot, n_rot_swa;
    bool mla, has_ffn_step;
    bool file_tells; /* there are a file's tensors, and routers among them */
    vf_error *err;
} builder;

#define PER_LAYER(b, field, il) vf_at(&(b)->hp->field, (b)->m->pool, (il))
#define PRESENT(b, field) vf_hp_present((b)->hp, VF_HP_##field)
#define OR_DEFAULT(b, field, value) (PRESENT(b, field) ? (b)->hp->field : (value))

static vf_status bad(builder *b, vf_hparam_id id, const char *what)
{
    return vf_fail_key(b->err, VF_ERR_DATA, vf_hparam_fields[id].key, "%s", what);
}

static vf_status bad_at(builder *b, vf_hparam_id id, uint32_t il, const char *what)
{
    return vf_fail_key(b->err, VF_ERR_DATA, vf_hparam_fields[id].key, "layer %u: %s", il, what);
}

static bool has_step(const vf_arch *arch, vf_step step)
{
    for (const uint8_t *s = arch->steps; *s != VF_STEP_END; s++)
        if (*s == step)
            return true;
    return false;
}

/* Per-layer arrays must cover every block. Of sliding_window_pattern llama.cpp takes any length, and
 * rope.dimension_sections is no array of layers. */
static vf_status check_arrays(builder *b)
{
#define L(field) {VF_HP_##field, &b->hp->field}
    const struct {
        vf_hparam_id id;
        const vf_per_layer *value;
    } lists[] = {
        L(feed_forward_length), L(head_count), L(head_count_kv), L(expert_used_count),
        L(expert_feed_forward_length), L(recurrent_layers), L(indexer_types),
    };
#undef L
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (lists[i].value->count > 0 && lists[i].value->count < b->n_layer)
            return vf_fail_key(b->err, VF_ERR_DATA, vf_hparam_fields[lists[i].id].key,
                               "an array of %u values for %u layers", lists[i].value->count, b->n_layer);
    return VF_OK;
}

static vf_status check_counts(builder *b)
{
    const vf_hparams *hp = b->hp;
    if (hp->embedding_length == 0)
        return bad(b, VF_HP_embedding_length, "must be greater than 0");
    if (hp->block_count == 0 || hp->block_count > MAX_LAYERS)
        return bad(b, VF_HP_block_count, "must be from 1 to 2048");
    if (hp->decoder_block_count > MAX_LAYERS)
        return bad(b, VF_HP_decoder_block_count, "must be from 1 to 2048");
    if (hp->nextn_predict_layers >= b->n_layer)
        return bad(b, VF_HP_nextn_predict_layers, "must be less than block_count");
    if (hp->shared_kv_layers > b->n_layer)
        return bad(b, VF_HP_shared_kv_layers, "more than block_count");
    if (hp->expert_group_count > 1) {
        if (hp->expert_count % hp->expert_group_count != 0 || hp->expert_group_count >= hp->expert_count)
            return bad(b, VF_HP_expert_group_count, "must divide expert_count, and be less");
        if (hp->expert_group_used_count == 0 || hp->expert_group_used_count >= hp->expert_group_count)
            return bad(b, VF_HP_expert_group_used_count, "must be from 1 to less than expert_group_count");
    }
    return VF_OK;
}

/* Head sizes, the same for all layers but for windowed ones. */
static void resolve_heads(builder *b)
{
    const vf_hparams *hp = b->hp;
    b->n_head_0 = PER_LAYER(b, head_count, 0);
    if (b->n_head_0 > 0) {
        uint32_t even = hp->embedding_length / b->n_head_0;
        b->head_k = OR_DEFAULT(b, key_length, even);
        b->head_v = OR_DEFAULT(b, value_length, even);
        b->n_rot = OR_DEFAULT(b, rope_dimension_count, b->head_k);
    } else if (b->arch->recurrent.kind == VF_REC_PLAMO2) {
        /* its first layer has no heads, and it reads their sizes itself: src/models/plamo2.cpp */
        b->head_k = OR_DEFAULT(b, key_length, 0);
        b->head_v = OR_DEFAULT(b, value_length, 0);
    }
    b->head_k_swa = OR_DEFAULT(b, key_length_swa, b->head_k);
    b->head_v_swa = OR_DEFAULT(b, value_length_swa, b->head_v);
    b->n_rot_swa = OR_DEFAULT(b, rope_dimension_count_swa, b->n_rot);
    b->mla = b->arch->attention.kind == VF_ATTN_MLA && hp->key_length_mla > 0 && hp->value_length_mla > 0;
}

static void resolve_window(builder *b)
{
    const vf_arch *arch = b->arch;
    uint32_t n_swa = OR_DEFAULT(b, sliding_window, arch->window.size);
    if (arch->window.where == VF_WINDOW_NONE ||
        (arch->window.block_count > 0 && arch->window.block_count != b->n_trunk))
        n_swa = 0;
    if (n_swa > 0 && arch->window.fixed > 0)
        n_swa = arch->window.fixed;
    b->m->n_swa = n_swa;
}

static bool is_windowed(const builder *b, uint32_t il)
{
    if (b->m->n_swa == 0)
        return false;
    if (b->hp->sliding_window_pattern.count > 0 && b->arch->window.where != VF_WINDOW_ALL)
        return PER_LAYER(b, sliding_window_pattern, il) != 0;
    if (il >= b->n_trunk)
        return false;
    if (b->arch->window.where == VF_WINDOW_ALL)
        return true;
    uint32_t period = b->hp->sliding_window_pattern.value;
    if (!PRESENT(b, sliding_window_pattern))
        period = b->arch->window.period;
    if (b->arch->window.where == VF_WINDOW_ARRAY)
        return false;
    if (period == 0)
        return true;
    if (b->arch->window.where == VF_WINDOW_DENSE_FIRST)
        return il % period != 0;
    return il % period < period - 1;
}

static bool is_recurrent(const builder *b, uint32_t il, uint32_t n_head_kv, uint32_t n_ff)
{
    if (il >= b->n_trunk)
        return false;
    switch (b->arch->recurrent.where) {
    case VF_REC_AT_ALL:
    case VF_REC_AT_BOTH:
        return true;
    case VF_REC_AT_KV_ZERO:
        return n_head_kv == 0;
    case VF_REC_AT_KV_FF_ZERO:
        return n_head_kv == 0 && n_ff == 0;
    case VF_REC_AT_INTERVAL: {
        if (PRESENT(b, recurrent_layers))
            return PER_LAYER(b, recurrent_layers, il) != 0;
        uint32_t interval = OR_DEFAULT(b, full_attention_interval, b->arch->recurrent.interval);
        return interval == 0 || (il + 1) % interval != 0;
    }
    default:
        return false;
    }
}

/* State of one sequence, in elements: llama.cpp src/llama-hparams.cpp:n_embd_r, n_embd_s. */
static void fill_state(const builder *b, vf_layer *l)
{
    const vf_hparams *hp = b->hp;
    uint64_t n_embd = hp->embedding_length, d_conv = hp->ssm_conv_kernel, kda = hp->kda_head_dim;
    switch (l->recurrent) {
    case VF_REC_RWKV6:
    case VF_REC_RWKV7:
    case VF_REC_RWKV6_QWEN2:
    case VF_REC_ARWKV7:
        l->state_r = vf_mul(OR_DEFAULT(b, token_shift_count, 2), n_embd);
        l->state_s = vf_mul(n_embd, hp->wkv_head_size);
        break;
    case VF_REC_SHORTCONV:
        l->state_r = vf_mul(n_embd, hp->shortconv_l_cache - 1);
        break;
    case VF_REC_KDA:
        l->state_r = vf_mul(vf_mul3(3, d_conv - 1, b->n_head_0), kda);
        l->state_s = vf_mul3(kda, kda, b->n_head_0);
        break;
    case VF_REC_LIGHTNING:
        l->head_k = b->head_k;
        l->state_s = vf_mul3(b->head_k, b->head_k, b->n_head_0);
        break;
    default: {
        uint64_t groups = vf_mul3(2, hp->ssm_group_count, hp->ssm_state_size);
        l->state_r = vf_mul(d_conv - 1, vf_add(hp->ssm_inner_size, groups));
        l->state_s = vf_mul(hp->ssm_state_size, hp->ssm_inner_size);
        break;
    }
    }
}

/* The hyperparameters that a kind of recurrent block cannot do without. */
static vf_status check_recurrent(builder *b)
{
#define NEED(field) \
    if (b->hp->field == 0) \
        return bad(b, VF_HP_##field, "must be greater than 0")
    switch (b->arch->recurrent.kind) {
    case VF_REC_NONE:
        break;
    case VF_REC_RWKV6:
    case VF_REC_RWKV7:
    case VF_REC_RWKV6_QWEN2:
    case VF_REC_ARWKV7:
        NEED(wkv_head_size);
        if (b->hp->embedding_length % b->hp->wkv_head_size != 0)
            return bad(b, VF_HP_wkv_head_size, "must divide embedding_length");
        break;
    case VF_REC_SHORTCONV:
        NEED(shortconv_l_cache);
        break;
    case VF_REC_KDA:
        NEED(ssm_conv_kernel);
        NEED(kda_head_dim);
        break;
    case VF_REC_LIGHTNING:
        break;
    default:
        NEED(ssm_conv_kernel);
        NEED(ssm_inner_size);
        NEED(ssm_state_size);
        NEED(ssm_time_step_rank);
        if (b->arch->recurrent.kind != VF_REC_MAMBA && b->arch->recurrent.kind != VF_REC_PLAMO2)
            NEED(ssm_group_count);
    }
#undef NEED
    return VF_OK;
}

/* Gemma 3n: constants of llama.cpp src/llama-hparams.h (n_altup, n_embd_altup), where the file says nothing. */
#define ALTUP_STREAMS 4
#define PER_LAYER_WIDTH 256

static vf_status resolve_altup(builder *b, vf_hparams *hp)
{
    if (!b->arch->embedding.altup)
        return VF_OK;
    hp->altup_num_inputs = OR_DEFAULT(b, altup_num_inputs, ALTUP_STREAMS);
    hp->embedding_length_per_layer_input = OR_DEFAULT(b, embedding_length_per_layer_input, PER_LAYER_WIDTH);
    return hp->altup_num_inputs == 0 ? bad(b, VF_HP_altup_num_inputs, "must be greater than 0") : VF_OK;
}

static vf_status fill_heads(builder *b, uint32_t il, vf_layer *l)
{
    const vf_arch *arch = b->arch;
    l->windowed = is_windowed(b, il);
    l->head_k = l->windowed ? b->head_k_swa : b->head_k;
    l->head_v = l->windowed ? b->head_v_swa : b->head_v;
    l->n_rot = l->windowed ? b->n_rot_swa : b->n_rot;
    if (l->n_head == 0)
        return bad_at(b, VF_HP_head_count, il, "must be greater than 0");
    if (l->n_head_kv == 0)
        return bad_at(b, VF_HP_head_count_kv, il, "must be greater than 0");
    if (l->n_head % l->n_head_kv != 0)
        return bad_at(b, VF_HP_head_count_kv, il, "must divide attention.head_count");
    if (l->head_k == 0)
        return bad_at(b, VF_HP_key_length, il, "must be greater than 0");
    if (l->head_v == 0)
        return bad_at(b, VF_HP_value_length, il, "must be greater than 0");
    if (arch->attention.width_is_n_embd &&
        vf_mul(l->n_head, l->head_k) != b->hp->embedding_length)
        return bad_at(b, VF_HP_key_length, il, "times attention.head_count must be embedding_length");
    if (arch->attention.kind != VF_ATTN_MLA)
        return VF_OK;
    if (b->hp->kv_lora_rank == 0)
        return bad(b, VF_HP_kv_lora_rank, "must be greater than 0");
    l->head_k_mla = b->mla ? b->hp->key_length_mla : l->head_k;
    l->head_v_mla = b->mla ? b->hp->value_length_mla : l->head_v;
    if (l->n_rot >= l->head_k_mla)
        return bad(b, VF_HP_rope_dimension_count, "must be less than the length of a key");
    return VF_OK;
}

static vf_status fill_attention(builder *b, uint32_t il, vf_layer *l)
{
    const vf_arch *arch = b->arch;
    if (arch->attention.kind == VF_ATTN_NONE || arch->recurrent.where == VF_REC_AT_ALL)
        return VF_OK;
    if (l->recurrent != VF_REC_NONE && arch->recurrent.where != VF_REC_AT_BOTH)
        return VF_OK;
    if (arch->recurrent.where == VF_REC_AT_KV_FF_ZERO && !l->mtp && PER_LAYER(b, feed_forward_length, il) > 0)
        return VF_OK;
    if (arch->attention.prunable && l->n_head_kv == 0) {
        l->attention = l->n_head > 0 ? VF_ATTN_LINEAR : VF_ATTN_NONE;
        return VF_OK;
    }
    l->attention = arch->attention.kind;
    if (l->attention == VF_ATTN_MLA && !b->mla)
        l->attention = VF_ATTN_MLA_KV_B;
    l->indexer = arch->attention.indexer && (!PRESENT(b, indexer_types) || PER_LAYER(b, indexer_types, il) != 0);
    uint32_t own = arch->attention.kv_layers ? arch->attention.kv_layers : b->n_layer;
    if (arch->attention.shared_kv)
        own = b->n_layer - b->hp->shared_kv_layers;
    l->has_cache = (arch->causal || arch->attention.idle_cache) && (il < own || l->mtp);
    /* llama.cpp src/llama-model.cpp: create_memory, filters of the hybrid caches */
    l->draft_cache = l->mtp && !arch->mtp.cached &&
                     !(arch->recurrent.where == VF_REC_AT_KV_FF_ZERO && PER_LAYER(b, feed_forward_length, il) == 0);
    return fill_heads(b, il, l);
}

static bool has_router(const vf_model *m, uint32_t il)
{
    return vf_model_tensor(m, (int32_t)il, VF_ROLE_FFN_GATE_INP, VF_PART_WEIGHT) != NULL;
}

/* Some architectures leave it to the file which layers have a router (Jamba, MiMo-V2). */
static bool has_routers(const builder *b)
{
    if (!b->m->from_file || b->hp->expert_count == 0)
        return false;
    for (uint32_t il = 0; il < b->n_layer; il++)
        if (has_router(b->m, il))
            return true;
    return false;
}

static bool has_experts(const builder *b, uint32_t il, const vf_layer *l, uint32_t n_ff)
{
    const vf_hparams *hp = b->hp;
    if (l->mtp && b->arch->mtp.dense)
        return false;
    if (b->file_tells)
        return has_router(b->m, il);
    if (hp->expert_count == 0)
        return false;
    switch (b->arch->moe.where) {
    case VF_MOE_AT_ALL:
        return true;
    case VF_MOE_AT_LEADING_DENSE:
        return il >= hp->leading_dense_block_count;
    case VF_MOE_AT_INTERLEAVE:
        return hp->interleave_moe_layer_step > 0 && (il + 1) % hp->interleave_moe_layer_step == 0;
    case VF_MOE_AT_ODD:
        return il % 2 == 1;
    case VF_MOE_AT_EVERY:
        return hp->moe_every_n_layers > 0 && il % hp->moe_every_n_layers == 1;
    case VF_MOE_AT_KV_FF_ZERO:
        return n_ff > 0 || l->mtp;
    default:
        return false;
    }
}

static uint64_t shared_width(const builder *b, uint64_t n_ff, uint64_t n_ff_exp)
{
    uint64_t shexp = b->hp->expert_shared_feed_forward_length, count = b->hp->expert_shared_count;
    switch (b->arch->moe.shared) {
    case VF_SHARED_FF_SHEXP:
        return shexp;
    case VF_SHARED_FF_SHEXP_OR_FF:
        return shexp ? shexp : n_ff;
    case VF_SHARED_FF_EXP:
        return n_ff_exp;
    case VF_SHARED_FF_EXP_X_COUNT:
        return n_ff_exp * count;
    case VF_SHARED_FF_SHEXP_OR_FF_EXP:
        return shexp ? shexp : n_ff_exp;
    case VF_SHARED_FF_SHEXP_X_COUNT:
        return (shexp ? shexp : n_ff_exp) * count;
    case VF_SHARED_FF_SHEXP_OR_X_COUNT:
        return count == 0 ? 0 : shexp ? shexp : n_ff_exp * count;
    case VF_SHARED_FF_SHEXP_OR_X_COUNT_MIN_1:
        return shexp ? shexp : n_ff_exp * (count ? count : 1);
    case VF_SHARED_FF_EXP_X_COUNT_MIN_1:
        return n_ff_exp * (count ? count : 1);
    default:
        return 0;
    }
}

static vf_status fill_experts(builder *b, uint32_t il, vf_layer *l, uint32_t n_ff)
{
    const vf_hparams *hp = b->hp;
    const vf_arch *arch = b->arch;
    l->n_expert = hp->expert_count;
    l->n_expert_used = PER_LAYER(b, expert_used_count, il);
    if (l->n_expert_used == 0)
        return bad_at(b, VF_HP_expert_used_count, il, "must be greater than 0");
    if (l->n_expert_used > l->n_expert)
        return bad_at(b, VF_HP_expert_used_count, il, "more than expert_count");
    l->n_ff_exp = PER_LAYER(b, expert_feed_forward_length, il);
    if (arch->moe.width == VF_WIDTH_FF)
        l->n_ff_exp = n_ff;
    else if (l->n_ff_exp == 0)
        l->n_ff_exp = arch->moe.width == VF_WIDTH_FF_EXP_OR_FF ? n_ff : n_ff / l->n_expert_used;
    if (l->n_ff_exp == 0)
        return bad_at(b, VF_HP_expert_feed_forward_length, il, "must be greater than 0");
    uint64_t n_ff_shexp = shared_width(b, n_ff, l->n_ff_exp);
    if (n_ff_shexp > MAX_WIDTH)
        return bad(b, VF_HP_expert_shared_count, "shared experts are wider than 2^26");
    l->n_ff_shexp = (uint32_t)n_ff_shexp;
    l->ffn = VF_FFN_MOE;
    if (!vf_model_has(b->m, arch->moe.dense, VF_OPTION_DENSE_FFN))
        l->n_ff = 0;
    return VF_OK;
}

static vf_status fill_ffn(builder *b, uint32_t il, vf_layer *l)
{
    const vf_arch *arch = b->arch;
    uint32_t n_ff = PER_LAYER(b, feed_forward_length, il);
    if (arch->ffn.divisor > 1)
        n_ff /= arch->ffn.divisor;
    l->n_ff = n_ff;
    if (arch->ffn.width_is_n_embd)
        l->n_ff = b->hp->embedding_length;
    if (!b->has_ffn_step)
        return VF_OK;
    if (has_experts(b, il, l, n_ff))
        return fill_experts(b, il, l, n_ff);
    if (arch->ffn.kind == VF_FFN_NONE && b->hp->expert_count == 0)
        return bad(b, VF_HP_expert_count, "must be greater than 0");
    bool may_lack = arch->attention.prunable || arch->recurrent.where == VF_REC_AT_KV_FF_ZERO || !b->m->known_arch;
    if (l->n_ff == 0 && !may_lack)
        return bad_at(b, VF_HP_feed_forward_length, il, "must be greater than 0");
    if (l->n_ff > 0)
        l->ffn = arch->ffn.kind;
    return VF_OK;
}

static vf_status fill_layer(builder *b, uint32_t il, vf_layer *l)
{
    l->mtp = il >= b->n_trunk;
    l->n_head = PER_LAYER(b, head_count, il);
    l->n_head_kv = PRESENT(b, head_count_kv) ? PER_LAYER(b, head_count_kv, il) : l->n_head;
    if (is_recurrent(b, il, l->n_head_kv, PER_LAYER(b, feed_forward_length, il))) {
        l->recurrent = b->arch->recurrent.kind;
        fill_state(b, l);
    }
    vf_status s = fill_attention(b, il, l);
    return s == VF_OK ? fill_ffn(b, il, l) : s;
}

/* What is taken of an architecture without a record: a block of attention and a feed-forward. */
static const vf_arch unknown = {
    .causal = true,
    .steps = {VF_STEP_ATTN_NORM, VF_STEP_MIXER, VF_STEP_ADD, VF_STEP_FFN_NORM, VF_STEP_FFN, VF_STEP_ADD},
    .norm = VF_NORM_RMS,
    .attention = {.kind = VF_ATTN_GQA, .rope = true},
    .ffn.kind = VF_FFN_GATED,
    .moe.where = VF_MOE_AT_LEADING_DENSE,
};

vf_status vf_layers_build(vf_model *m, vf_error *err)
{
    if (!m->known_arch)
        m->arch = unknown;
    builder b = {.m = m, .hp = &m->hp, .arch = &m->arch, .err = err};
    b.n_layer = m->arch.encoder_decoder && m->hp.decoder_block_count ? m->hp.decoder_block_count
                                                                     : m->hp.block_count;
    vf_status s = check_counts(&b);
    if (s != VF_OK)
        return s;
    b.n_trunk = b.n_layer - m->hp.nextn_predict_layers;
    b.file_tells = has_routers(&b);
    b.has_ffn_step = has_step(&m->arch, VF_STEP_FFN);
    if ((s = check_arrays(&b)) != VF_OK || (s = check_recurrent(&b)) != VF_OK || (s = resolve_altup(&b, &m->hp)) != VF_OK)
        return s;
    resolve_heads(&b);
    m->head_k = b.head_k;
    m->head_v = b.head_v;
    resolve_window(&b);
    m->layers = vf_alloc_zero(&m->a, b.n_layer, sizeof *m->layers);
    if (!m->layers)
        return vf_fail(err, VF_ERR_NOMEM, "out of memory");
    m->n_layers = b.n_layer;
    for (uint32_t il = 0; il < b.n_layer; il++)
        if ((s = fill_layer(&b, il, &m->layers[il])) != VF_OK)
            return s;
    return VF_OK;
}
