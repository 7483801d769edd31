/* Recurrent state: reading and writing the rows of a layer (llama.cpp src/llama-graph.cpp: build_rs). */
#include "base/checked.h"
#include "estimate/graph/build.h"
#include "estimate/kernels.h"

vf_id vf_b_state_tensor(vf_build *b, uint32_t il, uint64_t width)
{
    return vf_b_cache_tensor(b, il, VF_TYPE_F32, width, vf_mul(b->c->n_seq_max, vf_b_snapshots(b)), 1);
}

vf_id vf_b_state_begin(vf_build *b, vf_id state)
{
    vf_graph *g = b->g;
    uint64_t width = g->node[state].ne[0];
    vf_id states = vf_g_reshape(g, state, width, g->node[state].ne[1], 1, 1);

    /* a row that is to be cleared */
    vf_g_expand(g, vf_g_inplace(g, VF_OP_SCALE, vf_g_view_1d(g, states, width)));
    return states;
}

void vf_b_state_end(vf_build *b, vf_id state, vf_id states, vf_id rows)
{
    vf_graph *g = b->g;
    uint64_t width = g->node[state].ne[0], extra = b->c->n_seq_max - b->n_seqs;
    vf_id copied;

    vf_g_expand(g, rows);
    copied = vf_g_get_rows(g, states, b->state_copy_extra);
    vf_g_expand(g, vf_g_cpy(g, copied, vf_g_view_2d(g, state, width, extra, g->node[state].nb[1])));
}

vf_id vf_b_state_rows(vf_build *b, vf_id state)
{
    vf_id states = vf_b_state_begin(b, state);
    vf_id rows = vf_g_get_rows(b->g, states, b->state_copy_main);

    vf_b_state_end(b, state, states, rows);
    return rows;
}

uint64_t vf_b_snapshots(const vf_build *b)
{
    return (uint64_t)b->c->n_rs_seq + 1;
}

uint64_t vf_b_snapshots_written(const vf_build *b)
{
    uint64_t n = b->n_tokens / b->n_seqs, k = vf_b_snapshots(b);

    return n < k ? n : k;
}

/* The old columns before the new ones; the last columns go back into the state. The delta net writes as many snapshots as
 * there are (src/models/delta-net-base.cpp: build_conv_state), the others as many as there are tokens. */
vf_id vf_b_conv_shift(vf_build *b, vf_id state, vf_id old, vf_id x)
{
    vf_graph *g = b->g;
    uint64_t before = g->node[old].ne[0], channels = g->node[old].ne[1];
    vf_id in = vf_g_concat(g, old, vf_g_transpose(g, x), 0);
    uint64_t nb1 = g->node[in].nb[1], nb2 = g->node[in].nb[2];
    uint64_t n = b->m->arch.recurrent.kind == VF_REC_DELTA_NET ? vf_b_snapshots(b) : vf_b_snapshots_written(b);

    for (uint64_t i = 0; i < n; i++) {
        vf_id last = vf_g_view_3d(g, in, before, channels, b->n_seqs, nb1, nb2);

        vf_g_expand(g, vf_g_cpy(g, last, vf_g_view_2d(g, state, vf_mul(before, channels), b->n_seqs, g->node[state].nb[1])));
    }
    return in;
}

vf_id vf_b_ssm_conv(vf_build *b, vf_id in, vf_id kernel, uint64_t rows, uint64_t columns, uint64_t seqs)
{
    vf_graph *g = b->g;
    bool supported = vf_kernel_ssm_conv(b->p->backend, g->node[in].ne[1]);
    vf_id y = vf_g_op(g, VF_OP_SSM_CONV, VF_TYPE_F32, rows, columns, seqs, 1, in, kernel, 0);

    if (!supported)
        g->node[y].flags |= VF_NODE_CPU_ONLY;
    return y;
}

vf_id vf_b_conv_apply(vf_build *b, uint32_t il, vf_role role, vf_id in)
{
    vf_graph *g = b->g;
    vf_id w = vf_b_weight(b, (int32_t)il, role, VF_PART_WEIGHT); /* first: it may move the nodes */
    const vf_node *t = &g->node[in];
    uint64_t kernel = g->node[w].ne[0], rows = t->ne[1], seqs = t->ne[2];
    uint64_t columns = t->ne[0] + 1 > kernel ? t->ne[0] + 1 - kernel : 0; /* a file's kernel may be any */

    return vf_b_ssm_conv(b, in, w, rows, columns, seqs);
}
