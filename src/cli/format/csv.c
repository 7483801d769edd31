/* csv (RFC 4180) and tsv: the same columns (cli.md part 5), bytes, no notes. */
#include "cli/text/csv.h"
#include "cli/report/report.h"

static const char *const column[] = {"model", "quant", "runtime", "gpu", "context", "verdict", "need_bytes",
                                     "available_bytes", "headroom_bytes", "weights_bytes", "kv_cache_bytes",
                                     "compute_bytes", "runtime_bytes", "desktop_bytes", "margin_bytes"};

static void header(report *r, csv_style style)
{
    size_t n = sizeof column / sizeof column[0];
    for (size_t i = 0; i < n; i++)
        csv_cell(r->out, style, i == 0, column[i]);
    csv_end(r->out, style);
}

static void number(buf *b, csv_style style, int64_t v)
{
    buf_str(b, style == CSV_COMMA ? "," : "\t");
    if (v < 0)
        buf_str(b, "-");
    buf_u64(b, buf_magnitude(v));
}

static void line(report *r, const row *w, csv_style style)
{
    const vf_result *e = w->result;
    buf *b = r->out;
    uint64_t desktop = 0;
    for (uint32_t i = 0; i < e->n_devices; i++)
        desktop += e->device[i].desktop;
    csv_cell(b, style, true, w->model);
    csv_cell(b, style, false, w->quant);
    csv_cell(b, style, false, e->runtime);
    csv_cell(b, style, false, w->gpu);
    number(b, style, (int64_t)e->context);
    csv_cell(b, style, false, vf_verdict_name(e->verdict));
    number(b, style, (int64_t)e->need);
    number(b, style, (int64_t)e->available);
    number(b, style, e->headroom);
    for (int i = 0; i < VF_SEG_COUNT; i++)
        number(b, style, (int64_t)result_segment(e, (vf_segment)i));
    number(b, style, (int64_t)desktop);
    number(b, style, (int64_t)e->margin);
    csv_end(b, style);
}

static void csv_begin(report *r)
{
    header(r, CSV_COMMA);
}

static void csv_row(report *r, const row *w)
{
    line(r, w, CSV_COMMA);
}

static void tsv_begin(report *r)
{
    header(r, CSV_TAB);
}

static void tsv_row(report *r, const row *w)
{
    line(r, w, CSV_TAB);
}

const renderer format_csv = {csv_begin, csv_row, NULL, NULL};
const renderer format_tsv = {tsv_begin, tsv_row, NULL, NULL};
