/* A model divided over cards: stages of layers, and matrices cut within a layer. The cuts are those of
 * Megatron's tensor parallelism, as vLLM (model_executor/layers/linear.py, vocab_parallel_embedding.py), SGLang
 * and TensorRT-LLM have them. */
#include "base/checked.h"
#include "base/error.h"
#include "model/schemes.h"
#include "runtime/servers.h"

/* vLLM, vocab_parallel_embedding.py: DEFAULT_VOCAB_PADDING_SIZE. */
#define VOCABULARY_PAD 64
/* Kernels for microscaled experts are laid out in tiles: gpt-oss takes 1.067 = 3072 / 2880 of what is stored
 * (measured, vLLM on H100). */
#define MICRO_PAD 256

/* Matrices that every card holds whole: latent projections, indexers, small gates. Routers are, too. */
static const uint16_t whole[] = {
    VF_ROLE_ATTN_Q_A,       VF_ROLE_ATTN_KV_A_MQA,  VF_ROLE_INDEXER_ATTN_K, VF_ROLE_INDEXER_ATTN_Q_B,
    VF_ROLE_INDEXER_K_PROJ, VF_ROLE_INDEXER_PROJ,   VF_ROLE_INDEXER_Q_PROJ, VF_ROLE_FFN_LATENT_DOWN,
    VF_ROLE_FFN_LATENT_UP,  VF_ROLE_INP_GATE,       VF_ROLE_PROJ,           VF_ROLE_PER_LAYER_MODEL_PROJ,
    VF_ROLE_LAUREL_L,       VF_ROLE_LAUREL_R,       VF_ROLE_ALTUP_PROJ,     VF_ROLE_ALTUP_UNEMBD_PROJ,
    VF_ROLE_ALTUP_ROUTER,   VF_ROLE_ALTUP_CORRECT_COEF, VF_ROLE_ALTUP_PREDICT_COEF, VF_ROLE_POSITION_EMBD,
    VF_ROLE_TOKEN_TYPES,    VF_ROLE_SSM_F_A,        VF_ROLE_SSM_G_A,
};

/* Outputs are cut: their biases are, too. */
static const uint16_t columns[] = {
    VF_ROLE_ATTN_Q, VF_ROLE_ATTN_K, VF_ROLE_ATTN_V, VF_ROLE_ATTN_QKV, VF_ROLE_FFN_GATE, VF_ROLE_FFN_UP,
    VF_ROLE_FFN_GATE_EXPS, VF_ROLE_FFN_UP_EXPS, VF_ROLE_FFN_GATE_UP_EXPS, VF_ROLE_OUTPUT,
};

static bool has(const uint16_t *roles, size_t n, uint16_t role)
{
    for (size_t i = 0; i < n; i++)
        if (roles[i] == role)
            return true;
    return false;
}

#define HAS(roles, role) has(roles, sizeof roles / sizeof roles[0], role)

static bool is_cut(const vf_tensor *t)
{
    vf_slot slot = vf_tensor_slot(t);
    if (slot == VF_SLOT_PLAIN)
        return (t->part == VF_PART_BIAS && HAS(columns, t->role)) || t->role == VF_ROLE_SSM_CONV1D ||
               (t->part == VF_PART_SCALE && t->role != VF_ROLE_FFN_GATE_INP); /* routers are whole */
    return slot != VF_SLOT_ROUTER && !HAS(whole, t->role);
}

static uint64_t card_bytes(const sv_run *run, const vf_tensor *t, uint64_t bytes)
{
    uint64_t tp = run->tp;
    if (tp == 1 || !is_cut(t))
        return bytes;
    const vf_layer *l = t->layer >= 0 && (uint32_t)t->layer < run->k->model->n_layers ? &run->k->model->layers[t->layer] : NULL;
    if (l && l->n_head_kv && l->n_head_kv < tp) {
        if (t->role == VF_ROLE_ATTN_K || t->role == VF_ROLE_ATTN_V)
            return vf_ceil_div(bytes, l->n_head_kv);
        if (t->role == VF_ROLE_ATTN_QKV) /* rows of a query head and of a key or value head are as wide */
            return vf_ceil_div(vf_mul(bytes, vf_add(vf_ceil_div(l->n_head, tp), 2)),
                               vf_add(l->n_head, vf_mul(2, l->n_head_kv)));
    }
    if (run->k->settings->expert_parallel && l && l->n_expert && vf_role_is_expert(t->role))
        return vf_mul(bytes / l->n_expert, vf_ceil_div(l->n_expert, tp)); /* whole experts; the card with one more */
    return vf_ceil_div(bytes, tp);
}

/** A tensor's bytes once loaded, the vocabulary padded. */
static uint64_t loaded_bytes(const sv_run *run, size_t i)
{
    const vf_case *k = run->k;
    vf_tensor t = k->model->tensors[i];
    if ((t.role == VF_ROLE_TOKEN_EMBD || t.role == VF_ROLE_OUTPUT) && t.part == VF_PART_WEIGHT && t.n_dims == 2)
        t.ne[1] = vf_pad(t.ne[1], VOCABULARY_PAD);
    if (k->quant->kind == VF_QUANT_SCHEME && k->quant->packing == VF_PACK_MICRO && vf_tensor_slot(&t) == VF_SLOT_EXPERT)
        t.ne[0] = vf_pad(t.ne[0], MICRO_PAD);
    if (k->quant->kind == VF_QUANT_SCHEME)
        return vf_scheme_tensor_bytes(k->model, k->quant, &t);
    return vf_tensor_bytes(&t, k->types[i]);
}

static uint64_t stored_bytes(const vf_case *k, size_t i)
{
    const vf_tensor *t = &k->model->tensors[i];
    return k->quant->kind == VF_QUANT_SCHEME ? vf_scheme_tensor_bytes(k->model, k->quant, t)
                                             : vf_tensor_bytes(t, k->types[i]);
}

/* Which stage loads it: blocks by number, the embeddings the first, what comes after the blocks the last; the
 * last one of several needs a tied table of its own. */
static bool is_here(const vf_model *m, const sv_stage *s, const vf_tensor *t)
{
    if (t->layer >= 0 && t->stack == VF_STACK_BLK && (uint32_t)t->layer < m->n_layers)
        return (uint32_t)t->layer >= s->first && (uint32_t)t->layer < s->end;
    vf_slot slot = vf_tensor_slot(t);
    bool input = slot == VF_SLOT_EMBEDDING || t->role == VF_ROLE_TOKEN_EMBD_NORM || t->stack != VF_STACK_BLK;
    bool tied_output = m->tied && t->role == VF_ROLE_TOKEN_EMBD;
    return (input && s->is_first) || (!input && s->is_last) || (tied_output && s->is_last);
}

/** cos and sin of every position, once for each way in which layers of the stage rotate: by width, and by base where layers
 * with a window have their own. Linear scaling has positions between the positions (vLLM, rotary_embedding: get_rope,
 * _compute_cos_sin_cache; linear_scaling_rope.py; mrope.py). */
static uint64_t position_tables(const sv_run *run, const sv_stage *s)
{
    const vf_model *m = run->k->model;
    const vf_hparams *hp = &m->hp;
    const sv_rules *rules = run->rules;
    bool own = m->arch.window.own_rope;
    uint64_t width[2] = {0, 0}; /* without a window, with one */
    for (uint32_t i = s->first; i < s->end && m->arch.attention.rope; i++)
        if (m->layers[i].has_cache && m->layers[i].n_rot)
            width[m->layers[i].windowed] = m->layers[i].n_rot;
    if (width[0] == width[1] && !own)
        width[1] = 0;
    uint64_t positions = hp->context_length, between = positions;
    if (hp->rope_dimension_sections.count && rules->image_positions)
        between = positions = vf_mul(positions, rules->image_positions);
    if (hp->rope_scaling_factor > 1000 && !hp->rope_scaling_original_context_length && (!own || rules->scales_beside_own))
        between = vf_mul(positions, hp->rope_scaling_factor) / 1000; /* at most 2^31 x 4 x 10^9 */
    uint64_t elements = vf_add(vf_mul(between, width[0]), vf_mul(own ? positions : between, width[1]));
    return vf_mul(elements, rules->table_bytes ? rules->table_bytes : run->bytes);
}

vf_status sv_weigh(const sv_run *run, sv_stage *s, uint64_t *model, vf_error *err)
{
    const vf_model *m = run->k->model;
    uint64_t tied_head = run->k->quant->kind == VF_QUANT_SCHEME ? vf_scheme_tied_head_bytes(m, run->k->quant) : 0;
    /* a tower for images or sound stays in 16 bits and is not cut */
    uint64_t tower = vf_mul(m->vision_parameters, 2);
    *model = vf_add(tied_head, tower);
    s->weights = vf_add(s->is_last ? vf_ceil_div(tied_head, run->tp) : 0, s->is_first ? tower : 0);
    for (size_t i = 0; i < m->n_tensors; i++) {
        const vf_tensor *t = &m->tensors[i];
        if (!m->from_file && !vf_tensor_is_parameter(t))
            continue;
        *model = vf_add(*model, stored_bytes(run->k, i));
        if (is_here(m, s, t))
            s->weights = vf_add(s->weights, card_bytes(run, t, loaded_bytes(run, i)));
    }
    s->tables = position_tables(run, s);
    if (!vf_size_ok(s->weights) || !vf_size_ok(*model) || !vf_size_ok(s->tables))
        return vf_fail(err, VF_ERR_RANGE, "the weights would be over 2^60 bytes");
    return VF_OK;
}

/* ---- what can be divided ------------------------------------------------------------------------ */

/** Scales that several inputs share cannot be cut apart. */
static vf_status check_group(const sv_run *run, const char *what, uint64_t width, vf_error *err)
{
    const vf_quant *q = run->k->quant;
    if (width % run->tp != 0)
        return vf_fail_key(err, VF_ERR_REFUSED, "--tensor-parallel", "%u: %s of the model, %llu, is no multiple of it",
                           run->tp, what, (unsigned long long)width);
    if (q->kind == VF_QUANT_SCHEME && q->group && width / run->tp % q->group != 0 && width % q->group == 0)
        return vf_fail_key(err, VF_ERR_REFUSED, "--tensor-parallel",
                           "%u: %s of the model, %llu, would be cut within the groups of %u that share a scale in %s",
                           run->tp, what, (unsigned long long)width, q->group, q->name);
    return VF_OK;
}

static vf_status check_heads(const sv_run *run, const vf_layer *l, vf_error *err)
{
    if (l->n_head % run->tp != 0)
        return vf_fail_key(err, VF_ERR_REFUSED, "--tensor-parallel",
                           "%u: the model's %u attention heads are no multiple of it (--pipeline-parallel cuts between layers)",
                           run->tp, l->n_head);
    if (l->attention != VF_ATTN_MLA && l->n_head_kv && l->n_head_kv % run->tp != 0 && run->tp % l->n_head_kv != 0)
        return vf_fail_key(err, VF_ERR_REFUSED, "--tensor-parallel",
                           "%u: the model's %u key-value heads are neither a multiple nor a divisor of it", run->tp,
                           l->n_head_kv);
    return VF_OK;
}

vf_status sv_check_division(const sv_run *run, vf_error *err)
{
    const vf_model *m = run->k->model;
    vf_status st = VF_OK;
    if (run->pp > m->n_layers)
        return vf_fail_key(err, VF_ERR_REFUSED, "--pipeline-parallel", "%u: the model has %u layers", run->pp, m->n_layers);
    if (run->k->settings->expert_parallel && m->hp.expert_count == 0)
        return vf_fail_key(err, VF_ERR_USAGE, "--expert-parallel", "the model has no experts");
    if (run->tp == 1)
        return VF_OK;
    for (uint32_t i = 0; i < m->n_layers && st == VF_OK; i++) {
        const vf_layer *l = &m->layers[i];
        if (l->has_cache)
            st = check_heads(run, l, err);
        if (st == VF_OK && l->n_ff)
            st = check_group(run, "a feed-forward width", l->n_ff, err);
        if (st == VF_OK && l->ffn == VF_FFN_MOE && !run->k->settings->expert_parallel)
            st = check_group(run, "the experts' width", l->n_ff_exp, err);
    }
    if (st == VF_OK && vf_pad(m->hp.vocab_size, VOCABULARY_PAD) % run->tp != 0)
        return vf_fail_key(err, VF_ERR_REFUSED, "--tensor-parallel", "%u: the vocabulary, %u padded to a multiple of %d, is no "
                           "multiple of it", run->tp, m->hp.vocab_size, VOCABULARY_PAD);
    return st;
}
