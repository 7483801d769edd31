/* Attention over a cache (llama.cpp src/llama-graph.cpp: build_qkv, build_attn, build_attn_mha;
 * src/llama-kv-cache.cpp: cpy_k, cpy_v, get_k, get_v). */
#include <string.h>

#include "base/checked.h"
#include "estimate/graph/build.h"
#include "estimate/graph/fattn.h"

typedef struct qkv {
    vf_id q, k, v;
} qkv;

/* A matrix product with a Hadamard matrix: quantized caches hold rotated rows. */
static vf_id rotate(vf_graph *g, vf_id x, vf_id matrix)
{
    uint64_t n = g->node[matrix].ne[0], ne[4], elements = 1;
    vf_id flat;

    for (int i = 0; i < 4; i++) {
        ne[i] = g->node[x].ne[i];
        elements = vf_mul(elements, ne[i]);
    }
    flat = vf_g_contiguous(&g->node[x]) ? vf_g_reshape(g, x, n, elements / n, 1, 1)
                                        : vf_g_cont_2d(g, x, n, elements / n);
    return vf_g_reshape(g, vf_g_mul_mat(g, matrix, flat), ne[0], ne[1], ne[2], ne[3]);
}

static vf_id store_k(vf_build *b, const vf_cache_input *in, vf_id cache, vf_id k)
{
    vf_graph *g = b->g;
    uint64_t width = g->node[cache].ne[0], rows = vf_mul(g->node[cache].ne[1], g->node[cache].ne[2]);

    k = vf_g_view_2d(g, k, width, b->n_tokens, g->node[k].nb[2]);
    if (b->n_streams > 1)
        cache = vf_g_reshape(g, cache, width, rows, 1, 1);
    return vf_g_set_rows(g, cache, k, in->k_idxs);
}

/* A transposed V takes every element as a row of its own. */
static vf_id store_v(vf_build *b, const vf_cache_input *in, vf_id cache, vf_id v)
{
    vf_graph *g = b->g;
    uint64_t width = vf_mul(g->node[v].ne[0], g->node[v].ne[1]);
    uint64_t elements;

    if (!b->c->v_transposed) {
        uint64_t rows = vf_mul(g->node[cache].ne[1], g->node[cache].ne[2]);

        v = vf_g_view_2d(g, v, width, b->n_tokens, g->node[v].nb[2]);
        if (b->n_streams > 1)
            cache = vf_g_reshape(g, cache, width, rows, 1, 1);
        return vf_g_set_rows(g, cache, v, in->v_idxs);
    }
    if (vf_mul(width, g->node[v].nb[0]) == g->node[v].nb[2])
        v = vf_g_reshape(g, v, width, b->n_tokens, 1, 1);
    else
        v = vf_g_cont_2d(g, v, width, b->n_tokens);
    if (width < g->node[cache].ne[0])
        v = vf_g_op(g, VF_OP_PAD, g->node[v].type, g->node[cache].ne[0], b->n_tokens, 1, 1, v, 0, 0);
    elements = vf_mul3(g->node[cache].ne[0], g->node[cache].ne[1], g->node[cache].ne[2]);
    cache = vf_g_reshape(g, cache, 1, elements, 1, 1);
    v = vf_g_reshape(g, v, 1, vf_mul(g->node[v].ne[0], g->node[v].ne[1]), 1, 1);
    return vf_g_set_rows(g, cache, v, in->v_idxs);
}

static vf_id cached_k(vf_build *b, const vf_layer *l, vf_id cache)
{
    vf_graph *g = b->g;
    const vf_node *t = &g->node[cache];
    const vf_type_info *info = vf_type_get(t->type);
    /* ggml_row_size: without flash attention nobody minds that a head is no whole number of blocks */
    uint64_t nb1 = vf_mul(info->block_bytes, l->head_k) / info->block, nb2 = t->nb[1], nb3 = t->nb[2];

    return vf_g_view(g, cache, (uint64_t[4]){l->head_k, l->n_head_kv, t->ne[1], b->n_streams},
                     (uint64_t[3]){nb1, nb2, nb3});
}

static vf_id cached_v(vf_build *b, const vf_layer *l, vf_id cache)
{
    vf_graph *g = b->g;
    const vf_node *t = &g->node[cache];
    uint64_t cells = t->ne[1], nb3 = t->nb[2];

    if (!b->c->v_transposed)
        return vf_g_view(g, cache, (uint64_t[4]){l->head_v, l->n_head_kv, cells, b->n_streams},
                         (uint64_t[3]){vf_row_bytes(t->type, l->head_v), t->nb[1], nb3});
    return vf_g_view(g, cache, (uint64_t[4]){cells, l->n_head_kv, l->head_v, b->n_streams},
                     (uint64_t[3]){vf_row_bytes(t->type, vf_mul(cells, l->head_v)), vf_row_bytes(t->type, cells), nb3});
}

static vf_id scores_and_sum(vf_build *b, vf_id q, vf_id k, vf_id v, bool v_transposed, vf_id mask, vf_id bias,
                            vf_id sinks, vf_id v_mla)
{
    vf_graph *g = b->g;
    vf_id kq = vf_g_mul_mat(g, k, q), out;

    if (b->m->arch.graph.scores_capped)
        for (int i = 0; i < 3; i++) /* scale, tanh, scale */
            kq = vf_g_map(g, i == 1 ? VF_OP_UNARY : VF_OP_SCALE, kq, 0, 0);
    if (bias)
        kq = vf_g_map(g, VF_OP_ADD, kq, bias, 0);
    kq = vf_g_map(g, VF_OP_SOFT_MAX, kq, mask, sinks);
    if (!v_transposed)
        v = vf_g_cont(g, vf_g_transpose(g, v));
    out = vf_g_mul_mat(g, v, kq);
    if (v_mla)
        out = vf_g_mul_mat(g, v_mla, out);
    out = vf_g_permute(g, out, 0, 2, 1, 3);
    out = vf_g_cont_2d(g, out, vf_mul(g->node[out].ne[0], g->node[out].ne[1]),
                       vf_mul(g->node[out].ne[2], g->node[out].ne[3]));
    if (!b->c->offload_kqv)
        g->node[out].backend = vf_b_cpu(b);
    return out;
}

static vf_id flash_attention(vf_build *b, uint32_t il, vf_id q, vf_id k, vf_id v, bool v_transposed, vf_id mask,
                             vf_id sinks, vf_id v_mla)
{
    vf_graph *g = b->g;
    vf_id out;

    if (v_transposed)
        v = vf_g_transpose(g, v);
    if (g->node[k].type == VF_TYPE_F32)
        k = vf_g_cast(g, k, VF_TYPE_F16);
    if (g->node[v].type == VF_TYPE_F32)
        v = vf_g_cast(g, v, VF_TYPE_F16);
    out = vf_g_op(g, VF_OP_FLASH_ATTN_EXT, VF_TYPE_F32, g->node[v].ne[0], g->node[q].ne[2], g->node[q].ne[1],
                  g->node[q].ne[3], q, k, v);
    vf_g_add_src(g, out, mask);
    vf_g_add_src(g, out, sinks);
    g->node[out].layer = (uint16_t)il;
    vf_fattn_apply(g, out, b->m, b->p);
    if (v_mla) {
        out = vf_g_mul_mat(g, v_mla, vf_g_permute(g, out, 0, 2, 1, 3));
        out = vf_g_cont(g, vf_g_permute(g, out, 0, 2, 1, 3));
    }
    return vf_g_reshape(g, out, vf_mul(g->node[out].ne[0], g->node[out].ne[1]),
                        vf_mul(g->node[out].ne[2], g->node[out].ne[3]), 1, 1);
}

vf_id vf_b_attention_core(vf_build *b, uint32_t il, vf_id q, vf_id k, vf_id v, vf_id mask, vf_id bias, vf_id sinks,
                          vf_id v_mla)
{
    vf_graph *g = b->g;
    bool v_transposed = g->node[v].nb[1] > g->node[v].nb[2];
    uint64_t streams = g->node[k].ne[3];
    const vf_node *t = &g->node[q];
    vf_id out;

    q = vf_g_view(g, q, (uint64_t[4]){t->ne[0], t->ne[1], t->ne[2] / streams, streams},
                  (uint64_t[3]){t->nb[1], t->nb[2], t->nb[3] / streams});
    q = vf_g_permute(g, q, 0, 2, 1, 3);
    k = vf_g_permute(g, k, 0, 2, 1, 3);
    v = vf_g_permute(g, v, 0, 2, 1, 3);
    if (b->c->flash_attn && !bias)
        out = flash_attention(b, il, q, k, v, v_transposed, mask, sinks, v_mla);
    else
        out = scores_and_sum(b, q, k, v, v_transposed, mask, bias, sinks, v_mla);
    vf_g_expand(g, out);
    return out;
}

/* Encoders: keys and values are those of the batch. */
static vf_id attend_batch(vf_build *b, uint32_t il, qkv x, vf_id sinks, vf_id bias)
{
    vf_g_expand(b->g, x.q);
    vf_g_expand(b->g, x.k);
    vf_g_expand(b->g, x.v);
    return vf_b_attention_core(b, il, x.q, x.k, x.v, vf_b_cache(b, il)->mask, bias, sinks, 0);
}

static uint32_t cache_layer(const vf_build *b, uint32_t il)
{
    uint32_t first = il, back = b->m->layers[il].windowed ? 2 : 1;

    if (b->m->layers[il].has_cache)
        return il;
    /* src/llama-model.cpp, create_memory: the last two layers that have one are a windowed and a full one */
    while (first > 0 && !b->m->layers[first - 1].has_cache)
        first--;
    return first > back ? first - back : 0;
}

static vf_id attend_cache(vf_build *b, uint32_t il, qkv x, vf_id sinks, vf_id bias)
{
    vf_graph *g = b->g;
    const vf_layer *l = &b->m->layers[il];
    vf_cache_input *in = vf_b_cache(b, il);
    uint64_t v_width = b->c->v_transposed ? b->max_v : vf_mul(l->n_head_kv, l->head_v);
    uint32_t own = cache_layer(b, il);
    vf_id cache_k = vf_b_cache_tensor(b, own, (uint16_t)b->c->type_k, vf_mul(l->n_head_kv, l->head_k), in->cells,
                                      b->n_streams);
    vf_id cache_v = vf_b_cache_tensor(b, own, (uint16_t)b->c->type_v, v_width, in->cells, b->n_streams);
    vf_id out;

    if (in->k_rot) {
        x.q = rotate(g, x.q, in->k_rot);
        if (x.k)
            x.k = rotate(g, x.k, in->k_rot);
    }
    if (in->v_rot && x.v)
        x.v = rotate(g, x.v, in->v_rot);
    vf_g_expand(g, x.q);
    if (x.k && b->iswa)
        vf_g_expand(g, x.k);
    if (x.v)
        vf_g_expand(g, x.v);
    if (x.k)
        vf_g_expand(g, x.k);
    if (x.k)
        vf_g_expand(g, store_k(b, in, cache_k, x.k));
    if (x.v)
        vf_g_expand(g, store_v(b, in, cache_v, x.v));
    out = vf_b_attention_core(b, il, x.q, cached_k(b, l, cache_k), cached_v(b, l, cache_v), in->mask, bias, sinks, 0);
    return in->v_rot ? rotate(g, out, in->v_rot) : out;
}

/* Learned biases by distance, of this layer or the first (src/llama-graph.cpp: build_pos_bias). */
static vf_id position_bias(vf_build *b, uint32_t il)
{
    vf_graph *g = b->g;
    vf_id w = vf_b_weight(b, (int32_t)il, VF_ROLE_ATTN_REL_B, VF_PART_WEIGHT), rows;
    const vf_node *bucket;

    if (!w)
        w = vf_b_weight(b, 0, VF_ROLE_ATTN_REL_B, VF_PART_WEIGHT);
    if (!w)
        return 0;
    if (!b->pos_bucket)
        b->pos_bucket = vf_g_input(g, VF_TYPE_I32, b->no_cache ? b->n_tokens : b->cache[0].cells, b->n_tokens, 1, 1);
    bucket = &g->node[b->pos_bucket];
    rows = vf_g_get_rows(g, w, vf_g_reshape(g, b->pos_bucket, vf_mul(bucket->ne[0], bucket->ne[1]), 1, 1, 1));
    bucket = &g->node[b->pos_bucket];
    rows = vf_g_reshape(g, rows, g->node[rows].ne[0], bucket->ne[0], bucket->ne[1], 1);
    return vf_g_cont(g, vf_g_permute(g, rows, 2, 0, 1, 3));
}

vf_id vf_b_attention(vf_build *b, uint32_t il, vf_id q, vf_id k, vf_id v, vf_role output)
{
    qkv x = {q, k, v};
    vf_id sinks = vf_b_weight(b, (int32_t)il, VF_ROLE_ATTN_SINKS, VF_PART_WEIGHT);
    vf_id bias = position_bias(b, il);
    vf_id out = b->no_cache ? attend_batch(b, il, x, sinks, bias) : attend_cache(b, il, x, sinks, bias);

    if (output == VF_ROLE_ATTN_OUTPUT && vf_b_has(b, (int32_t)il, VF_ROLE_ATTN_O, VF_PART_WEIGHT))
        output = VF_ROLE_ATTN_O;
    return output ? vf_b_linear(b, (int32_t)il, output, out) : out;
}

vf_id vf_b_attention_latent(vf_build *b, uint32_t il, vf_id q, vf_id k, vf_id v, vf_id top)
{
    vf_graph *g = b->g;
    const vf_layer *l = &b->m->layers[il];
    vf_cache_input *in = vf_b_cache(b, il);
    vf_id cache = vf_b_cache_tensor(b, il, (uint16_t)b->c->type_k, l->head_k, in->cells, b->n_streams);
    vf_id k_view, v_view, expand, mask;
    uint64_t ne[4], nb[3];

    vf_g_expand(g, q);
    vf_g_expand(g, v);
    vf_g_expand(g, k);
    vf_g_expand(g, store_k(b, in, cache, k));
    mask = top ? vf_b_indexer_mask(b, in->mask, top) : in->mask;
    k_view = cached_k(b, l, cache);
    memcpy(ne, g->node[k_view].ne, sizeof ne);
    memcpy(nb, g->node[k_view].nb + 1, sizeof nb);
    ne[0] = g->node[v].ne[0];
    v_view = vf_g_view(g, k_view, ne, nb);
    expand = vf_b_weight(b, (int32_t)il, VF_ROLE_ATTN_V_B, VF_PART_WEIGHT);
    return vf_b_attention_core(b, il, q, k_view, v_view, mask, 0, 0, expand);
}

static vf_norm qk_norm(const vf_build *b)
{
    return b->m->arch.graph.qk_layer_norm ? VF_NORM_LAYER : (vf_norm)b->m->arch.norm;
}

static vf_id clamp(vf_build *b, vf_id x)
{
    return b->m->hp.clamp_kqv ? vf_g_map(b->g, VF_OP_CLAMP, x, 0, 0) : x;
}

/* What the layer's projections read: its input, or the result of all three in one (attn_qkv) to be cut up. */
typedef struct source {
    vf_id x, all;
} source;

/* The result of one projection, `width` wide; of a fused one a copy of its part (llama-graph.cpp: build_qkv). */
static vf_id projected(vf_build *b, uint32_t il, vf_role role, uint64_t width, source from)
{
    if (from.all)
        return vf_g_cont(b->g, vf_g_view_2d(b->g, from.all, width, b->n_tokens, b->g->node[from.all].nb[1]));
    if (b->m->arch.graph.idle_qkv_bias)
        return vf_b_mul_mat(b, (int32_t)il, role, from.x);
    return clamp(b, vf_b_linear(b, (int32_t)il, role, from.x));
}

/* One of q, k, v: projection, norm over the whole width, heads, norm per head. */
static vf_id project(vf_build *b, uint32_t il, vf_role role, vf_role norm, uint64_t head, uint64_t n_head, source from)
{
    const vf_tensor *w = vf_model_tensor(b->m, (int32_t)il, (uint16_t)norm, VF_PART_WEIGHT);
    bool whole = w && (w->ne[0] != head || b->m->arch.attention.qk_norm == VF_QKN_FULL);
    vf_id x = projected(b, il, role, vf_mul(head, n_head), from);

    if (whole)
        x = vf_b_norm(b, (int32_t)il, norm, qk_norm(b), x);
    x = vf_g_reshape(b->g, x, head, n_head, b->n_tokens, 1);
    if (w && !whole && !b->m->arch.graph.norm_after_rope)
        x = vf_b_norm(b, (int32_t)il, norm, qk_norm(b), x);
    return x;
}

/* q, k and v as views of the fused projection. */
static qkv view_fused(vf_build *b, uint32_t il, vf_id all)
{
    vf_graph *g = b->g;
    const vf_layer *l = &b->m->layers[il];
    uint64_t nb1 = vf_row_bytes(VF_TYPE_F32, l->head_k), nb2 = g->node[all].nb[1];
    qkv r;

    r.q = vf_g_view_3d(g, all, l->head_k, l->n_head, b->n_tokens, nb1, nb2);
    r.k = vf_g_view_3d(g, all, l->head_k, l->n_head_kv, b->n_tokens, nb1, nb2);
    r.v = vf_g_view_3d(g, all, l->head_v, l->n_head_kv, b->n_tokens, vf_row_bytes(VF_TYPE_F32, l->head_v), nb2);
    if (!b->m->arch.graph.norm_after_rope) {
        r.q = vf_b_has(b, (int32_t)il, VF_ROLE_ATTN_Q_NORM, VF_PART_WEIGHT)
                  ? vf_b_norm(b, (int32_t)il, VF_ROLE_ATTN_Q_NORM, qk_norm(b), r.q) : r.q;
        r.k = vf_b_has(b, (int32_t)il, VF_ROLE_ATTN_K_NORM, VF_PART_WEIGHT)
                  ? vf_b_norm(b, (int32_t)il, VF_ROLE_ATTN_K_NORM, qk_norm(b), r.k) : r.k;
    }
    return r;
}

bool vf_b_rotates(const vf_build *b, uint32_t il)
{
    const vf_arch *arch = &b->m->arch;

    if (!arch->attention.rope ||
        (arch->attention.rope_block_count && arch->attention.rope_block_count != b->m->n_layers))
        return false;
    switch (arch->graph.rope_where) {
    case VF_ROPE_WINDOWED:
        return b->m->layers[il].windowed;
    case VF_ROPE_WINDOWED_OR_NONE:
        return b->m->layers[il].windowed || !b->iswa;
    case VF_ROPE_WINDOWED_OR_DENSE:
        return b->m->layers[il].windowed || il < b->m->hp.leading_dense_block_count || b->m->layers[il].mtp;
    case VF_ROPE_SWITCH:
        return !vf_hp_present(&b->m->hp, VF_HP_rope_scaling_finetuned) || b->m->hp.rope_scaling_finetuned;
    case VF_ROPE_NONE:
        return false;
    case VF_ROPE_STEP:
        return arch->graph.rope_step == 0 || (il + 1) % arch->graph.rope_step != 0;
    default:
        return true;
    }
}

static vf_id position(vf_build *b, uint32_t il, vf_role norm, bool rotate_it, vf_id x)
{
    if (rotate_it)
        x = vf_b_rope(b, il, x);
    if (b->m->arch.graph.norm_after_rope && vf_b_has(b, (int32_t)il, norm, VF_PART_WEIGHT))
        x = vf_b_norm(b, (int32_t)il, norm, qk_norm(b), x);
    if (rotate_it && b->m->arch.graph.qk_rms_after_rope)
        x = vf_g_map(b->g, VF_OP_RMS_NORM, x, 0, 0);
    return x;
}

/* attn_q of twice the width: each head's second half gates the output (src/models/qwen35.cpp). */
static vf_id gated_query(vf_build *b, uint32_t il, source from, vf_id *gate)
{
    vf_graph *g = b->g;
    const vf_layer *l = &b->m->layers[il];
    vf_id both = projected(b, il, VF_ROLE_ATTN_Q, vf_mul3(2, l->head_k, l->n_head), from);
    uint64_t nb1 = vf_row_bytes(VF_TYPE_F32, 2 * (uint64_t)l->head_k), nb2 = g->node[both].nb[1];
    vf_id q = vf_g_view_3d(g, both, l->head_k, l->n_head, b->n_tokens, nb1, nb2);

    *gate = vf_g_view_3d(g, both, l->head_k, l->n_head, b->n_tokens, nb1, nb2);
    *gate = vf_g_cont_2d(g, *gate, vf_mul(l->head_k, l->n_head), b->n_tokens);
    if (vf_b_has(b, (int32_t)il, VF_ROLE_ATTN_Q_NORM, VF_PART_WEIGHT))
        q = vf_b_norm(b, (int32_t)il, VF_ROLE_ATTN_Q_NORM, qk_norm(b), q);
    return q;
}

/* k and v of a layer with a cache of its own; without attn_v, both are one projection. */
static void keys_and_values(vf_build *b, uint32_t il, source from, qkv *r)
{
    const vf_layer *l = &b->m->layers[il];
    vf_id both;

    if (from.all || vf_b_has(b, (int32_t)il, VF_ROLE_ATTN_V, VF_PART_WEIGHT)) {
        r->k = project(b, il, VF_ROLE_ATTN_K, VF_ROLE_ATTN_K_NORM, l->head_k, l->n_head_kv, from);
        r->v = project(b, il, VF_ROLE_ATTN_V, VF_ROLE_UNKNOWN, l->head_v, l->n_head_kv, from);
        return;
    }
    both = vf_b_linear(b, (int32_t)il, VF_ROLE_ATTN_K, from.x);
    r->k = vf_g_reshape(b->g, both, l->head_k, l->n_head_kv, b->n_tokens, 1);
    r->v = vf_g_reshape(b->g, both, l->head_v, l->n_head_kv, b->n_tokens, 1);
    if (vf_b_has(b, (int32_t)il, VF_ROLE_ATTN_K_NORM, VF_PART_WEIGHT))
        r->k = vf_b_norm(b, (int32_t)il, VF_ROLE_ATTN_K_NORM, qk_norm(b), r->k);
}

/* Attention's result times its gate, of the same width or one number for each head. */
static vf_id gate_output(vf_build *b, const vf_layer *l, vf_id out, vf_id gate)
{
    vf_graph *g = b->g;

    gate = vf_g_map(g, VF_OP_UNARY, gate, 0, 0);
    if (g->node[gate].ne[0] == g->node[out].ne[0])
        return vf_g_map(g, VF_OP_MUL, out, gate, 0);
    out = vf_g_reshape(g, out, l->head_v, l->n_head, b->n_tokens, 1);
    out = vf_g_map(g, VF_OP_MUL, out, vf_g_reshape(g, gate, 1, l->n_head, b->n_tokens, 1), 0);
    return vf_g_reshape(g, out, vf_mul(l->head_v, l->n_head), b->n_tokens, 1, 1);
}

/* q, k and v by one matrix; the biases may be three nevertheless. Layers without a cache of their own add none. */
static vf_id fused(vf_build *b, uint32_t il, bool own, vf_id x)
{
    static const vf_role roles[] = {VF_ROLE_ATTN_Q, VF_ROLE_ATTN_K, VF_ROLE_ATTN_V};
    bool idle = !own || b->m->arch.graph.idle_qkv_bias;
    vf_id all = (idle ? vf_b_mul_mat : vf_b_linear)(b, (int32_t)il, VF_ROLE_ATTN_QKV, x), biases = 0;

    if (idle || vf_b_has(b, (int32_t)il, VF_ROLE_ATTN_QKV, VF_PART_BIAS))
        return all;
    for (int i = 0; i < 3; i++)
        if (!vf_b_has(b, (int32_t)il, roles[i], VF_PART_BIAS))
            return all;
    for (int i = 0; i < 3; i++) {
        vf_id bias = vf_b_weight(b, (int32_t)il, roles[i], VF_PART_BIAS);

        biases = biases ? vf_g_concat(b->g, biases, bias, 0) : bias;
    }
    return vf_g_map(b->g, VF_OP_ADD, all, biases, 0);
}

vf_id vf_b_gqa(vf_build *b, uint32_t il, vf_id x)
{
    const vf_layer *l = &b->m->layers[il];
    bool rope = vf_b_rotates(b, il);
    bool gated = b->m->arch.attention.gate == VF_GATE_IN_Q, own = l->has_cache || b->no_cache;
    source from = {.x = x};
    vf_id gate = 0, out;
    qkv r = {0, 0, 0};

    if (vf_b_has(b, (int32_t)il, VF_ROLE_ATTN_QKV, VF_PART_WEIGHT))
        from.all = clamp(b, fused(b, il, own, x));
    if (from.all && !b->m->arch.graph.split_qkv && own) {
        r = view_fused(b, il, from.all);
    } else {
        r.q = gated ? gated_query(b, il, from, &gate)
                    : project(b, il, VF_ROLE_ATTN_Q, VF_ROLE_ATTN_Q_NORM, l->head_k, l->n_head, from);
        if (own)
            keys_and_values(b, il, from, &r);
    }
    if (b->m->arch.graph.v_rms && r.v)
        r.v = vf_g_map(b->g, VF_OP_RMS_NORM, r.v, 0, 0);
    r.q = position(b, il, VF_ROLE_ATTN_Q_NORM, rope, r.q);
    if (r.k)
        r.k = position(b, il, VF_ROLE_ATTN_K_NORM, rope, r.k);
    if (b->attn_scale && (!rope || !b->m->arch.graph.attn_temperature))
        r.q = vf_g_map(b->g, VF_OP_MUL, r.q, b->attn_scale, 0);
    if (b->m->arch.attention.scale_q)
        r.q = vf_g_map(b->g, VF_OP_SCALE, r.q, 0, 0);
    gated = gated || vf_b_has(b, (int32_t)il, VF_ROLE_ATTN_GATE, VF_PART_WEIGHT);
    if (!gated && !b->m->arch.attention.sub_norm)
        return vf_b_attention(b, il, r.q, r.k, r.v, VF_ROLE_ATTN_OUTPUT);
    out = vf_b_attention(b, il, r.q, r.k, r.v, VF_ROLE_UNKNOWN);
    if (gated)
        out = gate_output(b, l, out, gate ? gate : vf_b_mul_mat(b, (int32_t)il, VF_ROLE_ATTN_GATE, x));
    if (b->m->arch.attention.sub_norm)
        out = vf_b_norm(b, (int32_t)il, VF_ROLE_ATTN_SUB_NORM, VF_NORM_RMS, out);
    return vf_b_linear(b, (int32_t)il, VF_ROLE_ATTN_OUTPUT, out);
}

/* src/models/t5.cpp: the encoder's output is as long as the training context (build_inp_cross_embd). */
vf_id vf_b_cross_attention(vf_build *b, uint32_t il, vf_id x)
{
    vf_graph *g = b->g;
    const vf_layer *l = &b->m->layers[il];
    uint64_t n_enc = b->m->hp.context_length;
    vf_id q, k, v;

    if (!b->cross_embd) {
        b->cross_embd = vf_g_input(g, VF_TYPE_F32, b->m->hp.embedding_length, n_enc, 1, 1);
        b->cross_mask = vf_g_input(g, b->c->flash_attn ? VF_TYPE_F16 : VF_TYPE_F32, n_enc, b->n_tokens, 1, 1);
    }
    q = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_CROSS_ATTN_Q, x);
    k = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_CROSS_ATTN_K, b->cross_embd);
    v = vf_b_mul_mat(b, (int32_t)il, VF_ROLE_CROSS_ATTN_V, b->cross_embd);
    q = vf_g_reshape(g, q, l->head_k, l->n_head, b->n_tokens, 1);
    k = vf_g_reshape(g, k, l->head_k, l->n_head_kv, n_enc, 1);
    v = vf_g_reshape(g, v, l->head_v, l->n_head_kv, n_enc, 1);
    vf_g_expand(g, q);
    vf_g_expand(g, k);
    vf_g_expand(g, v);
    x = vf_b_attention_core(b, il, q, k, v, b->cross_mask, 0, 0, 0);
    return vf_b_mul_mat(b, (int32_t)il, VF_ROLE_CROSS_ATTN_O, x);
}
