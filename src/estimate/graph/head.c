/* Behind the last layer: final norm, logits, pooled embeddings. */
#include "estimate/graph/build.h"

/* The hidden states of all tokens stay readable for a draft head (t_h_nextn). */
static vf_id keep_and_gather(vf_build *b, vf_id x)
{
    b->g->node[x].flags |= VF_NODE_OUTPUT;
    return vf_g_get_rows(b->g, x, b->out_ids);
}

static vf_role final_norm(const vf_arch *arch)
{
    if (arch->output.norm_is_token_embd_norm)
        return VF_ROLE_TOKEN_EMBD_NORM;
    if (arch->encoder_decoder)
        return VF_ROLE_DEC_OUTPUT_NORM;
    return arch->encoder_stack || arch->output.norm_is_enc_output_norm ? VF_ROLE_ENC_OUTPUT_NORM : VF_ROLE_OUTPUT_NORM;
}

/* One vector for a sequence (src/llama-graph.cpp: build_pooling; llama.h: LLAMA_POOLING_TYPE_*). */
static void pool(vf_build *b, vf_id x)
{
    enum { NONE = 0, MEAN = 1, CLS = 2, LAST = 3 };
    vf_graph *g = b->g;
    uint32_t type = b->m->hp.pooling_type;

    if (type == MEAN)
        x = vf_g_mul_mat(g, vf_g_cont(g, vf_g_transpose(g, x)), vf_g_input(g, VF_TYPE_F32, b->n_tokens, b->n_seqs, 1, 1));
    else if (type == CLS || type == LAST)
        x = vf_g_get_rows(g, x, vf_g_input(g, VF_TYPE_I32, b->n_seqs, 1, 1, 1));
    g->node[x].flags |= VF_NODE_OUTPUT;
    vf_g_expand(g, x);
}

/* The matrix to the vocabulary, which may be that of the embeddings; 0 without. */
vf_id vf_b_output_weight(vf_build *b)
{
    const vf_arch *arch = &b->m->arch;
    vf_id w;

    if (arch->graph.no_logits || (arch->graph.embeddings_only && b->c->embeddings))
        return 0;
    w = vf_b_weight(b, -1, VF_ROLE_OUTPUT, VF_PART_WEIGHT);
    if (w || arch->output.tied == VF_OUTPUT_NONE || !vf_b_has(b, -1, VF_ROLE_TOKEN_EMBD, VF_PART_WEIGHT))
        return w;
    return vf_b_tied_output(b);
}

/* src/models/chameleon.cpp: the logits of so many image tokens become minus infinity. */
static vf_id hide_images(vf_graph *g, vf_id logits)
{
    enum { IMAGE_TOKENS = 8192 };
    vf_id never = vf_g_map(g, VF_OP_CLAMP, vf_g_tensor(g, VF_TYPE_F32, IMAGE_TOKENS, 1, 1, 1), 0, 0);

    return vf_g_map(g, VF_OP_OTHER, logits, never, 0);
}

static bool capped(const vf_build *b)
{
    const vf_hparams *hp = &b->m->hp;

    return vf_hp_present(hp, VF_HP_final_logit_softcapping) ? hp->final_logit_softcapping : b->m->arch.graph.logits_capped;
}

vf_id vf_b_logits(vf_build *b, vf_id w, vf_id x)
{
    vf_graph *g = b->g;
    const vf_arch *arch = &b->m->arch;
    vf_id bias = b->c->drafts ? 0 : vf_b_weight(b, -1, VF_ROLE_OUTPUT, VF_PART_BIAS);

    x = vf_g_mul_mat(g, w, x);
    x = bias ? vf_g_map(g, VF_OP_ADD, x, bias, 0) : x;
    if (arch->graph.scaled_logits || b->m->hp.logit_scale)
        x = vf_g_map(g, VF_OP_SCALE, x, 0, 0);
    if (capped(b))
        for (int i = 0; i < 3; i++) /* scale, tanh, scale */
            x = vf_g_map(g, i == 1 ? VF_OP_UNARY : VF_OP_SCALE, x, 0, 0);
    if (arch->graph.image_logits)
        x = hide_images(g, x);
    g->node[x].flags |= VF_NODE_OUTPUT;
    return x;
}

void vf_b_head(vf_build *b, vf_id x)
{
    vf_graph *g = b->g;
    const vf_arch *arch = &b->m->arch;
    vf_role norm = final_norm(arch);
    vf_id w, embedding;

    if (b->gather == VF_GATHER_LATE)
        x = keep_and_gather(b, x);
    if (vf_b_has(b, -1, norm, VF_PART_WEIGHT) || arch->norm == VF_NORM_NONE)
        x = vf_b_norm(b, -1, norm, (vf_norm)arch->norm, x);
    if (b->gather == VF_GATHER_AFTER_NORM)
        x = keep_and_gather(b, x);
    g->node[x].flags |= VF_NODE_OUTPUT;
    embedding = x;
    w = vf_b_output_weight(b);
    if (arch->graph.scaled_head_input)
        x = vf_g_map(g, VF_OP_SCALE, x, 0, 0);
    if (w)
        x = vf_b_logits(b, w, x);
    vf_g_expand(g, x);
    if (b->c->embeddings)
        pool(b, embedding);
}
