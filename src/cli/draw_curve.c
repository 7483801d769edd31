/* Memory over context length as a chart. */
#include "cli/draw.h"

#include <stdio.h>
#include <string.h>

#define LEFT 72
#define RIGHT 24
#define HIGH 240
#define WIDE (DRAW_WIDTH - LEFT - RIGHT)
#define SERIES 6

/* What a chart shows of a point, from the bottom up: the cache last, as it is what grows. */
static const int stacked[VF_SEG_COUNT] = {VF_SEG_WEIGHTS, VF_SEG_RUNTIME, VF_SEG_COMPUTE, VF_SEG_KV_CACHE};

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
    buf_fmt(b, "<text class=\"%s\" x=\"%llu.%llu\" y=\"%llu.%llu\">", class, (unsigned long long)(x10 / 10),
            (unsigned long long)(x10 % 10), (unsigned long long)(y10 / 10), (unsigned long long)(y10 % 10));
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
            c.context = v->point[k].context > c.context ? v->point[k].context : c.context;
            c.bytes = v->point[k].need > c.bytes ? v->point[k].need : c.bytes;
            c.bytes = v->point[k].available > c.bytes ? v->point[k].available : c.bytes;
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
    for (uint64_t v = 0; v <= c->bytes; v += step) {
        line(b, "grid", 10 * LEFT, down(c, v), 10 * (LEFT + WIDE), down(c, v));
        bool mib = step < UINT64_C(1) << 30;
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
    caption(b, "soft mid", 10 * (LEFT + WIDE / 2), bottom + 360, "context (tokens)");
}

static void area(buf *b, const chart *c, const curve *v, int upto)
{
    static const char *const class[VF_SEG_COUNT] = {"pw", "pk", "pc", "pr"};
    uint64_t low[CURVE_POINTS] = {0}, high[CURVE_POINTS];
    for (uint32_t k = 0; k < v->n; k++) {
        for (int s = 0; s < upto; s++)
            low[k] += v->point[k].segment[stacked[s]];
        high[k] = low[k] + v->point[k].segment[stacked[upto]];
    }
    for (int pattern = 0; pattern < (stacked[upto] == VF_SEG_WEIGHTS ? 1 : 2); pattern++) {
        buf_fmt(b, pattern ? "<path fill=\"url(#vf-%s)\" d=\"" : "<path class=\"%s\" d=\"", class[stacked[upto]]);
        for (uint32_t k = 0; k < v->n; k++)
            point(b, k ? " L" : "M", across(c, v->point[k].context), down(c, high[k]));
        for (uint32_t k = v->n; k-- > 0;)
            point(b, " L", across(c, v->point[k].context), down(c, low[k]));
        buf_str(b, " Z\"/>\n");
    }
}

static void limit_line(buf *b, const chart *c, const picture_row *r)
{
    const curve *v = r->curve;
    uint64_t available = v->point[0].available;
    char text[120], amount[24];
    buf bytes = {0};
    buf_bytes(&bytes, (int64_t)available);
    buf_add(&bytes, "", 1);
    text_set(amount, sizeof amount, bytes.failed ? "" : bytes.p);
    buf_free(&bytes);
    line(b, "under", 10 * LEFT, down(c, available), 10 * (LEFT + WIDE), down(c, available));
    line(b, "limit", 10 * LEFT, down(c, available), 10 * (LEFT + WIDE), down(c, available));
    (void)snprintf(text, sizeof text, "%s available on %.60s", amount, r->gpu);
    caption(b, "halo end", 10 * (LEFT + WIDE), down(c, available) - 50, text);
}

/* Where the questions were asked, and which series is which. */
static void series(buf *b, const chart *c, const picture *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const curve *v = p->row[i].curve;
        buf_fmt(b, "<path class=\"curve c%u\" d=\"", (unsigned)i);
        for (uint32_t k = 0; k < v->n; k++)
            point(b, k ? " L" : "M", across(c, v->point[k].context), down(c, v->point[k].need));
        buf_str(b, "\"/>\n");
    }
}

static void marks(buf *b, const chart *c, const picture *p)
{
    char text[200];
    unsigned y = c->top + HIGH + 56;
    for (size_t i = 0; i < p->n; i++, y += 18) {
        const picture_row *r = &p->row[i];
        const curve *v = r->curve;
        if (p->n > 1)
            line(b, i == 0 ? "curve c0" : i == 1 ? "curve c1" : i == 2 ? "curve c2" : i == 3 ? "curve c3" : i == 4 ? "curve c4" : "curve c5",
                 10 * LEFT, 10 * y - 40, 10 * (LEFT + 22), 10 * y - 40);
        uint64_t trained_out = v->point[v->n - 1].verdict != VF_NO_FIT;
        if (v->largest == 0)
            (void)snprintf(text, sizeof text, "%.60s %.40s: no context fits", r->model, r->quant);
        else
            (void)snprintf(text, sizeof text, "%.60s %.40s: %s%llu tokens fit", r->model, r->quant, trained_out ? "all " : "at most ",
                           (unsigned long long)v->largest);
        caption(b, "", 10 * (LEFT + (p->n > 1 ? 30 : 0)), 10 * y, text);
    }
}

unsigned draw_curves(buf *b, unsigned y, const picture *p)
{
    if (!draw_has_curves(p))
        return y;
    chart c = range_of(p, y + 16);
    axes(b, &c);
    for (int s = 0; p->n == 1 && s < VF_SEG_COUNT; s++)
        area(b, &c, p->row[0].curve, s);
    if (p->n > 1)
        series(b, &c, p);
    limit_line(b, &c, &p->row[0]);
    if (p->n == 1 && p->row[0].curve->asked <= c.context)
        line(b, "over", across(&c, p->row[0].curve->asked), 10 * c.top, across(&c, p->row[0].curve->asked), 10 * (c.top + HIGH));
    marks(b, &c, p);
    return c.top + HIGH + 56 + (unsigned)p->n * 18;
}
