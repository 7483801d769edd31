/* Names as people type them: words, and those that make no difference. */
#include "load/catalog/words.h"

#include "vramfit/load.h"

#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool vf_is_separator(char c)
{
    return strchr("-_. :/@", c) != NULL;
}

static bool word_equal(const char *text, size_t n, const char *word)
{
    size_t i = 0;
    while (i < n && word[i] && lower(text[i]) == word[i])
        i++;
    return i == n && word[i] == 0;
}

static bool one_of(const char *text, size_t n, const char *const *words)
{
    for (; *words; words++)
        if (word_equal(text, n, *words))
            return true;
    return false;
}

static size_t word_length(vf_piece p, size_t start)
{
    size_t n = start;
    while (n < p.n && !vf_is_separator(p.text[n]))
        n++;
    return n - start;
}

vf_piece vf_without_vendor(vf_piece p)
{
    for (size_t i = p.n; i > 0; i--)
        if (p.text[i - 1] == '/')
            return (vf_piece){p.text + i, p.n - i};
    return p;
}

/** Copies the words that are not among `words`; 0 when nothing, or everything, is left out, or the name
 * is too long to be looked up. */
static vf_piece without_words(vf_piece p, const char *const *words, char out[VF_NAME_SIZE])
{
    size_t used = 0;
    if (p.n > VF_NAME_LIMIT)
        return p;
    for (size_t at = 0; at < p.n;) {
        size_t n = word_length(p, at);
        size_t end = at + n < p.n ? at + n + 1 : at + n; /* with its separator */
        if (!one_of(p.text + at, n, words)) {
            memcpy(out + used, p.text + at, end - at);
            used += end - at;
        }
        at = end;
    }
    return used > 0 ? (vf_piece){out, used} : p;
}

vf_piece vf_stem_of(uint32_t kind, vf_piece p, char out[VF_NAME_SIZE])
{
    static const char *const packing[] = {"instruct", "chat", "it",   "base", "pt",
                                          "hf",       "gguf", "meta", "latest", NULL};
    static const char *const makers[] = {"nvidia", "geforce", "amd",   "radeon",   "intel", "apple",
                                         "tesla",  "quadro",  "instinct", "jetson", "gpu", "graphics", NULL};
    if (kind == VF_KIND_MODEL)
        return without_words(vf_without_vendor(p), packing, out);
    return kind == VF_KIND_GPU ? without_words(p, makers, out) : p;
}
