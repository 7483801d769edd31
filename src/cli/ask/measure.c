#include "cli/ask/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A model belongs to a class when its parameters are off by an eighth at most: 7B takes 6.7 and 7.6
 * billion, but not 8 and not 6. */
#define CLASS_PART 8

uint64_t cache_per_token(session *s, const vf_model *model)
{
    vf_request *q = memory_got(calloc(1, sizeof *q));
    vf_result *r = memory_got(calloc(1, sizeof *r));
    vf_error err = {0};
    uint64_t bytes = 0;
    if (q && r) {
        /* the generic profile counts (K + V) × 2 bytes for each token */
        vf_settings_init(&q->settings);
        q->settings.context = 1;
        q->settings.backend = VF_BACKEND_CPU;
        q->model = model;
        q->runtime = "generic";
        q->quant = (vf_quant){.kind = VF_QUANT_NOMINAL, .millibits = 16000};
        (void)snprintf(q->quant.name, sizeof q->quant.name, "f16");
        if (vf_estimate(q, &s->alloc, r, &err) == VF_OK)
            bytes = r->host.kv_cache;
    }
    free(q);
    free(r);
    return bytes;
}

class_range measure_class(session *s, uint64_t nominal)
{
    class_range range = {0};
    for (uint32_t i = 0, n = vf_catalog_count(s->catalog, VF_KIND_MODEL); i < n; i++) {
        vf_model_entry e;
        vf_model *model = NULL;
        vf_error err = {0};
        (void)vf_catalog_model(s->catalog, i, &e);
        uint64_t off = e.parameters > nominal ? e.parameters - nominal : nominal - e.parameters;
        if (off > nominal / CLASS_PART || vf_catalog_model_open(s->catalog, i, &s->alloc, &model, &err) != VF_OK)
            continue;
        uint64_t bytes = cache_per_token(s, model);
        vf_model_free(model);
        if (bytes == 0)
            continue;
        range.least = range.n == 0 || bytes < range.least ? bytes : range.least;
        range.most = bytes > range.most ? bytes : range.most;
        range.n++;
    }
    return range;
}
