#include "cli/text/lines.h"

#include <stdlib.h>
#include <string.h>

lines *lines_open(const char *path, char separator, vf_error *err)
{
    lines *l = malloc(sizeof *l);
    if (!l) {
        (void)fail_nomem(err);
        return NULL;
    }
    l->in = input_open(path, err);
    if (!l->in) {
        free(l);
        return NULL;
    }
    l->separator = separator;
    l->number = l->bytes = 0;
    l->at = l->n = l->length = 0;
    l->ended = false;
    return l;
}

void lines_close(lines *l)
{
    if (!l)
        return;
    input_close(l->in);
    free(l);
}

bool lines_would_wait(const lines *l)
{
    return !l->ended && (l->at == l->n || !memchr(l->chunk + l->at, l->separator, l->n - l->at));
}

/* Takes a line without its end, cleaned up. */
static line_kind finish(lines *l, bool too_long)
{
    l->number++;
    if (too_long)
        return LINE_LONG;
    if (l->number == 1 && l->length >= 3 && memcmp(l->text, "\xef\xbb\xbf", 3) == 0) {
        l->length -= 3;
        memmove(l->text, l->text + 3, l->length);
    }
    if (l->separator == '\n' && l->length > 0 && l->text[l->length - 1] == '\r')
        l->length--;
    l->text[l->length] = 0;
    return memchr(l->text, 0, l->length) ? LINE_NUL : LINE_GOOD;
}

line_kind lines_next(lines *l, vf_error *err)
{
    bool too_long = false, any = false;
    l->length = 0;
    for (;;) {
        if (l->at == l->n) {
            int64_t got = l->ended ? 0 : input_read(l->in, l->chunk, sizeof l->chunk, err);
            if (got < 0)
                return LINE_ERROR;
            if (got == 0) {
                l->ended = true;
                return any ? finish(l, too_long) : LINE_END;
            }
            l->at = 0;
            l->n = (size_t)got;
        }
        any = true;
        const char *from = l->chunk + l->at, *end = memchr(from, l->separator, l->n - l->at);
        size_t n = end ? (size_t)(end - from) : l->n - l->at;
        too_long = too_long || n > LINE_LIMIT - l->length;
        if (!too_long) {
            memcpy(l->text + l->length, from, n);
            l->length += n;
        }
        l->at += n + (end ? 1 : 0);
        l->bytes += n + (end ? 1 : 0);
        if (end)
            return finish(l, too_long);
    }
}
