/* For tests of readers: files in memory, read in chunks of any size, and an allocator that counts,
 * checks the sizes it is told, and fails when asked to. */
#ifndef VF_TESTS_MEMORY_H
#define VF_TESTS_MEMORY_H

#include "check.h"
#include "vramfit/load.h"

/** n bytes, then zeros up to `size`. */
typedef struct memory_file {
    const unsigned char *bytes;
    uint64_t n, size, pos;
    size_t chunk;       /**< most bytes given at once; 0: any */
    uint64_t bytes_read; /**< by reading, not by skipping */
    uint64_t fail_at;   /**< reading from here on is an error; 0: never */
} memory_file;

static inline int64_t memory_read(void *ctx, void *out, size_t n)
{
    memory_file *f = ctx;
    if (f->fail_at && f->pos >= f->fail_at)
        return -1;
    if (f->chunk && n > f->chunk)
        n = f->chunk;
    if (n > f->size - f->pos)
        n = (size_t)(f->size - f->pos);
    size_t real = f->pos >= f->n ? 0 : f->n - f->pos < n ? (size_t)(f->n - f->pos) : n;
    if (real > 0)
        memcpy(out, f->bytes + f->pos, real);
    memset((char *)out + real, 0, n - real);
    f->pos += n;
    f->bytes_read += n;
    return (int64_t)n;
}

static inline bool memory_skip(void *ctx, uint64_t n)
{
    memory_file *f = ctx;
    if (n > f->size - f->pos)
        return false;
    f->pos += n;
    return true;
}

static inline vf_source memory_source(memory_file *f, bool can_skip, bool knows_size)
{
    f->pos = f->bytes_read = 0;
    return (vf_source){"test", memory_read, can_skip ? memory_skip : NULL, f, knows_size ? f->size : UINT64_MAX};
}

/** Blocks carry their size in front. */
typedef union memory_block {
    size_t size;
    max_align_t align;
} memory_block;

typedef struct memory_allocator {
    uint64_t calls, fail_at; /**< the call that fails, from 1; 0: none */
    bool sticky;             /**< and all after it */
    size_t in_use, peak;
    uint32_t wrong_sizes;
} memory_allocator;

static inline void *memory_resize(void *ctx, void *p, size_t old_size, size_t new_size)
{
    memory_allocator *a = ctx;
    memory_block *block = p ? (memory_block *)p - 1 : NULL;
    size_t had = block ? block->size : 0;
    if (had != old_size)
        a->wrong_sizes++;
    if (new_size == 0) {
        a->in_use -= had;
        free(block);
        return NULL;
    }
    a->calls++;
    if (a->fail_at && (a->calls == a->fail_at || (a->sticky && a->calls > a->fail_at)))
        return NULL;
    block = realloc(block, sizeof *block + new_size);
    if (!block)
        return NULL;
    block->size = new_size;
    a->in_use += new_size - had;
    if (a->in_use > a->peak)
        a->peak = a->in_use;
    return block + 1;
}

/** An error must be fit to be shown: one line of text, and a place or a key. */
static inline void check_error(const vf_error *err, vf_status status, const char *name)
{
    CHECK(err->status == status, "%s: status %d in the error, %d returned", name, (int)err->status, (int)status);
    CHECK(err->text[0] != 0, "%s: no text", name);
    for (const char *s = err->text; *s; s++)
        CHECK((unsigned char)*s >= 0x20 && *s != 0x7F, "%s: control byte in '%s'", name, err->text);
    for (const char *s = err->key; *s; s++)
        CHECK((unsigned char)*s >= 0x20 && *s != 0x7F, "%s: control byte in key '%s'", name, err->key);
}

#endif
