/* generic: the rule of thumb that people know. need = parameters x bytes per parameter + KV cache at
 * 16 bits + overhead. It knows no buffers; its margin says so. */
#include "runtime/profiles.h"

#include "base/checked.h"
#include "base/error.h"

/* Overhead beside weights and cache: a fifth of the weights, the rule that accelerate's documentation of
 * `estimate-memory` gives for inference (there credited to EleutherAI). */
#define OVERHEAD_DIVISOR 5
#define CACHE_BYTES 2

static uint64_t cache_bytes(const vf_model *m, uint64_t tokens)
{
    uint64_t width = 0; /* elements per token */
    for (uint32_t i = 0; i < m->n_layers; i++) {
        const vf_layer *l = &m->layers[i];
        if (l->has_cache && !l->mtp)
            width = vf_add(width, vf_mul(l->n_head_kv, vf_add(l->head_k, vf_model_is_mla(m) ? 0 : l->head_v)));
    }
    return vf_mul3(width, tokens, CACHE_BYTES);
}

/** Bits per weight × 1000 that the word stands for here: q8 = int8 = 8 bits, q4 = int4 = 4 ... */
static uint64_t weight_bytes(uint64_t parameters, uint32_t millibits)
{
    return vf_ceil_div(vf_mul(parameters, millibits), 8000);
}

static vf_status footprint(const vf_case *k, vf_result *out, vf_error *err)
{
    const vf_settings *s = k->settings;
    if (k->quant->millibits == 0)
        return vf_fail_key(err, VF_ERR_USAGE, "--quant", "%s has no nominal bits per weight for runtime generic",
                           k->quant->name);
    out->parallel = s->parallel ? s->parallel : 1;
    out->context = s->context ? s->context : vf_default_context(k->model);
    out->context_per_sequence = out->context;
    out->type_k = out->type_v = VF_TYPE_F16;
    uint64_t weights = weight_bytes(out->parameters, k->quant->millibits);
    uint64_t cache = cache_bytes(k->model, vf_mul(out->context, out->parallel));
    uint64_t overhead = vf_ceil_div(weights, OVERHEAD_DIVISOR);
    if (!vf_size_ok(weights) || !vf_size_ok(cache))
        return vf_fail(err, VF_ERR_RANGE, "the need would be over 2^60 bytes");
    out->model_bytes = weights;
    uint32_t n = out->n_devices;
    uint64_t need[] = {[VF_SEG_WEIGHTS] = weights, [VF_SEG_KV_CACHE] = cache, [VF_SEG_COMPUTE] = overhead,
                       [VF_SEG_RUNTIME] = 0};
    for (uint32_t i = 0; i < n; i++) /* several cards: even shares, rounded up */
        for (int seg = 0; seg < VF_SEG_COUNT; seg++)
            out->device[i].segment[seg] = vf_ceil_div(need[seg], n);
    if (n == 0) {
        out->host.weights = weights;
        out->host.kv_cache = cache;
        out->host.compute = overhead;
    }
    int32_t where = n == 1 ? 0 : -1;
    const char *source = "rule of thumb";
    vf_add_term(out, where, VF_SEG_WEIGHTS, "weights", "parameters x bits / 8", source, weights, 0,
                "%llu parameters at %u.%03u bits", (unsigned long long)out->parameters, k->quant->millibits / 1000,
                k->quant->millibits % 1000);
    vf_add_term(out, where, VF_SEG_KV_CACHE, "cache", "(K + V) x 2 bytes x tokens x layers", source, cache, 0,
                "%llu tokens, %u sequences", (unsigned long long)out->context, out->parallel);
    vf_add_term(out, where, VF_SEG_COMPUTE, "overhead", "weights / 5",
                "accelerate documentation, estimate-memory (20 % for inference)", overhead, 0, NULL);
    return VF_OK;
}

/* Nothing depends on the card. */
static void card(const vf_device *was, const vf_device *is, vf_result *out)
{
    (void)was, (void)is, (void)out;
}

const vf_profile vf_profile_generic = {
    .name = "generic",
    .version = "",
    .footprint = footprint,
    .card = card,
};
