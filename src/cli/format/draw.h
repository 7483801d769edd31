/* The parts of a picture as SVG. Places are pixels, lengths that stand for bytes tenths of one. Every function that draws from
 * height y downwards gives the height behind it. */
#ifndef CLI_DRAW_H
#define CLI_DRAW_H

#include "cli/report/picture.h"

#define DRAW_WIDTH 800
#define DRAW_MARGIN 24
#define DRAW_INNER (DRAW_WIDTH - 2 * DRAW_MARGIN)

/* ---- what every part is made of (draw.c) ----------------------------------------------------- */

/** Text cut to a number of characters, with an ellipsis. */
void draw_cut(char *out, size_t size, const char *text, size_t most);
/** The same over two lines, broken behind the last blank or '+' that leaves the first one short enough; `second` "" when one
 * line is enough. */
void draw_cut_two(char *first, char *second, size_t size, const char *text, size_t most);
/** An amount of bytes as text. */
void draw_amount(char out[24], int64_t bytes);
/** Columns of the widest text of `n` characters at 12 pixels. */
unsigned draw_text_width(size_t n);
/** One text element; `class` may be NULL. */
void draw_text_at(buf *b, const char *class, uint64_t x10, unsigned y, const char *text);
/** A rectangle; `class` and `pattern` may be NULL. */
void draw_box(buf *b, const char *class, const char *pattern, uint64_t x10, unsigned y, uint64_t w10, unsigned h);
/** A sample of a portion's colour and pattern. */
void draw_key(buf *b, int kind, unsigned x, unsigned y);
/** Classes of colours and texts, light and dark; patterns for those who do not see them apart. */
void draw_style(buf *b);
void draw_patterns(buf *b);
/** A heading of its own line. */
unsigned draw_heading(buf *b, unsigned y, const char *text);

/* ---- cards (draw_card.c) --------------------------------------------------------------------- */

/** One answer in full: each card as a block with the amounts of its portions, and the system memory. */
unsigned draw_answer(buf *b, unsigned y, const picture_row *r, uint64_t scale);
/** Several, below each other on one scale, models with a heading each. */
unsigned draw_answers(buf *b, unsigned y, const picture *p);

/* ---- tables and charts (draw_matrix.c, draw_curve.c) ------------------------------------------ */

unsigned draw_matrix(buf *b, unsigned y, const matrix *m);
/** Memory over context: the portions of one row, or the need of several. Without a curve nothing. */
unsigned draw_curves(buf *b, unsigned y, const picture *p);
bool draw_has_curves(const picture *p);

#endif
