/* svg: a picture that stands alone: each card as a block with its portions, the same question under several quantizations side
 * by side, a matrix of models and cards, memory over context length. */
#include "cli/format/draw.h"

#include <stdlib.h>

/* For those who do not see it: every answer in a sentence. */
static void description(buf *b, const picture *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const picture_row *r = &p->row[i];
        buf_xml(b, r->model);
        buf_str(b, ", ");
        buf_xml(b, r->quant);
        buf_str(b, " on ");
        buf_xml(b, r->gpu);
        buf_fmt(b, ": %s, ", vf_verdict_name(r->verdict));
        buf_xml(b, r->needs);
        buf_str(b, ".\n");
    }
}

static void end(report *r)
{
    buf body = {0}, *b = r->out;
    const picture *p = r->picture;
    matrix m = {0};
    unsigned y = DRAW_MARGIN;
    if (!p)
        return;
    if (matrix_make(p, &m))
        y = draw_matrix(&body, y, &m) + 8;
    if (p->n == 1)
        y = draw_answer(&body, y, &p->row[0], picture_scale(p));
    else
        y = draw_answers(&body, y, p);
    if (draw_has_curves(p))
        y = draw_curves(&body, draw_heading(&body, y, "Memory over context length"), p);
    y += DRAW_MARGIN / 2;
    buf_fmt(b, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"vf\" viewBox=\"0 0 %d %u\" width=\"%d\" height=\"%u\" role=\"img\" "
            "aria-labelledby=\"vf-title vf-desc\">\n", DRAW_WIDTH, y, DRAW_WIDTH, y);
    buf_str(b, "<title id=\"vf-title\">Memory of language models on graphics cards</title>\n<desc id=\"vf-desc\">");
    description(b, p);
    buf_str(b, "</desc>\n");
    draw_style(b);
    draw_patterns(b);
    buf_fmt(b, "<rect class=\"bg\" width=\"%d\" height=\"%u\"/>\n", DRAW_WIDTH, y);
    buf_add(b, body.p, body.n);
    buf_str(b, "</svg>\n");
    b->failed = b->failed || body.failed;
    buf_free(&body);
    matrix_free(&m);
}

const renderer format_svg = {picture_begin, picture_keep, end, NULL};
