/* What a user types: sizes, names, classes; and how it is quoted. */
#include "fuzz_words.h"

static vf_catalog *catalog;

static void check_names(const char *text, size_t n)
{
    vf_error err = {0};
    uint32_t index, quant;
    uint64_t nominal;
    for (int kind = 0; kind < VF_KIND_COUNT; kind++)
        if (vf_catalog_find(catalog, (vf_kind)kind, text, &index, &err) == VF_OK)
            PROMISE(index < vf_catalog_count(catalog, (vf_kind)kind));
        else
            fuzz_check_error(&err);
    if (vf_catalog_find_file(catalog, text, &index, &quant, &err) == VF_OK)
        PROMISE(index < vf_catalog_count(catalog, VF_KIND_MODEL));
    if (vf_catalog_size_class(catalog, text, &index, &nominal, &err) == VF_OK)
        PROMISE(nominal > 0);
    size_t half = n / 2;
    char *first = malloc(half + 1);
    PROMISE(first);
    memcpy(first, text, half);
    first[half] = 0;
    PROMISE(vf_name_distance(first, text) == vf_name_distance(text, first));
    PROMISE(vf_name_distance(text, text) == (n > 256 ? UINT32_MAX : 0) || n > 64 /* '+' grows */);
    free(first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vf_error err;
    if (!catalog)
        PROMISE(vf_catalog_new(&fuzz_heap, &catalog, &err) == VF_OK);
    char *text = malloc(size + 1);
    PROMISE(text);
    memcpy(text, data, size);
    text[size] = 0;
    fuzz_check_quote(text, size);
    fuzz_check_size(text);
    check_names(text, strlen(text));
    free(text);
    return 0;
}
