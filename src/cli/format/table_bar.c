/* In a table on a terminal: cards as bars, a sign for each portion and, where there are colours, a colour. */
#include "cli/report/picture.h"
#include "cli/format/table.h"

#include <string.h>

#define BAR_MOST 72
#define BAR_LEAST 16
#define BARS_MOST 16 /* more cards below each other are no picture */

static const struct {
    const char *unicode, *ascii, *color;
} sign[PORTION_KINDS] = {
    [PORTION_RESERVED] = {"\xe2\x96\x9a", "x", "\033[90m"}, /* quadrants */
    [PORTION_DESKTOP] = {"\xe2\x96\x9e", "d", "\033[90m"},
    [PORTION_OTHER] = {"\xe2\x96\x84", "o", "\033[90m"},    /* lower half */
    [PORTION_LEFT] = {"\xe2\x94\x80", "-", "\033[90m"},     /* line */
    [PORTION_WEIGHTS] = {"\xe2\x96\x88", "#", "\033[94m"},  /* full block, then shades */
    [PORTION_KV_CACHE] = {"\xe2\x96\x93", "=", "\033[33m"},
    [PORTION_COMPUTE] = {"\xe2\x96\x92", "+", "\033[32m"},
    [PORTION_RUNTIME] = {"\xe2\x96\x91", "%", "\033[35m"},
    [PORTION_MARGIN] = {"\xe2\x94\x84", "~", ""},           /* dashes */
    [PORTION_FREE] = {"\xc2\xb7", ".", "\033[90m"},         /* middle dot */
};

static void signs(const report *r, int kind, size_t n, bool beyond)
{
    const char *color = beyond ? "\033[31m" : sign[kind].color;
    if (n == 0)
        return;
    if (r->term->color)
        buf_str(r->out, color);
    buf_repeat(r->out, r->term->unicode ? sign[kind].unicode : sign[kind].ascii, n);
    if (r->term->color && color[0])
        buf_str(r->out, "\033[0m");
}

void table_sign(const report *r, int kind)
{
    if (r->term->tty && kind < PORTION_KINDS)
        signs(r, kind, 1, false);
    else
        buf_str(r->out, " ");
    buf_str(r->out, " ");
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Cells of `width` that stand for the first `bytes` of `scale`. */
static size_t cells(uint64_t bytes, uint64_t scale, size_t width)
{
    /* in KiB, so that the product of sizes up to 2^60 stays within 64 bits */
    uint64_t whole = scale / 1024 + 1;
    return (size_t)((bytes / 1024 * width + whole / 2) / whole);
}

static void bar(const report *r, const vf_device_result *d, uint64_t scale, size_t width)
{
    uint64_t bytes[PORTION_KINDS], before = 0;
    size_t end = cells(d->total, scale, width), shown = 0;
    (void)picture_portions(d, bytes);
    for (int k = 0; k < PORTION_KINDS; k++) {
        size_t to = cells(before += bytes[k], scale, width), inside = shown < end ? least(to, end) - shown : 0;
        signs(r, k, inside, false);
        if (shown < end && to >= end)
            buf_str(r->out, r->term->unicode ? "\xe2\x94\x82" : "|");
        signs(r, k, to - shown - inside, true);
        shown = to;
    }
    buf_str(r->out, "\n");
}

void table_bar(const report *r, const vf_device_result *d)
{
    uint64_t bytes[PORTION_KINDS], sum = picture_portions(d, bytes);
    if (!r->term->tty)
        return;
    buf_str(r->out, "  ");
    bar(r, d, sum > d->total ? sum : d->total, least(r->term->width - 3, BAR_MOST)); /* two blanks, and the card's end */
}

/* ---- several answers ------------------------------------------------------------------------ */

enum { NAME_MODEL, NAME_QUANT, NAME_GPU, NAMES };

static const char *name_of(const picture_row *p, int which)
{
    return which == NAME_MODEL ? p->model : which == NAME_QUANT ? p->quant : p->gpu;
}

static bool differs(const picture *p, int which)
{
    for (size_t k = 1; k < p->n; k++)
        if (strcmp(name_of(&p->row[k], which), name_of(&p->row[0], which)) != 0)
            return true;
    return false;
}

/* Columns of what tells the rows apart; 0: the same in all. */
static void differing(const picture *p, size_t width[NAMES])
{
    for (int i = 0; i < NAMES; i++) {
        width[i] = 0;
        for (size_t k = 0; differs(p, i) && k < p->n; k++) {
            const char *name = name_of(&p->row[k], i);
            size_t n = text_columns(name, strlen(name));
            width[i] = n > width[i] ? n : width[i];
        }
    }
}

static void legend(const report *r, const picture *p)
{
    size_t at = 0;
    buf_str(r->out, "\n");
    for (int k = 0; k < PORTION_KINDS; k++) {
        size_t n = strlen(portion_name[k]) + 4;
        if (!picture_has(p, k))
            continue;
        if (at && at + n - 2 > r->term->width) {
            buf_str(r->out, "\n");
            at = 0;
        }
        buf_str(r->out, at ? "  " : "");
        table_sign(r, k);
        buf_str(r->out, portion_name[k]);
        at += n - (at ? 0 : 2);
    }
    buf_str(r->out, "\n");
}

void table_bars(const report *r, const picture *p)
{
    size_t width[NAMES], used = 0, cards = picture_cards(p);
    if (!r->term->tty || p->n < 2 || cards == 0 || cards > BARS_MOST)
        return;
    differing(p, width);
    width[NAME_MODEL] = least(width[NAME_MODEL], r->term->width / 3);
    for (int i = 0; i < NAMES; i++)
        used += width[i] ? width[i] + 2 : 0;
    if (used + BAR_LEAST + 1 > r->term->width)
        return;
    buf_str(r->out, "\n");
    for (size_t k = 0; k < p->n; k++)
        for (uint32_t d = 0; d < p->row[k].n_devices; d++) {
            for (int i = 0; i < NAMES; i++)
                if (width[i])
                    table_name(r->out, d ? "" : name_of(&p->row[k], i), width[i] + 2, width[i]);
            bar(r, &p->row[k].device[d], picture_scale(p), least(r->term->width - used - 1, BAR_MOST));
        }
    legend(r, p);
}
