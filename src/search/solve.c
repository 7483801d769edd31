/* Solving for a setting: a search over the estimate. Exact, because every candidate is estimated; fast,
 * because need grows with the context, so that halving finds its limit. Layers are tried one by one: a
 * partial offload copies weights into the compute buffer, so need does not fall with every layer. */
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "model/model.h"
#include "vramfit/search.h"

#define STEP 256
/* Of a model whose trained length is not known. */
#define CONTEXT_UNKNOWN (UINT64_C(1) << 20)
#define SEQUENCES_MOST (UINT32_C(1) << 16)

typedef struct search {
    vf_request q;
    const vf_goal *goal;
    const vf_allocator *scratch;
    vf_result *out;
    vf_error *err;
    vf_status status; /* of the last estimate that failed: no answer, but an error */
} search;

static bool host_holds(const vf_goal *goal, const vf_result *r)
{
    uint64_t host = vf_add(vf_add(r->host.weights, r->host.kv_cache), vf_add(r->host.compute, r->host.output));
    return goal->host_limit == 0 || host <= goal->host_limit;
}

static bool is_good(search *s)
{
    vf_status st = s->goal->estimate ? s->goal->estimate(s->goal->ctx, &s->q, s->out, s->err)
                                     : vf_estimate(&s->q, s->scratch, s->out, s->err);
    if (st && st != VF_ERR_RANGE)
        s->status = st;
    return st == VF_OK && s->out->verdict <= s->goal->verdict && host_holds(s->goal, s->out);
}

static bool try_context(search *s, uint64_t context)
{
    s->q.settings.context = context;
    return !s->status && is_good(s);
}

/** The largest context that is good: the trained length, or the largest multiple of the granule below it. */
static bool solve_context(search *s)
{
    const vf_model *m = s->q.model;
    bool per_sequence = s->goal->context_per_sequence;
    uint64_t sequences = s->q.settings.parallel ? s->q.settings.parallel : 1;
    uint64_t trained = m->hp.context_length ? m->hp.context_length : CONTEXT_UNKNOWN;
    uint64_t most = per_sequence ? trained : vf_mul(trained, sequences);
    uint64_t step = per_sequence || s->q.settings.kv_unified ? STEP : vf_mul(STEP, sequences);
    if (try_context(s, most))
        return true;
    uint64_t low = 0, high = most / step; /* low steps are good (0: nothing is known to be), high + 1 are not */
    while (low < high && !s->status) {
        uint64_t middle = high - (high - low) / 2;
        if (try_context(s, middle * step))
            low = middle;
        else
            high = middle - 1;
    }
    return low > 0 && try_context(s, low * step);
}

/** The most layers on the cards that are good, the output layer being one. */
static bool solve_gpu_layers(search *s)
{
    for (uint32_t n = s->q.model->n_layers + 2; n > 0 && !s->status; n--) {
        s->q.settings.gpu_layers = n - 1;
        if (is_good(s))
            return true;
    }
    return false;
}

/** The fewest leading layers with experts in system memory that are good. */
static bool solve_cpu_moe(search *s)
{
    for (uint32_t n = 0; n <= s->q.model->n_layers && !s->status; n++) {
        s->q.settings.cpu_moe = n;
        if (is_good(s))
            return true;
    }
    return false;
}

/** Whether n sequences of `context` tokens are good; more than the runtime takes are not. */
static bool try_parallel(search *s, uint32_t n, uint64_t context)
{
    s->q.settings.parallel = n;
    if (!s->goal->context_per_sequence)
        s->q.settings.context = vf_mul(context, n);
    bool good = !s->status && is_good(s);
    if (s->status == VF_ERR_REFUSED) /* one was not */
        s->status = VF_OK;
    return good;
}

/** The most sequences that are good. What is good is doubled until it no longer is, then halved in between. */
static bool solve_parallel(search *s)
{
    uint64_t context = s->q.settings.context;
    uint32_t low = 1, high = 1;
    s->q.settings.parallel = 1;
    if (!is_good(s))
        return false;
    if (context == 0)
        context = s->out->context_per_sequence;
    while (high == low && high < SEQUENCES_MOST) {
        high *= 2;
        if (try_parallel(s, high, context))
            low = high;
    }
    while (high - low > 1 && !s->status) {
        uint32_t middle = low + (high - low) / 2;
        if (try_parallel(s, middle, context))
            low = middle;
        else
            high = middle;
    }
    return try_parallel(s, low, context);
}

vf_status vf_solve(const vf_request *request, vf_open open, const vf_goal *goal, const vf_allocator *scratch,
                   vf_settings *found, vf_result *out, vf_error *err)
{
    search s = {.q = *request, .goal = goal, .scratch = scratch, .out = out, .err = err};
    bool good = false;
    switch (open) {
    case VF_OPEN_CONTEXT:
        good = solve_context(&s);
        break;
    case VF_OPEN_GPU_LAYERS:
        good = solve_gpu_layers(&s);
        break;
    case VF_OPEN_CPU_MOE:
        good = solve_cpu_moe(&s);
        break;
    case VF_OPEN_PARALLEL:
        good = solve_parallel(&s);
        break;
    default:
        return vf_fail(err, VF_ERR_USAGE, "no setting to solve for");
    }
    *found = s.q.settings;
    if (s.status)
        return s.status;
    return good ? VF_OK : vf_fail(err, VF_ERR_NOT_FOUND, "no value fits");
}
