/* Dense feed-forward blocks (llama.cpp src/llama-graph.cpp: build_ffn). */
#include "estimate/graph/build.h"

static vf_id activation(vf_build *b, vf_id x)
{
    x = vf_g_map(b->g, VF_OP_UNARY, x, 0, 0);
    if (b->m->arch.graph.squared_activation)
        x = vf_g_map(b->g, VF_OP_SQR, x, 0, 0);
    return x;
}

/* Gate and up in one operation; or Kimi K3's activation (src/models/kimi-k3.cpp: kimi_k3_situ): both
 * saturate, and the gate is the argument of a sigmoid besides. */
vf_id vf_b_gate(vf_build *b, vf_id gate, vf_id up)
{
    vf_graph *g = b->g;
    vf_id x = gate;

    if (!b->m->arch.graph.situ)
        return vf_g_glu(g, gate, up);
    for (int i = 0; i < 3; i++) /* scale, tanh, scale */
        x = vf_g_map(g, i == 1 ? VF_OP_UNARY : VF_OP_SCALE, x, 0, 0);
    x = vf_g_map(g, VF_OP_MUL, x, vf_g_map(g, VF_OP_UNARY, gate, 0, 0), 0);
    for (int i = 0; i < 3; i++)
        up = vf_g_map(g, i == 1 ? VF_OP_UNARY : VF_OP_SCALE, up, 0, 0);
    return vf_g_map(g, VF_OP_MUL, x, up, 0);
}

vf_id vf_b_dense(vf_build *b, int32_t il, vf_role gate, vf_role up, vf_role down, vf_ffn_kind kind, vf_id x)
{
    vf_graph *g = b->g;
    vf_id u = vf_b_linear(b, il, up, x);
    vf_id h;

    if (kind == VF_FFN_FUSED_GATE)
        h = vf_g_glu_fused(g, u);
    else if (vf_b_has(b, il, gate, VF_PART_WEIGHT))
        h = vf_b_gate(b, vf_b_linear(b, il, gate, x), u);
    else
        h = activation(b, u);
    if (down == VF_ROLE_FFN_DOWN && vf_b_has(b, il, VF_ROLE_FFN_SUB_NORM, VF_PART_WEIGHT))
        h = vf_b_norm(b, il, VF_ROLE_FFN_SUB_NORM, (vf_norm)b->m->arch.norm, h);
    return vf_b_linear(b, il, down, h);
}

static vf_id dense(vf_build *b, uint32_t il, vf_id x)
{
    vf_ffn_kind kind = (vf_ffn_kind)b->m->layers[il].ffn;

    return vf_b_dense(b, (int32_t)il, VF_ROLE_FFN_GATE, VF_ROLE_FFN_UP, VF_ROLE_FFN_DOWN, kind, x);
}

vf_id vf_b_ffn(vf_build *b, uint32_t il, vf_id x, vf_id residual, vf_id logits)
{
    vf_ffn_kind kind = (vf_ffn_kind)b->m->layers[il].ffn;
    const vf_arch *arch = &b->m->arch;
    vf_id experts;

    if (kind == VF_FFN_NONE)
        return x;
    if (kind == VF_FFN_MOE && arch->moe.gemma_norms)
        return vf_b_gemma_experts(b, il, x, residual);
    if (kind != VF_FFN_MOE || arch->moe.norm_exps) /* Arctic's experts are a step of their own */
        return dense(b, il, x);
    experts = vf_b_moe(b, il, x, logits);
    if (!arch->graph.scaled_experts || !vf_b_has(b, (int32_t)il, VF_ROLE_FFN_UP, VF_PART_WEIGHT))
        return experts;
    return vf_g_map(b->g, VF_OP_SCALE, vf_g_map(b->g, VF_OP_ADD, dense(b, il, x), experts, 0), 0, 0);
}
