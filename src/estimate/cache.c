/* KV cache and recurrent state. Sources: llama.cpp src/llama-kv-cache.cpp (plain), -iswa.cpp (sliding
 * windows), -dsa.cpp (indexer keys), src/llama-memory-recurrent.cpp and llama-hparams.cpp (state). */
#include "estimate/context.h"

#include "base/checked.h"
#include "base/error.h"
#include "estimate/tensor_split.h"

/** Bytes of one cache tensor of `rows` rows of `width` elements in a buffer of `backend`. */
static uint64_t cache_tensor(vf_backend backend, vf_type type, uint64_t width, uint64_t rows)
{
    uint64_t bytes = vf_mul(vf_row_bytes((uint16_t)type, width), rows);
    return vf_pad(vf_buffer_tensor_bytes(backend, (uint16_t)type, width, bytes), vf_buffer_alignment(backend));
}

/** The widest V of all layers: without flash attention V is stored transposed, every layer as wide
 * (llama-hparams.cpp: n_embd_v_gqa_max). */
static uint64_t widest_v(const vf_model *m)
{
    uint64_t widest = 0;
    for (uint32_t i = 0; i < m->n_layers; i++) {
        uint64_t w = vf_mul(m->layers[i].n_head_kv, m->layers[i].head_v);
        if (w > widest)
            widest = w;
    }
    return widest;
}

/* What the sums are made with. */
typedef struct planner {
    vf_slicer slicer;
    const vf_context *c;
    uint64_t v_widest;
    bool mla;
    bool aborts; /**< llama.cpp finds no slices for a tensor */
    vf_cache *out;
} planner;

/** One cache tensor of layer `il`, onto its card or every card's slice of it; returns all bytes. */
static uint64_t add_tensor(planner *pl, uint32_t il, vf_cached what, vf_type type, uint64_t width, uint64_t rows)
{
    const vf_placement *p = pl->slicer.p;
    bool on_host = !pl->c->offload_kqv || p->layer_device[il] == VF_HOST;
    uint64_t bytes[VF_MAX_DEVICES], sum = 0;
    if (on_host || !p->sliced) {
        uint64_t *total = on_host ? &pl->out->host : &pl->out->device[p->layer_device[il]];
        sum = cache_tensor(on_host ? VF_BACKEND_CPU : p->backend, type, width, rows);
        *total = vf_add(*total, sum);
        return sum;
    }
    if (!vf_slice_cache(&pl->slicer, il, what, type, width, rows, bytes)) {
        pl->aborts = true;
        return 0;
    }
    for (uint32_t i = 0; i < p->n_cards; i++) {
        pl->out->device[i] = vf_add(pl->out->device[i], bytes[i]);
        sum = vf_add(sum, bytes[i]);
    }
    return sum;
}

static void add_attention(planner *pl, uint32_t il)
{
    const vf_model *m = pl->slicer.m;
    const vf_layer *l = &m->layers[il];
    const vf_context *c = pl->c;
    vf_cache *out = pl->out;
    uint64_t rows = vf_mul(l->windowed ? c->cells_swa : c->cells, c->n_streams);
    uint64_t k = add_tensor(pl, il, VF_CACHED_KV, c->type_k, vf_mul(l->n_head_kv, l->head_k), rows);
    uint64_t v = 0;
    if (l->indexer && !c->drafts) /* keys of the sparse-attention indexer: one head, no V */
        k = vf_add(k, add_tensor(pl, il, VF_CACHED_WHOLE, c->type_k, m->hp.indexer_key_length, rows));
    if (!pl->mla)
        v = add_tensor(pl, il, VF_CACHED_KV, c->type_v,
                       c->v_transposed ? pl->v_widest : vf_mul(l->n_head_kv, l->head_v), rows);
    uint64_t *k_sum = l->windowed ? &out->k_swa : &out->k_full;
    uint64_t *v_sum = l->windowed ? &out->v_swa : &out->v_full;
    *k_sum = vf_add(*k_sum, k);
    *v_sum = vf_add(*v_sum, v);
    if (l->windowed)
        out->n_swa++;
    else
        out->n_full++;
}

static void add_state(planner *pl, uint32_t il)
{
    const vf_layer *l = &pl->slicer.m->layers[il];
    uint64_t rows = vf_mul(pl->c->n_seq_max, (uint64_t)pl->c->n_rs_seq + 1);
    uint64_t r = l->state_r ? add_tensor(pl, il, VF_CACHED_R, VF_TYPE_F32, l->state_r, rows) : 0;
    uint64_t s = l->state_s ? add_tensor(pl, il, VF_CACHED_S, VF_TYPE_F32, l->state_s, rows) : 0;
    pl->out->state = vf_add(pl->out->state, vf_add(r, s));
    pl->out->n_state++;
}

vf_status vf_cache_plan(const vf_model *m, const uint16_t *types, const vf_context *c, const vf_placement *p,
                        vf_cache *out, vf_error *err)
{
    planner pl = {.slicer = {m, types, p}, .c = c, .v_widest = widest_v(m), .mla = vf_model_is_mla(m), .out = out};
    *out = (vf_cache){0};
    for (uint32_t i = 0; i < m->n_layers; i++) {
        const vf_layer *l = &m->layers[i];
        if (l->has_cache && (c->drafts ? l->mtp : !l->draft_cache))
            add_attention(&pl, i);
        if (l->recurrent != VF_REC_NONE && !c->drafts) /* no prediction layer is */
            add_state(&pl, i);
    }
    if (pl.aborts)
        return vf_slice_refused(err);
    bool ok = vf_size_ok(out->host);
    for (uint32_t d = 0; d < p->n_cards; d++)
        ok = ok && vf_size_ok(out->device[d]);
    return ok ? VF_OK : vf_fail(err, VF_ERR_RANGE, "the cache would be over 2^60 bytes: context out of range");
}
