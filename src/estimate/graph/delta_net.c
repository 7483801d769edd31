/* Gated delta net: Qwen3-Next, Qwen3.5 (llama.cpp src/models/qwen3next.cpp, qwen35.cpp,
 * delta-net-base.cpp) and Kimi's variant with a gate per channel (src/models/kimi-linear.cpp). */
#include "base/checked.h"
#include "estimate/graph/build.h"

/* q, k, v, gate, beta as the operation takes them: [head, n_head, tokens of a sequence, sequences]. */
typedef struct delta {
    vf_id q, k, v, gate, beta, state;
} delta;

/* What one layer's heads are. */
typedef struct heads {
    uint64_t k_dim, v_dim, n_k, n_v, n, s; /* n tokens in each of s sequences */
} heads;

static heads heads_of(const vf_build *b)
{
    const vf_hparams *hp = &b->m->hp;
    heads h = {.k_dim = hp->ssm_state_size, .n_k = hp->ssm_group_count, .n_v = hp->ssm_time_step_rank};

    h.v_dim = hp->ssm_inner_size / h.n_v;
    h.n = b->n_tokens / b->n_seqs;
    h.s = b->n_seqs;
    return h;
}

/* Runs the recurrence and writes the new state back; the result is a view of the output. */
static vf_id recur(vf_build *b, vf_id state, delta d)
{
    vf_graph *g = b->g;
    const vf_node *v = &g->node[d.v];
    uint64_t dim = v->ne[0], n_head = v->ne[1], n = v->ne[2], s = v->ne[3], width = vf_mul(dim, n_head);
    uint64_t rows = vf_add(vf_mul(n, s), vf_mul3(vf_b_snapshots(b), dim, s)), row = vf_mul(4, width);
    vf_id out = vf_g_op(g, VF_OP_GATED_DELTA_NET, VF_TYPE_F32, width, rows, 1, 1, d.q, d.k, d.v);
    vf_id last;

    vf_g_add_src(g, out, d.gate);
    vf_g_add_src(g, out, d.beta);
    vf_g_add_src(g, out, d.state);
    if (b->c->n_rs_seq) {
        uint64_t written = vf_b_snapshots_written(b), all = vf_mul3(dim, dim, n_head), nb = vf_mul(4, all);

        last = vf_g_view_3d(g, out, all, s, written, nb, vf_mul(nb, s));
        vf_g_expand(g, vf_g_cpy(g, last, vf_g_view_3d(g, state, all, s, written, g->node[state].nb[1], vf_mul(nb, b->c->n_seq_max))));
    } else {
        last = vf_g_view(g, out, (uint64_t[4]){dim, dim, n_head, s},
                         (uint64_t[3]){vf_mul(4, dim), vf_mul3(4, dim, dim), vf_mul(vf_mul3(4, dim, dim), n_head)});
        vf_g_expand(g, vf_g_cpy(g, last, vf_g_view_2d(g, state, g->node[state].ne[0], s, g->node[state].nb[1])));
    }
    return vf_g_view(g, out, (uint64_t[4]){dim, n_head, n, s}, (uint64_t[3]){vf_mul(4, dim), row, vf_mul(row, n)});
}

/* L2 norm, as the model code composes it. */
static vf_id unit_length(vf_graph *g, vf_id x)
{
    return vf_g_map(g, VF_OP_SCALE, vf_g_map(g, VF_OP_RMS_NORM, x, 0, 0), 0, 0);
}

static vf_id cont_3d(vf_graph *g, vf_id x, uint64_t ne0, uint64_t ne1, uint64_t ne2)
{
    return vf_g_op(g, VF_OP_CONT, g->node[x].type, ne0, ne1, ne2, 1, x, 0, 0);
}

/* A slice of the first dimension. */
static vf_id slice(vf_graph *g, vf_id x, uint64_t ne0)
{
    const vf_node *t = &g->node[x];

    return vf_g_view(g, x, (uint64_t[4]){ne0, t->ne[1], t->ne[2], t->ne[3]},
                     (uint64_t[3]){t->nb[1], t->nb[2], t->nb[3]});
}

/* Files before the projections were split have all four in ssm_in. */
static vf_id project_legacy(vf_build *b, uint32_t il, const heads *h, vf_id x, vf_id *z)
{
    vf_graph *g = b->g;
    uint64_t v_part = h->v_dim * (h->n_v / h->n_k), n_qk = vf_mul(h->k_dim, h->n_k);
    vf_id all = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_SSM_IN, x), q, k, v;

    all = vf_g_reshape(g, all, 2 * h->k_dim + 2 * v_part, h->n_k, h->n, h->s);
    q = slice(g, all, h->k_dim);
    k = slice(g, all, h->k_dim);
    v = slice(g, all, v_part);
    *z = vf_g_cont(g, slice(g, all, v_part));
    q = cont_3d(g, q, n_qk, h->n, h->s);
    k = cont_3d(g, k, n_qk, h->n, h->s);
    v = cont_3d(g, v, vf_mul(h->v_dim, h->n_v), h->n, h->s);
    return vf_g_concat(g, vf_g_concat(g, q, k, 0), v, 0);
}

static vf_id project(vf_build *b, uint32_t il, const heads *h, vf_id x, vf_id *z)
{
    vf_graph *g = b->g;
    vf_id qkv;

    if (!vf_b_has(b, (int32_t)il, VF_ROLE_ATTN_QKV, VF_PART_WEIGHT))
        return project_legacy(b, il, h, x, z);
    qkv = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_ATTN_QKV, x);
    *z = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_ATTN_GATE, x);
    return vf_g_reshape(g, qkv, g->node[qkv].ne[0], h->n, h->s, 1);
}

/* beta and the decay: from one matrix, or from two. */
static void gates(vf_build *b, uint32_t il, const heads *h, vf_id x, delta *d)
{
    vf_graph *g = b->g;
    vf_id beta, alpha;

    if (vf_b_has(b, (int32_t)il, VF_ROLE_SSM_BA, VF_PART_WEIGHT)) {
        uint64_t each = h->n_v / h->n_k;
        vf_id ba = vf_g_reshape(g, vf_b_mul_mat(b, (int32_t)il, VF_ROLE_SSM_BA, x), 2 * each, h->n_k, h->n, h->s);

        beta = vf_g_map(g, VF_OP_UNARY, vf_g_cont(g, slice(g, ba, each)), 0, 0);
        d->beta = vf_g_reshape(g, beta, 1, h->n_v, h->n, h->s);
        alpha = cont_3d(g, slice(g, ba, each), h->n_v, h->n, h->s);
    } else {
        beta = vf_g_reshape(g, vf_b_mul_mat(b, (int32_t)il, VF_ROLE_SSM_BETA, x), 1, h->n_v, h->n, h->s);
        d->beta = vf_g_map(g, VF_OP_UNARY, beta, 0, 0);
        alpha = vf_g_reshape(g, vf_b_mul_mat(b, (int32_t)il, VF_ROLE_SSM_ALPHA, x), h->n_v, h->n, h->s, 1);
    }
    alpha = vf_g_map(g, VF_OP_ADD, alpha, vf_b_weight(b, (int32_t)il, VF_ROLE_SSM_DT, VF_PART_BIAS), 0);
    alpha = vf_g_map(g, VF_OP_UNARY, alpha, 0, 0);
    alpha = vf_g_map(g, VF_OP_MUL, alpha, vf_b_parameter(b, il, VF_ROLE_SSM_A), 0);
    d->gate = vf_g_reshape(g, alpha, 1, h->n_v, h->n, h->s);
}

static vf_id repeat_heads(vf_graph *g, const heads *h, vf_id x)
{
    uint64_t times = h->n_v / h->n_k, tokens = vf_mul(h->n, h->s);

    x = vf_g_reshape(g, x, h->k_dim, 1, h->n_k, tokens);
    x = vf_g_repeat(g, x, h->k_dim, times, h->n_k, tokens);
    return vf_g_reshape(g, x, h->k_dim, h->n_v, h->n, h->s);
}

/* q, k and v out of the convolved row. */
static void split(vf_build *b, const heads *h, vf_id mixed, delta *d)
{
    vf_graph *g = b->g;
    uint64_t nb1 = g->node[mixed].nb[1], nb2 = g->node[mixed].nb[2];
    const uint64_t k_ne[4] = {h->k_dim, h->n_k, h->n, h->s}, v_ne[4] = {h->v_dim, h->n_v, h->n, h->s};
    const uint64_t k_nb[3] = {vf_mul(4, h->k_dim), nb1, nb2}, v_nb[3] = {vf_mul(4, h->v_dim), nb1, nb2};

    d->q = unit_length(g, vf_g_view(g, mixed, k_ne, k_nb));
    d->k = unit_length(g, vf_g_view(g, mixed, k_ne, k_nb));
    d->v = vf_g_view(g, mixed, v_ne, v_nb);
    if (h->n_k != h->n_v && b->m->arch.graph.repeat_heads) {
        d->q = repeat_heads(g, h, d->q);
        d->k = repeat_heads(g, h, d->k);
    }
}

vf_id vf_b_delta_net(vf_build *b, uint32_t il, vf_id x)
{
    vf_graph *g = b->g;
    const vf_layer *l = &b->m->layers[il];
    heads h = heads_of(b);
    delta d;
    vf_id z = 0, mixed, conv_state, state, old, out;

    vf_g_expand(g, x);
    mixed = project(b, il, &h, x, &z);
    gates(b, il, &h, x, &d);
    conv_state = vf_b_state_tensor(b, il, l->state_r);
    state = vf_b_state_tensor(b, il, l->state_s);
    old = vf_g_reshape(g, vf_b_state_rows(b, conv_state), b->m->hp.ssm_conv_kernel - 1, g->node[mixed].ne[0], h.s, 1);
    mixed = vf_b_conv_shift(b, conv_state, old, mixed);
    d.state = vf_g_reshape(g, vf_b_state_rows(b, state), h.v_dim, h.v_dim, h.n_v, h.s);
    mixed = vf_g_map(g, VF_OP_UNARY, vf_b_conv_apply(b, il, VF_ROLE_SSM_CONV1D, mixed), 0, 0);
    split(b, &h, mixed, &d);
    out = vf_b_norm(b, (int32_t)il, VF_ROLE_SSM_NORM, VF_NORM_RMS, recur(b, state, d));
    z = vf_g_map(g, VF_OP_UNARY, vf_g_reshape(g, z, h.v_dim, h.n_v, h.n, h.s), 0, 0);
    out = vf_g_map(g, VF_OP_MUL, out, z, 0);
    out = vf_g_reshape(g, out, vf_mul(h.v_dim, h.n_v), h.n, h.s, 1);
    out = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_SSM_OUT, out);
    return vf_g_reshape(g, out, g->node[out].ne[0], b->n_tokens, 1, 1);
}

/* ---- Kimi delta attention ---- */

/* q, k and v by one matrix are copied out of its result, as one is by its own. */
static void project_three(vf_build *b, uint32_t il, const heads *h, vf_id x, vf_id out[3])
{
    static const vf_role roles[] = {VF_ROLE_ATTN_Q, VF_ROLE_ATTN_K, VF_ROLE_ATTN_V};
    vf_graph *g = b->g;
    bool fused = vf_b_has(b, (int32_t)il, VF_ROLE_ATTN_QKV, VF_PART_WEIGHT);

    if (fused)
        x = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_ATTN_QKV, x);
    for (int i = 0; i < 3; i++)
        out[i] = fused ? vf_g_cont(g, vf_g_view_2d(g, x, vf_mul(h->v_dim, h->n_v), b->n_tokens, g->node[x].nb[1]))
                       : vf_b_mul_mat(b, (int32_t)il, roles[i], x);
}

/* One of q, k, v: a convolution of its own; the three share one state row. */
static vf_id convolved(vf_build *b, uint32_t il, vf_role conv, const heads *h, vf_id state, vf_id old, vf_id x)
{
    vf_graph *g = b->g;
    uint64_t d_inner = vf_mul(h->v_dim, h->n_v), taps = b->m->hp.ssm_conv_kernel - 1;
    const uint64_t nb[2] = {vf_mul(4, taps), vf_mul(4, vf_mul3(3, taps, d_inner))};
    vf_id before = vf_g_view_3d(g, old, taps, d_inner, h->s, nb[0], nb[1]), in, last, to, w;

    x = vf_g_reshape(g, x, d_inner, h->n, h->s, 1);
    in = vf_g_concat(g, before, vf_g_transpose(g, x), 0);
    for (uint64_t i = 0; i < vf_b_snapshots_written(b); i++) {
        last = vf_g_view_3d(g, in, taps, d_inner, h->s, g->node[in].nb[1], g->node[in].nb[2]);
        to = vf_g_view_3d(g, state, taps, d_inner, h->s, nb[0], nb[1]);
        vf_g_expand(g, vf_g_cpy(g, last, to));
    }
    w = vf_b_weight(b, (int32_t)il, conv, VF_PART_WEIGHT);
    w = vf_g_reshape(g, w, taps + 1, d_inner, 1, 1);
    x = vf_b_ssm_conv(b, in, w, d_inner, h->n, h->s);
    x = vf_g_map(g, VF_OP_UNARY, vf_g_reshape(g, x, d_inner, b->n_tokens, 1, 1), 0, 0);
    return vf_g_reshape(g, x, h->v_dim, h->n_v, h->n, h->s);
}

/* From low-rank pairs of matrices, or from one where there is no second. softplus times A; or, with a lower
 * bound (src/models/bailingmoe3.cpp), a scaled sigmoid of the product. */
static vf_id channel_gate(vf_build *b, uint32_t il, const heads *h, vf_id x)
{
    vf_graph *g = b->g;
    bool bounded = b->m->arch.recurrent.kda_gate != VF_KDA_LOW_RANK;
    vf_id y = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_SSM_F_B, vf_b_mul_mat(b, (int32_t)il, VF_ROLE_SSM_F_A, x));

    y = vf_g_map(g, VF_OP_ADD, y, vf_b_weight(b, (int32_t)il, VF_ROLE_SSM_DT, VF_PART_BIAS), 0);
    if (!bounded)
        y = vf_g_map(g, VF_OP_UNARY, y, 0, 0);
    y = vf_g_reshape(g, y, h->v_dim, h->n_v, b->n_tokens, 1);
    y = vf_g_map(g, VF_OP_MUL, y, vf_g_reshape(g, vf_b_parameter(b, il, VF_ROLE_SSM_A), 1, h->n_v, 1, 1), 0);
    if (bounded && b->m->arch.recurrent.kda_gate == VF_KDA_MIXED)
        y = vf_g_map(g, VF_OP_SCALE, y, 0, 0);
    if (bounded)
        y = vf_g_map(g, VF_OP_SCALE, vf_g_map(g, VF_OP_UNARY, y, 0, 0), 0, 0);
    return vf_g_reshape(g, y, h->v_dim, h->n_v, h->n, h->s);
}

vf_id vf_b_kda(vf_build *b, uint32_t il, vf_id x)
{
    vf_graph *g = b->g;
    const vf_layer *l = &b->m->layers[il];
    int32_t layer = (int32_t)il;
    heads h = {.v_dim = b->m->hp.kda_head_dim, .n_v = l->n_head, .n = b->n_tokens / b->n_seqs, .s = b->n_seqs};
    vf_id conv_state = vf_b_state_tensor(b, il, l->state_r), state = vf_b_state_tensor(b, il, l->state_s);
    vf_id old, out, gate, beta, three[3];
    delta d;

    if (b->m->arch.recurrent.kda_gate != VF_KDA_WIDE)
        vf_g_expand(g, x);
    old = vf_b_state_rows(b, conv_state);
    project_three(b, il, &h, x, three);
    d.q = convolved(b, il, VF_ROLE_SSM_CONV1D_Q, &h, conv_state, old, three[0]);
    d.k = convolved(b, il, VF_ROLE_SSM_CONV1D_K, &h, conv_state, old, three[1]);
    d.v = convolved(b, il, VF_ROLE_SSM_CONV1D_V, &h, conv_state, old, three[2]);
    d.gate = channel_gate(b, il, &h, x);
    beta = vf_g_reshape(g, vf_b_mul_mat(b, layer, VF_ROLE_SSM_BETA, x), 1, h.n_v, h.n, h.s);
    d.beta = vf_g_map(g, VF_OP_UNARY, beta, 0, 0);
    if (b->m->arch.recurrent.kda_gate != VF_KDA_WIDE)
        x = vf_g_reshape(g, x, g->node[x].ne[0], h.n, h.s, 1);
    d.state = vf_g_reshape(g, vf_b_state_rows(b, state), h.v_dim, h.v_dim, h.n_v, h.s);
    d.q = unit_length(g, d.q);
    d.k = unit_length(g, d.k);
    out = vf_g_cont(g, recur(b, state, d));
    if (b->m->arch.recurrent.kda_gate != VF_KDA_WIDE)
        x = vf_g_reshape(g, x, g->node[x].ne[0], b->n_tokens, 1, 1);
    gate = vf_b_mul_mat(b, layer, VF_ROLE_SSM_G_B,
                        vf_b_mul_mat(b, layer, VF_ROLE_SSM_G, vf_b_mul_mat(b, layer, VF_ROLE_SSM_G_A, x)));
    gate = vf_g_reshape(g, gate, h.v_dim, h.n_v, b->n_tokens, 1);
    out = vf_g_reshape(g, out, h.v_dim, h.n_v, b->n_tokens, 1);
    out = vf_b_norm(b, layer, VF_ROLE_SSM_NORM, VF_NORM_RMS, out);
    out = vf_g_map(g, VF_OP_MUL, out, vf_g_map(g, VF_OP_UNARY, gate, 0, 0), 0);
    out = vf_g_cont_2d(g, out, vf_mul(h.v_dim, h.n_v), b->n_tokens);
    return vf_b_mul_mat(b, layer, VF_ROLE_ATTN_OUTPUT, out);
}
