/* Ollama: a llama-server, started with defaults of its own. Sources: ollama/ollama, tree of 21 August 2026,
 * server/routes.go, server/sched.go (context, sequences), llm/server.go (the cut to the trained length),
 * llm/llama_server.go (everything else that is handed to llama-server), ml/device.go (reserves). */
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "runtime/llama_cpp.h"
#include "runtime/profiles.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

#define NUM_BATCH 512
#define NUM_BATCH_EMBEDDING 2048
/* ml/device.go, MinimumMemory: set aside on each device for what belongs to no model. */
#define RESERVE (457 * MIB)
#define RESERVE_METAL (512 * MIB)
/* llama.cpp common/common.h, fit_params_target: what llama-server's fit leaves free on a device. */
#define FIT_TARGET (1024 * MIB)

/* server/routes.go: tokens by the memory of all GPUs together. */
static const struct {
    uint64_t memory;
    uint32_t num_ctx;
    const char *range;
} default_num_ctx[] = {{47 * GIB, 262144, " (47 GiB and more)"}, {23 * GIB, 32768, " (23 GiB and more)"}, {0, 4096, ""}};

/* server/sched.go: architectures that get one sequence, whatever OLLAMA_NUM_PARALLEL says. */
static const char *const one_sequence[] = {
    "mllama", "qwen3vl",    "qwen3vlmoe",     "qwen35",          "qwen35moe", "qwen3next",
    "lfm2",   "lfm2moe",    "nemotron_h",     "nemotron_h_moe",  "nemotron_h_omni",
};

/* llm/llama_server.go tells embedding models by the key pooling_type, which an encoder's file always has. */
static bool is_embedding(const vf_model *m)
{
    return m->hp.pooling_type != 0 || (m->known_arch && !m->arch.causal);
}

static uint32_t take_parallel(const vf_model *m, uint32_t asked, vf_result *out)
{
    const char *what = is_embedding(m) ? "an embedding model" : NULL;
    for (size_t i = 0; !what && i < sizeof one_sequence / sizeof one_sequence[0]; i++)
        if (strcmp(one_sequence[i], m->arch_name) == 0)
            what = one_sequence[i];
    if (!what || asked == 1)
        return asked;
    vf_add_note(out, "Ollama serves %s with one sequence, not %u", what, asked);
    return 1;
}

static uint64_t gpu_memory(const vf_request *r)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < r->n_devices; i++) {
        const vf_device *d = &r->device[i];
        sum = vf_add(sum, d->reserved < d->total ? d->total - d->reserved : 0);
    }
    return sum;
}

static uint32_t default_context(uint64_t memory, uint64_t train, vf_result *out)
{
    size_t row = 0;
    while (memory < default_num_ctx[row].memory)
        row++;
    uint32_t n = default_num_ctx[row].num_ctx;
    bool cut = train && n > train;
    const char *less = cut ? "the trained length, below " : "";
    n = cut ? (uint32_t)train : n;
    if (memory)
        vf_add_note(out, "no --context: num_ctx %u, %sOllama's default with %llu MiB of GPU memory%s", n, less,
                    (unsigned long long)(memory / MIB), default_num_ctx[row].range);
    else
        vf_add_note(out, "no --context: num_ctx %u, %sOllama's default without a GPU", n, less);
    return n;
}

/** Ollama's setting is the context of one sequence, num_ctx, cut to the trained length; ours is the total,
 * as llama-server gets it. `parallel`: the sequences asked for. */
static void take_context(const vf_case *k, uint32_t parallel, vf_settings *s, vf_result *out)
{
    uint64_t train = k->model->hp.context_length, num_ctx = s->context / parallel;
    if (!s->context) {
        num_ctx = default_context(gpu_memory(k->request), train, out);
        s->context = vf_mul(num_ctx, s->parallel);
    } else if (train && num_ctx > train) {
        vf_add_note(out, "Ollama cuts num_ctx to the trained length, %llu", (unsigned long long)train);
        num_ctx = train;
        s->context = vf_mul(num_ctx, s->parallel);
    } else if (s->parallel != parallel && num_ctx) {
        s->context = vf_mul(num_ctx, s->parallel);
    }
    if (s->parallel > 1)
        vf_add_note(out, "context %llu is the total of %u sequences: num_ctx %llu for each", (unsigned long long)s->context,
                    s->parallel, (unsigned long long)num_ctx);
}

/** One num_batch serves as batch and as micro-batch. */
static vf_status take_batch(const vf_model *m, vf_settings *s, vf_error *err)
{
    if (s->batch && s->ubatch && s->batch != s->ubatch)
        return vf_fail_key(err, VF_ERR_REFUSED, "--ubatch", "%u beside --batch %u: Ollama has one num_batch for both",
                           s->ubatch, s->batch);
    uint64_t n = s->batch ? s->batch : s->ubatch;
    if (is_embedding(m)) {
        uint64_t most = s->context;
        n = n ? n : NUM_BATCH_EMBEDDING;
        n = n < most ? n : most;
        s->embeddings = true;
    }
    s->batch = s->ubatch = n ? (uint32_t)n : NUM_BATCH;
    return VF_OK;
}

/* ml/device.go, cudaFlashAttentionSupported: not before compute capability 6.0, and not on 7.2. */
static bool refuses_flash_attn(const vf_request *r)
{
    for (uint32_t i = 0; i < r->n_devices; i++) {
        uint32_t cc = r->device[i].compute_capability;
        if (r->settings.backend == VF_BACKEND_CUDA && cc != 0 && (cc < 60 || cc == 72))
            return true;
    }
    return false;
}

static vf_status defaults(const vf_case *k, vf_settings *s, vf_result *out, vf_error *err)
{
    const vf_model *m = k->model;
    uint32_t parallel = s->parallel ? s->parallel : 1;
    if (s->type_k != s->type_v)
        return vf_fail_key(err, VF_ERR_REFUSED, "--kv-type", "%s/%s: Ollama has one cache type for K and V",
                           vf_type_get(s->type_k)->name, vf_type_get(s->type_v)->name);
    s->parallel = take_parallel(m, parallel, out);
    take_context(k, parallel, s, out);
    vf_status st = take_batch(m, s, err);
    if (st)
        return st;
    if (s->flash_attn == VF_AUTO && refuses_flash_attn(k->request)) {
        s->flash_attn = VF_OFF;
        vf_add_note(out, "Ollama turns flash attention off on a card of this compute capability");
    }
    if (m->hp.nextn_predict_layers && !s->mtp) {
        s->mtp = true;
        vf_add_note(out, "Ollama drafts with the model's MTP layers: their weights are counted, the draft's own cache and "
                         "buffers are not");
    }
    return VF_OK;
}

static uint64_t sum_segments(const vf_device_result *d)
{
    uint64_t sum = 0;
    for (int i = 0; i < VF_SEG_COUNT; i++)
        sum = vf_add(sum, d->segment[i]);
    return sum;
}

/** Ollama hands over no number of layers: llama-server's fit takes as many as leave its target free. */
static void note_fit(const vf_case *k, vf_result *out)
{
    for (uint32_t i = 0; i < out->n_devices && k->settings->gpu_layers == VF_LAYERS_ALL; i++) {
        const vf_device_result *d = &out->device[i];
        if (vf_add(sum_segments(d), FIT_TARGET) <= d->available)
            continue;
        vf_add_note(out, "less than 1024 MiB would stay free on %s: Ollama then moves layers to system memory, which is slower", d->name);
        return;
    }
}

static vf_status footprint(const vf_case *k, vf_result *out, vf_error *err)
{
    vf_status st = vf_llama_cpp_footprint(k, out, err);
    if (st)
        return st;
    note_fit(k, out);
    uint64_t reserve = out->backend == VF_BACKEND_METAL ? RESERVE_METAL : RESERVE;
    for (uint32_t i = 0; i < out->n_devices; i++) {
        uint64_t *runtime = &out->device[i].segment[VF_SEG_RUNTIME];
        uint64_t rest = reserve > *runtime ? reserve - *runtime : 0;
        *runtime = vf_add(*runtime, rest);
        vf_add_term(out, (int32_t)i, VF_SEG_RUNTIME, "Ollama's reserve", "457 MiB (Metal: 512), less the terms above",
                    "ollama ml/device.go MinimumMemory", rest, 0, "%llu MiB", (unsigned long long)(reserve / MIB));
    }
    return VF_OK;
}

const vf_profile vf_profile_ollama = {
    .name = "ollama",
    .version = "August 2026",
    .token_batches = true,
    .gpu_layers = true,
    .needs_types = true,
    .defaults = defaults,
    .footprint = footprint,
};
