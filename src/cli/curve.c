#include "cli/curve.h"

/* Steps between the points of a curve, at most. */
#define STEPS 16
#define LEAST_STEP 64

static bool ask(const vf_request *q, const vf_allocator *scratch, vf_result *r, curve_point *out)
{
    vf_error ignored = {0};
    if (vf_estimate(q, scratch, r, &ignored) != VF_OK)
        return false;
    *out = (curve_point){.context = q->settings.context, .need = r->need, .available = r->available, .verdict = r->verdict};
    for (uint32_t i = 0; i < r->n_devices; i++)
        for (int s = 0; s < VF_SEG_COUNT; s++)
            out->segment[s] += r->device[i].segment[s];
    return true;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The chart ends where the question is answered: at the trained length, or at twice what fits. */
static uint64_t end_of(const curve *c, uint64_t trained)
{
    uint64_t most = trained > c->asked ? trained : trained ? c->asked : 4 * c->asked;
    uint64_t seen = c->largest > c->asked ? c->largest : c->asked;
    return least(most, 2 * seen);
}

void curve_measure(const vf_request *request, uint64_t trained, bool per_sequence, const vf_allocator *scratch, vf_result *result,
                   curve *out)
{
    vf_request q = *request;
    vf_settings found;
    vf_error ignored = {0};
    const vf_goal goal = {.verdict = VF_FRAGILE, .context_per_sequence = per_sequence};
    *out = (curve){0};
    if (vf_estimate(&q, scratch, result, &ignored) != VF_OK || result->n_devices == 0)
        return;
    out->asked = result->context;
    if (vf_solve(&q, VF_OPEN_CONTEXT, &goal, scratch, &found, result, &ignored) == VF_OK)
        out->largest = found.context;
    uint64_t end = end_of(out, trained), step = LEAST_STEP;
    while (step * STEPS < end)
        step *= 2;
    for (uint64_t at = 0; out->n < CURVE_POINTS && at < end; at += step) {
        uint64_t next = least(at + step, end);
        q.settings.context = at == 0 ? least(LEAST_STEP, end) : at;
        if (!ask(&q, scratch, result, &out->point[out->n]))
            break;
        out->n++;
        if (next < end || out->n == CURVE_POINTS)
            continue;
        q.settings.context = end;
        out->n += ask(&q, scratch, result, &out->point[out->n]);
    }
}
