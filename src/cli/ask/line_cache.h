/* Answers by the line that asked for them: lists repeat themselves. */
#ifndef CLI_LINE_CACHE_H
#define CLI_LINE_CACHE_H

#include "cli/text/buf.h"

typedef struct line_answer {
    char *line; /**< NULL: the slot is free */
    char *text; /**< as written, n bytes */
    size_t n;
    uint32_t rows;
} line_answer;

typedef struct line_cache {
    line_answer *slot;
    uint32_t n;
    size_t bytes;
} line_cache;

bool line_cache_open(line_cache *c);
void line_cache_close(line_cache *c);
/** The answer to a line, or NULL. */
const line_answer *line_cache_find(const line_cache *c, const char *line);
/** Keeps an answer while there is room; forgets all when there is none. */
void line_cache_keep(line_cache *c, const char *line, const char *text, size_t n, uint32_t rows);

/** FNV-1a. Tables that use it are small and dropped when full, so text chosen to collide costs little. */
uint32_t hash_text(const char *text);

#endif
