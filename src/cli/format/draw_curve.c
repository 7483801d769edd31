/* Memory over context length as a chart. */
#include "cli/format/draw.h"

#include <stdio.h>
#include <string.h>

#define LEFT 76
#define RIGHT 30
#define HIGH 240
#define WIDE (DRAW_WIDTH - LEFT - RIGHT)
#define SERIES 6
#define LINE 18

typedef struct chart {
    uint64_t context, bytes; /* at the right and upper end */
    unsigned top;
} chart;

static uint64_t across(const chart *c, uint64_t context)
{
    return 10 * LEFT + context * (10 * WIDE) / c->context;
}

static uint64_t down(const chart *c, uint64_t bytes)
{
    uint64_t whole = c->bytes / 1024 + 1;
    return 10 * (c->top + HIGH) - (bytes / 1024 * (10 * HIGH) + whole / 2) / whole;
}

static void point(buf *b, const char *stroke, uint64_t x10, uint64_t y10)
{
    buf_fmt(b, "%s%llu.%llu,%llu.%llu", stroke, (unsigned long long)(x10 / 10), (unsigned long long)(x10 % 10),
            (unsigned long long)(y10 / 10), (unsigned long long)(y10 % 10));
}

static void line(buf *b, const char *class, uint64_t x1, uint64_t y1, uint64_t x2, uint64_t y2)
{
    buf_fmt(b, "<path class=\"%s\" d=\"", class);
    point(b, "M", x1, y1);
    point(b, " L", x2, y2);
    buf_str(b, "\"/>\n");
}

static void caption(buf *b, const char *class, uint64_t x10, uint64_t y10, const char *text)
{
    buf_fmt(b, "<text%s%s%s x=\"%llu.%llu\" y=\"%llu.%llu\">", class ? " class=\"" : "", class ? class : "", class ? "\"" : "",
            (unsigned long long)(x10 / 10), (unsigned long long)(x10 % 10), (unsigned long long)(y10 / 10),
            (unsigned long long)(y10 % 10));
    buf_xml(b, text);
    buf_str(b, "</text>\n");
}

bool draw_has_curves(const picture *p)
{
    if (p->n == 0 || p->n > SERIES)
        return false;
    for (size_t i = 0; i < p->n; i++)
        if (!p->row[i].curve || strcmp(p->row[i].gpu, p->row[0].gpu) != 0)
            return false;
    return true;
}

static chart range_of(const picture *p, unsigned top)
{
    chart c = {.top = top, .context = 1, .bytes = 1};
    for (size_t i = 0; i < p->n; i++) {
        const curve *v = p->row[i].curve;
        for (uint32_t k = 0; k < v->n; k++) {
            const curve_point *at = &v->point[k];
            uint64_t most = at->need + (p->n == 1 ? at->margin : 0);
            c.context = at->context > c.context ? at->context : c.context;
            c.bytes = most > c.bytes ? most : c.bytes;
            c.bytes = at->available > c.bytes ? at->available : c.bytes;
        }
    }
    c.bytes += c.bytes / 16;
    return c;
}

/* Round numbers of tokens and of bytes: a power of two of them at each line. */
static void axes(buf *b, const chart *c)
{
    uint64_t bottom = 10 * (c->top + HIGH), step = 1;
    char text[40];
    while (step * 6 < c->bytes)
        step *= 2;
    bool mib = step < UINT64_C(1) << 30;
    for (uint64_t v = 0; v <= c->bytes; v += step) {
        line(b, "grid", 10 * LEFT, down(c, v), 10 * (LEFT + WIDE), down(c, v));
        (void)snprintf(text, sizeof text, "%llu %s", (unsigned long long)(v >> (mib ? 20 : 30)), mib ? "MiB" : "GiB");
        caption(b, "soft end", 10 * (LEFT - 8), down(c, v) + 40, text);
    }
    for (step = 64; step * 8 < c->context;)
        step *= 2;
    for (uint64_t v = 0; v <= c->context; v += step) {
        line(b, "grid", across(c, v), bottom, across(c, v), bottom + 50);
        (void)snprintf(text, sizeof text, step >= 1024 ? "%lluk" : "%llu", (unsigned long long)(step >= 1024 ? v / 1024 : v));
        caption(b, "soft mid", across(c, v), bottom + 180, v == 0 ? "0" : text);
    }
    caption(b, "soft mid", 10 * (LEFT + WIDE / 2), bottom + 360, "context (tokens; 1k = 1024)");
}

/* What is stacked, from the bottom up: what grows last, and the margin on top. */
static const int stacked[] = {PORTION_WEIGHTS, PORTION_RUNTIME, PORTION_COMPUTE, PORTION_KV_CACHE, PORTION_MARGIN};

static uint64_t part(const curve_point *p, int kind)
{
    return kind == PORTION_MARGIN ? p->margin : p->segment[kind - PORTION_WEIGHTS];
}

static void area(buf *b, const chart *c, const curve *v, size_t upto)
{
    uint64_t low[CURVE_POINTS] = {0}, high[CURVE_POINTS], any = 0;
    for (uint32_t k = 0; k < v->n; k++) {
        for (size_t s = 0; s < upto; s++)
            low[k] += part(&v->point[k], stacked[s]);
        high[k] = low[k] + part(&v->point[k], stacked[upto]);
        any |= high[k] - low[k];
    }
    for (int pattern = 0; any && pattern < (stacked[upto] == PORTION_WEIGHTS ? 1 : 2); pattern++) {
        buf_fmt(b, pattern ? "<path fill=\"url(#vf-%s)\" d=\"" : "<path class=\"%s\" d=\"", portion_class[stacked[upto]]);
        for (uint32_t k = 0; k < v->n; k++)
            point(b, k ? " L" : "M", across(c, v->point[k].context), down(c, high[k]));
        for (uint32_t k = v->n; k > 0; k--)
            point(b, " L", across(c, v->point[k - 1].context), down(c, low[k - 1]));
        buf_str(b, " Z\"/>\n");
    }
}

static void series_class(char out[12], size_t i)
{
    (void)snprintf(out, 12, "curve c%u", (unsigned)(i % SERIES));
}

static void series(buf *b, const chart *c, const picture *p)
{
    char class[12];
    for (size_t i = 0; i < p->n; i++) {
        const curve *v = p->row[i].curve;
        series_class(class, i);
        buf_fmt(b, "<path class=\"%s\" d=\"", class);
        for (uint32_t k = 0; k < v->n; k++)
            point(b, k ? " L" : "M", across(c, v->point[k].context), down(c, v->point[k].need));
        buf_str(b, "\"/>\n");
    }
}

static void dot(buf *b, uint64_t x10, uint64_t y10)
{
    buf_fmt(b, "<circle class=\"mark\" cx=\"%llu.%llu\" cy=\"%llu.%llu\" r=\"4\"/>\n", (unsigned long long)(x10 / 10),
            (unsigned long long)(x10 % 10), (unsigned long long)(y10 / 10), (unsigned long long)(y10 % 10));
}

/* The limit, the question, and how far each series gets. */
static void marks(buf *b, const chart *c, const picture *p)
{
    const curve *first = p->row[0].curve;
    uint64_t limit = down(c, first->asked.available), asked = first->asked.context;
    if (p->n == 1) /* it crosses areas */
        line(b, "under", 10 * LEFT, limit, 10 * (LEFT + WIDE), limit);
    line(b, "limit", 10 * LEFT, limit, 10 * (LEFT + WIDE), limit);
    if (p->n == 1 && asked <= c->context)
        line(b, "asked", across(c, asked), 10 * c->top, across(c, asked), 10 * (c->top + HIGH));
    for (size_t i = 0; i < p->n; i++) {
        const curve_point *at = &p->row[i].curve->largest;
        if (at->context && at->context <= c->context)
            dot(b, across(c, at->context), down(c, at->need));
    }
}

static void say_largest(char *out, size_t size, const curve *v)
{
    const curve_point *at = &v->largest;
    if (at->context == 0)
        (void)snprintf(out, size, "no context fits");
    else
        (void)snprintf(out, size, "%llu tokens %s%s", (unsigned long long)at->context,
                       v->trained && at->context >= v->trained ? "fit, all that the model was trained for" : "are the most that fit",
                       at->verdict == VF_FRAGILE ? ", if fragile" : "");
}

/* Below the chart, so that no words lie over it: what its lines are. */
static unsigned key(buf *b, unsigned y, const picture *p)
{
    char text[400], amount[24], name[110], largest[110], class[12];
    const curve *first = p->row[0].curve;
    draw_amount(amount, (int64_t)first->asked.available);
    draw_cut(name, sizeof name, p->row[0].gpu, 40);
    (void)snprintf(text, sizeof text, "%s available on %s%s", amount, name, p->row[0].n_devices > 1 ? ", all cards together" : "");
    line(b, "limit", 10 * LEFT, 10 * y - 40, 10 * (LEFT + 22), 10 * y - 40);
    caption(b, NULL, 10 * (LEFT + 30), 10 * y, text);
    for (size_t i = 0; i < p->n; i++) {
        const picture_row *r = &p->row[i];
        y += LINE;
        say_largest(largest, sizeof largest, r->curve);
        if (p->n > 1) {
            series_class(class, i);
            draw_cut(name, sizeof name, r->model, 40);
            char quant[100];
            draw_cut(quant, sizeof quant, r->quant, 20);
            (void)snprintf(text, sizeof text, "%s %s: %s", name, quant, largest);
            line(b, class, 10 * LEFT, 10 * y - 40, 10 * (LEFT + 22), 10 * y - 40);
        } else {
            text_set(text, sizeof text, largest);
        }
        if (r->curve->largest.context)
            dot(b, 10 * (LEFT + 11), 10 * y - 40);
        else if (p->n == 1)
            caption(b, "v2 mid", 10 * (LEFT + 11), 10 * y, "\xe2\x9c\x97");
        caption(b, NULL, 10 * (LEFT + 30), 10 * y, text);
    }
    if (p->n == 1) {
        y += LINE;
        (void)snprintf(text, sizeof text, "the question: %llu tokens", (unsigned long long)first->asked.context);
        line(b, "asked", 10 * (LEFT + 11), 10 * y - 110, 10 * (LEFT + 11), 10 * y + 20);
        caption(b, NULL, 10 * (LEFT + 30), 10 * y, text);
    }
    return y;
}

unsigned draw_curves(buf *b, unsigned y, const picture *p)
{
    if (!draw_has_curves(p))
        return y;
    chart c = range_of(p, y + 8);
    axes(b, &c);
    for (size_t s = 0; p->n == 1 && s < sizeof stacked / sizeof stacked[0]; s++)
        area(b, &c, p->row[0].curve, s);
    if (p->n > 1)
        series(b, &c, p);
    marks(b, &c, p);
    return key(b, c.top + HIGH + 66, p) + LINE;
}
