/* A fuzz target is the function below, which any fuzzer's driver can call; fuzz_replay.c calls it with
 * files, so that whatever was found once stays a test under any compiler. A broken promise aborts. */
#ifndef VF_TESTS_FUZZ_H
#define VF_TESTS_FUZZ_H

#include <stdio.h>

#include "fuzz_heap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMISE(cond) \
    do { \
        if (!(cond)) { \
            fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #cond); \
            abort(); \
        } \
    } while (0)

/** Whether n bytes are UTF-8 by the standard's table of well-formed sequences. */
static inline bool fuzz_is_utf8(const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text, *end = n ? s + n : s;
    while (s < end) {
        unsigned more = *s < 0x80 ? 0 : *s >= 0xC2 && *s < 0xE0 ? 1 : *s >= 0xE0 && *s < 0xF0 ? 2 : *s >= 0xF0 && *s < 0xF5 ? 3 : 4;
        if (more == 4 || (size_t)(end - s) <= more)
            return false;
        unsigned low = *s == 0xE0 ? 0xA0 : *s == 0xF0 ? 0x90 : 0x80, high = *s == 0xED ? 0x9F : *s == 0xF4 ? 0x8F : 0xBF;
        for (s++; more > 0; more--, s++, low = 0x80, high = 0xBF)
            if (*s < low || *s > high)
                return false;
    }
    return true;
}

/** An error is one line of UTF-8 without control characters. */
static inline void fuzz_check_error(const vf_error *err)
{
    const char *const texts[] = {err->file, err->key, err->text};
    PROMISE(err->status != VF_OK);
    for (size_t i = 0; i < 3; i++) {
        PROMISE(fuzz_is_utf8(texts[i], strlen(texts[i])));
        for (const char *p = texts[i]; *p; p++)
            PROMISE((unsigned char)*p >= 0x20 && *p != 0x7F);
    }
}

#endif
