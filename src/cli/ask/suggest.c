#include "cli/ask/suggest.h"
#include "cli/args/runtime_flags.h"
#include "cli/ask/smaller.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Less context than this is no help to anybody. */
#define CONTEXT_LEAST 1024
#define CONTEXT_STEP 256

typedef struct trial {
    plan *p;
    const subject *sub;
    row *w;
    vf_request *q;     /**< the changed question */
    vf_result *result; /**< of what was tried last */
    vf_verdict goal;   /**< at least this good */
} trial;

/* Whether the changed question has a good enough verdict; `result` then holds its answer. */
static bool is_good(trial *t)
{
    vf_error ignored;
    return also_estimate(t->p->s, &t->p->also, t->p->runtime, t->q, t->result, &ignored) && t->result->verdict <= t->goal &&
           host_fits(t->p->s, t->result);
}

static void keep(trial *t, const char *name, const char *value)
{
    if (t->w->n_suggestions == ROW_SUGGESTIONS)
        return;
    suggestion *g = &t->w->suggestion[t->w->n_suggestions++];
    (void)snprintf(g->change, sizeof g->change, "%s %s", name, value);
    runtime_flags(t->q->runtime, name, value, g->flags, sizeof g->flags);
    g->verdict = t->result->verdict;
    g->need = t->result->need;
}

/* Whether an option means something to the runtime of the question. */
static bool has_option(const trial *t, opt_id id)
{
    return option_has_runtime(&option_table[id], t->q->runtime);
}

/* ---- one function per kind of change, in the order in which they are offered ------------------ */

static void without_desktop(trial *t)
{
    t->q->device[0].desktop = t->q->device[0].desktop_spread = 0;
    if (t->p->request->device[0].desktop && is_good(t))
        keep(t, "--desktop", "none");
}

static void smaller_cache(trial *t)
{
    static const vf_type types[] = {VF_TYPE_Q8_0, VF_TYPE_Q4_0};
    /* block types in a cache belong to the runtimes that have flash attention as a setting */
    if (!has_option(t, OPT_FLASH_ATTN) || t->q->settings.type_kv_set || t->w->result->type_k != VF_TYPE_F16)
        return;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        t->q->settings.type_kv_set = true;
        t->q->settings.type_k = t->q->settings.type_v = types[i];
        if (is_good(t)) {
            keep(t, "--kv-type", types[i] == VF_TYPE_Q8_0 ? "q8_0" : "q4_0");
            return;
        }
    }
}

/* Without it scores of the whole batch lie in the compute buffer. */
static void flash_attention(trial *t)
{
    if (!has_option(t, OPT_FLASH_ATTN) || t->p->request->settings.flash_attn != VF_OFF)
        return;
    t->q->settings.flash_attn = VF_ON;
    if (is_good(t))
        keep(t, "--flash-attn", "on");
}

/* Fewer tokens at once: a smaller compute buffer, and a slower prompt. */
static void smaller_ubatch(trial *t)
{
    char value[24];
    if (!has_option(t, OPT_UBATCH))
        return;
    for (uint32_t n = 256; n >= 64; n /= 2) {
        if (t->w->result->ubatch <= n)
            continue;
        t->q->settings.ubatch = n;
        (void)snprintf(value, sizeof value, "%u", n);
        if (is_good(t)) {
            keep(t, "--ubatch", value);
            return;
        }
    }
}

/* Logits of one row for each sequence, where more were asked for. */
static void fewer_outputs(trial *t)
{
    char value[24];
    uint32_t rows = t->w->result->parallel;
    if (!has_option(t, OPT_OUTPUTS) || t->p->request->settings.outputs == VF_OUTPUTS_DEFAULT || t->p->request->settings.outputs <= rows)
        return;
    t->q->settings.outputs = rows;
    (void)snprintf(value, sizeof value, "%u", rows);
    if (is_good(t))
        keep(t, "--outputs", value);
}

/* A server that is made for fewer sequences keeps less for the sampler. */
static void fewer_sequences(trial *t)
{
    const vf_settings *asked = &t->p->request->settings;
    char value[24];
    if (!has_option(t, OPT_MAX_NUM_SEQS) || asked->max_num_seqs)
        return;
    for (uint32_t n = 128; n >= 16 && n >= asked->parallel; n /= 2) {
        t->q->settings.max_num_seqs = n;
        (void)snprintf(value, sizeof value, "%u", n);
        if (is_good(t)) {
            keep(t, "--max-num-seqs", value);
            return;
        }
    }
}

static void larger_share(trial *t)
{
    if (!has_option(t, OPT_UTILIZATION) || t->p->request->settings.gpu_memory_utilization)
        return;
    t->q->settings.gpu_memory_utilization = 950000;
    if (is_good(t))
        keep(t, "--gpu-memory-utilization", "0.95");
}

/* The largest value below `high` that is good, on steps above `low`; 0 when there is none. */
static uint64_t largest(trial *t, void (*set)(vf_settings *, uint64_t), uint64_t low, uint64_t high, uint64_t step)
{
    uint64_t good = 0, first = (low + step - 1) / step, last = high / step;
    if (last * step == high && last > 0)
        last--;
    while (first <= last) {
        uint64_t middle = first + (last - first) / 2;
        set(&t->q->settings, middle * step);
        if (is_good(t)) {
            good = middle;
            first = middle + 1;
        } else if (middle == 0) {
            break;
        } else {
            last = middle - 1;
        }
    }
    set(&t->q->settings, good * step);
    return good && is_good(t) ? good * step : 0;
}

static void set_context(vf_settings *s, uint64_t v)
{
    s->context = v;
}

static void set_layers(vf_settings *s, uint64_t v)
{
    s->gpu_layers = (uint32_t)v;
}

static void less_context(trial *t)
{
    char value[24];
    uint64_t fits = largest(t, set_context, CONTEXT_LEAST, t->w->result->context, CONTEXT_STEP);
    (void)snprintf(value, sizeof value, "%llu", (unsigned long long)fits);
    if (fits)
        keep(t, "--context", value);
}

/* The next quantization down that is good: the ladder that GGUF repositories publish, and what
 * transformers makes on loading. */
static void smaller_quant(trial *t)
{
    static const char *const ladder[] = {"bf16",   "q8_0",   "int8",   "q6_k",    "q5_k_m", "q4_k_m",
                                         "iq4_xs", "nf4", "nf4-dq", "q3_k_m", "iq3_xxs", "q2_k"};
    static const char *const published[] = {"fp8", "awq"}; /* servers load what is made before */
    bool server = has_option(t, OPT_MAX_NUM_SEQS);
    const char *const *words = server ? published : ladder;
    size_t n = server ? sizeof published / sizeof published[0] : sizeof ladder / sizeof ladder[0];
    for (size_t i = 0; !t->sub->weights_only && i < n; i++) {
        choice c;
        vf_error ignored;
        if (!choice_make(t->p->s, &(subject){0}, words[i], t->q->runtime, &c, &ignored))
            continue;
        t->q->quant = c.quant;
        if (is_good(t) && t->result->model_bytes < t->w->result->model_bytes) {
            keep(t, "--quant", words[i]);
            return;
        }
    }
}

static void fewer_layers(trial *t)
{
    char value[24];
    if (!has_option(t, OPT_GPU_LAYERS) || t->q->settings.gpu_layers <= t->sub->facts.n_layer)
        return;
    uint64_t fits = largest(t, set_layers, 1, (uint64_t)t->sub->facts.n_layer + 1, 1);
    (void)snprintf(value, sizeof value, "%llu", (unsigned long long)fits);
    if (fits)
        keep(t, "--gpu-layers", value);
}

/* The fewest layers whose experts have to stay in system memory. */
static void experts_to_host(trial *t)
{
    uint32_t first = 1, last = t->sub->facts.n_layer, good = 0;
    char value[24];
    if (!has_option(t, OPT_CPU_MOE) || t->sub->facts.n_expert == 0 || t->q->settings.cpu_moe)
        return;
    while (first <= last) {
        uint32_t middle = first + (last - first) / 2;
        t->q->settings.cpu_moe = middle;
        if (is_good(t)) {
            good = middle;
            last = middle - 1;
        } else {
            first = middle + 1;
        }
    }
    t->q->settings.cpu_moe = good;
    (void)snprintf(value, sizeof value, "%u", good);
    if (good && is_good(t))
        keep(t, "--cpu-moe", value);
}

/* The next smaller one of the family, made for the same use. */
static void smaller_model(trial *t)
{
    uint32_t found[SMALLER_MODELS];
    session *s = t->p->s;
    bool done = t->sub->typed; /* a file's quantization is its own */
    for (uint32_t i = 0, n = smaller_models(s, t->sub->facts.name, found); i < n && !done; i++) {
        vf_model *model;
        vf_model_entry e;
        vf_model_facts facts;
        vf_error ignored;
        (void)vf_catalog_model(s->catalog, found[i], &e);
        if (vf_catalog_model_open(s->catalog, found[i], &s->alloc, &model, &ignored) != VF_OK)
            continue;
        vf_model_describe(model, &facts);
        t->q->model = model;
        t->q->nominal_parameters = 0;
        done = facts.embeds == t->sub->facts.embeds && is_good(t);
        if (done)
            keep(t, "--model", e.id);
        vf_model_free(model);
    }
}

/* Whether the open model is good at 4 bits and at 16; says so where it is. */
static bool good_at_both(trial *t, const char *id)
{
    static const char *const words[] = {"nf4", "fp16"};
    uint32_t before = t->w->n_suggestions;
    for (size_t i = 0; i < 2; i++) {
        choice c;
        vf_error ignored;
        char value[144];
        if (!choice_make(t->p->s, &(subject){0}, words[i], t->q->runtime, &c, &ignored) || c.quant.kind == VF_QUANT_NOMINAL)
            break;
        t->q->quant = c.quant;
        bool implied = t->p->runtime[0] || strcmp(c.quant.runtime, t->q->runtime) == 0;
        (void)snprintf(value, sizeof value, "%s --quant %s%s%s", id, words[i], implied ? "" : " --runtime ",
                       implied ? "" : t->q->runtime);
        if (!is_good(t))
            break;
        keep(t, "--model", value);
    }
    if (t->w->n_suggestions - before == 2)
        return true;
    t->w->n_suggestions = before;
    return false;
}

/* Something to fall back on where models are quantized on loading: the shape of the largest smaller size class that
 * is good at 4 bits, for headroom, and at 16, for precision. */
static void fallback_model(trial *t)
{
    session *s = t->p->s;
    uint32_t index;
    uint64_t nominal, below = t->sub->nominal ? t->sub->nominal : t->sub->facts.parameters, best = 0;
    bool done = t->sub->typed;
    for (uint64_t limit = below; !done; limit = best) {
        uint32_t at = 0;
        best = 0;
        for (uint32_t i = 0; vf_catalog_size_class_at(s->catalog, i, &index, &nominal) == VF_OK; i++)
            if (nominal < limit && nominal > best) {
                best = nominal;
                at = index;
            }
        vf_model *model;
        vf_model_entry e;
        vf_error ignored;
        if (best == 0 || vf_catalog_model(s->catalog, at, &e) != VF_OK ||
            vf_catalog_model_open(s->catalog, at, &s->alloc, &model, &ignored) != VF_OK)
            return;
        t->q->model = model;
        t->q->nominal_parameters = 0;
        done = good_at_both(t, e.id);
        vf_model_free(model);
    }
}

/* Another of the same card. */
static void second_card(trial *t)
{
    char value[80];
    if (t->q->n_devices != 1 || strchr(t->w->gpu, '+'))
        return;
    t->q->device[1] = t->q->device[0];
    t->q->device[1].desktop = t->q->device[1].desktop_spread = 0;
    t->q->n_devices = 2;
    (void)snprintf(value, sizeof value, "2x%.70s", t->w->gpu);
    if (is_good(t))
        keep(t, "--gpu", value);
}

/* The smallest usual card, or set of cards, that is good. */
static void larger_card(trial *t)
{
    static const char *const usual[] = {"8GB",   "12GB",   "16GB",   "24GB",   "32GB",   "48GB",   "2x32GB",
                                        "80GB",  "2x48GB", "2x80GB", "4x80GB", "8x80GB", "16x80GB"};
    uint64_t have = 0;
    for (uint32_t i = 0; i < t->q->n_devices; i++)
        have += t->q->device[i].total;
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        gpu_set set;
        vf_error ignored;
        uint64_t total = 0;
        if (!gpu_parse(t->p->s, usual[i], &set, &ignored))
            continue;
        for (uint32_t d = 0; d < set.n; d++)
            total += set.device[d].total;
        t->q->n_devices = set.n;
        t->q->settings.n_tensor_split = 0;
        memcpy(t->q->device, set.device, sizeof t->q->device);
        if (total > have && is_good(t)) {
            keep(t, "--gpu", usual[i]);
            return;
        }
    }
}

/* In the order in which they are offered: what costs the user least comes first. */
static void (*const changes[])(trial *) = {without_desktop, flash_attention, fewer_outputs, fewer_sequences, larger_share,
                                           smaller_ubatch,  smaller_cache,   less_context,  smaller_quant,   experts_to_host,
                                           fewer_layers,    smaller_model,   fallback_model, second_card,    larger_card};

void suggest_changes(plan *p, const subject *sub, row *w)
{
    trial t = {.p = p, .sub = sub, .w = w, .q = memory_got(malloc(sizeof *t.q)),
               .result = memory_got(malloc(sizeof *t.result))};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0] && t.q && t.result && w->result->n_devices; i++) {
        /* a change that makes it fit; if no such change is of this kind, one that leaves it fragile */
        uint32_t before = w->n_suggestions;
        for (t.goal = VF_FIT; t.goal < w->result->verdict && w->n_suggestions == before; t.goal++) {
            *t.q = *p->request;
            changes[i](&t);
        }
    }
    free(t.q);
    free(t.result);
}
