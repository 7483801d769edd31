/* Residual attention: every few layers the stream is put by and begun anew; what a block reads is a mix of
 * all that was put by and the stream as it is (llama.cpp src/models/kimi-k3.cpp). */
#include "base/checked.h"
#include "estimate/graph/build.h"

static vf_id map(vf_build *b, vf_op op, vf_id x, vf_id y)
{
    return vf_g_map(b->g, op, x, y, 0);
}

static bool banks(const vf_build *b, uint32_t il)
{
    return b->m->hp.attn_res_block_size > 0 && il % b->m->hp.attn_res_block_size == 0;
}

/* Layers differ by how much is put by. */
uint32_t vf_b_bank(const vf_build *b, uint32_t il)
{
    uint32_t size = b->m->arch.residual_scores ? b->m->hp.attn_res_block_size : 0;

    return size ? 2 * (il / size) + banks(b, il) : 0;
}

static void put_by(vf_build *b, vf_id x)
{
    x = vf_g_reshape(b->g, x, b->m->hp.embedding_length, 1, b->n_tokens, 1);
    b->put_by = b->put_by ? vf_g_concat(b->g, b->put_by, x, 1) : x;
}

static vf_id score(vf_build *b, vf_id x, vf_id w)
{
    return vf_g_sum_rows(b->g, map(b, VF_OP_MUL, map(b, VF_OP_RMS_NORM, x, 0), w));
}

static vf_id mix(vf_build *b, int32_t il, vf_role role, vf_id x)
{
    vf_graph *g = b->g;
    vf_id w, scores, probs, before, now;
    uint64_t n;

    if (!b->put_by)
        return x;
    n = g->node[b->put_by].ne[1];
    w = vf_b_weight(b, il, role, VF_PART_WEIGHT);
    scores = vf_g_reshape(g, score(b, b->put_by, w), n, b->n_tokens, 1, 1);
    scores = vf_g_concat(g, scores, score(b, x, w), 0);
    probs = map(b, VF_OP_SOFT_MAX, scores, 0);
    before = vf_g_cont(g, vf_g_view_2d(g, probs, n, b->n_tokens, g->node[probs].nb[1]));
    now = vf_g_cont(g, vf_g_view_2d(g, probs, 1, b->n_tokens, g->node[probs].nb[1]));
    before = vf_g_op(g, VF_OP_OTHER, VF_TYPE_F32, b->m->hp.embedding_length, b->n_tokens, 1, 1, b->put_by, before, 0);
    return map(b, VF_OP_ADD, before, map(b, VF_OP_MUL, x, now));
}

vf_id vf_b_residual_layer(vf_build *b, uint32_t il, vf_id x)
{
    const vf_layer *l = &b->m->layers[il];
    int32_t layer = (int32_t)il;
    vf_id cur = mix(b, layer, VF_ROLE_ATTN_RES_SCORE, x);

    if (banks(b, il))
        put_by(b, x);
    cur = vf_b_norm(b, layer, VF_ROLE_ATTN_NORM, (vf_norm)b->m->arch.norm, cur);
    vf_g_expand(b->g, cur);
    cur = l->recurrent == VF_REC_KDA ? vf_b_kda(b, il, cur) : vf_b_mla(b, il, cur);
    x = banks(b, il) ? cur : map(b, VF_OP_ADD, x, cur);
    cur = mix(b, layer, VF_ROLE_FFN_RES_SCORE, x);
    cur = vf_b_norm(b, layer, VF_ROLE_FFN_NORM, (vf_norm)b->m->arch.norm, cur);
    return map(b, VF_OP_ADD, x, vf_b_ffn(b, il, cur, x, 0));
}

vf_id vf_b_residual_end(vf_build *b, vf_id x)
{
    return vf_g_get_rows(b->g, mix(b, -1, VF_ROLE_OUTPUT_RES_SCORE, x), b->out_ids);
}
