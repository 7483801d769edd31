/* Cards as blocks. */
#include "cli/format/draw.h"

#include <stdio.h>
#include <string.h>

#define LINE 18    /* height of a line of text */
#define LABELS 168 /* width of what stands left of a block, where there are several answers */

/* A block: `width` pixels stand for `scale` bytes. */
typedef struct block {
    unsigned x, y, width, height;
    uint64_t scale;
} block;

static uint64_t length(const block *at, uint64_t bytes)
{
    /* in KiB, so that the product of sizes up to 2^60 stays within 64 bits */
    uint64_t whole = at->scale / 1024 + 1;
    return (bytes / 1024 * (10 * at->width) + whole / 2) / whole;
}

static void label(buf *b, int kind, uint64_t middle10, unsigned y, const char *text)
{
    char class[16] = "mid";
    if (kind >= PORTION_WEIGHTS && kind <= PORTION_RUNTIME)
        (void)snprintf(class, sizeof class, "mid on-%s", portion_class[kind]);
    draw_text_at(b, class, middle10, y, text);
}

/* Within a portion, as far as there is room: its name, and how much it is. */
static void labels(buf *b, const block *at, int kind, uint64_t x10, uint64_t w10, const char *amount)
{
    const char *name = portion_name[kind];
    char both[64];
    (void)snprintf(both, sizeof both, "%s %s", name, amount);
    unsigned room = (unsigned)(w10 / 10), middle = at->y + at->height / 2 + 4;
    if (room < draw_text_width(strlen(name)) + 8)
        return;
    if (at->height >= 2 * LINE && room >= draw_text_width(strlen(amount)) + 8) {
        label(b, kind, x10 + w10 / 2, middle - 8, name);
        label(b, kind, x10 + w10 / 2, middle + 8, amount);
    } else {
        label(b, kind, x10 + w10 / 2, middle, room < draw_text_width(strlen(both)) + 8 ? name : both);
    }
}

static void card(buf *b, const block *at, const vf_device_result *d)
{
    uint64_t bytes[PORTION_KINDS], before = 0, left = 10 * at->x, end = length(at, d->total);
    uint64_t sum = picture_portions(d, bytes);
    char amount[24];
    for (int k = 0; k < PORTION_KINDS; before += bytes[k], k++) {
        uint64_t from = length(at, before), wide = length(at, before + bytes[k]) - from;
        if (wide == 0)
            continue;
        draw_amount(amount, (int64_t)bytes[k]);
        buf_fmt(b, "<g data-portion=\"%s\" data-bytes=\"%llu\"><title>%s: %s</title>\n", portion_name[k], (unsigned long long)bytes[k],
                portion_name[k], amount);
        draw_box(b, portion_class[k], NULL, left + from, at->y, wide, at->height);
        if (k != PORTION_WEIGHTS && k != PORTION_FREE)
            draw_box(b, NULL, portion_class[k], left + from, at->y, wide, at->height);
        if (wide > 30)
            draw_box(b, "edge", NULL, left + from, at->y, wide, at->height);
        /* the card's end may cut a portion in two: words stand in the larger part */
        uint64_t inside = from < end && from + wide > end ? end - from : wide;
        bool beyond = inside < wide - inside;
        labels(b, at, k, left + from + (beyond ? inside : 0), beyond ? wide - inside : inside, amount);
        buf_str(b, "</g>\n");
    }
    draw_box(b, "card", NULL, left, at->y, end, at->height);
    if (sum > d->total)
        draw_box(b, d->headroom < 0 ? "over" : "over thin", NULL, left + end, at->y - 3, length(at, sum) - end, at->height + 6);
}

/* What every portion takes, in columns; behind them what lies beyond the card. */
static unsigned amounts(buf *b, unsigned y, const vf_device_result *d)
{
    enum { COLUMNS = 4 };
    uint64_t bytes[PORTION_KINDS], sum = picture_portions(d, bytes);
    bool short_of = d->headroom >= 0;
    char amount[24], text[64];
    unsigned n = 0, width = DRAW_INNER / COLUMNS;
    y += 8;
    for (int k = 0; k <= PORTION_KINDS; k++) {
        unsigned x = DRAW_MARGIN + n % COLUMNS * width, line = y + n / COLUMNS * LINE;
        if (k == PORTION_KINDS ? sum <= d->total : bytes[k] == 0)
            continue;
        n++;
        if (k < PORTION_KINDS) {
            draw_key(b, k, x, line);
            draw_amount(amount, (int64_t)bytes[k]);
            (void)snprintf(text, sizeof text, "%s %s", portion_name[k], amount);
            draw_text_at(b, NULL, 10 * (x + 18), line + 10, text);
        } else {
            draw_box(b, short_of ? "over thin" : "over", NULL, 10 * x + 10, line + 1, 100, 10);
            draw_amount(amount, (int64_t)(sum - d->total));
            (void)snprintf(text, sizeof text, "%s %s", amount, short_of ? "short" : "too much");
            draw_text_at(b, short_of ? "v1 verdict" : "v2 verdict", 10 * (x + 18), line + 10, text);
        }
    }
    return y + (n + COLUMNS - 1) / COLUMNS * LINE + 4;
}

/* System memory, which has no end here. */
static unsigned host(buf *b, unsigned y, const picture_row *r, uint64_t scale)
{
    static const int kind[] = {PORTION_WEIGHTS, PORTION_KV_CACHE, PORTION_COMPUTE, PORTION_RUNTIME};
    static const char *const name[] = {"weights", "KV cache", "compute", "output"};
    uint64_t before = 0, left = 10 * DRAW_MARGIN, all = r->host[0] + r->host[1] + r->host[2] + r->host[3];
    const block at = {DRAW_MARGIN, y + LINE + 2, DRAW_INNER, 14, scale > all ? scale : all};
    char amount[24], text[200];
    size_t n;
    if (all == 0)
        return y;
    draw_amount(amount, (int64_t)all);
    n = (size_t)snprintf(text, sizeof text, "system memory %s:", amount);
    for (int i = 0; i < 4; i++) {
        draw_amount(amount, (int64_t)r->host[i]);
        if (r->host[i] && n < sizeof text)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s %s %s", n > 30 ? "," : "", name[i], amount);
    }
    draw_text_at(b, "soft", left, y + 12, text);
    for (int i = 0; i < 4; before += r->host[i], i++) {
        uint64_t from = length(&at, before), wide = length(&at, before + r->host[i]) - from;
        if (wide > 0) {
            draw_box(b, portion_class[kind[i]], NULL, left + from, at.y, wide, at.height);
            if (kind[i] != PORTION_WEIGHTS)
                draw_box(b, NULL, portion_class[kind[i]], left + from, at.y, wide, at.height);
        }
    }
    return at.y + at.height + 8;
}

static unsigned members(buf *b, unsigned y, const picture_row *r)
{
    char text[200], name[110], weights[24], rest[24];
    for (uint32_t i = 0; i < r->n_members; i++, y += LINE) {
        const picture_member *m = &r->member[i];
        draw_cut(name, sizeof name, m->name, 60);
        draw_amount(weights, (int64_t)m->weights);
        draw_amount(rest, (int64_t)(m->kv_cache + m->compute + m->runtime));
        (void)snprintf(text, sizeof text, "of these, %s: weights %s, cache and buffers %s", name, weights, rest);
        draw_text_at(b, "soft", 10 * DRAW_MARGIN, y + 12, text);
    }
    return y + (r->n_members ? 6 : 0);
}

static void verdict_at(buf *b, const char *more, uint64_t x10, unsigned y, vf_verdict v)
{
    char class[24];
    (void)snprintf(class, sizeof class, "v%d verdict%s", (int)v, more);
    draw_text_at(b, class, x10, y, verdict_sign(v));
}

static unsigned title(buf *b, unsigned y, const picture_row *r)
{
    char text[400];
    buf what = {0};
    buf_fmt(&what, "%s, %s %s%s", r->model, r->quant, r->n_devices ? "on " : "without a GPU", r->n_devices ? r->gpu : "");
    buf_add(&what, "", 1);
    draw_cut(text, sizeof text, what.failed ? "" : what.p, 66);
    buf_free(&what);
    draw_text_at(b, "big", 10 * DRAW_MARGIN, y + 14, text);
    verdict_at(b, " end", 10 * (DRAW_WIDTH - DRAW_MARGIN), y + 14, r->verdict);
    const char *line[] = {r->size, r->settings, r->needs, r->pool};
    y += 22;
    for (size_t i = 0; i < sizeof line / sizeof line[0]; i++) {
        if (!line[i][0])
            continue;
        draw_cut(text, sizeof text, line[i], 108);
        draw_text_at(b, i == 2 ? NULL : "soft", 10 * DRAW_MARGIN, y + 12, text);
        y += LINE;
    }
    return y + 8;
}

unsigned draw_answer(buf *b, unsigned y, const picture_row *r, uint64_t scale)
{
    char amount[24], text[160];
    y = title(b, y, r);
    for (uint32_t d = 0; d < r->n_devices; d++) {
        const vf_device_result *e = &r->device[d];
        draw_amount(amount, (int64_t)e->total);
        (void)snprintf(text, sizeof text, "%s, %s", e->name, amount);
        draw_text_at(b, "bold", 10 * DRAW_MARGIN, y + 12, text);
        y += LINE + 4;
        const block at = {DRAW_MARGIN, y, DRAW_INNER, 46, scale};
        card(b, &at, e);
        y = amounts(b, y + at.height, e) + 8;
    }
    y = members(b, y, r);
    return host(b, y, r, scale) + 10;
}

static unsigned legend(buf *b, unsigned y, const picture *p)
{
    unsigned x = DRAW_MARGIN;
    for (int k = 0; k < PORTION_KINDS; k++) {
        unsigned width = 18 + draw_text_width(strlen(portion_name[k])) + 14;
        if (!picture_has(p, k))
            continue;
        if (x + width > DRAW_WIDTH - DRAW_MARGIN) {
            x = DRAW_MARGIN;
            y += LINE;
        }
        draw_key(b, k, x, y);
        draw_text_at(b, NULL, 10 * (x + 18), y + 10, portion_name[k]);
        x += width;
    }
    return y + LINE + 14;
}

/* One of several answers: what it is at the left, its cards at the right, and below them what comes of it. */
static unsigned line(buf *b, unsigned y, const picture_row *r, uint64_t scale, bool settings)
{
    char text[200], more[200];
    const unsigned x = DRAW_MARGIN + LABELS;
    draw_cut(text, sizeof text, r->quant, 22);
    draw_text_at(b, "bold", 10 * DRAW_MARGIN, y + 12, text);
    draw_cut_two(text, more, sizeof text, r->gpu, 23);
    draw_text_at(b, "soft", 10 * DRAW_MARGIN, y + 28, text);
    if (more[0])
        draw_text_at(b, "soft", 10 * DRAW_MARGIN, y + 44, more);
    for (uint32_t d = 0; d < r->n_devices; d++) {
        const block at = {x, y, DRAW_WIDTH - DRAW_MARGIN - x, 30, scale};
        card(b, &at, &r->device[d]);
        y += at.height + (d + 1 < r->n_devices ? 8 : 4);
    }
    verdict_at(b, "", 10 * x, y + 12, r->verdict);
    draw_cut(text, sizeof text, r->needs, 84);
    draw_text_at(b, "soft", 10 * (x + 64), y + 12, text);
    y += LINE;
    if (settings) {
        draw_cut(text, sizeof text, r->settings, 84);
        draw_text_at(b, "soft", 10 * x, y + 12, text);
        y += LINE;
    }
    return y + (r->n_devices ? 12 : 16);
}

unsigned draw_answers(buf *b, unsigned y, const picture *p)
{
    uint64_t scale = picture_scale(p);
    bool uniform = picture_is_uniform(p);
    char text[400];
    for (size_t i = 0; i < p->n; i++) {
        const picture_row *r = &p->row[i];
        if (picture_begins_group(p, i)) {
            draw_cut(text, sizeof text, r->model, 74);
            y = draw_heading(b, y + (i ? 8 : 0), text) + 2;
        }
        if (i == 0 && uniform) {
            draw_cut(text, sizeof text, r->settings, 108);
            draw_text_at(b, "soft", 10 * DRAW_MARGIN, y + 8, text);
            y += LINE;
        }
        y = line(b, y, r, scale, !uniform);
    }
    return legend(b, y + 4, p);
}
