/* llama.cpp: model, context and compute buffers to the byte. */
#include "runtime/llama_cpp.h"
#include "runtime/profiles.h"

#include "base/checked.h"
#include "base/error.h"
#include "estimate/placement.h"

/* What is not measured of a compute buffer where the backend orders and supports nodes in its own way: so much
 * lie the buffers of 95 of 100 cases apart on Vulkan, measured, with its order of nodes and with CUDA's. */
#define OWN_ORDER_PERCENT 16

/** Files that are named after a publisher's own mix may be larger than the mix that stands in for it: the margin
 * reaches to the largest that was seen, unless the tensors were read from the file itself. */
static uint64_t mix_spread(const vf_case *k, uint64_t bytes)
{
    return k->model->from_file ? 0 : vf_mul(bytes / 100, k->quant->spread_percent);
}

static void add_weights(const vf_case *k, const vf_weights *w, const vf_placement *p, vf_result *out)
{
    for (uint32_t i = 0; i < p->n_cards; i++) {
        uint64_t spread = mix_spread(k, w->device[i]);
        out->device[i].segment[VF_SEG_WEIGHTS] = w->device[i];
        out->device[i].margin = vf_add(out->device[i].margin, spread);
        bool tied = p->tied_output_device == (p->sliced ? 0 : (int)i);
        vf_add_term(out, (int32_t)i, VF_SEG_WEIGHTS, "weights",
                    p->sliced ? "sum of its slices of the tensors, each padded as the buffer pads it"
                              : "sum of the tensors' bytes, each padded as the buffer pads it",
                    p->sliced ? "llama.cpp src/llama-model.cpp llama_meta_device_get_split_state"
                              : "llama.cpp src/llama-model.cpp load_tensors, ggml/src/ggml-alloc.c", w->device[i], spread,
                    tied ? "with a second copy of token_embd as output (%llu bytes)" : NULL,
                    (unsigned long long)w->tied_copy);
    }
    out->host.weights = w->host;
    vf_add_term(out, -1, VF_SEG_WEIGHTS, "weights on the host", "token embeddings, and what is not offloaded",
                "llama.cpp src/llama-model.cpp load_tensors", w->host, 0, NULL);
    out->model_bytes = w->model_bytes;
}

static void add_cache(const vf_cache *cache, const vf_context *c, const vf_placement *p, vf_result *out)
{
    for (uint32_t i = 0; i < p->n_cards; i++)
        out->device[i].segment[VF_SEG_KV_CACHE] = cache->device[i];
    out->host.kv_cache = cache->host;
    const char *source = "llama.cpp src/llama-kv-cache.cpp, llama-kv-cache-iswa.cpp";
    int32_t where = p->n_cards == 1 && c->offload_kqv ? 0 : -1;
    if (cache->n_full)
        vf_add_term(out, where, VF_SEG_KV_CACHE, "cache, full attention", "(K + V row) x cells x streams x layers",
                    source, vf_add(cache->k_full, cache->v_full), 0, "%llu cells, %u layers, %llu streams",
                    (unsigned long long)c->cells, cache->n_full, (unsigned long long)c->n_streams);
    if (cache->n_swa)
        vf_add_term(out, where, VF_SEG_KV_CACHE, "cache, sliding window", "(K + V row) x cells x streams x layers",
                    source, vf_add(cache->k_swa, cache->v_swa), 0, "%llu cells, %u layers, %llu streams",
                    (unsigned long long)c->cells_swa, cache->n_swa, (unsigned long long)c->n_streams);
    if (cache->n_state)
        vf_add_term(out, where, VF_SEG_KV_CACHE, "recurrent state", "(R + S) x 4 bytes x sequences x layers",
                    "llama.cpp src/llama-memory-recurrent.cpp", cache->state, 0, "%u layers, %u sequences",
                    cache->n_state, c->n_seq_max);
}

static void add_compute(const vf_compute *compute, const vf_context *c, const vf_placement *p, vf_result *out)
{
    for (uint32_t i = 0; i < p->n_cards; i++) {
        vf_device_result *d = &out->device[i];
        d->segment[VF_SEG_COMPUTE] = compute->device[i];
        /* cli.md part 3: an architecture without blocks gets a bound with 15 % of it as margin */
        uint64_t spread = compute->is_bound ? compute->device[i] / 100 * 15 : 0;
        if (p->backend == VF_BACKEND_METAL || p->backend == VF_BACKEND_SYCL)
            spread = vf_add(spread, compute->device[i] / 100 * OWN_ORDER_PERCENT);
        d->margin = vf_add(d->margin, spread);
        vf_add_term(out, (int32_t)i, VF_SEG_COMPUTE, "compute buffer",
                    compute->is_bound ? "upper bound from the widest layer" : "the planner's placement, simulated",
                    "llama.cpp ggml/src/ggml-alloc.c, ggml/src/ggml-backend.cpp", compute->device[i], spread,
                    "%llu tokens, %llu rows of logits, flash attention %s", (unsigned long long)c->n_ubatch,
                    (unsigned long long)c->n_outputs, c->flash_attn ? "on" : "off");
    }
    out->host.compute = compute->host;
    if (compute->is_bound)
        vf_add_note(out, "architecture without a block list: the compute buffer is a bound (margin 15 %%)");
}

/** Rows of logits that are handed back, and of embeddings where asked for or where a decoder needs the
 * encoder's, on the host (llama-context.cpp: output_reserve). */
uint64_t vf_llama_cpp_output(const vf_model *m, const vf_context *c)
{
    uint64_t width = m->hp.vocab_size;
    if (c->embeddings || m->arch.encoder_decoder)
        width = vf_add(width, m->hp.embedding_length);
    return vf_mul3(c->n_seq_max, width, 4);
}

/** The buffer rules of some backends are known from their source alone. */
static void note_backend(const vf_placement *p, vf_result *out)
{
    if (p->backend == VF_BACKEND_ROCM)
        vf_add_note(out, "rocm: computed as on cuda, whose code it shares; not measured there");
    if (p->backend == VF_BACKEND_METAL || p->backend == VF_BACKEND_SYCL)
        vf_add_note(out, "%s: buffer sizes by the rules in its source, not measured: %d %% of the compute buffer is in the margin",
                    vf_backend_name(p->backend), OWN_ORDER_PERCENT);
}

static vf_status footprint_placed(const vf_case *k, const vf_placement *p, vf_result *out, vf_error *err)
{
    const vf_model *m = k->model;
    vf_context c;
    vf_weights weights;
    vf_cache cache;
    vf_compute compute = {0};
    vf_status st = vf_context_resolve(m, k->settings, p, k->scratch, &c, err);
    if (!st)
        st = vf_weights_plan(m, k->types, p, &weights, err);
    if (!st)
        st = vf_cache_plan(m, k->types, &c, p, &cache, err);
    if (!st)
        st = vf_graph_compute(m, k->types, &c, p, k->scratch, &compute, err);
    if (st)
        return st;
    uint64_t asked = k->settings->context;
    out->context = asked ? asked : vf_default_context(m);
    out->context_per_sequence = c.unified ? out->context : out->context / c.n_seq_max;
    out->parallel = c.n_seq_max;
    out->tensor_parallel = k->settings->split == VF_SPLIT_TENSOR ? p->n_cards : 0;
    out->batch = (uint32_t)c.n_batch;
    out->ubatch = (uint32_t)c.n_ubatch;
    out->flash_attn = c.flash_attn;
    out->type_k = c.type_k;
    out->type_v = c.type_v;
    out->host.output = vf_llama_cpp_output(m, &c);
    add_weights(k, &weights, p, out);
    add_cache(&cache, &c, p, out);
    add_compute(&compute, &c, p, out);
    for (uint32_t i = 0; i < p->n_cards; i++) {
        vf_llama_cpp_overhead(k, &c, i, out);
        for (uint32_t l = 0; l < m->n_layers; l++)
            out->device[i].layers += p->layer_device[l] == (p->sliced ? 0 : (int)i) && !m->layers[l].mtp;
    }
    note_backend(p, out);
    if (m->hp.context_length && out->context_per_sequence > m->hp.context_length)
        vf_add_note(out, "context %llu is beyond the trained length %u: llama.cpp warns, answers may degrade",
                    (unsigned long long)out->context_per_sequence, m->hp.context_length);
    return vf_llama_cpp_members(k, &c, p, out, err);
}

vf_status vf_llama_cpp_footprint(const vf_case *k, vf_result *out, vf_error *err)
{
    const vf_request *r = k->request;
    vf_placement p;
    vf_status st = vf_placement_build(k->model, k->types, k->settings, r->n_devices, r->device, k->available,
                                      k->scratch, &p, err);
    if (st)
        return st;
    st = footprint_placed(k, &p, out, err);
    vf_placement_free(k->model, k->scratch, &p);
    return st;
}

const vf_profile vf_profile_llama_cpp = {
    .name = "llama.cpp",
    .version = "v0.5.0 (September 2026)",
    .token_batches = true,
    .gpu_layers = true,
    .needs_types = true,
    .footprint = vf_llama_cpp_footprint,
    .card = vf_llama_cpp_card,
};
