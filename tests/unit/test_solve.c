/* Solving for a setting over estimates that are made up, where the best value is known: it is found, with the settings that were
 * answered last, and an error of any estimate ends the search. */
#include "check.h"
#include "sample.h"
#include "base/error.h"
#include "vramfit/search.h"

#define LAYERS 24

/* A machine on which a setting is good within its limit. */
typedef struct world {
    uint64_t context, sequences; /* tokens in all, sequences; more are not good */
    uint32_t layers, experts;    /* at most on the cards, at least in system memory */
    uint32_t refuses_from;       /* sequences that the runtime does not take; 0: takes all */
    uint64_t host;               /* bytes of system memory that every answer needs */
    uint32_t calls, fail_at;     /* the estimate that fails, from 1 */
    vf_status failure;
} world;

static vf_model model = {.n_layers = LAYERS};
static vf_result result;
static vf_settings found;
static vf_error err;

static vf_status answer(void *ctx, const vf_request *q, vf_result *out, vf_error *e)
{
    world *w = ctx;
    const vf_settings *s = &q->settings;
    uint32_t n = s->parallel ? s->parallel : 1;
    *out = (vf_result){.context = s->context ? s->context : 1000u * n, .parallel = n};
    out->context_per_sequence = out->context / n;
    if (++w->calls == w->fail_at)
        return vf_fail(e, w->failure, "made up");
    if (w->refuses_from && n >= w->refuses_from)
        return vf_fail(e, VF_ERR_REFUSED, "too many sequences");
    bool good = out->context <= w->context && n <= w->sequences && s->gpu_layers <= w->layers && s->cpu_moe >= w->experts;
    out->verdict = good ? VF_FIT : VF_NO_FIT;
    out->host.weights = out->host.kv_cache = out->host.compute = out->host.output = w->host / 4;
    return VF_OK;
}

static world open_world(void)
{
    return (world){.context = UINT64_MAX, .sequences = UINT64_MAX, .layers = UINT32_MAX};
}

static vf_status solve(world *w, vf_open open, const vf_settings *s, uint64_t host_limit, bool per_sequence)
{
    vf_request q = {.model = &model, .settings = *s};
    vf_goal goal = {.verdict = VF_FIT, .host_limit = host_limit, .context_per_sequence = per_sequence, .estimate = answer, .ctx = w};
    err = (vf_error){0};
    w->calls = 0;
    return vf_solve(&q, open, &goal, &sample_allocator, &found, &result, &err);
}

/* Every limit near a step, of one sequence and of several: the largest multiple of the step within it, or what was trained. */
static void contexts(void)
{
    static const struct {
        uint32_t trained, parallel;
        bool unified, per_sequence;
        uint64_t limit, want; /* want 0: nothing is good */
    } rows[] = {
        {4096, 1, false, false, 4096, 4096},   {4096, 1, false, false, 4095, 3840}, {4096, 1, false, false, 256, 256},
        {4096, 1, false, false, 255, 0},       {1000, 0, false, false, 5000, 1000}, {1000, 0, false, false, 999, 768},
        {4096, 4, false, false, 9000, 8192},   {4096, 4, false, false, 1023, 0},    {4096, 4, true, false, 9000, 8960},
        {4096, 4, false, false, 50000, 16384}, {4096, 4, false, true, 50000, 4096}, {4096, 4, false, true, 3000, 2816},
        {0, 1, false, false, 2000000, 1048576}, {100, 1, false, false, 99, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world w = open_world();
        vf_settings s = {.parallel = rows[i].parallel, .kv_unified = rows[i].unified};
        char name[24];
        (void)snprintf(name, sizeof name, "context, row %zu", i);
        w.context = rows[i].limit;
        model.hp.context_length = rows[i].trained;
        vf_status st = solve(&w, VF_OPEN_CONTEXT, &s, 0, rows[i].per_sequence);
        CHECK(st == (rows[i].want ? VF_OK : VF_ERR_NOT_FOUND), "%s: status %d, %s", name, (int)st, err.text);
        if (rows[i].want)
            CHECK_U64(found.context, rows[i].want, name);
        CHECK(!rows[i].want || result.context == rows[i].want, "%s: the answer is that of the value", name);
        CHECK(w.calls <= 30, "%s: %u estimates", name, w.calls);
    }
}

static void layers(void)
{
    for (uint32_t limit = 0; limit <= LAYERS + 2; limit++) {
        world w = open_world();
        vf_settings s = {.gpu_layers = VF_LAYERS_ALL};
        w.layers = limit;
        CHECK(solve(&w, VF_OPEN_GPU_LAYERS, &s, 0, false) == VF_OK, "%s", err.text);
        CHECK_U64(found.gpu_layers, limit < LAYERS + 1 ? limit : LAYERS + 1, "layers on the cards, the output layer one of them");
        w.experts = limit;
        vf_status st = solve(&w, VF_OPEN_CPU_MOE, &(vf_settings){0}, 0, false);
        CHECK(st == (limit <= LAYERS ? VF_OK : VF_ERR_NOT_FOUND), "experts of %u layers: status %d", limit, (int)st);
        CHECK(st || found.cpu_moe == limit, "experts of %u layers in system memory: %u", limit, found.cpu_moe);
    }
    world w = open_world();
    w.host = 4000;
    CHECK(solve(&w, VF_OPEN_GPU_LAYERS, &(vf_settings){0}, 3999, false) == VF_ERR_NOT_FOUND && w.calls == LAYERS + 2, "the host has too little");
    CHECK_STR(err.text, "no value fits", "text");
    CHECK(solve(&w, VF_OPEN_GPU_LAYERS, &(vf_settings){0}, 4000, false) == VF_OK, "the host has just enough");
}

static void sequences(void)
{
    static const struct {
        uint64_t context, limit, sequences; /* context of one; tokens and sequences that are good */
        uint32_t refuses_from;
        bool per_sequence;
        uint32_t want;
    } rows[] = {
        {1000, 10000, 100, 0, false, 10},  {1000, 999, 100, 0, false, 0},      {1000, 1000, 100, 0, false, 1},
        {1000, 1 << 30, 7, 0, false, 7},   {1000, 1 << 30, 100, 17, false, 16}, {1000, 1 << 30, 100, 2, false, 1},
        {0, 10000, 100, 0, false, 10},     {1000, 1 << 30, 100, 21, true, 20}, {1000, 1 << 30, 1 << 20, 0, true, 65536},
        {1000, 1000, 5, 0, true, 5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world w = open_world();
        vf_settings s = {.context = rows[i].context, .parallel = 3}; /* what is open is not what it is */
        char name[24];
        (void)snprintf(name, sizeof name, "sequences, row %zu", i);
        w.context = rows[i].limit;
        w.sequences = rows[i].sequences;
        w.refuses_from = rows[i].refuses_from;
        vf_status st = solve(&w, VF_OPEN_PARALLEL, &s, 0, rows[i].per_sequence);
        CHECK(st == (rows[i].want ? VF_OK : VF_ERR_NOT_FOUND), "%s: status %d, %s", name, (int)st, err.text);
        if (!rows[i].want)
            continue;
        CHECK_U64(found.parallel, rows[i].want, name);
        CHECK_U64(result.parallel, rows[i].want, name);
        CHECK_U64(found.context, rows[i].per_sequence ? rows[i].context : (rows[i].context ? rows[i].context : 1000) * rows[i].want, name);
    }
}

/* Each estimate of a search fails in turn: what is out of range is not good, and every other error is the search's. */
static void failures(void)
{
    static const vf_open opens[] = {VF_OPEN_CONTEXT, VF_OPEN_GPU_LAYERS, VF_OPEN_CPU_MOE, VF_OPEN_PARALLEL};
    model.hp.context_length = 4096;
    for (size_t i = 0; i < sizeof opens / sizeof opens[0]; i++)
        for (uint32_t at = 1;; at++) {
            world w = open_world();
            w.context = 3000;
            w.layers = 5;
            w.experts = 0;
            vf_settings s = {.context = opens[i] == VF_OPEN_PARALLEL ? 100 : 0, .gpu_layers = 5};
            w.experts = opens[i] == VF_OPEN_CPU_MOE ? 5 : 0;
            w.fail_at = at;
            w.failure = VF_ERR_NOMEM;
            vf_status st = solve(&w, opens[i], &s, 0, false);
            if (w.calls < at) {
                CHECK(st == VF_OK && at > 5, "open %zu: ends without a failure after %u: %d", i, w.calls, (int)st);
                break;
            }
            CHECK(st == VF_ERR_NOMEM && w.calls == at && strcmp(err.text, "made up") == 0, "open %zu, estimate %u: status %d after %u", i, at,
                  (int)st, w.calls);
            w.failure = VF_ERR_RANGE;
            st = solve(&w, opens[i], &s, 0, false);
            CHECK(st == VF_OK || st == VF_ERR_NOT_FOUND, "open %zu, estimate %u out of range: status %d", i, at, (int)st);
        }
    world w = open_world();
    CHECK(solve(&w, (vf_open)9, &(vf_settings){0}, 0, false) == VF_ERR_USAGE && strcmp(err.text, "no setting to solve for") == 0, "%s", err.text);
    w.refuses_from = 1;
    CHECK(solve(&w, VF_OPEN_PARALLEL, &(vf_settings){0}, 0, false) == VF_ERR_REFUSED, "one sequence is refused");
    w.refuses_from = 2;
    CHECK(solve(&w, VF_OPEN_CONTEXT, &(vf_settings){.parallel = 2}, 0, false) == VF_ERR_REFUSED && w.calls == 1, "that is no matter of the context");
}

int main(void)
{
    model.hp.context_length = 4096;
    contexts();
    layers();
    sequences();
    failures();
    return CHECK_END();
}
