#include "cli/format/draw.h"

#include <stdio.h>
#include <string.h>

#define EM10 68 /* tenths of a pixel that a character takes at most, on the average of a word, at 12 pixels */

void draw_cut(char *out, size_t size, const char *text, size_t most)
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

void draw_cut_two(char *first, char *second, size_t size, const char *text, size_t most)
{
    size_t at = 0, n = strlen(text);
    for (size_t i = 1; i < n && text_columns(text, i) <= most; i++)
        if (text[i - 1] == ' ' || text[i - 1] == '+')
            at = i;
    bool one = at == 0 || at >= size || text_columns(text, n) <= most;
    draw_cut(first, one ? size : at + 1, text, most);
    draw_cut(second, size, one ? "" : text + at, most);
}

void draw_amount(char out[24], int64_t bytes)
{
    buf b = {0};
    buf_bytes(&b, bytes);
    buf_add(&b, "", 1);
    text_set(out, 24, b.failed ? "" : b.p);
    buf_free(&b);
}

unsigned draw_text_width(size_t n)
{
    return (unsigned)(n * EM10 / 10);
}

/* Okabe and Ito's colours, which people with any common colour vision tell apart. */
void draw_style(buf *b)
{
    buf_str(b,
        "<style>\n"
        ".vf{--bg:#ffffff;--ink:#1b1e23;--soft:#5a6069;--line:#d9dde2;--free:#f1f3f5;--held:#d3d7dd;--bad:#b3400a;--good:#00694d;--warn:#8a5a00;"
        "--c0:#0072b2;--c1:#b87800;--c2:#008560;--c3:#b5538c;--c4:#2b8cc4;--c5:#c24e00}\n"
        "@media (prefers-color-scheme:dark){.vf{--bg:#15181c;--ink:#eceef1;--soft:#a4abb5;--line:#333941;--free:#242a30;--held:#4a515b;"
        "--bad:#ff9a5c;--good:#4fd1a8;--warn:#f2c14e;--c0:#4fa8e0;--c1:#e69f00;--c2:#2dbf96;--c3:#dd94bd;--c4:#8fcdf0;--c5:#ff8a3d}}\n"
        ".vf{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;font-size:12px}\n"
        ".vf .bg{fill:var(--bg)}.vf text{fill:var(--ink)}.vf text.soft{fill:var(--soft)}.vf .big{font-size:16px;font-weight:600}.vf .bold{font-weight:600}.vf .small{font-size:11px}"
        ".vf .end{text-anchor:end}.vf .mid{text-anchor:middle}\n"
        ".vf .pw{fill:#0072b2}.vf .pk{fill:#e69f00}.vf .pc{fill:#009e73}.vf .pr{fill:#cc79a7}"
        ".vf .pd,.vf .ps,.vf .po,.vf .pl{fill:var(--held)}.vf .pm,.vf .pf,.vf .cell{fill:var(--free)}\n"
        ".vf text.on-pw{fill:#fff}.vf text.on-pc,.vf text.on-pk,.vf text.on-pr{fill:#111}"
        ".vf .hatch{stroke:var(--ink);stroke-opacity:.42;stroke-width:1;fill:none}.vf .dark{stroke:#000}.vf .dot{fill:#000;fill-opacity:.42}\n"
        ".vf .frame{fill:none;stroke:var(--soft);stroke-width:.5}.vf .edge{fill:none;stroke:var(--bg);stroke-width:1}.vf .card{fill:none;stroke:var(--ink);stroke-width:1.5}"
        ".vf .over{fill:none;stroke:var(--bad);stroke-width:2;stroke-dasharray:5 3}.vf .thin{stroke:var(--warn)}\n"
        ".vf text.v0,.vf rect.v0{fill:var(--good)}.vf text.v1,.vf rect.v1{fill:var(--warn)}.vf text.v2,.vf rect.v2{fill:var(--bad)}.vf .verdict{font-weight:600}\n"
        ".vf .grid{stroke:var(--line);stroke-width:1}.vf .limit{stroke:var(--ink);stroke-width:2}.vf .under{stroke:var(--bg);stroke-width:5}"
        ".vf .asked{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:2 3}.vf .mark{fill:var(--bg);stroke:var(--ink);stroke-width:2}\n"
        ".vf .curve{fill:none;stroke-width:2.5}.vf .c0{stroke:var(--c0)}.vf .c1{stroke:var(--c1);stroke-dasharray:9 4}"
        ".vf .c2{stroke:var(--c2);stroke-dasharray:3 3}.vf .c3{stroke:var(--c3);stroke-dasharray:12 3 3 3}"
        ".vf .c4{stroke:var(--c4);stroke-dasharray:6 2}.vf .c5{stroke:var(--c5);stroke-dasharray:1 3}\n"
        "</style>\n");
}

void draw_patterns(buf *b)
{
    static const struct {
        const char *id, *shape;
    } pattern[] = {
        {"vf-pk", "<path class=\"hatch dark\" d=\"M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4\"/>"},
        {"vf-pc", "<circle class=\"dot\" cx=\"4\" cy=\"4\" r=\"1.2\"/>"},
        {"vf-pr", "<path class=\"hatch dark\" d=\"M4,0 v8\"/>"},
        {"vf-pd", "<path class=\"hatch\" d=\"M0,0 l8,8 M8,0 l-8,8\"/>"},
        {"vf-ps", "<path class=\"hatch\" d=\"M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4\"/>"},
        {"vf-po", "<path class=\"hatch\" d=\"M0,4 h8\"/>"},
        {"vf-pl", "<path class=\"hatch\" d=\"M0,2 h3 M4,6 h3\"/>"},
        {"vf-pm", "<path class=\"hatch\" stroke-dasharray=\"2 2\" d=\"M0,8 l8,-8\"/>"},
    };
    buf_str(b, "<defs>\n");
    for (size_t i = 0; i < sizeof pattern / sizeof pattern[0]; i++)
        buf_fmt(b, "<pattern id=\"%s\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">%s</pattern>\n", pattern[i].id, pattern[i].shape);
    buf_str(b, "</defs>\n");
}

static void tenths(buf *b, const char *name, uint64_t v)
{
    buf_fmt(b, " %s=\"%llu.%llu\"", name, (unsigned long long)(v / 10), (unsigned long long)(v % 10));
}

void draw_box(buf *b, const char *class, const char *pattern, uint64_t x10, unsigned y, uint64_t w10, unsigned h)
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

void draw_text_at(buf *b, const char *class, uint64_t x10, unsigned y, const char *text)
{
    buf_str(b, "<text");
    if (class)
        buf_fmt(b, " class=\"%s\"", class);
    tenths(b, "x", x10);
    buf_fmt(b, " y=\"%u\">", y);
    buf_xml(b, text);
    buf_str(b, "</text>\n");
}

void draw_key(buf *b, int kind, unsigned x, unsigned y)
{
    draw_box(b, portion_class[kind], NULL, 10 * x, y, 120, 12);
    if (kind != PORTION_WEIGHTS && kind != PORTION_FREE)
        draw_box(b, NULL, portion_class[kind], 10 * x, y, 120, 12);
    if (kind >= PORTION_MARGIN)
        draw_box(b, "frame", NULL, 10 * x, y, 120, 12);
}

unsigned draw_heading(buf *b, unsigned y, const char *text)
{
    draw_text_at(b, "big", 10 * DRAW_MARGIN, y + 14, text);
    return y + 24;
}
