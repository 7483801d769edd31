#include "cli/ask/solve.h"
#include "vramfit/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 1, WORD_AUTO = 1, WORD_MOST = 0 }; /* words of --context, --gpu-layers and --cpu-moe, --parallel */

typedef enum open_value { OPEN_NONE = 0, OPEN_CONTEXT, OPEN_LAYERS, OPEN_MOE, OPEN_PARALLEL, OPEN_QUANT, OPEN_GPU } open_value;

static bool has_word(const session *s, opt_id id, uint32_t word)
{
    return s->opts.value[id].text && s->opts.value[id].word == word;
}

static bool lists(const options *o, opt_id id, const char *word)
{
    size_t at = 0;
    for (const char *v; (v = options_next(o, id, &at));)
        if (strcmp(v, word) == 0)
            return true;
    return false;
}

static open_value what_is_open(const session *s, uint32_t *n)
{
    const bool open[] = {[OPEN_CONTEXT] = has_word(s, OPT_CONTEXT, WORD_MAX),
                         [OPEN_LAYERS] = has_word(s, OPT_GPU_LAYERS, WORD_AUTO),
                         [OPEN_MOE] = has_word(s, OPT_CPU_MOE, WORD_AUTO),
                         [OPEN_PARALLEL] = has_word(s, OPT_PARALLEL, WORD_MOST),
                         [OPEN_QUANT] = lists(&s->opts, OPT_QUANT, QUANT_BEST),
                         [OPEN_GPU] = lists(&s->opts, OPT_GPU, GPU_SMALLEST)};
    open_value first = OPEN_NONE;
    *n = 0;
    for (open_value v = OPEN_CONTEXT; v <= OPEN_GPU; v++) {
        *n += open[v];
        if (open[v] && !first)
            first = v;
    }
    return first;
}

bool solve_is_front(const session *s)
{
    uint32_t n;
    return what_is_open(s, &n) == OPEN_CONTEXT && n == 2 && lists(&s->opts, OPT_QUANT, QUANT_BEST);
}

bool solve_check(const session *s, vf_error *err)
{
    uint32_t n;
    (void)what_is_open(s, &n);
    return n < 2 || solve_is_front(s) || fail(err, "", "one value at a time can be left open (best, max, smallest, auto), or --quant best with --context max; here are %u", n);
}

bool solve_closed(const session *s, vf_error *err)
{
    uint32_t n;
    (void)what_is_open(s, &n);
    return n == 0 || fail(err, "", "a load has its values: none can be left open here (best, max, smallest, auto)");
}

/* ---- a setting: the library searches --------------------------------------------------------- */

static bool per_sequence(const char *runtime)
{
    return word_index("llama.cpp ollama lm-studio", ' ', runtime) == NOT_A_WORD;
}

static void most_modest(vf_settings *s, open_value v)
{
    if (v == OPEN_CONTEXT)
        s->context = 256;
    else if (v == OPEN_LAYERS)
        s->gpu_layers = 0;
    else if (v == OPEN_MOE)
        s->cpu_moe = VF_LAYERS_ALL;
}

/* A launch line without a context: llama.cpp takes the trained length, and what fits where that does not. */
static bool shorten(plan *p, const vf_settings *found, char note[VF_NOTE_TEXT], vf_error *err)
{
    vf_model_facts facts;
    vf_model_describe(p->request->model, &facts);
    bool trained = facts.n_ctx_train && found->context >= facts.n_ctx_train;
    p->request->settings.context = trained ? facts.n_ctx_train : found->context;
    (void)snprintf(note, VF_NOTE_TEXT, trained ? "no context on the line: the trained %llu tokens"
                   : "no context on the line: %llu tokens are the most that fit, and llama.cpp takes about as many (--fit)",
                   (unsigned long long)p->request->settings.context);
    return plan_estimate(p, err);
}

/* Beside other models every candidate is a packing of all of them. */
static vf_status estimate_beside(void *ctx, const vf_request *request, vf_result *out, vf_error *err)
{
    plan *p = ctx;
    return also_estimate(p->s, &p->also, p->runtime, request, out, err) ? VF_OK : err->status;
}

/* What was found, in options that can be typed. */
static void say_found(const plan *p, open_value v, const vf_settings *found, char note[VF_NOTE_TEXT])
{
    const char *how = p->result->verdict == VF_FIT ? "fits" : "is possible, if fragile";
    if (v == OPEN_CONTEXT)
        (void)snprintf(note, VF_NOTE_TEXT, "--context %llu is the largest that %s%s", (unsigned long long)found->context, how,
                       p->also.n ? ", the other models keeping their own" : "");
    else if (v == OPEN_LAYERS)
        (void)snprintf(note, VF_NOTE_TEXT, "--gpu-layers %u is the most that %s", found->gpu_layers, how);
    else if (v == OPEN_MOE)
        (void)snprintf(note, VF_NOTE_TEXT, "--cpu-moe %u is the least that %s", found->cpu_moe, how);
    else if (per_sequence(p->request->runtime))
        (void)snprintf(note, VF_NOTE_TEXT, "--parallel %u is the most that %s, %llu tokens each", found->parallel, how,
                       (unsigned long long)p->result->context);
    else
        (void)snprintf(note, VF_NOTE_TEXT, "--parallel %u is the most that %s, %llu tokens each (--context %llu)", found->parallel, how,
                       (unsigned long long)(p->result->context / found->parallel), (unsigned long long)p->result->context);
}

static bool solve_setting(plan *p, open_value v, char note[VF_NOTE_TEXT], vf_error *err)
{
    static const vf_open open[] = {[OPEN_CONTEXT] = VF_OPEN_CONTEXT, [OPEN_LAYERS] = VF_OPEN_GPU_LAYERS, [OPEN_MOE] = VF_OPEN_CPU_MOE,
                                   [OPEN_PARALLEL] = VF_OPEN_PARALLEL};
    static const char *const names[] = {[OPEN_CONTEXT] = "context", [OPEN_LAYERS] = "gpu-layers", [OPEN_MOE] = "cpu-moe",
                                        [OPEN_PARALLEL] = "parallel"};
    const opt_value *host = &p->s->opts.value[OPT_HOST_MEMORY];
    vf_goal goal = {.host_limit = host->text ? host->number : 0, .context_per_sequence = per_sequence(p->request->runtime),
                    .estimate = estimate_beside, .ctx = p};
    vf_settings found;
    vf_status st = VF_ERR_NOT_FOUND;
    for (goal.verdict = VF_FIT; goal.verdict < VF_NO_FIT && st == VF_ERR_NOT_FOUND; goal.verdict++)
        st = vf_solve(p->request, open[v], &goal, &p->s->alloc, &found, p->result, err);
    if (st == VF_ERR_NOT_FOUND) {
        *err = (vf_error){0};
        most_modest(&p->request->settings, v);
        (void)snprintf(note, VF_NOTE_TEXT, "no value of --%s fits: this is the most modest one", names[v]);
        return plan_estimate(p, err);
    }
    if (st != VF_OK)
        return false;
    p->request->settings = found;
    if (v == OPEN_CONTEXT && p->s->opts.launch) /* the trained one, or what fits */
        return shorten(p, &found, note, err);
    say_found(p, v, &found, note);
    return true;
}

/* ---- quantizations and cards: the catalog's, one by one -------------------------------------- */

/* What was best so far: the verdict, and behind it a size (of the model: more is better, of the card: less). */
typedef struct best {
    bool any;
    vf_verdict verdict;
    uint64_t size;
    uint32_t index;
} best;

static bool is_better(const best *b, vf_verdict verdict, uint64_t size, bool larger)
{
    if (!b->any || verdict != b->verdict)
        return !b->any || verdict < b->verdict;
    return larger && verdict != VF_NO_FIT ? size > b->size : size < b->size;
}

static bool answers(plan *p, const subject *sub, const char *word, uint64_t context, const gpu_set *gpu, choice *c)
{
    vf_error ignored = {0};
    return plan_prepare(p, sub, word, context, gpu, c, &ignored) &&
           plan_estimate(p, &ignored) && host_fits(p->s, p->result);
}

static const char *asked_runtime(const plan *p)
{
    return p->runtime[0] ? p->runtime : "llama.cpp";
}

/* Whether the runtime loads the format. */
static bool is_format(const plan *p, const vf_quant_entry *e)
{
    const char *runtime = asked_runtime(p);
    bool llama_formats = strcmp(runtime, "ollama") == 0 || strcmp(runtime, "generic") == 0; /* these read llama.cpp's */
    return e->quant.kind == VF_QUANT_CAST || strcmp(e->quant.runtime, llama_formats ? "llama.cpp" : runtime) == 0;
}

/* Types without a kernel stay in system memory (TQ1_0 and TQ2_0 on CUDA): that fits any card, and answers nothing. */
static bool is_on_cards(const plan *p)
{
    const vf_settings *s = &p->request->settings;
    uint64_t on_cards = 0;
    for (uint32_t i = 0; i < p->result->n_devices; i++)
        on_cards += p->result->device[i].segment[VF_SEG_WEIGHTS];
    return p->result->n_devices == 0 || s->gpu_layers != VF_LAYERS_ALL || s->cpu_moe || s->n_override ||
           p->result->host.weights < on_cards;
}

static bool no_format(const plan *p, vf_error *err)
{
    return fail_value(err, "--quant", QUANT_BEST, "no format of %s suits the model", asked_runtime(p));
}

static bool solve_quant(plan *p, const subject *sub, uint64_t context, const gpu_set *gpu, choice *c, char note[VF_NOTE_TEXT],
                        vf_error *err)
{
    best b = {0};
    vf_quant_entry e;
    for (uint32_t i = 0; vf_catalog_quant(p->s->catalog, i, &e) == VF_OK; i++) {
        if (!is_format(p, &e))
            continue;
        if (!answers(p, sub, e.name, context, gpu, c) || !is_on_cards(p) || !is_better(&b, p->result->verdict, p->result->model_bytes, true))
            continue;
        b = (best){true, p->result->verdict, p->result->model_bytes, i};
    }
    if (!b.any)
        return no_format(p, err);
    (void)vf_catalog_quant(p->s->catalog, b.index, &e);
    (void)snprintf(note, VF_NOTE_TEXT, b.verdict == VF_NO_FIT ? "no quantization fits: %s is the smallest" : b.verdict == VF_FIT
                   ? "--quant %s is the largest that fits" : "--quant %s is the largest that is possible, if fragile", e.name);
    return plan_prepare(p, sub, e.name, context, gpu, c, err) && plan_estimate(p, err);
}

/* ---- both: what is larger than everything that has as long a context ------------------------- */

typedef struct candidate {
    uint32_t index;
    uint64_t size, context;
} candidate;

/* Largest models first; of the same size the longer context. */
static int by_size(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? 1 : -1;
    if (x->context != y->context)
        return x->context < y->context ? 1 : -1;
    return x->index < y->index ? -1 : x->index > y->index;
}

bool solve_front(plan *p, const subject *sub, const gpu_set *gpu, report *r, vf_error *err)
{
    vf_quant_entry e;
    choice c;
    char note[VF_NOTE_TEXT];
    uint32_t n = 0, all = vf_catalog_count(p->s->catalog, VF_KIND_QUANT);
    uint64_t longest = 0;
    candidate smallest = {0}, *found = calloc(all + 1u, sizeof *found);
    if (!found)
        return fail_nomem(err);
    for (uint32_t i = 0; vf_catalog_quant(p->s->catalog, i, &e) == VF_OK; i++) {
        vf_error ignored = {0};
        if (!is_format(p, &e) || !plan_prepare(p, sub, e.name, 0, gpu, &c, &ignored) || !solve_setting(p, OPEN_CONTEXT, note, &ignored) ||
            !is_on_cards(p))
            continue;
        if (p->result->verdict == VF_NO_FIT && (!smallest.size || p->result->model_bytes < smallest.size))
            smallest = (candidate){i, p->result->model_bytes, p->request->settings.context};
        if (p->result->verdict != VF_NO_FIT)
            found[n++] = (candidate){i, p->result->model_bytes, p->request->settings.context};
    }
    qsort(found, n, sizeof *found, by_size);
    if (n == 0 && smallest.size) /* nothing fits: the most modest answer */
        found[n++] = smallest;
    bool good = n > 0 || no_format(p, err);
    for (uint32_t i = 0; good && i < n; i++) {
        if (found[i].context <= longest) /* no longer than what is larger */
            continue;
        longest = found[i].context;
        (void)vf_catalog_quant(p->s->catalog, found[i].index, &e);
        good = plan_case(p, sub, e.name, found[i].context, gpu, r, err);
    }
    free(found);
    return good;
}

/* Sizes of cards that are sold, alone, then several of the usual ones: in the order of what they hold. */
static const char *const sizes[] = {"2GB",   "4GB",   "6GB",   "8GB",   "10GB",  "11GB",   "12GB",   "16GB",   "20GB",   "24GB",
                                    "32GB",  "40GB",  "2x24GB", "48GB",  "64GB",  "3x24GB", "80GB",   "96GB",   "4x24GB", "128GB",
                                    "141GB", "2x80GB", "180GB", "192GB", "288GB", "4x80GB", "8x80GB", "8x141GB", "8x192GB", "16x141GB",
                                    "16x192GB", "16x288GB"};

static bool solve_gpu(plan *p, const subject *sub, const char *word, uint64_t context, const gpu_set **gpu, choice *c,
                      char note[VF_NOTE_TEXT], vf_error *err)
{
    const size_t n = sizeof sizes / sizeof sizes[0];
    size_t found = n;
    for (vf_verdict goal = VF_FIT; goal < VF_NO_FIT && found == n; goal++) {
        for (size_t i = 0; i < n && found == n; i++) {
            if (!gpu_parse(p->s, sizes[i], &p->solved, err))
                return false;
            if (answers(p, sub, word, context, &p->solved, c) && p->result->verdict <= goal)
                found = i;
        }
    }
    (void)snprintf(note, VF_NOTE_TEXT, found == n ? "not even %s fits" : "--gpu %s is the smallest that %s",
                   sizes[found == n ? n - 1 : found], p->result->verdict == VF_FIT ? "fits" : "is possible, if fragile");
    *gpu = &p->solved;
    return plan_prepare(p, sub, word, context, &p->solved, c, err) && plan_estimate(p, err);
}

bool solve_case(plan *p, const subject *sub, const char *word, uint64_t context, const gpu_set **gpu, choice *c,
                char note[VF_NOTE_TEXT], vf_error *err)
{
    uint32_t n;
    open_value v = what_is_open(p->s, &n);
    if (v == OPEN_QUANT && word && strcmp(word, QUANT_BEST) == 0)
        return solve_quant(p, sub, context, *gpu, c, note, err);
    if (v == OPEN_GPU && strcmp((*gpu)->label, GPU_SMALLEST) == 0)
        return solve_gpu(p, sub, word, context, gpu, c, note, err);
    if (!plan_prepare(p, sub, word, context, *gpu, c, err))
        return false;
    if ((v == OPEN_CONTEXT && !context && !solve_is_front(p->s)) || v == OPEN_LAYERS || v == OPEN_MOE || v == OPEN_PARALLEL)
        return solve_setting(p, v, note, err);
    return plan_estimate(p, err);
}
