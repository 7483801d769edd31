#include "load/json/gate.h"

#include <stdarg.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"

/** A key of an object that is still open: its text between the quotes. */
typedef struct key {
    uint32_t start, end;
} key;

typedef struct level {
    bool object;
    size_t first_key; /**< objects: of its keys in gate.keys */
} level;

typedef struct gate {
    const char *text;
    size_t n, at;
    const vf_allocator *a;
    vf_error *err;
    uint32_t *non_finite;
    level level[VF_JSON_DEPTH_LIMIT];
    uint32_t depth;
    key *keys;
    size_t n_keys, cap_keys;
} gate;

size_t vf_json_bom(const char *text, size_t n)
{
    return n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

void vf_json_line_column(const char *text, size_t at, uint32_t *line, uint32_t *column)
{
    size_t start = 0;
    *line = 1;
    for (size_t i = 0; i < at; i++)
        if (text[i] == '\n') {
            (*line)++;
            start = i + 1;
        }
    *column = (uint32_t)(at - start) + 1;
}

static vf_status fail_at(const gate *g, size_t at, const char *what)
{
    vf_fail(g->err, VF_ERR_DATA, "%s", what);
    if (g->err)
        vf_json_line_column(g->text, at, &g->err->line, &g->err->column);
    return VF_ERR_DATA;
}

/** The same, with the foreign bytes it is about. */
static vf_status fail_with(const gate *g, size_t at, size_t n, const char *before, const char *behind)
{
    char quoted[VF_QUOTE_SIZE];
    vf_fail(g->err, VF_ERR_DATA, "%s%s%s", before, vf_quote(quoted, sizeof quoted, g->text + at, n), behind);
    if (g->err)
        vf_json_line_column(g->text, at, &g->err->line, &g->err->column);
    return VF_ERR_DATA;
}

/** The same about a number that is well written and yet of no use: its key is named, too. */
static vf_status fail_number(const gate *g, size_t at, const char *before, const char *behind)
{
    vf_status s = fail_with(g, at, g->at - at, before, behind);
    if (g->err && g->n_keys > 0) {
        char quoted[VF_QUOTE_SIZE];
        const key *last = &g->keys[g->n_keys - 1];
        vf_set_text(g->err->key, sizeof g->err->key,
                    vf_quote(quoted, sizeof quoted, g->text + last->start, last->end - last->start));
    }
    return s;
}

/** The byte at the current place as an int, -1 at the end. */
static int peek(const gate *g)
{
    return g->at < g->n ? (unsigned char)g->text[g->at] : -1;
}

static void skip_space(gate *g)
{
    while (g->at < g->n && memchr(" \t\n\r", g->text[g->at], 4))
        g->at++;
}

/** What stands where a value, a comma or a bracket is due, and is none. */
static vf_status unexpected(const gate *g, const char *wanted)
{
    static const struct {
        char byte;
        const char *hint;
    } hints[] = {
        {0, "JSON: NUL byte"},
        {'/', "JSON has no comments"},
        {'#', "JSON has no comments"},
        {'\'', "JSON strings are written with double quotes"},
        {'+', "JSON numbers have no plus sign"},
    };
    int c = peek(g);
    if (c < 0) {
        char text[96];
        vf_set_text(text, sizeof text, "JSON ends early, ");
        vf_set_text(text + strlen(text), sizeof text - strlen(text), wanted);
        return fail_at(g, g->at, text);
    }
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (hints[i].byte == (char)c)
            return fail_at(g, g->at, hints[i].hint);
    size_t n = vf_utf8_length(g->text + g->at, g->n - g->at);
    char tail[96] = ", ";
    vf_set_text(tail + 2, sizeof tail - 2, wanted);
    return fail_with(g, g->at, n ? n : 1, "JSON: found ", tail);
}

/* ---- strings ------------------------------------------------------------------------------ */

/** Four hex digits at `at`, which is behind a 'u' or the end; -1 when they are not. */
static int32_t hex4(const gate *g, size_t at)
{
    int32_t value = 0;
    if (g->n - at < 4)
        return -1;
    for (size_t i = 0; i < 4; i++) {
        char c = g->text[at + i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/** At a backslash. */
static vf_status scan_escape(gate *g)
{
    size_t at = g->at;
    char c = at + 1 < g->n ? g->text[at + 1] : 0;
    if (c != 0 && strchr("\"\\/bfnrt", c)) {
        g->at += 2;
        return VF_OK;
    }
    if (c != 'u')
        return fail_with(g, at, at + 1 < g->n ? 2 : 1, "JSON: unknown escape ", " in a string");
    int32_t code = hex4(g, at + 2);
    if (code < 0)
        return fail_at(g, at, "JSON: \\u needs four hex digits");
    if (code == 0)
        return fail_at(g, at, "JSON: \\u0000 (NUL) in a string");
    g->at += 6;
    if (code < 0xD800 || code > 0xDFFF)
        return VF_OK;
    int32_t low = g->at + 1 < g->n && g->text[g->at] == '\\' && g->text[g->at + 1] == 'u' ? hex4(g, g->at + 2) : -1;
    if (code > 0xDBFF || low < 0xDC00 || low > 0xDFFF)
        return fail_at(g, at, "JSON: half of a surrogate pair in a string");
    g->at += 6;
    return VF_OK;
}

/** At an opening quote. */
static vf_status scan_string(gate *g)
{
    size_t opening = g->at++;
    while (g->at < g->n) {
        unsigned char c = (unsigned char)g->text[g->at];
        vf_status s = VF_OK;
        if (c == '"') {
            g->at++;
            return VF_OK;
        }
        if (c == '\\') {
            s = scan_escape(g);
        } else if (c < 0x20 || c == 0x7F) {
            s = fail_at(g, g->at, c == 0      ? "JSON: NUL byte in a string"
                                  : c == '\n' ? "JSON: raw control byte (a line end) in a string, or its quote is missing"
                                              : "JSON: raw control byte in a string (write it as \\u00NN)");
        } else {
            size_t length = vf_utf8_length(g->text + g->at, g->n - g->at);
            if (length == 0)
                s = fail_with(g, g->at, 1, "JSON: not UTF-8: ", " in a string");
            g->at += length;
        }
        if (s != VF_OK)
            return s;
    }
    return fail_at(g, opening, "JSON ends early, within this string");
}

/* ---- numbers and words ---------------------------------------------------------------------- */

static size_t scan_digits(gate *g)
{
    size_t first = g->at;
    while (g->at < g->n && g->text[g->at] >= '0' && g->text[g->at] <= '9')
        g->at++;
    return g->at - first;
}

/** Whether an integer of the given digits is at most 2^53. */
static bool integer_ok(const char *digits, size_t n)
{
    uint64_t value = 0;
    if (n > 16)
        return false;
    for (size_t i = 0; i < n; i++)
        value = value * 10 + (uint64_t)(digits[i] - '0');
    return value <= VF_JSON_INTEGER_LIMIT;
}

/** The exponent as written; anything far beyond a double's range comes out as 9999. */
static uint32_t exponent_value(const char *digits, size_t n)
{
    uint32_t value = 0;
    for (size_t i = 0; i < n && value < 9999; i++)
        value = value * 10 + (uint32_t)(digits[i] - '0');
    return value < 9999 ? value : 9999;
}

static vf_status scan_number(gate *g)
{
    size_t start = g->at;
    if (peek(g) == '-')
        g->at++;
    size_t whole = g->at, n_whole = scan_digits(g), n_exponent = 0;
    bool integer = true, up = true;
    if (n_whole == 0)
        return fail_at(g, start, "JSON: a minus sign without a number");
    if (n_whole > 1 && g->text[whole] == '0')
        return fail_at(g, start, "JSON: a number with a leading zero");
    if (peek(g) == '.') {
        integer = false;
        g->at++;
        if (scan_digits(g) == 0)
            return fail_at(g, start, "JSON: no digit behind the decimal point");
    }
    if (peek(g) == 'e' || peek(g) == 'E') {
        integer = false;
        g->at++;
        up = peek(g) != '-';
        if (peek(g) == '+' || peek(g) == '-')
            g->at++;
        n_exponent = scan_digits(g);
        if (n_exponent == 0)
            return fail_at(g, start, "JSON: no digit in the exponent");
    }
    int c = peek(g);
    if (c == '.' || c == '+' || c == '-' || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
        return fail_with(g, start, g->at + 1 - start, "JSON: not a number: ", "");
    if (g->at - start > VF_JSON_NUMBER_LIMIT)
        return fail_number(g, start, "number ", " is longer than 63 characters");
    if (integer && !integer_ok(g->text + whole, n_whole))
        return fail_number(g, start, "integer ", " is out of range (at most 2^53)");
    if (up && n_whole + exponent_value(g->text + g->at - n_exponent, n_exponent) > 308)
        return fail_number(g, start, "number ", " is out of range");
    return VF_OK;
}

static bool scan_word(gate *g, const char *word)
{
    size_t n = strlen(word);
    if (g->n - g->at < n || memcmp(g->text + g->at, word, n) != 0)
        return false;
    g->at += n;
    int c = peek(g);
    if (c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')) {
        g->at -= n;
        return false;
    }
    return true;
}

static vf_status scan_literal(gate *g)
{
    if (scan_word(g, "true") || scan_word(g, "false") || scan_word(g, "null"))
        return VF_OK;
    size_t start = g->at;
    if (scan_word(g, "NaN") || scan_word(g, "Infinity") || scan_word(g, "-Infinity")) {
        if (!g->non_finite)
            return fail_with(g, start, g->at - start, "JSON has no ", "");
        (*g->non_finite)++;
        return VF_OK;
    }
    if (peek(g) == '-')
        return scan_number(g);
    return unexpected(g, "expected a value");
}

/* ---- keys ----------------------------------------------------------------------------------- */

/** Next character of a key, escapes decoded. */
static uint32_t key_next(const gate *g, uint32_t *at)
{
    static const char letters[] = "bfnrt", codes[] = "\b\f\n\r\t";
    char c = g->text[*at];
    if (c != '\\') {
        uint32_t length = vf_utf8_length(g->text + *at, g->n - *at);
        *at += length;
        return vf_utf8_code(g->text + *at - length, length);
    }
    c = g->text[*at + 1];
    *at += 2;
    const char *letter = strchr(letters, c);
    if (letter)
        return (unsigned char)codes[letter - letters];
    if (c != 'u')
        return (unsigned char)c;
    uint32_t code = (uint32_t)hex4(g, *at);
    *at += 4;
    if (code < 0xD800 || code > 0xDFFF)
        return code;
    uint32_t low = (uint32_t)hex4(g, *at + 2);
    *at += 6;
    return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
}

static int key_compare(const gate *g, const key *a, const key *b)
{
    uint32_t i = a->start, j = b->start;
    while (i < a->end && j < b->end) {
        uint32_t x = key_next(g, &i), y = key_next(g, &j);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return (i < a->end) - (j < b->end);
}

/** Sifts keys[root] down in a heap of n; equal keys go by their place in the text. */
static void sift(const gate *g, key *keys, size_t root, size_t n)
{
    for (;;) {
        size_t child = root * 2 + 1;
        if (child >= n)
            return;
        for (size_t other = child + 1, last = child + 2; other < n && other < last; other++) {
            int order = key_compare(g, &keys[child], &keys[other]);
            if (order < 0 || (order == 0 && keys[child].start < keys[other].start))
                child = other;
        }
        int order = key_compare(g, &keys[root], &keys[child]);
        if (order > 0 || (order == 0 && keys[root].start > keys[child].start))
            return;
        key swap = keys[root];
        keys[root] = keys[child];
        keys[child] = swap;
        root = child;
    }
}

/** Duplicates show as neighbours after sorting (heap sort: no bad case, no memory). */
static vf_status check_keys(const gate *g, key *keys, size_t n)
{
    for (size_t i = n / 2; i > 0; i--)
        sift(g, keys, i - 1, n);
    for (size_t last = n; last > 1;) {
        last--;
        key swap = keys[0];
        keys[0] = keys[last];
        keys[last] = swap;
        sift(g, keys, 0, last);
    }
    const key *found = NULL;
    for (size_t i = 1; i < n; i++)
        if (key_compare(g, &keys[i - 1], &keys[i]) == 0 && (!found || keys[i].start < found->start))
            found = &keys[i];
    return found ? fail_with(g, found->start, found->end - found->start, "JSON: duplicate key ", "") : VF_OK;
}

/* ---- structure ------------------------------------------------------------------------------ */

static vf_status open_level(gate *g, bool object)
{
    if (g->depth == VF_JSON_DEPTH_LIMIT)
        return fail_at(g, g->at, "JSON: nested deeper than 64");
    g->level[g->depth].object = object;
    g->level[g->depth].first_key = g->n_keys;
    g->depth++;
    g->at++;
    return VF_OK;
}

static vf_status close_level(gate *g)
{
    const level *top = &g->level[--g->depth];
    g->at++;
    if (!top->object || g->n_keys == top->first_key)
        return VF_OK;
    vf_status s = check_keys(g, g->keys + top->first_key, g->n_keys - top->first_key);
    g->n_keys = top->first_key;
    return s;
}

/** A key and its colon. */
static vf_status scan_key(gate *g)
{
    if (peek(g) != '"')
        return unexpected(g, "expected a key in double quotes");
    if (g->n_keys - g->level[g->depth - 1].first_key == VF_JSON_MEMBER_LIMIT)
        return fail_at(g, g->at, "JSON: more than 65536 keys in an object");
    size_t start = g->at + 1;
    vf_status s = scan_string(g);
    if (s != VF_OK)
        return s;
    if (!vf_grow(g->a, (void **)&g->keys, &g->cap_keys, g->n_keys + 1, sizeof(key)))
        return vf_fail(g->err, VF_ERR_NOMEM, "out of memory");
    g->keys[g->n_keys++] = (key){(uint32_t)start, (uint32_t)g->at - 1};
    skip_space(g);
    if (peek(g) != ':')
        return unexpected(g, "expected ':' behind the key");
    g->at++;
    skip_space(g);
    return VF_OK;
}

/** Behind a value: closes what ends here, up to the comma before the next value or the end. */
static vf_status scan_behind_value(gate *g)
{
    vf_status s = VF_OK;
    while (g->depth > 0 && s == VF_OK) {
        bool object = g->level[g->depth - 1].object;
        skip_space(g);
        if (peek(g) == (object ? '}' : ']')) {
            s = close_level(g);
            continue;
        }
        if (peek(g) != ',')
            return unexpected(g, object ? "expected ',' or '}'" : "expected ',' or ']'");
        size_t comma = g->at++;
        skip_space(g);
        if (peek(g) == '}' || peek(g) == ']')
            return fail_at(g, comma, "JSON: a comma behind the last element");
        return object ? scan_key(g) : VF_OK;
    }
    return s;
}

/** One value up to its first closed part: a scalar, or an opening bracket with what must follow. */
static vf_status scan_value(gate *g, bool *complete)
{
    int c = peek(g);
    *complete = true;
    if (c == '"')
        return scan_string(g);
    if (c >= '0' && c <= '9')
        return scan_number(g);
    if (c != '{' && c != '[')
        return scan_literal(g);
    vf_status s = open_level(g, c == '{');
    if (s != VF_OK)
        return s;
    skip_space(g);
    if (peek(g) == (c == '{' ? '}' : ']'))
        return close_level(g);
    *complete = false;
    return c == '{' ? scan_key(g) : VF_OK;
}

static vf_status scan_document(gate *g)
{
    skip_space(g);
    if (g->at == g->n)
        return fail_at(g, g->at, g->n == 0 ? "empty, expected JSON" : "empty: white space only, expected JSON");
    do {
        bool complete;
        vf_status s = scan_value(g, &complete);
        if (s == VF_OK && complete)
            s = scan_behind_value(g);
        if (s != VF_OK)
            return s;
    } while (g->depth > 0);
    skip_space(g);
    if (g->at < g->n)
        return fail_at(g, g->at, peek(g) == 0 ? "NUL byte after the JSON value" : "text after the JSON value");
    return VF_OK;
}

vf_status vf_json_gate(const char *text, size_t n, uint32_t *non_finite, const vf_allocator *a, vf_error *err)
{
    gate g = {.text = text, .n = n, .a = a, .err = err, .non_finite = non_finite};
    if (non_finite)
        *non_finite = 0;
    if (n > VF_JSON_TEXT_LIMIT)
        return vf_fail(err, VF_ERR_DATA, "larger than 1 MiB, the limit for a JSON file");
    if (n >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0))
        return fail_at(&g, 0, "JSON in UTF-16, expected UTF-8");
    g.at = vf_json_bom(text, n);
    vf_status s = scan_document(&g);
    vf_free(a, g.keys, g.cap_keys * sizeof(key));
    return s;
}
