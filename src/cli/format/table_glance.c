/* Behind the lines of a table on a terminal: what is asked of several models, quantizations or cards, at one glance. */
#include "cli/report/picture.h"
#include "cli/format/table.h"

#include <stdlib.h>
#include <string.h>

void table_glance_begin(report *r)
{
    if (r->single || r->from_list || !r->term->tty)
        return;
    r->picture = calloc(1, sizeof *r->picture);
    if (!r->picture)
        r->out->failed = true;
}

static size_t widest(const matrix *m)
{
    size_t most = strlen(NO_ANSWER);
    for (size_t g = 0; g < m->n_gpus; g++) {
        size_t n = text_columns(m->gpu[g]->gpu, strlen(m->gpu[g]->gpu));
        most = n > most ? n : most;
    }
    return most + 2;
}

static void cell(const report *r, const picture_row *c, size_t width)
{
    const char *text = c ? vf_verdict_name(c->verdict) : NO_ANSWER;
    if (c)
        table_paint(r, c->verdict, text);
    else
        buf_str(r->out, text);
    buf_repeat(r->out, " ", width - strlen(text));
}

static void block(const report *r, const matrix *m, size_t from, size_t to, size_t width)
{
    buf *b = r->out;
    char name[300];
    buf_str(b, "\n");
    for (size_t g = from; g < to; g++)
        table_name(b, m->gpu[g]->gpu, width, width);
    buf_str(b, "MODEL\n");
    for (size_t i = 0; i < m->n_models; i++) {
        for (size_t g = from; g < to; g++)
            cell(r, m->cell[i * m->n_gpus + g], width);
        size_t quant = strlen(m->model[i]->quant) + 1, used = (to - from) * width;
        size_t left = r->term->width > used + quant + 8 ? r->term->width - used - quant : 8;
        text_set(name, sizeof name, m->model[i]->model);
        table_name(b, name, 0, left);
        buf_str(b, " ");
        buf_str(b, m->model[i]->quant);
        buf_str(b, "\n");
    }
}

void table_glance_end(report *r)
{
    matrix m = {0};
    if (!r->picture || r->picture->failed)
        return;
    if (matrix_make(r->picture, &m)) {
        size_t width = widest(&m), room = r->term->width - 30; /* a terminal has 40 columns or more */
        size_t across = room / width > 1 ? room / width : 1;
        for (size_t from = 0; from < m.n_gpus; from += across)
            block(r, &m, from, from + across < m.n_gpus ? from + across : m.n_gpus, width);
    } else {
        table_bars(r, r->picture);
    }
    matrix_free(&m);
}
