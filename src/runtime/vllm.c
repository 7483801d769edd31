/* vLLM, V1 engine. Version read: 0.11 (vllm/v1/worker/gpu_worker.py, vllm/v1/core/kv_cache_utils.py,
 * engine/arg_utils.py), of which loads were measured (tests/accuracy/measured). Since 0.22 it takes 0.92 of
 * the card with the graphs in it, and less for the sampler: what is left is about the same. */
#include "runtime/profiles.h"

#include "base/checked.h"
#include "base/error.h"
#include "runtime/servers.h"

#define BLOCK 16
/* model_executor/layers/rotary_embedding/mrope.py: cache_max_position_num */
#define IMAGE_POSITIONS 4
#define UTILIZATION 900000
/* engine/arg_utils.py: get_batch_defaults, the API server's. An A100 is not counted among the large cards. */
#define LARGE_CARD (70 * SV_GIB)
#define CAPABILITY_A100 80
/* A dummy run samples max_num_seqs rows of logits: bytes a row and token of the vocabulary, in tenths. 38.4 to
 * 41.2 in ten measured loads (logits in 16 and 32 bits, sorted values, indices of 64 bits, probabilities). */
#define SAMPLER_TENTHS 387
/* Captured sizes: 1, 2, 4 and every 8 up to min(2 x max_num_seqs, 512); 0.1 to 1.0 GiB were measured. */
#define GRAPH_SIZES_TO 512
#define GRAPH_BYTES (10 * SV_MIB)
#define GRAPH_FIXED (150 * SV_MIB)
/* "non-torch forward increase": 0.13 to 0.14 GiB on one card, 0.54 to 0.55 on two. */
#define OTHER (SV_GIB * 14 / 100)
#define OTHER_SEVERAL (SV_GIB * 55 / 100)
#define OTHER_SPREAD (50 * SV_MIB)
/* The process's context is not in the share that it asks for (280 to 600 MiB: pytorch pull 86509, issue 107667). */
#define CONTEXT (450 * SV_MIB)

/* By how much the prediction of what loads take beside their cache was too low, per mille (tests/accuracy/measured.py):
 * eleven loads; 2 at most in the half that the constants were fitted to, 43 in the other. */
#define ERROR_95 43
#define ERROR_50 3

static void defaults(sv_run *run, uint64_t visible, uint32_t compute_capability)
{
    bool large = visible >= LARGE_CARD && compute_capability != CAPABILITY_A100;
    run->limit = run->limit ? run->limit : UTILIZATION;
    run->max_num_seqs = run->max_num_seqs ? run->max_num_seqs : large ? 1024 : 256;
    run->batched_tokens = run->batched_tokens ? run->batched_tokens : large ? 8192 : 2048;
}

static vf_status check(const sv_run *run, vf_error *err)
{
    if (run->batched_tokens < run->max_num_seqs)
        return vf_fail_key(err, VF_ERR_REFUSED, "--max-num-batched-tokens", "%llu: vllm refuses less than max_num_seqs, %llu",
                           (unsigned long long)run->batched_tokens, (unsigned long long)run->max_num_seqs);
    return VF_OK;
}

static void plan_activations(const sv_run *run, const sv_stage *s, sv_amount *a)
{
    uint64_t rows = vf_mul3(run->max_num_seqs, vf_pad(run->k->model->hp.vocab_size, 64), SAMPLER_TENTHS) / 10;
    *a = (sv_amount){sv_max(sv_layer_activations(run, s), s->is_last ? rows : 0), 0,
                     "max(worst layer x max_num_batched_tokens, 38.7 x max_num_seqs x vocabulary)",
                     "vllm v1/worker/gpu_model_runner.py: profile_run; fitted to measured loads"};
}

static uint64_t graph_bytes(const sv_run *run)
{
    uint64_t to = sv_min(vf_mul(2, run->max_num_seqs), GRAPH_SIZES_TO), small = to >= 4 ? 3 : 2;
    return vf_add(GRAPH_FIXED, vf_mul(vf_add(small, to / 8), GRAPH_BYTES));
}

/* The share that is asked for has to be free when the engine starts; the process's context and the graphs come
 * beside it. What finds no room there is taken from the share. */
static void plan_beside(const sv_run *run, const sv_stage *s, sv_plan *p, vf_result *out)
{
    uint64_t graphs = graph_bytes(run), beside = s->free - p->available, own = s->free - sv_min(CONTEXT, s->free);
    uint64_t context = CONTEXT - sv_min(beside, CONTEXT), rest = beside - sv_min(beside, CONTEXT);
    p->graphs = (sv_amount){graphs - sv_min(graphs, rest), 0,
                            "what 150 MiB + 10 MiB x captured batch sizes exceeds the card's rest beside the share by",
                            "measured: llm-d planner, vllm issues 7553, 11452"};
    p->other.bytes = vf_add(p->other.bytes, context);
    if (own < sv_share(s->visible, run->limit))
        vf_add_note(out, "vllm refuses to start where its share of a card is not free: --gpu-memory-utilization 0.%02llu or less",
                    (unsigned long long)(own / (s->visible / 100 + 1)));
}

static void plan(const sv_run *run, const sv_stage *s, sv_plan *p, vf_result *out)
{
    plan_activations(run, s, &p->activations);
    p->other = (sv_amount){run->tp * run->pp > 1 ? OTHER_SEVERAL : OTHER, OTHER_SPREAD,
                           "constant; with NCCL where there are several cards; the context, where the share leaves no room",
                           "measured: llm-d planner, vllm non-torch memory"};
    p->sequence = sv_hybrid_sequence(run, s, BLOCK);
    plan_beside(run, s, p, out);
}

static const sv_rules rules = {
    .block = BLOCK,
    .image_positions = IMAGE_POSITIONS,
    .scales_beside_own = true, /* models/gemma3.py; SGLang's takes no scaling */
    .cache = "paged cache",
    .cache_source = "vllm v1/kv_cache_interface.py, v1/core/kv_cache_utils.py",
    .defaults = defaults,
    .check = check,
    .plan = plan,
    .error_95 = ERROR_95,
    .error_50 = ERROR_50,
};

static vf_status footprint(const vf_case *k, vf_result *out, vf_error *err)
{
    return sv_footprint(k, &rules, out, err);
}

const vf_profile vf_profile_vllm = {
    .name = "vllm",
    .version = "0.11 (V1 engine)",
    .needs_types = true,
    .schemes = true,
    .shares_cards = true,
    .footprint = footprint,
};
