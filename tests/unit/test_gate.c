/* The JSON gate: what passes, and what is refused where. */
#include "check.h"

#include "load/json/gate.h"

CHECK_ALLOCATOR(heap);

/* Text as it is up to the NUL that C appends; `n` is given where NUL bytes belong to it. */
static const char *const good[] = {
    "{}", "[]", "0", "-0", "\"\"", "null", "true", "false", " \t\r\n{} \t\r\n", "\xEF\xBB\xBF{}",
    "[1,2,[3,{\"a\":[]}]]", "{\"a\":1,\"b\":{\"a\":1},\"A\":1}", "9007199254740992", "-9007199254740992",
    "1e307", "1.5e-300", "1E+2", "0.5", "[0.1,2e5]", "9007199254740993e0", "9007199254740993.0", "\"\\u00e9\\n\\\\\\\"\\/\"", "\"\\ud83d\\ude00\"",
    "\"\xF0\x9F\x98\x80\"", "\"\xC2\x80\"", "\"\xED\x9F\xBF\"", "{\"a\":1,\"\\u0062\":2}",
    "0.1111111111111111111111111111111111111111111111111111111111111", "123456789012345.5", "[[[[[[[[]]]]]]]]", "{\"\":1}",
    "\"\\uABCD\\uabcd\\uFfFf\\uDBFF\\uDFFF\"", "{\"\\uE000\":1,\"\xEE\x80\x81\":2,\"\\uFFFF\":3}",
};

static const struct {
    const char *text;
    uint32_t line, column;
    const char *says;
} bad[] = {
    {"", 1, 1, "empty"},
    {" \n\t \r\n", 3, 1, "empty"},
    {"\xEF\xBB\xBF", 1, 4, "empty"},
    {"\xEF\xBB\xBF\xEF\xBB\xBF{}", 1, 4, "'\\xEF\\xBB\\xBF'"},
    {"\xFF\xFE{", 1, 1, "UTF-16"},
    {"\xFE\xFF{", 1, 1, "UTF-16"},
    {"{\"a\":", 1, 6, "ends early, expected a value"},
    {"{\"a\"", 1, 5, "expected ':'"},
    {"{\"a", 1, 2, "within this string"},
    {"{", 1, 2, "expected a key"},
    {"[1", 1, 3, "expected ',' or ']'"},
    {"[1,", 1, 4, "expected a value"},
    {"{\n  \"a\": 1\n", 3, 1, "expected ',' or '}'"},
    {"{} x", 1, 4, "text after"},
    {"{}{}", 1, 3, "text after"},
    {"1 2", 1, 3, "text after"},
    {"// c\n{}", 1, 1, "comments"},
    {"{/* c */}", 1, 2, "comments"},
    {"# c\n{}", 1, 1, "comments"},
    {"[1,]", 1, 3, "comma behind the last"},
    {"{\"a\":1,}", 1, 7, "comma behind the last"},
    {"[,1]", 1, 2, "expected a value"},
    {"{'a':1}", 1, 2, "double quotes"},
    {"['a']", 1, 2, "double quotes"},
    {"{a:1}", 1, 2, "found 'a', expected a key"},
    {"{\"a\" 1}", 1, 6, "expected ':'"},
    {"[1 2]", 1, 4, "expected ',' or ']'"},
    {"[1}", 1, 3, "expected ',' or ']'"},
    {"{\"a\":1]", 1, 7, "expected ',' or '}'"},
    {"]", 1, 1, "expected a value"},
    {"\x01{}", 1, 1, "'\\x01'"},
    {"\f{}", 1, 1, "'\\x0C'"},
    {"[\"a\x01\"]", 1, 4, "control byte"},
    {"[\"a\x1b[2J\"]", 1, 4, "control byte"},
    {"[\"a\x7f\"]", 1, 4, "control byte"},
    {"{\"a\": \"x\ny\"}", 1, 9, "line end"},
    {"[\"a\tb\"]", 1, 4, "control byte"},
    {"[\"\\u0000\"]", 1, 3, "NUL"},
    {"{\"a\\u0000b\":1}", 1, 4, "NUL"},
    {"[\"\\u12g4\"]", 1, 3, "four hex digits"},
    {"[\"\\u12G4\"]", 1, 3, "four hex digits"},
    {"[\"\\u12@4\"]", 1, 3, "four hex digits"},
    {"[\"\\u12`4\"]", 1, 3, "four hex digits"},
    {"[\"\\u12/4\"]", 1, 3, "four hex digits"},
    {"[\"\\uD800x\"]", 1, 3, "surrogate"},
    {"[\"\\uD800\\n\"]", 1, 3, "surrogate"},
    {"[\"\\uD800\\uE000\"]", 1, 3, "surrogate"},
    {"[\"\\uD800", 1, 3, "surrogate"},
    {"[\"\\uD800\\", 1, 3, "surrogate"},
    {"[1_000]", 1, 3, "found '_', expected ',' or ']'"},
    {"[1[]]", 1, 3, "expected ',' or ']'"},
    {"[1{]", 1, 3, "expected ',' or ']'"},
    {"[null_]", 1, 2, "found 'n', expected a value"},
    {"[true[]]", 1, 6, "expected ',' or ']'"},
    {"[true{]", 1, 6, "expected ',' or ']'"},
    {"[true:]", 1, 6, "expected ',' or ']'"},
    {"[\"\\u12", 1, 3, "four hex digits"},
    {"[\"\\x41\"]", 1, 3, "unknown escape '\\x'"},
    {"[\"\\", 1, 3, "unknown escape '\\'"},
    {"[\"\\ud800\"]", 1, 3, "surrogate"},
    {"[\"\\ud800\\u0041\"]", 1, 3, "surrogate"},
    {"[\"\\udc00\"]", 1, 3, "surrogate"},
    {"[\"\\ud83d\\ud83d\"]", 1, 3, "surrogate"},
    {"[\"\xFF\"]", 1, 3, "not UTF-8: '\\xFF'"},
    {"[\"\xC0\xAF\"]", 1, 3, "not UTF-8"},
    {"[\"\xE0\x80\xAF\"]", 1, 3, "not UTF-8"},
    {"[\"\xED\xA0\x80\"]", 1, 3, "not UTF-8"},
    {"[\"\xF4\x90\x80\x80\"]", 1, 3, "not UTF-8"},
    {"[\"\xC3\"]", 1, 3, "not UTF-8"},
    {"[\"\xC3", 1, 3, "not UTF-8"},
    {"[\xC2\xA0]", 1, 2, "'\xC2\xA0'"},
    {"[032]", 1, 2, "leading zero"},
    {"[-032]", 1, 2, "leading zero"},
    {"[32.]", 1, 2, "no digit behind the decimal point"},
    {"[2.e3]", 1, 2, "no digit behind the decimal point"},
    {"[.5]", 1, 2, "expected a value"},
    {"[+32]", 1, 2, "plus sign"},
    {"[-]", 1, 2, "minus sign"},
    {"[-a]", 1, 2, "minus sign"},
    {"[1e]", 1, 2, "exponent"},
    {"[1e+]", 1, 2, "exponent"},
    {"[1.2.3]", 1, 2, "not a number: '1.2.'"},
    {"[0x20]", 1, 2, "not a number: '0x'"},
    {"[1-2]", 1, 2, "not a number: '1-'"},
    {"[12abc]", 1, 2, "not a number: '12a'"},
    {"[1e400]", 1, 2, "number '1e400' is out of range"},
    {"[-1e400]", 1, 2, "out of range"},
    {"[1e99999999999999999999]", 1, 2, "out of range"},
    {"[9007199254740993]", 1, 2, "integer '9007199254740993' is out of range (at most 2^53)"},
    {"[-9007199254740993]", 1, 2, "out of range"},
    {"[18446744073709551616]", 1, 2, "out of range"},
    {"[1111111111111111111111111111111111111111111111111111111111111111111111]", 1, 2, "63 characters"},
    {"[0.1111111111111111111111111111111111111111111111111111111111111111111111]", 1, 2, "63 characters"},
    {"[0.11111111111111111111111111111111111111111111111111111111111111]", 1, 2, "63 characters"},
    {"[NaN]", 1, 2, "JSON has no 'NaN'"},
    {"[Infinity]", 1, 2, "JSON has no 'Infinity'"},
    {"[-Infinity]", 1, 2, "JSON has no '-Infinity'"},
    {"[nul]", 1, 2, "found 'n', expected a value"},
    {"[true1]", 1, 2, "found 't', expected a value"},
    {"[nullx]", 1, 2, "found 'n', expected a value"},
    {"[True]", 1, 2, "found 'T'"},
    {"{\"a\":1,\"a\":2}", 1, 9, "duplicate key 'a'"},
    {"{\"a\":1,\"b\":2,\n\"\\u0061\":2}", 2, 2, "duplicate key '\\u0061'"},
    {"{\"\\u00e9\":1,\"\xC3\xA9\":2}", 1, 14, "duplicate key"},
    {"{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":2}", 1, 20, "duplicate key"},
    {"{\"\\n\":1,\"\\u000a\":2}", 1, 10, "duplicate key"},
    {"[{\"x\":{\"b\":1,\"c\":2,\"b\":3}}]", 1, 21, "duplicate key 'b'"},
    {"{\"b\":1,\"a\":1,\"a\":2,\"b\":3}", 1, 15, "duplicate key 'a'"},
    {"{\"a\\/b\":1,\"a/b\":2}", 1, 12, "duplicate key 'a/b'"},
    {"{\"a\\\"\":1,\"a\\u0022\":2}", 1, 11, "duplicate key"},
    {"{\"\":1,\"\":2}", 1, 8, "duplicate key ''"},
};

static void refused(const char *text, size_t n, uint32_t line, uint32_t column, const char *says)
{
    vf_error err = {0};
    CHECK(vf_json_gate(text, n, NULL, &heap, &err) == VF_ERR_DATA, "'%.60s' should be refused", text);
    CHECK(err.line == line && err.column == column, "'%.60s': at %u:%u, want %u:%u", text, err.line, err.column, line,
          column);
    CHECK(strstr(err.text, says), "'%.60s': '%s' should say '%s'", text, err.text, says);
    CHECK(vf_json_gate(text, n, NULL, &heap, NULL) == VF_ERR_DATA, "without an error to fill in");
}

static void test_tables(void)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        vf_error err = {0};
        CHECK(vf_json_gate(good[i], strlen(good[i]), NULL, &heap, &err) == VF_OK, "%s: %s", good[i], err.text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused(bad[i].text, strlen(bad[i].text), bad[i].line, bad[i].column, bad[i].says);
    refused("{}\0\0", 4, 1, 3, "NUL byte after");
    refused("{}\n\0garbage", 11, 2, 1, "NUL byte after");
    refused("[\"a\0b\"]", 7, 1, 4, "NUL byte in a string");
    refused("{\"a\0\":1}", 8, 1, 4, "NUL byte in a string");
    refused("[\0]", 3, 1, 2, "NUL byte");

    const char text[] = "{\"a\": [NaN, -Infinity], \"b\": Infinity}";
    uint32_t count = 7;
    CHECK(vf_json_gate(text, strlen(text), &count, &heap, NULL) == VF_OK && count == 3, "not finite: %u", count);
    CHECK(vf_json_gate("[Nan]", 5, &count, &heap, NULL) == VF_ERR_DATA, "Nan");
}

/* Truncated after every byte: never accepted, and never read beyond (the copy has no byte more). */
static void test_truncated(void)
{
    static const char text[] = "{\"a\":[1.5e3,true,null,\"\\ud83d\\ude00\xC3\xA9\"],\"b\":{\"c\":-12}}";
    for (size_t n = 0; n + 1 < sizeof text; n++) {
        char *copy = malloc(n + !n);
        memcpy(copy, text, n);
        CHECK(vf_json_gate(copy, n, NULL, &heap, NULL) == VF_ERR_DATA, "cut after %zu", n);
        free(copy);
    }
}

static void test_limits(void)
{
    static char text[VF_JSON_TEXT_LIMIT + 2];
    vf_error err = {0};
    for (size_t depth = VF_JSON_DEPTH_LIMIT; depth <= VF_JSON_DEPTH_LIMIT + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        bool ok = vf_json_gate(text, depth * 2, NULL, &heap, &err) == VF_OK;
        CHECK(ok == (depth <= VF_JSON_DEPTH_LIMIT), "depth %zu: %s", depth, err.text);
    }
    memset(text, '[', 200000);
    refused(text, 200000, 1, 65, "nested deeper than 64");

    memset(text, ' ', sizeof text);
    text[0] = '0';
    CHECK(vf_json_gate(text, VF_JSON_TEXT_LIMIT, NULL, &heap, &err) == VF_OK, "1 MiB: %s", err.text);
    CHECK(vf_json_gate(text, VF_JSON_TEXT_LIMIT + 1, NULL, &heap, &err) == VF_ERR_DATA, "1 MiB and a byte");
    CHECK(strstr(err.text, "1 MiB"), "%s", err.text);

    for (uint32_t members = VF_JSON_MEMBER_LIMIT; members <= VF_JSON_MEMBER_LIMIT + 1; members++) {
        size_t n = 0;
        text[n++] = '{';
        for (uint32_t i = 0; i < members; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s\"%x\":1", i ? "," : "", i * 2654435761u % 1048573u);
        text[n++] = '}';
        bool ok = vf_json_gate(text, n, NULL, &heap, &err) == VF_OK;
        CHECK(ok == (members <= VF_JSON_MEMBER_LIMIT), "%u members: %s", members, err.text);
    }
    CHECK(strstr(err.text, "65536"), "%s", err.text);
}

static size_t budget;

static void *limited_resize(void *ctx, void *p, size_t old_size, size_t new_size)
{
    (void)ctx;
    if (new_size > old_size && new_size - old_size > budget)
        return NULL;
    budget -= new_size - old_size;
    return heap_resize(NULL, p, old_size, new_size);
}

static void test_memory(void)
{
    const vf_allocator limited = {limited_resize, NULL};
    budget = 10;
    vf_error err = {0};
    CHECK(vf_json_gate("{\"a\":1}", 7, NULL, &limited, &err) == VF_ERR_NOMEM, "no memory for keys");
    CHECK_U64(budget, 10, "all given back");
}

/** What the gate says of numbers that go on, and of the earliest key that comes twice. */
static void test_numbers_and_keys(void)
{
    static const struct {
        const char *text;
        uint32_t column;
        const char *says;
    } rows[] = {
        {"[1+2]", 2, "not a number: '1+'"}, {"[1.5+]", 2, "not a number: '1.5+'"}, {"[\xFF]", 2, "found '\\xFF'"}, {"[1:]", 3, "expected ',' or ']'"},
        {"[1/2]", 3, "comments"}, {"[1,\xC3]", 4, "found '\\xC3'"},
        {"{\"a\":1,\"a\":2,\"b\":3,\"b\":4}", 8, "duplicate key 'a'"}, {"{\"b\":1,\"b\":2,\"a\":3,\"a\":4}", 8, "duplicate key 'b'"},
        {"{\"a\":1,\"b\":2,\"b\":3,\"a\":4}", 14, "duplicate key 'b'"}, {"{\"a\":1,\"a\":2,\"a\":3}", 8, "duplicate key 'a'"},
        {"[\"\\u\"]", 3, "four hex digits"}, {"[\"\\u123", 3, "four hex digits"}, {"[\"\\uD800\\u", 3, "surrogate"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_error err = {0};
        CHECK(vf_json_gate(rows[i].text, strlen(rows[i].text), NULL, &heap, &err) == VF_ERR_DATA, "%s", rows[i].text);
        CHECK(err.column == rows[i].column + (rows[i].text[0] == '{') && strstr(err.text, rows[i].says), "%s: %u: %s", rows[i].text, err.column, err.text);
    }
}

/** What lies behind the text that is given is not looked at. */
static void test_ends(void)
{
    static const char text[] = "[\"\\uD83D\\uDE00\",1234,true,{\"\xC3\xA9\":null}]";
    static const struct {
        size_t n;
        const char *says;
    } rows[] = {
        {3, "unknown escape"}, {4, "four hex digits"}, {5, "four hex digits"}, {7, "four hex digits"}, {8, "surrogate"}, {9, "surrogate"},
        {10, "surrogate"}, {13, "surrogate"}, {14, "within this string"}, {15, "expected ',' or ']'"}, {16, "expected a value"},
        {18, "expected ',' or ']'"}, {24, "found 't'"}, {28, "within this string"}, {29, "not UTF-8"}, {30, "within this string"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_error err = {0};
        CHECK(vf_json_gate(text, rows[i].n, NULL, &heap, &err) == VF_ERR_DATA && strstr(err.text, rows[i].says), "%zu bytes: %s", rows[i].n, err.text);
    }
    CHECK(vf_json_gate(text, sizeof text - 1, NULL, &heap, NULL) == VF_OK, "all of it");
}

int main(void)
{
    test_tables();
    test_truncated();
    test_limits();
    test_memory();
    test_numbers_and_keys();
    test_ends();
    return CHECK_END();
}
