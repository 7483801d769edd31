/* Lightning attention: linear attention with a decay for each head, within the batch as a product of all
 * pairs of tokens, across batches through a state (llama.cpp src/models/minimax-01.cpp). */
#include "base/checked.h"
#include "estimate/graph/build.h"

typedef struct lightning {
    vf_graph *g;
    uint64_t head, n_head, n, s; /* n tokens in each of s sequences */
    vf_id q, k, v;               /* [head, n_head, n, s] */
} lightning;

static vf_id decay(const lightning *l, vf_id exponent)
{
    return vf_g_map(l->g, VF_OP_UNARY, vf_g_map(l->g, VF_OP_SCALE, exponent, 0, 0), 0, 0);
}

static vf_id mul(const lightning *l, vf_id a, vf_id b)
{
    return vf_g_map(l->g, VF_OP_MUL, a, b, 0);
}

static vf_id add(const lightning *l, vf_id a, vf_id b)
{
    return vf_g_map(l->g, VF_OP_ADD, a, b, 0);
}

static vf_id part(const lightning *l, vf_id all)
{
    const vf_node *t = &l->g->node[all];

    return vf_g_view(l->g, all, (uint64_t[4]){l->head, l->n_head, l->n, l->s},
                     (uint64_t[3]){t->nb[1], t->nb[2], t->nb[3]});
}

/* Decays are the same in all layers but for a factor. */
static void make_inputs(vf_build *b, const lightning *l)
{
    if (b->slopes)
        return;
    b->slopes = vf_g_input(l->g, VF_TYPE_F32, l->n_head, 1, 1, 1);
    b->q_decay = vf_g_input(l->g, VF_TYPE_F32, 1, l->n_head, l->n, l->s);
    b->k_decay = vf_g_input(l->g, VF_TYPE_F32, 1, l->n_head, l->n, l->s);
    b->pair_decay = vf_g_input(l->g, VF_TYPE_F32, l->n, l->n, l->n_head, l->s);
}

/* Keys and values of the batch, transposed for products over the tokens. */
static vf_id over_tokens(const lightning *l, vf_id x)
{
    return vf_g_cont(l->g, vf_g_permute(l->g, x, 1, 2, 0, 3));
}

static vf_id attend(vf_build *b, const lightning *l, vf_id state, vf_id rows)
{
    vf_graph *g = l->g;
    vf_id old = vf_g_reshape(g, rows, l->head, l->head, l->n_head, l->s);
    vf_id before = vf_g_mul_mat(g, old, vf_g_permute(g, mul(l, l->q, decay(l, b->q_decay)), 0, 2, 1, 3));
    vf_id v = over_tokens(l, l->v), pairs, out, fade, now;
    uint64_t width = vf_mul(g->node[state].ne[0], l->s);

    pairs = vf_g_mul_mat(g, vf_g_permute(g, l->k, 0, 2, 1, 3), vf_g_permute(g, l->q, 0, 2, 1, 3));
    pairs = mul(l, pairs, decay(l, b->pair_decay));
    out = add(l, before, vf_g_mul_mat(g, v, pairs));
    vf_g_expand(g, out);
    fade = decay(l, vf_g_map(g, VF_OP_SCALE, b->slopes, 0, 0));
    now = mul(l, old, vf_g_reshape(g, fade, 1, 1, l->n_head, 1));
    now = add(l, now, vf_g_mul_mat(g, over_tokens(l, mul(l, l->k, decay(l, b->k_decay))), v));
    vf_g_expand(g, vf_g_cpy(g, now, vf_g_view_1d(g, state, width)));
    return out;
}

vf_id vf_b_lightning(vf_build *b, uint32_t il, vf_id x)
{
    vf_graph *g = b->g;
    const vf_layer *layer = &b->m->layers[il];
    lightning l = {.g = g, .head = layer->head_k, .n_head = layer->n_head, .n = b->n_tokens / b->n_seqs, .s = b->n_seqs};
    uint64_t width = vf_mul(l.head, l.n_head);
    vf_id none = vf_b_state_tensor(b, il, layer->state_r), state = vf_b_state_tensor(b, il, layer->state_s), rows, all, out;

    make_inputs(b, &l);
    vf_g_expand(g, vf_b_state_rows(b, none)); /* of no width, but in the graph */
    x = vf_g_reshape(g, x, g->node[x].ne[0], l.n, 1, l.s);
    all = vf_g_map(g, VF_OP_UNARY, vf_b_mul_mat(b, (int32_t)il, VF_ROLE_ATTN_QKV, x), 0, 0);
    all = vf_g_reshape(g, all, vf_mul(3, l.head), l.n_head, l.n, l.s);
    l.q = part(&l, all);
    l.k = part(&l, all);
    l.v = part(&l, all);
    rows = vf_b_state_rows(b, state);
    out = attend(b, &l, state, rows);
    out = vf_g_cont(g, vf_g_permute(g, out, 0, 2, 1, 3));
    out = vf_g_reshape(g, out, width, l.n, 1, l.s);
    out = vf_b_norm(b, (int32_t)il, VF_ROLE_ATTN_NORM_2, VF_NORM_RMS, out);
    out = mul(&l, vf_g_map(g, VF_OP_UNARY, vf_b_mul_mat(b, (int32_t)il, VF_ROLE_ATTN_GATE, x), 0, 0), out);
    out = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_ATTN_OUTPUT, out);
    return vf_g_reshape(g, out, g->node[out].ne[0], b->n_tokens, 1, 1);
}
