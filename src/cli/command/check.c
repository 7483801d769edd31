/* check: the findings about catalog data: "FILE:LINE:COLUMN: error: what is wrong [id]", JSON, or SARIF 2.1.0
 * (OASIS, Static Analysis Results Interchange Format), which code review tools show beside the line. */
#include "cli/text/io.h"
#include "cli/text/json_out.h"
#include "cli/session.h"

#include <string.h>

typedef struct findings {
    buf *b;
    format_id format;
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

/* ---- SARIF ----------------------------------------------------------------------------------- */

static const char *level_of(bool is_error)
{
    return is_error ? "error" : "warning";
}

static void sarif_message(json_out *j, const char *key, const char *text)
{
    json_open(j, key, '{');
    json_str(j, "text", text);
    json_close(j, '}');
}

static void sarif_begin(json_out *j)
{
    const vf_check_rule *rule;
    json_open(j, NULL, '{');
    json_str(j, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    json_str(j, "version", "2.1.0");
    json_open(j, "runs", '[');
    json_open(j, NULL, '{');
    json_open(j, "tool", '{');
    json_open(j, "driver", '{');
    json_str(j, "name", "vramfit");
    json_str(j, "version", vf_version());
    json_open(j, "rules", '[');
    for (uint32_t i = 0; (rule = vf_catalog_check_rule(i)) != NULL; i++) {
        json_open(j, NULL, '{');
        json_str(j, "id", rule->id);
        sarif_message(j, "shortDescription", rule->text);
        json_open(j, "defaultConfiguration", '{');
        json_str(j, "level", level_of(rule->is_error));
        json_close(j, '}');
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
    json_close(j, '}');
    json_str(j, "columnKind", "unicodeCodePoints");
    json_open(j, "results", '[');
}

/* A file's name as a relative reference of a URI: what is neither plain nor a slash as %XX. */
static void uri_of(const char *file, buf *out)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    for (; *file; file++)
        if (strchr(plain, *file))
            buf_add(out, file, 1);
        else
            buf_fmt(out, "%%%02X", (unsigned)(unsigned char)*file);
    buf_add(out, "", 1);
}

static void sarif_place(json_out *j, const vf_error *e)
{
    buf uri = {0};
    json_open(j, "locations", '[');
    json_open(j, NULL, '{');
    if (e->file[0]) {
        uri_of(e->file, &uri);
        json_open(j, "physicalLocation", '{');
        json_open(j, "artifactLocation", '{');
        json_str(j, "uri", uri.failed ? "" : uri.p);
        json_close(j, '}');
        if (e->line) {
            json_open(j, "region", '{');
            json_u64(j, "startLine", e->line);
            if (e->column)
                json_u64(j, "startColumn", e->column);
            json_close(j, '}');
        }
        json_close(j, '}');
    }
    if (e->key[0]) {
        json_open(j, "logicalLocations", '[');
        json_open(j, NULL, '{');
        json_str(j, "fullyQualifiedName", e->key);
        json_close(j, '}');
        json_close(j, ']');
    }
    json_close(j, '}');
    json_close(j, ']');
    buf_free(&uri);
}

static void sarif_result(json_out *j, const vf_finding *f)
{
    json_open(j, NULL, '{');
    json_str(j, "ruleId", f->id);
    json_str(j, "level", level_of(f->is_error));
    sarif_message(j, "message", f->error.text);
    if (f->error.file[0] || f->error.key[0])
        sarif_place(j, &f->error);
    json_close(j, '}');
}

static void sarif_end(json_out *j)
{
    json_close(j, ']');
    json_close(j, '}');
    json_close(j, ']');
    json_close(j, '}');
}

/* ---- all formats ----------------------------------------------------------------------------- */

static bool found(void *ctx, const vf_finding *f)
{
    findings *all = ctx;
    if (f->is_error)
        all->errors++;
    else
        all->warnings++;
    if (all->format == FORMAT_JSON)
        print_object(&all->j, f);
    else if (all->format == FORMAT_SARIF)
        sarif_result(&all->j, f);
    else
        print_line(all->b, f);
    return true;
}

static void begin(findings *all)
{
    all->j = (json_out){.b = all->b, .pretty = true};
    if (all->format == FORMAT_SARIF)
        sarif_begin(&all->j);
    if (all->format != FORMAT_JSON)
        return;
    json_open(&all->j, NULL, '{');
    json_u64(&all->j, "schema", 1);
    json_str(&all->j, "version", vf_version());
    json_open(&all->j, "findings", '[');
}

static void end(findings *all)
{
    if (all->format == FORMAT_SARIF) {
        sarif_end(&all->j);
        buf_str(all->b, "\n");
    } else if (all->format == FORMAT_JSON) {
        json_close(&all->j, ']');
        json_u64(&all->j, "errors", all->errors);
        json_u64(&all->j, "warnings", all->warnings);
        json_close(&all->j, '}');
        buf_str(all->b, "\n");
    } else {
        buf_fmt(all->b, "%llu error%s, %llu warning%s\n", (unsigned long long)all->errors, all->errors == 1 ? "" : "s",
                (unsigned long long)all->warnings, all->warnings == 1 ? "" : "s");
    }
}

int command_check(session *s, vf_error *err)
{
    findings all = {.b = &s->out, .format = session_format(s)};
    if (all.format != FORMAT_TABLE && all.format != FORMAT_JSON && all.format != FORMAT_SARIF) {
        (void)fail_value(err, "--format", s->opts.value[OPT_FORMAT].text, "check has table, json and sarif");
        return EXIT_BAD;
    }
    if (!session_catalog(s, err))
        return EXIT_BAD;
    begin(&all);
    for (size_t i = 0; i < s->opts.n_plain; i++)
        if (!session_add_catalog(s, s->opts.plain[i], found, &all, err))
            return EXIT_BAD;
    *err = (vf_error){0};
    if (vf_catalog_check(s->catalog, &s->alloc, found, &all, err) == VF_ERR_NOMEM)
        return EXIT_BAD;
    end(&all);
    *err = (vf_error){0};
    return all.errors ? EXIT_BAD : EXIT_FITS;
}
