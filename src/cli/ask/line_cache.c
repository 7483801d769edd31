#include "cli/ask/line_cache.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 65536u /* a power of two */
#define ENTRIES 32768u
#define BYTES ((size_t)12 << 20)
#define LINE_BYTES 1024 /* longer lines are not the ones that repeat */

uint32_t hash_text(const char *text)
{
    uint32_t h = 2166136261u;
    for (; *text; text++)
        h = (uint32_t)((uint64_t)(h ^ (unsigned char)*text) * 16777619u);
    return h;
}

bool line_cache_open(line_cache *c)
{
    *c = (line_cache){.slot = calloc(SLOTS, sizeof *c->slot)};
    return c->slot != NULL;
}

static void forget(line_cache *c)
{
    for (uint32_t i = 0; i < SLOTS; i++) {
        free(c->slot[i].line);
        free(c->slot[i].text);
        c->slot[i] = (line_answer){0};
    }
    c->n = 0;
    c->bytes = 0;
}

void line_cache_close(line_cache *c)
{
    if (c->slot)
        forget(c);
    free(c->slot);
    *c = (line_cache){0};
}

static line_answer *find(const line_cache *c, const char *line)
{
    uint32_t at = hash_text(line) & (SLOTS - 1);
    while (c->slot[at].line && strcmp(c->slot[at].line, line) != 0)
        at = (at + 1) & (SLOTS - 1);
    return &c->slot[at];
}

const line_answer *line_cache_find(const line_cache *c, const char *line)
{
    const line_answer *a = find(c, line);
    return a->line ? a : NULL;
}

void line_cache_keep(line_cache *c, const char *line, const char *text, size_t n, uint32_t rows)
{
    size_t size = strlen(line) + 1;
    if (size > LINE_BYTES || n > BYTES / 4)
        return;
    if (c->n >= ENTRIES || c->bytes + size + n > BYTES)
        forget(c);
    line_answer *a = find(c, line);
    char *key = malloc(size), *copy = malloc(n + 1);
    if (!key || !copy || a->line) {
        free(key);
        free(copy);
        return;
    }
    memcpy(key, line, size);
    memcpy(copy, text, n);
    *a = (line_answer){.line = key, .text = copy, .n = n, .rows = rows};
    c->n++;
    c->bytes += size + n;
}
