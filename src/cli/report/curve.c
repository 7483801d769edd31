#include "cli/report/curve.h"
#include "vramfit/search.h"

/* Steps between the points of a curve, at most. */
#define STEPS 16
#define LEAST_STEP 64

static curve_point point_of(const vf_result *r)
{
    curve_point p = {.context = r->context, .need = r->need, .available = r->available, .margin = r->margin, .verdict = r->verdict};
    for (uint32_t i = 0; i < r->n_devices; i++)
        for (int s = 0; s < VF_SEG_COUNT; s++)
            p.segment[s] += r->device[i].segment[s];
    return p;
}

static bool ask(const vf_request *q, const vf_allocator *scratch, vf_result *r, curve_point *out)
{
    vf_error ignored = {0};
    if (vf_estimate(q, scratch, r, &ignored) != VF_OK)
        return false;
    *out = point_of(r);
    return true;
}

/* As --context max: what fits before what is fragile. */
static void solve(const vf_request *q, bool per_sequence, const vf_allocator *scratch, vf_result *r, curve_point *out)
{
    vf_settings found;
    vf_error ignored = {0};
    vf_status st = VF_ERR_NOT_FOUND;
    vf_goal goal = {.context_per_sequence = per_sequence};
    for (goal.verdict = VF_FIT; goal.verdict < VF_NO_FIT && st == VF_ERR_NOT_FOUND; goal.verdict++)
        st = vf_solve(q, VF_OPEN_CONTEXT, &goal, scratch, &found, r, &ignored);
    if (st == VF_OK)
        *out = point_of(r);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The chart ends where the question is answered: at the trained length, or at twice what fits. */
static uint64_t end_of(const curve *c)
{
    uint64_t asked = c->asked.context, seen = c->largest.context > asked ? c->largest.context : asked;
    uint64_t most = c->trained > asked ? c->trained : c->trained ? asked : 4 * asked;
    return least(most, 2 * seen);
}

void curve_measure(const vf_request *request, uint64_t trained, bool per_sequence, const vf_allocator *scratch, vf_result *result,
                   curve *out)
{
    vf_request q = *request;
    *out = (curve){.trained = trained};
    if (!ask(&q, scratch, result, &out->asked) || result->n_devices == 0)
        return;
    solve(&q, per_sequence, scratch, result, &out->largest);
    uint64_t end = end_of(out), step = LEAST_STEP;
    while (step * STEPS < end)
        step *= 2;
    for (uint64_t at = 0; at <= end && out->n < CURVE_POINTS; at = at == end ? end + 1 : least(at + step, end)) {
        q.settings.context = at ? at : q.settings.parallel > 1 ? q.settings.parallel : 1; /* a token a sequence */
        if (ask(&q, scratch, result, &out->point[out->n]))
            out->n++;
        else if (out->n)
            break;
    }
}
