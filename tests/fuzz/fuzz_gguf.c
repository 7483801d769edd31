/* GGUF headers, as a pipe (so that a header alone is a file) and as a file of that size. */
#include "fuzz_model.h"
#include "fuzz_source.h"
#include "load/gguf/gguf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const vf_arch_lookup archs = vf_catalog_archs(fuzz_catalog());
    fuzz_file file = {data, size, 0};
    size_t held = fuzz_held;
    fuzz_held = 0;
    for (int knows_size = 0; knows_size < 2; knows_size++) {
        vf_source source = fuzz_source(&file, knows_size);
        vf_error err = {0};
        vf_model *m = NULL;
        vf_status s = vf_gguf_read_with(&archs, &source, NULL, &fuzz_heap, &m, &err);
        fuzz_finish(s, m, &err);
    }
    fuzz_held = held;
    return 0;
}
