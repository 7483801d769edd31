/* Layer table + architecture record → tensor list. The steps of the record are walked once a layer;
 * each names blocks (blocks.c), whose rows become tensors. */
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "model/blocks.h"

#define MAX_DIM (UINT64_C(1) << 48)

typedef struct builder {
    vf_model *m;
    const vf_arch *arch;
    uint64_t dim[D_COUNT];
    vf_tensor *out;
    size_t n, cap;
    uint16_t stack;
    int32_t layer;
    uint16_t wide; /* the source type of matrices */
    vf_status status;
    vf_error *err;
} builder;

static bool has(const builder *b, uint8_t tri, vf_option option)
{
    return vf_model_has(b->m, tri, option);
}

static bool option(const builder *b, vf_option o)
{
    return has(b, VF_OPTIONAL, o);
}

/* llama.cpp counts dimensions up to the last that is not 1 (ggml_n_dims). */
static bool is_vector(const vf_tensor *t)
{
    return t->ne[1] == 1 && t->ne[2] == 1 && t->ne[3] == 1;
}

static void fail(builder *b, const vf_tensor *t, unsigned i)
{
    char name[96];
    vf_tensor_name(b->m, t, name, sizeof name);
    b->status = t->ne[i] == 0
                    ? vf_fail_key(b->err, VF_ERR_DATA, name, "dimension %u is 0: a hyperparameter is missing", i)
                    : vf_fail_key(b->err, VF_ERR_RANGE, name, "dimension %u is out of range", i);
}

static bool has_room(builder *b)
{
    if (b->n < b->cap || vf_grow(&b->m->a, (void **)&b->out, &b->cap, b->n + 1, sizeof *b->out))
        return true;
    b->status = vf_fail(b->err, VF_ERR_NOMEM, "out of memory");
    return false;
}

static void emit_row(builder *b, const vf_row *r)
{
    if (b->status != VF_OK || !has_room(b))
        return;
    vf_tensor *t = &b->out[b->n++];
    *t = (vf_tensor){.role = r->role, .part = r->part, .stack = b->stack, .layer = b->layer};
    for (unsigned i = 0; i < 4; i++) {
        t->ne[i] = b->dim[r->dim[i]];
        if (r->dim[i] != D_NONE)
            t->n_dims = (uint8_t)(i + 1);
        if (t->ne[i] == 0 || t->ne[i] > MAX_DIM)
            fail(b, t, i);
    }
    t->type = r->keep_f32 || is_vector(t) ? VF_TYPE_F32 : b->wide;
}

static void emit(builder *b, vf_block block)
{
    uint32_t n;
    const vf_row *rows = vf_block_rows(block, &n);
    for (uint32_t i = 0; i < n; i++)
        emit_row(b, &rows[i]);
}

static void emit_if(builder *b, bool condition, vf_block block)
{
    if (condition)
        emit(b, block);
}

static bool norm_has_bias(const builder *b, uint8_t norm)
{
    return norm == VF_NORM_LAYER || (norm == VF_NORM_LAYER_OPTIONAL_BIAS && option(b, VF_OPTION_NORM_BIAS));
}

/* ---- attention */

static void emit_mla(builder *b, const vf_layer *l)
{
    emit(b, b->dim[D_LORA_Q] > 0 ? BLOCK_MLA_Q_LORA : BLOCK_MLA_Q);
    emit(b, BLOCK_MLA_KV_A);
    emit(b, l->attention == VF_ATTN_MLA ? BLOCK_MLA_ABSORBED : BLOCK_MLA_KV_B);
    emit(b, BLOCK_ATTN_OUTPUT);
    emit_if(b, l->indexer, BLOCK_INDEXER);
}

static void emit_qkv(builder *b, const vf_layer *l)
{
    bool fused = b->arch->attention.qkv == VF_QKV_FUSED;
    bool no_v = b->arch->attention.k_eq_v_optional && option(b, VF_OPTION_K_EQ_V) && !l->windowed;
    emit(b, fused ? BLOCK_QKV_FUSED : no_v ? BLOCK_QK_ALONE : BLOCK_QKV_SPLIT);
    emit_if(b, has(b, b->arch->attention.qkv_bias, VF_OPTION_QKV_BIAS),
            fused ? BLOCK_QKV_FUSED_BIAS : BLOCK_QKV_SPLIT_BIAS);
}

static void emit_gqa(builder *b, const vf_layer *l)
{
    static const uint8_t qk_norms[] = {
        [VF_QKN_HEAD] = BLOCK_QK_NORM_HEAD, [VF_QKN_HEADS] = BLOCK_QK_NORM_HEADS, [VF_QKN_FULL] = BLOCK_QK_NORM_FULL};
    const vf_arch *a = b->arch;
    emit_qkv(b, l);
    emit(b, b->stack == VF_STACK_BLK ? BLOCK_ATTN_OUTPUT : BLOCK_ATTN_O);
    if (a->attention.qk_norm != VF_QKN_NONE && (!a->attention.qk_norm_optional || option(b, VF_OPTION_QK_NORM)))
        emit(b, (vf_block)qk_norms[a->attention.qk_norm]);
}

static void emit_attention(builder *b, const vf_layer *l)
{
    const vf_arch *a = b->arch;
    if (l->attention == VF_ATTN_NONE)
        return;
    if (l->attention == VF_ATTN_GQA)
        emit_gqa(b, l);
    else if (l->attention == VF_ATTN_LINEAR)
        emit(b, BLOCK_ATTN_LINEAR);
    else
        emit_mla(b, l);
    emit_if(b, has(b, a->attention.output_bias, VF_OPTION_ATTN_OUTPUT_BIAS), BLOCK_ATTN_OUTPUT_BIAS);
    emit_if(b, has(b, a->attention.sinks, VF_OPTION_SINKS) && (l->windowed || !a->attention.sinks_windowed),
            BLOCK_SINKS);
    emit_if(b, a->attention.sub_norm, BLOCK_ATTN_SUB_NORM);
    if (!a->attention.gate_optional || option(b, VF_OPTION_ATTN_GATE)) {
        emit_if(b, a->attention.gate == VF_GATE_WIDE, BLOCK_GATE_WIDE);
        emit_if(b, a->attention.gate == VF_GATE_HEAD, BLOCK_GATE_HEAD);
    }
    if (b->stack == VF_STACK_BLK)
        return;
    emit_if(b, b->layer == 0 || option(b, VF_OPTION_REL_B_ALL), BLOCK_REL_B);
    emit_if(b, b->stack == VF_STACK_DEC, BLOCK_CROSS_ATTN);
}

/* ---- recurrent blocks */

static void emit_recurrent(builder *b, const vf_layer *l)
{
    static const uint8_t blocks[] = {
        [VF_REC_MAMBA] = BLOCK_MAMBA,         [VF_REC_MAMBA2] = BLOCK_MAMBA2,
        [VF_REC_DELTA_NET] = BLOCK_DELTA_NET, [VF_REC_KDA] = BLOCK_KDA,
        [VF_REC_SHORTCONV] = BLOCK_SHORTCONV, [VF_REC_RWKV6] = BLOCK_RWKV6,
        [VF_REC_RWKV7] = BLOCK_RWKV7,         [VF_REC_LIGHTNING] = BLOCK_LIGHTNING,
        [VF_REC_PLAMO2] = BLOCK_PLAMO2,
        [VF_REC_RWKV6_QWEN2] = BLOCK_RWKV6_QWEN2, [VF_REC_ARWKV7] = BLOCK_RWKV7,
    };
    static const uint8_t kda_gates[] = {[VF_KDA_LOW_RANK] = BLOCK_KDA_GATES, [VF_KDA_WIDE] = BLOCK_KDA_GATES_WIDE,
                                        [VF_KDA_MIXED] = BLOCK_KDA_GATES_MIXED};
    if (l->recurrent == VF_REC_NONE)
        return;
    bool ungated = l->recurrent == VF_REC_ARWKV7 && b->dim[D_LORA_G] == 0;
    emit(b, ungated ? BLOCK_ARWKV7_UNGATED : (vf_block)blocks[l->recurrent]);
    emit_if(b, l->recurrent == VF_REC_RWKV6_QWEN2 && has(b, b->arch->recurrent.first, VF_OPTION_TIME_MIX_FIRST),
            BLOCK_TIME_MIX_FIRST);
    emit_if(b, l->recurrent == VF_REC_RWKV6_QWEN2 && has(b, b->arch->recurrent.bias, VF_OPTION_TIME_MIX_BIAS),
            BLOCK_TIME_MIX_BIAS);
    emit_if(b, l->recurrent == VF_REC_KDA, (vf_block)kda_gates[b->arch->recurrent.kda_gate]);
    emit_if(b, l->recurrent == VF_REC_MAMBA && b->arch->recurrent.dt_b_c_norm, BLOCK_MAMBA_NORMS);
    emit_if(b, l->recurrent == VF_REC_MAMBA2 && has(b, b->arch->recurrent.norm, VF_OPTION_SSM_NORM),
            BLOCK_SSM_NORM);
    emit_if(b, l->recurrent == VF_REC_DELTA_NET,
            b->arch->recurrent.fused_ba ? BLOCK_DELTA_BA : BLOCK_DELTA_BETA_ALPHA);
    emit_if(b, l->recurrent == VF_REC_RWKV6 || l->recurrent == VF_REC_RWKV7, BLOCK_TIME_MIX_LN);
}

/* ---- feed-forward */

static void emit_dense(builder *b, uint8_t kind)
{
    bool bias = has(b, b->arch->ffn.bias, VF_OPTION_FFN_BIAS);
    if (kind == VF_FFN_GATED && b->arch->ffn.gate_optional && !option(b, VF_OPTION_FFN_GATE))
        kind = VF_FFN_PLAIN;
    emit_if(b, kind == VF_FFN_GATED, BLOCK_FFN_GATED);
    emit_if(b, kind == VF_FFN_GATED && bias, BLOCK_FFN_GATED_BIAS);
    emit_if(b, kind == VF_FFN_PLAIN, BLOCK_FFN_PLAIN);
    emit_if(b, kind == VF_FFN_PLAIN && bias, BLOCK_FFN_PLAIN_BIAS);
    emit_if(b, kind == VF_FFN_FUSED_GATE, BLOCK_FFN_FUSED_GATE);
    emit_if(b, kind == VF_FFN_FUSED_GATE && bias, BLOCK_FFN_FUSED_GATE_BIAS);
    emit_if(b, b->arch->ffn.down_bias, BLOCK_FFN_DOWN_BIAS);
    emit_if(b, kind == VF_FFN_CHANNEL_MIX, BLOCK_CHANNEL_MIX);
    emit_if(b, kind == VF_FFN_CHANNEL_MIX_7, BLOCK_CHANNEL_MIX_7);
    emit_if(b, b->arch->attention.sub_norm, BLOCK_FFN_SUB_NORM);
}

static void emit_experts(builder *b, const vf_layer *l)
{
    const vf_arch *a = b->arch;
    emit(b, BLOCK_ROUTER);
    emit_if(b, a->moe.router_bias, BLOCK_ROUTER_BIAS);
    emit_if(b, has(b, a->moe.selection_bias, VF_OPTION_EXP_PROBS_B),
            a->moe.selection_bias_bare ? BLOCK_SELECTION_BIAS_BARE : BLOCK_SELECTION_BIAS);
    bool fused = has(b, a->moe.gate_up, VF_OPTION_GATE_UP_EXPS);
    b->wide = a->moe.mxfp4 ? VF_TYPE_MXFP4 : VF_TYPE_F16;
    emit(b, a->moe.plain ? BLOCK_EXPERTS_PLAIN : fused ? BLOCK_EXPERTS_FUSED : BLOCK_EXPERTS);
    b->wide = VF_TYPE_F16;
    emit_if(b, a->moe.expert_bias, BLOCK_EXPERTS_BIAS);
    emit_if(b, a->moe.chunks, BLOCK_CHUNK_EXPERTS);
    emit_if(b, l->n_ff_shexp > 0,
            a->moe.plain          ? BLOCK_SHARED_PLAIN
            : a->moe.shared_fused ? BLOCK_SHARED_FUSED
                                  : BLOCK_SHARED);
    emit_if(b, l->n_ff_shexp > 0 && a->moe.shared_gate, BLOCK_SHARED_GATE);
    emit_if(b, a->moe.latent && b->dim[D_LATENT] > 0, BLOCK_LATENT);
    emit_if(b, a->moe.routed && b->dim[D_ROUTED] > 0, BLOCK_ROUTED);
    emit_if(b, a->moe.gemma_norms, BLOCK_GEMMA_MOE);
    emit_if(b, a->moe.norm_exps, BLOCK_NORM_EXPS);
}

static void emit_ffn(builder *b, const vf_layer *l)
{
    if (l->ffn == VF_FFN_MOE)
        emit_experts(b, l);
    if (l->ffn == VF_FFN_MOE && l->n_ff == 0)
        return;
    emit_dense(b, l->ffn == VF_FFN_MOE ? b->arch->ffn.kind : l->ffn);
}

/* ---- the walk */

typedef struct norm_step {
    uint16_t role;
    uint8_t option; /* VF_OPTION_COUNT: none */
} norm_step;

static const norm_step norm_steps[] = {
    [VF_STEP_ATTN_NORM] = {VF_ROLE_ATTN_NORM, VF_OPTION_COUNT},
    [VF_STEP_ATTN_NORM_2] = {VF_ROLE_ATTN_NORM_2, VF_OPTION_ATTN_NORM_2},
    [VF_STEP_ATTN_OUTPUT_NORM] = {VF_ROLE_ATTN_OUTPUT_NORM, VF_OPTION_COUNT},
    [VF_STEP_POST_ATTENTION_NORM] = {VF_ROLE_POST_ATTENTION_NORM, VF_OPTION_COUNT},
    [VF_STEP_FFN_NORM] = {VF_ROLE_FFN_NORM, VF_OPTION_FFN_NORM},
    [VF_STEP_POST_FFW_NORM] = {VF_ROLE_POST_FFW_NORM, VF_OPTION_COUNT},
    [VF_STEP_LAYER_OUTPUT_NORM] = {VF_ROLE_LAYER_OUTPUT_NORM, VF_OPTION_LAYER_OUTPUT_NORM},
};

/* The norm that a step applies, VF_ROLE_UNKNOWN for steps of another kind. */
static uint16_t norm_role(uint8_t step)
{
    return step < sizeof norm_steps / sizeof norm_steps[0] ? norm_steps[step].role : VF_ROLE_UNKNOWN;
}

static bool listed(const uint8_t *steps, uint8_t step)
{
    while (*steps != VF_STEP_END && *steps != step)
        steps++;
    return *steps == step;
}

static void emit_norm(builder *b, uint8_t step)
{
    if (b->arch->norm == VF_NORM_NONE)
        return;
    uint8_t part = listed(b->arch->bare_steps, step) ? VF_PART_BARE : VF_PART_WEIGHT;
    vf_row row = {norm_role(step), part, true, {D_EMBD}};
    emit_row(b, &row);
    row.part = VF_PART_BIAS;
    if (norm_has_bias(b, b->arch->norm))
        emit_row(b, &row);
}

static bool step_exists(const builder *b, const vf_layer *l, uint8_t step)
{
    const vf_arch *a = b->arch;
    if (listed(a->optional_steps, step) && norm_steps[step].option < VF_OPTION_COUNT)
        return option(b, (vf_option)norm_steps[step].option);
    if (step == VF_STEP_ATTN_NORM)
        return !(a->first_attn_norm_absent && b->layer == 0) &&
               !(a->attention.prunable && l->attention == VF_ATTN_NONE);
    if (step == VF_STEP_FFN_NORM)
        return !(a->attention.prunable && l->ffn == VF_FFN_NONE);
    return true;
}

static void emit_mtp(builder *b)
{
    const vf_arch *a = b->arch;
    emit(b, BLOCK_NEXTN);
    emit_if(b, has(b, a->mtp.embed_tokens, VF_OPTION_NEXTN_EMBED_TOKENS), BLOCK_NEXTN_EMBED_TOKENS);
    emit_if(b, has(b, a->mtp.shared_head_head, VF_OPTION_NEXTN_SHARED_HEAD_HEAD), BLOCK_NEXTN_SHARED_HEAD_HEAD);
    emit_if(b, has(b, a->mtp.shared_head_norm, VF_OPTION_NEXTN_SHARED_HEAD_NORM), BLOCK_NEXTN_SHARED_HEAD_NORM);
    if (a->mtp.post_attention_norm)
        emit_norm(b, VF_STEP_POST_ATTENTION_NORM);
    if (a->mtp.layer_output_norm)
        emit_norm(b, VF_STEP_LAYER_OUTPUT_NORM);
}

static void emit_layer(builder *b, uint16_t stack, uint32_t il, const vf_layer *l)
{
    b->stack = stack;
    b->layer = (int32_t)il;
    vf_dims_layer(b->m, l, il, b->dim);
    for (const uint8_t *s = b->arch->steps; *s != VF_STEP_END; s++) {
        if (*s == VF_STEP_MIXER) {
            emit_recurrent(b, l);
            emit_attention(b, l);
        } else if (*s == VF_STEP_FFN) {
            emit_ffn(b, l);
        } else if (norm_role(*s) != VF_ROLE_UNKNOWN && step_exists(b, l, *s)) {
            emit_norm(b, *s);
        }
    }
    emit_if(b, b->arch->embedding.per_layer && b->dim[D_PER_LAYER] > 0, BLOCK_PER_LAYER);
    emit_if(b, b->arch->embedding.altup, BLOCK_ALTUP);
    emit_if(b, has(b, b->arch->layer_output_scale, VF_OPTION_LAYER_OUTPUT_SCALE), BLOCK_LAYER_OUTPUT_SCALE);
    emit_if(b, b->arch->residual_scores && b->m->hp.attn_res_block_size > 0, BLOCK_RESIDUAL_SCORES);
    if (l->mtp)
        emit_mtp(b);
}

static void emit_output_norm(builder *b)
{
    const vf_arch *a = b->arch;
    if (a->output.no_norm)
        return;
    if (a->encoder_decoder || a->output.norm_is_enc_output_norm) {
        emit(b, BLOCK_ENC_OUTPUT_NORM);
        emit_if(b, a->encoder_decoder, BLOCK_DEC_OUTPUT_NORM);
        return;
    }
    emit(b, a->output.norm_is_token_embd_norm ? BLOCK_TOKEN_EMBD_NORM : BLOCK_OUTPUT_NORM);
    emit_if(b, norm_has_bias(b, a->norm), BLOCK_OUTPUT_NORM_BIAS);
}

static void emit_globals(builder *b)
{
    const vf_arch *a = b->arch;
    b->stack = VF_STACK_BLK;
    b->layer = -1;
    vf_dims_model(b->m, b->dim);
    emit(b, BLOCK_TOKEN_EMBD);
    emit_if(b, has(b, a->embedding.position, VF_OPTION_POSITION_EMBD), BLOCK_POSITION_EMBD);
    emit_if(b, has(b, a->embedding.types, VF_OPTION_TOKEN_TYPES), BLOCK_TOKEN_TYPES);
    emit_if(b, a->embedding.norm != VF_NORM_NONE, BLOCK_TOKEN_EMBD_NORM);
    emit_if(b, norm_has_bias(b, a->embedding.norm), BLOCK_TOKEN_EMBD_NORM_BIAS);
    emit_if(b, a->embedding.per_layer && b->dim[D_PER_LAYER] > 0, BLOCK_PER_LAYER_EMBD);
    emit_if(b, a->embedding.altup, BLOCK_ALTUP_GLOBAL);
    emit_output_norm(b);
    emit_if(b, a->residual_scores && b->m->hp.attn_res_block_size > 0, BLOCK_OUTPUT_RESIDUAL_SCORE);
    emit_if(b, a->output.tied == VF_OUTPUT_REQUIRED || (a->output.tied == VF_OUTPUT_OPTIONAL && !b->m->tied),
            BLOCK_OUTPUT);
    emit_if(b, has(b, a->output.bias, VF_OPTION_OUTPUT_BIAS), BLOCK_OUTPUT_BIAS);
    emit_if(b, has(b, a->rope_freqs, VF_OPTION_ROPE_FREQS), BLOCK_ROPE_FREQS);
    emit_if(b, has(b, a->rope_factors, VF_OPTION_ROPE_FACTORS), BLOCK_ROPE_FACTORS);
}

static void walk(builder *b)
{
    const vf_model *m = b->m;
    emit_globals(b);
    uint16_t stack = b->arch->encoder_decoder ? VF_STACK_DEC : b->arch->encoder_stack ? VF_STACK_ENC : VF_STACK_BLK;
    /* the layers of an encoder are like those of its decoder */
    for (uint32_t il = 0; b->arch->encoder_decoder && il < m->hp.block_count; il++)
        emit_layer(b, VF_STACK_ENC, il, &m->layers[0]);
    for (uint32_t il = 0; il < m->n_layers; il++)
        emit_layer(b, stack, il, &m->layers[il]);
}

vf_status vf_inventory_build(vf_model *m, vf_error *err)
{
    if (!m->known_arch)
        return vf_fail(err, VF_ERR_DATA, "no architecture record for this model: its tensors must be read");
    builder b = {.m = m, .arch = &m->arch, .wide = VF_TYPE_F16, .err = err};
    walk(&b);
    /* no more room than needed: the model is kept */
    vf_tensor *fitted = b.n > 0 ? m->a.resize(m->a.ctx, b.out, b.cap * sizeof *b.out, b.n * sizeof *b.out) : NULL;
    if (b.status != VF_OK || !fitted) {
        vf_free(&m->a, fitted ? fitted : b.out, (fitted ? b.n : b.cap) * sizeof *b.out);
        return b.status != VF_OK ? b.status : vf_fail(err, VF_ERR_NOMEM, "out of memory");
    }
    m->tensors = fitted;
    m->n_tensors = b.n;
    return vf_model_index(m, err);
}
