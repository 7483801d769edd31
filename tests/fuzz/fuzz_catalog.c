/* Catalog files: whatever is added, the catalog holds together. */
#include "fuzz.h"

static bool count(void *ctx, const vf_finding *finding)
{
    fuzz_check_error(&finding->error);
    PROMISE(finding->id && finding->id[0]);
    *(uint32_t *)ctx += finding->is_error;
    return true;
}

/** All entries of what was added can be read, found, and opened or refused. */
static void use(const vf_catalog *c, const uint32_t before[VF_KIND_COUNT])
{
    for (uint32_t i = before[VF_KIND_MODEL]; i < vf_catalog_count(c, VF_KIND_MODEL); i++) {
        vf_model_entry e;
        vf_model *m = NULL;
        vf_error err = {0};
        uint32_t index;
        PROMISE(vf_catalog_model(c, i, &e) == VF_OK);
        (void)vf_catalog_find(c, VF_KIND_MODEL, e.id, &index, &err);
        if (vf_catalog_model_open(c, i, &fuzz_heap, &m, &err) == VF_OK)
            vf_model_free(m);
        else
            fuzz_check_error(&err);
    }
    for (uint32_t i = before[VF_KIND_GPU]; i < vf_catalog_count(c, VF_KIND_GPU); i++) {
        vf_gpu_entry e;
        PROMISE(vf_catalog_gpu(c, i, &e) == VF_OK && e.memory_bytes > 0);
    }
    for (uint32_t i = before[VF_KIND_QUANT]; i < vf_catalog_count(c, VF_KIND_QUANT); i++) {
        vf_quant_entry e;
        PROMISE(vf_catalog_quant(c, i, &e) == VF_OK && e.millibits >= 250 && e.millibits <= 64000);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vf_catalog *c = NULL;
    vf_error err = {0};
    uint32_t errors = 0, before[VF_KIND_COUNT];
    PROMISE(vf_catalog_new(&fuzz_heap, &c, &err) == VF_OK);
    for (int k = 0; k < VF_KIND_COUNT; k++)
        before[k] = vf_catalog_count(c, (vf_kind)k);
    vf_status s = vf_catalog_add(c, "f.json", (const char *)data, size, count, &errors, &err);
    PROMISE((s == VF_OK) == (errors == 0));
    use(c, before);
    vf_catalog_free(c);
    PROMISE(fuzz_held == 0);
    return 0;
}
