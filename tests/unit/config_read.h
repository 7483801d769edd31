/* config.json, read with the catalog's architectures, and one file of tensors beside it. */
#ifndef VF_TESTS_CONFIG_READ_H
#define VF_TESTS_CONFIG_READ_H

#include "memory.h"
#include "model/model.h"

static vf_catalog *catalog;

typedef struct outcome {
    vf_status status;
    vf_error err;
    uint64_t calls;
} outcome;

static inline outcome read_config(const char *text, memory_allocator *counts, vf_model **out)
{
    outcome o;
    memset(&o, 0, sizeof o);
    vf_allocator a = {memory_resize, counts};
    o.status = vf_config_read(catalog, "config.json", text, strlen(text), NULL, 0, &a, out, &o.err);
    CHECK((o.status == VF_OK) == (*out != NULL), "model and status differ");
    CHECK_U64(counts->wrong_sizes, 0, "blocks given back with a wrong size");
    if (o.status != VF_OK)
        check_error(&o.err, o.status, text);
    o.calls = counts->calls;
    return o;
}

#endif
