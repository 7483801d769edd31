/* Hugging Face Transformers on PyTorch, unquantized (fp32, fp16, bf16), one forward over the whole prompt,
 * then generation with a DynamicCache. The peak is the larger of loading and generating.
 * Versions read: transformers 4.46 and later (logits of the last position only), PyTorch 2.x. */
#include "runtime/profiles.h"

#include "base/checked.h"
#include "base/error.h"

#define MIB (UINT64_C(1) << 20)
/* First tensor with lazy module loading 274 MiB (pytorch pull 86509), kernels used later; 300 to 600 seen. */
#define CONTEXT (400 * MIB)
#define CONTEXT_SPREAD (200 * MIB)
/* cuBLAS workspace :4096:2:16:8 (8,519,680 bytes); 32 MiB on Hopper (PyTorch aten/cuda/CUDABlas). */
#define WORKSPACE 8519680
#define WORKSPACE_HOPPER (32 * MIB)
/* Slack of the caching allocator over the allocated peak of generate(), per cent (pytorch issue 40989: 2 to
 * 10 %); the middle is counted, the way to the end is spread. */
#define SLACK_PERCENT 5

typedef struct widths {
    uint64_t bytes;   /**< of one activation or cache element */
    uint64_t act;     /**< activation bytes of one token at the worst layer */
    uint64_t kv;      /**< cache bytes of one token, all layers */
    uint64_t kv_layer; /**< the widest layer's K or V of one token */
} widths;

static uint64_t max64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/** Activations of one decoder layer for one token, eager PyTorch with SDPA: 4h + 6f elements of 2 bytes in
 * the gated feed-forward (residual, normed input, gate, act(gate), up: each is kept), or
 * 4h + 6(a + k)d in attention, plus the norm's fp32 copy. Experts: top_k routed copies. */
static uint64_t layer_activation(const vf_layer *l, uint64_t h, uint64_t bytes)
{
    uint64_t heads = vf_mul(vf_add(l->n_head, l->n_head_kv), l->head_k);
    uint64_t attention = vf_add(vf_mul(2, h), vf_mul(3, heads));
    uint64_t ffn = vf_add(vf_mul(2, h), vf_mul(3, l->n_ff));
    if (l->ffn == VF_FFN_MOE)
        ffn = vf_mul(l->n_expert_used, vf_add(vf_mul(2, h), vf_mul(3, l->n_ff_exp)));
    return vf_add(vf_mul(max64(attention, ffn), bytes), vf_mul(4, h));
}

static widths measure(const vf_model *m, uint64_t bytes)
{
    widths w = {.bytes = bytes};
    bool mla = vf_model_is_mla(m);
    for (uint32_t i = 0; i < m->n_layers; i++) {
        const vf_layer *l = &m->layers[i];
        if (l->mtp)
            continue;
        w.act = max64(w.act, layer_activation(l, m->hp.embedding_length, bytes));
        if (!l->has_cache)
            continue;
        /* DynamicCache keeps MLA keys and values expanded, one per head */
        uint64_t k = mla ? vf_mul(l->n_head, m->hp.key_length_mla) : vf_mul(l->n_head_kv, l->head_k);
        uint64_t v = mla ? vf_mul(l->n_head, m->hp.value_length_mla) : vf_mul(l->n_head_kv, l->head_v);
        w.kv = vf_add(w.kv, vf_mul(vf_add(k, v), bytes));
        w.kv_layer = max64(w.kv_layer, vf_mul(max64(k, v), bytes));
    }
    return w;
}

/** Recurrent states are kept in fp32. */
static uint64_t state_bytes(const vf_model *m)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < m->n_layers; i++)
        if (!m->layers[i].mtp)
            n = vf_add(n, vf_add(m->layers[i].state_r, m->layers[i].state_s));
    return vf_mul(n, 4);
}

static void weigh(const vf_model *m, const uint16_t *types, uint64_t *total, uint64_t *largest)
{
    *total = *largest = 0;
    for (size_t i = 0; i < m->n_tensors; i++) {
        const vf_tensor *t = &m->tensors[i];
        if (!vf_tensor_is_parameter(t))
            continue;
        uint64_t b = vf_tensor_bytes(t, types[i]);
        *total = vf_add(*total, b);
        *largest = max64(*largest, b);
    }
}

static void explain(vf_result *out, int32_t at, uint64_t weights, uint64_t kv, uint64_t act, uint64_t slack,
                    uint64_t tokens)
{
    vf_add_term(out, at, VF_SEG_WEIGHTS, "weights", "sum of the tensors' bytes", "safetensors, or the inventory",
                weights, 0, NULL);
    vf_add_term(out, at, VF_SEG_KV_CACHE, "DynamicCache and states", "tokens x (K + V) of all layers",
                "transformers src/transformers/cache_utils.py", kv, 0, "%llu tokens", (unsigned long long)tokens);
    vf_add_term(out, at, VF_SEG_COMPUTE, "activations, logits, cache growth",
                "max(worst layer x prompt tokens, logits of one row each in 16 and 32 bits) + one layer's K twice",
                "transformers modeling files; PR 31292, 33902", act, 0, NULL);
    vf_add_term(out, at, VF_SEG_COMPUTE, "allocator slack", "5 % of the peak", "pytorch issue 40989", slack, slack,
                NULL);
}

static void device_terms(const vf_case *k, uint32_t i, vf_result *out)
{
    uint64_t workspace = k->request->device[i].compute_capability >= 90 ? WORKSPACE_HOPPER : WORKSPACE;
    out->device[i].segment[VF_SEG_RUNTIME] = CONTEXT + workspace;
    out->device[i].margin = vf_add(out->device[i].margin, CONTEXT_SPREAD);
    vf_add_term(out, (int32_t)i, VF_SEG_RUNTIME, "CUDA context and kernels", "constant",
                "pytorch pull 86509, issues 107667 and 109888 (274 to 600 MiB)", CONTEXT, CONTEXT_SPREAD, NULL);
    vf_add_term(out, (int32_t)i, VF_SEG_RUNTIME, "cuBLAS workspace", "CUBLAS_WORKSPACE_CONFIG default",
                "PyTorch aten/src/ATen/cuda/CublasHandlePool.cpp", workspace, 0, NULL);
}

static vf_status check(const vf_case *k, vf_error *err)
{
    if (k->quant->kind != VF_QUANT_CAST && k->quant->kind != VF_QUANT_AS_FILE)
        return vf_fail_key(err, VF_ERR_USAGE, "--quant", "%s: this version judges transformers in fp32, fp16 and bf16",
                           k->quant->name);
    if (k->settings->type_kv_set)
        return vf_fail_key(err, VF_ERR_USAGE, "--kv-type", "not a setting of transformers in this version");
    return VF_OK;
}

static vf_status footprint(const vf_case *k, vf_result *out, vf_error *err)
{
    const vf_model *m = k->model;
    const vf_settings *s = k->settings;
    vf_status st = check(k, err);
    if (st)
        return st;
    out->parallel = s->parallel ? s->parallel : 1;
    out->context = s->context ? s->context : vf_default_context(m);
    out->context_per_sequence = out->context;
    uint64_t bytes = k->quant->kind == VF_QUANT_CAST ? vf_row_bytes((uint16_t)k->quant->type, 1) : 2;
    out->type_k = out->type_v = k->quant->kind == VF_QUANT_CAST ? k->quant->type : VF_TYPE_BF16;
    widths w = measure(m, bytes);
    uint64_t prompt = vf_mul(s->prompt ? s->prompt : out->context, out->parallel);
    uint64_t tokens = vf_mul(out->context, out->parallel);
    uint64_t weights, largest;
    weigh(m, k->types, &weights, &largest);
    uint64_t kv = vf_add(vf_mul(w.kv, tokens), vf_mul(state_bytes(m), out->parallel));
    uint64_t logits = vf_mul3(m->hp.vocab_size, out->parallel, vf_add(bytes, 4));
    uint64_t act = vf_add(max64(vf_mul(w.act, prompt), logits), vf_mul3(2, w.kv_layer, tokens));
    /* loading holds one more copy of the largest tensor: a peak of its own, before there is a cache */
    uint64_t running = vf_add(kv, act);
    if (running < largest)
        act = vf_add(act, largest - running);
    uint64_t slack = vf_ceil_div(vf_mul(vf_add(weights, vf_add(kv, act)), SLACK_PERCENT), 100);
    if (!vf_size_ok(weights) || !vf_size_ok(kv) || !vf_size_ok(act) || !vf_size_ok(slack))
        return vf_fail(err, VF_ERR_RANGE, "the need would be over 2^60 bytes");
    out->model_bytes = weights;
    uint32_t n = out->n_devices;
    explain(out, n == 1 ? 0 : -1, weights, kv, act, slack, tokens);
    for (uint32_t i = 0; i < n; i++) { /* device_map "balanced": even shares of layers, one active at a time */
        vf_device_result *d = &out->device[i];
        d->segment[VF_SEG_WEIGHTS] = vf_add(vf_ceil_div(weights, n), n > 1 ? largest : 0);
        d->segment[VF_SEG_KV_CACHE] = vf_ceil_div(kv, n);
        d->segment[VF_SEG_COMPUTE] = vf_add(act, vf_ceil_div(slack, n));
        d->margin = vf_add(d->margin, vf_ceil_div(slack, n));
        d->layers = m->n_layers / n + (i < m->n_layers % n);
        device_terms(k, i, out);
    }
    if (n == 0) {
        out->host.weights = weights;
        out->host.kv_cache = kv;
        out->host.compute = vf_add(act, slack);
    }
    if (n > 1)
        vf_add_note(out, "several cards: even shares of the layers (device_map), the largest tensor on each");
    return VF_OK;
}

const vf_profile vf_profile_transformers = {
    .name = "transformers",
    .version = "4.46 and later, PyTorch 2",
    .needs_types = true,
    .footprint = footprint,
};
