/* Resolves settings into llama.cpp's context parameters. Source of every rule here: llama.cpp
 * src/llama-context.cpp, constructor and llama_init_from_model; defaults: common/common.h and
 * tools/server (one row of outputs per sequence). */
#include "estimate/context.h"

#include "base/checked.h"
#include "base/error.h"

#define CTX_PAD 256
#define SEQ_LIMIT 256 /* LLAMA_MAX_SEQ */
#define CONTEXT_LIMIT (UINT64_C(1) << 31)
#define DEFAULT_CONTEXT 4096
#define DEFAULT_BATCH 2048
#define DEFAULT_UBATCH 512
#define POOLING_MEAN 1 /* llama.h: LLAMA_POOLING_TYPE_MEAN */

static uint64_t min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void vf_settings_init(vf_settings *s)
{
    *s = (vf_settings){
        .type_k = VF_TYPE_F16,
        .type_v = VF_TYPE_F16,
        .gpu_layers = VF_LAYERS_ALL,
        .outputs = VF_OUTPUTS_DEFAULT,
    };
}

uint64_t vf_default_context(const vf_model *m)
{
    uint64_t train = m->hp.context_length;
    return train && train < DEFAULT_CONTEXT ? train : DEFAULT_CONTEXT;
}

bool vf_model_is_mla(const vf_model *m)
{
    return m->hp.key_length_mla != 0 && m->hp.value_length_mla != 0;
}

static bool is_cache_type(vf_type t)
{
    static const vf_type usable[] = {VF_TYPE_F32,  VF_TYPE_F16,  VF_TYPE_BF16, VF_TYPE_Q8_0,  VF_TYPE_Q4_0,
                                     VF_TYPE_Q4_1, VF_TYPE_Q5_0, VF_TYPE_Q5_1, VF_TYPE_IQ4_NL};
    for (size_t i = 0; i < sizeof usable / sizeof usable[0]; i++)
        if (usable[i] == t)
            return true;
    return false;
}

static vf_status check_cache_types(const vf_model *m, const vf_settings *s, vf_error *err)
{
    const vf_type_info *k = vf_type_get(s->type_k), *v = vf_type_get(s->type_v);
    if (!is_cache_type(s->type_k) || !is_cache_type(s->type_v))
        return vf_fail_key(err, VF_ERR_USAGE, "--kv-type",
                           "not a cache type of llama.cpp (f32 f16 bf16 q8_0 q4_0 q4_1 q5_0 q5_1 iq4_nl)");
    if (vf_model_is_mla(m) && s->type_k != s->type_v)
        return vf_fail_key(err, VF_ERR_REFUSED, "--kv-type",
                           "%s/%s: llama.cpp refuses different K and V types for a model with MLA", k->name, v->name);
    for (uint32_t i = 0; i < m->n_layers && s->flash_attn != VF_OFF; i++) {
        const vf_layer *l = &m->layers[i]; /* also one without attention: see vf_model.head_k */
        uint32_t head_k = l->windowed ? l->head_k : m->head_k, head_v = l->windowed ? l->head_v : m->head_v;
        if (head_k % k->block != 0)
            return vf_fail_key(err, VF_ERR_REFUSED, "--kv-type",
                               "llama.cpp refuses K cache type %s: its block of %u does not divide the model's key "
                               "length %u",
                               k->name, k->block, head_k);
        if (head_v % v->block != 0)
            return vf_fail_key(err, VF_ERR_REFUSED, "--kv-type",
                               "llama.cpp refuses V cache type %s: its block of %u does not divide the model's value "
                               "length %u",
                               v->name, v->block, head_v);
    }
    return VF_OK;
}

static vf_status resolve_flash_attn(const vf_model *m, const vf_settings *s, const vf_placement *p,
                                    const vf_allocator *scratch, vf_context *c, vf_error *err)
{
    bool quantized_v = vf_type_get(s->type_v)->quantized;
    if (s->flash_attn == VF_OFF || m->arch.graph.no_flash_attn) {
        if (p->sliced)
            return vf_fail_key(err, VF_ERR_REFUSED, "--flash-attn", "off: llama.cpp refuses that with --split tensor");
        if (quantized_v)
            return vf_fail_key(err, VF_ERR_REFUSED, "--flash-attn",
                               "llama.cpp refuses a quantized V cache without flash attention");
        c->flash_attn = false;
        c->v_transposed = true;
    } else if (s->flash_attn == VF_ON || quantized_v || p->sliced) {
        c->flash_attn = true;
    } else {
        return vf_flash_attn_auto(m, c, p, scratch, &c->flash_attn, err);
    }
    return VF_OK;
}

static vf_status resolve_outputs(const vf_model *m, const vf_settings *s, vf_context *c, vf_error *err)
{
    bool given = s->outputs != VF_OUTPUTS_DEFAULT && s->outputs != VF_OUTPUTS_ALL;
    uint64_t rows = s->outputs;
    if (s->outputs == VF_OUTPUTS_ALL || m->arch.encoder_decoder || m->arch.encoder_stack)
        rows = c->n_batch;
    else if (!given)
        rows = s->embeddings || !c->causal ? c->n_batch : min64(vf_mul(c->n_seq_max, (uint64_t)s->draft_max + 1), c->n_batch);
    if (rows < c->n_seq_max)
        return vf_fail_key(err, VF_ERR_REFUSED, given && rows == s->outputs ? "--outputs" : "--batch",
                           "%u: llama.cpp needs at least one row of outputs for each sequence (%u)", (unsigned)rows,
                           c->n_seq_max);
    uint64_t n = min64(c->n_ctx, c->n_ubatch);
    c->n_outputs = min64(n, rows);
    if (s->embeddings && m->hp.pooling_type == POOLING_MEAN && c->n_outputs < vf_pad(n, c->n_seq_max))
        return vf_fail_key(err, VF_ERR_REFUSED, c->n_outputs < n ? "--outputs" : "--ubatch",
                           "%u: llama.cpp aborts at a mean over %u tokens of %u sequences", (unsigned)c->n_outputs,
                           (unsigned)vf_pad(n, c->n_seq_max), c->n_seq_max);
    return VF_OK;
}

/* Where llama.cpp's graph for several caches does not fit together and it aborts (ggml.c: ggml_can_repeat). */
static vf_status check_streams(const vf_model *m, const vf_context *c, vf_error *err)
{
    uint64_t n = min64(c->n_ctx, c->n_ubatch);

    if (c->n_streams > 1 && m->arch.encoder_decoder)
        return vf_fail_key(err, VF_ERR_REFUSED, "--parallel",
                           "%u: llama.cpp aborts with an encoder-decoder model unless its sequences share one cache "
                           "(--kv-unified)",
                           c->n_seq_max);
    bool attends = false;
    for (uint32_t i = 0; i < m->n_layers; i++)
        attends = attends || m->layers[i].has_cache;
    if (m->arch.graph.reserve_single && attends && !c->flash_attn && n % c->n_streams != 0)
        return vf_fail_key(err, VF_ERR_REFUSED, "--ubatch",
                           "%u: llama.cpp aborts with this model unless it is a multiple of the sequences (%u)",
                           (unsigned)n, c->n_seq_max);
    return VF_OK;
}

static vf_status resolve(const vf_model *m, const vf_settings *s, const vf_placement *p, const vf_allocator *scratch,
                         bool drafts, vf_context *c, vf_error *err)
{
    *c = (vf_context){.drafts = drafts};
    uint64_t asked = s->context ? s->context : vf_default_context(m);
    if (asked > CONTEXT_LIMIT)
        return vf_fail_key(err, VF_ERR_RANGE, "--context", "more than 2^31 tokens");
    c->n_seq_max = s->parallel ? s->parallel : 1;
    if (c->n_seq_max > SEQ_LIMIT)
        return vf_fail_key(err, VF_ERR_REFUSED, "--parallel", "%u: llama.cpp takes at most %d sequences",
                           c->n_seq_max, SEQ_LIMIT);
    vf_status st = check_cache_types(m, s, err);
    if (st)
        return st;
    c->causal = m->arch.causal || !m->known_arch;
    c->unified = s->kv_unified;
    c->offload_kqv = !s->no_kv_offload;
    c->op_offload = !s->no_op_offload;
    c->embeddings = s->embeddings;
    c->n_rs_seq = s->draft_mtp && m->arch.graph.rollback ? s->draft_max : 0;
    c->type_k = s->type_k;
    c->type_v = s->type_v;
    uint64_t batch = s->batch ? s->batch : DEFAULT_BATCH;
    c->n_batch = c->causal ? min64(asked, batch) : batch;
    c->n_ubatch = min64(c->n_batch, s->ubatch ? s->ubatch : DEFAULT_UBATCH);
    c->n_ctx = vf_pad(asked, CTX_PAD);
    c->n_ctx_seq = c->n_ctx;
    if (!c->unified) {
        c->n_ctx_seq = vf_pad(c->n_ctx / c->n_seq_max, CTX_PAD); /* not 0: SEQ_LIMIT sequences have CTX_PAD tokens at least */
        c->n_ctx = vf_mul(c->n_ctx_seq, c->n_seq_max);
    }
    c->n_streams = c->unified ? 1 : c->n_seq_max;
    c->cells = c->n_ctx_seq;
    uint64_t window = vf_add(vf_mul(m->n_swa, c->unified ? c->n_seq_max : 1), c->n_ubatch);
    c->cells_swa = s->swa_full ? c->cells : vf_pad(min64(c->cells, window), CTX_PAD);
    st = resolve_outputs(m, s, c, err);
    if (!st)
        st = resolve_flash_attn(m, s, p, scratch, c, err);
    return st ? st : check_streams(m, c, err);
}

vf_status vf_context_resolve(const vf_model *m, const vf_settings *s, const vf_placement *p,
                             const vf_allocator *scratch, vf_context *c, vf_error *err)
{
    return resolve(m, s, p, scratch, false, c, err);
}

vf_status vf_context_drafting(const vf_model *m, const vf_settings *s, const vf_context *target, const vf_placement *p,
                              const vf_allocator *scratch, vf_context *c, vf_error *err)
{
    uint32_t n = m->hp.nextn_predict_layers;
    if (n == 0 || !vf_model_stack_tensor(m, VF_STACK_BLK, (int32_t)(m->n_layers - n), VF_ROLE_NEXTN_EH_PROJ, VF_PART_WEIGHT))
        return vf_fail_key(err, VF_ERR_REFUSED, "--draft", "mtp: the model has no prediction layers");
    if (!m->arch.mtp.graph)
        return vf_fail_key(err, VF_ERR_REFUSED, "--draft", "mtp: llama.cpp does not draft with prediction layers of %s",
                           m->arch_name);
    if (n > 1 && !m->arch.mtp.several)
        return vf_fail_key(err, VF_ERR_REFUSED, "--draft", "mtp: llama.cpp drafts with %s of one prediction layer, not of %u",
                           m->arch_name, n);
    vf_settings own = *s;
    own.context = target->n_ctx;
    own.type_k = own.type_v = VF_TYPE_F16;
    own.outputs = target->n_seq_max;
    own.embeddings = own.draft_mtp = false;
    own.draft_max = 0;
    return resolve(m, &own, p, scratch, true, c, err);
}
