#include "cli/draw.h"

#include <stdio.h>
#include <string.h>

#define BAR 44   /* height of a card's block */
#define LINE 18  /* of a line of text */
#define EM10 68  /* tenths of a pixel that a character takes at most, on the average of a word, at 12 pixels */

void draw_text(buf *b, const char *text)
{
    for (; *text; text++) {
        const char *as = *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '"' ? "&quot;" : NULL;
        if (as)
            buf_str(b, as);
        else
            buf_add(b, text, 1);
    }
}

/* Okabe and Ito's colours, which people with any common colour vision tell apart. */
void draw_style(buf *b)
{
    buf_str(b,
        "<style>\n"
        ".vf{--bg:#ffffff;--ink:#1b1e23;--soft:#5a6069;--line:#c5cad1;--free:#f4f5f7;--held:#d3d7dd;--bad:#b3400a;--good:#00694d;--warn:#8a5a00}\n"
        "@media (prefers-color-scheme:dark){.vf{--bg:#15181c;--ink:#eceef1;--soft:#a4abb5;--line:#434a54;--free:#20252b;--held:#4a515b;"
        "--bad:#ff9a5c;--good:#4fd1a8;--warn:#f2c14e}}\n"
        ".vf{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;font-size:12px}\n"
        ".vf .bg{fill:var(--bg)}.vf text{fill:var(--ink)}.vf .soft{fill:var(--soft)}.vf .big{font-size:16px;font-weight:600}"
        ".vf .halo{paint-order:stroke;stroke:var(--bg);stroke-width:4px;stroke-linejoin:round}\n"
        ".vf .end{text-anchor:end}.vf .mid{text-anchor:middle}.vf .grid{stroke:var(--line);stroke-width:1}\n"
        ".vf .pw{fill:#0072b2}.vf .pk{fill:#e69f00}.vf .pc{fill:#009e73}.vf .pr{fill:#cc79a7}\n"
        ".vf .pd,.vf .ps,.vf .po,.vf .pl{fill:var(--held)}.vf .pm,.vf .pf{fill:var(--free)}\n"
        ".vf text.on-pw{fill:#fff}.vf text.on-pc,.vf text.on-pk,.vf text.on-pr{fill:#111}\n"
        ".vf .hatch{stroke:#000;stroke-opacity:.38;stroke-width:1;fill:none}.vf .dot{fill:#000;fill-opacity:.38}\n"
        ".vf .card{fill:none;stroke:var(--ink);stroke-width:1.5}.vf .limit{stroke:var(--ink);stroke-width:2}.vf .under{stroke:var(--bg);stroke-width:5}\n"
        ".vf .over{fill:none;stroke:var(--bad);stroke-width:2;stroke-dasharray:5 3}\n"
        ".vf .v0{fill:var(--good)}.vf .v1{fill:var(--warn)}.vf .v2{fill:var(--bad)}.vf .verdict{font-weight:600}\n"
        ".vf .curve{fill:none;stroke-width:2.5}.vf .c0{stroke:#0072b2}.vf .c1{stroke:#e69f00;stroke-dasharray:9 4}"
        ".vf .c2{stroke:#009e73;stroke-dasharray:3 3}.vf .c3{stroke:#cc79a7;stroke-dasharray:12 3 3 3}"
        ".vf .c4{stroke:#56b4e9;stroke-dasharray:6 2}.vf .c5{stroke:#d55e00;stroke-dasharray:1 3}\n"
        "</style>\n");
}

void draw_patterns(buf *b)
{
    static const struct {
        const char *id, *shape;
    } pattern[] = {
        {"vf-pk", "<path class=\"hatch\" d=\"M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4\"/>"},
        {"vf-pc", "<circle class=\"dot\" cx=\"4\" cy=\"4\" r=\"1.2\"/>"},
        {"vf-pr", "<path class=\"hatch\" d=\"M4,0 v8\"/>"},
        {"vf-pd", "<path class=\"hatch\" d=\"M0,0 l8,8 M8,0 l-8,8\"/>"},
        {"vf-ps", "<path class=\"hatch\" d=\"M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4\"/>"},
        {"vf-po", "<path class=\"hatch\" d=\"M0,4 h8\"/>"},
        {"vf-pl", "<path class=\"hatch\" d=\"M0,4 h4 M6,0 v3\"/>"},
        {"vf-pm", "<path class=\"hatch\" stroke-dasharray=\"2 2\" d=\"M0,8 l8,-8\"/>"},
    };
    buf_str(b, "<defs>\n");
    for (size_t i = 0; i < sizeof pattern / sizeof pattern[0]; i++)
        buf_fmt(b, "<pattern id=\"%s\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">%s</pattern>\n", pattern[i].id, pattern[i].shape);
    buf_str(b, "</defs>\n");
}

static bool has_pattern(int kind)
{
    return kind != PORTION_WEIGHTS && kind != PORTION_FREE;
}

uint64_t draw_length(uint64_t bytes, uint64_t scale)
{
    /* in KiB, so that the product of sizes up to 2^60 stays within 64 bits */
    uint64_t whole = scale / 1024 + 1;
    return (bytes / 1024 * (10 * DRAW_INNER) + whole / 2) / whole;
}

static void tenths(buf *b, const char *name, uint64_t v)
{
    buf_fmt(b, " %s=\"%llu.%llu\"", name, (unsigned long long)(v / 10), (unsigned long long)(v % 10));
}

static void box(buf *b, const char *class, const char *pattern, uint64_t x10, unsigned y, uint64_t w10, unsigned h)
{
    buf_str(b, "<rect");
    if (class)
        buf_fmt(b, " class=\"%s\"", class);
    if (pattern)
        buf_fmt(b, " fill=\"url(#vf-%s)\"", pattern);
    tenths(b, "x", x10);
    buf_fmt(b, " y=\"%u\"", y);
    tenths(b, "width", w10);
    buf_fmt(b, " height=\"%u\"/>\n", h);
}

static void text_at(buf *b, const char *class, uint64_t x10, unsigned y, const char *text)
{
    buf_str(b, "<text");
    if (class)
        buf_fmt(b, " class=\"%s\"", class);
    tenths(b, "x", x10);
    buf_fmt(b, " y=\"%u\">", y);
    draw_text(b, text);
    buf_str(b, "</text>\n");
}

static void bytes_text(char out[24], int64_t v)
{
    buf b = {0};
    buf_bytes(&b, v);
    buf_add(&b, "", 1);
    text_set(out, 24, b.failed ? "" : b.p);
    buf_free(&b);
}

/* Text within a portion, where there is room for it. */
static void label(buf *b, int kind, uint64_t x10, unsigned y, uint64_t w10, const char *text)
{
    char class[16] = "mid";
    if (w10 < strlen(text) * EM10 + 80)
        return;
    if (kind < PORTION_DESKTOP)
        (void)snprintf(class, sizeof class, "on-%s mid", portion_class[kind]);
    text_at(b, class, x10 + w10 / 2, y, text);
}

static void portion_box(buf *b, int kind, uint64_t x10, unsigned y, uint64_t w10, unsigned h)
{
    box(b, portion_class[kind], NULL, x10, y, w10, h);
    if (has_pattern(kind))
        box(b, NULL, portion_class[kind], x10, y, w10, h);
}

unsigned draw_card(buf *b, unsigned y, const vf_device_result *d, uint64_t scale, bool named)
{
    uint64_t bytes[PORTION_KINDS], sum = 0, left = 10 * DRAW_MARGIN, end = draw_length(d->total, scale);
    char text[160], amount[24];
    picture_portions(d, bytes);
    if (named) {
        bytes_text(amount, (int64_t)d->total);
        (void)snprintf(text, sizeof text, "%.60s, %s", d->name, amount);
        text_at(b, NULL, left, y + 12, text);
        y += LINE + 2;
    }
    for (int k = 0; k < PORTION_KINDS; k++) {
        uint64_t from = draw_length(sum, scale), to = draw_length(sum += bytes[k], scale);
        if (to == from)
            continue;
        buf_fmt(b, "<g data-portion=\"%s\" data-bytes=\"%llu\"><title>", portion_name[k], (unsigned long long)bytes[k]);
        bytes_text(amount, (int64_t)bytes[k]);
        buf_fmt(b, "%s: %s</title>\n", portion_name[k], amount);
        portion_box(b, k, left + from, y, to - from, BAR);
        label(b, k, left + from, y + BAR / 2 + 4, to - from, portion_name[k]);
        buf_str(b, "</g>\n");
    }
    box(b, "card", NULL, left, y, end, BAR);
    if (sum > d->total)
        box(b, "over", NULL, left + end, y - 3, draw_length(sum, scale) - end, BAR + 6);
    return y + BAR;
}

unsigned draw_amounts(buf *b, unsigned y, const vf_device_result *d)
{
    enum { COLUMNS = 4 };
    uint64_t bytes[PORTION_KINDS];
    char amount[24], text[64];
    unsigned n = 0, width = DRAW_INNER / COLUMNS;
    picture_portions(d, bytes);
    for (int k = 0; k < PORTION_KINDS; k++) {
        unsigned x = DRAW_MARGIN + n % COLUMNS * width, line = y + 8 + n / COLUMNS * LINE;
        if (bytes[k] == 0)
            continue;
        n++;
        portion_box(b, k, 10 * x, line, 120, 12);
        bytes_text(amount, (int64_t)bytes[k]);
        (void)snprintf(text, sizeof text, "%s %s", portion_name[k], amount);
        text_at(b, NULL, 10 * (x + 18), line + 10, text);
    }
    if (d->headroom < 0) {
        unsigned x = DRAW_MARGIN + n % COLUMNS * width, line = y + 8 + n / COLUMNS * LINE;
        n++;
        box(b, "over", NULL, 10 * x + 10, line + 1, 100, 10);
        bytes_text(amount, -d->headroom);
        (void)snprintf(text, sizeof text, "%s too much", amount);
        text_at(b, "v2 verdict", 10 * (x + 18), line + 10, text);
    }
    return y + 8 + (n + COLUMNS - 1) / COLUMNS * LINE + 4;
}

unsigned draw_host(buf *b, unsigned y, const picture_row *r, uint64_t scale)
{
    static const int kind[] = {PORTION_WEIGHTS, PORTION_KV_CACHE, PORTION_COMPUTE, PORTION_RUNTIME};
    static const char *const name[] = {"weights", "KV cache", "compute", "output"};
    uint64_t sum = 0, left = 10 * DRAW_MARGIN, all = r->host[0] + r->host[1] + r->host[2] + r->host[3];
    char amount[24], text[200];
    size_t n;
    if (all == 0)
        return y;
    bytes_text(amount, (int64_t)all);
    n = (size_t)snprintf(text, sizeof text, "system memory, %s:", amount);
    for (int i = 0; i < 4; i++) {
        bytes_text(amount, (int64_t)r->host[i]);
        if (r->host[i] && n < sizeof text)
            n += (size_t)snprintf(text + n, sizeof text - n, " %s %s", name[i], amount);
    }
    text_at(b, NULL, left, y + 12, text);
    y += LINE + 2;
    for (int i = 0; i < 4; i++) {
        uint64_t from = draw_length(sum, scale), to = draw_length(sum += r->host[i], scale);
        if (to > from)
            portion_box(b, kind[i], left + from, y, to - from, BAR / 3);
    }
    return y + BAR / 3 + 8;
}

unsigned draw_legend(buf *b, unsigned y, const picture *p)
{
    unsigned x = DRAW_MARGIN;
    for (int k = 0; k < PORTION_KINDS; k++) {
        unsigned width = 18 + (unsigned)(strlen(portion_name[k]) * EM10 / 10) + 14;
        if (!picture_has(p, k))
            continue;
        if (x + width > DRAW_WIDTH - DRAW_MARGIN) {
            x = DRAW_MARGIN;
            y += LINE;
        }
        portion_box(b, k, 10 * x, y, 120, 12);
        text_at(b, NULL, 10 * (x + 18), y + 10, portion_name[k]);
        x += width;
    }
    return y + LINE + 16;
}

/* A name cut to the room it has. */
static void cut(char *out, size_t size, const char *text, size_t most)
{
    text_set(out, size, text);
    if (text_columns(out, strlen(out)) <= most)
        return;
    size_t n = 0, shown = 0;
    for (; out[n]; n++) {
        shown += ((unsigned char)out[n] & 0xC0u) != 0x80u;
        if (shown > most - 1)
            break;
    }
    text_set(out + n, size - n, "\xe2\x80\xa6");
}

unsigned draw_title(buf *b, unsigned y, const picture_row *r)
{
    char text[400], need[24], available[24], room[24], class[16];
    buf what = {0};
    buf_fmt(&what, "%.200s, %.60s on %.60s", r->model, r->quant, r->gpu);
    buf_add(&what, "", 1);
    cut(text, sizeof text, what.failed ? "" : what.p, 66);
    buf_free(&what);
    text_at(b, "big", 10 * DRAW_MARGIN, y + 14, text);
    (void)snprintf(class, sizeof class, "v%d verdict end", (int)r->verdict);
    text_at(b, class, 10 * (DRAW_WIDTH - DRAW_MARGIN), y + 14, verdict_sign(r->verdict));
    y += 22;
    text_at(b, "soft", 10 * DRAW_MARGIN, y + 12, r->said);
    if (r->n_devices) {
        bytes_text(need, (int64_t)r->need);
        bytes_text(available, (int64_t)r->available);
        bytes_text(room, r->headroom < 0 ? -r->headroom : r->headroom);
        (void)snprintf(text, sizeof text, "needs %s of %s, %s %s", need, available, room, r->headroom < 0 ? "too much" : "to spare");
        text_at(b, "soft end", 10 * (DRAW_WIDTH - DRAW_MARGIN), y + 12, text);
    }
    return y + LINE + 4;
}

unsigned draw_heading(buf *b, unsigned y, const char *text)
{
    text_at(b, "big", 10 * DRAW_MARGIN, y + 14, text);
    return y + 24;
}

unsigned draw_matrix(buf *b, unsigned y, const matrix *m)
{
    enum { COLUMN = 114, NAME = 42 };
    char text[100], class[16];
    size_t most = 10;
    for (size_t i = 0; i < m->n_models; i++) {
        size_t n = strlen(m->model[i]->model) + strlen(m->model[i]->quant) + 1;
        most = n > most ? n : most;
    }
    unsigned first = (unsigned)((most < NAME ? most : NAME) * EM10 / 10), across = (DRAW_INNER - first) / COLUMN;
    unsigned column = m->n_gpus < across ? COLUMN : (DRAW_INNER - first) / across;
    for (size_t from = 0; from < m->n_gpus; from += across) {
        size_t to = from + across < m->n_gpus ? from + across : m->n_gpus;
        for (size_t g = from; g < to; g++) {
            cut(text, sizeof text, m->gpu[g]->gpu, 17);
            text_at(b, "soft mid", 10 * (DRAW_MARGIN + first + (g - from) * column + column / 2), y + 12, text);
        }
        y += LINE + 4;
        for (size_t i = 0; i < m->n_models; i++) {
            buf name = {0};
            buf_fmt(&name, "%.200s %.60s", m->model[i]->model, m->model[i]->quant);
            buf_add(&name, "", 1);
            cut(text, sizeof text, name.failed ? "" : name.p, NAME);
            buf_free(&name);
            text_at(b, NULL, 10 * DRAW_MARGIN, y + 12, text);
            for (size_t g = from; g < to; g++) {
                const picture_row *c = m->cell[i * m->n_gpus + g];
                (void)snprintf(class, sizeof class, "v%d mid", c ? (int)c->verdict : 2);
                text_at(b, class, 10 * (DRAW_MARGIN + first + (g - from) * column + column / 2), y + 12,
                        c ? verdict_sign(c->verdict) : "refused");
            }
            y += LINE + 2;
        }
        y += 10;
    }
    return y;
}
