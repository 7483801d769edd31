/* html: a page that stands alone, without scripts and without the network: what svg shows, and the numbers. */
#include "cli/format/draw.h"
#include "cli/format/html_style.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- small parts ---------------------------------------------------------------------------- */

static void text(buf *b, const char *open, const char *content, const char *close)
{
    buf_str(b, open);
    buf_xml(b, content);
    buf_str(b, close);
}

static void number(buf *b, int64_t v)
{
    buf_str(b, "<td class=\"n\">");
    buf_bytes(b, v);
    buf_str(b, "</td>");
}

static void exact(buf *b, int64_t v)
{
    buf_fmt(b, "<td class=\"n soft\">%lld</td>", (long long)v);
}

static void verdict(buf *b, const char *tag, const char *class, vf_verdict v)
{
    buf_fmt(b, "<%s class=\"%sv%d\">%s</%s>", tag, class, (int)v, verdict_sign(v), tag);
}

/* Opens a table of which the caption says what it is, and the first columns' names. */
static void table(buf *b, const char *caption, const char *first)
{
    buf_fmt(b, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n<table><caption>%s</caption>\n<thead><tr>", caption, caption);
    buf_str(b, first);
}

static void table_end(buf *b)
{
    buf_str(b, "</tbody></table>\n</div>\n");
}

/* ---- bars ----------------------------------------------------------------------------------- */

/* A share as a percentage, of sizes up to 2^60. */
static void percent(buf *b, const char *name, uint64_t share, uint64_t scale)
{
    buf_fmt(b, "%s:", name);
    buf_ratio(b, share / 1024 * 100, scale / 1024 + 1, 3);
    buf_str(b, "%");
}

/* A piece of a portion of `whole` bytes; one of its pieces has the words. */
static void span(buf *b, int kind, uint64_t bytes, uint64_t whole, bool words, uint64_t scale)
{
    char amount[24];
    if (bytes == 0)
        return;
    draw_amount(amount, (int64_t)whole);
    buf_fmt(b, "<span class=\"%s\" style=\"", portion_class[kind]);
    percent(b, "width", bytes, scale);
    buf_fmt(b, "\" title=\"%s %s\" data-portion=\"%s\" data-bytes=\"%llu\">", portion_name[kind], amount, portion_name[kind],
            (unsigned long long)bytes);
    if (words)
        buf_fmt(b, "<b>%s<small>%s</small></b>", portion_name[kind], amount);
    buf_str(b, "</span>");
}

static void card(buf *b, const vf_device_result *d, uint64_t scale)
{
    uint64_t bytes[PORTION_KINDS], sum = picture_portions(d, bytes), before = 0;
    text(b, "<div class=\"bar\" role=\"img\" aria-label=\"", d->name, "");
    for (int k = 0; k < PORTION_KINDS; k++) {
        if (!bytes[k])
            continue;
        buf_fmt(b, ", %s ", portion_name[k]);
        buf_bytes(b, (int64_t)bytes[k]);
    }
    buf_str(b, "\">");
    for (int k = 0; k < PORTION_KINDS; k++) { /* the card's end may cut a portion in two */
        uint64_t room = before < d->total ? d->total - before : 0, inside = bytes[k] < room ? bytes[k] : room, beyond = bytes[k] - inside;
        span(b, k, inside, bytes[k], inside >= beyond, scale);
        span(b, k, beyond, bytes[k], inside < beyond, scale);
        before += bytes[k];
    }
    buf_str(b, "<i style=\"");
    percent(b, "width", d->total, scale);
    buf_str(b, "\"></i>");
    if (sum > d->total) {
        buf_fmt(b, "<u%s style=\"", d->headroom < 0 ? "" : " class=\"thin\"");
        percent(b, "left", d->total, scale);
        percent(b, ";width", sum - d->total, scale);
        buf_str(b, "\"></u>");
    }
    buf_str(b, "</div>\n");
}

/* Which colour is what. */
static void legend(buf *b, const picture *p)
{
    buf_str(b, "<ul class=\"legend\">\n");
    for (int k = 0; k < PORTION_KINDS; k++)
        if (picture_has(p, k))
            buf_fmt(b, "<li><span class=\"key %s\"></span>%s</li>\n", portion_class[k], portion_name[k]);
    buf_str(b, "</ul>\n");
}

/* ---- one answer ----------------------------------------------------------------------------- */

static void portion_row(buf *b, const picture_row *r, int kind)
{
    uint64_t bytes[PORTION_KINDS], any = 0;
    for (uint32_t d = 0; d < r->n_devices; d++) {
        (void)picture_portions(&r->device[d], bytes);
        any |= bytes[kind];
    }
    if (!any)
        return;
    buf_fmt(b, "<tr><th scope=\"row\"><span class=\"key %s\"></span>%s</th>", portion_class[kind], portion_name[kind]);
    for (uint32_t d = 0; d < r->n_devices; d++) {
        (void)picture_portions(&r->device[d], bytes);
        number(b, (int64_t)bytes[kind]);
        exact(b, (int64_t)bytes[kind]);
    }
    buf_str(b, "</tr>\n");
}

/* The portions of every card, in binary units and to the byte. */
static void card_table(buf *b, const picture_row *r)
{
    static const char *const name[] = {"need", "available", "headroom", "total"};
    table(b, "Memory of each card, bytes at the right", "<th scope=\"col\">portion</th>");
    for (uint32_t d = 0; d < r->n_devices; d++)
        text(b, "<th class=\"n\" scope=\"colgroup\" colspan=\"2\">", r->device[d].name, "</th>");
    buf_str(b, "</tr></thead>\n<tbody>\n");
    for (int k = 0; k < PORTION_KINDS; k++)
        portion_row(b, r, k);
    for (int i = 0; i < 4; i++) {
        text(b, i == 0 ? "<tr class=\"sum\"><th scope=\"row\">" : "<tr><th scope=\"row\">", name[i], "</th>");
        for (uint32_t d = 0; d < r->n_devices; d++) {
            const vf_device_result *e = &r->device[d];
            const int64_t v[] = {(int64_t)e->need, (int64_t)e->available, e->headroom, (int64_t)e->total};
            number(b, v[i]);
            exact(b, v[i]);
        }
        buf_str(b, "</tr>\n");
    }
    table_end(b);
}

static void host(buf *b, const picture_row *r)
{
    static const char *const name[] = {"weights", "KV cache", "compute", "output"};
    if (!(r->host[0] | r->host[1] | r->host[2] | r->host[3]))
        return;
    table(b, "System memory, bytes at the right", "<th scope=\"col\">portion</th><th class=\"n\" scope=\"colgroup\" colspan=\"2\">system memory</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < 4; i++) {
        if (!r->host[i])
            continue;
        text(b, "<tr><th scope=\"row\">", name[i], "</th>");
        number(b, (int64_t)r->host[i]);
        exact(b, (int64_t)r->host[i]);
        buf_str(b, "</tr>\n");
    }
    table_end(b);
}

/* What is loaded beside the model, and how each is started. */
static void members(buf *b, const picture_row *r)
{
    if (r->n_members == 0)
        return;
    table(b, "Loaded beside the model, counted above",
          "<th scope=\"col\">what</th><th class=\"n\" scope=\"col\">weights</th><th class=\"n\" scope=\"col\">KV cache</th>"
          "<th class=\"n\" scope=\"col\">compute</th><th class=\"n\" scope=\"col\">runtime</th><th class=\"n\" scope=\"col\">system</th></tr></thead>\n<tbody>\n");
    for (uint32_t i = 0; i < r->n_members; i++) {
        const picture_member *m = &r->member[i];
        const uint64_t v[] = {m->weights, m->kv_cache, m->compute, m->runtime, m->host};
        text(b, "<tr><th scope=\"row\">", m->name, "</th>");
        for (size_t k = 0; k < sizeof v / sizeof v[0]; k++)
            number(b, (int64_t)v[k]);
        buf_str(b, "</tr>\n");
    }
    table_end(b);
    if (!r->command)
        return;
    text(b, "<p>Started with</p>\n<pre><code>", r->command, "\n");
    for (uint32_t i = 0; i < r->n_members; i++)
        if (r->member[i].command)
            text(b, "", r->member[i].command, "\n");
    buf_str(b, "</code></pre>\n");
}

static void suggestions(buf *b, const picture_row *r)
{
    if (r->n_suggestions == 0)
        return;
    buf_str(b, "<h2>Any one of these would do</h2>\n");
    table(b, "Changes of the question", "<th scope=\"col\">change</th><th scope=\"col\">for the runtime</th><th scope=\"col\">verdict</th><th class=\"n\" scope=\"col\">needs</th></tr></thead>\n<tbody>\n");
    for (uint32_t i = 0; i < r->n_suggestions; i++) {
        const suggestion *g = &r->suggestion[i];
        text(b, "<tr><th scope=\"row\"><code>", g->change, "</code></th>");
        bool own = g->flags[0] && strcmp(g->flags, g->change) != 0;
        text(b, own ? "<td><code>" : "<td>", own ? g->flags : "", own ? "</code></td>" : "</td>");
        verdict(b, "td", "", g->verdict);
        number(b, (int64_t)g->need);
        buf_str(b, "</tr>\n");
    }
    table_end(b);
}

static void one_answer(buf *b, const picture *p)
{
    const picture_row *r = &p->row[0];
    text(b, "<h1>", r->model, "");
    text(b, ", ", r->quant, r->n_devices ? " on " : " without a GPU");
    buf_xml(b, r->n_devices ? r->gpu : "");
    buf_str(b, "</h1>\n<p class=\"lead\">");
    verdict(b, "span", "badge ", r->verdict);
    text(b, " ", r->needs, "</p>\n");
    text(b, "<p class=\"soft\">", r->size, r->size[0] ? "<br>\n" : "");
    text(b, "", r->settings, r->pool[0] ? "<br>\n" : "");
    text(b, "", r->pool, "</p>\n");
    uint64_t scale = picture_scale(p);
    for (uint32_t d = 0; d < r->n_devices; d++) {
        text(b, "<p class=\"name\">", r->device[d].name, ", ");
        buf_bytes(b, (int64_t)r->device[d].total);
        if (r->device[d].layers)
            buf_fmt(b, ", %u layers", r->device[d].layers);
        buf_str(b, "</p>\n");
        card(b, &r->device[d], scale);
    }
    legend(b, p);
    suggestions(b, r);
    buf_str(b, "<h2>In numbers</h2>\n");
    buf_str(b, "<div class=\"tables\">\n");
    if (r->n_devices)
        card_table(b, r);
    host(b, r);
    buf_str(b, "</div>\n");
    members(b, r);
}

/* ---- several answers ------------------------------------------------------------------------ */

static void matrix_table(buf *b, const picture *p)
{
    matrix m;
    if (matrix_make(p, &m)) {
        table(b, "Models and cards", "<th scope=\"col\">model</th>");
        for (size_t g = 0; g < m.n_gpus; g++)
            text(b, "<th class=\"card\" scope=\"col\">", m.gpu[g]->gpu, "</th>");
        buf_str(b, "</tr></thead>\n<tbody>\n");
        for (size_t i = 0; i < m.n_models; i++) {
            text(b, "<tr><th scope=\"row\">", m.model[i]->model, " ");
            text(b, "<span class=\"soft\">", m.model[i]->quant, "</span></th>");
            for (size_t g = 0; g < m.n_gpus; g++) {
                const picture_row *c = m.cell[i * m.n_gpus + g];
                if (c)
                    verdict(b, "td", "", c->verdict);
                else
                    buf_str(b, "<td class=\"soft\">" NO_ANSWER "</td>");
            }
            buf_str(b, "</tr>\n");
        }
        table_end(b);
    }
    matrix_free(&m);
}

static void rows_table(buf *b, const picture *p)
{
    buf_str(b, "<h2>In numbers</h2>\n");
    table(b, "Every answer; portions are sums over its cards", "<th scope=\"col\">model</th><th scope=\"col\">quant</th><th scope=\"col\">GPU</th><th scope=\"col\">verdict</th>"
          "<th class=\"n\" scope=\"col\">need</th><th class=\"n\" scope=\"col\">available</th><th class=\"n\" scope=\"col\">headroom</th>"
          "<th class=\"n\" scope=\"col\">weights</th><th class=\"n\" scope=\"col\">KV cache</th><th class=\"n\" scope=\"col\">compute</th>"
          "<th class=\"n\" scope=\"col\">runtime</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < p->n; i++) {
        const picture_row *r = &p->row[i];
        text(b, "<tr><th scope=\"row\">", r->model, "</th>");
        text(b, "<td>", r->quant, "</td>");
        text(b, "<td>", r->gpu, "</td>");
        verdict(b, "td", "", r->verdict);
        number(b, (int64_t)r->need);
        number(b, (int64_t)r->available);
        number(b, r->headroom);
        for (int s = 0; s < VF_SEG_COUNT; s++) {
            uint64_t sum = 0;
            for (uint32_t d = 0; d < r->n_devices; d++)
                sum += r->device[d].segment[s];
            number(b, (int64_t)sum);
        }
        buf_str(b, "</tr>\n");
    }
    table_end(b);
}

static void several_answers(buf *b, const picture *p)
{
    uint64_t scale = picture_scale(p);
    bool uniform = picture_is_uniform(p);
    buf_str(b, "<h1>Language models on graphics cards</h1>\n");
    if (uniform && p->n)
        text(b, "<p class=\"soft\">", p->row[0].settings, "</p>\n");
    matrix_table(b, p);
    legend(b, p);
    for (size_t i = 0; i < p->n; i++) {
        const picture_row *r = &p->row[i];
        if (picture_begins_group(p, i))
            text(b, "<h2>", r->model, "</h2>\n");
        text(b, "<section class=\"answer\">\n<p class=\"what\"><b>", r->quant, "</b> ");
        text(b, "<span class=\"soft\">", r->gpu, "</span></p>\n<div>\n");
        for (uint32_t d = 0; d < r->n_devices; d++)
            card(b, &r->device[d], scale);
        buf_str(b, "<p class=\"comes\">");
        verdict(b, "b", "", r->verdict);
        text(b, " <span class=\"soft\">", r->needs, "</span>");
        if (!uniform)
            text(b, "<br><span class=\"soft\">", r->settings, "</span>");
        buf_str(b, "</p>\n</div>\n</section>\n");
    }
}

/* ---- the chart, and its numbers ------------------------------------------------------------- */

static void curve_table(buf *b, const picture_row *r)
{
    const curve *v = r->curve;
    buf_str(b, "<details><summary>The chart in numbers</summary>\n");
    table(b, "Memory by context length", "<th class=\"n\" scope=\"col\">context</th><th class=\"n\" scope=\"col\">KV cache</th>"
          "<th class=\"n\" scope=\"col\">compute</th><th class=\"n\" scope=\"col\">need</th><th class=\"n\" scope=\"col\">margin</th><th scope=\"col\">verdict</th></tr></thead>\n<tbody>\n");
    for (uint32_t k = 0; k < v->n; k++) {
        const curve_point *at = &v->point[k];
        buf_fmt(b, "<tr><th class=\"n\" scope=\"row\">%llu</th>", (unsigned long long)at->context);
        number(b, (int64_t)at->segment[VF_SEG_KV_CACHE]);
        number(b, (int64_t)at->segment[VF_SEG_COMPUTE]);
        number(b, (int64_t)at->need);
        number(b, (int64_t)at->margin);
        verdict(b, "td", "", at->verdict);
        buf_str(b, "</tr>\n");
    }
    table_end(b);
    buf_str(b, "</details>\n");
}

static void chart(buf *b, const picture *p)
{
    buf body = {0};
    if (!draw_has_curves(p))
        return;
    unsigned y = draw_curves(&body, 0, p);
    buf_fmt(b, "<h2>Memory over context length</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Chart\">\n"
               "<svg class=\"vf\" viewBox=\"0 0 %d %u\" role=\"img\" aria-label=\"Memory over context length\">\n", DRAW_WIDTH, y);
    draw_patterns(b);
    buf_add(b, body.p, body.n);
    buf_str(b, "</svg>\n</div>\n");
    b->failed = b->failed || body.failed;
    buf_free(&body);
    if (p->n == 1)
        curve_table(b, &p->row[0]);
}

/* ---- the page ------------------------------------------------------------------------------- */

static void notes(buf *b, const report *r)
{
    const char *p = r->notes.p, *stop = p ? p + r->notes.n : NULL;
    if (!r->notes.n)
        return;
    buf_str(b, "<h2>Notes</h2>\n<ul class=\"soft\">\n");
    while (p && p < stop) {
        char line[4 * VF_NOTE_TEXT];
        const char *newline = memchr(p, '\n', (size_t)(stop - p)); /* every note has one behind it */
        size_t n = newline ? (size_t)(newline - p) : (size_t)(stop - p), m = n < sizeof line ? n : sizeof line - 1;
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
    bool one = p->n == 1;
    buf_str(b, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    buf_xml(b, one ? p->row[0].model : "Language models on graphics cards");
    buf_str(b, " - vramfit</title>\n");
    draw_style(b);
    html_style(b);
    buf_str(b, "</head>\n<body class=\"vf\">\n<main>\n");
    if (one)
        one_answer(b, p);
    else
        several_answers(b, p);
    chart(b, p);
    if (!one)
        rows_table(b, p);
    notes(b, r);
    buf_fmt(b, "<footer class=\"soft\">Sizes in binary units: 1 GiB is 2<sup>30</sup> bytes. Made by vramfit %s.</footer>\n</main>\n</body>\n</html>\n",
            vf_version());
}

const renderer format_html = {picture_begin, picture_keep, end, NULL};
