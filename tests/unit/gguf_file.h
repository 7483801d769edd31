/* A small GGUF model, and what reading it comes to. */
#ifndef VF_TESTS_GGUF_FILE_H
#define VF_TESTS_GGUF_FILE_H

#include "gguf_bytes.h"
#include "model/model.h"

/* ---- a small model ------------------------------------------------------------------------------ */

#define TENSORS 3
static inline void put_tensors(bytes *b)
{
    put_tensor(b, "token_embd.weight", 64, 16, VF_TYPE_F32, 0);
    put_tensor(b, "blk.0.attn_q.weight", 64, 64, VF_TYPE_Q8_0, 4096);
    put_tensor(b, "blk.1.weird", 32, 1, VF_TYPE_F16, 4096 + 4352);
}
#define TENSOR_BYTES (4096 + 4352 + 64)

/** A file with more keys between the shape and the tensors. */
static inline bytes model_with(uint64_t n_extra, const bytes *extra)
{
    bytes b = {0};
    put_head(&b, TENSORS, SHAPE_KEYS + n_extra);
    put_shape(&b, "llama");
    if (extra)
        put(&b, extra->p, extra->n);
    put_tensors(&b);
    return b;
}

/* ---- reading them ------------------------------------------------------------------------------ */

static inline bool no_arch(const void *ctx, const char *name, vf_arch *out)
{
    (void)ctx;
    (void)name;
    (void)out;
    return false;
}
static const vf_arch_lookup lookup = {no_arch, NULL};

typedef struct outcome {
    vf_status status;
    vf_error err;
    uint64_t bytes_read, pos;
    size_t peak;
    /* of the model */
    uint64_t n_tensors, tensor_bytes;
    uint32_t vocab, layers, head_count_kv_1, file_type;
    char arch[64], name[256];
} outcome;

static inline uint64_t sum_bytes(const vf_model *m)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < m->n_tensors; i++)
        sum += vf_tensor_bytes(&m->tensors[i], m->tensors[i].type);
    return sum;
}

static inline outcome read_file(memory_file *f, bool can_skip, bool knows_size, const vf_parts *parts, memory_allocator *counts)
{
    outcome o;
    memset(&o, 0, sizeof o);
    memory_allocator own = {0};
    counts = counts ? counts : &own;
    vf_allocator a = {memory_resize, counts};
    vf_source source = memory_source(f, can_skip, knows_size);
    vf_model *m = NULL;
    o.status = vf_gguf_read_with(&lookup, &source, parts, &a, &m, &o.err);
    o.bytes_read = f->bytes_read;
    o.pos = f->pos;
    CHECK((o.status == VF_OK) == (m != NULL), "model and status differ");
    if (m) {
        o.n_tensors = m->n_tensors;
        o.tensor_bytes = sum_bytes(m);
        o.vocab = m->hp.vocab_size;
        o.layers = m->n_layers;
        o.head_count_kv_1 = vf_at(&m->hp.head_count_kv, m->pool, 1);
        o.file_type = m->file_type;
        memcpy(o.arch, m->arch_name, sizeof o.arch);
        memcpy(o.name, m->name, sizeof o.name);
    } else {
        check_error(&o.err, o.status, "read");
    }
    vf_model_free(m);
    CHECK_U64(counts->in_use, 0, "bytes not given back");
    CHECK_U64(counts->wrong_sizes, 0, "blocks given back with a wrong size");
    o.peak = counts->peak;
    return o;
}

/** Reads bytes as a file that has `data` more bytes (zeros) behind them. */
static inline outcome read_bytes(const bytes *b, uint64_t data)
{
    memory_file f = {.bytes = b->p, .n = b->n, .size = b->n + data};
    return read_file(&f, true, true, NULL, NULL);
}

static inline uint64_t padded(uint64_t n)
{
    return (n + 31) / 32 * 32;
}

static inline void expect_error(bytes b, uint64_t data, const char *word)
{
    outcome o = read_bytes(&b, data);
    CHECK(o.status == VF_ERR_DATA, "%s: status %d", word, (int)o.status);
    CHECK(strstr(o.err.text, word) || strstr(o.err.key, word), "'%s' is not in '%s: %s'", word, o.err.key, o.err.text);
    free(b.p);
}

static inline void expect_ok(bytes b, uint64_t data, const char *name)
{
    outcome o = read_bytes(&b, data);
    CHECK(o.status == VF_OK, "%s: %s: %s", name, o.err.key, o.err.text);
    free(b.p);
}

#endif
