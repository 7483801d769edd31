/* markdown: a table for people, in binary units, and the notes under it. */
#include "cli/text/csv.h"
#include "cli/report/report.h"

#include <string.h>

static const char *const column[] = {"model",   "quant", "runtime", "GPU",  "context",  "verdict",
                                     "weights", "cache", "compute", "need", "available", "headroom"};

static void begin(report *r)
{
    size_t n = sizeof column / sizeof column[0];
    for (size_t i = 0; i < n; i++)
        csv_cell(r->out, CSV_MARKDOWN, i == 0, column[i]);
    csv_end(r->out, CSV_MARKDOWN);
    csv_rule(r->out, n);
}

static void bytes(buf *b, int64_t v)
{
    buf_str(b, " | ");
    buf_bytes(b, v);
}

static void markdown_row(report *r, const row *w)
{
    const vf_result *e = w->result;
    buf *b = r->out;
    csv_cell(b, CSV_MARKDOWN, true, w->model);
    csv_cell(b, CSV_MARKDOWN, false, w->quant);
    csv_cell(b, CSV_MARKDOWN, false, e->runtime);
    csv_cell(b, CSV_MARKDOWN, false, w->gpu);
    buf_str(b, " | ");
    buf_u64(b, e->context);
    csv_cell(b, CSV_MARKDOWN, false, vf_verdict_name(e->verdict));
    bytes(b, (int64_t)result_segment(e, VF_SEG_WEIGHTS));
    bytes(b, (int64_t)result_segment(e, VF_SEG_KV_CACHE));
    bytes(b, (int64_t)result_segment(e, VF_SEG_COMPUTE));
    bytes(b, (int64_t)e->need);
    bytes(b, (int64_t)e->available);
    bytes(b, e->headroom);
    csv_end(b, CSV_MARKDOWN);
    report_keep_notes(r, w);
}

static void end(report *r)
{
    const char *p = r->notes.p, *stop = p ? p + r->notes.n : NULL;
    if (p && p < stop)
        buf_str(r->out, "\n");
    while (p && p < stop) {
        const char *line = memchr(p, '\n', (size_t)(stop - p));
        size_t n = line ? (size_t)(line - p) + 1 : (size_t)(stop - p);
        buf_str(r->out, "- ");
        buf_add(r->out, p, n);
        p += n;
    }
}

const renderer format_markdown = {begin, markdown_row, end, NULL};
