/* Parts of the table that people read. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "cli/report/picture.h"

/** Text in the colour of a verdict, where there are colours. */
void table_paint(const report *r, vf_verdict v, const char *text);
/** A name in a column of `width`; longer than `most` (0: any length) it is cut. */
void table_name(buf *b, const char *text, size_t width, size_t most);
/** A line with an amount of bytes; on a terminal with the sign of a portion (PORTION_KINDS: none). */
void table_amount(const report *r, const char *label, int64_t v, int kind);

/** What else is loaded, in the process of the model or in its own. */
void table_members(const report *r, const row *w);

/** The sign of a portion and a blank; two blanks where nothing is drawn. */
void table_sign(const report *r, int kind);
/** A card as a bar, on a terminal. */
void table_bar(const report *r, const vf_device_result *d);
/** The cards of several answers as bars on one scale, on a terminal and as long as they are few. */
void table_bars(const report *r, const picture *p);

/** Keeps the rows for what is shown behind them on a terminal, unless they come from a list of any length. */
void table_glance_begin(report *r);
/** A matrix of models and cards where there is one, else bars. */
void table_glance_end(report *r);

#endif
