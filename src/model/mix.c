/* llama.cpp's quantization mixes: which storage type llama-quantize gives each tensor for a file type.
 * Rules: src/llama-quant.cpp (tensor_allows_quantization, tensor_get_category, llama_tensor_get_type_impl,
 * tensor_type_fallback). */
#include "model/mix.h"

#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "model/ftypes.h"

typedef enum category {
    CAT_OTHER = 0,
    CAT_OUTPUT,
    CAT_TOKEN_EMBD,
    CAT_V, /* attn_v, attn_qkv, attn_kv_b */
    CAT_K,
    CAT_Q,
    CAT_ATTN_OUTPUT,
    CAT_UP,
    CAT_GATE,
    CAT_DOWN,
    CAT_MASK = 0x0f,
    CAT_KNOWN = 0x40,
    CAT_QUANTIZABLE = 0x80
} category;

/* ---- categories: by parts of the name, the first that is found */

static bool contains(const char *name, size_t n, const char *part)
{
    size_t k = strlen(part);
    for (size_t i = 0; i + k <= n; i++)
        if (name[i] == part[0] && memcmp(name + i, part, k) == 0)
            return true;
    return false;
}

static bool is(const char *name, const char *whole)
{
    return strcmp(name, whole) == 0;
}

static uint8_t category_of(const char *name, size_t n)
{
    static const struct {
        const char *part;
        uint8_t category;
    } parts[] = {
        {"attn_qkv.weight", CAT_V}, {"attn_kv_b.weight", CAT_V}, {"attn_v.weight", CAT_V},
        {"attn_k.weight", CAT_K},   {"attn_q.weight", CAT_Q},    {"attn_output.weight", CAT_ATTN_OUTPUT},
        {"ffn_up", CAT_UP},         {"ffn_gate", CAT_GATE},      {"ffn_down", CAT_DOWN},
    };
    if (is(name, "output.weight"))
        return CAT_OUTPUT;
    if (is(name, "token_embd.weight") || is(name, "per_layer_token_embd.weight"))
        return CAT_TOKEN_EMBD;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (contains(name, n, parts[i].part))
            return parts[i].category;
    return CAT_OTHER;
}

static bool name_allows(const char *name, size_t n)
{
    static const char *const kept[] = {
        "_norm.weight", "ffn_gate_inp.weight", "ffn_gate_tid2eid.weight", "altup", "laurel",
        "per_layer_model_proj", "ssm_conv1d", "shortconv.conv.weight", "indexer.k_proj.weight",
        "indexer.q_proj.weight", "time_mix_first.weight", "time_mix_w0.weight", "time_mix_w1.weight",
        "time_mix_w2.weight", "time_mix_v0.weight", "time_mix_v1.weight", "time_mix_v2.weight",
        "time_mix_a0.weight", "time_mix_a1.weight", "time_mix_a2.weight", "time_mix_g1.weight",
        "time_mix_g2.weight", "time_mix_decay_w1.weight", "time_mix_decay_w2.weight",
        "time_mix_lerp_fused.weight", "attn_rel_b.weight", ".position_embd", "sam.pos_embd", "sam.neck.",
        "sam.net_", ".rel_pos", ".patch_embd", ".patch_merger", "a.rvq.codebook", "mm.a.code_embd",
    };
    if (n < 6 || memcmp(name + n - 6, "weight", 6) != 0)
        return false;
    if (is(name, "position_embd.weight") || is(name, "token_types.weight"))
        return false;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (contains(name, n, kept[i]))
            return false;
    return true;
}

static uint8_t classify(const vf_model *m, const vf_tensor *t)
{
    char name[256];
    size_t n = strlen(vf_tensor_name(m, t, name, sizeof name));
    return (uint8_t)(category_of(name, n) | (name_allows(name, n) ? CAT_QUANTIZABLE : 0));
}

void vf_mix_categories(vf_model *m)
{
    uint8_t by_role[VF_ROLE_COUNT] = {0}; /* of weights; 0: not yet known */
    for (size_t i = 0; i < m->n_tensors; i++) {
        const vf_tensor *t = &m->tensors[i];
        if (t->role == VF_ROLE_UNKNOWN) {
            m->mix[i] = classify(m, t);
        } else if (t->part == VF_PART_WEIGHT) {
            if (by_role[t->role] == 0)
                by_role[t->role] = (uint8_t)(classify(m, t) | CAT_KNOWN);
            m->mix[i] = by_role[t->role] & (uint8_t)~CAT_KNOWN;
        }
        if (t->ne[1] <= 1 && t->ne[2] <= 1 && t->ne[3] <= 1)
            m->mix[i] &= (uint8_t)~CAT_QUANTIZABLE;
    }
}

/* ---- the rules */

typedef struct state {
    const vf_model *m;
    const vf_quant *quant;
    vf_ftype ftype;
    vf_type base; /* the file type's own */
    bool imatrix, tied, falcon, bailingmoe3, is_70b;
    bool low, mid; /* file types of one and two bits */
    uint32_t n_layer, n_expert, n_v;
    uint32_t gqa;
    uint32_t i_v, i_down, i_gate, i_up; /* tensors of the category met so far */
} state;

static bool in(vf_ftype ftype, const uint8_t *list)
{
    for (; *list != 0xff; list++)
        if (*list == ftype)
            return true;
    return false;
}

#define IN(ftype, ...) in(ftype, (const uint8_t[]){__VA_ARGS__, 0xff})

/* The first eighth, the last eighth, and every third layer in between. */
static bool more_bits(uint32_t i, uint32_t n)
{
    return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2;
}

static vf_type output_type(const state *s, const vf_tensor *t)
{
    if (s->ftype == VF_FTYPE_MXFP4_MOE || s->falcon || t->ne[0] % vf_type_get(s->base)->block != 0)
        return VF_TYPE_Q8_0;
    if (s->low || s->mid || s->ftype == VF_FTYPE_IQ3_XXS)
        return VF_TYPE_Q5_K;
    return s->base == VF_TYPE_Q8_0 ? VF_TYPE_Q8_0 : VF_TYPE_Q6_K;
}

static vf_type embedding_type(const state *s)
{
    if (s->low)
        return VF_TYPE_Q2_K;
    if (s->mid || s->ftype == VF_FTYPE_IQ3_XXS)
        return VF_TYPE_IQ3_S;
    if (IN(s->ftype, VF_FTYPE_TQ1_0, VF_FTYPE_TQ2_0, VF_FTYPE_Q2_0))
        return VF_TYPE_Q4_K;
    return s->base;
}

/* The file types of one and two bits. Their counter of ffn_down runs on with experts, too. */
static vf_type low_type(state *s, category c)
{
    switch (c) {
    case CAT_V:
        s->i_v++;
        if (s->gqa >= 4 || s->n_expert >= 4)
            return VF_TYPE_Q4_K;
        return s->mid ? VF_TYPE_IQ3_S : VF_TYPE_Q2_K;
    case CAT_K:
        return s->n_expert == 8 ? VF_TYPE_Q4_K : s->base;
    case CAT_DOWN:
        if (s->i_down++ < s->n_layer / 8)
            return s->mid ? VF_TYPE_IQ3_S : VF_TYPE_Q2_K;
        return s->base;
    case CAT_ATTN_OUTPUT:
        if (s->n_expert == 8)
            return VF_TYPE_Q5_K;
        if (IN(s->ftype, VF_FTYPE_IQ1_S, VF_FTYPE_IQ1_M))
            return VF_TYPE_IQ2_XXS;
        return s->mid ? VF_TYPE_IQ3_S : s->base;
    default:
        return s->base;
    }
}

static vf_type v_by_ftype(const state *s)
{
    bool grouped = s->gqa >= 4;
    switch (s->ftype) {
    case VF_FTYPE_Q2_K:
        return grouped ? VF_TYPE_Q4_K : VF_TYPE_Q3_K;
    case VF_FTYPE_Q2_K_S:
    case VF_FTYPE_IQ3_XS:
    case VF_FTYPE_IQ3_S:
        return grouped ? VF_TYPE_Q4_K : s->base;
    case VF_FTYPE_IQ3_XXS:
        return grouped ? VF_TYPE_Q4_K : s->base; /* it is never made without an importance matrix */
    case VF_FTYPE_IQ3_M:
        return VF_TYPE_Q4_K;
    case VF_FTYPE_Q3_K_M:
        return s->i_v < 2 ? VF_TYPE_Q5_K : VF_TYPE_Q4_K;
    case VF_FTYPE_Q3_K_L:
        return VF_TYPE_Q5_K;
    case VF_FTYPE_IQ4_NL:
    case VF_FTYPE_IQ4_XS:
        return grouped ? VF_TYPE_Q5_K : s->base;
    case VF_FTYPE_Q4_K_M:
    case VF_FTYPE_Q5_K_M:
        return more_bits(s->i_v, s->n_v) ? VF_TYPE_Q6_K : s->base;
    case VF_FTYPE_Q4_K_S:
        return s->i_v < 4 ? VF_TYPE_Q5_K : s->base;
    default:
        return s->base;
    }
}

static vf_type v_type(state *s)
{
    vf_type t = v_by_ftype(s);
    if (s->is_70b && (t == VF_TYPE_Q3_K || t == VF_TYPE_Q4_K))
        t = VF_TYPE_Q5_K;
    if (s->n_expert == 8)
        t = VF_TYPE_Q8_0;
    s->i_v++;
    return t;
}

static vf_type qk_type(const state *s, category c)
{
    if (c == CAT_K && s->n_expert == 8)
        return VF_TYPE_Q8_0;
    if (s->ftype == VF_FTYPE_IQ3_XS)
        return VF_TYPE_IQ3_XXS;
    return s->ftype == VF_FTYPE_IQ3_XXS ? VF_TYPE_IQ2_S : s->base;
}

static vf_type down_type(const state *s, uint32_t i)
{
    uint32_t n = s->n_layer;
    bool first = i < n / 8;
    switch (s->ftype) {
    case VF_FTYPE_Q2_K:
        return VF_TYPE_Q3_K;
    case VF_FTYPE_Q2_K_S:
        return first ? VF_TYPE_Q4_K : s->base;
    case VF_FTYPE_Q3_K_M:
        if (i < n / 16)
            return VF_TYPE_Q5_K;
        return !s->falcon || more_bits(i, n) ? VF_TYPE_Q4_K : VF_TYPE_Q3_K;
    case VF_FTYPE_IQ3_M:
        return first || (s->n_expert == 8 && more_bits(i, n)) ? VF_TYPE_Q4_K : s->base;
    case VF_FTYPE_Q3_K_L:
        return s->falcon ? VF_TYPE_Q4_K : VF_TYPE_Q5_K;
    case VF_FTYPE_Q4_K_M:
        if (s->falcon)
            return i < n / 16 ? VF_TYPE_Q6_K : more_bits(i, n) ? VF_TYPE_Q5_K : VF_TYPE_Q4_K;
        return more_bits(i, n) ? VF_TYPE_Q6_K : s->base;
    case VF_FTYPE_IQ4_NL:
    case VF_FTYPE_IQ4_XS:
        return first && !s->imatrix ? VF_TYPE_Q5_K : s->base;
    case VF_FTYPE_Q5_K_M:
        return more_bits(i, n) ? VF_TYPE_Q6_K : s->base;
    case VF_FTYPE_Q4_K_S:
        return first && !s->falcon ? VF_TYPE_Q5_K : s->base;
    case VF_FTYPE_Q4_0:
        return first && s->imatrix ? VF_TYPE_Q4_1 : s->base;
    case VF_FTYPE_Q5_0:
        return first && s->imatrix ? VF_TYPE_Q5_1 : s->base;
    default:
        return s->base;
    }
}

static vf_type attn_output_type(const state *s)
{
    if (s->falcon)
        return s->ftype == VF_FTYPE_Q3_K_L ? VF_TYPE_Q4_K : s->base;
    if (s->n_expert == 8)
        return IN(s->ftype, VF_FTYPE_Q2_K, VF_FTYPE_IQ3_XS, VF_FTYPE_IQ3_XXS, VF_FTYPE_Q3_K_S, VF_FTYPE_Q3_K_M,
                  VF_FTYPE_IQ4_NL, VF_FTYPE_Q4_K_S, VF_FTYPE_Q4_K_M, VF_FTYPE_IQ3_S, VF_FTYPE_IQ3_M,
                  VF_FTYPE_IQ4_XS)
                   ? VF_TYPE_Q5_K
                   : s->base;
    switch (s->ftype) {
    case VF_FTYPE_Q2_K:
        return VF_TYPE_Q3_K;
    case VF_FTYPE_IQ3_XXS:
        return VF_TYPE_IQ3_S;
    case VF_FTYPE_Q3_K_M:
    case VF_FTYPE_IQ3_M:
        return VF_TYPE_Q4_K;
    case VF_FTYPE_Q3_K_L:
        return VF_TYPE_Q5_K;
    default:
        return s->base;
    }
}

/* The place of a feed-forward tensor: with experts the layer's number, else how many came before. */
static uint32_t place(const state *s, const vf_tensor *t, uint32_t *counter)
{
    uint32_t before = (*counter)++;
    return s->n_expert > 1 && t->layer >= 0 ? (uint32_t)t->layer : before;
}

static vf_type gate_up_type(const state *s, uint32_t i)
{
    uint32_t n = s->n_layer;
    return s->ftype == VF_FTYPE_IQ3_XS && i >= n / 8 && i < 7 * n / 8 ? VF_TYPE_IQ3_XXS : s->base;
}

static vf_type rule(state *s, const vf_tensor *t, category c)
{
    if (s->quant->output_typed && (c == CAT_OUTPUT || c == CAT_TOKEN_EMBD))
        return s->quant->output_type; /* --output-tensor-type and --token-embedding-type */
    if (c == CAT_OUTPUT || (s->tied && c == CAT_TOKEN_EMBD))
        return output_type(s, t);
    if (s->ftype == VF_FTYPE_MXFP4_MOE) {
        bool expert = !s->bailingmoe3 || c == CAT_UP || c == CAT_GATE || c == CAT_DOWN;
        return t->ne[2] > 1 && expert ? VF_TYPE_MXFP4 : VF_TYPE_Q8_0;
    }
    if (c == CAT_TOKEN_EMBD)
        return embedding_type(s);
    if (s->low || s->mid)
        return low_type(s, c);
    switch (c) {
    case CAT_V:
        return v_type(s);
    case CAT_K:
    case CAT_Q:
        return qk_type(s, c);
    case CAT_DOWN:
        return down_type(s, place(s, t, &s->i_down));
    case CAT_ATTN_OUTPUT:
        return attn_output_type(s);
    case CAT_GATE:
        return gate_up_type(s, place(s, t, &s->i_gate));
    case CAT_UP:
        return gate_up_type(s, place(s, t, &s->i_up));
    default:
        return s->base;
    }
}

/* A type for rows that are no multiple of the block: VF_TYPE_F16 when nothing fits, VF_TYPE_F32 when
 * llama-quantize gives up. */
static vf_type fallback(vf_type type, uint64_t n)
{
    const vf_type_info *info = vf_type_get(type);
    if (n % info->block == 0)
        return type;
    switch (type) {
    case VF_TYPE_IQ1_S:
    case VF_TYPE_IQ1_M:
    case VF_TYPE_IQ2_XXS:
    case VF_TYPE_IQ2_XS:
    case VF_TYPE_IQ2_S:
    case VF_TYPE_IQ3_XXS:
    case VF_TYPE_IQ3_S:
    case VF_TYPE_IQ4_XS:
        type = VF_TYPE_IQ4_NL;
        break;
    case VF_TYPE_Q2_0:
    case VF_TYPE_Q2_K:
    case VF_TYPE_Q3_K:
    case VF_TYPE_TQ1_0:
    case VF_TYPE_TQ2_0:
        type = VF_TYPE_Q4_0;
        break;
    case VF_TYPE_Q4_K:
        type = VF_TYPE_Q5_0;
        break;
    case VF_TYPE_Q5_K:
        type = VF_TYPE_Q5_1;
        break;
    case VF_TYPE_Q6_K:
        type = VF_TYPE_Q8_0;
        break;
    default:
        if (info->block > 32)
            return VF_TYPE_F32;
    }
    return n % vf_type_get(type)->block == 0 ? type : VF_TYPE_F16;
}

/* llama.cpp's LLM_TYPE_70B, by architecture and layers (src/models/<architecture>.cpp). */
static bool is_70b(const vf_model *m)
{
    static const struct {
        const char *arch;
        uint32_t n_layer;
        bool grouped;
    } models[] = {{"llama", 80, true}, {"qwen2", 80, false}, {"deci", 80, false}, {"olmo", 80, false},
                  {"jais2", 68, false}};
    uint32_t n = m->n_layers - m->hp.nextn_predict_layers;
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++)
        if (n == models[i].n_layer && is(m->arch_name, models[i].arch))
            return !models[i].grouped || m->layers[0].n_head != m->layers[0].n_head_kv;
    return false;
}

static state begin(const vf_model *m, const vf_quant *quant, const vf_ftype_info *info)
{
    bool imatrix = quant->imatrix || info->needs_imatrix;
    state s = {.m = m, .quant = quant, .ftype = info->id, .base = info->type, .imatrix = imatrix};
    s.low = IN(s.ftype, VF_FTYPE_IQ2_XXS, VF_FTYPE_IQ2_XS, VF_FTYPE_IQ1_S, VF_FTYPE_IQ1_M);
    s.mid = IN(s.ftype, VF_FTYPE_IQ2_S, VF_FTYPE_IQ2_M);
    s.falcon = is(m->arch_name, "falcon");
    s.bailingmoe3 = is(m->arch_name, "bailingmoe3");
    s.n_layer = m->hp.block_count;
    s.n_expert = m->hp.expert_count;
    if (m->n_layers > 0) {
        s.is_70b = is_70b(m);
        s.gqa = m->layers[0].n_head_kv ? m->layers[0].n_head / m->layers[0].n_head_kv : 0;
    }
    s.tied = true;
    for (size_t i = 0; i < m->n_tensors; i++) {
        s.n_v += (m->mix[i] & CAT_MASK) == CAT_V;
        s.tied = s.tied && (m->mix[i] & CAT_MASK) != CAT_OUTPUT;
    }
    return s;
}

static vf_status no_fit(const vf_model *m, const vf_tensor *t, vf_type type, vf_error *err)
{
    char name[128];
    vf_tensor_name(m, t, name, sizeof name);
    return vf_fail_key(err, VF_ERR_REFUSED, name, "rows of %llu elements fit no block of %s",
                       (unsigned long long)t->ne[0], vf_type_get(type)->name);
}

/* A plain file is what the converter writes: the plain type for all that is not kept in f32 (or whole
 * numbers), and experts as they were published. */
static uint16_t plain_type(const vf_model *m, const vf_tensor *t, vf_type plain)
{
    const vf_type_info *stored = vf_type_get(t->type);
    if (m->arch.moe.mxfp4 && t->part == VF_PART_WEIGHT && vf_role_is_expert(t->role))
        return VF_TYPE_MXFP4;
    bool wide = t->type == VF_TYPE_F16 || t->type == VF_TYPE_BF16 || (stored && stored->quantized);
    return wide ? (uint16_t)plain : t->type;
}

static vf_status gguf_types(const vf_model *m, const vf_quant *quant, uint16_t *types, vf_error *err)
{
    const vf_ftype_info *info = vf_ftype_get(quant->ftype);
    if (!info || !info->can_quantize)
        return vf_fail(err, VF_ERR_USAGE, "file type %u is none that llama-quantize can make", quant->ftype);
    state s = begin(m, quant, info);
    bool blocks = vf_type_get(info->type)->quantized;
    for (size_t k = 0; k < m->n_tensors; k++) {
        uint32_t i = m->order[k];
        const vf_tensor *t = &m->tensors[i];
        types[i] = t->type;
        if (!blocks) {
            types[i] = plain_type(m, t, info->type);
        } else if (m->mix[i] & CAT_QUANTIZABLE) {
            vf_type want = rule(&s, t, (category)(m->mix[i] & CAT_MASK));
            types[i] = (uint16_t)fallback(want, t->ne[0]);
            if (types[i] == VF_TYPE_F32)
                return no_fit(m, t, want, err);
        }
    }
    return VF_OK;
}

vf_status vf_mix_types(const vf_model *m, const vf_quant *quant, const vf_allocator *scratch, uint16_t *types,
                       vf_error *err)
{
    (void)scratch;
    switch (quant->kind) {
    case VF_QUANT_GGUF:
        return gguf_types(m, quant, types, err);
    case VF_QUANT_AS_FILE:
        if (!m->from_file)
            return vf_fail(err, VF_ERR_USAGE, "the model has no file to take storage types from");
        for (size_t i = 0; i < m->n_tensors; i++)
            types[i] = m->tensors[i].type;
        return VF_OK;
    case VF_QUANT_CAST:
        if (!vf_type_get(quant->type))
            return vf_fail(err, VF_ERR_USAGE, "unknown storage type %u", (unsigned)quant->type);
        for (size_t i = 0; i < m->n_tensors; i++)
            types[i] = (uint16_t)quant->type;
        return VF_OK;
    default:
        return vf_fail(err, VF_ERR_USAGE, "'%s' gives no storage type to each tensor", quant->name);
    }
}
