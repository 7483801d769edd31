/* TensorRT-LLM. Version read: 1.x (docs: reference/memory.md, KV cache configuration). The cache takes a share of
 * what weights, activations and libraries leave free. */
#include "runtime/profiles.h"

#include "base/checked.h"
#include "runtime/servers.h"

#define BLOCK 32
#define FREE_SHARE 900000
#define MAX_TOKENS 8192
#define MAX_SEQUENCES 2048
/* aiconfigurator, systems: observed libraries; NCCL by cards. */
#define CONTEXT (551 * SV_MIB)
#define NCCL_TWO (342 * SV_MIB)
#define NCCL_MORE (392 * SV_MIB)
#define OTHER_SPREAD (150 * SV_MIB)
#define ACTIVATIONS_LEAST (70 * SV_MIB)

static void defaults(sv_run *run, uint64_t visible, uint32_t compute_capability)
{
    (void)visible;
    (void)compute_capability;
    run->limit = run->limit ? run->limit : FREE_SHARE;
    run->max_num_seqs = run->max_num_seqs ? run->max_num_seqs : MAX_SEQUENCES;
    run->batched_tokens = run->batched_tokens ? run->batched_tokens : MAX_TOKENS;
}

static uint64_t pages(const sv_run *run, uint64_t tokens)
{
    return vf_pad(sv_min(tokens, run->context), BLOCK);
}

static void plan(const sv_run *run, const sv_stage *s, sv_plan *p, vf_result *out)
{
    static const uint64_t dense[4] = {110, 65, 50, 50}, experts[4] = {220, 130, 100, 100};
    uint64_t cards = (uint64_t)run->tp * run->pp;
    (void)out;
    p->activations = (sv_amount){sv_max(ACTIVATIONS_LEAST, sv_planned_activations(run, dense, experts)), 0,
                                 "2 x max_num_tokens x width x c", "aiconfigurator trtllm_backend.py"};
    p->graphs = (sv_amount){0, 0, "with the activations", "aiconfigurator trtllm_backend.py"};
    p->other = (sv_amount){vf_add(CONTEXT, cards == 1 ? 0 : cards < 4 ? NCCL_TWO : NCCL_MORE), OTHER_SPREAD,
                           "process context and libraries, with NCCL where there are several cards",
                           "aiconfigurator, systems (observed)"};
    p->sequence = vf_add(vf_mul(s->full, pages(run, run->context)), s->state);
    if (s->n_windowed) /* a pool of its own, one page more: a window begins within one */
        p->sequence = vf_add(p->sequence, vf_mul(s->windowed, vf_add(pages(run, run->k->model->n_swa), BLOCK)));
    /* of what is free then, the rest stays free */
    uint64_t before = vf_add(vf_add(s->weights, s->tables), vf_add(p->activations.bytes, p->other.bytes));
    uint64_t left = s->free - sv_min(before, s->free);
    p->available = s->free - (left - sv_share(left, run->limit));
}

static const sv_rules rules = {
    .block = BLOCK,
    .cache = "paged cache",
    .cache_source = "TensorRT-LLM docs, reference/memory.md",
    .defaults = defaults,
    .plan = plan,
};

static vf_status footprint(const vf_case *k, vf_result *out, vf_error *err)
{
    vf_status st = sv_footprint(k, &rules, out, err);
    if (st == VF_OK)
        vf_add_note(out, "tensorrt-llm: by its rules only, too few loads were measured for an error; the share is of what is free "
                         "beside weights and activations");
    return st;
}

const vf_profile vf_profile_tensorrt_llm = {
    .name = "tensorrt-llm",
    .version = "1.x",
    .needs_types = true,
    .schemes = true,
    .footprint = footprint,
};
