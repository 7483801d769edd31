/* What holds for a size that is typed, and for a text that is quoted. */
#ifndef VF_TESTS_FUZZ_WORDS_H
#define VF_TESTS_FUZZ_WORDS_H

#include "fuzz.h"

static inline void fuzz_check_size(const char *text)
{
    uint64_t bytes = 0, again = 0;
    char shown[32];
    vf_error err = {0};
    for (int card = 0; card < 2; card++) {
        if (vf_parse_size(text, card, &bytes, &err) != VF_OK) {
            fuzz_check_error(&err);
            continue;
        }
        PROMISE(bytes > 0 && bytes <= UINT64_C(1) << 60);
        snprintf(shown, sizeof shown, "%lluB", (unsigned long long)bytes);
        PROMISE(vf_parse_size(shown, card, &again, &err) == VF_OK && again == bytes);
    }
}

static inline void fuzz_check_quote(const char *text, size_t n)
{
    char quoted[328];
    vf_quote(quoted, sizeof quoted, text, n);
    for (const char *p = quoted; *p; p++)
        PROMISE((unsigned char)*p >= 0x20 && *p != 0x7F);
    PROMISE(quoted[0] == '\'' && strlen(quoted) < sizeof quoted);
}

#endif
