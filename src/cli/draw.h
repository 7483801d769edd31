/* The parts of a picture as SVG. Lengths are pixels, in tenths where they stand for bytes. */
#ifndef CLI_DRAW_H
#define CLI_DRAW_H

#include "cli/picture.h"

#define DRAW_WIDTH 800
#define DRAW_MARGIN 24
#define DRAW_INNER (DRAW_WIDTH - 2 * DRAW_MARGIN)

/** Classes of colours and texts, light and dark; patterns for those who do not see them apart. */
void draw_style(buf *b);
void draw_patterns(buf *b);

/** Bytes as tenths of a pixel on a bar of DRAW_INNER for `scale` bytes. */
uint64_t draw_length(uint64_t bytes, uint64_t scale);

/** A card as a block, at height y; gives the height behind it. `named`: with a line about the card. */
unsigned draw_card(buf *b, unsigned y, const vf_device_result *d, uint64_t scale, bool named);
/** What every portion takes, in columns. */
unsigned draw_amounts(buf *b, unsigned y, const vf_device_result *d);
/** System memory, which has no end here. */
unsigned draw_host(buf *b, unsigned y, const picture_row *r, uint64_t scale);
/** Which colour is what, for portions that some row has. */
unsigned draw_legend(buf *b, unsigned y, const picture *p);
/** Text lines: a title and what is below it. */
unsigned draw_title(buf *b, unsigned y, const picture_row *r);
unsigned draw_matrix(buf *b, unsigned y, const matrix *m);

/** A heading of its own line. */
unsigned draw_heading(buf *b, unsigned y, const char *text);

/** Memory over context: the portions of one row, or the need of several. Without a curve nothing. */
unsigned draw_curves(buf *b, unsigned y, const picture *p);
bool draw_has_curves(const picture *p);

#endif
