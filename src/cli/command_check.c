/* check: the findings about catalog data, "FILE:LINE:COLUMN: error: what is wrong [id]". */
#include "cli/io.h"
#include "cli/json_out.h"
#include "cli/session.h"

#include <string.h>

typedef struct findings {
    buf *b;
    bool json;
    json_out j;
    uint64_t errors, warnings;
} findings;

static void print_line(buf *b, const vf_finding *f)
{
    const vf_error *e = &f->error;
    buf_str(b, e->file[0] ? e->file : "built-in");
    if (e->line)
        buf_fmt(b, ":%u", e->line);
    if (e->line && e->column)
        buf_fmt(b, ":%u", e->column);
    buf_fmt(b, ": %s: ", f->is_error ? "error" : "warning");
    if (e->key[0])
        buf_fmt(b, "%s: ", e->key);
    buf_fmt(b, "%s [%s]\n", e->text, f->id ? f->id : "data");
}

static void print_object(json_out *j, const vf_finding *f)
{
    const vf_error *e = &f->error;
    json_open(j, NULL, '{');
    json_known_str(j, "file", e->file);
    json_known(j, "line", e->line);
    json_known(j, "column", e->column);
    json_str(j, "severity", f->is_error ? "error" : "warning");
    json_str(j, "id", f->id ? f->id : "data");
    json_known_str(j, "key", e->key);
    json_str(j, "message", e->text);
    json_close(j, '}');
}

static bool found(void *ctx, const vf_finding *f)
{
    findings *all = ctx;
    if (f->is_error)
        all->errors++;
    else
        all->warnings++;
    if (all->json)
        print_object(&all->j, f);
    else
        print_line(all->b, f);
    return true;
}

int command_check(session *s, vf_error *err)
{
    format_id format = session_format(s);
    findings all = {.b = &s->out, .json = format == FORMAT_JSON};
    if (format != FORMAT_TABLE && !all.json) {
        (void)fail_value(err, "--format", s->opts.value[OPT_FORMAT].text, "check has table and json");
        return EXIT_BAD;
    }
    if (!session_catalog(s, err))
        return EXIT_BAD;
    all.j = (json_out){.b = &s->out, .pretty = true};
    if (all.json) {
        json_open(&all.j, NULL, '{');
        json_u64(&all.j, "schema", 1);
        json_str(&all.j, "version", vf_version());
        json_open(&all.j, "findings", '[');
    }
    for (size_t i = 0; i < s->opts.n_plain; i++)
        if (!session_add_catalog(s, s->opts.plain[i], found, &all, err))
            return EXIT_BAD;
    *err = (vf_error){0};
    if (vf_catalog_check(s->catalog, &s->alloc, found, &all, err) == VF_ERR_NOMEM)
        return EXIT_BAD;
    if (all.json) {
        json_close(&all.j, ']');
        json_u64(&all.j, "errors", all.errors);
        json_u64(&all.j, "warnings", all.warnings);
        json_close(&all.j, '}');
        buf_str(&s->out, "\n");
    } else {
        buf_fmt(&s->out, "%llu error%s, %llu warning%s\n", (unsigned long long)all.errors, all.errors == 1 ? "" : "s",
                (unsigned long long)all.warnings, all.warnings == 1 ? "" : "s");
    }
    *err = (vf_error){0};
    return all.errors ? EXIT_BAD : EXIT_FITS;
}
