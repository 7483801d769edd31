/* Cells and lines of csv, tsv and markdown tables. */
#ifndef CLI_CSV_H
#define CLI_CSV_H

#include "cli/text/buf.h"

typedef enum csv_style { CSV_COMMA = 0, CSV_TAB, CSV_MARKDOWN } csv_style;

void csv_cell(buf *b, csv_style style, bool first, const char *text);
void csv_end(buf *b, csv_style style);
/** The line under a markdown header. */
void csv_rule(buf *b, size_t columns);

#endif
