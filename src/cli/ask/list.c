/* --models-from: one verdict per line, in order, with memory that does not grow with the list. */
#include "cli/ask/line_cache.h"
#include "cli/text/lines.h"
#include "cli/ask/plan.h"
#include "cli/report/picture.h"
#include "cli/text/fail.h"
#include "cli/text/progress.h"
#include "cli/ask/solve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Suggestions cost a look at every name: the first bad lines get them. */
#define SUGGESTED_LINES 10
#define SLOTS 1024 /* a power of two */
#define CACHED_MODELS 512
/* Held by models beyond the catalog's own; then all are dropped. */
#define CACHE_BYTES ((size_t)6 << 20)
#define WRITE_AT ((size_t)1 << 16)

/* Models by the name in the list. */
typedef struct model_cache {
    struct {
        char *name;
        subject sub;
    } slot[SLOTS];
    uint32_t n;
    size_t base; /**< bytes that the session held before */
} model_cache;

typedef struct list_caches {
    model_cache models;
    line_cache answers;
    char line[LINE_LIMIT + 1]; /**< the line as it was */
} list_caches;

static void cache_clear(model_cache *c)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (!c->slot[i].name)
            continue;
        free(c->slot[i].name);
        subject_close(&c->slot[i].sub);
        c->slot[i].name = NULL;
    }
    c->n = 0;
}

static const subject *cache_open(model_cache *c, session *s, const char *name, vf_error *err)
{
    if (c->n >= CACHED_MODELS || s->allocated > c->base + CACHE_BYTES)
        cache_clear(c);
    uint32_t at = hash_text(name) & (SLOTS - 1);
    for (; c->slot[at].name; at = (at + 1) & (SLOTS - 1))
        if (strcmp(c->slot[at].name, name) == 0)
            return &c->slot[at].sub;
    if (!subject_open(s, name, &c->slot[at].sub, err))
        return NULL;
    size_t size = strlen(name) + 1;
    c->slot[at].name = malloc(size);
    if (!c->slot[at].name) {
        subject_close(&c->slot[at].sub);
        (void)fail_nomem(err);
        return NULL;
    }
    memcpy(c->slot[at].name, name, size);
    c->slot[at].sub.asked = c->slot[at].name;
    c->n++;
    return &c->slot[at].sub;
}

/* One line of the list, in words. */
typedef struct entry {
    const char *model, *quant, *context; /**< NULL: not said */
} entry;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool split_entry(char *text, entry *out, vf_error *err)
{
    const char **field[] = {&out->model, &out->quant, &out->context};
    size_t n = 0;
    *out = (entry){0};
    char *comment = strchr(text, '#');
    if (comment)
        *comment = 0;
    for (char *p = text; *p;) {
        while (is_blank(*p))
            p++;
        if (!*p)
            break;
        if (n == 3)
            return fail(err, "", "more than three words (MODEL [QUANT [CONTEXT]])");
        *field[n++] = p;
        while (*p && !is_blank(*p))
            p++;
        if (*p)
            *p++ = 0;
    }
    return true;
}

static bool read_context(const char *text, uint64_t *out, vf_error *err)
{
    *out = 0;
    if (!text)
        return true;
    const option *o = &option_table[OPT_CONTEXT];
    if (strcmp(text, "train") == 0) {
        *out = CONTEXT_TRAIN;
        return true;
    }
    if (!parse_tokens(text, out))
        return fail(err, "", "context %s: not a number such as 4096 or 8k", quote(text).s);
    if (*out < o->min || *out > o->max)
        return fail(err, "", "context %s: out of range (%llu to %llu)", quote(text).s, (unsigned long long)o->min,
                    (unsigned long long)o->max);
    return true;
}

static bool run_entry(plan *p, model_cache *c, const entry *e, report *r, vf_error *err)
{
    uint64_t context;
    if (strcmp(e->model, "-") == 0)
        return fail(err, "", "'-' has no meaning in a list");
    if (!read_context(e->context, &context, err))
        return false;
    const subject *sub = cache_open(c, p->s, e->model, err);
    bool good = sub != NULL;
    for (uint32_t g = 0; good && g < p->n_gpus; g++)
        for (uint32_t q = 0; good && q < (e->quant ? 1 : p->n_quants); q++)
            good = solve_is_front(p->s) && !e->quant && !context
                       ? solve_front(p, sub, &p->gpu[g], r, err)
                       : plan_case(p, sub, e->quant ? e->quant : p->quant[q], context, &p->gpu[g], r, err);
    return good;
}

/* The error of a line, under the list's name: "list.txt:7". */
static void tell_line(plan *p, const lines *l, report *r, vf_error *err)
{
    char where[400], message[800];
    vf_error told = {.status = err->status};
    error_where(err, where, sizeof where);
    error_message(err, message, sizeof message);
    if (l->in->fd == 0)
        (void)snprintf(told.file, sizeof told.file, "%.200s, line %llu", l->in->shown, (unsigned long long)l->number);
    else
        (void)snprintf(told.file, sizeof told.file, "%.200s:%llu", l->in->shown, (unsigned long long)l->number);
    (void)snprintf(told.text, sizeof told.text, "%.200s%s%.300s", where, where[0] ? ": " : "", message);
    plan_tell(p, r, &told);
    *err = (vf_error){0};
}

static bool run_line(plan *p, model_cache *c, lines *l, line_kind kind, report *r, vf_error *err)
{
    entry e = {0};
    if (kind == LINE_LONG)
        return fail(err, "", "too long, over %d bytes", LINE_LIMIT);
    if (kind == LINE_NUL)
        return fail(err, "", "holds a NUL byte%s", l->separator ? " (--null is for lists of that kind)" : "");
    if (l->separator == 0)
        e.model = l->text[0] ? l->text : NULL;
    else if (!split_entry(l->text, &e, err))
        return false;
    return !e.model || run_entry(p, c, &e, r, err);
}

/* A line through the cache of answers. The first row is made and not kept: in JSON those behind it begin
 * with a comma. */
static bool answer_line(plan *p, list_caches *c, lines *l, line_kind kind, report *r, vf_error *err)
{
    const line_answer *known = kind == LINE_GOOD && r->n_rows > 0 && !report_is_lined(r) ? line_cache_find(&c->answers, l->text) : NULL;
    if (known) {
        buf_add(r->out, known->text, known->n);
        r->n_rows += known->rows; /* its verdict was counted with the first of them */
        return true;
    }
    (void)memcpy(c->line, l->text, l->length + 1); /* run_line cuts it into words */
    r->line = c->line;
    r->line_number = l->number;
    size_t start = r->out->n;
    uint64_t rows = r->n_rows;
    bool good = run_line(p, &c->models, l, kind, r, err);
    if (good && memory_was_short())
        good = fail_nomem(err); /* something is missing in it */
    if (!good && err->status == VF_ERR_NOMEM && !r->out->failed) {
        r->out->n = start;
        r->n_rows = rows;
    }
    if (good && rows > 0 && !report_is_lined(r) && kind == LINE_GOOD && !r->out->failed)
        line_cache_keep(&c->answers, c->line, r->out->p + start, r->out->n - start, (uint32_t)(r->n_rows - rows));
    return good;
}

/* Writes what is done; on a terminal the line of progress makes room for it. */
static bool write_done(const plan *p, progress *shown, report *r, vf_error *err)
{
    if (p->s->term.tty && r->out->n > 0)
        progress_hide(shown);
    return io_flush(r->out, err);
}

static bool run_lines(plan *p, list_caches *c, lines *l, progress *shown, report *r, vf_error *err)
{
    bool quiet = options_has(&p->s->opts, OPT_QUIET);
    uint32_t bad = 0;
    for (;;) {
        if (quiet)
            r->out->n = 0;
        if ((r->out->n >= WRITE_AT || lines_would_wait(l)) && !write_done(p, shown, r, err))
            return false;
        line_kind kind = lines_next(l, err);
        if (kind == LINE_END)
            return true;
        if (kind == LINE_ERROR)
            return false;
        progress_step(shown, l->number, l->bytes);
        p->s->terse = bad >= SUGGESTED_LINES;
        if (answer_line(p, c, l, kind, r, err))
            continue;
        if (err->status == VF_ERR_NOMEM) {
            cache_clear(&c->models); /* the next line may need the room */
            if (r->out->failed || (r->picture && r->picture->failed))
                return false;
            (void)memory_was_short(); /* it is told with its line; the others are answered */
        }
        bad++;
        progress_hide(shown);
        tell_line(p, l, r, err);
    }
}

bool list_run(plan *p, report *r, vf_error *err)
{
    const char *path = p->s->opts.value[OPT_MODELS_FROM].text;
    char separator = options_has(&p->s->opts, OPT_NULL) ? 0 : '\n';
    lines *l = lines_open(path, separator, err);
    if (!l)
        return false;
    list_caches *c = calloc(1, sizeof *c);
    bool good = c && line_cache_open(&c->answers);
    if (!good) {
        (void)fail_nomem(err);
    } else {
        c->models.base = p->s->allocated;
        progress shown;
        progress_begin(&shown, !options_has(&p->s->opts, OPT_QUIET), l->in->size);
        good = run_lines(p, c, l, &shown, r, err);
        progress_hide(&shown);
        cache_clear(&c->models);
        line_cache_close(&c->answers);
    }
    free(c);
    lines_close(l);
    return good;
}
