#include "estimate/graph/build.h"

#include "base/checked.h"

int8_t vf_b_cache_backend(const vf_build *b, uint32_t il)
{
    return b->c->offload_kqv ? vf_b_backend(b, b->p->layer_device[il]) : vf_b_cpu(b);
}

/* ---- weights ---- */

uint16_t vf_b_stack(const vf_build *b)
{
    const vf_arch *arch = &b->m->arch;

    return arch->encoder_decoder ? VF_STACK_DEC : arch->encoder_stack ? VF_STACK_ENC : VF_STACK_BLK;
}

static const vf_tensor *find(const vf_build *b, int32_t il, vf_role role, vf_part part)
{
    uint16_t stack = il >= 0 ? vf_b_stack(b) : VF_STACK_BLK;

    return vf_model_stack_tensor(b->m, stack, il, (uint16_t)role, (uint8_t)part);
}

bool vf_b_has(const vf_build *b, int32_t il, vf_role role, vf_part part)
{
    return find(b, il, role, part) != NULL;
}

static vf_id weight_leaf(vf_build *b, const vf_tensor *t, int8_t backend)
{
    uint16_t type = b->types ? b->types[t - b->m->tensors] : t->type;
    vf_id id = vf_g_tensor(b->g, type, t->ne[0], t->ne[1], t->ne[2], t->ne[3]);

    b->g->node[id].flags |= VF_NODE_EXTERNAL | VF_NODE_WEIGHT;
    b->g->node[id].backend = backend;
    return id;
}

vf_id vf_b_weight(vf_build *b, int32_t il, vf_role role, vf_part part)
{
    const vf_tensor *t = find(b, il, role, part);
    size_t i;

    if (!t)
        return 0;
    i = (size_t)(t - b->m->tensors);
    if (!b->leaf[i])
        b->leaf[i] = weight_leaf(b, t, vf_b_backend(b, b->p->tensor_device[i]));
    return b->leaf[i];
}

vf_id vf_b_tied_output(vf_build *b)
{
    const vf_tensor *t = find(b, -1, VF_ROLE_TOKEN_EMBD, VF_PART_WEIGHT);

    return weight_leaf(b, t, vf_b_backend(b, b->p->tied_output_device));
}

/* ---- what blocks are made of ---- */

vf_id vf_b_mul_mat(vf_build *b, int32_t il, vf_role role, vf_id x)
{
    vf_id w = vf_b_weight(b, il, role, VF_PART_WEIGHT), scale;

    if (!w)
        return x;
    x = vf_g_mul_mat(b->g, w, x);
    scale = vf_b_weight(b, il, role, VF_PART_SCALE);
    return scale ? vf_g_map(b->g, VF_OP_MUL, x, scale, 0) : x;
}

vf_id vf_b_linear(vf_build *b, int32_t il, vf_role role, vf_id x)
{
    vf_id bias;

    x = vf_b_mul_mat(b, il, role, x);
    bias = vf_b_weight(b, il, role, VF_PART_BIAS);
    return bias ? vf_g_map(b->g, VF_OP_ADD, x, bias, 0) : x;
}

vf_id vf_b_norm(vf_build *b, int32_t il, vf_role role, vf_norm kind, vf_id x)
{
    vf_graph *g = b->g;
    vf_id w = vf_b_weight(b, il, role, VF_PART_WEIGHT), bias = vf_b_weight(b, il, role, VF_PART_BIAS);
    bool rms;

    if (!w && !bias)
        w = vf_b_weight(b, il, role, VF_PART_BARE);
    rms = kind == VF_NORM_RMS || b->m->arch.graph.rms_with_bias;
    x = vf_g_map(g, rms ? VF_OP_RMS_NORM : VF_OP_NORM, x, 0, 0);
    /* src/llama-context.cpp: graph_get_cb */
    if ((w || bias) && il >= 0 && b->pin_norms)
        g->node[x].backend = vf_b_backend(b, b->p->layer_device[il]);
    if (w)
        x = vf_g_map(g, VF_OP_MUL, x, w, 0);
    return bias ? vf_g_map(g, VF_OP_ADD, x, bias, 0) : x;
}

vf_id vf_b_parameter(vf_build *b, uint32_t il, vf_role role)
{
    vf_id bare = vf_b_weight(b, (int32_t)il, role, VF_PART_BARE);

    return bare ? bare : vf_b_weight(b, (int32_t)il, role, VF_PART_WEIGHT);
}

/* src/llama-model.cpp: get_rope_factors; long contexts take the long factors, of the same size. */
static vf_id rope_factors(vf_build *b, uint32_t il)
{
    int8_t backend = vf_b_backend(b, b->p->layer_device[il]);
    const vf_tensor *t = find(b, -1, VF_ROLE_ROPE_FREQS, VF_PART_WEIGHT);

    if (!t)
        t = find(b, -1, VF_ROLE_ROPE_FACTORS_LONG, VF_PART_WEIGHT);
    if (!t || (b->m->arch.graph.rope_freqs_full_only && b->m->layers[il].windowed))
        return 0;
    if (!b->rope_table[backend])
        b->rope_table[backend] = weight_leaf(b, t, backend);
    return b->rope_table[backend];
}

vf_id vf_b_rope(vf_build *b, uint32_t il, vf_id x)
{
    return vf_g_map(b->g, VF_OP_ROPE, x, b->pos, rope_factors(b, il));
}

vf_id vf_b_cache_tensor(vf_build *b, uint32_t il, uint16_t type, uint64_t ne0, uint64_t ne1, uint64_t ne2)
{
    vf_id id = vf_g_tensor(b->g, type, ne0, ne1, ne2, 1);

    b->g->node[id].flags |= VF_NODE_EXTERNAL;
    b->g->node[id].backend = vf_b_cache_backend(b, il);
    return id;
}

vf_cache_input *vf_b_cache(vf_build *b, uint32_t il)
{
    return &b->cache[b->iswa && b->m->layers[il].windowed];
}

/* ---- inputs ---- */

static uint64_t positions_per_token(const vf_build *b)
{
    return b->m->hp.rope_dimension_sections.count > 0 ? 4 : 1;
}

/* Elements of a head of layer 0 (there is one), also when it has no attention. */
static uint64_t first_head(const vf_model *m, bool of_v)
{
    const vf_layer *l = &m->layers[0];

    if (l->windowed)
        return of_v ? l->head_v : l->head_k;
    return of_v ? m->head_v : m->head_k;
}

/* The rotation of a quantized cache: the largest power of two that divides the head, at least 64; only
 * when all cached heads are alike, and layer 0's is a multiple of 64 (src/llama-kv-cache.cpp, constructor). */
static uint64_t rotation_size(const vf_build *b, vf_type type, bool of_v, bool windowed)
{
    const vf_model *m = b->m;
    uint64_t head = 0, size = 64;

    if (!vf_type_get((uint32_t)type)->quantized)
        return 0;
    for (uint32_t il = b->first_layer; il < b->n_layer; il++) {
        const vf_layer *l = &m->layers[il];
        uint64_t h = of_v ? l->head_v : l->head_k;

        if (!l->has_cache || (b->iswa && l->windowed != windowed))
            continue;
        if (head && h != head)
            return 0;
        head = h;
    }
    if (head == 0 || first_head(m, of_v) % 64 != 0)
        return 0;
    if (of_v)
        return 64;
    while (head % (2 * size) == 0)
        size *= 2;
    return size;
}

static void make_cache_inputs(vf_build *b, bool windowed)
{
    vf_graph *g = b->g;
    const vf_context *c = b->c;
    vf_cache_input *in = &b->cache[windowed];
    bool mla = vf_model_is_mla(b->m);
    uint16_t mask_type = c->flash_attn ? VF_TYPE_F16 : VF_TYPE_F32;
    uint64_t k_rot, v_rot;

    in->cells = windowed ? c->cells_swa : c->cells;
    in->k_idxs = vf_g_input(g, VF_TYPE_I64, b->n_tokens, 1, 1, 1);
    in->v_idxs = vf_g_input(g, VF_TYPE_I64, c->v_transposed ? vf_mul(b->n_tokens, b->max_v) : b->n_tokens, 1, 1, 1);
    in->mask = vf_g_input(g, mask_type, in->cells, b->n_tokens / b->n_streams, 1, b->n_streams);
    if (b->m->arch.attention.indexer && !c->drafts) { /* its mask is f16 whatever the attention's */
        b->indexer.cells = in->cells;
        b->indexer.k_idxs = vf_g_input(g, VF_TYPE_I64, b->n_tokens, 1, 1, 1);
        b->indexer.mask = vf_g_input(g, VF_TYPE_F16, in->cells, b->n_tokens / b->n_streams, 1, b->n_streams);
        k_rot = b->m->hp.indexer_key_length;
        b->indexer.k_rot = vf_g_input(g, VF_TYPE_F32, k_rot, k_rot, 1, 1);
    }
    if (mla)
        return;
    k_rot = rotation_size(b, c->type_k, false, windowed);
    v_rot = rotation_size(b, c->type_v, true, windowed);
    in->k_rot = k_rot ? vf_g_input(g, VF_TYPE_F32, k_rot, k_rot, 1, 1) : 0;
    in->v_rot = v_rot ? vf_g_input(g, VF_TYPE_F32, v_rot, v_rot, 1, 1) : 0;
}

static void make_batch_mask(vf_build *b, bool windowed)
{
    uint16_t type = b->c->flash_attn ? VF_TYPE_F16 : VF_TYPE_F32;

    b->cache[windowed].mask = vf_g_input(b->g, type, b->n_tokens, b->n_tokens, 1, 1);
}

void vf_b_inputs(vf_build *b)
{
    vf_graph *g = b->g;

    b->pos = vf_g_input(g, VF_TYPE_I32, vf_mul(b->n_tokens, positions_per_token(b)), 1, 1, 1);
    if (b->m->arch.graph.attn_temperature || b->m->hp.attention_temperature_scale)
        b->attn_scale = vf_g_input(g, VF_TYPE_F32, 1, 1, b->n_tokens, 1);
    for (int windowed = 0; windowed < 1 + b->iswa; windowed++) {
        if (b->no_cache)
            make_batch_mask(b, windowed);
        else
            make_cache_inputs(b, windowed);
    }
    /* src/llama-graph.cpp: build_rs_inp; states of sequences that are not in the batch are copied along */
    b->state_copy = vf_g_input(g, VF_TYPE_I32, b->c->n_seq_max, 1, 1, 1);
    b->state_copy_main = vf_g_view_1d(g, b->state_copy, b->n_seqs);
    b->state_copy_extra = vf_g_view_1d(g, b->state_copy, b->c->n_seq_max - b->n_seqs);
    b->out_ids = vf_g_input(g, VF_TYPE_I32, b->n_outputs, 1, 1, 1);
}

/* src/llama-graph.cpp: build_inp_embd. Tokens or ready embeddings: both inputs are in the graph. */
static vf_id embed(vf_build *b)
{
    vf_graph *g = b->g;
    const vf_arch *arch = &b->m->arch;
    uint64_t n_embd = b->m->hp.embedding_length, width = n_embd;
    bool own = vf_b_has(b, -1, VF_ROLE_TOKEN_EMBD, VF_PART_WEIGHT); /* else the output's serve */
    vf_id w = vf_b_weight(b, -1, own ? VF_ROLE_TOKEN_EMBD : VF_ROLE_OUTPUT, VF_PART_WEIGHT);
    vf_id tokens = vf_g_input(g, VF_TYPE_I32, b->n_tokens, 1, 1, 1), ready;
    vf_id x = vf_g_get_rows(g, w, tokens);

    if (b->m->hp.n_deepstack_layers) {
        width = vf_mul(n_embd, vf_add(b->m->hp.n_deepstack_layers, 1));
        x = vf_g_op(g, VF_OP_PAD, VF_TYPE_F32, width, b->n_tokens, 1, 1, x, 0, 0);
    }
    ready = vf_g_input(g, VF_TYPE_F32, width, b->n_tokens, 1, 1);
    vf_g_expand(g, x);
    vf_g_expand(g, ready);
    if (width != n_embd) {
        b->wide_embd = x;
        x = vf_g_view_2d(g, x, n_embd, b->n_tokens, g->node[x].nb[1]);
    }
    if (b->m->hp.embedding_scale || arch->graph.scaled_embedding) {
        x = vf_g_map(g, VF_OP_SCALE, x, 0, 0);
        vf_g_expand(g, x);
    }
    if (arch->graph.rms_embedding)
        x = vf_g_map(g, VF_OP_RMS_NORM, x, 0, 0);
    if (arch->embedding.scaled)
        x = vf_g_map(g, VF_OP_SCALE, x, 0, 0);
    return x;
}

/* What else is added to the embeddings. */
static vf_id embed_position(vf_build *b, vf_id x)
{
    vf_graph *g = b->g;
    const vf_arch *arch = &b->m->arch;
    vf_id w;

    w = vf_b_weight(b, -1, VF_ROLE_TOKEN_TYPES, VF_PART_WEIGHT);
    if (w)
        x = vf_g_map(g, VF_OP_ADD, x, vf_g_view_1d(g, w, b->m->hp.embedding_length), 0);
    w = vf_b_weight(b, -1, VF_ROLE_POSITION_EMBD, VF_PART_WEIGHT);
    if (w) {
        vf_id rows = vf_g_get_rows(g, w, b->pos);

        x = arch->causal ? vf_g_map(g, VF_OP_ADD, x, rows, 0) : vf_g_map(g, VF_OP_ADD, rows, x, 0);
    }
    if (!arch->output.norm_is_token_embd_norm && vf_b_has(b, -1, VF_ROLE_TOKEN_EMBD_NORM, VF_PART_WEIGHT))
        x = vf_b_norm(b, -1, VF_ROLE_TOKEN_EMBD_NORM, (vf_norm)arch->embedding.norm, x);
    return x;
}

bool vf_b_graph(vf_build *b)
{
    vf_id x;

    if (b->c->drafts) {
        vf_b_draft(b);
        return !b->g->failed && !b->unsupported;
    }
    x = embed(b);
    vf_b_inputs(b);
    x = embed_position(b, x);
    vf_b_per_layer_inputs(b, x);
    if (b->m->arch.embedding.altup)
        x = vf_b_altup_begin(b, x);
    for (uint32_t i = 0; i < b->n_list && !b->g->failed && !b->unsupported; i++) {
        x = vf_b_layer(b, b->list[i].il, x);
        if (b->list[i].mark)
            vf_g_mark(b->g, (vf_mark){.node = x, .run = b->list[i].run});
    }
    if (b->m->arch.embedding.altup)
        x = vf_b_altup_end(b, x);
    if (b->m->arch.residual_scores)
        x = vf_b_residual_end(b, x);
    vf_b_head(b, x);
    return !b->g->failed && !b->unsupported;
}
