/* The fuzzer's bytes as a file, and what must hold of a model whatever it was read from. */
#ifndef VF_TESTS_FUZZ_SOURCE_H
#define VF_TESTS_FUZZ_SOURCE_H

#include "base/checked.h"
#include "fuzz.h"
#include "model/model.h"

typedef struct fuzz_file {
    const uint8_t *bytes;
    size_t n, pos;
} fuzz_file;

static inline int64_t fuzz_read(void *ctx, void *out, size_t n)
{
    fuzz_file *f = ctx;
    if (n > f->n - f->pos)
        n = f->n - f->pos;
    if (n > 0)
        memcpy(out, f->bytes + f->pos, n);
    f->pos += n;
    return (int64_t)n;
}

static inline vf_source fuzz_source(fuzz_file *f, bool knows_size)
{
    f->pos = 0;
    return (vf_source){"file", fuzz_read, NULL, f, knows_size ? f->n : UINT64_MAX};
}

/** Checks what came of a reading, frees the model. */
static inline void fuzz_finish(vf_status status, vf_model *m, const vf_error *err)
{
    PROMISE((status == VF_OK) == (m != NULL));
    if (m) {
        uint64_t sum = 0;
        char name[256];
        vf_model_facts facts;
        for (size_t i = 0; i < m->n_tensors; i++) {
            uint64_t bytes = vf_tensor_bytes(&m->tensors[i], m->tensors[i].type);
            PROMISE(bytes <= UINT64_C(1) << 60);
            sum = vf_add(sum, bytes);
            vf_tensor_name(m, &m->tensors[i], name, sizeof name);
        }
        vf_model_describe(m, &facts);
        PROMISE(!m->from_file || facts.model_bytes == sum);
        PROMISE(m->hp.block_count <= 2048);
        vf_model_free(m);
    } else {
        PROMISE(status == err->status && err->text[0]);
        fuzz_check_error(err);
    }
    PROMISE(fuzz_held == 0);
}

#endif
