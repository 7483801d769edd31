/* Patterns of --override-tensor: a pattern, NUL, a text. What is compiled finds what a plain search finds
 * when it has no operators, and means the same in a group, beside itself and beside what cannot match. */
#include "fuzz.h"

#include "base/regex.h"

enum { PATTERN = 200, TEXT = 200 };

static bool compile(const char *pattern, size_t n, vf_regex *re)
{
    vf_error err = {0};
    vf_status status = vf_regex_compile(pattern, n, re, &err);
    if (status != VF_OK) {
        PROMISE(status == VF_ERR_USAGE && err.text[0] && !strstr(err.text, "(null)"));
        fuzz_check_error(&err);
    }
    return status == VF_OK;
}

/** What became of the pattern in other words must find the same; it may have become too long. */
static void same(const char *before, const char *pattern, size_t n, const char *after, const char *text, bool found)
{
    static vf_regex re;
    char other[2 * PATTERN + 16];
    size_t at = strlen(before);
    memcpy(other, before, at);
    memcpy(other + at, pattern, n);
    strcpy(other + at + n, after);
    vf_error err = {0};
    if (vf_regex_compile(other, at + n + strlen(after), &re, &err) == VF_OK)
        PROMISE(vf_regex_search(&re, text) == found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static vf_regex re;
    char pattern[PATTERN + 1], text[TEXT + 1];
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    size_t n = nul ? (size_t)(nul - data) : size, rest = nul ? size - n - 1 : 0;
    if (n > PATTERN)
        return 0;
    rest = rest < TEXT ? rest : TEXT;
    if (n)
        memcpy(pattern, data, n);
    pattern[n] = 0;
    if (rest)
        memcpy(text, data + size - rest, rest);
    text[rest] = 0;
    if (size < PATTERN) { /* NUL within: the length counts */
        char *exact = malloc(size + !size);
        PROMISE(exact);
        if (size)
            memcpy(exact, data, size);
        (void)compile(exact, size, &re);
        free(exact);
    }
    if (!compile(pattern, n, &re))
        return 0;
    bool found = vf_regex_search(&re, text);
    if (!strpbrk(pattern, ".[]\\()*+?{}|^$"))
        PROMISE(found == (strstr(text, pattern) != NULL));
    same("(", pattern, n, ")", text, found);
    same("(?:", pattern, n, "){1}", text, found);
    same("", pattern, n, "|\x01\x01^$", text, found);
    return 0;
}
