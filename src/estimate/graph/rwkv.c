/* RWKV-6 and RWKV-7: whole layers, as time mix and channel mix share the token shift (llama.cpp
 * src/models/rwkv6.cpp, rwkv6-base.cpp, rwkv7.cpp, rwkv7-base.cpp). And their time mixes in the blocks of
 * Qwen2 (rwkv6qwen2.cpp, arwkv7.cpp), with its feed-forward, where only one column is shifted. */
#include "base/checked.h"
#include "estimate/graph/build.h"

/* One layer under way. */
typedef struct rwkv {
    vf_build *b;
    vf_graph *g;
    uint32_t il;
    uint64_t n_embd, head, n_head, n, s; /* n tokens in each of s sequences */
} rwkv;

static vf_id op2(const rwkv *r, vf_op op, vf_id a, vf_id b)
{
    return vf_g_map(r->g, op, a, b, 0);
}

static vf_id unary(const rwkv *r, vf_id x)
{
    return vf_g_map(r->g, VF_OP_UNARY, x, 0, 0);
}

static vf_id weight(const rwkv *r, vf_role role)
{
    return vf_b_weight(r->b, (int32_t)r->il, role, VF_PART_WEIGHT);
}

static bool has(const rwkv *r, vf_role role)
{
    return vf_b_has(r->b, (int32_t)r->il, role, VF_PART_WEIGHT);
}

static vf_id mul_mat(const rwkv *r, vf_role role, vf_id x)
{
    return vf_b_mul_mat(r->b, (int32_t)r->il, role, x);
}

static vf_id by_head(const rwkv *r, vf_id x)
{
    return vf_g_reshape(r->g, x, r->head, r->n_head, r->b->n_tokens, 1);
}

static vf_id flat(const rwkv *r, vf_id x)
{
    return vf_g_reshape(r->g, x, r->n_embd, r->b->n_tokens, 1, 1);
}

/* A column of [n_embd, columns, sequences] and all but the last one. */
static vf_id columns(const rwkv *r, vf_id x, uint64_t n)
{
    return vf_g_view_3d(r->g, x, r->n_embd, n, r->s, r->g->node[x].nb[1], r->g->node[x].nb[2]);
}

/* Every token's predecessor. */
static vf_id shifted(const rwkv *r, vf_id shift, vf_id x)
{
    return vf_g_concat(r->g, columns(r, shift, 1), columns(r, x, r->n - 1), 1);
}

/* A slice of the mixed inputs: [n_embd, n_tokens]. */
static vf_id mixed(const rwkv *r, vf_id xxx)
{
    return vf_g_view_2d(r->g, xxx, r->n_embd, r->b->n_tokens, r->g->node[xxx].nb[1]);
}

/* The operation's result holds the outputs, and behind them the new state, which is written back. */
static vf_id take_output(const rwkv *r, vf_id state, vf_id out)
{
    vf_graph *g = r->g;
    uint64_t width = vf_mul3(r->n_embd, r->head, r->s);
    vf_id y = vf_g_view_1d(g, out, vf_mul(r->n_embd, r->b->n_tokens));
    vf_id last = vf_g_view_1d(g, out, width);

    vf_g_expand(g, vf_g_cpy(g, last, vf_g_view_1d(g, state, vf_mul(g->node[state].ne[0], r->s))));
    return y;
}

static vf_id wkv(const rwkv *r, vf_op op, const vf_id *src, unsigned n_src)
{
    uint64_t rows = vf_add(r->b->n_tokens, vf_mul(r->head, r->s));
    vf_id out = vf_g_op(r->g, op, VF_TYPE_F32, r->n_embd, rows, 1, 1, 0, 0, 0);

    for (unsigned i = 0; i < n_src; i++)
        vf_g_add_src(r->g, out, src[i]);
    return out;
}

static vf_id group_norm(const rwkv *r, vf_id x)
{
    x = flat(r, vf_g_map(r->g, VF_OP_NORM, by_head(r, x), 0, 0));
    x = op2(r, VF_OP_MUL, x, weight(r, VF_ROLE_TIME_MIX_LN));
    return op2(r, VF_OP_ADD, x, vf_b_weight(r->b, (int32_t)r->il, VF_ROLE_TIME_MIX_LN, VF_PART_BIAS));
}

/* ---- RWKV-7 ---- */

/* x through two thin matrices; `between` puts an activation between them. */
static vf_id low_rank(const rwkv *r, vf_role down, vf_role up, bool between, vf_id x)
{
    x = mul_mat(r, down, x);
    return mul_mat(r, up, between ? unary(r, x) : x);
}

static vf_id value_7(const rwkv *r, vf_id xv)
{
    vf_id v = mul_mat(r, VF_ROLE_TIME_MIX_VALUE, xv), first = r->b->first_value, mix;

    if (!first) {
        r->b->first_value = v;
        return v;
    }
    mix = op2(r, VF_OP_ADD, low_rank(r, VF_ROLE_TIME_MIX_V1, VF_ROLE_TIME_MIX_V2, false, xv),
              weight(r, VF_ROLE_TIME_MIX_V0));
    return op2(r, VF_OP_ADD, v, op2(r, VF_OP_MUL, op2(r, VF_OP_SUB, first, v), unary(r, mix)));
}

static vf_id time_mix_7(const rwkv *r, vf_id cur, vf_id prev)
{
    vf_graph *g = r->g;
    bool gated = has(r, VF_ROLE_TIME_MIX_G1) && has(r, VF_ROLE_TIME_MIX_G2);
    vf_id sx = vf_g_repeat(g, op2(r, VF_OP_SUB, prev, cur), r->n_embd, r->n, r->s, gated ? 6 : 5);
    vf_id xxx = op2(r, VF_OP_ADD, op2(r, VF_OP_MUL, sx, weight(r, VF_ROLE_TIME_MIX_LERP_FUSED)), cur);
    vf_id xr = mixed(r, xxx), xw = mixed(r, xxx), xk = mixed(r, xxx), xv = mixed(r, xxx), xa = mixed(r, xxx);
    vf_id xg = gated ? mixed(r, xxx) : 0, gate = 0;
    vf_id rr = mul_mat(r, VF_ROLE_TIME_MIX_RECEPTANCE, xr), w, k, v, a, kk, ka, rk, state, rows, out;

    w = op2(r, VF_OP_ADD, low_rank(r, VF_ROLE_TIME_MIX_W1, VF_ROLE_TIME_MIX_W2, true, xw), weight(r, VF_ROLE_TIME_MIX_W0));
    w = unary(r, vf_g_map(g, VF_OP_SCALE, unary(r, w), 0, 0));
    k = mul_mat(r, VF_ROLE_TIME_MIX_KEY, xk);
    v = value_7(r, xv);
    if (gated)
        gate = low_rank(r, VF_ROLE_TIME_MIX_G1, VF_ROLE_TIME_MIX_G2, true, xg);
    a = op2(r, VF_OP_ADD, low_rank(r, VF_ROLE_TIME_MIX_A1, VF_ROLE_TIME_MIX_A2, false, xa), weight(r, VF_ROLE_TIME_MIX_A0));
    a = unary(r, a);
    kk = by_head(r, op2(r, VF_OP_MUL, k, weight(r, VF_ROLE_TIME_MIX_K_K)));
    kk = vf_g_map(g, VF_OP_L2_NORM, kk, 0, 0);
    ka = op2(r, VF_OP_MUL, k, weight(r, VF_ROLE_TIME_MIX_K_A));
    k = op2(r, VF_OP_ADD, k, op2(r, VF_OP_SUB, op2(r, VF_OP_MUL, a, ka), ka));
    rr = by_head(r, rr);
    w = by_head(r, w);
    k = by_head(r, k);
    v = by_head(r, v);
    a = by_head(r, a);
    state = vf_b_state_tensor(r->b, r->il, r->b->m->layers[r->il].state_s);
    rows = vf_b_state_rows(r->b, state);
    out = wkv(r, VF_OP_RWKV_WKV7, (vf_id[]){rr, w, k, v, unary(r, kk), op2(r, VF_OP_MUL, kk, a), rows}, 7);
    cur = take_output(r, state, out);
    cur = has(r, VF_ROLE_TIME_MIX_LN) ? group_norm(r, cur) : flat(r, cur);
    rk = vf_g_reshape(g, weight(r, VF_ROLE_TIME_MIX_R_K), r->head, r->n_head, 1, 1);
    rk = vf_g_sum_rows(g, op2(r, VF_OP_MUL, op2(r, VF_OP_MUL, k, rr), rk));
    cur = op2(r, VF_OP_ADD, cur, flat(r, op2(r, VF_OP_MUL, v, rk)));
    if (gated)
        cur = op2(r, VF_OP_MUL, cur, gate);
    cur = mul_mat(r, VF_ROLE_TIME_MIX_OUTPUT, cur);
    return vf_g_reshape(g, cur, r->n_embd, r->n, r->s, 1);
}

static vf_id squared_relu(const rwkv *r, vf_id x)
{
    return vf_g_map(r->g, VF_OP_SQR, unary(r, x), 0, 0);
}

static vf_id lerp(const rwkv *r, vf_id sx, vf_role role, vf_id cur)
{
    return op2(r, VF_OP_ADD, op2(r, VF_OP_MUL, sx, weight(r, role)), cur);
}

static vf_id channel_mix_7(const rwkv *r, vf_id cur, vf_id prev)
{
    vf_id xk = lerp(r, op2(r, VF_OP_SUB, prev, cur), VF_ROLE_CHANNEL_MIX_LERP_K, cur);

    return mul_mat(r, VF_ROLE_CHANNEL_MIX_VALUE, squared_relu(r, mul_mat(r, VF_ROLE_CHANNEL_MIX_KEY, xk)));
}

/* ---- RWKV-6 ---- */

static vf_id lerp_weights_6(const rwkv *r, vf_id sx, vf_id cur)
{
    vf_graph *g = r->g;
    vf_id w1 = weight(r, VF_ROLE_TIME_MIX_W1), w2 = weight(r, VF_ROLE_TIME_MIX_W2);
    uint64_t rank = g->node[w1].ne[1] / 5;
    vf_id xxx = unary(r, vf_g_mul_mat(g, w1, lerp(r, sx, VF_ROLE_TIME_MIX_LERP_X, cur)));

    xxx = vf_g_reshape(g, xxx, rank, 1, 5, r->b->n_tokens);
    xxx = vf_g_cont(g, vf_g_permute(g, xxx, 0, 1, 3, 2));
    return vf_g_mul_mat(g, vf_g_reshape(g, w2, g->node[w2].ne[0], g->node[w2].ne[1], 1, 5), xxx);
}

static vf_id decay_6(const rwkv *r, vf_id xw)
{
    vf_id w = low_rank(r, VF_ROLE_TIME_MIX_DECAY_W1, VF_ROLE_TIME_MIX_DECAY_W2, true, xw);

    w = op2(r, VF_OP_ADD, w, weight(r, VF_ROLE_TIME_MIX_DECAY));
    return by_head(r, unary(r, unary(r, unary(r, w))));
}

/* Fewer key and value heads, each repeated. */
static vf_id repeat_heads(const rwkv *r, vf_id x)
{
    uint64_t n_kv = r->b->m->layers[r->il].n_head_kv, n = r->b->n_tokens;

    if (n_kv == 0 || n_kv == r->n_head)
        return by_head(r, x);
    x = vf_g_reshape(r->g, x, r->head, 1, n_kv, n);
    return by_head(r, vf_g_repeat(r->g, x, r->head, r->n_head / n_kv, n_kv, n));
}

static vf_id linear(const rwkv *r, vf_role role, vf_id x)
{
    return vf_b_linear(r->b, (int32_t)r->il, role, x);
}

static vf_id time_mix_6(const rwkv *r, vf_id cur, vf_id prev)
{
    vf_graph *g = r->g;
    uint64_t n = r->b->n_tokens;
    bool linear_attention = !has(r, VF_ROLE_TIME_MIX_FIRST); /* of the Qwen2 hybrid */
    vf_id sx = flat(r, op2(r, VF_OP_SUB, prev, cur)), xxx, xw, xk, xv, xr, xg, rr, k, v, gate, w, state, rows, out;

    cur = flat(r, cur);
    xxx = lerp_weights_6(r, sx, cur);
    sx = vf_g_reshape(g, sx, r->n_embd, 1, n, 1);
    cur = vf_g_reshape(g, cur, r->n_embd, 1, n, 1);
    xxx = op2(r, VF_OP_ADD, xxx, weight(r, VF_ROLE_TIME_MIX_LERP_FUSED));
    xxx = op2(r, VF_OP_ADD, op2(r, VF_OP_MUL, xxx, sx), cur);
    xw = mixed(r, xxx);
    xk = mixed(r, xxx);
    xv = mixed(r, xxx);
    xr = mixed(r, xxx);
    xg = mixed(r, xxx);
    rr = by_head(r, linear(r, VF_ROLE_TIME_MIX_RECEPTANCE, xr));
    k = repeat_heads(r, linear(r, VF_ROLE_TIME_MIX_KEY, xk));
    v = repeat_heads(r, linear(r, VF_ROLE_TIME_MIX_VALUE, xv));
    gate = unary(r, mul_mat(r, VF_ROLE_TIME_MIX_GATE, xg));
    w = decay_6(r, xw);
    if (linear_attention)
        k = op2(r, VF_OP_SUB, k, op2(r, VF_OP_MUL, k, w));
    state = vf_b_state_tensor(r->b, r->il, r->b->m->layers[r->il].state_s);
    rows = vf_b_state_rows(r->b, state);
    out = linear_attention
              ? wkv(r, VF_OP_GATED_LINEAR_ATTN, (vf_id[]){k, v, rr, w, rows}, 5)
              : wkv(r, VF_OP_RWKV_WKV6, (vf_id[]){k, v, rr, weight(r, VF_ROLE_TIME_MIX_FIRST), w, rows}, 6);
    cur = take_output(r, state, out);
    cur = linear_attention ? flat(r, cur) : group_norm(r, cur);
    cur = mul_mat(r, VF_ROLE_TIME_MIX_OUTPUT, op2(r, VF_OP_MUL, cur, gate));
    return vf_g_reshape(g, cur, r->n_embd, r->n, r->s, 1);
}

static vf_id channel_mix_6(const rwkv *r, vf_id cur, vf_id prev)
{
    vf_id sx = op2(r, VF_OP_SUB, prev, cur);
    vf_id xk = lerp(r, sx, VF_ROLE_CHANNEL_MIX_LERP_K, cur), xr = lerp(r, sx, VF_ROLE_CHANNEL_MIX_LERP_R, cur);
    vf_id gate = unary(r, mul_mat(r, VF_ROLE_CHANNEL_MIX_RECEPTANCE, xr));
    vf_id k = squared_relu(r, mul_mat(r, VF_ROLE_CHANNEL_MIX_KEY, xk));

    return op2(r, VF_OP_MUL, gate, mul_mat(r, VF_ROLE_CHANNEL_MIX_VALUE, k));
}

/* ---- the layer ---- */

static void store_shift(const rwkv *r, vf_id state, vf_id att_norm, vf_id ffn_norm)
{
    vf_graph *g = r->g;
    vf_id both = vf_g_concat(g, columns(r, att_norm, 1), columns(r, ffn_norm, 1), 1);
    uint64_t width = g->node[state].ne[0];

    vf_g_expand(g, vf_g_cpy(g, vf_g_view_1d(g, both, vf_mul3(2, r->n_embd, r->s)),
                            vf_g_view_1d(g, state, vf_mul(width, r->s))));
}

static void store_column(const rwkv *r, vf_id state, vf_id att_norm)
{
    vf_graph *g = r->g;
    uint64_t width = g->node[state].ne[0];
    vf_id last = vf_g_view_1d(g, columns(r, att_norm, 1), vf_mul(width, r->s));

    vf_g_expand(g, vf_g_cpy(g, last, vf_g_view_1d(g, state, vf_mul(width, r->s))));
}

static rwkv begin(vf_build *b, uint32_t il)
{
    rwkv r = {.b = b, .g = b->g, .il = il, .n_embd = b->m->hp.embedding_length, .head = b->m->hp.wkv_head_size};

    r.n_head = r.n_embd / r.head;
    r.n = b->n_tokens / b->n_seqs;
    r.s = b->n_seqs;
    return r;
}

bool vf_b_rescales(const vf_build *b, uint32_t il)
{
    uint32_t every = b->m->hp.rescale_every_n_layers;

    return every && (il + 1) % every == 0;
}

vf_id vf_b_rwkv_layer(vf_build *b, uint32_t il, vf_id x)
{
    rwkv r = begin(b, il);
    vf_graph *g = b->g;
    int32_t layer = (int32_t)il;
    bool seven = b->m->layers[il].recurrent == VF_REC_RWKV7;
    vf_id state, shift, att_norm, ffn_inp, ffn_norm, prev, cur;

    x = vf_g_reshape(g, x, r.n_embd, r.n, r.s, 1);
    state = vf_b_state_tensor(b, il, b->m->layers[il].state_r);
    shift = vf_g_reshape(g, vf_b_state_rows(b, state), r.n_embd, 2, r.s, 1);
    att_norm = vf_b_norm(b, layer, VF_ROLE_ATTN_NORM, VF_NORM_LAYER, x);
    prev = shifted(&r, shift, att_norm);
    cur = seven ? time_mix_7(&r, att_norm, prev) : time_mix_6(&r, att_norm, prev);
    ffn_inp = op2(&r, VF_OP_ADD, cur, x);
    ffn_norm = vf_b_norm(b, layer, VF_ROLE_ATTN_NORM_2, VF_NORM_LAYER, ffn_inp);
    prev = shifted(&r, shift, ffn_norm);
    store_shift(&r, state, att_norm, ffn_norm);
    ffn_inp = flat(&r, ffn_inp);
    ffn_norm = flat(&r, ffn_norm);
    prev = flat(&r, prev);
    if (il + 1 == b->n_layer) {
        ffn_inp = vf_g_get_rows(g, ffn_inp, b->out_ids);
        ffn_norm = vf_g_get_rows(g, ffn_norm, b->out_ids);
        prev = vf_g_get_rows(g, prev, b->out_ids);
    }
    cur = seven ? channel_mix_7(&r, ffn_norm, prev) : channel_mix_6(&r, ffn_norm, prev);
    cur = op2(&r, VF_OP_ADD, cur, ffn_inp);
    return vf_b_rescales(b, il) ? vf_g_map(g, VF_OP_SCALE, cur, 0, 0) : cur;
}

vf_id vf_b_rwkv_qwen_layer(vf_build *b, uint32_t il, vf_id x)
{
    rwkv r = begin(b, il);
    vf_graph *g = b->g;
    int32_t layer = (int32_t)il;
    vf_id state, shift, att_norm, prev, cur;

    x = vf_g_reshape(g, x, r.n_embd, r.n, r.s, 1);
    state = vf_b_state_tensor(b, il, b->m->layers[il].state_r);
    shift = vf_g_reshape(g, vf_b_state_rows(b, state), r.n_embd, 1, r.s, 1);
    att_norm = vf_b_norm(b, layer, VF_ROLE_ATTN_NORM, VF_NORM_RMS, x);
    prev = vf_g_concat(g, shift, columns(&r, att_norm, r.n - 1), 1);
    cur = b->m->layers[il].recurrent == VF_REC_ARWKV7 ? time_mix_7(&r, att_norm, prev) : time_mix_6(&r, att_norm, prev);
    store_column(&r, state, att_norm);
    x = flat(&r, op2(&r, VF_OP_ADD, cur, x));
    if (il + 1 == b->n_layer)
        x = vf_g_get_rows(g, x, b->out_ids);
    cur = vf_b_norm(b, layer, VF_ROLE_FFN_NORM, VF_NORM_RMS, x);
    return op2(&r, VF_OP_ADD, vf_b_ffn(b, il, cur, x, 0), x);
}
