/* The cache of servers: bytes of a token on one card, and pages of a sequence; activations of a forward. */
#include "base/checked.h"
#include "runtime/servers.h"

/* Per token of a sparse-attention indexer's key: fp8, and an fp32 scale (vLLM, DeepSeek-V3.2). */
#define INDEXER_SCALE 4
/* Tokens of a chunk of the gated delta rule; its kernels hold about five times the states of all chunks (97 MiB
 * of states and some 500 in all were measured at 4128 tokens: club-3090, KV_MATH). */
#define CHUNK 64
#define CHUNK_BUFFERS 5

/** Bytes that a token takes in a layer on one card. Latent rows are not divided. */
static uint64_t token_bytes(const sv_run *run, const vf_layer *l)
{
    uint64_t indexer = l->indexer ? vf_add(run->k->model->hp.indexer_key_length, INDEXER_SCALE) : 0;
    if (l->attention == VF_ATTN_MLA) {
        bool mixed = l->indexer && run->kv_bytes == 1; /* fp8_ds_mla: an fp32 scale for 128, positions in 16 bits */
        uint64_t rotated = vf_mul(2, l->head_k - l->head_v), scales = l->head_v / 128 * 4;
        return vf_add(mixed ? vf_add(l->head_v, vf_add(rotated, scales)) : vf_mul(l->head_k, run->kv_bytes), indexer);
    }
    uint64_t heads = vf_ceil_div(l->n_head_kv, run->tp);
    return vf_add(vf_mul3(heads, vf_add(l->head_k, l->head_v), run->kv_bytes), indexer);
}

/** The convolution's part in 16 bits, the state itself in fp32 (vLLM: mamba_ssm_cache_dtype of such models). */
static uint64_t state_bytes(const sv_run *run, const vf_layer *l)
{
    return vf_ceil_div(vf_add(vf_mul(l->state_r, run->bytes), vf_mul(l->state_s, 4)), run->tp);
}

static void add(uint64_t bytes, uint32_t *n, uint64_t *sum, uint64_t *widest)
{
    (*n)++;
    *sum = vf_add(*sum, bytes);
    *widest = sv_max(*widest, bytes);
}

void sv_cache(const sv_run *run, sv_stage *s)
{
    const vf_model *m = run->k->model;
    for (uint32_t i = s->first; i < s->end; i++) {
        const vf_layer *l = &m->layers[i];
        if (l->has_cache && l->windowed)
            add(token_bytes(run, l), &s->n_windowed, &s->windowed, &s->widest_windowed);
        else if (l->has_cache)
            add(token_bytes(run, l), &s->n_full, &s->full, &s->widest_full);
        if (l->recurrent != VF_REC_NONE)
            add(state_bytes(run, l), &s->n_state, &s->state, &s->widest_state);
    }
}

uint64_t sv_window(const sv_run *run, uint64_t ahead)
{
    uint64_t window = run->k->model->n_swa;
    return window ? sv_min(vf_add(window - 1, ahead), run->context) : run->context;
}

/* ---- pages of one size for several kinds of layers ---------------------------------------------- */

/** Layers of a group: as many as the rarest kind has, or as the most frequent, where they are nearly as many
 * (vllm/v1/core/kv_cache_utils.py: _get_kv_cache_groups_uniform_page_size). */
static uint64_t group_layers(const sv_stage *s)
{
    const uint64_t n[] = {s->n_full, s->n_windowed, s->n_state};
    uint64_t least = UINT64_MAX, most = 0;
    for (size_t i = 0; i < sizeof n / sizeof n[0]; i++) {
        least = n[i] ? sv_min(least, n[i]) : least;
        most = sv_max(most, n[i]);
    }
    return 4 * most < 5 * least ? most : least;
}

static uint64_t pages(uint64_t tokens, uint64_t page, uint64_t token)
{
    return token ? vf_ceil_div(tokens, page / token) : 0;
}

uint64_t sv_hybrid_sequence(const sv_run *run, const sv_stage *s, uint64_t block)
{
    uint64_t keeps = vf_add(vf_ceil_div(sv_window(run, run->batched_tokens), block), 1); /* a window begins within a block */
    if (!s->n_state && !s->n_windowed)
        return vf_mul(s->full, vf_pad(run->context, block));
    if (!s->n_state && !s->n_full)
        return vf_mul3(s->windowed, block, keeps);
    uint64_t widest = sv_max(s->widest_full, s->widest_windowed);
    if (!widest)
        return s->state;
    /* a page holds a state: blocks grow until it does (vllm/model_executor/models/config.py) */
    uint64_t page = vf_mul(widest, sv_max(block, vf_pad(vf_ceil_div(s->widest_state, widest), block)));
    uint64_t g = group_layers(s), kept = s->n_windowed ? vf_add(pages(sv_window(run, run->batched_tokens), page, s->widest_windowed), 1) : 0;
    uint64_t n = vf_mul(vf_ceil_div(s->n_full, g), pages(run->context, page, s->widest_full));
    n = vf_add(n, vf_mul(vf_ceil_div(s->n_windowed, g), kept));
    n = vf_add(n, vf_ceil_div(s->n_state, g));
    return vf_mul3(n, g, page);
}

/* ---- activations -------------------------------------------------------------------------------- */

/** Bytes of one token: the residual, its norm and the norm's fp32 copy, and what attention or the feed-forward
 * holds at once; only the inner widths are divided. */
static uint64_t layer_token(const sv_run *run, const vf_layer *l, uint64_t h)
{
    uint64_t heads = l->head_k_mla ? vf_mul3(2, l->n_head, l->head_k_mla) : vf_mul(vf_add(l->n_head, l->n_head_kv), l->head_k);
    uint64_t inner = vf_mul(6, sv_max(heads, l->n_ff)), outer = vf_mul(4, h);
    uint64_t bytes = vf_add(outer, vf_ceil_div(inner, run->tp));
    if (l->ffn == VF_FFN_MOE)
        bytes = sv_max(bytes, vf_mul(l->n_expert_used, vf_add(outer, vf_ceil_div(vf_mul(6, l->n_ff_exp), run->tp))));
    return vf_add(bytes, vf_mul(4, h));
}

uint64_t sv_layer_activations(const sv_run *run, const sv_stage *s)
{
    const vf_model *m = run->k->model;
    uint64_t worst = 0;
    for (uint32_t i = s->first; i < s->end; i++) {
        const vf_layer *l = &m->layers[i];
        uint64_t bytes = vf_mul(run->batched_tokens, layer_token(run, l, m->hp.embedding_length));
        if (l->recurrent == VF_REC_DELTA_NET || l->recurrent == VF_REC_KDA) {
            uint64_t chunks = vf_ceil_div(run->batched_tokens, CHUNK);
            bytes = vf_add(bytes, vf_ceil_div(vf_mul(vf_mul3(chunks, l->state_s, run->bytes), CHUNK_BUFFERS), run->tp));
        }
        worst = sv_max(worst, bytes);
    }
    return worst;
}

uint64_t sv_planned_activations(const sv_run *run, const uint64_t dense[4], const uint64_t experts[4])
{
    const vf_model *m = run->k->model;
    size_t column = run->tp >= 8 ? 3 : run->tp >= 4 ? 2 : run->tp >= 2 ? 1 : 0;
    uint64_t width = 0;
    bool moe = false;
    for (uint32_t i = 0; i < m->n_layers; i++) {
        const vf_layer *l = &m->layers[i];
        width = sv_max(width, vf_mul(l->n_head, l->head_v_mla ? l->head_v_mla : l->head_v));
        moe = moe || l->ffn == VF_FFN_MOE;
    }
    width = sv_max(width, m->hp.embedding_length);
    return vf_ceil_div(vf_mul3(2, vf_mul(run->batched_tokens, width), moe ? experts[column] : dense[column]), 10);
}
