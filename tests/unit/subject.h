/* Models of the catalog whose records a test changes, in Q4_K_M. */
#ifndef VF_TESTS_SUBJECT_H
#define VF_TESTS_SUBJECT_H

#include "check.h"
#include "estimate/placement.h"
#include "vramfit/load.h"

CHECK_ALLOCATOR(heap);

static vf_catalog *catalog;

/* A model under way: its record is the test's to change. */
typedef struct subject {
    vf_model *m;
    uint16_t *types;
    vf_settings s;
    uint32_t n_cards;
} subject;

static inline subject open_subject(const char *name)
{
    subject x = {.n_cards = 1};
    uint32_t index;
    vf_quant_entry quant;
    vf_error err = {0};
    vf_status st = vf_catalog_find(catalog, VF_KIND_MODEL, name, &index, &err);

    if (!st)
        st = vf_catalog_model_open(catalog, index, &heap, &x.m, &err);
    if (!st)
        st = vf_catalog_find(catalog, VF_KIND_QUANT, "Q4_K_M", &index, &err);
    if (!st)
        st = vf_catalog_quant(catalog, index, &quant);
    x.types = malloc((x.m ? x.m->n_tensors : 1) * sizeof *x.types);
    if (!st)
        st = vf_mix_types(x.m, &quant.quant, &heap, x.types, &err);
    if (st) {
        printf("%s: %s\n", name, err.text);
        exit(EXIT_FAILURE);
    }
    vf_settings_init(&x.s);
    x.s.context = 4096;
    x.s.outputs = VF_OUTPUTS_ALL;
    x.s.backend = VF_BACKEND_CUDA;
    return x;
}

static inline void close_subject(subject *x)
{
    free(x->types);
    vf_model_free(x->m);
}

static inline void open_catalog(void)
{
    vf_error err = {0};

    CHECK(vf_catalog_new(&heap, &catalog, &err) == VF_OK, "%s", err.text);
}

#endif
