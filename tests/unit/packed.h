/* Models of the catalog and cards, for tests of vf_pack. */
#ifndef VF_TESTS_PACKED_H
#define VF_TESTS_PACKED_H

#include "memory.h"
#include "vramfit/load.h"
#include "vramfit/search.h"

#define MOST 6

static vf_catalog *catalog;
static memory_allocator counted;
static vf_allocator heap;
static vf_error err;
static vf_model *model[MOST];
static vf_request request[MOST];
static vf_resident resident[MOST];
static vf_result result[MOST];
static vf_device_result card[VF_MAX_DEVICES];

static inline void open_model(uint32_t i, const char *name, const char *runtime, const char *quant)
{
    uint32_t index;
    vf_quant_entry e = {0};
    vf_model_free(model[i]);
    model[i] = NULL;
    CHECK(vf_catalog_find(catalog, VF_KIND_MODEL, name, &index, &err) == VF_OK &&
              vf_catalog_model_open(catalog, index, &heap, &model[i], &err) == VF_OK, "%s: %s", name, err.text);
    CHECK(vf_catalog_find(catalog, VF_KIND_QUANT, quant, &index, &err) == VF_OK && vf_catalog_quant(catalog, index, &e) == VF_OK, "%s", quant);
    request[i] = (vf_request){.model = model[i], .quant = e.quant, .runtime = runtime};
    vf_settings_init(&request[i].settings);
    resident[i] = (vf_resident){.request = &request[i], .result = &result[i]};
}

static inline void close_models(void)
{
    for (uint32_t i = 0; i < MOST; i++) {
        vf_model_free(model[i]);
        model[i] = NULL;
    }
}

/* GiB of every card; the first has a desktop. */
static inline void set_cards(uint32_t n_models, uint32_t n, const uint32_t *gib)
{
    for (uint32_t m = 0; m < n_models; m++) {
        request[m].n_devices = n;
        memset(request[m].device, 0, sizeof request[m].device);
        for (uint32_t c = 0; c < n; c++)
            request[m].device[c].total = (uint64_t)gib[c] << 30;
        if (n == 0)
            continue;
        request[m].device[0].desktop = 500000000;
        request[m].device[0].desktop_spread = 300000000;
    }
}

#endif
