#include "cli/text/buf.h"
#include "cli/text/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than any answer has; a loop that went wrong ends here instead of at the machine's memory. */
#define BUF_LIMIT ((size_t)1 << 25)

void buf_free(buf *b)
{
    free(b->p);
    *b = (buf){0};
}

static bool reserve(buf *b, size_t n)
{
    if (b->failed)
        return false;
    if (n <= b->cap - b->n)
        return true;
    size_t cap = b->cap ? b->cap : 1024;
    while (cap < BUF_LIMIT && cap - b->n < n)
        cap *= 2;
    char *p = cap - b->n < n ? NULL : realloc(b->p, cap);
    if (!p) {
        memory_short();
        b->failed = true;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

void buf_add(buf *b, const char *text, size_t n)
{
    if (n == 0 || !reserve(b, n))
        return;
    memcpy(b->p + b->n, text, n);
    b->n += n;
}

void buf_str(buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_repeat(buf *b, const char *text, size_t times)
{
    for (size_t n = strlen(text); times > 0; times--)
        buf_add(b, text, n);
}

void buf_fmt(buf *b, const char *format, ...)
{
    char text[4096];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (n < 0)
        return;
    buf_add(b, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

void buf_u64(buf *b, uint64_t v)
{
    char digits[20];
    size_t n = sizeof digits;
    do
        digits[--n] = (char)('0' + v % 10);
    while (v /= 10);
    buf_add(b, digits + n, sizeof digits - n);
}

void text_set(char *field, size_t size, const char *text)
{
    size_t n = strlen(text);
    if (n >= size)
        for (n = size - 1; n > 0 && ((unsigned char)text[n] & 0xC0u) == 0x80u;)
            n--;
    memcpy(field, text, n);
    field[n] = 0;
}

size_t text_columns(const char *text, size_t n)
{
    size_t columns = 0;
    for (size_t i = 0; i < n; i++)
        columns += ((unsigned char)text[i] & 0xC0u) != 0x80u;
    return columns;
}

void buf_pad(buf *b, size_t start, size_t width)
{
    size_t used = b->n > start ? text_columns(b->p + start, b->n - start) : 0;
    if (used < width)
        buf_repeat(b, " ", width - used);
}

void buf_wrap(buf *b, const char *text, size_t at, size_t indent, size_t width)
{
    bool first = true;
    while (*text) {
        size_t n = strcspn(text, " "), columns = text_columns(text, n);
        if (!first && width && at + 1 + columns > width) {
            buf_str(b, "\n");
            buf_repeat(b, " ", indent);
            at = indent;
        } else if (!first) {
            buf_str(b, " ");
            at++;
        }
        buf_add(b, text, n);
        at += columns;
        text += n;
        text += strspn(text, " ");
        first = false;
    }
    buf_str(b, "\n");
}

/* Length of a UTF-8 sequence at `s`, and its code point; 0 when it is not valid UTF-8. */
static size_t utf8(const char *s, uint32_t *cp)
{
    const unsigned char *u = (const unsigned char *)s;
    if (u[0] < 0x80) {
        *cp = u[0];
        return 1;
    }
    size_t n = u[0] >= 0xF0 ? 4 : u[0] >= 0xE0 ? 3 : 2;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (u[0] < 0xC2 || u[0] > 0xF4)
        return 0;
    *cp = u[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((u[i] & 0xC0u) != 0x80u)
            return 0;
        *cp = *cp << 6 | (u[i] & 0x3Fu);
    }
    return *cp < least[n] || *cp > 0x10FFFF || (*cp >= 0xD800 && *cp <= 0xDFFF) ? 0 : n;
}

/* Characters that neither move the cursor, nor hide, nor reorder what is around them. */
static bool printable(uint32_t cp)
{
    static const struct {
        uint32_t first, last;
    } hidden[] = {{0, 0x1F},         {0x7F, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},   {0x180E, 0x180E},
                  {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},
                  {0xFFF0, 0xFFFB}, {0xFFFE, 0xFFFF}, {0xE0000, 0xE0FFF}};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        if (cp >= hidden[i].first && cp <= hidden[i].last)
            return false;
    return true;
}

void buf_plain(buf *b, const char *text)
{
    while (*text) {
        uint32_t cp = 0;
        size_t n = utf8(text, &cp);
        if (n && printable(cp)) {
            buf_add(b, text, n);
        } else {
            n = n ? n : 1;
            for (size_t i = 0; i < n; i++)
                buf_fmt(b, "\\x%02x", (unsigned char)text[i]);
        }
        text += n;
    }
}

void buf_xml(buf *b, const char *text)
{
    buf plain = {0};
    buf_plain(&plain, text);
    for (size_t i = 0; i < plain.n; i++) {
        const char *c = &plain.p[i];
        const char *as = *c == '&' ? "&amp;" : *c == '<' ? "&lt;" : *c == '>' ? "&gt;" : *c == '"' ? "&quot;" : NULL;
        if (as)
            buf_str(b, as);
        else
            buf_add(b, c, 1);
    }
    b->failed = b->failed || plain.failed;
    buf_free(&plain);
}

void buf_json(buf *b, const char *text)
{
    buf_str(b, "\"");
    while (*text) {
        uint32_t cp = 0;
        size_t n = utf8(text, &cp);
        if (n == 0)
            buf_str(b, "\\ufffd");
        else if (cp == '"' || cp == '\\')
            buf_fmt(b, "\\%c", (char)cp);
        else if (printable(cp))
            buf_add(b, text, n);
        else if (cp < 0x10000)
            buf_fmt(b, "\\u%04x", (unsigned)cp);
        else
            buf_fmt(b, "\\u%04x\\u%04x", (unsigned)(0xD800 + ((cp - 0x10000) >> 10)),
                    (unsigned)(0xDC00 + ((cp - 0x10000) & 0x3FF)));
        text += n ? n : 1;
    }
    buf_str(b, "\"");
}

void buf_ratio(buf *b, uint64_t num, uint64_t den, unsigned decimals)
{
    uint64_t scale = 1;
    for (unsigned i = 0; i < decimals; i++)
        scale *= 10;
    uint64_t whole = num / den;
    /* Below 2^60 ÷ 10^4 the product is exact; a larger remainder loses digits that are not shown. */
    uint64_t rest = num % den;
    while (rest > UINT64_MAX / scale / 2) {
        rest >>= 1;
        den >>= 1;
    }
    uint64_t fraction = (rest * scale + den / 2) / den;
    if (fraction >= scale) {
        whole++;
        fraction -= scale;
    }
    buf_u64(b, whole);
    if (decimals)
        buf_fmt(b, ".%0*llu", (int)decimals, (unsigned long long)fraction);
}

void buf_bytes(buf *b, int64_t v)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    uint64_t u = buf_magnitude(v);
    unsigned i = 0;
    /* 0.995 of a unit or more is shown in that unit, so that nothing reads "1024.00 MiB". */
    while (i < 5 && u >> (10 * i) >= 1000)
        i++;
    if (v < 0)
        buf_str(b, "-");
    buf_ratio(b, u, UINT64_C(1) << (10 * i), i == 0 ? 0 : 2);
    buf_fmt(b, " %s", unit[i]);
}
