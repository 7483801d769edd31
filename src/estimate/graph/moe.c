/* Mixture of experts (llama.cpp src/llama-graph.cpp: build_moe_ffn). */
#include "base/checked.h"
#include "estimate/graph/build.h"
#include "estimate/kernels.h"

/* Above this number of experts used the weighted sum is not fused (ggml-cuda.cu:
 * MOE_WEIGHTED_REDUCTION_MAX_EXPERTS). */
#define FUSED_SUM_MAX 15

typedef struct expert_set {
    vf_role gate, up, down;
} expert_set;

typedef struct router {
    vf_id weights; /* [1, n_expert_used, n_tokens] */
    vf_id ids;     /* [n_expert_used, n_tokens] */
} router;

/* ggml-cuda/topk-moe.cu: ggml_cuda_should_use_topk_moe */
static bool fused_router_size(uint64_t n_expert)
{
    return n_expert == 0 || ((n_expert & (n_expert - 1)) == 0 && n_expert <= 512) || n_expert == 288 || n_expert == 576;
}

/* Only the best groups of experts take part: all others are masked out. */
static vf_id select_groups(vf_build *b, vf_id probs, uint64_t n_expert, uint64_t n_tokens)
{
    vf_graph *g = b->g;
    uint64_t n_groups = b->m->hp.expert_group_count, per_group = n_expert / n_groups;
    vf_id groups = vf_g_reshape(g, probs, per_group, n_groups, n_tokens, 1);
    vf_id best = vf_g_argsort_top_k(g, groups, 2);
    vf_id scores = vf_g_get_rows(g, vf_g_reshape(g, groups, 1, per_group, n_groups, n_tokens), best);
    vf_id chosen, rows;

    scores = vf_g_sum_rows(g, vf_g_reshape(g, scores, 2, n_groups, n_tokens, 1));
    scores = vf_g_reshape(g, scores, n_groups, n_tokens, 1, 1);
    chosen = vf_g_argsort_top_k(g, scores, b->m->hp.expert_group_used_count);
    rows = vf_g_get_rows(g, groups, chosen);
    probs = vf_g_set_rows(g, vf_g_map(g, VF_OP_FILL, groups, 0, 0), rows, chosen);
    return vf_g_reshape(g, probs, n_expert, n_tokens, 1, 1);
}

static vf_id norm_weights(vf_graph *g, vf_id weights, uint64_t n_used, uint64_t n_tokens)
{
    vf_id sum;

    weights = vf_g_reshape(g, weights, n_used, n_tokens, 1, 1);
    sum = vf_g_map(g, VF_OP_CLAMP, vf_g_sum_rows(g, weights), 0, 0);
    weights = vf_g_map(g, VF_OP_DIV, weights, sum, 0);
    return vf_g_reshape(g, weights, 1, n_used, n_tokens, 1);
}

static bool norms_weights(const vf_build *b)
{
    if (vf_hp_present(&b->m->hp, VF_HP_expert_weights_norm))
        return b->m->hp.expert_weights_norm != 0;
    return b->m->arch.moe.norm_weights;
}

static bool gates_by_sigmoid(const vf_build *b)
{
    /* llama.h: LLAMA_EXPERT_GATING_FUNC_TYPE_SOFTMAX 1, _SIGMOID 2 */
    if (b->m->hp.expert_gating_func)
        return b->m->hp.expert_gating_func == 2;
    return b->m->arch.moe.sigmoid;
}

/* The groups that the chosen experts are in: their numbers, divided. */
static vf_id groups_of(vf_graph *g, vf_id ids)
{
    vf_id f32 = vf_g_cast(g, ids, VF_TYPE_F32);

    return vf_g_cast(g, vf_g_map(g, VF_OP_SCALE, f32, 0, 0), VF_TYPE_I32);
}

static router route(vf_build *b, uint32_t il, vf_id logits, bool by_group)
{
    vf_graph *g = b->g;
    const vf_layer *l = &b->m->layers[il];
    uint64_t n_tokens = g->node[logits].ne[1], n_expert = l->n_expert, n_used = l->n_expert_used;
    uint64_t n_groups = b->m->hp.experts_per_group ? n_expert / b->m->hp.experts_per_group : 0;
    bool late_softmax = b->m->arch.moe.weights_before_softmax;
    bool grouped = b->m->hp.expert_group_count > 1;
    vf_id probs = logits, selection, bias;
    uint32_t first;
    router r;

    if (!late_softmax)
        probs = vf_g_map(g, gates_by_sigmoid(b) ? VF_OP_UNARY : VF_OP_SOFT_MAX, logits, 0, 0);
    selection = probs;
    bias = vf_b_weight(b, (int32_t)il, VF_ROLE_EXP_PROBS_B, VF_PART_BIAS);
    if (!bias)
        bias = vf_b_weight(b, (int32_t)il, VF_ROLE_EXP_PROBS_B, VF_PART_BARE);
    if (bias)
        selection = vf_g_map(g, VF_OP_ADD, probs, bias, 0);
    if (b->m->arch.graph.moe_weight_first)
        selection = logits;
    if (b->m->arch.moe.chunks)
        selection = vf_g_map(g, VF_OP_UNARY, logits, 0, 0);
    if (by_group && n_groups < n_used)
        n_used = n_groups;
    if (grouped)
        selection = select_groups(b, selection, n_expert, n_tokens);
    r.ids = vf_g_argsort_top_k(g, selection, n_used);
    if (by_group)
        r.ids = groups_of(g, r.ids);
    r.weights = vf_g_get_rows(g, vf_g_reshape(g, probs, 1, n_expert, n_tokens, 1), r.ids);
    if (late_softmax) {
        r.weights = vf_g_reshape(g, r.weights, n_used, n_tokens, 1, 1);
        r.weights = vf_g_map(g, VF_OP_SOFT_MAX, r.weights, 0, 0);
        r.weights = vf_g_reshape(g, r.weights, 1, n_used, n_tokens, 1);
    }
    if (norms_weights(b))
        r.weights = norm_weights(g, r.weights, n_used, n_tokens);
    if (b->m->hp.expert_weights_scale)
        r.weights = vf_g_map(g, VF_OP_SCALE, r.weights, 0, 0);
    vf_g_expand(g, logits);
    first = (uint32_t)g->n_order;
    vf_g_expand(g, r.weights);
    if (!late_softmax && !grouped && !b->m->arch.moe.chunks && selection != logits && fused_router_size(n_expert))
        vf_g_fusion(g, (vf_fusion){first, (uint32_t)g->n_order - 1, (uint32_t)g->n_order, true});
    return r;
}

static vf_id experts_linear(vf_build *b, uint32_t il, vf_role role, vf_id x, vf_id ids)
{
    vf_id y = vf_g_mul_mat_id(b->g, vf_b_weight(b, (int32_t)il, role, VF_PART_WEIGHT), x, ids);
    vf_id bias = vf_b_weight(b, (int32_t)il, role, VF_PART_BIAS);

    return bias ? vf_g_map(b->g, VF_OP_ADD_ID, y, bias, ids) : y;
}

static vf_id experts_hidden(vf_build *b, uint32_t il, vf_id x, vf_id ids, const expert_set *set)
{
    vf_graph *g = b->g;
    vf_id h;

    if (vf_b_has(b, (int32_t)il, VF_ROLE_FFN_GATE_UP_EXPS, VF_PART_WEIGHT)) {
        vf_id both = experts_linear(b, il, VF_ROLE_FFN_GATE_UP_EXPS, x, ids);
        uint64_t n_ff = g->node[both].ne[0] / 2, ne1 = g->node[both].ne[1], ne2 = g->node[both].ne[2];
        uint64_t nb1 = g->node[both].nb[1], nb2 = g->node[both].nb[2];
        vf_id gate = vf_g_view_3d(g, both, n_ff, ne1, ne2, nb1, nb2);
        vf_id up = vf_g_view_3d(g, both, n_ff, ne1, ne2, nb1, nb2);

        return vf_g_glu(g, gate, up);
    }
    h = experts_linear(b, il, set->up, x, ids);
    if (vf_b_has(b, (int32_t)il, set->gate, VF_PART_WEIGHT))
        return vf_b_gate(b, experts_linear(b, il, set->gate, x, ids), h);
    h = vf_g_map(g, VF_OP_UNARY, h, 0, 0);
    return b->m->arch.graph.squared_activation ? vf_g_map(g, VF_OP_SQR, h, 0, 0) : h;
}

/* The experts' results of a token, summed one after the other. */
static vf_id sum_experts(vf_build *b, vf_id experts, bool weighted, uint64_t n_used, uint64_t n_tokens)
{
    vf_graph *g = b->g;
    uint64_t n_embd = g->node[experts].ne[0], nb2 = g->node[experts].nb[2];
    vf_id view = 0, sum, first_view;
    uint32_t first = (uint32_t)g->n_order;

    first_view = vf_g_view_2d(g, experts, n_embd, n_tokens, nb2);
    vf_g_expand(g, first_view);
    sum = (vf_id)g->n;
    for (uint64_t i = 1; i < n_used; i++) {
        view = vf_g_view_2d(g, experts, n_embd, n_tokens, nb2);
        vf_g_expand(g, view);
    }
    view = sum; /* the second view; the others have the numbers after it */
    sum = first_view;
    for (uint64_t i = 1; i < n_used; i++) {
        sum = vf_g_map(g, VF_OP_ADD, sum, (vf_id)(view + i - 1), 0);
        vf_g_expand(g, sum);
    }
    if (n_used == 1)
        return vf_g_cont(g, first_view);
    if (weighted && n_used <= FUSED_SUM_MAX)
        vf_g_fusion(g, (vf_fusion){first - 1, (uint32_t)g->n_order - 1, (uint32_t)g->n_order - 1, false});
    return sum;
}

static vf_id shared_experts(vf_build *b, uint32_t il, vf_id x)
{
    vf_graph *g = b->g;
    vf_id y, gate;

    if (!vf_b_has(b, (int32_t)il, VF_ROLE_FFN_UP_SHEXP, VF_PART_WEIGHT))
        return 0;
    y = vf_b_dense(b, (int32_t)il, VF_ROLE_FFN_GATE_SHEXP, VF_ROLE_FFN_UP_SHEXP, VF_ROLE_FFN_DOWN_SHEXP, VF_FFN_GATED, x);
    if (!vf_b_has(b, (int32_t)il, VF_ROLE_FFN_GATE_INP_SHEXP, VF_PART_WEIGHT))
        return y;
    gate = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_FFN_GATE_INP_SHEXP, x);
    gate = vf_g_map(g, VF_OP_UNARY, gate, 0, 0);
    return vf_g_map(g, VF_OP_MUL, y, gate, 0);
}

static const expert_set all_experts = {VF_ROLE_FFN_GATE_EXPS, VF_ROLE_FFN_UP_EXPS, VF_ROLE_FFN_DOWN_EXPS};
static const expert_set chunks = {VF_ROLE_FFN_GATE_CHEXPS, VF_ROLE_FFN_UP_CHEXPS, VF_ROLE_FFN_DOWN_CHEXPS};

static vf_id run_experts(vf_build *b, uint32_t il, vf_id x, vf_id logits, const expert_set *set)
{
    vf_graph *g = b->g;
    uint64_t n_embd = g->node[x].ne[0], n_tokens = g->node[x].ne[1], n_used;
    bool weight_first = b->m->arch.graph.moe_weight_first;
    router r = route(b, il, logits, set == &chunks);
    vf_id cur = vf_g_reshape(g, x, n_embd, 1, n_tokens, 1);
    vf_id experts;

    n_used = g->node[r.ids].ne[0];
    if (weight_first)
        cur = vf_g_map(g, VF_OP_MUL, vf_g_repeat(g, cur, n_embd, n_used, n_tokens, 1), r.weights, 0);
    cur = experts_hidden(b, il, cur, r.ids, set);
    experts = experts_linear(b, il, set->down, cur, r.ids);
    if (b->m->arch.graph.down_exps_f32 && !vf_kernel_mul_mat_id_f32(b->p->backend))
        g->node[experts].flags |= VF_NODE_CPU_ONLY;
    if (!weight_first)
        experts = vf_g_map(g, VF_OP_MUL, experts, r.weights, 0);
    vf_g_expand(g, experts);
    return sum_experts(b, experts, !weight_first, n_used, n_tokens);
}

vf_id vf_b_routed_experts(vf_build *b, uint32_t il, vf_id x, vf_id logits)
{
    return run_experts(b, il, x, logits, &all_experts);
}

/* src/models/grovemoe.cpp: a narrower expert for every group of experts, over the result of those. */
static vf_id chunk_experts(vf_build *b, uint32_t il, vf_id x, vf_id logits)
{
    vf_id out = run_experts(b, il, x, logits, &chunks);

    return vf_g_map(b->g, VF_OP_ADD, x, vf_g_map(b->g, VF_OP_SCALE, out, 0, 0), 0);
}

vf_id vf_b_moe(vf_build *b, uint32_t il, vf_id x, vf_id logits)
{
    vf_id narrow = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_FFN_LATENT_DOWN, x), out, shared;

    narrow = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_FFN_ROUTED_DOWN, narrow);
    if (!logits)
        logits = vf_b_linear(b, (int32_t)il, VF_ROLE_FFN_GATE_INP, x);
    out = vf_b_routed_experts(b, il, narrow, logits);
    if (b->m->arch.moe.chunks)
        out = chunk_experts(b, il, out, logits);
    out = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_FFN_LATENT_UP, out);
    if (vf_b_has(b, (int32_t)il, VF_ROLE_FFN_ROUTED_NORM, VF_PART_WEIGHT))
        out = vf_b_norm(b, (int32_t)il, VF_ROLE_FFN_ROUTED_NORM, (vf_norm)b->m->arch.norm, out);
    out = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_FFN_ROUTED_UP, out);
    shared = shared_experts(b, il, x);
    if (!shared)
        return out;
    out = vf_g_map(b->g, VF_OP_ADD, out, shared, 0);
    return b->m->arch.graph.halved_experts ? vf_g_map(b->g, VF_OP_SCALE, out, 0, 0) : out;
}
