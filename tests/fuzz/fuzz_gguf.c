/* GGUF headers, as a pipe (so that a header alone is a file) and as a file of that size. */
#include "fuzz_source.h"
#include "load/gguf.h"

static bool no_arch(const void *ctx, const char *name, vf_arch *out)
{
    (void)ctx;
    (void)name;
    (void)out;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const vf_arch_lookup archs = {no_arch, NULL};
    fuzz_file file = {data, size, 0};
    for (int knows_size = 0; knows_size < 2; knows_size++) {
        vf_source source = fuzz_source(&file, knows_size);
        vf_error err = {0};
        vf_model *m = NULL;
        vf_status s = vf_gguf_read_with(&archs, &source, NULL, &fuzz_heap, &m, &err);
        fuzz_finish(s, m, &err);
    }
    return 0;
}
