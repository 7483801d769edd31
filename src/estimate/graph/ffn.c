/* Dense feed-forward blocks (llama.cpp src/llama-graph.cpp: build_ffn). */
#include "estimate/graph/build.h"

static vf_id activation(vf_build *b, vf_id x)
{
    x = vf_g_map(b->g, VF_OP_UNARY, x, 0, 0);
    if (b->m->arch.graph.squared_activation)
        x = vf_g_map(b->g, VF_OP_SQR, x, 0, 0);
    return x;
}

vf_id vf_b_dense(vf_build *b, int32_t il, vf_role gate, vf_role up, vf_role down, vf_ffn_kind kind, vf_id x)
{
    vf_graph *g = b->g;
    vf_id u = vf_b_linear(b, il, up, x);
    vf_id h;

    if (kind == VF_FFN_FUSED_GATE)
        h = vf_g_glu_fused(g, u);
    else if (vf_b_has(b, il, gate, VF_PART_WEIGHT))
        h = vf_g_glu(g, vf_b_linear(b, il, gate, x), u);
    else
        h = activation(b, u);
    if (b->m->arch.attention.sub_norm)
        h = vf_b_norm(b, il, VF_ROLE_FFN_SUB_NORM, VF_NORM_RMS, h);
    return vf_b_linear(b, il, down, h);
}

vf_id vf_b_ffn(vf_build *b, uint32_t il, vf_id x, vf_id residual)
{
    vf_ffn_kind kind = (vf_ffn_kind)b->m->layers[il].ffn;

    if (kind == VF_FFN_NONE)
        return x;
    if (kind == VF_FFN_MOE && b->m->arch.moe.gemma_norms)
        return vf_b_gemma_experts(b, il, x, residual);
    if (kind == VF_FFN_MOE)
        return vf_b_moe(b, il, x);
    return vf_b_dense(b, (int32_t)il, VF_ROLE_FFN_GATE, VF_ROLE_FFN_UP, VF_ROLE_FFN_DOWN, kind, x);
}
