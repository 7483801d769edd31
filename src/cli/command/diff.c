/* diff: what a change of catalog data does: entries that came, went or differ, and verdicts that flip. */
#include "cli/text/csv.h"
#include "cli/text/io.h"
#include "cli/text/json_out.h"
#include "cli/ask/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One catalog of the two. */
typedef struct side {
    session s;
    const char *name;
    bool built_in; /**< all of its entries count; else those of its files */
    bool whole;    /**< laid out like data/: what is not in it is gone */
    plan p;
    bool planned;
} side;

/* One line of the answer. */
typedef struct change {
    const char *kind, *name, *change, *field, *old_value, *new_value;
} change;

typedef struct diff {
    session *s;
    side old, new;
    format_id format;
    json_out j;
    /* of the pair that is being compared */
    const char *kind, *name;
    uint64_t n_fields, n_entries, n_flips, n_cases;
} diff;

static const char *const kind_words[VF_KIND_COUNT] = {"model", "architecture", "quantization", "gpu", "runtime", "desktop"};

/* ---- output ---------------------------------------------------------------------------------- */

static void put_change(diff *d, const change *c)
{
    buf *b = &d->s->out;
    if (d->format == FORMAT_JSON) {
        json_open(&d->j, NULL, '{');
        json_str(&d->j, "kind", c->kind);
        json_str(&d->j, "name", c->name);
        json_str(&d->j, "change", c->change);
        if (c->field) {
            json_str(&d->j, "field", c->field);
            json_str(&d->j, "old", c->old_value);
            json_str(&d->j, "new", c->new_value);
        }
        json_close(&d->j, '}');
    } else if (d->format == FORMAT_TSV) {
        const char *cells[] = {c->kind, c->name, c->change, c->field, c->old_value, c->new_value};
        for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
            csv_cell(b, CSV_TAB, i == 0, cells[i] ? cells[i] : "");
        csv_end(b, CSV_TAB);
    } else {
        buf_fmt(b, "%s ", c->kind);
        buf_plain(b, c->name);
        buf_fmt(b, ": ");
        if (c->field) {
            buf_plain(b, c->field);
            buf_str(b, " ");
            buf_plain(b, c->old_value[0] ? c->old_value : "(none)");
            buf_str(b, " -> ");
            buf_plain(b, c->new_value[0] ? c->new_value : "(none)");
        } else {
            buf_str(b, c->change);
        }
        buf_str(b, "\n");
    }
}

static void begin(diff *d)
{
    d->j = (json_out){.b = &d->s->out, .pretty = true};
    if (d->format == FORMAT_TSV)
        buf_str(&d->s->out, "kind\tname\tchange\tfield\told\tnew\n");
    if (d->format != FORMAT_JSON)
        return;
    json_open(&d->j, NULL, '{');
    json_u64(&d->j, "schema", 1);
    json_str(&d->j, "version", vf_version());
    json_str(&d->j, "old", d->old.name);
    json_str(&d->j, "new", d->new.name);
    json_open(&d->j, "changes", '[');
}

static void end(diff *d)
{
    buf *b = &d->s->out;
    if (d->format == FORMAT_JSON) {
        json_close(&d->j, ']');
        json_u64(&d->j, "entries", d->n_entries);
        json_u64(&d->j, "fields", d->n_fields);
        json_u64(&d->j, "verdicts", d->n_flips);
        json_u64(&d->j, "cases", d->n_cases);
        json_close(&d->j, '}');
        buf_str(b, "\n");
    } else if (d->format == FORMAT_TABLE) {
        buf_fmt(b, "%llu entr%s changed", (unsigned long long)d->n_entries, d->n_entries == 1 ? "y" : "ies");
        if (d->n_cases)
            buf_fmt(b, ", %llu of %llu verdicts", (unsigned long long)d->n_flips, (unsigned long long)d->n_cases);
        buf_str(b, "\n");
    }
}

/* ---- entries --------------------------------------------------------------------------------- */

static bool counts(const side *x, vf_kind kind, uint32_t i)
{
    return x->built_in || vf_catalog_added(x->s.catalog, kind, i);
}

/* The entry of exactly that id, among those that count. */
static bool find(const side *x, vf_kind kind, const char *name, bool any, uint32_t *index)
{
    return vf_catalog_find(x->s.catalog, kind, name, index, NULL) == VF_OK &&
           strcmp(vf_catalog_name(x->s.catalog, kind, *index), name) == 0 && (any || counts(x, kind, *index));
}

static void differs(void *ctx, const char *key, const char *old_value, const char *new_value)
{
    diff *d = ctx;
    put_change(d, &(change){d->kind, d->name, "changed", key, old_value, new_value});
    d->n_fields++;
}

/* Whether an entry of OLD that is not in NEW's files is gone: a lone file on top of the built-in catalog
 * removes nothing. */
static bool is_removed(const diff *d, vf_kind kind, const char *name)
{
    uint32_t index;
    bool covers = d->new.built_in || d->new.whole || !d->old.built_in;
    return covers && !find(&d->new, kind, name, false, &index);
}

static void compare_kind(diff *d, vf_kind kind)
{
    uint32_t n_old = vf_catalog_count(d->old.s.catalog, kind), n_new = vf_catalog_count(d->new.s.catalog, kind), j;
    d->kind = kind_words[kind];
    for (uint32_t i = 0; i < n_old; i++) {
        const char *name = vf_catalog_name(d->old.s.catalog, kind, i);
        if (!counts(&d->old, kind, i) || !is_removed(d, kind, name))
            continue;
        put_change(d, &(change){d->kind, name, "removed", NULL, NULL, NULL});
        d->n_entries++;
    }
    for (uint32_t i = 0; i < n_new; i++) {
        uint64_t before = d->n_fields;
        d->name = vf_catalog_name(d->new.s.catalog, kind, i);
        if (!counts(&d->new, kind, i) || (d->new.built_in && !d->old.whole && !find(&d->old, kind, d->name, false, &j)))
            continue;
        if (find(&d->old, kind, d->name, false, &j)) {
            (void)vf_catalog_compare(d->old.s.catalog, j, d->new.s.catalog, i, kind, differs, d);
            d->n_entries += d->n_fields > before;
        } else {
            put_change(d, &(change){d->kind, d->name, "added", NULL, NULL, NULL});
            d->n_entries++;
        }
    }
}

/* ---- verdicts -------------------------------------------------------------------------------- */

/* A report that keeps the last row's verdict. */
typedef struct taker {
    report r;
    char verdict[16];
} taker;

static void take(report *r, const row *w)
{
    taker *t = (taker *)r;
    text_set(t->verdict, sizeof t->verdict, vf_verdict_name(w->result->verdict));
}

static const renderer taking = {NULL, take, NULL, NULL};

/* The verdict of a case; "refused" when it cannot be answered. */
static bool judge(side *x, uint32_t model, uint32_t quant, uint32_t gpu, taker *t, vf_error *err)
{
    subject sub = {0};
    text_set(t->verdict, sizeof t->verdict, "refused");
    t->r = (report){.renderer = &taking, .out = &x->s.out, .term = &x->s.term};
    bool good = subject_open_entry(&x->s, model, &sub, err) &&
                plan_case(&x->p, &sub, x->p.quant[quant], 0, &x->p.gpu[gpu], &t->r, err);
    subject_close(&sub);
    bool fatal = !good && err->status == VF_ERR_NOMEM;
    if (!fatal)
        *err = (vf_error){0};
    return !fatal;
}

static bool compare_verdicts(diff *d, uint32_t i, vf_error *err)
{
    uint32_t j;
    const char *name = vf_catalog_name(d->old.s.catalog, VF_KIND_MODEL, i);
    if (is_removed(d, VF_KIND_MODEL, name) || !find(&d->new, VF_KIND_MODEL, name, true, &j))
        return true;
    for (uint32_t g = 0; g < d->old.p.n_gpus; g++)
        for (uint32_t q = 0; q < d->old.p.n_quants; q++) {
            taker before, after;
            char field[VF_MAX_DEVICES * 70 + 64];
            if (!judge(&d->old, i, q, g, &before, err) || !judge(&d->new, j, q, g, &after, err))
                return false;
            d->n_cases++;
            if (strcmp(before.verdict, after.verdict) == 0)
                continue;
            d->n_flips++;
            const char *quant = d->old.p.quant[q];
            (void)snprintf(field, sizeof field, "%s%s%s", quant ? quant : "", quant ? " on " : "on ", d->old.p.gpu[g].label);
            put_change(d, &(change){"verdict", name, "flipped", field, before.verdict, after.verdict});
        }
    return true;
}

/* ---- the command ----------------------------------------------------------------------------- */

static bool is_whole(const char *path)
{
    char folder[4096];
    return io_kind(path) == FILE_FOLDER && io_join(path, true, "models", folder, sizeof folder) &&
           io_kind(folder) == FILE_FOLDER;
}

static bool open_side(diff *d, side *x, const char *path, vf_error *err)
{
    session_fork(&x->s, d->s);
    x->name = path;
    x->built_in = strcmp(path, BUILT_IN) == 0;
    x->whole = !x->built_in && is_whole(path);
    if (vf_catalog_new(&x->s.alloc, &x->s.catalog, err) != VF_OK)
        return false;
    if (!x->built_in && !session_add_catalog(&x->s, path, NULL, NULL, err))
        return false;
    if (!options_has(&d->s->opts, OPT_GPU))
        return true;
    x->planned = true; /* whatever plan_open has made by then, plan_close gives back */
    return plan_open(&x->p, &x->s, err);
}

static void close_side(side *x)
{
    if (x->planned)
        plan_close(&x->p);
    session_unfork(&x->s);
}

static bool compare(diff *d, vf_error *err)
{
    if (!open_side(d, &d->old, d->s->opts.plain[0], err) || !open_side(d, &d->new, d->s->opts.plain[1], err))
        return false;
    begin(d);
    for (int kind = 0; kind < VF_KIND_COUNT; kind++)
        compare_kind(d, (vf_kind)kind);
    bool good = true;
    uint32_t n = d->old.planned ? vf_catalog_count(d->old.s.catalog, VF_KIND_MODEL) : 0;
    for (uint32_t i = 0; good && i < n; i++)
        good = compare_verdicts(d, i, err);
    end(d);
    return good;
}

int command_diff(session *s, vf_error *err)
{
    format_id format = session_format(s);
    if (format != FORMAT_TABLE && format != FORMAT_JSON && format != FORMAT_TSV) {
        (void)fail_value(err, "--format", s->opts.value[OPT_FORMAT].text, "diff has table, json and tsv");
        return EXIT_BAD;
    }
    diff *d = calloc(1, sizeof *d);
    if (!d) {
        (void)fail_nomem(err);
        return EXIT_BAD;
    }
    d->s = s;
    d->format = format;
    bool good = compare(d, err);
    int status = !good ? EXIT_BAD : d->n_entries || d->n_flips ? EXIT_NO_FIT : EXIT_FITS;
    close_side(&d->old);
    close_side(&d->new);
    free(d);
    return status;
}
