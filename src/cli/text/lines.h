/* Lines of an input of any length, through buffers of a fixed size. */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include "cli/text/io.h"

#define LINE_LIMIT 65536

typedef enum line_kind {
    LINE_END = 0,
    LINE_GOOD,
    LINE_LONG, /**< over LINE_LIMIT bytes; skipped */
    LINE_NUL,  /**< holds a NUL byte */
    LINE_ERROR /**< reading failed: err is set */
} line_kind;

typedef struct lines {
    input *in;
    char separator;
    uint64_t number; /**< of the line read last, from 1 */
    uint64_t bytes;  /**< of the input, that the lines so far took */
    size_t at, n;    /**< unread part of `chunk` */
    bool ended;
    char chunk[65536];
    char text[LINE_LIMIT + 1]; /**< the line, terminated, without separator or carriage return */
    size_t length;
} lines;

/** Heap-allocated; NULL with err. Close with lines_close. */
lines *lines_open(const char *path, char separator, vf_error *err);
void lines_close(lines *l);
/** Whether the next line may have to wait for input: the moment to write what is done. */
bool lines_would_wait(const lines *l);
line_kind lines_next(lines *l, vf_error *err);

#endif
