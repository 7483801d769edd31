/* Mamba and Mamba-2 (llama.cpp src/models/mamba-base.cpp). */
#include <string.h>

#include "base/checked.h"
#include "estimate/graph/build.h"
#include "estimate/kernels.h"

/* The scan over a sequence; the result holds the outputs and behind them the last states. */
static vf_id scan(vf_build *b, uint32_t il, uint64_t d_state, uint64_t head_dim, uint64_t n_head, vf_id x, vf_id dt,
                  vf_id a, vf_id bb, vf_id cc)
{
    vf_graph *g = b->g;
    uint64_t d_inner = vf_mul(head_dim, n_head), size = vf_mul(d_state, d_inner);
    vf_id state = vf_b_state_tensor(b, il, b->m->layers[il].state_s);
    vf_id states = vf_b_state_begin(b, state);
    vf_id ssm = vf_g_reshape(g, states, d_state, head_dim, n_head, g->node[state].ne[1]);
    uint64_t n = vf_add(vf_mul(d_inner, b->n_tokens), vf_mul3(vf_b_snapshots(b), size, b->n_seqs));
    uint64_t written = vf_mul3(vf_b_snapshots_written(b), size, b->n_seqs);
    vf_id y = vf_g_op(g, VF_OP_SSM_SCAN, VF_TYPE_F32, n, 1, 1, 1, ssm, x, dt);
    const vf_ssm_scan shape = {.per_head = g->node[a].ne[0] == 1, .d_state = d_state, .head_dim = head_dim,
                               .n_head = n_head, .n_group = g->node[bb].ne[1]};

    if (!vf_kernel_ssm_scan(b->p->backend, &shape))
        g->node[y].flags |= VF_NODE_CPU_ONLY;
    vf_g_add_src(g, y, a);
    vf_g_add_src(g, y, bb);
    vf_g_add_src(g, y, cc);
    vf_g_add_src(g, y, b->state_copy_main);
    vf_b_state_end(b, state, states, y);
    vf_g_expand(g, vf_g_cpy(g, vf_g_view_1d(g, y, written), vf_g_view_1d(g, state, written)));
    return y;
}

vf_id vf_b_mamba(vf_build *b, uint32_t il, vf_id x)
{
    vf_graph *g = b->g;
    const vf_hparams *hp = &b->m->hp;
    int32_t layer = (int32_t)il;
    uint64_t n = b->n_tokens / b->n_seqs, s = b->n_seqs;
    uint64_t d_inner = hp->ssm_inner_size, d_state = hp->ssm_state_size, dt_rank = hp->ssm_time_step_rank, nb1, nb2;
    vf_id conv_state = vf_b_state_tensor(b, il, b->m->layers[il].state_r);
    vf_id old = vf_g_reshape(g, vf_b_state_rows(b, conv_state), hp->ssm_conv_kernel - 1, d_inner, s, 1);
    vf_id xz, z, in, db, dt, bb, cc, y, cur;

    xz = vf_b_mul_mat(b, layer, VF_ROLE_SSM_IN, vf_g_reshape(g, x, g->node[x].ne[0], n, s, 1));
    nb1 = g->node[xz].nb[1];
    nb2 = g->node[xz].nb[2];
    x = vf_g_view_3d(g, xz, d_inner, n, s, nb1, nb2);
    z = vf_g_view_3d(g, xz, d_inner, n, s, nb1, nb2);
    in = vf_b_conv_shift(b, conv_state, old, x);
    x = vf_b_conv_apply(b, il, VF_ROLE_SSM_CONV1D, in);
    x = vf_g_map(g, VF_OP_ADD, x, vf_b_weight(b, layer, VF_ROLE_SSM_CONV1D, VF_PART_BIAS), 0);
    x = vf_g_map(g, VF_OP_UNARY, x, 0, 0);
    db = vf_b_mul_mat(b, layer, VF_ROLE_SSM_X, x);
    nb1 = g->node[db].nb[1];
    nb2 = g->node[db].nb[2];
    dt = vf_g_view_3d(g, db, dt_rank, n, s, nb1, nb2);
    bb = vf_g_view(g, db, (uint64_t[4]){d_state, 1, n, s}, (uint64_t[3]){vf_mul(4, d_state), nb1, nb2});
    cc = vf_g_view(g, db, (uint64_t[4]){d_state, 1, n, s}, (uint64_t[3]){vf_mul(4, d_state), nb1, nb2});
    if (hp->ssm_dt_b_c_rms || vf_b_has(b, layer, VF_ROLE_SSM_DT_NORM, VF_PART_WEIGHT)) {
        dt = vf_b_norm(b, layer, VF_ROLE_SSM_DT_NORM, VF_NORM_RMS, dt);
        bb = vf_b_norm(b, layer, VF_ROLE_SSM_B_NORM, VF_NORM_RMS, bb);
        cc = vf_b_norm(b, layer, VF_ROLE_SSM_C_NORM, VF_NORM_RMS, cc);
    } else {
        dt = vf_g_cont(g, dt);
    }
    dt = vf_b_linear(b, layer, VF_ROLE_SSM_DT, dt);
    cur = x;
    x = vf_g_reshape(g, x, 1, d_inner, n, s);
    y = scan(b, il, d_state, 1, d_inner, x, dt, vf_b_parameter(b, il, VF_ROLE_SSM_A), bb, cc);
    y = vf_g_view_3d(g, y, d_inner, n, s, g->node[x].nb[2], g->node[x].nb[3]);
    y = vf_g_map(g, VF_OP_ADD, y, vf_g_map(g, VF_OP_MUL, cur, vf_b_parameter(b, il, VF_ROLE_SSM_D), 0), 0);
    y = vf_g_glu(g, vf_g_cont(g, z), y);
    y = vf_b_mul_mat(b, layer, VF_ROLE_SSM_OUT, y);
    return vf_g_reshape(g, y, g->node[y].ne[0], b->n_tokens, 1, 1);
}

vf_id vf_b_mamba2(vf_build *b, uint32_t il, vf_id x)
{
    vf_graph *g = b->g;
    const vf_hparams *hp = &b->m->hp;
    int32_t layer = (int32_t)il;
    uint64_t n = b->n_tokens / b->n_seqs, s = b->n_seqs, d_inner = hp->ssm_inner_size, d_state = hp->ssm_state_size;
    uint64_t n_head = hp->ssm_time_step_rank, n_group = hp->ssm_group_count, head_dim = d_inner / n_head, nb1, nb2;
    uint64_t channels = vf_add(d_inner, vf_mul3(2, n_group, d_state));
    vf_id conv_state = vf_b_state_tensor(b, il, b->m->layers[il].state_r);
    vf_id old = vf_g_reshape(g, vf_b_state_rows(b, conv_state), hp->ssm_conv_kernel - 1, channels, s, 1);
    vf_id in, z, xbc, dt, bias, bb, cc, y;

    in = vf_b_mul_mat(b, layer, VF_ROLE_SSM_IN, x);
    in = vf_g_reshape(g, in, g->node[in].ne[0], n, s, 1);
    nb1 = g->node[in].nb[1];
    nb2 = g->node[in].nb[2];
    z = vf_g_view(g, in, (uint64_t[4]){head_dim, n_head, n, s}, (uint64_t[3]){vf_mul(4, head_dim), nb1, nb2});
    xbc = vf_g_view_3d(g, in, channels, n, s, nb1, nb2);
    dt = vf_g_view_3d(g, in, n_head, n, s, nb1, nb2);
    xbc = vf_b_conv_apply(b, il, VF_ROLE_SSM_CONV1D, vf_b_conv_shift(b, conv_state, old, xbc));
    bias = vf_b_weight(b, layer, VF_ROLE_SSM_CONV1D, VF_PART_BIAS);
    xbc = bias ? vf_g_map(g, VF_OP_ADD, xbc, bias, 0) : xbc;
    xbc = vf_g_map(g, VF_OP_UNARY, xbc, 0, 0);
    nb1 = g->node[xbc].nb[1];
    nb2 = g->node[xbc].nb[2];
    x = vf_g_view(g, xbc, (uint64_t[4]){head_dim, n_head, n, s}, (uint64_t[3]){vf_mul(4, head_dim), nb1, nb2});
    bb = vf_g_view(g, xbc, (uint64_t[4]){d_state, n_group, n, s}, (uint64_t[3]){vf_mul(4, d_state), nb1, nb2});
    cc = vf_g_view(g, xbc, (uint64_t[4]){d_state, n_group, n, s}, (uint64_t[3]){vf_mul(4, d_state), nb1, nb2});
    dt = vf_g_map(g, VF_OP_ADD, vf_g_cont(g, dt), vf_b_weight(b, layer, VF_ROLE_SSM_DT, VF_PART_BIAS), 0);
    y = scan(b, il, d_state, head_dim, n_head, x, dt, vf_b_parameter(b, il, VF_ROLE_SSM_A), bb, cc);
    y = vf_g_view(g, y, (uint64_t[4]){head_dim, n_head, n, s},
                  (uint64_t[3]){vf_mul(4, head_dim), vf_mul(4, d_inner), vf_mul3(4, d_inner, n)});
    y = vf_g_map(g, VF_OP_ADD, y, vf_g_map(g, VF_OP_MUL, x, vf_b_parameter(b, il, VF_ROLE_SSM_D), 0), 0);
    y = vf_g_glu(g, vf_g_cont(g, z), y);
    if (vf_b_has(b, layer, VF_ROLE_SSM_NORM, VF_PART_WEIGHT)) {
        y = vf_g_reshape(g, y, d_inner / n_group, n_group, n, s);
        y = vf_b_norm(b, layer, VF_ROLE_SSM_NORM, VF_NORM_RMS, y);
    }
    y = vf_g_reshape(g, y, d_inner, b->n_tokens, 1, 1);
    return vf_b_mul_mat(b, layer, VF_ROLE_SSM_OUT, y);
}

/* PLaMo 2 (src/models/plamo2.cpp): Mamba-2's heads, Mamba's projections, norms without ".weight". */
vf_id vf_b_plamo2(vf_build *b, uint32_t il, vf_id x)
{
    vf_graph *g = b->g;
    const vf_hparams *hp = &b->m->hp;
    int32_t layer = (int32_t)il;
    uint64_t n = b->n_tokens / b->n_seqs, s = b->n_seqs, d_inner = hp->ssm_inner_size, d_state = hp->ssm_state_size;
    uint64_t n_head = hp->ssm_time_step_rank, head_dim = d_inner / n_head, nb[3], db_nb[3];
    vf_id conv_state = vf_b_state_tensor(b, il, b->m->layers[il].state_r);
    vf_id old = vf_g_reshape(g, vf_b_state_rows(b, conv_state), hp->ssm_conv_kernel - 1, d_inner, s, 1);
    vf_id dt_weight = vf_b_weight(b, layer, VF_ROLE_SSM_DT, VF_PART_WEIGHT), both, z, db, dt, a, bb, cc, y;

    x = vf_g_reshape(g, x, g->node[x].ne[0], n, s, 1);
    both = vf_g_permute(g, vf_b_mul_mat(b, layer, VF_ROLE_SSM_IN, x), 0, 2, 1, 3);
    both = vf_g_op(g, VF_OP_CONT, VF_TYPE_F32, 2 * head_dim, n_head, n, s, both, 0, 0);
    memcpy(nb, g->node[both].nb + 1, sizeof nb);
    x = vf_g_view(g, both, (uint64_t[4]){head_dim, n_head, n, s}, nb);
    x = vf_g_op(g, VF_OP_CONT, VF_TYPE_F32, d_inner, n, s, 1, x, 0, 0);
    z = vf_g_view(g, both, (uint64_t[4]){head_dim, n_head, n, s}, nb);
    x = vf_b_conv_apply(b, il, VF_ROLE_SSM_CONV1D, vf_b_conv_shift(b, conv_state, old, x));
    x = vf_g_map(g, VF_OP_UNARY, x, 0, 0);
    db = vf_b_mul_mat(b, layer, VF_ROLE_SSM_X, x);
    memcpy(db_nb, g->node[db].nb + 1, sizeof db_nb);
    bb = vf_b_norm(b, layer, VF_ROLE_SSM_B_NORM, VF_NORM_RMS, vf_g_view_3d(g, db, d_state, n, s, db_nb[0], db_nb[1]));
    cc = vf_b_norm(b, layer, VF_ROLE_SSM_C_NORM, VF_NORM_RMS, vf_g_view_3d(g, db, d_state, n, s, db_nb[0], db_nb[1]));
    dt = vf_g_view_3d(g, db, g->node[dt_weight].ne[0], n, s, db_nb[0], db_nb[1]);
    dt = vf_b_linear(b, layer, VF_ROLE_SSM_DT, vf_b_norm(b, layer, VF_ROLE_SSM_DT_NORM, VF_NORM_RMS, dt));
    a = vf_g_reshape(g, vf_b_parameter(b, il, VF_ROLE_SSM_A), 1, n_head, 1, 1);
    nb[0] = vf_mul(4, head_dim);
    nb[1] = vf_mul(4, d_inner);
    nb[2] = vf_mul(nb[1], n);
    x = vf_g_view(g, x, (uint64_t[4]){head_dim, n_head, n, s}, nb);
    bb = vf_g_view(g, bb, (uint64_t[4]){d_state, 1, n, s}, g->node[bb].nb);
    cc = vf_g_view(g, cc, (uint64_t[4]){d_state, 1, n, s}, g->node[cc].nb);
    y = scan(b, il, d_state, head_dim, n_head, x, dt, a, bb, cc);
    y = vf_g_view(g, y, (uint64_t[4]){head_dim, n_head, n, s}, nb);
    a = vf_g_reshape(g, vf_b_parameter(b, il, VF_ROLE_SSM_D), 1, n_head, 1, 1);
    y = vf_g_map(g, VF_OP_ADD, y, vf_g_map(g, VF_OP_MUL, x, a, 0), 0);
    y = vf_g_glu(g, vf_g_cont(g, z), y);
    y = vf_b_mul_mat(b, layer, VF_ROLE_SSM_OUT, vf_g_view_3d(g, y, d_inner, n, s, nb[1], nb[2]));
    return vf_g_reshape(g, y, g->node[y].ne[0], b->n_tokens, 1, 1);
}
