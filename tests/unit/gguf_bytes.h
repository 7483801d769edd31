/* Bytes of GGUF files, written field by field. */
#ifndef VF_TESTS_GGUF_BYTES_H
#define VF_TESTS_GGUF_BYTES_H

#include "load/gguf/gguf.h"
#include "memory.h"

typedef struct bytes {
    unsigned char *p;
    size_t n, cap;
} bytes;

static inline void put(bytes *b, const void *from, size_t n)
{
    if (b->n + n > b->cap) {
        b->cap = (b->n + n) * 2;
        b->p = realloc(b->p, b->cap);
    }
    if (n > 0)
        memcpy(b->p + b->n, from, n);
    b->n += n;
}

static inline void put_int(bytes *b, uint64_t v, int size)
{
    for (int i = 0; i < size; i++) {
        unsigned char c = (unsigned char)(v >> (8 * i));
        put(b, &c, 1);
    }
}

static inline void put_string(bytes *b, const char *s)
{
    put_int(b, strlen(s), 8);
    put(b, s, strlen(s));
}

static inline void put_head(bytes *b, uint64_t tensors, uint64_t keys)
{
    put(b, "GGUF", 4);
    put_int(b, 3, 4);
    put_int(b, tensors, 8);
    put_int(b, keys, 8);
}

static inline void put_text_key(bytes *b, const char *key, const char *value)
{
    put_string(b, key);
    put_int(b, VF_GGUF_STR, 4);
    put_string(b, value);
}

static inline void put_u32_key(bytes *b, const char *key, uint32_t value)
{
    put_string(b, key);
    put_int(b, VF_GGUF_U32, 4);
    put_int(b, value, 4);
}

static inline void put_array_key(bytes *b, const char *key, uint32_t type, uint64_t n)
{
    put_string(b, key);
    put_int(b, VF_GGUF_ARR, 4);
    put_int(b, type, 4);
    put_int(b, n, 8);
}

static inline void put_tensor(bytes *b, const char *name, uint64_t ne0, uint64_t ne1, uint32_t type, uint64_t offset)
{
    put_string(b, name);
    put_int(b, 2, 4);
    put_int(b, ne0, 8);
    put_int(b, ne1, 8);
    put_int(b, type, 4);
    put_int(b, offset, 8);
}

#define SHAPE_KEYS 5
/** The keys without which a model is none. */
static inline void put_shape(bytes *b, const char *arch)
{
    char key[128];
    put_text_key(b, "general.architecture", arch);
    (void)snprintf(key, sizeof key, "%s.block_count", arch);
    put_u32_key(b, key, 2);
    (void)snprintf(key, sizeof key, "%s.embedding_length", arch);
    put_u32_key(b, key, 64);
    (void)snprintf(key, sizeof key, "%s.attention.head_count", arch);
    put_u32_key(b, key, 4);
    (void)snprintf(key, sizeof key, "%s.feed_forward_length", arch);
    put_u32_key(b, key, 128);
}

#endif
