/* What a user types: sizes, names, classes; and how it is quoted. */
#include "fuzz.h"

static vf_catalog *catalog;

static void check_size(const char *text)
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
    char *text = malloc(size + 1), quoted[328];
    PROMISE(text);
    memcpy(text, data, size);
    text[size] = 0;
    vf_quote(quoted, sizeof quoted, text, size);
    for (const char *p = quoted; *p; p++)
        PROMISE((unsigned char)*p >= 0x20 && *p != 0x7F);
    PROMISE(quoted[0] == '\'' && strlen(quoted) < sizeof quoted);
    check_size(text);
    check_names(text, strlen(text));
    free(text);
    return 0;
}
