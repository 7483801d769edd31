/* config.json, with the built-in architectures. */
#include "fuzz_model.h"
#include "fuzz_source.h"
#include "load/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const vf_arch_lookup archs = vf_catalog_archs(fuzz_catalog());
    vf_error err = {0};
    vf_model *m = NULL;
    size_t held = fuzz_held;
    fuzz_held = 0;
    vf_status s = vf_config_read_with(&archs, "config.json", (const char *)data, size, NULL, 0, &fuzz_heap, &m, &err);
    fuzz_finish(s, m, &err);
    fuzz_held = held;
    return 0;
}
