/* Foreign text, sizes, names, errors. */
#include <stdarg.h>

#include "check.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"

static const struct {
    const char *text, *want;
} quotes[] = {
    {"", "''"},
    {"llama-3.1", "'llama-3.1'"},
    {"a\nb", "'a\\x0Ab'"},
    {"\x1b[2J", "'\\x1B[2J'"},
    {"caf\xC3\xA9", "'caf\xC3\xA9'"},
    {"\xC2\x9B" "31m", "'\\xC2\\x9B31m'"},
    {"x\xE2\x80\xAEgpj", "'x\\xE2\\x80\\xAEgpj'"},
    {"\xE2\x80\x8B", "'\\xE2\\x80\\x8B'"},
    {"\xFF\xFE", "'\\xFF\\xFE'"},
    {"\xC0\xAF", "'\\xC0\\xAF'"},
    {"\xED\xA0\x80", "'\\xED\\xA0\\x80'"},
    {"\xF4\x90\x80\x80", "'\\xF4\\x90\\x80\\x80'"},
    {"\xF0\x9F\x98\x80", "'\xF0\x9F\x98\x80'"},
    {"\xF0\x9F\x98", "'\\xF0\\x9F\\x98'"},
    {"\xE2\x82x", "'\\xE2\\x82x'"},
    {"\xF0\x9F\x98\xC0", "'\\xF0\\x9F\\x98\\xC0'"},
    {"it's", "'it\\x27s'"},
    {"%s%n", "'%s%n'"},
};

static void test_quote(void)
{
    char out[VF_QUOTE_SIZE];
    for (size_t i = 0; i < sizeof quotes / sizeof quotes[0]; i++)
        CHECK_STR(VF_QUOTE(out, quotes[i].text), quotes[i].want, quotes[i].text);
    CHECK_STR(vf_quote(out, sizeof out, "a\0b", 3), "'a\\x00b'", "NUL within");
    CHECK_STR(vf_quote(out, sizeof out, "ab\xC3\xA9", 3), "'ab\\xC3'", "what lies behind is not looked at");
    CHECK_STR(vf_quote(out, sizeof out, "a\xF0\x9F\x98\x80", 4), "'a\\xF0\\x9F\\x98'", "what lies behind is not looked at");

    char input[400], want[VF_QUOTE_SIZE];
    memset(input, 'a', sizeof input);
    memset(want, 'a', sizeof want);
    want[0] = '\'';
    memcpy(want + 81, "'", 2);
    CHECK_STR(vf_quote(out, sizeof out, input, 80), want, "80 characters");
    memcpy(want + 81, "'...", 5);
    CHECK_STR(vf_quote(out, sizeof out, input, 81), want, "81 characters");
    for (size_t i = 0; i < sizeof input; i += 4)
        memcpy(input + i, "\xF0\x9F\x98\x80", 4);
    CHECK_U64(strlen(vf_quote(out, sizeof out, input, sizeof input)), 80 * 4 + 5, "80 wide characters");
    memset(input, '\n', sizeof input);
    CHECK(strlen(vf_quote(out, sizeof out, input, 20)) == 82 && strlen(vf_quote(out, sizeof out, input, 21)) == 85, "20 escapes: %s", out);
    CHECK_STR(vf_quote(out, 8, "abcdefgh", 8), "'ab'...", "a small buffer");
    CHECK_STR(vf_quote(out, 9, "\n", 1), "''...", "no room for an escape");
    CHECK_STR(vf_quote(out, 10, "\n", 1), "'\\x0A'", "just room enough for one");
}

static size_t encode(uint32_t code, unsigned char out[4])
{
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n; i-- > 1; code >>= 6)
        out[i] = (unsigned char)(0x80 | (code & 0x3F));
    out[0] = (unsigned char)(lead[n] | code);
    return n;
}

/* Every character is one, whole and not cut; bytes that are none's, at the ends of all ranges, are none. */
static void test_utf8(void)
{
    static const unsigned char ends[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
    unsigned char s[4];
    uint32_t wrong = 0, good = 0;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        uint32_t n = (uint32_t)encode(code, s), surrogate = code >= 0xD800 && code <= 0xDFFF;
        wrong += vf_utf8_length((char *)s, n) != (surrogate ? 0 : n);
        wrong += n > 1 && vf_utf8_length((char *)s, n - 1) != 0;
        wrong += !surrogate && vf_utf8_code((char *)s, n) != code;
    }
    CHECK_U64(wrong, 0, "characters that are not read as they are");
    for (uint32_t lead = 0; lead < 256; lead++)
        for (size_t i = 0; i < 1000; i++) {
            const unsigned char four[4] = {(unsigned char)lead, ends[i % 10], ends[i / 10 % 10], ends[i / 100]};
            uint32_t n = vf_utf8_length((const char *)four, 4), code = n ? vf_utf8_code((const char *)four, n) : 0;
            good += n > 0;
            if (n > 0) /* what is taken for a character is how that character is written */
                CHECK(encode(code, s) == n && memcmp(s, four, n) == 0, "%02X %02X %02X %02X", four[0], four[1], four[2], four[3]);
        }
    CHECK(good > 128 * 1000, "%u of them are characters", good);
}

/* Words of enumerations, and none past their ends. */
static void test_words(void)
{
    static const char *const verdicts[] = {"fit", "fragile", "no-fit", "", ""}, *const backends[] = {"cuda", "rocm", "vulkan", "metal", "sycl", "cpu", "", ""};
    for (int i = 0; i < 5; i++)
        CHECK_STR(vf_verdict_name((vf_verdict)i), verdicts[i], "a verdict");
    for (int i = 0; i < 8; i++)
        CHECK_STR(vf_backend_name((vf_backend)i), backends[i], "a backend");
}

/* An error is about what it is made for: of one before nothing is left, but the file. */
static void test_fresh_error(void)
{
    vf_error err = {.status = VF_ERR_IO, .file = "f", .key = "k", .line = 3, .column = 4, .has_byte = true, .byte = 5, .text = "before"};
    CHECK(vf_fail(&err, VF_ERR_DATA, "now %d", 7) == VF_ERR_DATA && err.status == VF_ERR_DATA, "the status");
    CHECK(!err.line && !err.column && !err.has_byte && err.byte == 0 && !err.key[0], "the place");
    CHECK(strcmp(err.file, "f") == 0 && strcmp(err.text, "now 7") == 0, "%s: %s", err.file, err.text);
}

/* An error's text is cut to its room between characters. */
static void test_cut_text(void)
{
    static const char *const last[] = {"x", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    char text[VF_ERROR_TEXT + 16], key[sizeof text];
    for (size_t k = 0; k < 4; k++)
        for (size_t n = VF_ERROR_TEXT - 6; n <= VF_ERROR_TEXT + 6; n++) {
            vf_error err = {0};
            size_t front = n - (k + 1), kept = n < VF_ERROR_TEXT ? n : front < VF_ERROR_TEXT - 1 ? front : VF_ERROR_TEXT - 1;
            memset(text, 'a', front);
            strcpy(text + front, last[k]);
            memcpy(key, text, sizeof key);
            CHECK(vf_fail_key(&err, VF_ERR_DATA, key, "%s", text) == VF_ERR_DATA, "the status");
            CHECK(strlen(err.text) == kept && strncmp(err.text, text, kept) == 0, "%zu bytes, the last character of %zu: %zu kept", n, k + 1, strlen(err.text));
            CHECK(strlen(err.key) < sizeof err.key && strncmp(err.key, key, strlen(err.key)) == 0, "the key");
        }
}

/* The ends of what is unsafe, and their neighbours. */
static void test_unsafe(void)
{
    static const uint32_t unsafe[][2] = {{0, 0x1F}, {0x7F, 0x9F}, {0xAD, 0xAD}, {0x61C, 0x61C}, {0x180E, 0x180E}, {0x200B, 0x200F},
                                         {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F}};
    uint32_t found = 0;
    for (size_t i = 0; i < sizeof unsafe / sizeof unsafe[0]; i++) {
        const uint32_t *range = unsafe[i];
        CHECK(vf_text_unsafe(range[0]) && vf_text_unsafe(range[1]), "U+%04X to U+%04X", range[0], range[1]);
        CHECK((range[0] == 0 || !vf_text_unsafe(range[0] - 1)) && !vf_text_unsafe(range[1] + 1), "around U+%04X", range[0]);
    }
    for (uint32_t code = 0; code <= 0x10FFFF; code++)
        found += vf_text_unsafe(code);
    CHECK_U64(found, 32 + 33 + 3 + 5 + 7 + 16 + 1 + 3 + 128, "all of them");
}

static const struct {
    const char *text;
    uint64_t card, other;
} sizes[] = {
    {"24G", 24ull << 30, 24ull << 30},
    {"24GB", 24ull << 30, 24000000000ull},
    {"24GiB", 24ull << 30, 24ull << 30},
    {"24g", 24ull << 30, 24ull << 30},
    {"24gib", 24ull << 30, 24ull << 30},
    {"24 GB", 24ull << 30, 24000000000ull},
    {"24 gb", 24ull << 30, 24000000000ull},
    {"024G", 24ull << 30, 24ull << 30},
    {"24000MB", 24000ull << 20, 24000000000ull},
    {"24576MiB", 24ull << 30, 24ull << 30},
    {"24.5G", 49ull << 29, 49ull << 29},
    {"24.5GB", 49ull << 29, 24500000000ull},
    {"0.5TiB", 1ull << 39, 1ull << 39},
    {"2T", 2ull << 40, 2ull << 40},
    {"512K", 512ull << 10, 512ull << 10},
    {"512kB", 512ull << 10, 512000},
    {"500000000B", 500000000, 500000000},
    {"0.000000001GB", 1, 1},
    {"1.999999999TB", 2199023254452ull, 1999999999000ull},
    {"1048576TiB", 1ull << 60, 1ull << 60},
};

static const struct {
    const char *text;
    vf_status status;
    const char *says;
} bad_sizes[] = {
    {"", VF_ERR_USAGE, "empty"},
    {"   ", VF_ERR_USAGE, "not a size"},
    {"24", VF_ERR_USAGE, "no unit (write 24GB)"},
    {"25769803776", VF_ERR_USAGE, "no unit (write 25769803776B)"},
    {"0", VF_ERR_USAGE, "no unit"},
    {"999999", VF_ERR_USAGE, "no unit (write 999999GB)"},
    {"1000000", VF_ERR_USAGE, "no unit (write 1000000B)"},
    {"10000000000000000000", VF_ERR_USAGE, "no unit (write 10000000000000000000B)"},
    {"100000000000000000000", VF_ERR_USAGE, "no unit, and is out of range"},
    {"0G", VF_ERR_USAGE, "zero"},
    {"0.0000000001G", VF_ERR_USAGE, "more than 9 decimals"},
    {"0.4B", VF_ERR_USAGE, "zero"},
    {"-1", VF_ERR_USAGE, "negative"},
    {"-24G", VF_ERR_USAGE, "negative"},
    {"-0G", VF_ERR_USAGE, "negative"},
    {"-.5G", VF_ERR_USAGE, "negative"},
    {"0X18", VF_ERR_USAGE, "hex"},
    {"0 x", VF_ERR_USAGE, "not a size"},
    {"0Y", VF_ERR_USAGE, "unknown unit 'Y'"},
    {"24X", VF_ERR_USAGE, "not a size"},
    {"24[", VF_ERR_USAGE, "not a size"},
    {"24{", VF_ERR_USAGE, "not a size"},
    {"24_5G", VF_ERR_USAGE, "write 245G, without grouping"},
    {"24,G", VF_ERR_USAGE, "not a size (write 24G"},
    {"1,024,5G", VF_ERR_USAGE, "write 10245G"},
    {"1,5.5G", VF_ERR_USAGE, "not a size"},
    {"--24G", VF_ERR_USAGE, "not a size"},
    {"+24G", VF_ERR_USAGE, "not a size"},
    {" 24G", VF_ERR_USAGE, "not a size"},
    {"24G ", VF_ERR_USAGE, "unknown unit 'G '"},
    {"1e400", VF_ERR_USAGE, "unknown unit 'e400'"},
    {"1e400G", VF_ERR_USAGE, "not a size"},
    {"2.4e1G", VF_ERR_USAGE, "unknown unit 'e1G'"},
    {"NaN", VF_ERR_USAGE, "not a size"},
    {"inf", VF_ERR_USAGE, "not a size"},
    {"\xE2\x88\x9E", VF_ERR_USAGE, "not a size"},
    {"0x18", VF_ERR_USAGE, "hex"},
    {"0x18G", VF_ERR_USAGE, "hex"},
    {"0x1p40", VF_ERR_USAGE, "hex"},
    {"9223372036854775808B", VF_ERR_RANGE, "out of range"},
    {"18446744073709551615B", VF_ERR_RANGE, "out of range"},
    {"18446744073709551616B", VF_ERR_RANGE, "out of range"},
    {"18446744073709551615G", VF_ERR_RANGE, "out of range"},
    {"17179869184G", VF_ERR_RANGE, "out of range"},
    {"1048576.000000001TiB", VF_ERR_RANGE, "out of range"},
    {"G", VF_ERR_USAGE, "not a size"},
    {".", VF_ERR_USAGE, "not a size"},
    {".G", VF_ERR_USAGE, "not a size"},
    {".5G", VF_ERR_USAGE, "not a size"},
    {"24.G", VF_ERR_USAGE, "not a size"},
    {"-", VF_ERR_USAGE, "not a size"},
    {"24,5G", VF_ERR_USAGE, "write 24.5G; a decimal comma is not accepted"},
    {"24,000MB", VF_ERR_USAGE, "write 24000MB"},
    {"1,024.5MB", VF_ERR_USAGE, "write 1024.5MB"},
    {"24'000MB", VF_ERR_USAGE, "write 24000MB, without grouping"},
    {"24_000MB", VF_ERR_USAGE, "write 24000MB, without grouping"},
    {"1,234", VF_ERR_USAGE, "not a size (write digits"},
    {"24,x", VF_ERR_USAGE, "not a size"},
    {"24GG", VF_ERR_USAGE, "unknown unit 'GG'"},
    {"24GBiB", VF_ERR_USAGE, "unknown unit 'GBiB'"},
    {"24Gbit", VF_ERR_USAGE, "unknown unit 'Gbit'"},
    {"24Q", VF_ERR_USAGE, "unknown unit 'Q'"},
    {"24a", VF_ERR_USAGE, "unknown unit 'a'"},
    {"24z", VF_ERR_USAGE, "unknown unit 'z'"},
    {"24A", VF_ERR_USAGE, "unknown unit 'A'"},
    {"24Z", VF_ERR_USAGE, "unknown unit 'Z'"},
    {"24`", VF_ERR_USAGE, "not a size (write digits"},
    {"24@", VF_ERR_USAGE, "not a size (write digits"},
    {"24,50000000000000000000000000GB", VF_ERR_USAGE, "write 24.50000000000000000000000000GB"}, /* the longest that a hint is for */
    {"24,500000000000000000000000000GB", VF_ERR_USAGE, "not a size (write digits"},
    {"2.4.1G", VF_ERR_USAGE, "not a size"},
    {"24G;x", VF_ERR_USAGE, "unknown unit 'G;x'"},
    {"30Gx", VF_ERR_USAGE, "unknown unit 'Gx'"},
    {"90%", VF_ERR_USAGE, "not a size"},
    {"24\xC2\xA0GB", VF_ERR_USAGE, "not a size"},
    {"\xEF\xBC\x92GB", VF_ERR_USAGE, "not a size"},
    {"24GB\n", VF_ERR_USAGE, "\\x0A"},
    {"24\nGB", VF_ERR_USAGE, "\\x0A"},
    {"24\tGB", VF_ERR_USAGE, "\\x09"},
    {"\x1b[2J24G", VF_ERR_USAGE, "\\x1B"},
    {"%s%n", VF_ERR_USAGE, "'%s%n'"},
};

static void test_sizes(void)
{
    vf_error err = {0};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint64_t bytes = 0;
        CHECK(vf_parse_size(sizes[i].text, true, &bytes, &err) == VF_OK, "%s: %s", sizes[i].text, err.text);
        CHECK_U64(bytes, sizes[i].card, sizes[i].text);
        CHECK(vf_parse_size(sizes[i].text, false, &bytes, &err) == VF_OK, "%s: %s", sizes[i].text, err.text);
        CHECK_U64(bytes, sizes[i].other, sizes[i].text);
    }
    for (size_t i = 0; i < sizeof bad_sizes / sizeof bad_sizes[0]; i++) {
        uint64_t bytes = 7;
        vf_status status = vf_parse_size(bad_sizes[i].text, true, &bytes, &err);
        CHECK_U64(status, bad_sizes[i].status, bad_sizes[i].text);
        CHECK(err.status == status && strstr(err.text, bad_sizes[i].says), "%s: '%s' should say '%s'",
              bad_sizes[i].text, err.text, bad_sizes[i].says);
        CHECK_U64(bytes, 7, "untouched");
    }
    static char digits[131000];
    memset(digits, '9', sizeof digits - 1);
    uint64_t bytes;
    CHECK(vf_parse_size(digits, true, &bytes, &err) == VF_ERR_USAGE && strlen(err.text) < 200, "%s", err.text);
    memcpy(digits + 400, "G", 2);
    CHECK(vf_parse_size(digits, true, &bytes, &err) == VF_ERR_RANGE, "%s", err.text);
    CHECK(vf_parse_size("G", true, &bytes, NULL) == VF_ERR_USAGE, "err may be NULL");
}

static const struct {
    const char *name, *want;
} names[] = {
    {"Llama-3.1-8B", "llama3-1-8b"},
    {"llama3.1:8b", "llama3-1-8b"},
    {"llama_3_1 8b", "llama3-1-8b"},
    {"gemma-3-1b", "gemma3-1b"},
    {"gemma-31b", "gemma31b"},
    {"RTX 4090", "rtx4090"},
    {"Q4_K_M", "q4km"},
    {"q4_0", "q4-0"},
    {"command-r+", "commandrplus"},
    {"1+1", "1plus1"},
    {"--x--1--2--", "x1-2"},
    {"", ""},
    {"...", ""},
    {"caf\xC3\xA9", "caf\xC3\xA9"},
    {"a[b{c@d", "abcd"},
    {"e\xCC\x80_", "e\xCC\x80"},
};

static void test_names(void)
{
    char out[VF_NAME_LIMIT + 1], long_name[VF_NAME_LIMIT + 2];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t n = vf_name_normalize(out, sizeof out, names[i].name, strlen(names[i].name));
        CHECK_STR(out, names[i].want, names[i].name);
        CHECK_U64(n, strlen(names[i].want), names[i].name);
    }
    memset(long_name, 'a', sizeof long_name);
    CHECK_U64(vf_name_normalize(out, sizeof out, long_name, VF_NAME_LIMIT), VF_NAME_LIMIT, "longest");
    CHECK(vf_name_normalize(out, sizeof out, long_name, VF_NAME_LIMIT + 1) == SIZE_MAX, "too long");
    CHECK(vf_name_normalize(out, 4, "abcd", 4) == SIZE_MAX, "no room");
    CHECK(vf_name_normalize(out, 4, "1-2-3", 5) == SIZE_MAX, "no room for the second dash");
    CHECK(vf_name_normalize(out, 0, "", 0) == SIZE_MAX, "no room for the end");
    CHECK(vf_name_normalize(out, 4, "abc", 3) == 3 && strcmp(out, "abc") == 0, "just room enough: %s", out);

    memset(long_name, '+', VF_NAME_LIMIT);
    CHECK(vf_name_normalize(out, sizeof out, long_name, 65) == SIZE_MAX, "'+' is four letters");
    CHECK_U64(vf_name_normalize(out, sizeof out, long_name, 64), 256, "64 of them fit");
    memset(long_name, 'a', sizeof long_name);

    CHECK_U64(vf_name_distance("llama", "LLaMA"), 0, "case");
    CHECK_U64(vf_name_distance("lama-3.1-8b", "llama3.1:8b"), 1, "insertion");
    CHECK_U64(vf_name_distance("kitten", "sitting"), 3, "the textbook's");
    CHECK_U64(vf_name_distance("lalma", "llama"), 1, "swap");
    CHECK_U64(vf_name_distance("", "abc"), 3, "empty");
    long_name[VF_NAME_LIMIT] = 0;
    CHECK_U64(vf_name_distance(long_name, ""), VF_NAME_LIMIT, "longest");
    long_name[VF_NAME_LIMIT] = 'a';
    long_name[VF_NAME_LIMIT + 1] = 0;
    CHECK_U64(vf_name_distance(long_name, "a"), UINT32_MAX, "too long");
    CHECK_U64(vf_name_distance("a", long_name), UINT32_MAX, "too long, the other one");
}

/** The definition, cell by cell. */
static uint32_t plain_distance(const char *a, size_t na, const char *b, size_t nb)
{
    uint32_t d[12][12];
    for (size_t i = 0; i <= na; i++)
        for (size_t j = 0; j <= nb; j++) {
            uint32_t best = (uint32_t)(i > j ? i : j);
            if (i > 0 && j > 0) {
                best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
                best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
                best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
            }
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[na][nb];
}

/* Short texts of three letters: every limit gives the distance, or that it is beyond. */
static void test_distance(void)
{
    uint32_t seed = 1, wrong = 0;
    for (uint32_t k = 0; k < 20000; k++) {
        char a[12], b[12];
        size_t na = (seed = seed * 1664525u + 1013904223u) >> 16 & 7, nb = (seed = seed * 1664525u + 1013904223u) >> 16 & 7;
        for (size_t i = 0; i < na; i++)
            a[i] = (char)('a' + ((seed = seed * 1664525u + 1013904223u) >> 16) % 3);
        for (size_t i = 0; i < nb; i++)
            b[i] = (char)('a' + ((seed = seed * 1664525u + 1013904223u) >> 16) % 3);
        uint32_t want = plain_distance(a, na, b, nb);
        for (uint32_t limit = 0; limit < 10; limit++)
            wrong += vf_edit_distance(a, na, b, nb, limit) != (want <= limit ? want : limit + 1);
    }
    CHECK_U64(wrong, 0, "distances within a limit");
}

static vf_status fail_with_list(vf_error *err, const char *format, ...) VF_PRINTF(2, 3);

static vf_status fail_with_list(vf_error *err, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vf_status status = vf_fail_va(err, VF_ERR_IO, format, ap);
    va_end(ap);
    return status;
}

static void test_errors(void)
{
    vf_error err = {0};
    char text[1200];
    for (size_t i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "\xE2\x82\xAC", 4);
    vf_fail(&err, VF_ERR_DATA, "%s", text);
    CHECK_U64(strlen(err.text), 510, "cut before a character");
    vf_fail(&err, VF_ERR_DATA, "x%s", text);
    CHECK_U64(strlen(err.text), 511, "cut behind a character");
    CHECK(vf_fail_key(&err, VF_ERR_RANGE, "--x", "%d", 7) == VF_ERR_RANGE && err.status == VF_ERR_RANGE, "key");
    CHECK(strcmp(err.key, "--x") == 0 && strcmp(err.text, "7") == 0 && err.line == 0, "%s %s", err.key, err.text);
    CHECK(vf_fail_key(NULL, VF_ERR_RANGE, "--x", "%d", 7) == VF_ERR_RANGE, "err may be NULL");
    CHECK(vf_fail(NULL, VF_ERR_IO, "x") == VF_ERR_IO, "err may be NULL");
    memset(text, '\xAC', 600);
    text[600] = 0;
    vf_fail(&err, VF_ERR_DATA, "%s", text);
    CHECK_U64(strlen(err.text), 511, "continuations with no beginning are cut as bytes");
    memset(text, 'a', 600);
    vf_fail(&err, VF_ERR_DATA, "%s", text);
    CHECK_U64(strlen(err.text), 511, "letters");
    CHECK(fail_with_list(&err, "%d and %s", 7, "x") == VF_ERR_IO && strcmp(err.text, "7 and x") == 0, "%s", err.text);
    CHECK(fail_with_list(NULL, "x") == VF_ERR_IO, "err may be NULL");
    CHECK(vf_utf8_length("\xE2\x82\xAC", 2) == 0 && vf_utf8_length("\xE2\x82\xAC", 3) == 3, "a character that n bytes do not hold");
    char field[6];
    vf_set_text(field, sizeof field, "abc\xE2\x82\xAC");
    CHECK_STR(field, "abc", "cut before a character");
    for (unsigned last = 0x80; last < 0xC0; last++) { /* whatever a character ends with */
        char two[] = {'a', 'b', 'c', 'd', '\xC3', (char)last, 0};
        vf_set_text(field, sizeof field, two);
        CHECK_STR(field, "abcd", "the beginning of a character is not left");
        vf_set_text(field, sizeof field, two + 1);
        CHECK_STR(field, two + 1, "one that fits");
    }
    CHECK_STR(vf_verdict_name((vf_verdict)7), "", "no verdict");
    CHECK_STR(vf_backend_name((vf_backend)7), "", "no backend");
    CHECK_STR(vf_verdict_name(VF_FRAGILE), "fragile", "verdict");
    CHECK_STR(vf_backend_name(VF_BACKEND_CPU), "cpu", "backend");
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", VF_VERSION_MAJOR, VF_VERSION_MINOR, VF_VERSION_PATCH);
    CHECK_STR(vf_version(), version, "the project's version is the header's");
}

CHECK_ALLOCATOR(heap);

/* Gives what is asked for by number only: nothing is that large. */
static void *give_any(void *ctx, void *p, size_t old_size, size_t new_size)
{
    (void)p;
    (void)old_size;
    *(size_t *)ctx = new_size;
    return ctx;
}

static void test_large_alloc(void)
{
    size_t asked = 0, cap = SIZE_MAX / 2;
    void *items = NULL;
    const vf_allocator any = {give_any, &asked};
    CHECK(vf_grow(&any, &items, &cap, SIZE_MAX / 2 + 1, 1) && cap == SIZE_MAX - 1 && asked == cap, "the last doubling: %zu", cap);
    cap = SIZE_MAX / 2 + 1;
    CHECK(!vf_grow(&any, &items, &cap, SIZE_MAX / 2 + 2, 1) && cap == SIZE_MAX / 2 + 1, "one more would wrap");
    cap = 16;
    CHECK(vf_grow(&any, &items, &cap, 17, SIZE_MAX / 32) && asked == SIZE_MAX / 32 * 32, "the largest elements of which 32 fit");
    CHECK(!vf_grow(&any, &items, &cap, 33, SIZE_MAX / 64 + 1), "larger ones do not");
}

static void test_alloc(void)
{
    void *items = NULL;
    size_t cap = 0;
    CHECK(vf_grow(&heap, &items, &cap, 17, 8) && cap == 32, "doubled: %zu", cap);
    CHECK(vf_grow(&heap, &items, &cap, 32, 8) && cap == 32, "room enough: %zu", cap);
    CHECK(!vf_grow(&heap, &items, &cap, SIZE_MAX, 1), "no power of two");
    CHECK(!vf_grow(&heap, &items, &cap, SIZE_MAX / 4, 8), "the product wraps");
    CHECK(!vf_grow(&heap, &items, &cap, 33, 0), "elements of nothing");
    CHECK(cap == 32, "as before");
    vf_free(&heap, items, cap * 8);
    CHECK(!vf_alloc_zero(&heap, 0, 8) && !vf_alloc_zero(&heap, 8, 0) && !vf_alloc_zero(&heap, SIZE_MAX / 4, 8), "refused");
    char *zero = vf_alloc_zero(&heap, 3, 5);
    CHECK(zero && !memchr(zero, 1, 15), "zeroed");
    vf_free(&heap, zero, 15);
}

int main(void)
{
    test_alloc();
    test_large_alloc();
    test_quote();
    test_words();
    test_cut_text();
    test_fresh_error();
    test_utf8();
    test_unsafe();
    test_sizes();
    test_names();
    test_distance();
    test_errors();
    return CHECK_END();
}
