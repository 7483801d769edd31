/* config.json, with the built-in architectures. */
#include "fuzz_source.h"
#include "load/catalog.h"
#include "load/config.h"

static bool find_arch(const void *ctx, const char *name, vf_arch *out)
{
    vf_catalog *catalog = NULL;
    vf_error err = {0};
    (void)ctx;
    PROMISE(vf_catalog_new(&fuzz_heap, &catalog, &err) == VF_OK);
    bool found = vf_catalog_arch(catalog, name, out);
    vf_catalog_free(catalog);
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const vf_arch_lookup archs = {find_arch, NULL};
    vf_error err = {0};
    vf_model *m = NULL;
    vf_status s = vf_config_read_with(&archs, "config.json", (const char *)data, size, NULL, 0, &fuzz_heap, &m, &err);
    fuzz_finish(s, m, &err);
    return 0;
}
