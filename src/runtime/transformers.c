/* Hugging Face Transformers on PyTorch: one forward over the whole prompt, then generation with a DynamicCache.
 * The peak is the largest of loading, the first forward and the last step.
 * Versions read: transformers 4.46 and later (logits of the last position only), PyTorch 2.x. */
#include "runtime/profiles.h"

#include "base/checked.h"
#include "base/error.h"
#include "runtime/transformers.h"

#define MIB (UINT64_C(1) << 20)
#define CONTEXT_SPREAD (200 * MIB)
/* cuBLAS workspace :4096:2:16:8 (8,519,680 bytes); 32 MiB on Hopper (PyTorch aten/cuda/CUDABlas). */
#define WORKSPACE 8519680
#define WORKSPACE_HOPPER (32 * MIB)
/* Slack of the caching allocator over the allocated peak of generate(), per cent (pytorch issue 40989: 2 to
 * 10 %); the middle is counted, the way to the end is spread. */
#define SLACK_PERCENT 5
#define STEERING_TOKENS 2048

static uint64_t max64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- the run ------------------------------------------------------------------------------------ */

static vf_status check(const vf_case *k, vf_error *err)
{
    const vf_quant *q = k->quant;
    if (q->kind != VF_QUANT_CAST && q->kind != VF_QUANT_AS_FILE && q->kind != VF_QUANT_SCHEME)
        return vf_fail_key(err, VF_ERR_USAGE, "--quant", "%s: transformers reads no such types", q->name);
    if (q->kind != VF_QUANT_AS_FILE && k->model->pack_bits)
        return vf_fail_key(err, VF_ERR_REFUSED, "--quant", "%s: the files hold weights that are quantized already (%s)",
                           q->name, k->model->published_quant);
    if (k->settings->type_kv_set)
        return vf_fail_key(err, VF_ERR_USAGE, "--kv-type", "not a setting of transformers in this version");
    if (k->settings->context && k->settings->prompt > k->settings->context)
        return vf_fail_key(err, VF_ERR_USAGE, "--prompt", "%llu tokens are more than the context of %llu",
                           (unsigned long long)k->settings->prompt, (unsigned long long)k->settings->context);
    if (k->settings->workload == VF_WORKLOAD_STEERING && k->settings->parallel > 1)
        return vf_fail_key(err, VF_ERR_USAGE, "--parallel", "%u: the workload steering is one sequence",
                           k->settings->parallel);
    return VF_OK;
}

/* Where nothing is generated, the prompt is all there is. */
static void set_lengths(const vf_case *k, tf_run *run)
{
    const vf_settings *s = k->settings;
    bool steering = s->workload == VF_WORKLOAD_STEERING;
    if (s->workload == VF_WORKLOAD_CHAT) {
        run->context = s->context ? s->context : max64(vf_default_context(k->model), s->prompt);
        run->prompt = s->prompt ? s->prompt : run->context;
        return;
    }
    uint64_t otherwise = s->context ? s->context : vf_default_context(k->model);
    run->prompt = s->prompt ? s->prompt : steering ? min64(STEERING_TOKENS, otherwise) : otherwise;
    run->context = max64(run->prompt, s->context);
}

static tf_run run_of(const vf_case *k)
{
    const vf_settings *s = k->settings;
    tf_run run = {.sequences = s->parallel ? s->parallel : 1};
    set_lengths(k, &run);
    run.bytes = k->quant->kind == VF_QUANT_CAST ? vf_row_bytes((uint16_t)k->quant->type, 1) : 2;
    run.eager = s->workload == VF_WORKLOAD_STEERING;
    run.hidden = s->workload == VF_WORKLOAD_STEERING;
    /* generate() asks for the last position (pull 31292) and upcasts that row; a bare call computes all of them,
     * and a loss one fp32 copy more */
    run.positions = s->workload == VF_WORKLOAD_CHAT ? 1 : s->workload == VF_WORKLOAD_EMBED ? 0 : run.prompt;
    run.logit = vf_add(run.bytes, s->workload == VF_WORKLOAD_EVAL ? 8 : 4);
    if (k->model->hp.final_logit_softcapping && run.positions) /* capped into a tensor of its own */
        run.logit = vf_add(run.logit, run.bytes);
    return run;
}

/* ---- the answer --------------------------------------------------------------------------------- */

static const char *attention_name(const tf_run *run)
{
    return run->eager ? "eager attention" : "scaled dot product attention";
}

static void explain(const tf_run *run, const tf_peak *p, const tf_weights *w, uint64_t loading, uint64_t slack, vf_result *out)
{
    int32_t at = out->n_devices == 1 ? 0 : -1;
    vf_add_term(out, at, VF_SEG_WEIGHTS, "weights", "sum of the tensors' bytes", "safetensors, or the inventory",
                w->resident, 0, NULL);
    vf_add_term(out, at, VF_SEG_KV_CACHE, "DynamicCache and states", "tokens x (K + V) of all layers",
                "transformers src/transformers/cache_utils.py", p->kv, 0, "%llu tokens, %llu sequences",
                (unsigned long long)p->tokens, (unsigned long long)run->sequences);
    if (p->hidden)
        vf_add_term(out, at, VF_SEG_COMPUTE, "hidden states kept", "2 x layers x width x tokens",
                    "transformers, output_hidden_states", p->hidden, 0, "%llu tokens", (unsigned long long)run->prompt);
    vf_add_term(out, at, VF_SEG_COMPUTE, "worst layer or logits", "max(activations + scores + unpacked matrix, logits)",
                "transformers modeling files; PR 31292, 33902; bitsandbytes autograd/_functions.py",
                max64(p->layer, p->logits), 0, "%s: layer %llu, of it scores and masks %llu; logits %llu", attention_name(run),
                (unsigned long long)p->layer, (unsigned long long)p->scores, (unsigned long long)p->logits);
    vf_add_term(out, at, VF_SEG_COMPUTE, "cache growth", "one layer's K twice",
                "transformers src/transformers/cache_utils.py: cat of old and new", p->growth, 0, NULL);
    if (loading)
        vf_add_term(out, at, VF_SEG_COMPUTE, "loading", "the tensor in hand, above what running takes",
                    "bitsandbytes nn/modules.py; transformers modeling_utils.py", loading, 0, "%llu bytes in hand",
                    (unsigned long long)w->loading);
    vf_add_term(out, at, VF_SEG_COMPUTE, "allocator slack", "5 % of the peak", "pytorch issue 40989", slack, slack,
                "a range, no error quantile: too few loads were measured");
}

void tf_device_terms(const vf_case *k, uint32_t i, vf_result *out)
{
    uint64_t workspace = k->request->device[i].compute_capability >= 90 ? WORKSPACE_HOPPER : WORKSPACE;
    out->device[i].segment[VF_SEG_RUNTIME] = TF_CONTEXT + workspace;
    out->device[i].margin = vf_add(out->device[i].margin, CONTEXT_SPREAD);
    vf_add_term(out, (int32_t)i, VF_SEG_RUNTIME, "CUDA context and kernels", "constant",
                "pytorch pull 86509, issues 107667 and 109888 (274 to 600 MiB)", TF_CONTEXT, CONTEXT_SPREAD, NULL);
    vf_add_term(out, (int32_t)i, VF_SEG_RUNTIME, "cuBLAS workspace", "CUBLAS_WORKSPACE_CONFIG default",
                "PyTorch aten/src/ATen/cuda/CublasHandlePool.cpp", workspace, 0, NULL);
}

/** Cache and slack go with the layers; a card works alone, with the activations of one layer. */
static vf_status share_out(const vf_case *k, const tf_weights *w, uint64_t kv, uint64_t compute, uint64_t slack, vf_result *out,
                           vf_error *err)
{
    uint32_t n = out->n_devices, layers = 0;
    tf_share share[VF_MAX_DEVICES] = {{.weights = w->resident, .layers = vf_model_trunk_layers(k->model)}};
    if (n == 0) {
        out->host.weights = w->resident;
        out->host.kv_cache = kv;
        out->host.compute = vf_add(compute, slack);
    }
    if (n > 1) {
        share[0] = (tf_share){0};
        vf_status st = tf_split(k, w, share, err);
        if (st)
            return st;
        vf_add_note(out, "several cards: whole layers by device_map auto, even shares in the order of --gpu, the rest on the last; "
                         "what finds no room there goes to system memory; max_memory deals otherwise");
    }
    for (uint32_t i = 0; i < n; i++)
        layers += share[i].layers;
    for (uint32_t i = 0; i < n; i++) {
        vf_device_result *d = &out->device[i];
        uint32_t part = layers ? share[i].layers : i == 0, all = layers ? layers : 1;
        d->segment[VF_SEG_WEIGHTS] = share[i].weights;
        d->segment[VF_SEG_KV_CACHE] = vf_ceil_div(vf_mul(kv, part), all);
        d->segment[VF_SEG_COMPUTE] = vf_add(compute, vf_ceil_div(vf_mul(slack, part), all));
        d->margin = vf_add(d->margin, vf_ceil_div(vf_mul(slack, part), all));
        d->layers = share[i].layers;
        tf_device_terms(k, i, out);
    }
    return VF_OK;
}

static void notes(const vf_case *k, const tf_run *run, vf_result *out)
{
    const vf_quant *q = k->quant;
    if (k->settings->workload == VF_WORKLOAD_STEERING)
        vf_add_note(out, "steering: one forward over %llu tokens, eager attention, hidden states of every layer and the "
                         "logits of every position kept", (unsigned long long)run->prompt);
    if (q->kind == VF_QUANT_SCHEME && q->covers == VF_COVERS_LINEAR && k->model->hp.expert_count)
        vf_add_note(out, "%s: experts are counted as linear layers of their own; where they are one fused tensor they stay "
                         "at 16 bits", q->name);
    if (q->packing == VF_PACK_MICRO && q->covers == VF_COVERS_EXPERTS)
        vf_add_note(out, "%s: without kernels for it (the package kernels, compute capability 7.5) transformers "
                         "unpacks the experts to 16 bits, about four times their size", q->name);
}

static vf_status footprint(const vf_case *k, vf_result *out, vf_error *err)
{
    tf_weights w;
    vf_status st = check(k, err);
    if (st == VF_OK && k->settings->train)
        return tf_train_footprint(k, out, err);
    if (st == VF_OK)
        st = tf_weigh(k, &w, err);
    if (st)
        return st;
    tf_run run = run_of(k);
    tf_peak p = tf_peak_of(k, &run, &w);
    out->parallel = (uint32_t)run.sequences;
    out->context = out->context_per_sequence = run.context;
    out->type_k = out->type_v = k->quant->kind == VF_QUANT_CAST ? k->quant->type : VF_TYPE_BF16;
    out->model_bytes = w.model;
    /* loading holds one more copy of a tensor: a peak of its own, before there is a cache */
    uint64_t running = tf_peak_bytes(&p), loading = running < w.loading ? w.loading - running : 0;
    uint64_t compute = vf_add(vf_add(p.hidden, max64(p.layer, p.logits)), vf_add(p.growth, loading));
    uint64_t slack = vf_ceil_div(vf_mul(vf_add(w.resident, vf_add(p.kv, compute)), SLACK_PERCENT), 100);
    if (!vf_size_ok(p.kv) || !vf_size_ok(compute)) /* the slack is a part of them */
        return vf_fail(err, VF_ERR_RANGE, "the need would be over 2^60 bytes");
    explain(&run, &p, &w, loading, slack, out);
    st = share_out(k, &w, p.kv, compute, slack, out, err);
    vf_count_tower(k, out);
    notes(k, &run, out);
    return st;
}

static void advise(vf_result *out)
{
    vf_add_note(out, "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True keeps the allocator's slack small");
    vf_add_note(out, "torch.cuda.empty_cache() gives back what a model held before the next one is loaded");
}

const vf_profile vf_profile_transformers = {
    .name = "transformers",
    .version = "4.46 and later, PyTorch 2",
    .needs_types = true,
    .schemes = true,
    .workloads = true,
    .footprint = footprint,
    .advise = advise,
};
