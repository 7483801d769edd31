/* html: a page that stands alone, without scripts and without the network: what svg shows, and the numbers. */
#include "cli/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void begin(report *r)
{
    r->picture = calloc(1, sizeof *r->picture);
    if (!r->picture)
        r->out->failed = true;
}

static void keep(report *r, const row *w)
{
    if (r->picture)
        picture_add(r->picture, w);
    report_keep_notes(r, w);
}

static void style(buf *b)
{
    draw_style(b);
    buf_str(b,
        "<style>\n"
        "html{color-scheme:light dark}body.vf{margin:0;background:var(--bg);color:var(--ink);font-size:15px;line-height:1.5}\n"
        "main{max-width:52rem;margin:0 auto;padding:1.5rem 1rem 3rem}h1{font-size:1.4rem;line-height:1.3;margin:0 0 .3rem}\n"
        "h2{font-size:1.05rem;margin:1.8rem 0 .3rem}p{margin:.2rem 0 .6rem}.soft{color:var(--soft)}\n"
        ".badge{display:inline-block;padding:0 .6em;border:2px solid;border-radius:1em;font-size:.9rem;font-weight:600;white-space:nowrap}\n"
        "main .v0{color:var(--good)}main .v1{color:var(--warn)}main .v2{color:var(--bad)}\n"
        ".bar{position:relative;display:flex;height:2.6rem;margin:.3rem 0 .6rem}.bar>span{flex:none;overflow:hidden;box-sizing:border-box;container-type:inline-size}\n"
        "@container (max-width:5rem){.bar b{display:none}}\n"
        ".bar b{font-weight:500;font-size:.8rem;line-height:2.6rem;padding:0 .5em;white-space:nowrap}\n"
        ".bar i{position:absolute;top:0;bottom:0;left:0;border:1.5px solid var(--ink);box-sizing:border-box;pointer-events:none}\n"
        ".bar u{position:absolute;top:-4px;bottom:-4px;border:2px dashed var(--bad);box-sizing:border-box;pointer-events:none}\n"
        "span.pw{background:#0072b2;color:#fff}span.pk{background:#e69f00;color:#111}span.pc{background:#009e73;color:#111}\n"
        "span.pr{background:#cc79a7;color:#111}span.pd,span.ps,span.po,span.pl{background-color:var(--held)}\n"
        "span.pm,span.pf{background-color:var(--free)}\n"
        "span.pk{background-image:repeating-linear-gradient(135deg,#0003 0 1px,transparent 1px 7px)}\n"
        "span.pc{background-image:radial-gradient(#0005 1.2px,transparent 1.6px);background-size:8px 8px}\n"
        "span.pr{background-image:repeating-linear-gradient(90deg,#0003 0 1px,transparent 1px 7px)}\n"
        "span.pd{background-image:repeating-linear-gradient(45deg,#0003 0 1px,transparent 1px 7px),"
        "repeating-linear-gradient(135deg,#0003 0 1px,transparent 1px 7px)}\n"
        "span.ps{background-image:repeating-linear-gradient(45deg,#0004 0 1px,transparent 1px 7px)}\n"
        "span.pm{background-image:repeating-linear-gradient(135deg,#8886 0 1px,transparent 1px 7px)}\n"
        ".key{display:inline-block;width:.9em;height:.9em;margin-right:.4em;vertical-align:-.1em}\n"
        ".wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}\n"
        "th,td{padding:.25rem .7rem .25rem 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}\n"
        "td.n,th.n{text-align:right}td.n,th.n,td.v0,td.v1,td.v2{white-space:nowrap}code{font-size:.92em}svg{display:block;max-width:100%;height:auto}\n"
        ".chart{overflow-x:auto}.chart svg{min-width:38rem}li{margin:.15rem 0}footer{margin-top:2rem;font-size:.85rem}\n"
        "</style>\n");
}

static void text(buf *b, const char *open, const char *content, const char *close)
{
    buf_str(b, open);
    buf_xml(b, content);
    buf_str(b, close);
}

/* A share as a percentage, of sizes up to 2^60. */
static void percent(buf *b, const char *name, uint64_t part, uint64_t scale)
{
    buf_fmt(b, "%s:", name);
    buf_ratio(b, part / 1024 * 100, scale / 1024 + 1, 3);
    buf_str(b, "%");
}

static void span(buf *b, int kind, uint64_t bytes, uint64_t scale)
{
    if (bytes == 0)
        return;
    buf_fmt(b, "<span class=\"%s\" style=\"", portion_class[kind]);
    percent(b, "width", bytes, scale);
    buf_fmt(b, "\" title=\"%s ", portion_name[kind]);
    buf_bytes(b, (int64_t)bytes);
    buf_fmt(b, "\" data-bytes=\"%llu\"><b>%s</b></span>", (unsigned long long)bytes, portion_name[kind]);
}

static void card(buf *b, const vf_device_result *d, uint64_t scale)
{
    uint64_t bytes[PORTION_KINDS], sum = 0;
    picture_portions(d, bytes);
    buf_str(b, "<div class=\"bar\">");
    for (int k = 0; k < PORTION_KINDS; k++) {
        span(b, k, bytes[k], scale);
        sum += bytes[k];
    }
    buf_str(b, "<i style=\"");
    percent(b, "width", d->total, scale);
    buf_str(b, "\"></i>");
    if (sum > d->total) {
        buf_str(b, "<u style=\"");
        percent(b, "left", d->total, scale);
        percent(b, ";width", sum - d->total, scale);
        buf_str(b, "\"></u>");
    }
    buf_str(b, "</div>\n");
}

static void number(buf *b, int64_t v)
{
    buf_str(b, "<td class=\"n\">");
    buf_bytes(b, v);
    buf_str(b, "</td>");
}

static void verdict(buf *b, const char *tag, const char *class, vf_verdict v)
{
    buf_fmt(b, "<%s class=\"%sv%d\">%s</%s>", tag, class, (int)v, verdict_sign(v), tag);
}

/* The portions of every card, a column each. */
static void card_table(buf *b, const picture_row *r)
{
    buf_str(b, "<div class=\"wide\"><table><thead><tr><th>portion</th>");
    for (uint32_t d = 0; d < r->n_devices; d++)
        text(b, "<th class=\"n\">", r->device[d].name, "</th>");
    buf_str(b, "</tr></thead><tbody>\n");
    for (int k = 0; k < PORTION_KINDS; k++) {
        uint64_t bytes[PORTION_KINDS], any = 0;
        for (uint32_t d = 0; d < r->n_devices; d++) {
            picture_portions(&r->device[d], bytes);
            any |= bytes[k];
        }
        if (!any)
            continue;
        buf_fmt(b, "<tr><td><span class=\"key %s\"></span>%s</td>", portion_class[k], portion_name[k]);
        for (uint32_t d = 0; d < r->n_devices; d++) {
            picture_portions(&r->device[d], bytes);
            number(b, (int64_t)bytes[k]);
        }
        buf_str(b, "</tr>\n");
    }
    static const char *const name[] = {"need", "total", "headroom"};
    for (int i = 0; i < 3; i++) {
        text(b, "<tr><th>", name[i], "</th>");
        for (uint32_t d = 0; d < r->n_devices; d++)
            number(b, i == 0 ? (int64_t)r->device[d].need : i == 1 ? (int64_t)r->device[d].total : r->device[d].headroom);
        buf_str(b, "</tr>\n");
    }
    buf_str(b, "</tbody></table></div>\n");
}

static void host(buf *b, const picture_row *r)
{
    static const char *const name[] = {"weights", "KV cache", "compute", "output"};
    const char *comma = " ";
    if (!(r->host[0] | r->host[1] | r->host[2] | r->host[3]))
        return;
    buf_str(b, "<p class=\"soft\">System memory:");
    for (int i = 0; i < 4; i++) {
        if (!r->host[i])
            continue;
        buf_fmt(b, "%s%s ", comma, name[i]);
        buf_bytes(b, (int64_t)r->host[i]);
        comma = ", ";
    }
    buf_str(b, ".</p>\n");
}

static void suggestions(buf *b, const picture_row *r)
{
    if (r->n_suggestions == 0)
        return;
    buf_str(b, "<h2>Any one of these would do</h2>\n<ul>\n");
    for (uint32_t i = 0; i < r->n_suggestions; i++) {
        const suggestion *g = &r->suggestion[i];
        text(b, "<li><code>", g->change, "</code>: ");
        verdict(b, "span", "", g->verdict);
        buf_str(b, ", needs ");
        buf_bytes(b, (int64_t)g->need);
        buf_str(b, "</li>\n");
    }
    buf_str(b, "</ul>\n");
}

static void heading(buf *b, const picture_row *r, const char *tag)
{
    buf_fmt(b, "<%s>", tag);
    buf_xml(b, r->model);
    text(b, ", ", r->quant, " on ");
    buf_xml(b, r->gpu);
    buf_fmt(b, "</%s>\n<p>", tag);
    verdict(b, "span", "badge ", r->verdict);
    text(b, " <span class=\"soft\">", r->said, "</span>");
    if (r->n_devices) {
        buf_str(b, "<br>needs ");
        buf_bytes(b, (int64_t)r->need);
        buf_str(b, " of ");
        buf_bytes(b, (int64_t)r->available);
        buf_str(b, " available, ");
        buf_bytes(b, r->headroom < 0 ? -r->headroom : r->headroom);
        buf_str(b, r->headroom < 0 ? " too much" : " to spare");
        buf_str(b, r->n_devices > 1 ? " on the tightest card" : "");
    }
    buf_str(b, "</p>\n");
}

static void matrix_table(buf *b, const picture *p)
{
    matrix m;
    if (matrix_make(p, &m)) {
        buf_str(b, "<div class=\"wide\"><table><thead><tr><th>model</th>");
        for (size_t g = 0; g < m.n_gpus; g++)
            text(b, "<th>", m.gpu[g]->gpu, "</th>");
        buf_str(b, "</tr></thead><tbody>\n");
        for (size_t i = 0; i < m.n_models; i++) {
            text(b, "<tr><td>", m.model[i]->model, " ");
            text(b, "", m.model[i]->quant, "</td>");
            for (size_t g = 0; g < m.n_gpus; g++) {
                const picture_row *c = m.cell[i * m.n_gpus + g];
                if (c)
                    verdict(b, "td", "", c->verdict);
                else
                    buf_str(b, "<td>refused</td>");
            }
            buf_str(b, "</tr>\n");
        }
        buf_str(b, "</tbody></table></div>\n");
    }
    matrix_free(&m);
}

static void chart(buf *b, const picture *p)
{
    buf body = {0};
    if (!draw_has_curves(p))
        return;
    unsigned y = draw_curves(&body, 0, p);
    buf_fmt(b, "<h2>Memory over context length</h2>\n<div class=\"chart\"><svg class=\"vf\" viewBox=\"0 0 %d %u\" role=\"img\" "
            "aria-label=\"Memory over context length\">\n", DRAW_WIDTH, y);
    draw_patterns(b);
    buf_add(b, body.p, body.n);
    buf_str(b, "</svg></div>\n");
    b->failed = b->failed || body.failed;
    buf_free(&body);
}

/* All rows in numbers. */
static void rows_table(buf *b, const picture *p)
{
    buf_str(b, "<h2>In numbers</h2>\n<div class=\"wide\"><table><thead><tr><th>model</th><th>quantization</th><th>GPU</th>"
               "<th>verdict</th><th class=\"n\">need</th><th class=\"n\">available</th><th class=\"n\">headroom</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < p->n; i++) {
        const picture_row *r = &p->row[i];
        text(b, "<tr><td>", r->model, "</td>");
        text(b, "<td>", r->quant, "</td>");
        text(b, "<td>", r->gpu, "</td>");
        verdict(b, "td", "", r->verdict);
        number(b, (int64_t)r->need);
        number(b, (int64_t)r->available);
        number(b, r->headroom);
        buf_str(b, "</tr>\n");
    }
    buf_str(b, "</tbody></table></div>\n");
}

/* Which colour is what. */
static void legend(buf *b, const picture *p)
{
    buf_str(b, "<p class=\"soft\">");
    for (int k = 0; k < PORTION_KINDS; k++)
        if (picture_has(p, k))
            buf_fmt(b, "<span class=\"key %s\"></span>%s &ensp; ", portion_class[k], portion_name[k]);
    buf_str(b, "</p>\n");
}

static void notes(buf *b, const report *r)
{
    const char *p = r->notes.p, *stop = p ? p + r->notes.n : NULL;
    if (!r->notes.n)
        return;
    buf_str(b, "<h2>Notes</h2>\n<ul class=\"soft\">\n");
    while (p && p < stop) {
        char line[4 * VF_NOTE_TEXT];
        size_t n = (size_t)((const char *)memchr(p, '\n', (size_t)(stop - p)) - p), m = n < sizeof line ? n : sizeof line - 1;
        memcpy(line, p, m);
        line[m] = 0;
        text(b, "<li>", line, "</li>\n");
        p += n + 1;
    }
    buf_str(b, "</ul>\n");
}

static void end(report *r)
{
    buf *b = r->out;
    const picture *p = r->picture;
    if (!p)
        return;
    uint64_t scale = picture_scale(p);
    bool one = p->n == 1;
    buf_str(b, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    buf_xml(b, one ? p->row[0].model : "Language models on graphics cards");
    buf_str(b, " - vramfit</title>\n");
    style(b);
    buf_str(b, "</head>\n<body class=\"vf\">\n<main>\n");
    if (!one)
        buf_str(b, "<h1>Language models on graphics cards</h1>\n");
    matrix_table(b, p);
    if (!one)
        legend(b, p);
    for (size_t i = 0; i < p->n; i++) {
        const picture_row *one_row = &p->row[i];
        heading(b, one_row, one ? "h1" : "h2");
        for (uint32_t d = 0; d < one_row->n_devices; d++) {
            if (one_row->n_devices > 1)
                text(b, "<p class=\"soft\">", one_row->device[d].name, "</p>\n");
            card(b, &one_row->device[d], scale);
        }
        if (one && one_row->n_devices)
            card_table(b, one_row);
        if (one)
            host(b, one_row);
        suggestions(b, one_row);
    }
    chart(b, p);
    if (!one)
        rows_table(b, p);
    notes(b, r);
    buf_fmt(b, "<footer class=\"soft\">Made by vramfit %s.</footer>\n</main>\n</body>\n</html>\n", vf_version());
}

const renderer format_html = {begin, keep, end, NULL};
