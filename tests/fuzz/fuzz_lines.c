/* Lists: lines that do not depend on how the file falls into chunks. A filler in front, of a length that the
 * first three bytes give, moves what follows over the chunks' and the lines' limits. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "cli/text/lines.h"

enum { FILLER = 140000 };

/** The next line by the plain rules: up to the separator, without the carriage return and the first line's BOM. */
static line_kind expect(const char **at, const char *end, char separator, bool first, const char **text, size_t *n)
{
    if (*at == end)
        return LINE_END;
    const char *stop = memchr(*at, separator, (size_t)(end - *at));
    *text = *at;
    *n = (size_t)((stop ? stop : end) - *at);
    *at = stop ? stop + 1 : end;
    if (*n > LINE_LIMIT)
        return LINE_LONG;
    if (first && *n >= 3 && memcmp(*text, "\xef\xbb\xbf", 3) == 0) {
        *text += 3;
        *n -= 3;
    }
    if (separator == '\n' && *n > 0 && (*text)[*n - 1] == '\r')
        --*n;
    return memchr(*text, 0, *n) ? LINE_NUL : LINE_GOOD;
}

static void compare(const char *path, const char *text, size_t size, char separator)
{
    vf_error err = {0};
    lines *l = lines_open(path, separator, &err);
    PROMISE(l);
    const char *at = text, *want = NULL;
    for (uint64_t number = 1;; number++) {
        size_t n = 0;
        line_kind kind = expect(&at, text + size, separator, number == 1, &want, &n);
        PROMISE(lines_next(l, &err) == kind);
        if (kind == LINE_END)
            break;
        PROMISE(l->number == number);
        if (kind == LINE_GOOD)
            PROMISE(l->length == n && memcmp(l->text, want, n) == 0 && l->text[n] == 0);
    }
    PROMISE(lines_next(l, &err) == LINE_END);
    lines_close(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[FILLER + (1 << 16)], path[64];
    static int fd = -1;
    if (size < 3 || size > 1 << 16)
        return 0;
    if (fd < 0) {
        fd = memfd_create("list", 0);
        PROMISE(fd >= 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    size_t filler = ((size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2]) % FILLER;
    filler = data[0] & 0x80 ? 65536 * (1 + (filler & 1)) - (filler & 15) : data[0] & 0x40 ? filler : 0;
    memset(text, 'x', filler);
    memcpy(text + filler, data + 3, size - 3);
    size_t n = filler + size - 3;
    PROMISE(ftruncate(fd, 0) == 0 && pwrite(fd, text, n, 0) == (ssize_t)n);
    compare(path, text, n, '\n');
    compare(path, text, n, 0);
    return 0;
}
