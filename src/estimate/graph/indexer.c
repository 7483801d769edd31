/* DeepSeek sparse attention (llama.cpp src/models/deepseek32.cpp, src/llama-graph.cpp: build_attn of
 * llm_graph_input_attn_k_dsa): a small attention with its own cache picks the cells that the latent
 * attention may see; the mask is rebuilt from its choice. */
#include "base/checked.h"
#include "estimate/graph/build.h"
#include "estimate/kernels.h"

/* Keys of the batch into the indexer's cache. */
static vf_id store_keys(vf_build *b, uint32_t il, vf_id x)
{
    vf_graph *g = b->g;
    uint64_t head = b->m->hp.indexer_key_length;
    vf_id cache = vf_b_cache_tensor(b, il, (uint16_t)b->c->type_k, head, b->indexer.cells, b->n_streams), k, rows;

    k = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_INDEXER_ATTN_K, x);
    k = vf_b_norm(b, (int32_t)il, VF_ROLE_INDEXER_K_NORM, VF_NORM_LAYER, k);
    k = vf_b_rope(b, il, vf_g_reshape(g, k, head, 1, b->n_tokens, 1));
    k = vf_g_mul_mat(g, b->indexer.k_rot, k);
    k = vf_g_view_2d(g, k, head, b->n_tokens, g->node[k].nb[2]);
    rows = b->n_streams > 1 ? vf_g_reshape(g, cache, head, vf_mul(b->indexer.cells, b->n_streams), 1, 1) : cache;
    vf_g_expand(g, vf_g_set_rows(g, rows, k, b->indexer.k_idxs));
    return cache;
}

/* Scores of all cells for every token. */
static vf_id scores(vf_build *b, uint32_t il, vf_id cache, vf_id q, vf_id x)
{
    vf_graph *g = b->g;
    uint64_t head = b->m->hp.indexer_key_length, n_head = b->m->hp.indexer_head_count, s = b->n_streams;
    uint64_t n = b->n_tokens / s;
    vf_id k, w, score;
    const vf_node *t;

    w = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_INDEXER_PROJ, x);
    t = &g->node[cache];
    k = vf_g_view(g, cache, (uint64_t[4]){head, 1, b->indexer.cells, s},
                  (uint64_t[3]){vf_row_bytes(t->type, head), t->nb[1], t->nb[2]});
    t = &g->node[q];
    q = vf_g_view(g, q, (uint64_t[4]){head, n_head, n, s}, (uint64_t[3]){t->nb[1], t->nb[2], t->nb[3] / s});
    t = &g->node[w];
    w = vf_g_view(g, w, (uint64_t[4]){t->ne[0], n, 1, s}, (uint64_t[3]){t->nb[1], t->nb[2] / s, t->nb[3] / s});
    w = vf_g_map(g, VF_OP_SCALE, w, 0, 0);
    score = vf_g_op(g, VF_OP_LIGHTNING_INDEXER, VF_TYPE_F32, b->indexer.cells, n, 1, s, q, k, w);
    vf_g_add_src(g, score, b->indexer.mask);
    if (!vf_kernel_lightning_indexer(b->p->backend, head, n_head, g->node[k].type))
        g->node[score].flags |= VF_NODE_CPU_ONLY;
    return score;
}

vf_id vf_b_indexer(vf_build *b, uint32_t il, vf_id x, vf_id low_rank)
{
    vf_graph *g = b->g;
    uint64_t head = b->m->hp.indexer_key_length, n_head = b->m->hp.indexer_head_count, top = b->m->hp.indexer_top_k;
    vf_id q = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_INDEXER_ATTN_Q_B, low_rank), cache, score;
    const vf_node *t;

    q = vf_b_rope(b, il, vf_g_reshape(g, q, head, n_head, b->n_tokens, 1));
    q = vf_g_mul_mat(g, b->indexer.k_rot, q);
    cache = store_keys(b, il, x);
    score = scores(b, il, cache, q, x);
    t = &g->node[score];
    top = t->ne[0] < top ? t->ne[0] : top;
    return vf_g_cont(g, vf_g_op(g, VF_OP_TOP_K, VF_TYPE_I32, top, t->ne[1], t->ne[2], t->ne[3], score, 0, 0));
}

/* All cells masked, then those of `top` unmasked, then the mask itself added. */
vf_id vf_b_indexer_mask(vf_build *b, vf_id mask, vf_id top)
{
    vf_graph *g = b->g;
    vf_id all = vf_g_map(g, VF_OP_FILL, mask, 0, 0), rows, zeros;
    uint64_t ne[4], nb[4], top_ne[4], top_nb[4];

    for (int i = 0; i < 4; i++) {
        ne[i] = g->node[all].ne[i];
        nb[i] = g->node[all].nb[i];
        top_ne[i] = g->node[top].ne[i];
        top_nb[i] = g->node[top].nb[i];
    }
    rows = vf_g_view(g, all, (uint64_t[4]){1, ne[0], ne[1], ne[3]}, (uint64_t[3]){nb[0], nb[1], nb[2]});
    top = vf_g_view(g, top, (uint64_t[4]){top_ne[0], top_ne[1], top_ne[3], 1},
                    (uint64_t[3]){top_nb[1], top_nb[2], vf_mul(top_ne[3], top_nb[3])});
    zeros = vf_g_tensor(g, VF_TYPE_F32, 1, top_ne[0], top_ne[1], top_ne[3]);
    zeros = vf_g_map(g, VF_OP_FILL, zeros, 0, 0);
    rows = vf_g_set_rows(g, rows, zeros, top);
    rows = vf_g_view(g, rows, ne, nb + 1);
    return vf_g_map(g, VF_OP_ADD, rows, mask, 0);
}
