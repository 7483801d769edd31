/* Drafting with the model's own prediction layers (llama.cpp: graph_mtp of src/models/glm4-moe.cpp and others): the next
 * token's embedding and the hidden state of the token before it become the input of one more layer. */
#include "estimate/graph/build.h"

/* A prediction block that lies between two norms of its own (src/models/nemotron-h-moe.cpp), in a model whose other
 * layers have one. */
static const uint8_t two_norms[] = {VF_STEP_ATTN_NORM, VF_STEP_MIXER, VF_STEP_ADD, VF_STEP_POST_ATTENTION_NORM,
                                    VF_STEP_FFN, VF_STEP_ADD, VF_STEP_END};

const uint8_t *vf_b_steps(const vf_build *b)
{
    return b->c->drafts && b->m->arch.mtp.post_attention_norm ? two_norms : b->m->arch.steps;
}

/* The layer's own matrix, or the model's. */
static vf_id own_or(vf_build *b, int32_t il, vf_role own, vf_role models)
{
    vf_id w = vf_b_weight(b, il, own, VF_PART_WEIGHT);

    return w ? w : vf_b_weight(b, -1, models, VF_PART_WEIGHT);
}

static vf_id joined(vf_build *b, int32_t il)
{
    vf_graph *g = b->g;
    uint64_t n_embd = b->m->hp.embedding_length;
    vf_norm norm = (vf_norm)b->m->arch.norm;
    vf_id w = own_or(b, il, VF_ROLE_NEXTN_EMBED_TOKENS, VF_ROLE_TOKEN_EMBD);
    vf_id tokens = vf_g_input(g, VF_TYPE_I32, b->n_tokens, 1, 1, 1);
    vf_id hidden = vf_g_input(g, VF_TYPE_F32, n_embd, b->n_tokens, 1, 1);
    vf_id x = vf_g_get_rows(g, w, tokens);

    hidden = vf_b_norm(b, il, VF_ROLE_NEXTN_HNORM, norm, hidden);
    x = vf_b_norm(b, il, VF_ROLE_NEXTN_ENORM, norm, x);
    return vf_b_mul_mat(b, il, VF_ROLE_NEXTN_EH_PROJ, vf_g_concat(g, x, hidden, 0));
}

/* Belongs to no layer: where it runs is left to the scheduler. */
static vf_id final_norm(vf_build *b, int32_t il, vf_id x)
{
    vf_graph *g = b->g;
    vf_id w = vf_b_weight(b, il, VF_ROLE_NEXTN_SHARED_HEAD_NORM, VF_PART_WEIGHT);

    if (!w)
        w = own_or(b, il, VF_ROLE_LAYER_OUTPUT_NORM, VF_ROLE_OUTPUT_NORM);
    x = vf_g_map(g, b->m->arch.mtp.post_attention_norm || b->m->arch.norm != VF_NORM_RMS ? VF_OP_NORM : VF_OP_RMS_NORM, x, 0, 0);
    return vf_g_map(g, VF_OP_MUL, x, w, 0);
}

/* The state that the next draft starts from. */
static vf_id readable(vf_graph *g, vf_id x)
{
    g->node[x].flags |= VF_NODE_OUTPUT;
    return x;
}

void vf_b_draft(vf_build *b)
{
    vf_graph *g = b->g;
    int32_t il = (int32_t)b->first_layer;
    vf_id x, w;

    x = joined(b, il);
    vf_b_inputs(b);
    x = vf_b_layer(b, b->first_layer, x);
    if (b->gather == VF_GATHER_LATE)
        x = readable(g, vf_g_get_rows(g, x, b->out_ids));
    x = final_norm(b, il, x);
    if (b->gather != VF_GATHER_LATE)
        x = readable(g, x);
    if (b->gather == VF_GATHER_AFTER_NORM)
        x = vf_g_get_rows(g, x, b->out_ids);
    w = vf_b_weight(b, il, VF_ROLE_NEXTN_SHARED_HEAD_HEAD, VF_PART_WEIGHT);
    w = w ? w : vf_b_output_weight(b);
    if (w)
        x = vf_b_logits(b, w, x);
    vf_g_expand(g, x);
}
