#ifndef CLI_TABLE_MATRIX_H
#define CLI_TABLE_MATRIX_H

#include "cli/report.h"

/** Keeps the rows of several models and sets of cards, unless they come from a list of any length. */
void table_matrix_begin(report *r);
/** The matrix, when there is one. */
void table_matrix_end(report *r);

#endif
