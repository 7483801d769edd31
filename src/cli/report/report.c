#include "cli/report/report.h"
#include "cli/text/json_out.h"
#include "cli/report/picture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Past this many a JSON report counts errors instead of listing them, so that memory stays flat. */
#define ERROR_LIMIT 1000
/* Distinct notes that formats of lines say at their end. */
#define NOTE_LIMIT 16

static const renderer *const renderers[] = {
    [FORMAT_TABLE] = &format_table, [FORMAT_JSON] = &format_json,         [FORMAT_JSONL] = &format_jsonl, [FORMAT_CSV] = &format_csv,
    [FORMAT_TSV] = &format_tsv,     [FORMAT_MARKDOWN] = &format_markdown, [FORMAT_JUNIT] = &format_junit, [FORMAT_GITHUB] = &format_github,
    [FORMAT_SVG] = &format_svg,     [FORMAT_HTML] = &format_html,
};

void report_begin(report *r, const session *s, buf *out, bool single, size_t gpu_columns)
{
    *r = (report){.renderer = renderers[session_format(s)], .out = out, .term = &s->term, .single = single,
                  .gpu_columns = gpu_columns};
    if (s->lock != LOCK_NONE)
        r->renderer = s->lock == LOCK_WRITE ? &format_lock : &format_lock_check;
    r->differ = s->differ;
    r->list = s->opts.value[OPT_MODELS_FROM].text;
    r->from_list = r->list != NULL;
    if (r->list && strcmp(r->list, "-") == 0)
        r->list = NULL;
    r->explain = options_has(&s->opts, OPT_EXPLAIN);
    r->speed = r->explain || r->renderer == &format_json || r->renderer == &format_jsonl;
    r->curves = r->renderer == &format_svg || r->renderer == &format_html;
    if (r->renderer->begin)
        r->renderer->begin(r);
}

bool report_is_lined(const report *r)
{
    return r->curves || r->renderer == &format_lock || r->renderer == &format_lock_check || r->renderer == &format_github;
}

void report_row(report *r, const row *w)
{
    r->renderer->row(r, w);
    r->n_rows++;
}

void report_error(report *r, const vf_error *err)
{
    char where[400], message[800];
    error_where(err, where, sizeof where);
    error_message(err, message, sizeof message);
    if (r->renderer->error)
        r->renderer->error(r, where, message);
    if (r->n_errors++ >= ERROR_LIMIT)
        return;
    json_out j = {.b = &r->errors, .depth = 2, .pretty = true, .more = r->n_errors > 1};
    json_open(&j, NULL, '{');
    json_str(&j, "where", where);
    json_str(&j, "message", message);
    json_close(&j, '}');
}

void report_end(report *r)
{
    if (r->renderer->end)
        r->renderer->end(r);
    if (r->errors.failed || r->notes.failed)
        r->out->failed = true;
}

void report_free(report *r)
{
    buf_free(&r->errors);
    buf_free(&r->notes);
    if (r->picture)
        picture_free(r->picture);
    free(r->picture);
}

void row_note(row *w, const char *format, ...)
{
    if (w->n_notes == ROW_NOTES)
        return;
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(w->note[w->n_notes++], VF_NOTE_TEXT, format, ap);
    va_end(ap);
}

const char *row_get_note(const row *w, uint32_t i)
{
    if (i < w->n_notes)
        return w->note[i];
    i -= w->n_notes;
    return i < w->result->n_notes ? w->result->note[i] : NULL;
}

static bool is_kept(const report *r, const char *text, size_t n)
{
    const char *p = r->notes.p, *end = p ? p + r->notes.n : NULL;
    while (p && p < end) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        if (!stop)
            return false;
        if ((size_t)(stop - p) == n && memcmp(p, text, n) == 0)
            return true;
        p = stop + 1;
    }
    return false;
}

void report_keep_notes(report *r, const row *w)
{
    const char *note;
    for (uint32_t i = 0; (note = row_get_note(w, i)) && r->n_notes < NOTE_LIMIT; i++) {
        buf line = {0};
        buf_plain(&line, note);
        if (line.n && !is_kept(r, line.p, line.n)) {
            buf_add(&r->notes, line.p, line.n);
            buf_str(&r->notes, "\n");
            r->n_notes++;
        }
        if (line.failed)
            r->notes.failed = true;
        buf_free(&line);
    }
}

uint64_t result_segment(const vf_result *r, vf_segment segment)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < r->n_devices; i++)
        sum += r->device[i].segment[segment];
    return sum;
}
