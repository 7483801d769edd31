/* Behind the lines of a table: models × sets of cards, a verdict a cell. */
#include "cli/picture.h"
#include "cli/table.h"

#include <stdlib.h>
#include <string.h>

void table_matrix_begin(report *r)
{
    if (r->single || r->from_list)
        return;
    r->picture = calloc(1, sizeof *r->picture);
    if (!r->picture)
        r->out->failed = true;
}

static size_t widest(const matrix *m)
{
    size_t most = strlen("refused");
    for (size_t g = 0; g < m->n_gpus; g++) {
        size_t n = text_columns(m->gpu[g]->gpu, strlen(m->gpu[g]->gpu));
        most = n > most ? n : most;
    }
    return most + 2;
}

static void cell(const report *r, const picture_row *c, size_t width)
{
    static const char *const color[] = {"\033[32m", "\033[33m", "\033[31m"};
    const char *text = c ? vf_verdict_name(c->verdict) : "refused";
    if (c && r->term->color)
        buf_str(r->out, color[c->verdict]);
    buf_str(r->out, text);
    if (c && r->term->color)
        buf_str(r->out, "\033[0m");
    buf_repeat(r->out, " ", width - strlen(text));
}

static void block(const report *r, const matrix *m, size_t from, size_t to, size_t width)
{
    buf *b = r->out;
    buf_str(b, "\n");
    for (size_t g = from; g < to; g++) {
        size_t start = b->n;
        buf_str(b, m->gpu[g]->gpu);
        buf_pad(b, start, width);
    }
    buf_str(b, "MODEL\n");
    for (size_t i = 0; i < m->n_models; i++) {
        for (size_t g = from; g < to; g++)
            cell(r, m->cell[i * m->n_gpus + g], width);
        buf_str(b, m->model[i]->model);
        buf_str(b, " ");
        buf_str(b, m->model[i]->quant);
        buf_str(b, "\n");
    }
}

void table_matrix_end(report *r)
{
    matrix m = {0};
    if (r->picture && !r->picture->failed && matrix_make(r->picture, &m)) {
        size_t width = widest(&m), room = r->term->width > 30 ? r->term->width - 30 : m.n_gpus * width;
        size_t across = room / width > 1 ? room / width : 1;
        for (size_t from = 0; from < m.n_gpus; from += across)
            block(r, &m, from, from + across < m.n_gpus ? from + across : m.n_gpus, width);
    }
    matrix_free(&m);
}
