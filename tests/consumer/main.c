/* Asks the library one question; exit status 0 when the answers make sense. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vramfit/load.h>
#include <vramfit/probe.h>

const char *version_from_cxx(void);

static void *resize(void *ctx, void *p, size_t old_size, size_t new_size)
{
    (void)ctx;
    (void)old_size;
    if (new_size == 0) {
        free(p);
        return NULL;
    }
    return realloc(p, new_size);
}

/* A machine without any: an empty folder in place of the system, and no library. */
static int finds_nothing(void)
{
    static vf_machine machine;
    const vf_probe_options nowhere = {"/nonexistent", "", NULL};
    vf_error err = {0};
    return vf_machine_probe(&nowhere, &machine, &err) == VF_ERR_NOT_FOUND && machine.n_cards == 0 && err.text[0];
}

int main(void)
{
    const vf_allocator heap = {resize, NULL};
    vf_error err = {0};
    vf_catalog *catalog = NULL;
    vf_model *model = NULL;
    vf_model_facts facts = {0};
    uint32_t i = 0;

    if (strcmp(vf_version(), version_from_cxx()) != 0 || !finds_nothing()) {
        return EXIT_FAILURE;
    }
    if (vf_catalog_new(&heap, &catalog, &err) != VF_OK ||
        vf_catalog_find(catalog, VF_KIND_MODEL, "llama-2-13b", &i, &err) != VF_OK ||
        vf_catalog_model_open(catalog, i, &heap, &model, &err) != VF_OK) {
        fprintf(stderr, "%s: %s\n", err.key, err.text);
        vf_catalog_free(catalog);
        return EXIT_FAILURE;
    }
    vf_model_describe(model, &facts);
    printf("vramfit %s: %s has %llu parameters\n", vf_version(), facts.name, (unsigned long long)facts.parameters);
    vf_model_free(model);
    vf_catalog_free(catalog);
    return facts.parameters == 13015864320U ? EXIT_SUCCESS : EXIT_FAILURE;
}
