/* Tables of names and numbers, in every format that is not for verdicts alone: what list and show print. */
#ifndef CLI_GRID_H
#define CLI_GRID_H

#include "cli/session.h"

typedef struct grid_column {
    const char *name; /**< JSON key and CSV header */
    bool number;      /**< right-aligned; unquoted in JSON */
} grid_column;

#define GRID_COLUMNS 12

typedef struct grid {
    format_id format;
    const grid_column *column;
    size_t n_columns, n_rows;
    buf *out;
    buf cells; /**< table: NUL-terminated cells, row by row, until the widths are known */
    size_t width[GRID_COLUMNS];
    size_t most; /**< columns of the terminal; 0: unlimited */
} grid;

/** `what` names the array in JSON ("models"). */
void grid_begin(grid *g, const session *s, buf *out, const char *what, const grid_column *column, size_t n);
/** One row; an empty cell is unknown. */
void grid_row(grid *g, const char *const *cell);
void grid_end(grid *g);

#endif
