/* verify: what a runtime's log says was allocated, beside what would have been predicted. */
#include "cli/ask/beside.h"
#include "cli/text/io.h"
#include "cli/ask/quant.h"
#include "cli/ask/settings.h"
#include "cli/ask/solve.h"
#include "cli/command/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Loads that cannot be judged: of so many the reason is told, the others are seen in the exit status only. */
#define ERRORS_SHOWN 10
#define FLUSH_BYTES ((size_t)1 << 16)

typedef struct verifier {
    session *s;
    const char *log_name;
    verify_out out;
    vf_request *request;
    vf_result *result, *other;
    verified *v;
    beside *beside; /**< for --override-tensor */
    uint64_t n_errors;
    int status;
    vf_error *err;
    bool broken; /**< writing failed, or memory: `err` is set */
} verifier;

VF_PRINTF(2, 3)
static void note(verified *v, const char *format, ...)
{
    if (v->n_notes == VERIFY_NOTES)
        return;
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(v->note[v->n_notes++], VF_NOTE_TEXT, format, ap);
    va_end(ap);
}

/* ---- the model ------------------------------------------------------------------------------- */

/* Whether the log can be of this model. */
static bool is_same(const vf_log *log, const subject *sub)
{
    const vf_model_facts *f = &sub->facts;
    bool layers = !log->n_layer || !f->n_layer || log->n_layer == f->n_layer || log->n_layer == f->n_layer - f->n_layer_mtp;
    return layers && (!log->n_embd || !f->n_embd || log->n_embd == f->n_embd);
}

/* A name that the log gives. Its files are read, but nothing else that a name can stand for. */
static bool open_logged(session *s, const vf_log *log, const char *name, subject *sub, vf_error *err)
{
    file_kind kind = name[0] ? io_kind(name) : FILE_MISSING;
    *sub = (subject){0};
    if (!name[0] || strcmp(name, "-") == 0 || strncmp(name, "ollama:", 7) == 0 || (kind != FILE_REGULAR && kind != FILE_MISSING))
        return false;
    bool good = subject_open(s, name, sub, err) && is_same(log, sub);
    if (!good)
        subject_close(sub);
    return good;
}

static bool open_model(verifier *f, const vf_log *log, subject *sub, vf_error *err)
{
    size_t at = 0;
    const char *asked = options_next(&f->s->opts, OPT_MODEL, &at);
    vf_error ignored = {0};
    if (!asked) {
        if (open_logged(f->s, log, log->path, sub, &ignored) || open_logged(f->s, log, log->name, sub, &ignored))
            return true;
        const char *name = log->name[0] ? log->name : log->path;
        if (!name[0])
            return fail(err, "--model", "missing: the log does not say which model it is");
        return fail_value(err, "--model", name, "the log's model is not known here: say which one it is, or its file");
    }
    if (options_next(&f->s->opts, OPT_MODEL, &at))
        return fail(err, "--model", "given twice: a log is compared with one model");
    if (!subject_open(f->s, asked, sub, err))
        return false;
    if (is_same(log, sub))
        return true;
    return fail_value(err, "--model", asked, "%u layers of width %u, but the log's model has %u of %u", sub->facts.n_layer,
                      sub->facts.n_embd, log->n_layer, log->n_embd);
}

/* The quantization that the name of the log's file tells; "" when it tells none. */
static void quant_of_path(const session *s, const char *path, char *out, size_t size)
{
    uint32_t model, quant = UINT32_MAX;
    vf_quant_entry e;
    out[0] = 0;
    if (path[0])
        (void)vf_catalog_find_file(s->catalog, path, &model, &quant, NULL);
    if (quant != UINT32_MAX && vf_catalog_quant(s->catalog, quant, &e) == VF_OK)
        text_set(out, size, e.name);
}

static bool choose_quant(verifier *f, const vf_log *log, const subject *sub, choice *c, vf_error *err)
{
    size_t at = 0;
    uint32_t index;
    char in_path[64];
    const char *word = options_next(&f->s->opts, OPT_QUANT, &at);
    if (word && options_next(&f->s->opts, OPT_QUANT, &at))
        return fail(err, "--quant", "given twice: a log is compared with one quantization");
    if (!word && !sub->typed) {
        bool known = log->quant[0] && vf_catalog_find(f->s->catalog, VF_KIND_QUANT, log->quant, &index, NULL) == VF_OK;
        quant_of_path(f->s, log->path, in_path, sizeof in_path);
        word = known ? log->quant : in_path[0] && !sub->quant_word[0] ? in_path : NULL;
        if (!word && !sub->quant_word[0])
            return fail(err, "--quant", "missing: the log does not say the quantization");
    }
    return choice_make(f->s, sub, word, "llama.cpp", c, err);
}

/* ---- the settings ---------------------------------------------------------------------------- */

/* What the log does not say of its cards: the compute capability, by the card's name. */
static void complete_devices(verifier *f, const vf_log *log, verified *v)
{
    vf_request *q = f->request;
    bool has_free = true;
    for (uint32_t i = 0; i < log->n_devices; i++) {
        vf_gpu_entry e = {0};
        uint32_t index;
        has_free = has_free && q->device[i].total > 0;
        if (q->device[i].compute_capability || q->settings.backend != VF_BACKEND_CUDA)
            continue;
        if (log->device[i].gpu[0] && vf_catalog_find(f->s->catalog, VF_KIND_GPU, log->device[i].gpu, &index, NULL) == VF_OK)
            (void)vf_catalog_gpu(f->s->catalog, index, &e);
        q->device[i].compute_capability = e.compute_capability ? e.compute_capability : 86;
        if (!e.compute_capability)
            note(v, "%s: the log does not say its compute capability: 8.6 was taken", log->device[i].name);
    }
    if (log->n_devices > 1 && !has_free && !q->settings.n_tensor_split)
        note(v, "the log does not say how much was free on each card: even shares were taken (--tensor-split)");
}

static bool make_request(verifier *f, const vf_log *log, const subject *sub, verified *v, vf_error *err)
{
    vf_request *q = f->request;
    const opt_value *backend = &f->s->opts.value[OPT_BACKEND];
    memset(q, 0, sizeof *q);
    vf_settings_init(&q->settings);
    vf_log_request(log, q);
    if (!settings_apply(f->s, &q->settings, err))
        return false;
    if (f->beside->n_overrides) {
        q->settings.override = f->beside->override;
        q->settings.n_override = f->beside->n_overrides;
    }
    if (options_has(&f->s->opts, OPT_CONTEXT) && f->s->opts.value[OPT_CONTEXT].word != NOT_A_WORD)
        q->settings.context = sub->facts.n_ctx_train;
    if (!q->settings.context)
        return fail(err, "--context", "missing: the log does not say it");
    if (backend->text)
        q->settings.backend = (vf_backend)backend->word;
    complete_devices(f, log, v);
    q->model = sub->model;
    q->runtime = "llama.cpp";
    return true;
}

static uint32_t estimate(verifier *f, verified *v, vf_result *out, vf_error *err)
{
    if (vf_estimate(f->request, &f->s->alloc, out, err) != VF_OK)
        return UINT32_MAX;
    v->result = out;
    v->n_rows = vf_log_compare(v->log, out, v->row);
    return verify_differing(v);
}

/* Estimates anew, with other settings; what agrees better stays. */
static bool improve(verifier *f, verified *v, uint32_t *differing, const vf_settings *settings, vf_error *err)
{
    vf_settings before = f->request->settings;
    if (*differing == 0)
        return false;
    f->request->settings = *settings;
    uint32_t n = estimate(f, v, f->other, err);
    if (n < *differing) {
        vf_result *better = f->other;
        f->other = f->result;
        f->result = better;
        *differing = n;
        return true;
    }
    f->request->settings = before;
    v->result = f->result;
    v->n_rows = vf_log_compare(v->log, f->result, v->row);
    return false;
}

/* Layers by card, read off the cache, which is the same for every layer in most models. The output layer is
 * on the last card that has layers. */
static bool split_by_cache(const vf_log *log, vf_settings *s)
{
    uint64_t total = 0, layers = log->n_offloaded ? log->n_offloaded - 1 : 0;
    uint32_t last = 0;
    for (uint32_t i = 0; i < log->n_devices; i++)
        total += log->device[i].term[VF_LOG_KV_CACHE].bytes / 1024;
    if (log->n_devices < 2 || s->n_tensor_split || !total || total > UINT64_MAX / 1024 / 1024 || !layers || layers > 65536)
        return false;
    s->n_tensor_split = log->n_devices;
    for (uint32_t i = 0; i < log->n_devices; i++) {
        uint64_t share = log->device[i].term[VF_LOG_KV_CACHE].bytes / 1024;
        uint64_t n = (share * layers + total / 2) / total;
        s->tensor_split[i] = (double)n;
        last = n ? i : last;
    }
    s->tensor_split[last] += 1;
    return true;
}

static bool estimate_best(verifier *f, verified *v, vf_error *err)
{
    uint32_t differing = estimate(f, v, f->result, err);
    if (differing == UINT32_MAX)
        return false;
    vf_settings other = f->request->settings;
    if (split_by_cache(v->log, &other) && improve(f, v, &differing, &other, err))
        note(v, "the log does not say which layers are on which card: read off the cache's buffers (--tensor-split)");
    other = f->request->settings;
    /* How many rows of logits were reserved is printed since 2026 only; which programs reserve one for each
     * sequence instead of one for each token has changed before. */
    other.outputs = VF_OUTPUTS_DEFAULT;
    if (!v->log->n_outputs_max && !options_has(&f->s->opts, OPT_OUTPUTS) && improve(f, v, &differing, &other, err))
        note(v, "the log does not say how many rows of logits were reserved: one for each sequence agrees better (--outputs)");
    *err = (vf_error){0};
    return true;
}

static void general_notes(const verifier *f, const vf_log *log, verified *v)
{
    if (log->estimate)
        note(v, "the log has nothing that was allocated: these are the amounts that Ollama expected");
    if (log->no_alloc)
        note(v, "a trial run without weights (no_alloc)");
    if (log->ollama && !log->estimate)
        note(v, "Ollama's own engine plans its buffers in another way than llama.cpp, which is what is predicted");
    if (log->output_on_host && !f->beside->n_overrides)
        note(v, "a version that keeps the output layer in system memory unless all layers are on the cards");
    vf_runtime_entry runtime;
    uint32_t index;
    if (!log->n_outputs_max && !log->ollama && verify_differing(v) &&
        vf_catalog_find(f->s->catalog, VF_KIND_RUNTIME, "llama.cpp", &index, NULL) == VF_OK &&
        vf_catalog_runtime(f->s->catalog, index, &runtime) == VF_OK)
        note(v, "predicted is llama.cpp %s; the log is of an older version, or leaves lines out", runtime.version);
    if (log->overridden && !f->beside->n_overrides && !options_has(&f->s->opts, OPT_CPU_MOE))
        note(v, "tensors were put elsewhere, which is not predicted without --override-tensor");
    for (uint32_t i = 0; i < v->result->n_notes; i++)
        note(v, "%.200s", v->result->note[i]);
}

/* ---- one load -------------------------------------------------------------------------------- */

static bool judge(verifier *f, const vf_log *log, subject *sub, vf_error *err)
{
    verified *v = f->v;
    choice c;
    *v = (verified){.log = log};
    if (!open_model(f, log, sub, err) || !choose_quant(f, log, sub, &c, err) || !make_request(f, log, sub, v, err))
        return false;
    f->request->quant = c.quant;
    v->model = sub->title;
    v->quant = c.quant.name;
    if (!estimate_best(f, v, err))
        return false;
    general_notes(f, log, v);
    if (verify_differing(v) && f->status == EXIT_FITS)
        f->status = EXIT_NO_FIT;
    verify_load(&f->out, v);
    return true;
}

static void tell(verifier *f, const vf_log *log, vf_error *err)
{
    if (!err->file[0]) { /* about this load, not about a file that was read for it */
        char text[VF_ERROR_TEXT];
        (void)snprintf(text, sizeof text, "%s%s%.380s", err->key, err->key[0] ? ": " : "", err->text);
        text_set(err->text, sizeof err->text, text);
        err->key[0] = 0;
        text_set(err->file, sizeof err->file, f->log_name);
        err->line = log->line < UINT32_MAX ? (uint32_t)log->line : 0;
    }
    if (f->n_errors++ < ERRORS_SHOWN) {
        error_print(err);
        verify_error(&f->out, err);
    }
    f->status = EXIT_BAD;
}

static bool take_load(void *ctx, const vf_log *log)
{
    verifier *f = ctx;
    subject sub = {0};
    vf_error err = {0};
    bool good = judge(f, log, &sub, &err);
    subject_close(&sub);
    if (!good && err.status == VF_ERR_NOMEM) {
        *f->err = err;
        f->broken = true;
    } else if (!good) {
        tell(f, log, &err);
    }
    if (f->s->out.n > FLUSH_BYTES && options_has(&f->s->opts, OPT_QUIET))
        f->s->out.n = 0;
    if (f->s->out.n > FLUSH_BYTES && !io_flush(&f->s->out, f->err))
        f->broken = true;
    return !f->broken;
}

static int run(verifier *f, input *in, vf_error *err)
{
    f->log_name = in->shown;
    verify_begin(&f->out, f->s);
    vf_status st = vf_log_read(&in->source, &f->s->alloc, take_load, f, err);
    if (st == VF_ERR_IO && in->error) {
        text_set(err->file, sizeof err->file, in->shown);
        text_set(err->text, sizeof err->text, strerror(in->error));
    }
    if (st != VF_OK || f->broken) {
        buf_free(&f->out.errors);
        return EXIT_BAD;
    }
    if (f->out.n_loads == 0 && f->n_errors == 0) {
        (void)fail(err, "", "no buffer sizes in it: llama.cpp prints them while it loads (since 2026 with -lv 4), Ollama in its server's log");
        text_set(err->file, sizeof err->file, in->shown);
        return EXIT_BAD;
    }
    verify_end(&f->out);
    if (f->out.n_loads == 0)
        f->s->out.n = 0; /* every load was an error, and each was told of */
    *err = (vf_error){0};
    return f->status;
}

int command_verify(session *s, vf_error *err)
{
    verifier f = {.s = s, .err = err, .status = EXIT_FITS};
    int status = EXIT_BAD;
    f.request = calloc(1, sizeof *f.request);
    f.result = calloc(1, sizeof *f.result);
    f.other = calloc(1, sizeof *f.other);
    f.v = calloc(1, sizeof *f.v);
    f.beside = calloc(1, sizeof *f.beside);
    if (!f.request || !f.result || !f.other || !f.v || !f.beside) {
        (void)fail_nomem(err);
    } else if (solve_closed(s, err) && session_catalog(s, err) && beside_open(s, "llama.cpp", f.beside, err)) {
        input *in = input_open(s->opts.plain[0], err);
        if (in)
            status = run(&f, in, err);
        input_close(in);
    }
    free(f.request);
    free(f.result);
    free(f.other);
    free(f.v);
    if (f.beside)
        beside_close(f.beside);
    free(f.beside);
    return status;
}
