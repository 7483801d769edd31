/* Latent attention (llama.cpp src/models/deepseek2.cpp, src/models/minicpm3.cpp): q and kv go through
 * low-rank projections. Absorbed: the cache holds the latent row, one "head" that all queries share.
 * Expanded: keys and values of every head are made from the latent row and cached as usual. */
#include "base/checked.h"
#include "estimate/graph/build.h"

typedef struct latent {
    uint64_t n_head, head_k, head_v, n_rot, n_nope, rank;
    vf_id top;  /* of sparse attention */
    vf_id q;    /* [head_k, n_head, n_tokens] */
    vf_id kv;   /* normed latent row [rank, n_tokens] */
    vf_id k_pe; /* rotated shared key [n_rot, 1, n_tokens] */
} latent;

/* q, and the cells it may see; both from the low-rank row where there is one. */
static vf_id query(vf_build *b, uint32_t il, vf_id x, vf_id *top)
{
    int32_t layer = (int32_t)il;
    vf_id row;

    *top = 0;
    if (vf_b_has(b, layer, VF_ROLE_ATTN_Q, VF_PART_WEIGHT))
        return vf_b_mul_mat(b, layer, VF_ROLE_ATTN_Q, x);
    row = vf_b_mul_mat(b, layer, VF_ROLE_ATTN_Q_A, x);
    row = vf_b_norm(b, layer, VF_ROLE_ATTN_Q_A_NORM, VF_NORM_RMS, row);
    if (b->m->layers[il].indexer && !b->c->drafts)
        *top = vf_b_indexer(b, il, x, row);
    return vf_b_mul_mat(b, layer, VF_ROLE_ATTN_Q_B, row);
}

/* Sparse attention and the hybrids with KDA take q apart as the flat row it is; the others shape it first,
 * which is one node more. */
static bool splits_row(const vf_build *b)
{
    return b->m->arch.attention.indexer || b->m->arch.recurrent.kind == VF_REC_KDA;
}

static latent project(vf_build *b, uint32_t il, vf_id x)
{
    vf_graph *g = b->g;
    const vf_layer *l = &b->m->layers[il];
    latent r = {.n_head = l->n_head, .head_k = l->head_k_mla, .head_v = l->head_v_mla, .n_rot = l->n_rot};
    uint64_t nb;
    vf_id both;

    r.n_nope = r.head_k - r.n_rot;
    r.rank = b->m->hp.kv_lora_rank;
    r.q = query(b, il, x, &r.top);
    if (!splits_row(b))
        r.q = vf_g_reshape(g, r.q, r.head_k, r.n_head, b->n_tokens, 1);
    both = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_ATTN_KV_A_MQA, x);
    nb = g->node[both].nb[1];
    r.kv = vf_g_view_2d(g, both, r.rank, b->n_tokens, nb);
    r.k_pe = vf_g_view_3d(g, both, r.n_rot, 1, b->n_tokens, nb, nb);
    if (b->m->arch.graph.rope_where != VF_ROPE_NONE)
        r.k_pe = vf_b_rope(b, il, r.k_pe);
    r.kv = vf_b_norm(b, (int32_t)il, VF_ROLE_ATTN_KV_A_NORM, VF_NORM_RMS, r.kv);
    return r;
}

static vf_id by_position(vf_build *b, vf_id q)
{
    return b->attn_scale ? vf_g_map(b->g, VF_OP_MUL, q, b->attn_scale, 0) : q;
}

static vf_id absorbed(vf_build *b, uint32_t il, latent r)
{
    vf_graph *g = b->g;
    uint64_t nb1 = vf_row_bytes(VF_TYPE_F32, r.head_k), nb2 = vf_mul(nb1, r.n_head);
    vf_id nope = vf_g_view_3d(g, r.q, r.n_nope, r.n_head, b->n_tokens, nb1, nb2);
    vf_id pe = vf_g_view_3d(g, r.q, r.n_rot, r.n_head, b->n_tokens, nb1, nb2);
    vf_id q, k, v;

    if (b->m->arch.graph.rope_where != VF_ROPE_NONE)
        pe = vf_b_rope(b, il, pe);
    nope = vf_g_permute(g, nope, 0, 2, 1, 3);
    q = vf_g_mul_mat(g, vf_b_weight(b, (int32_t)il, VF_ROLE_ATTN_K_B, VF_PART_WEIGHT), nope);
    q = vf_g_concat(g, vf_g_permute(g, q, 0, 2, 1, 3), pe, 0);
    v = vf_g_reshape(g, r.kv, r.rank, 1, b->n_tokens, 1);
    k = vf_g_concat(g, v, r.k_pe, 0);
    return vf_b_attention_latent(b, il, by_position(b, q), k, v, r.top);
}

static vf_id expanded(vf_build *b, uint32_t il, latent r)
{
    vf_graph *g = b->g;
    vf_id kv = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_ATTN_KV_B, r.kv);
    uint64_t nb1 = vf_row_bytes(VF_TYPE_F32, r.n_nope + r.head_v), nb2 = g->node[kv].nb[1];
    vf_id nope = vf_g_view_3d(g, kv, r.n_nope, r.n_head, b->n_tokens, nb1, nb2);
    vf_id v = vf_g_cont(g, vf_g_view_3d(g, kv, r.head_v, r.n_head, b->n_tokens, nb1, nb2));
    vf_id q = vf_b_rope(b, il, r.q);
    vf_id k = vf_g_concat(g, nope, vf_g_repeat(g, r.k_pe, r.n_rot, r.n_head, b->n_tokens, 1), 0);

    return vf_b_attention(b, il, by_position(b, q), k, v, VF_ROLE_UNKNOWN);
}

/* The result times a gate of its width, or of one number for each head. */
static vf_id gated(vf_build *b, uint32_t il, vf_id x, vf_id out)
{
    vf_graph *g = b->g;
    const vf_layer *l = &b->m->layers[il];
    uint64_t width = g->node[out].ne[0];
    vf_id gate;

    if (!vf_b_has(b, (int32_t)il, VF_ROLE_ATTN_GATE, VF_PART_WEIGHT))
        return out;
    gate = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_ATTN_GATE, x);
    if (g->node[gate].ne[0] == width)
        return vf_g_map(g, VF_OP_MUL, out, vf_g_map(g, VF_OP_UNARY, gate, 0, 0), 0);
    out = vf_g_reshape(g, out, l->head_v_mla, l->n_head, b->n_tokens, 1);
    gate = vf_g_map(g, VF_OP_UNARY, vf_g_reshape(g, gate, 1, l->n_head, b->n_tokens, 1), 0, 0);
    return vf_g_cont_2d(g, vf_g_map(g, VF_OP_MUL, out, gate, 0), width, b->n_tokens);
}

vf_id vf_b_mla(vf_build *b, uint32_t il, vf_id x)
{
    latent r = project(b, il, x);
    vf_id out = b->m->layers[il].attention == VF_ATTN_MLA ? absorbed(b, il, r) : expanded(b, il, r);

    return vf_b_linear(b, (int32_t)il, VF_ROLE_ATTN_OUTPUT, gated(b, il, x, out));
}
