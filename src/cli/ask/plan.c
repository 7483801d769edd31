#include "cli/ask/plan.h"
#include "cli/text/io.h"
#include "cli/ask/machine.h"
#include "cli/ask/measure.h"
#include "cli/ask/ollama.h"
#include "cli/ask/placed.h"
#include "cli/report/picture.h"
#include "cli/ask/settings.h"
#include "cli/ask/solve.h"
#include "cli/ask/suggest.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Alternatives of one option; more is a list, for which there is --models-from. */
#define ALTERNATIVES 1024
/* Cases of one question: what is answered in a second. */
#define CASES 1024

void plan_worsen(plan *p, int status)
{
    static const int rank[] = {[EXIT_FITS] = 0, [EXIT_FRAGILE] = 1, [EXIT_NO_FIT] = 2, [EXIT_BAD] = 3};
    if (rank[status] > rank[p->status])
        p->status = status;
}

void plan_tell(plan *p, report *r, vf_error *err)
{
    error_print(err);
    report_error(r, err);
    plan_worsen(p, EXIT_BAD);
    *err = (vf_error){0};
}

/* ---- comma lists ---------------------------------------------------------------------------- */

static size_t list_bytes(const options *o, opt_id id)
{
    size_t n = 0, at = 0;
    for (const char *v; (v = options_next(o, id, &at));)
        n += strlen(v) + 1;
    return n;
}

/* Cuts every value of the option at its commas, into `text`; calls `add` with each. */
static bool each_word(plan *p, opt_id id, char *text, bool (*add)(plan *, const char *, vf_error *), vf_error *err)
{
    size_t at = 0;
    char name[40];
    (void)snprintf(name, sizeof name, "--%s", option_table[id].name);
    for (const char *v; (v = options_next(&p->s->opts, id, &at));) {
        size_t n = strlen(v);
        memcpy(text, v, n + 1);
        char *end = text + n;
        for (char *word = text; word <= end; word += strlen(word) + 1) {
            char *comma = strchr(word, ',');
            if (comma)
                *comma = 0;
            if (!word[0])
                return fail_value(err, name, v, "a name is missing between commas");
            if (!add(p, word, err))
                return false;
        }
        text = end + 1;
    }
    return true;
}

static bool add_quant(plan *p, const char *word, vf_error *err)
{
    if (p->n_quants == ALTERNATIVES)
        return fail(err, "--quant", "more than %d alternatives", ALTERNATIVES);
    p->quant[p->n_quants++] = word;
    return true;
}

/* "24,5G" is cut like any other list; its halves are then no GPUs. The whole says it better. */
static bool decimal_comma(plan *p, vf_error *err)
{
    size_t at = 0;
    for (const char *v; (v = options_next(&p->s->opts, OPT_GPU, &at));) {
        uint64_t bytes;
        vf_error size = {0};
        size_t digits = strspn(v, "0123456789");
        if (digits == 0 || v[digits] != ',' || v[digits + 1] < '0' || v[digits + 1] > '9' || strchr(v + digits + 1, ','))
            continue;
        if (vf_parse_size(v + digits + 1, true, &bytes, NULL) == VF_OK && vf_parse_size(v, true, &bytes, &size) != VF_OK)
            return fail(err, "--gpu", "%s", size.text);
    }
    return true;
}

static bool add_gpu(plan *p, const char *word, vf_error *err)
{
    if (p->n_gpus == ALTERNATIVES)
        return fail(err, "--gpu", "more than %d alternatives", ALTERNATIVES);
    gpu_set *more = realloc(p->gpu, (p->n_gpus + 1) * sizeof *more);
    if (!more)
        return fail_nomem(err);
    p->gpu = more;
    return gpu_parse(p->s, word, &p->gpu[p->n_gpus++], err);
}

/* ---- what all cases share ------------------------------------------------------------------- */

static bool check_model_options(const session *s, vf_error *err)
{
    bool list = options_has(&s->opts, OPT_MODELS_FROM), model = options_has(&s->opts, OPT_MODEL) || s->opts.n_plain;
    if (options_has(&s->opts, OPT_EXEC) && !s->opts.line)
        return fail(err, "--exec", "there is no launch line: -- and the program with its arguments go behind it");
    if (list && model)
        return fail(err, "--models-from", "given together with a model");
    if (!list && !model)
        return fail(err, "--model", "missing: which model? (a name, 13B, a file; see vramfit --help)");
    if (options_has(&s->opts, OPT_NULL) && !list)
        return fail(err, "--null", "has a meaning with --models-from only");
    if (!options_has(&s->opts, OPT_GPU))
        return fail(err, "--gpu", "missing: a card (3090), a size (24GB), --gpu auto for this machine's, or none");
    return true;
}

/* Standard input can be read once. */
static bool check_stdin(const session *s, vf_error *err)
{
    const char *list = s->opts.value[OPT_MODELS_FROM].text;
    size_t uses = list && strcmp(list, "-") == 0;
    for (size_t i = 0; i < s->opts.n_plain; i++)
        uses += strcmp(s->opts.plain[i], "-") == 0;
    for (size_t i = 0; i < s->opts.n_items; i++)
        uses += strcmp(s->opts.item[i].text, "-") == 0;
    return uses < 2 || fail(err, "-", "standard input is asked for twice");
}

/* --host-memory auto: what the system has left. */
static bool find_host_memory(session *s, vf_error *err)
{
    opt_value *v = &s->opts.value[OPT_HOST_MEMORY];
    if (!v->text || v->word == NOT_A_WORD)
        return true;
    v->number = machine_ram(s);
    return v->number > 0 || fail_value(err, "--host-memory", v->text, "/proc/meminfo does not tell what is left: give a size");
}

bool plan_open(plan *p, session *s, vf_error *err)
{
    memset(p, 0, offsetof(plan, beside));
    p->s = s;
    p->beside.n_members = p->beside.n_overrides = 0;
    if (!check_model_options(s, err) || !check_stdin(s, err) || !solve_check(s, err) || !find_host_memory(s, err) || !settings_make(s, &p->settings, err) || !decimal_comma(p, err) ||
        !session_catalog(s, err) || !runtime_parse(s, p->runtime, err))
        return false;
    size_t n_quant = list_bytes(&s->opts, OPT_QUANT), n_gpu = list_bytes(&s->opts, OPT_GPU);
    p->text = malloc(n_quant + n_gpu + 1);
    p->quant = malloc(ALTERNATIVES * sizeof *p->quant);
    p->request = calloc(1, sizeof *p->request);
    p->result = malloc(sizeof *p->result);
    if (!p->text || !p->quant || !p->request || !p->result)
        return fail_nomem(err);
    if (!each_word(p, OPT_QUANT, p->text, add_quant, err) || !each_word(p, OPT_GPU, p->text + n_quant, add_gpu, err))
        return false;
    if (p->n_quants == 0)
        p->quant[p->n_quants++] = NULL;
    if (!beside_open(s, p->runtime, &p->beside, err) || !also_open(s, &p->also, err))
        return false;
    for (uint32_t i = 0; i < p->n_gpus && p->also.n && s->opts.line; i++)
        if (p->gpu[i].n > 1)
            return fail(err, "--also", "a launch line takes every card that it sees: ask without the line, or with one card");
    again_open(&p->again, p->n_gpus > 1);
    p->settings.override = p->beside.override;
    p->settings.n_override = p->beside.n_overrides;
    return true;
}

void plan_close(plan *p)
{
    beside_close(&p->beside);
    also_close(&p->also);
    again_close(&p->again);
    free(p->gpu);
    free(p->quant);
    free(p->text);
    free(p->request);
    free(p->result);
}

/* ---- one case ------------------------------------------------------------------------------- */

static bool make_context(const session *s, const subject *sub, uint64_t context, vf_settings *out, vf_error *err)
{
    const opt_value *v = &s->opts.value[OPT_CONTEXT];
    bool train = context == CONTEXT_TRAIN || (!context && v->text && v->word == 0);
    if (train && !sub->facts.n_ctx_train)
        return fail_value(err, "--context", "train", "the model's maximum is not known");
    if (train)
        out->context = sub->facts.n_ctx_train;
    else if (context)
        out->context = context;
    return true;
}

static void stand_in_note(row *w, const subject *sub, bool generic)
{
    if (!sub->class_name[0])
        return;
    if (generic)
        row_note(w, "%s: %llu parameters; the cache is that of %s", sub->class_name, (unsigned long long)sub->nominal,
                 sub->facts.name);
    else
        row_note(w, "%s: %s stands in for the size class", sub->class_name, sub->facts.name);
    if (sub->range.n)
        row_note(w, "%s: a token takes %llu to %llu bytes of a 16-bit cache in the %u models of about this size", sub->class_name,
                 (unsigned long long)sub->range.least, (unsigned long long)sub->range.most, sub->range.n);
}

static uint64_t host_bytes(const vf_result *r)
{
    return r->host.weights + r->host.kv_cache + r->host.compute + r->host.output; /* each below 2^60 */
}

bool host_fits(const session *s, const vf_result *r)
{
    const opt_value *v = &s->opts.value[OPT_HOST_MEMORY];
    return !v->text || host_bytes(r) <= v->number;
}

static void check_host(const session *s, vf_result *r, row *w)
{
    if (host_fits(s, r))
        return;
    const opt_value *v = &s->opts.value[OPT_HOST_MEMORY];
    r->verdict = VF_NO_FIT;
    row_note(w, "system memory: %llu bytes are needed, %s %llu", (unsigned long long)host_bytes(r),
             v->word == NOT_A_WORD ? "--host-memory says" : "this machine has left", (unsigned long long)v->number);
}

/* What --context, or the line of a list, asks of the other models. */
static void set_also_context(plan *p, uint64_t context)
{
    const opt_value *v = &p->s->opts.value[OPT_CONTEXT];
    bool train = context == CONTEXT_TRAIN || (!context && v->text && v->word == 0);
    p->also.context_is_theirs = v->text && v->word == 1;
    p->also.main_context = p->request->settings.context;
    p->also.context = p->also.context_is_theirs ? 0 : train ? ALSO_TRAIN : p->request->settings.context;
}

bool plan_prepare(plan *p, const subject *sub, const char *word, uint64_t context, const gpu_set *gpu, choice *c, vf_error *err)
{
    session *s = p->s;
    vf_request *q = p->request;
    q->settings = p->settings;
    if (!choice_make(s, sub, word, p->runtime, c, err) || !settings_check(s, c->runtime, err) ||
        !make_context(s, sub, context, &q->settings, err))
        return false;
    set_also_context(p, context);
    q->member = p->member;
    q->n_members = p->beside.n_members;
    memcpy(p->member, p->beside.member, p->beside.n_members * sizeof *p->member);
    if (strcmp(c->runtime, "ollama") == 0) {
        ollama_settings(s, sub, &q->settings);
        if (!ollama_members(s, sub, p->member, &q->n_members, err))
            return false;
        p->also.main_context = q->settings.context;
    }
    const opt_value *backend = &s->opts.value[OPT_BACKEND];
    q->model = sub->model;
    p->serial = sub->serial;
    q->quant = c->quant;
    q->runtime = c->runtime;
    q->settings.backend = backend->text && gpu->n ? (vf_backend)backend->word : gpu->backend;
    q->nominal_parameters = strcmp(c->runtime, "generic") == 0 ? sub->nominal : 0;
    q->n_devices = gpu->n;
    memcpy(q->device, gpu->device, sizeof q->device);
    return true;
}

bool plan_estimate(plan *p, vf_error *err)
{
    if (p->also.n)
        return also_estimate(p->s, &p->also, p->runtime, p->request, p->result, err);
    return again_estimate(&p->again, p->s, p->serial, p->request, p->result, err) == VF_OK;
}

/* Where a card is not the whole truth: Windows' driver does not fail when it is full, and macOS lends Metal a share of
 * the memory that grew with its versions (tests/accuracy/measured). */
static void memory_note(const session *s, const vf_result *r, row *w)
{
    bool windows = s->opts.value[OPT_OS].text && s->opts.value[OPT_OS].word == 1;
    if (windows && r->backend == VF_BACKEND_CUDA && r->verdict != VF_FIT)
        row_note(w, "Windows: from driver 536.40 on, what does not fit goes to shared system memory and runs about ten times slower, "
                    "unless the driver's sysmem fallback is off");
    if (r->backend == VF_BACKEND_METAL && r->verdict != VF_FIT)
        row_note(w, "macOS: counted is what older versions lend to Metal; newer ones were seen to lend 74 %% of 16 and 24 GB, 81 to 84 %% "
                    "of 64 and 128, and sysctl iogpu.wired_limit_mb raises it");
}

/* Memory over context, for pictures of a few answers. */
#define CURVES 6

static void make_curve(plan *p, const subject *sub, curve *out)
{
    const vf_request *q = p->request;
    bool all = word_index("llama.cpp ollama lm-studio", ' ', q->runtime) != NOT_A_WORD; /* the context of all sequences */
    uint64_t sequences = all && q->settings.parallel ? q->settings.parallel : 1;
    vf_result *room = memory_got(malloc(sizeof *room));
    if (room && sub->facts.n_layer)
        curve_measure(q, sub->facts.n_ctx_train * sequences, !all, &p->s->alloc, room, out);
    free(room);
}

bool plan_case(plan *p, const subject *sub, const char *word, uint64_t context, const gpu_set *gpu, report *r, vf_error *err)
{
    static const int status[] = {[VF_FIT] = EXIT_FITS, [VF_FRAGILE] = EXIT_FRAGILE, [VF_NO_FIT] = EXIT_NO_FIT};
    session *s = p->s;
    choice c;
    char solved[VF_NOTE_TEXT] = "";
    *err = (vf_error){0};
    if (sub->facts.n_layer == 0 && !sub->weights_only)
        return fail_value(err, "--model", sub->title, "a projector or an adapter, not a model (see --mmproj and --lora)");
    if (!solve_case(p, sub, word, context, &gpu, &c, solved, err)) {
        if (!err->file[0] && !err->key[0] && err->status != VF_ERR_NOMEM)
            text_set(err->key, sizeof err->key, quote(sub->title).s);
        return false;
    }
    row w = {.model = sub->title, .quant = c.quant.name, .gpu = gpu->label, .result = p->result};
    check_host(s, p->result, &w);
    memory_note(s, p->result, &w);
    also_notes(s, &p->also, !r->single, p->result);
    plan_worsen(p, status[p->result->verdict]);
    if (gpu->machine)
        machine_notes(s, &w);
    stand_in_note(&w, sub, strcmp(c.runtime, "generic") == 0);
    uint64_t tower = r->single && !options_has(&s->opts, OPT_MMPROJ) ? subject_tower(s, sub, c.runtime) : 0;
    if (tower)
        row_note(&w, "its tower for images or sound, %llu million parameters, is not counted: --mmproj %s adds it",
                 (unsigned long long)(tower + 500000) / 1000000, sub->facts.name);
    if (solved[0])
        row_note(&w, "%s", solved);
    if (c.note[0])
        row_note(&w, "%s", c.note);
    vf_settings asked = p->settings;
    (void)make_context(s, sub, context, &asked, err);
    if (solved[0]) { /* what was found was asked for */
        asked.context = p->request->settings.context;
        asked.gpu_layers = p->request->settings.gpu_layers;
        asked.parallel = p->request->settings.parallel;
    }
    ollama_notes(sub, &asked, p->request, &w);
    if (sub->weights_only)
        row_note(&w, "no config.json: the weights alone are judged, without cache and compute buffers");
    vf_speed speed;
    const vf_result *own = p->result;
    const vf_request *alone = also_main_request(&p->also, p->request, &own);
    if (r->speed && vf_speed_bounds(alone, own, &s->alloc, &speed, err) == VF_OK)
        w.speed = &speed;
    buf launch[VF_MAX_MEMBERS + 1] = {{0}};
    w.launch = launch;
    w.n_launch = placed_commands(p, sub, &c, launch);
    if ((r->single || r->explain) && p->result->verdict != VF_FIT && !solved[0])
        suggest_changes(p, sub, &w);
    curve points = {0};
    if (r->curves && p->also.n == 0 && !r->from_list && r->n_rows < CURVES)
        make_curve(p, sub, &points);
    w.curve = points.n ? &points : NULL;
    report_row(r, &w);
    for (uint32_t i = 0; i < w.n_launch; i++) {
        r->out->failed = r->out->failed || launch[i].failed;
        buf_free(&launch[i]);
    }
    return true;
}

/* ---- the main job --------------------------------------------------------------------------- */

/* One model under every alternative. With several cases one that cannot be answered is told of, and the
 * others go on; alone, it is the answer. */
static bool run_model(plan *p, const char *name, bool several, report *r, vf_error *err)
{
    subject sub;
    bool good = subject_open(p->s, name, &sub, err);
    sub.asked = name;
    if (good && r->explain && sub.class_name[0])
        sub.range = measure_class(p->s, sub.nominal);
    for (uint32_t g = 0; good && g < p->n_gpus; g++) {
        for (uint32_t q = 0; good && q < p->n_quants; q++) {
            if (solve_is_front(p->s) ? solve_front(p, &sub, &p->gpu[g], r, err) : plan_case(p, &sub, p->quant[q], 0, &p->gpu[g], r, err))
                continue;
            if (!several || err->status == VF_ERR_NOMEM || err->status == VF_ERR_NOT_FOUND) {
                good = false;
                break;
            }
            plan_tell(p, r, err);
        }
    }
    subject_close(&sub);
    return good;
}

static size_t count_models(const session *s)
{
    size_t n = s->opts.n_plain, at = 0;
    while (options_next(&s->opts, OPT_MODEL, &at))
        n++;
    return n;
}

static bool run_models(plan *p, report *r, bool several, vf_error *err)
{
    size_t at = 0;
    if (p->s->opts.n_plain && !run_model(p, p->s->opts.plain[0], several, r, err))
        return false;
    for (const char *name; (name = options_next(&p->s->opts, OPT_MODEL, &at));)
        if (!run_model(p, name, several, r, err))
            return false;
    return true;
}

static size_t longest_gpu(const plan *p)
{
    size_t most = 0;
    for (uint32_t i = 0; i < p->n_gpus; i++) {
        size_t n = text_columns(p->gpu[i].label, strlen(p->gpu[i].label));
        most = n > most ? n : most;
    }
    return most;
}

int command_fit(session *s, vf_error *err)
{
    plan *p = malloc(sizeof *p);
    report r = {0};
    if (!p) {
        (void)fail_nomem(err);
        return EXIT_BAD;
    }
    bool good = plan_open(p, s, err), list = options_has(&s->opts, OPT_MODELS_FROM);
    size_t cases = count_models(s) * p->n_gpus * p->n_quants;
    if (good && cases > CASES)
        good = fail(err, "", "%zu cases (models x quantizations x GPUs), more than %d", cases, CASES);
    if (good) {
        bool several = list || cases > 1 || solve_is_front(s);
        report_begin(&r, s, &s->out, !several, longest_gpu(p));
        good = list ? list_run(p, &r, err) : run_models(p, &r, several, err);
        if (good && r.curves && r.picture && r.picture->failed && r.picture->n == PICTURE_ROWS)
            good = fail(err, "--format", "no picture of more than %d answers", PICTURE_ROWS);
        if (good)
            report_end(&r);
        if (good && r.n_rows == 0 && !list)
            s->out.n = 0; /* every alternative was an error, and each was told of */
    }
    int status = good ? p->status : EXIT_BAD;
    report_free(&r);
    plan_close(p);
    free(p);
    if (good)
        *err = (vf_error){0};
    return status;
}
