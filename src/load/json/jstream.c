#include "load/json/jstream.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"
#include "load/try.h"

vf_status vf_js_open(vf_js *js, vf_src *src, bool ends_at_limit, bool lines)
{
    memset(js, 0, sizeof *js);
    js->src = src;
    js->ends_at_limit = ends_at_limit;
    js->lines = lines;
    js->line = 1;
    js->line_start = src->pos;
    js->text = vf_alloc(src->a, VF_JS_STRING + 1);
    return js->text ? VF_OK : vf_fail(src->err, VF_ERR_NOMEM, "out of memory");
}

void vf_js_close(vf_js *js)
{
    if (js->text)
        vf_free(js->src->a, js->text, VF_JS_STRING + 1);
    js->text = NULL;
}

vf_status vf_js_fail(vf_js *js, const char *format, ...)
{
    char text[VF_ERROR_TEXT];
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    vf_status status = vf_src_fail(js->src, VF_ERR_DATA, js->src->pos, "%s", text);
    if (js->lines && js->src->err) {
        uint64_t column = js->src->pos - js->line_start + 1;
        js->src->err->has_byte = false;
        js->src->err->line = js->line;
        js->src->err->column = column < UINT32_MAX ? (uint32_t)column : UINT32_MAX;
    }
    return status;
}

/** The next byte, not consumed: -1 at the end. */
static vf_status look(vf_js *js, int *c)
{
    vf_src *s = js->src;
    bool more = true;
    if (s->at < s->end && s->pos < s->limit) {
        *c = s->buffer[s->at];
        return VF_OK;
    }
    *c = -1;
    if (s->pos == s->limit && js->ends_at_limit)
        return VF_OK;
    if (s->at == s->end)
        VF_TRY(vf_src_more(s, &more));
    if (more && s->pos == s->limit)
        return vf_js_fail(js, "the JSON text is longer than %s (limit)", s->limit_text);
    if (more)
        *c = s->buffer[s->at];
    return VF_OK;
}

/** Consumes what look has shown. */
static void pass(vf_js *js)
{
    js->src->at++;
    js->src->pos++;
}

static vf_status ended(vf_js *js)
{
    return vf_js_fail(js, "the JSON text is truncated: it ends within a value");
}

/** The next byte, consumed; the end is an error. */
static vf_status take(vf_js *js, int *c)
{
    VF_TRY(look(js, c));
    if (*c < 0)
        return ended(js);
    pass(js);
    return VF_OK;
}

vf_status vf_js_peek(vf_js *js, int *c)
{
    for (;;) {
        VF_TRY(look(js, c));
        if (*c != ' ' && *c != '\t' && *c != '\n' && *c != '\r')
            return VF_OK;
        pass(js);
        if (*c == '\n') {
            js->line++;
            js->line_start = js->src->pos;
        }
    }
}

vf_status vf_js_expect(vf_js *js, char c, const char *what)
{
    int next;
    VF_TRY(vf_js_peek(js, &next));
    if (next < 0)
        return ended(js);
    if (next != c)
        return vf_js_fail(js, "not JSON as expected: %s should stand here", what);
    pass(js);
    return VF_OK;
}

vf_status vf_js_next(vf_js *js, char close, bool first, bool *more)
{
    int c;
    VF_TRY(vf_js_peek(js, &c));
    if (c < 0)
        return ended(js);
    *more = c != close;
    if (!*more) {
        pass(js);
        return VF_OK;
    }
    if (first)
        return VF_OK;
    if (c != ',')
        return vf_js_fail(js, "not JSON: a comma or '%c' should stand here", close);
    pass(js);
    VF_TRY(vf_js_peek(js, &c));
    return c == close ? vf_js_fail(js, "not JSON: a comma before '%c'", close) : VF_OK;
}

/* ---- strings -------------------------------------------------------------------------------- */

static vf_status hex4(vf_js *js, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++) {
        int c;
        VF_TRY(take(js, &c));
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
                                                : 16;
        if (digit == 16)
            return vf_js_fail(js, "not JSON: \\u wants four hexadecimal digits");
        *code = *code << 4 | digit;
    }
    return VF_OK;
}

static size_t put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    out[0] = (char)(lead[n] | code);
    return n;
}

/** What stands behind a backslash, as UTF-8. */
static vf_status escape(vf_js *js, char *out, size_t *n)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    int c;
    uint32_t code, low;
    VF_TRY(take(js, &c));
    const char *simple = c > 0 ? strchr(from, c) : NULL;
    if (simple) {
        *out = to[simple - from];
        *n = 1;
        return VF_OK;
    }
    if (c != 'u')
        return vf_js_fail(js, "not JSON: an unknown escape in a string");
    VF_TRY(hex4(js, &code));
    if (code == 0)
        return vf_js_fail(js, "a NUL (\\u0000) in a string or name");
    if (code >= 0xDC00 && code <= 0xDFFF)
        return vf_js_fail(js, "not UTF-16: half of a surrogate pair");
    if (code >= 0xD800 && code <= 0xDBFF) {
        int slash, u;
        VF_TRY(take(js, &slash));
        VF_TRY(take(js, &u));
        if (slash != '\\' || u != 'u')
            return vf_js_fail(js, "not UTF-16: half of a surrogate pair");
        VF_TRY(hex4(js, &low));
        if (low < 0xDC00 || low > 0xDFFF)
            return vf_js_fail(js, "not UTF-16: half of a surrogate pair");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    *n = put_utf8(out, code);
    return VF_OK;
}

/** Checks the text collected so far. With `all` false up to three bytes at its end may be the beginning
 * of a character; they are moved to the front, and the rest is forgotten. */
static vf_status check_utf8(vf_js *js, bool all)
{
    size_t i = 0;
    while (i < js->n) {
        uint32_t length = vf_utf8_length(js->text + i, js->n - i);
        if (length == 0 && !all && js->n - i < 4)
            break;
        if (length == 0)
            return vf_js_fail(js, "not UTF-8: a broken character in a string");
        i += length;
    }
    if (!all) {
        memmove(js->text, js->text + i, js->n - i);
        js->n -= i;
    }
    return VF_OK;
}

/** Copies the plain characters that lie in the buffer, as far as there is room. */
static void plain_run(vf_js *js)
{
    vf_src *s = js->src;
    const unsigned char *from = s->buffer + s->at;
    size_t n = 0, max = s->end - s->at;
    if (max > s->limit - s->pos)
        max = (size_t)(s->limit - s->pos);
    if (max > VF_JS_STRING - js->n)
        max = VF_JS_STRING - js->n;
    while (n < max && from[n] >= 0x20 && from[n] != '"' && from[n] != '\\')
        n++;
    memcpy(js->text + js->n, from, n);
    js->n += n;
    s->at += n;
    s->pos += n;
}

/** The rest of a string, its first quotation mark consumed. */
static vf_status string(vf_js *js, bool keep)
{
    js->n = 0;
    for (;;) {
        int c;
        char bytes[4];
        size_t n = 1;
        plain_run(js);
        VF_TRY(take(js, &c));
        if (c == '"')
            break;
        if (c < 0x20)
            return vf_js_fail(js, "not JSON: a control byte in a string");
        bytes[0] = (char)c;
        if (c == '\\')
            VF_TRY(escape(js, bytes, &n));
        if (n > VF_JS_STRING - js->n) {
            if (keep)
                return vf_js_fail(js, "a string of more than %u bytes (limit)", VF_JS_STRING);
            VF_TRY(check_utf8(js, false));
        }
        memcpy(js->text + js->n, bytes, n);
        js->n += n;
    }
    js->text[js->n] = 0;
    return check_utf8(js, true);
}

vf_status vf_js_string(vf_js *js, const char *what)
{
    VF_TRY(vf_js_expect(js, '"', what));
    return string(js, true);
}

vf_status vf_js_key(vf_js *js)
{
    VF_TRY(vf_js_string(js, "a name in quotation marks"));
    return vf_js_expect(js, ':', "a colon");
}

/* ---- numbers and other values ---------------------------------------------------------------- */

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

vf_status vf_js_u64(vf_js *js, const char *what, uint64_t *value)
{
    int c;
    bool overflow = false;
    uint64_t v = 0;
    VF_TRY(vf_js_peek(js, &c));
    if (c < 0)
        return ended(js);
    if (!is_digit(c))
        return vf_js_fail(js, "%s should stand here: an integer from 0 on", what);
    bool zero = c == '0';
    uint32_t digits = 0;
    for (; is_digit(c); digits++) {
        pass(js);
        overflow = overflow || v > (UINT64_MAX - (uint64_t)(c - '0')) / 10;
        v = overflow ? 0 : v * 10 + (uint64_t)(c - '0');
        VF_TRY(look(js, &c));
    }
    if (zero && digits > 1)
        return vf_js_fail(js, "not JSON: a number with a leading 0");
    if (c == '.' || c == 'e' || c == 'E')
        return vf_js_fail(js, "%s should stand here: an integer, written with digits alone", what);
    if (overflow)
        return vf_js_fail(js, "out of range: %s is an integer below 2^64", what);
    *value = v;
    return VF_OK;
}

static vf_status digits(vf_js *js, int *c)
{
    if (!is_digit(*c))
        return vf_js_fail(js, "not JSON: a digit should stand here");
    while (is_digit(*c)) {
        pass(js);
        VF_TRY(look(js, c));
    }
    return VF_OK;
}

static vf_status skip_number(vf_js *js, int c)
{
    if (c == '-') {
        pass(js);
        VF_TRY(look(js, &c));
    }
    bool zero = c == '0';
    if (zero) {
        pass(js);
        VF_TRY(look(js, &c));
    } else {
        VF_TRY(digits(js, &c));
    }
    if (zero && is_digit(c))
        return vf_js_fail(js, "not JSON: a number with a leading 0");
    if (c == '.') {
        pass(js);
        VF_TRY(look(js, &c));
        VF_TRY(digits(js, &c));
    }
    if (c == 'e' || c == 'E') {
        pass(js);
        VF_TRY(look(js, &c));
        if (c == '+' || c == '-') {
            pass(js);
            VF_TRY(look(js, &c));
        }
        VF_TRY(digits(js, &c));
    }
    return VF_OK;
}

static vf_status skip_word(vf_js *js, const char *word)
{
    for (; *word; word++) {
        int c;
        VF_TRY(look(js, &c));
        if (c != *word)
            return vf_js_fail(js, "not JSON: not a value");
        pass(js);
    }
    return VF_OK;
}

static vf_status skip_list(vf_js *js, char close, uint32_t depth)
{
    bool more = true, first = true;
    if (depth >= VF_JS_DEPTH)
        return vf_js_fail(js, "nested deeper than %d (limit)", VF_JS_DEPTH);
    pass(js);
    for (;; first = false) {
        VF_TRY(vf_js_next(js, close, first, &more));
        if (!more)
            return VF_OK;
        if (close == '}') {
            VF_TRY(vf_js_expect(js, '"', "a name in quotation marks"));
            VF_TRY(string(js, false));
            VF_TRY(vf_js_expect(js, ':', "a colon"));
        }
        VF_TRY(vf_js_skip(js, depth + 1));
    }
}

vf_status vf_js_skip(vf_js *js, uint32_t depth)
{
    int c;
    VF_TRY(vf_js_peek(js, &c));
    switch (c) {
    case -1:
        return ended(js);
    case '{':
        return skip_list(js, '}', depth);
    case '[':
        return skip_list(js, ']', depth);
    case '"':
        pass(js);
        return string(js, false);
    case 't':
        return skip_word(js, "true");
    case 'f':
        return skip_word(js, "false");
    case 'n':
        return skip_word(js, "null");
    default:
        return skip_number(js, c);
    }
}

vf_status vf_js_end(vf_js *js)
{
    int c;
    VF_TRY(vf_js_peek(js, &c));
    return c < 0 ? VF_OK : vf_js_fail(js, "more text after the end of the JSON value");
}
