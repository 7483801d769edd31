/* What is Gemma's own: embeddings of every layer (Gemma 3n, Gemma 4), AltUp streams with LAuReL
 * (Gemma 3n), experts beside a dense feed-forward (Gemma 4). llama.cpp src/models/gemma3n.cpp, gemma4.cpp. */
#include "base/checked.h"
#include "estimate/graph/build.h"

/* gemma3n.cpp: n_layer_sparsity, i_altup_act */
#define SPARSE_LAYERS 10

static vf_id map(vf_build *b, vf_op op, vf_id x, vf_id y)
{
    return vf_g_map(b->g, op, x, y, 0);
}

static vf_id norm(vf_build *b, uint32_t il, vf_role role, vf_id x)
{
    return vf_b_norm(b, (int32_t)il, role, VF_NORM_RMS, x);
}

static vf_id mul_mat(vf_build *b, uint32_t il, vf_role role, vf_id x)
{
    return vf_b_mul_mat(b, (int32_t)il, role, x);
}

/* Slice of a [ne0, ne1, n] tensor. */
static vf_id slice(vf_graph *g, vf_id x)
{
    return vf_g_view_2d(g, x, g->node[x].ne[0], g->node[x].ne[1], vf_row_bytes(VF_TYPE_F32, g->node[x].ne[0]));
}

/* ---- embeddings of every layer ---- */

/* [per layer, n_tokens, n_layer]: the token's own part and a projection of its embedding. */
void vf_b_per_layer_inputs(vf_build *b, vf_id x)
{
    vf_graph *g = b->g;
    uint64_t width = b->m->hp.embedding_length_per_layer_input, n = b->n_tokens, n_layer = b->n_layer;
    vf_id table = vf_b_weight(b, -1, VF_ROLE_PER_LAYER_TOKEN_EMBD, VF_PART_WEIGHT), tokens, own, projected;

    if (!table)
        return;
    if (width == 0)
        width = g->node[table].ne[0] / n_layer;
    tokens = vf_g_input(g, VF_TYPE_I32, n, 1, 1, 1);
    own = vf_g_reshape(g, vf_g_get_rows(g, table, tokens), width, n_layer, n, 1);
    own = map(b, VF_OP_SCALE, own, 0);
    vf_g_expand(g, own);
    projected = vf_b_mul_mat(b, -1, VF_ROLE_PER_LAYER_MODEL_PROJ, x);
    projected = vf_g_reshape(g, map(b, VF_OP_SCALE, projected, 0), width, n_layer, n, 1);
    projected = vf_b_norm(b, -1, VF_ROLE_PER_LAYER_PROJ_NORM, VF_NORM_RMS, projected);
    own = map(b, VF_OP_SCALE, map(b, VF_OP_ADD, projected, own), 0);
    b->per_layer = vf_g_cont(g, vf_g_permute(g, own, 0, 2, 1, 3));
}

/* Gate, product with the layer's embedding, projection back. */
static vf_id through_per_layer(vf_build *b, uint32_t il, vf_id x)
{
    x = map(b, VF_OP_UNARY, mul_mat(b, il, VF_ROLE_INP_GATE, x), 0);
    x = map(b, VF_OP_MUL, x, slice(b->g, b->per_layer));
    x = mul_mat(b, il, VF_ROLE_PROJ, x);
    return norm(b, il, VF_ROLE_POST_NORM, x);
}

vf_id vf_b_per_layer(vf_build *b, uint32_t il, vf_id x)
{
    return b->per_layer ? map(b, VF_OP_ADD, x, through_per_layer(b, il, x)) : x;
}

/* ---- Gemma 4's experts ---- */

vf_id vf_b_gemma_experts(vf_build *b, uint32_t il, vf_id normed, vf_id x)
{
    vf_graph *g = b->g;
    vf_id dense = vf_b_dense(b, (int32_t)il, VF_ROLE_FFN_GATE, VF_ROLE_FFN_UP, VF_ROLE_FFN_DOWN, VF_FFN_GATED, normed);
    vf_id experts, router;

    dense = norm(b, il, VF_ROLE_POST_FFW_NORM_1, dense);
    experts = norm(b, il, VF_ROLE_PRE_FFW_NORM_2, x);
    router = map(b, VF_OP_SCALE, map(b, VF_OP_RMS_NORM, x, 0), 0);
    router = map(b, VF_OP_MUL, router, vf_b_weight(b, (int32_t)il, VF_ROLE_FFN_GATE_INP, VF_PART_SCALE));
    router = vf_g_mul_mat(g, vf_b_weight(b, (int32_t)il, VF_ROLE_FFN_GATE_INP, VF_PART_WEIGHT), router);
    experts = vf_b_routed_experts(b, il, experts, router);
    experts = norm(b, il, VF_ROLE_POST_FFW_NORM_2, experts);
    return map(b, VF_OP_ADD, dense, experts);
}

/* ---- AltUp ---- */

static vf_id magnitude(vf_build *b, vf_id x)
{
    return map(b, VF_OP_SQRT, vf_g_sum_rows(b->g, map(b, VF_OP_SQR, x, 0)), 0);
}

/* To the magnitude of the active stream. */
static vf_id rescale(vf_build *b, vf_id x, vf_id target)
{
    vf_id own = magnitude(b, x);

    return map(b, VF_OP_DIV, map(b, VF_OP_MUL, x, target), own);
}

/* From one stream to n: the others are projections of the first. */
vf_id vf_b_altup_begin(vf_build *b, vf_id x)
{
    vf_graph *g = b->g;
    uint64_t n_embd = b->m->hp.embedding_length, others = vf_altup_streams(b->m) - 1;
    vf_id target = magnitude(b, x);
    vf_id added = vf_b_mul_mat(b, -1, VF_ROLE_ALTUP_PROJ, vf_g_repeat(g, x, n_embd, b->n_tokens, others, 1));

    return vf_g_concat(g, x, rescale(b, added, target), 2);
}

static vf_id other_streams(vf_build *b, vf_id x)
{
    const vf_node *t = &b->g->node[x];

    return vf_g_view_3d(b->g, x, t->ne[0], t->ne[1], t->ne[2] - 1, t->nb[1], t->nb[2]);
}

/* And back: the mean of all. */
vf_id vf_b_altup_end(vf_build *b, vf_id x)
{
    vf_graph *g = b->g;
    uint64_t others = vf_altup_streams(b->m) - 1;
    vf_id target = magnitude(b, slice(g, x));
    vf_id rest = rescale(b, vf_b_mul_mat(b, -1, VF_ROLE_ALTUP_UNEMBD_PROJ, other_streams(b, x)), target);

    x = slice(g, x);
    for (uint64_t i = 0; i < others; i++)
        x = map(b, VF_OP_ADD, x, slice(g, rest));
    return vf_g_get_rows(g, map(b, VF_OP_SCALE, x, 0), b->out_ids);
}

static vf_id modalities(vf_build *b, uint32_t il, vf_id x)
{
    x = map(b, VF_OP_SCALE, norm(b, il, VF_ROLE_ALTUP_ROUTER_NORM, x), 0);
    return map(b, VF_OP_UNARY, mul_mat(b, il, VF_ROLE_ALTUP_ROUTER, x), 0);
}

static vf_id predict(vf_build *b, uint32_t il, vf_id x)
{
    vf_graph *g = b->g;
    uint64_t streams = vf_altup_streams(b->m);
    vf_id coefs = mul_mat(b, il, VF_ROLE_ALTUP_PREDICT_COEF, modalities(b, il, slice(g, x))), y;

    coefs = vf_g_reshape(g, coefs, streams, streams, b->n_tokens, 1);
    y = vf_g_mul_mat(g, vf_g_cont(g, vf_g_permute(g, x, 1, 2, 0, 3)), coefs);
    y = vf_g_cont(g, vf_g_permute(g, y, 0, 2, 1, 3));
    return map(b, VF_OP_ADD, y, x);
}

static vf_id correct(vf_build *b, uint32_t il, vf_id predictions, vf_id activated)
{
    vf_graph *g = b->g;
    uint64_t n_embd = b->m->hp.embedding_length, streams = vf_altup_streams(b->m), n = b->n_tokens;
    vf_id m = modalities(b, il, activated);
    vf_id innovation = map(b, VF_OP_SUB, activated, slice(g, predictions));
    vf_id coefs = map(b, VF_OP_SCALE, mul_mat(b, il, VF_ROLE_ALTUP_CORRECT_COEF, m), 0);

    coefs = vf_g_op(g, VF_OP_CONT, VF_TYPE_F32, 1, n, streams, 1, vf_g_transpose(g, coefs), 0, 0);
    innovation = vf_g_repeat(g, innovation, n_embd, n, streams, 1);
    return map(b, VF_OP_ADD, map(b, VF_OP_MUL, innovation, coefs), predictions);
}

static vf_id laurel(vf_build *b, uint32_t il, vf_id x)
{
    vf_id y = mul_mat(b, il, VF_ROLE_LAUREL_R, mul_mat(b, il, VF_ROLE_LAUREL_L, x));

    return map(b, VF_OP_ADD, norm(b, il, VF_ROLE_LAUREL_POST_NORM, y), x);
}

/* Only the largest activations stay: those a multiple of the deviation above the mean. */
static vf_id sparse(vf_build *b, vf_id x)
{
    vf_graph *g = b->g;
    vf_id mean = vf_g_op(g, VF_OP_SUM_ROWS, VF_TYPE_F32, 1, g->node[x].ne[1], 1, 1, x, 0, 0);
    vf_id variance = vf_g_sum_rows(g, map(b, VF_OP_SQR, map(b, VF_OP_SUB, x, mean), 0));
    vf_id deviation = map(b, VF_OP_SQRT, map(b, VF_OP_SCALE, variance, 0), 0);
    vf_id cutoff = map(b, VF_OP_ADD, mean, map(b, VF_OP_SCALE, deviation, 0));

    return map(b, VF_OP_UNARY, map(b, VF_OP_SUB, x, cutoff), 0);
}

bool vf_b_sparse(const vf_build *b, uint32_t il)
{
    return b->m->arch.embedding.altup && il < SPARSE_LAYERS;
}

static vf_id altup_ffn(vf_build *b, uint32_t il, vf_id x)
{
    vf_id up = mul_mat(b, il, VF_ROLE_FFN_UP, x), gate = mul_mat(b, il, VF_ROLE_FFN_GATE, x);

    if (vf_b_sparse(b, il))
        gate = sparse(b, gate);
    x = map(b, VF_OP_MUL, up, map(b, VF_OP_UNARY, gate, 0));
    return mul_mat(b, il, VF_ROLE_FFN_DOWN, x);
}

vf_id vf_b_altup_layer(vf_build *b, uint32_t il, vf_id x)
{
    vf_graph *g = b->g;
    vf_id predictions = predict(b, il, x), active = slice(g, predictions), side, cur, first, rest;

    cur = norm(b, il, VF_ROLE_ATTN_NORM, active);
    side = laurel(b, il, cur);
    cur = norm(b, il, VF_ROLE_POST_ATTENTION_NORM, vf_b_gqa(b, il, cur));
    cur = map(b, VF_OP_ADD, cur, active);
    cur = map(b, VF_OP_SCALE, map(b, VF_OP_ADD, cur, side), 0);
    side = cur;
    cur = altup_ffn(b, il, norm(b, il, VF_ROLE_FFN_NORM, cur));
    cur = map(b, VF_OP_ADD, norm(b, il, VF_ROLE_POST_FFW_NORM, cur), side);
    x = correct(b, il, predictions, cur);
    first = map(b, VF_OP_MUL, slice(g, x), vf_b_weight(b, (int32_t)il, VF_ROLE_ALTUP_CORRECT_SCALE, VF_PART_WEIGHT));
    first = through_per_layer(b, il, first);
    cur = slice(g, x);
    rest = map(b, VF_OP_ADD, other_streams(b, x), first);
    return vf_g_concat(g, cur, rest, 2);
}
