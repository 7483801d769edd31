#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/** Ends `text` at n bytes, or before the UTF-8 character that would be cut there. */
static void cut_text(char *text, size_t n)
{
    size_t start = n;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0u) == 0x80u)
        start--;
    if (start > 0 && (unsigned char)text[start - 1] >= 0xC0u &&
        vf_utf8_length(text + start - 1, n - start + 1) == 0)
        n = start - 1;
    text[n] = 0;
}

void vf_set_text(char *field, size_t size, const char *text)
{
    size_t n = strlen(text);
    if (n >= size) {
        n = size - 1;
        while (n > 0 && ((unsigned char)text[n] & 0xC0u) == 0x80u)
            n--;
    }
    memcpy(field, text, n);
    field[n] = 0;
}

static void fill(vf_error *err, vf_status status, const char *key, const char *format, va_list ap)
    VF_PRINTF(4, 0);

static void fill(vf_error *err, vf_status status, const char *key, const char *format, va_list ap)
{
    err->status = status;
    err->line = 0;
    err->column = 0;
    err->has_byte = false;
    err->byte = 0;
    vf_set_text(err->key, sizeof err->key, key);
    int n = vsnprintf(err->text, sizeof err->text, format, ap);
    if (n < 0)
        err->text[0] = 0;
    else if ((size_t)n >= sizeof err->text)
        cut_text(err->text, sizeof err->text - 1);
}

vf_status vf_fail_va(vf_error *err, vf_status status, const char *format, va_list ap)
{
    if (err)
        fill(err, status, "", format, ap);
    return status;
}

vf_status vf_fail(vf_error *err, vf_status status, const char *format, ...)
{
    if (err) {
        va_list ap;
        va_start(ap, format);
        fill(err, status, "", format, ap);
        va_end(ap);
    }
    return status;
}

vf_status vf_fail_key(vf_error *err, vf_status status, const char *key, const char *format, ...)
{
    if (err) {
        va_list ap;
        va_start(ap, format);
        fill(err, status, key, format, ap);
        va_end(ap);
    }
    return status;
}
