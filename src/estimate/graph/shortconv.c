/* Short convolution (llama.cpp src/models/lfm2.cpp: build_shortconv_block). */
#include "estimate/graph/build.h"

vf_id vf_b_shortconv(vf_build *b, uint32_t il, vf_id x)
{
    vf_graph *g = b->g;
    int32_t layer = (int32_t)il;
    uint64_t n = b->n_tokens / b->n_seqs, s = b->n_seqs, n_embd = b->m->hp.embedding_length, nb1, nb2;
    vf_id bcx, bx, c, state, old, y;

    bcx = vf_b_mul_mat(b, layer, VF_ROLE_SHORTCONV_IN_PROJ, vf_g_reshape(g, x, n_embd, n, s, 1));
    nb1 = g->node[bcx].nb[1];
    nb2 = g->node[bcx].nb[2];
    bx = vf_g_view_3d(g, bcx, n_embd, n, s, nb1, nb2);
    c = vf_g_view_3d(g, bcx, n_embd, n, s, nb1, nb2);
    bx = vf_g_map(g, VF_OP_MUL, bx, vf_g_view_3d(g, bcx, n_embd, n, s, nb1, nb2), 0);
    state = vf_b_state_tensor(b, il, b->m->layers[il].state_r);
    old = vf_g_reshape(g, vf_b_state_rows(b, state), b->m->hp.shortconv_l_cache - 1, n_embd, s, 1);
    bx = vf_b_conv_shift(b, state, old, bx);
    y = vf_g_map(g, VF_OP_MUL, c, vf_b_conv_apply(b, il, VF_ROLE_SHORTCONV_CONV, bx), 0);
    y = vf_b_mul_mat(b, layer, VF_ROLE_SHORTCONV_OUT_PROJ, y);
    return vf_g_reshape(g, y, n_embd, b->n_tokens, 1, 1);
}
