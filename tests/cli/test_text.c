/* What every output is made of: buffers, foreign text made safe, numbers in words, errors, the line of progress. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "cli/text/csv.h"
#include "cli/format/draw.h"
#include "cli/text/fail.h"
#include "cli/text/progress.h"

#include <time.h>
#include <unistd.h>

/* The buffer's text, which it gives up. */
static const char *text_of(buf *b)
{
    static char out[8192];
    size_t n = b->n < sizeof out ? b->n : sizeof out - 1;
    if (n)
        memcpy(out, b->p, n);
    out[n] = 0;
    buf_free(b);
    return out;
}

static void growth(void)
{
    const size_t limit = (size_t)1 << 25;
    buf b = {0};
    buf_add(&b, "", 0);
    CHECK(b.p == NULL && !b.failed, "nothing takes nothing");
    for (size_t n = 1; n < 5000; n *= 3) {
        buf_repeat(&b, "x", n);
        CHECK(b.cap >= b.n, "room for %zu", b.n);
    }
    buf_repeat(&b, "y", limit - b.n);
    CHECK(!b.failed && b.n == limit && b.p[limit - 1] == 'y', "%zu bytes", b.n);
    CHECK(!memory_was_short(), "all that was asked for is there");
    buf_str(&b, "z");
    CHECK(b.failed && b.n == limit && memory_was_short() && !memory_was_short(), "one more is refused, once");
    buf_pad(&b, 0, limit + 9);
    buf_fmt(&b, "%d", 1);
    buf_u64(&b, 1);
    CHECK(b.n == limit && !memory_was_short(), "what comes after that is ignored");
    buf_free(&b);
    CHECK(b.p == NULL && b.n == 0 && !b.failed, "empty again");
    char *large = malloc(limit + 1);
    if (large) {
        memset(large, 'x', limit + 1);
        buf_add(&b, large, limit + 1);
        CHECK(b.failed && b.n == 0, "more than the limit at once");
        (void)memory_was_short();
        free(large);
    }
    buf_free(&b);
}

static void words(void)
{
    char long_text[5000], field[6];
    memset(long_text, 'a', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    buf b = {0};
    buf_fmt(&b, "%s", long_text);
    CHECK(b.n == 4095, "one call adds at most 4 KiB: %zu", b.n);
    buf_free(&b);
    buf_u64(&b, 0);
    buf_str(&b, " ");
    buf_u64(&b, UINT64_MAX);
    CHECK_STR(text_of(&b), "0 18446744073709551615", "numbers");
    text_set(field, sizeof field, "abcde");
    CHECK_STR(field, "abcde", "as much as there is room for");
    text_set(field, sizeof field, "abcdef");
    CHECK_STR(field, "abcde", "one more is cut");
    text_set(field, sizeof field, "abcd\xc3\xa4");
    CHECK_STR(field, "abcd", "cut between characters");
    text_set(field, sizeof field, "ab\xe2\x82\xac");
    CHECK_STR(field, "ab\xe2\x82\xac", "a character that just fits");
    text_set(field, sizeof field, "\x80\x80\x80\x80\x80\x80");
    CHECK_STR(field, "", "only what continues");
    CHECK(text_columns("\xc3\xa4\xe2\x82\xac" "a", 6) == 3 && text_columns("", 0) == 0, "columns are characters");
    buf_str(&b, "\xc3\xa4");
    buf_pad(&b, 0, 3);
    buf_str(&b, "|");
    buf_pad(&b, b.n, 2);
    buf_str(&b, "|abc");
    buf_pad(&b, b.n - 3, 3);
    buf_pad(&b, b.n - 3, 2);
    CHECK_STR(text_of(&b), "\xc3\xa4  |  |abc", "padded to a column");
}

static void wrapping(void)
{
    static const struct {
        const char *text;
        size_t at, indent, width;
        const char *want;
    } rows[] = {{"", 0, 2, 10, "\n"},
                {"one two three", 0, 2, 0, "one two three\n"},
                {"one two three", 0, 2, 13, "one two three\n"},
                {"one two three", 0, 2, 12, "one two\n  three\n"},
                {"one two three", 5, 5, 12, "one two\n     three\n"},
                {"one two three", 6, 5, 12, "one\n     two\n     three\n"},
                {"one  two", 0, 2, 20, "one two\n"},
                {"overlongword x", 0, 2, 5, "overlongword\n  x\n"},
                {"\xc3\xa4\xc3\xa4 \xc3\xa4", 0, 0, 4, "\xc3\xa4\xc3\xa4 \xc3\xa4\n"},
                {"a b c d", 0, 2, 5, "a b c\n  d\n"},
                {"a b c d e", 0, 2, 5, "a b c\n  d e\n"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buf b = {0};
        buf_wrap(&b, rows[i].text, rows[i].at, rows[i].indent, rows[i].width);
        CHECK_STR(text_of(&b), rows[i].want, rows[i].text);
    }
}

static size_t encode(uint32_t cp, char *out)
{
    size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n; i-- > 1; cp >>= 6)
        out[i] = (char)(0x80u | (cp & 0x3Fu));
    out[0] = (char)(lead[n] | cp);
    out[n] = 0;
    return n;
}

/* Controls, what is invisible, what turns or joins text around it, and what is no character: by code point. */
static void hidden(void)
{
    static const uint32_t range[][2] = {{1, 0x1F}, {0x7F, 0x9F}, {0xAD, 0xAD}, {0x61C, 0x61C}, {0x180E, 0x180E}, {0x200B, 0x200F},
                                        {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFF0, 0xFFFB},
                                        {0xFFFE, 0xFFFF}, {0xE0000, 0xE0FFF}};
    for (size_t i = 0; i < sizeof range / sizeof range[0]; i++) {
        const struct {
            uint32_t cp;
            bool shown;
        } at[] = {{range[i][0] - 1, range[i][0] > 1}, {range[i][0], false}, {range[i][1], false}, {range[i][1] + 1, true}};
        for (size_t k = 0; k < sizeof at / sizeof at[0]; k++) {
            char text[8], plain[40] = "", json[40];
            size_t n = encode(at[k].cp, text);
            if (at[k].cp == 0)
                continue;
            for (size_t j = 0; j < n && !at[k].shown; j++)
                (void)snprintf(plain + 4 * j, 5, "\\x%02x", (unsigned char)text[j]);
            buf b = {0};
            buf_plain(&b, text);
            CHECK_STR(text_of(&b), at[k].shown ? text : plain, "in text");
            uint32_t above = at[k].cp < 0x10000 ? 0 : at[k].cp - 0x10000;
            if (at[k].shown)
                (void)snprintf(json, sizeof json, "\"%s\"", text);
            else if (at[k].cp < 0x10000)
                (void)snprintf(json, sizeof json, "\"\\u%04x\"", (unsigned)at[k].cp);
            else
                (void)snprintf(json, sizeof json, "\"\\u%04x\\u%04x\"", (unsigned)(0xD800 + (above >> 10)), (unsigned)(0xDC00 + (above & 0x3FF)));
            buf_json(&b, text);
            CHECK_STR(text_of(&b), json, "in JSON");
        }
    }
}

/* UTF-8 that is none: bytes, not characters; and the neighbours that are characters. */
static void not_utf8(void)
{
    static const struct {
        const char *text, *plain;
    } rows[] = {{"\x80", "\\x80"}, {"\xbf", "\\xbf"}, {"\xc1\xbf", "\\xc1\\xbf"}, {"\xc2\xa0", "\xc2\xa0"}, {"\xc3", "\\xc3"}, {"\xc3(", "\\xc3("},
                {"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf"}, {"\xe0\xa0\x80", "\xe0\xa0\x80"}, {"\xe2\x82", "\\xe2\\x82"}, {"\xed\x9f\xbf", "\xed\x9f\xbf"},
                {"\xed\xa0\x80", "\\xed\\xa0\\x80"}, {"\xed\xbf\xbf", "\\xed\\xbf\\xbf"}, {"\xee\x80\x80", "\xee\x80\x80"},
                {"\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf"}, {"\xf0\x90\x80\x80", "\xf0\x90\x80\x80"}, {"\xf0\x9f\x98", "\\xf0\\x9f\\x98"},
                {"\xf4\x8f\xbf\xbd", "\xf4\x8f\xbf\xbd"}, {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
                {"\xff", "\\xff"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buf b = {0};
        buf_plain(&b, rows[i].text);
        CHECK_STR(text_of(&b), rows[i].plain, rows[i].plain);
    }
    buf b = {0};
    buf_json(&b, "a\"\\/\x80\xc3\xa4\n");
    CHECK_STR(text_of(&b), "\"a\\\"\\\\/\\ufffd\xc3\xa4\\u000a\"", "JSON");
    buf_xml(&b, "<a href=\"x\">&\x1b'</a>");
    CHECK_STR(text_of(&b), "&lt;a href=&quot;x&quot;&gt;&amp;\\x1b'&lt;/a&gt;", "XML");
    buf_xml(&b, "");
    CHECK(b.n == 0 && !b.failed, "nothing");
}

static void numbers(void)
{
    static const struct {
        uint64_t num, den;
        unsigned decimals;
        const char *want;
    } ratios[] = {{1, 3, 0, "0"}, {1, 2, 0, "1"}, {2, 3, 2, "0.67"}, {1999, 1000, 2, "2.00"}, {1994, 1000, 2, "1.99"}, {1995, 1000, 2, "2.00"},
                  {5, 1000, 2, "0.01"}, {4, 1000, 2, "0.00"}, {7, 7, 4, "1.0000"}, {85007, 10000, 4, "8.5007"}, {1, 3, 9, "0.333333333"},
                  {UINT64_MAX, UINT64_MAX, 2, "1.00"}, {UINT64_MAX - 1, UINT64_MAX, 9, "1.000000000"}, {UINT64_MAX / 2, UINT64_MAX, 9, "0.500000000"},
                  {UINT64_MAX / 4, UINT64_MAX, 4, "0.2500"}, {UINT64_MAX, 2, 1, "9223372036854775807.5"}};
    static const struct {
        int64_t v;
        const char *want;
    } amounts[] = {{0, "0 B"}, {1, "1 B"}, {999, "999 B"}, {1000, "0.98 KiB"}, {1024, "1.00 KiB"}, {1023999, "1000.00 KiB"}, {1024000, "0.98 MiB"},
                   {-1, "-1 B"}, {-1536, "-1.50 KiB"}, {INT64_C(1) << 30, "1.00 GiB"}, {INT64_C(1000) << 20, "0.98 GiB"}, {(INT64_C(1000) << 20) - 1, "1000.00 MiB"},
                   {INT64_C(1) << 40, "1.00 TiB"}, {INT64_C(1) << 50, "1.00 PiB"}, {INT64_C(1) << 60, "1024.00 PiB"}, {INT64_MIN, "-8192.00 PiB"}};
    for (size_t i = 0; i < sizeof ratios / sizeof ratios[0]; i++) {
        buf b = {0};
        buf_ratio(&b, ratios[i].num, ratios[i].den, ratios[i].decimals);
        CHECK_STR(text_of(&b), ratios[i].want, "a ratio");
    }
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
        buf b = {0};
        buf_bytes(&b, amounts[i].v);
        CHECK_STR(text_of(&b), amounts[i].want, "an amount");
    }
    CHECK(buf_magnitude(INT64_MIN) == UINT64_C(1) << 63 && buf_magnitude(-5) == 5 && buf_magnitude(5) == 5, "magnitudes");
}

static void separated(void)
{
    static const char *const cells[] = {"a", "b,c", "d\"e", "f|g", "", "h\ti"};
    static const struct {
        csv_style style;
        const char *want;
    } rows[] = {{CSV_COMMA, "a,\"b,c\",\"d\"\"e\",f|g,,h\\x09i\n"}, {CSV_TAB, "a\tb,c\td\"e\tf|g\t\th\\x09i\n"},
                {CSV_MARKDOWN, "| a | b,c | d\"e | f\\|g |  | h\\x09i |\n"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buf b = {0};
        for (size_t k = 0; k < sizeof cells / sizeof cells[0]; k++)
            csv_cell(&b, rows[i].style, k == 0, cells[k]);
        csv_end(&b, rows[i].style);
        CHECK_STR(text_of(&b), rows[i].want, "a line");
    }
    buf b = {0};
    csv_rule(&b, 2);
    CHECK_STR(text_of(&b), "| --- | --- |\n", "the line under a header");
}

/* Names in drawings: cut where there is no room, with a sign that they are; two lines break at a blank or a plus. */
static void cuts(void)
{
    static const struct {
        const char *text;
        size_t most;
        const char *first, *second;
    } rows[] = {{"abcde", 5, "abcde", ""}, {"abcdef", 5, "abcd\xe2\x80\xa6", ""}, {"ab cd", 4, "ab ", "cd"}, {"ab cd", 5, "ab cd", ""},
                {"ab+cd+ef", 6, "ab+cd+", "ef"}, {"ab+cd+ef", 5, "ab+", "cd+ef"}, {"ab abcdefghi", 5, "ab ", "abcd\xe2\x80\xa6"},
                {"\xc3\xa4\xc3\xa4\xc3\xa4", 2, "\xc3\xa4\xe2\x80\xa6", ""}, {"", 3, "", ""}};
    char first[40], second[40];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        draw_cut_two(first, second, sizeof first, rows[i].text, rows[i].most);
        CHECK_STR(first, rows[i].first, rows[i].text);
        CHECK_STR(second, rows[i].second, rows[i].text);
    }
    draw_cut(first, 7, "abcdefghij", 6);
    CHECK_STR(first, "abcdef", "a field shorter than the name");
}

/* What `tell` writes to standard error. */
static const char *told(void (*tell)(const void *), const void *what)
{
    static char out[4096];
    int both[2], kept = dup(2);
    ssize_t n = -1;
    if (kept >= 0 && pipe(both) == 0) {
        (void)dup2(both[1], 2);
        (void)close(both[1]);
        tell(what);
        (void)dup2(kept, 2);
        n = read(both[0], out, sizeof out - 1);
        (void)close(both[0]);
    }
    (void)close(kept);
    out[n > 0 ? n : 0] = 0;
    return out;
}

static void print_error(const void *err)
{
    error_print(err);
}

static void errors(void)
{
    static const struct {
        vf_error err;
        const char *want;
    } rows[] = {{{.text = "gone"}, "vramfit: gone\n"},
                {{.key = "--gpu", .text = "missing"}, "vramfit: --gpu: missing\n"},
                {{.file = "a.json", .text = "empty"}, "vramfit: a.json: empty\n"},
                {{.file = "a.json", .line = 3, .text = "bad"}, "vramfit: a.json:3: bad\n"},
                {{.file = "a.json", .line = 3, .column = 9, .text = "bad"}, "vramfit: a.json:3:9: bad\n"},
                {{.file = "a.json", .column = 9, .text = "bad"}, "vramfit: a.json: bad\n"},
                {{.file = "a.json", .line = 3, .key = "/x", .text = "bad"}, "vramfit: a.json:3: '/x': bad\n"},
                {{.file = "m.gguf", .has_byte = true, .text = "bad"}, "vramfit: m.gguf: byte 0: bad\n"},
                {{.file = "m.gguf", .has_byte = true, .byte = 24, .key = "k", .text = "bad"}, "vramfit: m.gguf: byte 24, 'k': bad\n"},
                {{.has_byte = true, .byte = 24, .key = "k", .text = "bad"}, "vramfit: k: byte 24: bad\n"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_STR(told(print_error, &rows[i].err), rows[i].want, "an error");
    vf_error err = {0};
    CHECK(!fail_value(&err, "--gpu", "a\nb", "no %s", "card"), "false");
    CHECK(err.status == VF_ERR_USAGE && strcmp(err.key, "--gpu 'a\\x0Ab'") == 0 && strcmp(err.text, "no card") == 0, "%s: %s", err.key, err.text);
    (void)fail(&err, "--model 'x'", "unknown");
    fail_rename(&err, "--gpu", "--draft");
    CHECK_STR(err.key, "--model 'x'", "another option's");
    fail_rename(&err, "--model", "--draft");
    CHECK_STR(err.key, "--draft 'x'", "renamed");
    (void)fail(&err, "--model 'y'", "unknown");
    (void)fail_at(&err, "--also");
    CHECK_STR(err.key, "--also 'y'", "a model's error has its option's name");
    (void)fail(&err, "", "unknown");
    (void)fail_at(&err, "--also");
    CHECK_STR(err.key, "--also", "an error without a place has the option");
    err = (vf_error){.file = "x", .text = "bad"};
    (void)fail_at(&err, "--also");
    CHECK_STR(err.key, "", "one with a file has its place");
    (void)fail_nomem(&err);
    (void)fail_at(&err, "--also");
    CHECK(err.key[0] == 0 && err.status == VF_ERR_NOMEM && memory_was_short(), "no memory is nobody's");
}

static uint64_t now_ms(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void step(const void *what)
{
    progress p = *(const progress *)what;
    progress_step(&p, 500, p.total == PROGRESS_UNKNOWN ? 7 : p.total / 2);
}

/* Half of it took so long, so the other half takes as long. */
static void progress_line(void)
{
    static const struct {
        uint64_t ms;
        const char *left;
    } rows[] = {{2500, "3 s left"}, {118500, "119 s left"}, {119500, "2 min left"}, {120500, "3 min left"}, {7198500, "120 min left"},
                {7199500, "2 h left"}, {7200500, "3 h left"}, {10799500, "3 h left"}, {10800500, "4 h left"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        progress p = {.columns = 200, .begin = now_ms() - rows[i].ms, .total = 1000};
        const char *text = told(step, &p);
        CHECK(strstr(text, rows[i].left) && strstr(text, "500 lines, ") && strstr(text, ", 50 %, "), "%s: %s", rows[i].left, text);
    }
    progress p = {.columns = 200, .begin = now_ms() - 10000, .total = PROGRESS_UNKNOWN};
    CHECK(strstr(told(step, &p), "500 lines, ") && !strchr(told(step, &p), '%'), "of unknown length: no end");
    p.columns = 12;
    CHECK_STR(told(step, &p), "\r\033[Kvramfit: 50", "one column less than the terminal has");
    p.columns = 0;
    CHECK_STR(told(step, &p), "", "no terminal");
    p = (progress){.columns = 80, .begin = now_ms(), .next = now_ms() + 60000};
    CHECK_STR(told(step, &p), "", "not yet");
}

int main(void)
{
    growth();
    words();
    wrapping();
    hidden();
    not_utf8();
    numbers();
    separated();
    cuts();
    errors();
    progress_line();
    return CHECK_END();
}
