/* safetensors headers, and the shard index: the same bytes as each. */
#include "fuzz_source.h"

typedef struct one_file {
    fuzz_file file;
    bool knows_size;
} one_file;

static vf_status open_file(void *ctx, uint32_t i, uint32_t n, vf_source *part, vf_error *err)
{
    one_file *f = ctx;
    (void)i;
    (void)n;
    (void)err;
    *part = fuzz_source(&f->file, f->knows_size);
    return VF_OK;
}

static bool plain_name(void *ctx, const char *name)
{
    (void)ctx;
    PROMISE(name[0] && name[0] != '.' && !strpbrk(name, "/\\\n"));
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    one_file f = {{data, size, 0}, false};
    const vf_parts parts = {open_file, NULL, &f};
    vf_error err = {0};
    for (int knows_size = 0; knows_size < 2; knows_size++) {
        vf_model *m = NULL;
        f.knows_size = knows_size;
        vf_status s = vf_safetensors_read(&parts, 1, &fuzz_heap, &m, &err);
        fuzz_finish(s, m, &err);
    }
    vf_source source = fuzz_source(&f.file, true);
    if (vf_safetensors_index_read(&source, plain_name, NULL, &fuzz_heap, &err) != VF_OK)
        fuzz_check_error(&err);
    PROMISE(fuzz_held == 0);
    return 0;
}
