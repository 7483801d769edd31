/* Text that grows: every output is built in memory and written once. A buffer that could not grow
 * remembers it (`failed`) and ignores what follows, so callers test once, at the end. */
#ifndef CLI_BUF_H
#define CLI_BUF_H

#include "vramfit/vramfit.h"

typedef struct buf {
    char *p; /**< not terminated; NULL when empty */
    size_t n, cap;
    bool failed;
} buf;

void buf_free(buf *b);
void buf_add(buf *b, const char *text, size_t n);
void buf_str(buf *b, const char *text);
void buf_repeat(buf *b, const char *text, size_t times);
/** Formats; no floating point. What one call adds is at most 4 KiB. */
void buf_fmt(buf *b, const char *format, ...) VF_PRINTF(2, 3);
/** A decimal number. */
void buf_u64(buf *b, uint64_t v);
/** Spaces until `width` columns after `start` (an earlier b->n). */
void buf_pad(buf *b, size_t start, size_t width);

/** Text from column `at` on and a newline, broken between words at `width` columns (0: nowhere); what
 * follows a break begins at column `indent`. */
void buf_wrap(buf *b, const char *text, size_t at, size_t indent, size_t width);

/** Foreign text, safe for a terminal and on one line: printable characters as they are, every other
 * byte as \xNN. */
void buf_plain(buf *b, const char *text);
/** The same between tags, or in an attribute, of XML and HTML. */
void buf_xml(buf *b, const char *text);
/** The same within JSON's quotes, escaped as JSON wants it. */
void buf_json(buf *b, const char *text);

/** |v|, of the most negative number, too. */
static inline uint64_t buf_magnitude(int64_t v)
{
    return v < 0 ? (uint64_t)-(v + 1) + 1 : (uint64_t)v;
}

/** Bytes in binary units, two decimals: "12.72 GiB". `v` < 0 gives a sign. */
void buf_bytes(buf *b, int64_t v);
/** num ÷ den with `decimals` (at most 9) decimals, rounded to nearest. */
void buf_ratio(buf *b, uint64_t num, uint64_t den, unsigned decimals);

/** Copies text into a fixed field, cut to fit between characters. */
void text_set(char *field, size_t size, const char *text);
/** Columns that text takes on a terminal: code points (wide characters count as one). */
size_t text_columns(const char *text, size_t n);

#endif
