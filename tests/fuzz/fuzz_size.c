/* Sizes as people write them, and foreign text in quotes: what fuzz_text does without the catalog, so
 * that it runs a hundred times as often. */
#include "fuzz_words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    PROMISE(text);
    memcpy(text, data, size);
    text[size] = 0;
    fuzz_check_quote(text, size);
    fuzz_check_size(text);
    free(text);
    return 0;
}
