/* Parts of the table that people read. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "cli/report.h"

/** A line with an amount of bytes, and a bar of `total` on a terminal (0: none). */
void table_amount(const report *r, const char *label, int64_t v, uint64_t total);

/** What else is loaded, in the process of the model or in its own. */
void table_members(const report *r, const row *w);

/** Keeps the rows of several models and sets of cards, unless they come from a list of any length. */
void table_matrix_begin(report *r);
/** The matrix behind them, when there is one. */
void table_matrix_end(report *r);

#endif
