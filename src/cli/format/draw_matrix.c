/* Models and sets of cards, a verdict a cell. */
#include "cli/format/draw.h"

#include <stdio.h>
#include <string.h>

enum { COLUMN = 102, NAME = 34, HEAD = 13, ROW = 40 };

static void head(buf *b, unsigned middle, unsigned y, const char *name)
{
    char first[100], second[100];
    draw_cut_two(first, second, sizeof first, name, HEAD);
    draw_text_at(b, "bold mid", 10 * middle, y + (second[0] ? 14 : 28), first);
    if (second[0])
        draw_text_at(b, "bold mid", 10 * middle, y + 28, second);
}

static void cell(buf *b, unsigned x, unsigned y, unsigned width, const picture_row *c)
{
    char class[16], amount[24], text[40];
    const unsigned middle = x + width / 2 + 2;
    draw_box(b, "cell", NULL, 10 * (x + 2), y, 10 * (width - 4), ROW - 4);
    if (!c) {
        draw_text_at(b, "soft mid", 10 * middle, y + 22, NO_ANSWER);
        return;
    }
    (void)snprintf(class, sizeof class, "v%d", (int)c->verdict);
    draw_box(b, class, NULL, 10 * (x + 2), y, 40, ROW - 4);
    (void)snprintf(class, sizeof class, "v%d verdict mid", (int)c->verdict);
    draw_text_at(b, class, 10 * middle, y + (c->n_devices ? 15 : 22), verdict_sign(c->verdict));
    if (!c->n_devices)
        return;
    draw_amount(amount, c->headroom < 0 ? -c->headroom : c->headroom);
    (void)snprintf(text, sizeof text, "%s %s", amount, c->headroom < 0 ? "over" : "left");
    draw_text_at(b, "soft small mid", 10 * middle, y + 30, text);
}

static size_t longest_name(const matrix *m)
{
    size_t most = 10;
    for (size_t i = 0; i < m->n_models; i++) {
        size_t n = text_columns(m->model[i]->model, strlen(m->model[i]->model));
        most = n > most ? n : most;
    }
    return most < NAME ? most : NAME;
}

unsigned draw_matrix(buf *b, unsigned y, const matrix *m)
{
    char text[200];
    unsigned first = draw_text_width(longest_name(m)) + 8, across = (DRAW_INNER - first) / COLUMN;
    for (size_t from = 0; from < m->n_gpus; from += across) {
        size_t to = from + across < m->n_gpus ? from + across : m->n_gpus;
        for (size_t g = from; g < to; g++)
            head(b, DRAW_MARGIN + first + (unsigned)(g - from) * COLUMN + COLUMN / 2, y, m->gpu[g]->gpu);
        y += 36;
        for (size_t i = 0; i < m->n_models; i++, y += ROW) {
            draw_cut(text, sizeof text, m->model[i]->model, NAME);
            draw_text_at(b, NULL, 10 * DRAW_MARGIN, y + 15, text);
            draw_cut(text, sizeof text, m->model[i]->quant, NAME);
            draw_text_at(b, "soft", 10 * DRAW_MARGIN, y + 30, text);
            for (size_t g = from; g < to; g++)
                cell(b, DRAW_MARGIN + first + (unsigned)(g - from) * COLUMN, y, COLUMN, m->cell[i * m->n_gpus + g]);
        }
        y += 16;
    }
    return y;
}
