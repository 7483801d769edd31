/* Formats that continuous integration shows: junit, a test case for each row (the schema of Apache Ant's report, as
 * GitLab, Jenkins and others read it), and github, the workflow commands that annotate a run. */
#include "cli/report/report.h"

#include <string.h>

static void put_need(buf *b, const row *w)
{
    const vf_result *e = w->result;
    buf_fmt(b, "%s: needs ", vf_verdict_name(e->verdict));
    buf_bytes(b, (int64_t)e->need);
    buf_str(b, " of ");
    buf_bytes(b, (int64_t)e->available);
    buf_str(b, e->headroom < 0 ? ", too much by " : ", to spare ");
    buf_bytes(b, e->headroom < 0 ? -e->headroom : e->headroom);
}

static void put_what(buf *b, const row *w)
{
    buf_fmt(b, "%s %s, context ", w->model, w->quant);
    buf_u64(b, w->result->context);
}

/* Text made by `put`, escaped. */
static void put_escaped(report *r, const row *w, void (*put)(buf *, const row *), void (*escape)(buf *, const char *))
{
    buf text = {0};
    put(&text, w);
    buf_add(&text, "", 1);
    if (text.failed)
        r->out->failed = true;
    else
        escape(r->out, text.p);
    buf_free(&text);
}

static void junit_begin(report *r)
{
    buf_str(r->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"vramfit\">\n");
}

static void junit_row(report *r, const row *w)
{
    static const char *const element[] = {[VF_FIT] = "system-out", [VF_FRAGILE] = "skipped", [VF_NO_FIT] = "failure"};
    const char *name = element[w->result->verdict];
    bool fits = w->result->verdict == VF_FIT;
    buf_str(r->out, "<testcase classname=\"");
    buf_xml(r->out, w->gpu);
    buf_str(r->out, "\" name=\"");
    put_escaped(r, w, put_what, buf_xml);
    buf_fmt(r->out, "\"><%s%s", name, fits ? ">" : " message=\"");
    put_escaped(r, w, put_need, buf_xml);
    if (fits)
        buf_fmt(r->out, "</%s></testcase>\n", name);
    else
        buf_str(r->out, "\"/></testcase>\n");
}

static void junit_error(report *r, const char *where, const char *message)
{
    buf_str(r->out, "<testcase classname=\"vramfit\" name=\"");
    buf_xml(r->out, where);
    buf_str(r->out, "\"><error message=\"");
    buf_xml(r->out, message);
    buf_str(r->out, "\"/></testcase>\n");
}

static void junit_end(report *r)
{
    buf_str(r->out, "</testsuite>\n</testsuites>\n");
}

/* A workflow command's text; a property's value may hold neither ':' nor ',' besides. */
static void put_command(buf *b, const char *text, bool property)
{
    buf plain = {0};
    buf_plain(&plain, text);
    for (size_t i = 0; i < plain.n; i++) {
        unsigned char c = (unsigned char)plain.p[i];
        if (c == '%' || (property && (c == ':' || c == ',')))
            buf_fmt(b, "%%%02X", (unsigned)c);
        else
            buf_add(b, plain.p + i, 1);
    }
    b->failed = b->failed || plain.failed;
    buf_free(&plain);
}

static void put_text(buf *b, const char *text)
{
    put_command(b, text, false);
}

static void put_level(report *r, const char *level)
{
    buf_str(r->out, level);
    if (r->list) {
        buf_str(r->out, " file=");
        put_command(r->out, r->list, true);
        buf_str(r->out, ",line=");
        buf_u64(r->out, r->line_number);
    }
    buf_str(r->out, "::");
}

static void put_annotation(buf *b, const row *w)
{
    put_what(b, w);
    buf_fmt(b, " on %s: ", w->gpu);
    put_need(b, w);
}

static void github_row(report *r, const row *w)
{
    if (w->result->verdict == VF_FIT)
        return;
    put_level(r, w->result->verdict == VF_NO_FIT ? "::error" : "::warning");
    put_escaped(r, w, put_annotation, put_text);
    buf_str(r->out, "\n");
}

static void github_error(report *r, const char *where, const char *message)
{
    put_level(r, "::error");
    put_text(r->out, where);
    buf_str(r->out, ": ");
    put_text(r->out, message);
    buf_str(r->out, "\n");
}

const renderer format_junit = {junit_begin, junit_row, junit_end, junit_error};
const renderer format_github = {NULL, github_row, NULL, github_error};
