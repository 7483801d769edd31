#include "cli/report/grid.h"
#include "cli/text/csv.h"
#include "cli/text/json_out.h"

#include <string.h>

static csv_style style_of(format_id format)
{
    return format == FORMAT_CSV ? CSV_COMMA : format == FORMAT_TSV ? CSV_TAB : CSV_MARKDOWN;
}

static void csv_header(grid *g)
{
    csv_style style = style_of(g->format);
    for (size_t i = 0; i < g->n_columns; i++)
        csv_cell(g->out, style, i == 0, g->column[i].name);
    csv_end(g->out, style);
    if (style == CSV_MARKDOWN)
        csv_rule(g->out, g->n_columns);
}

/* Cells wait in `cells` until the widths are known. */
static void table_row(grid *g, const char *const *cell)
{
    for (size_t i = 0, n_columns = g->n_columns; i < n_columns; i++) {
        size_t start = g->cells.n;
        buf_plain(&g->cells, cell[i]);
        size_t n = g->cells.failed ? 0 : text_columns(g->cells.p + start, g->cells.n - start);
        g->width[i] = n > g->width[i] ? n : g->width[i];
        buf_add(&g->cells, "", 1);
    }
}

void grid_begin(grid *g, const session *s, buf *out, const char *what, const grid_column *column, size_t n)
{
    *g = (grid){.format = session_format(s), .column = column, .n_columns = n, .out = out, .most = s->term.width};
    if (g->format == FORMAT_JSON) {
        json_out j = {.b = out, .pretty = true};
        json_open(&j, NULL, '{');
        json_u64(&j, "schema", 1);
        json_str(&j, "version", vf_version());
        json_open(&j, what, '[');
    } else if (g->format == FORMAT_TABLE) {
        const char *title[GRID_COLUMNS];
        for (size_t i = 0; i < n; i++)
            title[i] = column[i].name;
        table_row(g, title);
    } else if (g->format != FORMAT_JSONL) {
        csv_header(g);
    }
}

static void json_row(grid *g, const char *const *cell)
{
    json_out j = {.b = g->out, .pretty = false, .depth = 2};
    if (g->format == FORMAT_JSON)
        buf_str(g->out, g->n_rows ? ",\n    " : "\n    ");
    json_open(&j, NULL, '{');
    for (size_t i = 0; i < g->n_columns; i++) {
        if (g->column[i].number && cell[i][0])
            json_number(&j, g->column[i].name, cell[i]);
        else
            json_known_str(&j, g->column[i].name, cell[i]);
    }
    json_close(&j, '}');
    if (g->format == FORMAT_JSONL)
        buf_str(g->out, "\n");
}

void grid_row(grid *g, const char *const *cell)
{
    csv_style style = style_of(g->format);
    if (g->format == FORMAT_JSON || g->format == FORMAT_JSONL) {
        json_row(g, cell);
    } else if (g->format == FORMAT_TABLE) {
        table_row(g, cell);
    } else {
        for (size_t i = 0; i < g->n_columns; i++)
            csv_cell(g->out, style, i == 0, cell[i]);
        csv_end(g->out, style);
    }
    g->n_rows++;
}

/* The first columns that fit; the first two always do, a long name is cut rather than a number dropped. */
static size_t fitting(const grid *g)
{
    size_t used = 0, n = 0;
    while (n < g->n_columns && (n < 1 || g->most == 0 || used + g->width[n] <= g->most))
        used += g->width[n++] + 2;
    return n;
}

/* How many bytes the first `columns` characters are. */
static size_t bytes_of(const char *text, size_t columns)
{
    size_t n = 0, seen = 0;
    for (; text[n]; n++) {
        seen += ((unsigned char)text[n] & 0xC0u) != 0x80u;
        if (seen > columns)
            break;
    }
    return n;
}

static void table_cell(grid *g, size_t i, const char *text, bool last)
{
    size_t start = g->out->n, columns = text_columns(text, strlen(text)), bytes = strlen(text);
    if (g->column[i].number)
        buf_repeat(g->out, " ", g->width[i] - columns);
    if (g->most && columns > g->most) {
        /* only a first column that is wider than the terminal */
        bytes = bytes_of(text, g->most - 2);
        buf_add(g->out, text, bytes);
        buf_str(g->out, "..");
    } else {
        buf_add(g->out, text, bytes);
    }
    if (!last)
        buf_pad(g->out, start, g->width[i] + 2);
}

void grid_end(grid *g)
{
    if (g->format == FORMAT_JSON)
        buf_str(g->out, g->n_rows ? "\n  ]\n}\n" : "]\n}\n");
    if (g->format == FORMAT_TABLE && !g->cells.failed && g->cells.n) {
        size_t shown = fitting(g);
        const char *p = g->cells.p, *end = p + g->cells.n;
        while (p < end) {
            for (size_t i = 0; i < g->n_columns; i++, p += strlen(p) + 1)
                if (i < shown)
                    table_cell(g, i, p, i + 1 == shown);
            while (g->out->n && g->out->p[g->out->n - 1] == ' ')
                g->out->n--;
            buf_str(g->out, "\n");
        }
    }
    if (g->cells.failed)
        g->out->failed = true;
    buf_free(&g->cells);
}
