/* The inputs of a graph: positions, masks, cache indices, rotations of quantized caches, states. */
#include "estimate/graph/build.h"

#include "base/checked.h"

static uint64_t positions_per_token(const vf_build *b)
{
    return b->m->hp.rope_dimension_sections.count > 0 ? 4 : 1;
}

/* The rotation of a quantized cache: the largest power of two that divides the head, at least 64; only
 * when all cached heads are alike (src/llama-kv-cache.cpp, constructor). */
static uint64_t rotation_size(const vf_build *b, vf_type type, bool of_v, bool windowed)
{
    const vf_model *m = b->m;
    uint64_t head = 0, size = 64;

    if (!vf_type_get((uint32_t)type)->quantized)
        return 0;
    for (uint32_t il = 0; il < b->n_layer; il++) {
        const vf_layer *l = &m->layers[il];
        uint64_t h = of_v ? l->head_v : l->head_k;

        if (!l->has_cache || (b->iswa && l->windowed != windowed))
            continue;
        if (head && h != head)
            return 0;
        head = h;
    }
    if (head == 0 || head % 64 != 0)
        return 0;
    if (of_v)
        return 64;
    while (head % (2 * size) == 0)
        size *= 2;
    return size;
}

static void make_cache_inputs(vf_build *b, bool windowed)
{
    vf_graph *g = b->g;
    const vf_context *c = b->c;
    vf_cache_input *in = &b->cache[windowed];
    bool mla = vf_model_is_mla(b->m);
    uint16_t mask_type = c->flash_attn ? VF_TYPE_F16 : VF_TYPE_F32;
    uint64_t k_rot, v_rot;

    in->cells = windowed ? c->cells_swa : c->cells;
    in->k_idxs = vf_g_input(g, VF_TYPE_I64, b->n_tokens, 1, 1, 1);
    in->v_idxs = vf_g_input(g, VF_TYPE_I64, c->v_transposed ? vf_mul(b->n_tokens, b->max_v) : b->n_tokens, 1, 1, 1);
    in->mask = vf_g_input(g, mask_type, in->cells, b->n_tokens / b->n_streams, 1, b->n_streams);
    if (b->m->arch.attention.indexer) { /* its mask is f16 whatever the attention's */
        b->indexer.cells = in->cells;
        b->indexer.k_idxs = vf_g_input(g, VF_TYPE_I64, b->n_tokens, 1, 1, 1);
        b->indexer.mask = vf_g_input(g, VF_TYPE_F16, in->cells, b->n_tokens / b->n_streams, 1, b->n_streams);
        k_rot = b->m->hp.indexer_key_length;
        b->indexer.k_rot = vf_g_input(g, VF_TYPE_F32, k_rot, k_rot, 1, 1);
    }
    if (mla)
        return;
    k_rot = rotation_size(b, c->type_k, false, windowed);
    v_rot = rotation_size(b, c->type_v, true, windowed);
    in->k_rot = k_rot ? vf_g_input(g, VF_TYPE_F32, k_rot, k_rot, 1, 1) : 0;
    in->v_rot = v_rot ? vf_g_input(g, VF_TYPE_F32, v_rot, v_rot, 1, 1) : 0;
}

static void make_batch_mask(vf_build *b, bool windowed)
{
    uint16_t type = b->c->flash_attn ? VF_TYPE_F16 : VF_TYPE_F32;

    b->cache[windowed].mask = vf_g_input(b->g, type, b->n_tokens, b->n_tokens, 1, 1);
}

void vf_b_inputs(vf_build *b)
{
    vf_graph *g = b->g;

    b->pos = vf_g_input(g, VF_TYPE_I32, vf_mul(b->n_tokens, positions_per_token(b)), 1, 1, 1);
    if (b->m->arch.graph.attn_temperature)
        b->attn_scale = vf_g_input(g, VF_TYPE_F32, 1, 1, b->n_tokens, 1);
    for (int windowed = 0; windowed <= b->iswa; windowed++) {
        if (b->no_cache)
            make_batch_mask(b, windowed);
        else
            make_cache_inputs(b, windowed);
    }
    /* src/llama-graph.cpp: build_rs_inp; states of sequences that are not in the batch are copied along */
    b->state_copy = vf_g_input(g, VF_TYPE_I32, b->c->n_seq_max, 1, 1, 1);
    b->state_copy_main = vf_g_view_1d(g, b->state_copy, b->n_seqs);
    b->state_copy_extra = vf_g_view_1d(g, b->state_copy, b->c->n_seq_max - b->n_seqs);
    b->out_ids = vf_g_input(g, VF_TYPE_I32, b->n_outputs, 1, 1, 1);
}
