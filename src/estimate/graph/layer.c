/* One layer: its mixer and its feed-forward in the steps of the architecture. */
#include "estimate/graph/build.h"

typedef struct layer_state {
    vf_id cur, residual, normed, side, input, router;
    bool gathered;
} layer_state;

static vf_id attention(vf_build *b, uint32_t il, vf_id x)
{
    switch (b->m->layers[il].attention) {
    case VF_ATTN_NONE:
        return x;
    case VF_ATTN_GQA:
        return vf_b_gqa(b, il, x);
    case VF_ATTN_MLA:
    case VF_ATTN_MLA_KV_B:
        return vf_b_mla(b, il, x);
    default:
        b->unsupported = true;
        return x;
    }
}

static vf_id recurrent(vf_build *b, uint32_t il, vf_id x)
{
    switch (b->m->layers[il].recurrent) {
    case VF_REC_MAMBA:
        return vf_b_mamba(b, il, x);
    case VF_REC_MAMBA2:
        return vf_b_mamba2(b, il, x);
    case VF_REC_PLAMO2:
        return vf_b_plamo2(b, il, x);
    case VF_REC_SHORTCONV:
        return vf_b_shortconv(b, il, x);
    case VF_REC_DELTA_NET:
        return vf_b_delta_net(b, il, x);
    case VF_REC_KDA:
        return vf_b_kda(b, il, x);
    case VF_REC_LIGHTNING:
        return vf_b_lightning(b, il, x);
    default:
        b->unsupported = true;
        return x;
    }
}

static vf_id optional_norm(vf_build *b, uint32_t il, vf_role role, vf_id x)
{
    if (b->m->arch.norm == VF_NORM_NONE) /* without weights (OLMo) */
        return vf_b_norm(b, (int32_t)il, role, VF_NORM_NONE, x);
    if (!vf_b_has(b, (int32_t)il, role, VF_PART_WEIGHT) && !vf_b_has(b, (int32_t)il, role, VF_PART_BARE))
        return x;
    return vf_b_norm(b, (int32_t)il, role, (vf_norm)b->m->arch.norm, x);
}

/* Attention, or a recurrent block; or neither (Nemotron-H's feed-forward layers); or both, each with a
 * norm of its own over the same input (src/models/falcon-h1.cpp). */
static vf_id mixer(vf_build *b, uint32_t il, const layer_state *s)
{
    vf_id mixed = attention(b, il, s->cur);

    if (b->m->layers[il].recurrent == VF_REC_NONE)
        return mixed;
    if (b->m->layers[il].attention == VF_ATTN_NONE)
        return recurrent(b, il, s->cur);
    return vf_g_map(b->g, VF_OP_ADD, mixed, recurrent(b, il, optional_norm(b, il, VF_ROLE_ATTN_NORM, s->residual)), 0);
}

/* In the last layer only the rows that are asked for go on, from the place that the architecture has. */
static void gather(vf_build *b, uint32_t il, vf_gather where, layer_state *s)
{
    vf_graph *g = b->g;

    if (il + 1 != b->n_layer || b->gather != where || s->gathered)
        return;
    s->gathered = true;
    s->cur = vf_g_get_rows(g, s->cur, b->out_ids);
    s->residual = vf_g_get_rows(g, s->residual, b->out_ids);
    s->router = s->router ? vf_g_get_rows(g, s->router, b->out_ids) : 0;
    s->normed = s->normed ? vf_g_get_rows(g, s->normed, b->out_ids) : 0;
}

static vf_id scaled(vf_build *b, vf_id x)
{
    bool scale = b->m->arch.graph.scaled_residual ||
                 (b->m->hp.residual_scale && !b->m->arch.graph.scaled_stream);

    return scale ? vf_g_map(b->g, VF_OP_SCALE, x, 0, 0) : x;
}

static vf_id scaled_stream(vf_build *b, vf_id x)
{
    return b->m->arch.graph.scaled_stream ? vf_g_map(b->g, VF_OP_SCALE, x, 0, 0) : x;
}

static vf_id sum(vf_build *b, vf_id first, vf_id second)
{
    return vf_g_map(b->g, VF_OP_ADD, first, second, 0);
}

/* Steps that are a norm, if the layer has it. */
static const uint16_t norms[] = {
    [VF_STEP_ATTN_NORM] = VF_ROLE_ATTN_NORM,
    [VF_STEP_ATTN_OUTPUT_NORM] = VF_ROLE_ATTN_OUTPUT_NORM,
    [VF_STEP_POST_ATTENTION_NORM] = VF_ROLE_POST_ATTENTION_NORM,
    [VF_STEP_FFN_NORM] = VF_ROLE_FFN_NORM,
    [VF_STEP_POST_FFW_NORM] = VF_ROLE_POST_FFW_NORM,
    [VF_STEP_LAYER_OUTPUT_NORM] = VF_ROLE_LAYER_OUTPUT_NORM,
    [VF_STEP_SWIN_ATTN_NORM] = VF_ROLE_ATTN_NORM,
    [VF_STEP_SWIN_FFN_NORM] = VF_ROLE_FFN_NORM,
};

/* With swin_norm the norms are behind the blocks. */
static bool elsewhere(const vf_build *b, vf_step what)
{
    bool swin = b->m->hp.swin_norm != 0;

    if (what == VF_STEP_SWIN_ATTN_NORM || what == VF_STEP_SWIN_FFN_NORM)
        return !swin;
    return swin && (what == VF_STEP_ATTN_NORM || what == VF_STEP_FFN_NORM);
}

/* src/models/qwen3vl.cpp: the input embedding holds more of them behind its first n_embd columns. */
static vf_id deepstack(vf_build *b, uint32_t il, vf_id x)
{
    const vf_node *t = &b->g->node[b->wide_embd];

    if (il >= b->m->hp.n_deepstack_layers)
        return x;
    return sum(b, x, vf_g_view_2d(b->g, b->wide_embd, b->m->hp.embedding_length, b->n_tokens, t->nb[1]));
}

/* A mixer, a feed-forward, or what belongs to one layer alone. */
static void block(vf_build *b, uint32_t il, vf_step what, layer_state *s)
{
    switch (what) {
    case VF_STEP_ATTN_NORM_2:
        if (vf_b_has(b, (int32_t)il, VF_ROLE_ATTN_NORM_2, VF_PART_WEIGHT))
            s->cur = optional_norm(b, il, VF_ROLE_ATTN_NORM_2, s->residual);
        break;
    case VF_STEP_MIXER:
        s->cur = mixer(b, il, s);
        gather(b, il, VF_GATHER_IN_LAYER, s);
        s->input = s->residual;
        s->cur = scaled(b, s->cur);
        break;
    case VF_STEP_FFN:
        s->cur = scaled(b, vf_b_ffn(b, il, s->cur, s->residual, s->router));
        break;
    case VF_STEP_ROUTER:
        s->router = vf_b_linear(b, (int32_t)il, VF_ROLE_FFN_GATE_INP, s->cur);
        break;
    case VF_STEP_LAYER_EXPERTS:
        s->cur = sum(b, vf_b_moe(b, il, optional_norm(b, il, VF_ROLE_FFN_NORM_EXPS, s->input), 0), s->cur);
        break;
    case VF_STEP_DEEPSTACK:
        s->cur = s->residual = deepstack(b, il, s->cur);
        break;
    case VF_STEP_CROSS_ATTENTION:
        s->cur = vf_b_cross_attention(b, il, optional_norm(b, il, VF_ROLE_CROSS_ATTN_NORM, s->cur));
        gather(b, il, VF_GATHER_BEHIND_CROSS, s);
        break;
    case VF_STEP_PER_LAYER:
        s->cur = s->residual = vf_b_per_layer(b, il, s->cur);
        break;
    case VF_STEP_OUTPUT_SCALE:
        if (vf_b_has(b, (int32_t)il, VF_ROLE_LAYER_OUTPUT_SCALE, VF_PART_WEIGHT))
            s->cur = vf_g_map(b->g, VF_OP_MUL, s->cur,
                              vf_b_weight(b, (int32_t)il, VF_ROLE_LAYER_OUTPUT_SCALE, VF_PART_WEIGHT), 0);
        break;
    default: /* norms */
        if (what == VF_STEP_FFN_NORM && elsewhere(b, what))
            s->cur = s->normed; /* not the sum */
        if (!elsewhere(b, what))
            s->cur = optional_norm(b, il, (vf_role)norms[what], s->cur);
        if (what == VF_STEP_POST_ATTENTION_NORM)
            gather(b, il, VF_GATHER_BEHIND_NORM, s);
        break;
    }
}

static void step(vf_build *b, uint32_t il, vf_step what, layer_state *s)
{
    switch (what) {
    case VF_STEP_ADD:
        s->cur = sum(b, s->cur, scaled_stream(b, s->residual));
        gather(b, il, VF_GATHER_BEHIND_SUM, s);
        s->residual = s->cur;
        break;
    case VF_STEP_RESIDUAL_ADD:
        s->cur = s->residual = sum(b, s->residual, s->cur);
        break;
    case VF_STEP_BRANCH:
        s->side = s->cur;
        s->cur = s->normed;
        break;
    case VF_STEP_BRANCH_RESIDUAL:
        s->side = s->cur;
        s->cur = s->residual;
        break;
    case VF_STEP_ADD_SIDE:
        s->cur = sum(b, s->cur, s->side);
        break;
    case VF_STEP_SIDE_ADD:
        s->cur = sum(b, s->side, s->cur);
        break;
    case VF_STEP_STREAM:
        s->residual = s->cur;
        break;
    default:
        block(b, il, what, s);
        if (what == VF_STEP_ATTN_NORM || what == VF_STEP_SWIN_ATTN_NORM)
            s->normed = s->cur;
        break;
    }
}

vf_id vf_b_layer(vf_build *b, uint32_t il, vf_id x)
{
    layer_state s = {.cur = x, .residual = x};
    uint8_t kind = b->m->layers[il].recurrent;

    if (kind == VF_REC_RWKV6 || kind == VF_REC_RWKV7)
        return vf_b_rwkv_layer(b, il, x);
    if (kind == VF_REC_RWKV6_QWEN2 || kind == VF_REC_ARWKV7)
        return vf_b_rwkv_qwen_layer(b, il, x);
    if (b->m->arch.embedding.altup)
        return vf_b_altup_layer(b, il, x);
    if (b->m->arch.residual_scores)
        return vf_b_residual_layer(b, il, x);
    for (const uint8_t *what = vf_b_steps(b); *what != VF_STEP_END; what++)
        step(b, il, (vf_step)*what, &s);
    return s.cur;
}
