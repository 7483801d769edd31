/* SGLang. Version read: 0.5 (server_args.py: memory tiers; model_runner.py; mem_cache/memory_pool.py). Weights and
 * pool lie in the static share of the card; activations and graphs in what is left of it. */
#include "runtime/profiles.h"

#include "base/checked.h"
#include "runtime/servers.h"

/* Process context and libraries, 551 MiB observed; NCCL 342 MiB with two cards, 392 with more (aiconfigurator,
 * systems). */
#define CONTEXT (551 * SV_MIB)
#define NCCL_TWO (342 * SV_MIB)
#define NCCL_MORE (392 * SV_MIB)
#define OTHER_SPREAD (150 * SV_MIB)
#define GRAPH_BYTES (2 * SV_MIB)
#define ACTIVATIONS_LEAST (90 * SV_MIB)
/* Tokens of the windowed layers' pool for ten of the others': swa_full_tokens_ratio 0.8. */
#define WINDOWED_TENTHS 8
#define LARGE_CARD (60 * SV_GIB)
#define LARGE_RESERVE (10 * SV_GIB)

/* server_args.py: chunked_prefill_size and cuda_graph_max_bs by memory; the latter with less and with at least
 * four cards. */
static const struct {
    uint64_t below;
    uint32_t tokens, graphs, graphs_four;
} tiers[] = {{20 * SV_GIB, 2048, 8, 8},       {35 * SV_GIB, 2048, 24, 80},    {60 * SV_GIB, 4096, 32, 160},
             {160 * SV_GIB, 8192, 256, 512},  {UINT64_MAX, 16384, 512, 512}};

static void defaults(sv_run *run, uint64_t visible, uint32_t compute_capability)
{
    size_t t = 0;
    (void)compute_capability;
    while (visible >= tiers[t].below)
        t++;
    run->batched_tokens = run->batched_tokens ? run->batched_tokens : tiers[t].tokens;
    run->max_num_seqs = run->max_num_seqs ? run->max_num_seqs : run->tp >= 4 ? tiers[t].graphs_four : tiers[t].graphs;
    if (run->limit)
        return;
    /* 512 + 1.5 x chunk + 1024 x cards / 8 + 2 x graphs MiB stay free */
    uint64_t mib = vf_add(512 + 128 * (uint64_t)run->tp * run->pp, vf_add(vf_mul(3, run->batched_tokens) / 2, vf_mul(2, run->max_num_seqs)));
    uint64_t reserve = vf_mul(mib, SV_MIB);
    if (visible > LARGE_CARD)
        reserve = sv_max(reserve, LARGE_RESERVE);
    run->limit = (visible - sv_min(reserve, visible)) / (visible / 1000000 + 1);
}

static uint64_t sequence(const sv_run *run, const sv_stage *s)
{
    uint64_t full = vf_mul(s->full, run->context);
    uint64_t windowed = s->n_full ? vf_ceil_div(vf_mul3(s->windowed, run->context, WINDOWED_TENTHS), 10) : vf_mul(s->windowed, run->context);
    return vf_add(vf_add(full, windowed), s->state);
}

/* What does not fit into the rest of the card counts. */
static void plan_rest(const sv_run *run, const sv_stage *s, sv_plan *p)
{
    static const uint64_t dense[4] = {140, 85, 65, 65}, experts[4] = {280, 170, 130, 130};
    uint64_t activations = sv_max(ACTIVATIONS_LEAST, sv_planned_activations(run, dense, experts));
    uint64_t wanted = vf_add(vf_mul(activations, 115) / 100, vf_mul(run->max_num_seqs, GRAPH_BYTES));
    uint64_t rest = s->free - p->available;
    p->activations = (sv_amount){wanted - sv_min(wanted, rest), 0,
                                 "what 1.15 x 2 x tokens x width x c + 2 MiB x graphs exceeds the rest of the card by",
                                 "aiconfigurator sglang_backend.py; sglang server_args.py"};
    p->graphs = (sv_amount){0, 0, "with the activations", "sglang server_args.py"};
}

static void plan(const sv_run *run, const sv_stage *s, sv_plan *p, vf_result *out)
{
    uint64_t cards = (uint64_t)run->tp * run->pp;
    (void)out;
    plan_rest(run, s, p);
    p->other = (sv_amount){vf_add(CONTEXT, cards == 1 ? 0 : cards < 4 ? NCCL_TWO : NCCL_MORE), OTHER_SPREAD,
                           "process context and libraries, with NCCL where there are several cards",
                           "aiconfigurator, systems (observed)"};
    p->sequence = sequence(run, s);
}

static const sv_rules rules = {
    .block = 1,
    .table_bytes = 4, /* layers/rotary_embedding/base.py keeps them in float on CUDA */
    .cache = "token pool",
    .cache_source = "sglang srt/mem_cache/memory_pool.py; server_args.py: swa_full_tokens_ratio",
    .defaults = defaults,
    .plan = plan,
};

static vf_status footprint(const vf_case *k, vf_result *out, vf_error *err)
{
    vf_status st = sv_footprint(k, &rules, out, err);
    if (st == VF_OK)
        vf_add_note(out, "sglang: by its rules only, too few loads were measured for an error");
    return st;
}

const vf_profile vf_profile_sglang = {
    .name = "sglang",
    .version = "0.5",
    .needs_types = true,
    .schemes = true,
    .shares_cards = true,
    .footprint = footprint,
};
