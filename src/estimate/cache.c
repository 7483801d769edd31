/* KV cache and recurrent state. Sources: llama.cpp src/llama-kv-cache.cpp (plain), -iswa.cpp (sliding
 * windows), -dsa.cpp (indexer keys), src/llama-memory-recurrent.cpp and llama-hparams.cpp (state). */
#include "estimate/context.h"

#include "base/checked.h"
#include "base/error.h"

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

static void add_attention(const vf_model *m, const vf_context *c, const vf_layer *l, vf_backend backend,
                          uint64_t v_widest, bool mla, uint64_t *total, vf_cache *out)
{
    uint64_t rows = vf_mul(l->windowed ? c->cells_swa : c->cells, c->n_streams);
    uint64_t k = cache_tensor(backend, c->type_k, vf_mul(l->n_head_kv, l->head_k), rows);
    uint64_t v = 0;
    if (l->indexer) /* keys of the sparse-attention indexer: one head, no V */
        k = vf_add(k, cache_tensor(backend, c->type_k, m->hp.indexer_key_length, rows));
    if (!mla)
        v = cache_tensor(backend, c->type_v, c->v_transposed ? v_widest : vf_mul(l->n_head_kv, l->head_v), rows);
    *total = vf_add(*total, vf_add(k, v));
    uint64_t *k_sum = l->windowed ? &out->k_swa : &out->k_full;
    uint64_t *v_sum = l->windowed ? &out->v_swa : &out->v_full;
    *k_sum = vf_add(*k_sum, k);
    *v_sum = vf_add(*v_sum, v);
    if (l->windowed)
        out->n_swa++;
    else
        out->n_full++;
}

static void add_state(const vf_context *c, const vf_layer *l, vf_backend backend, uint64_t *total, vf_cache *out)
{
    uint64_t r = l->state_r ? cache_tensor(backend, VF_TYPE_F32, l->state_r, c->n_seq_max) : 0;
    uint64_t s = l->state_s ? cache_tensor(backend, VF_TYPE_F32, l->state_s, c->n_seq_max) : 0;
    *total = vf_add(*total, vf_add(r, s));
    out->state = vf_add(out->state, vf_add(r, s));
    out->n_state++;
}

vf_status vf_cache_plan(const vf_model *m, const vf_context *c, const vf_placement *p, vf_cache *out, vf_error *err)
{
    *out = (vf_cache){0};
    uint64_t v_widest = widest_v(m);
    bool mla = vf_model_is_mla(m);
    for (uint32_t i = 0; i < m->n_layers; i++) {
        const vf_layer *l = &m->layers[i];
        if (l->mtp)
            continue;
        bool on_host = !c->offload_kqv || p->layer_device[i] == VF_HOST;
        uint32_t device = on_host ? p->n_devices : (uint32_t)p->layer_device[i];
        vf_backend backend = on_host ? VF_BACKEND_CPU : p->backend;
        if (l->has_cache)
            add_attention(m, c, l, backend, v_widest, mla, &out->device[device], out);
        if (l->recurrent != VF_REC_NONE)
            add_state(c, l, backend, &out->device[device], out);
    }
    for (uint32_t d = 0; d <= p->n_devices; d++)
        if (!vf_size_ok(out->device[d]))
            return vf_fail(err, VF_ERR_RANGE, "the cache would be over 2^60 bytes: context out of range");
    return VF_OK;
}
