/* The one bounded, forward reader that all readers of model files use. It remembers where it is, how
 * far it may go and what it is reading, so that every error names byte, key and reason. */
#ifndef VF_LOAD_SOURCE_H
#define VF_LOAD_SOURCE_H

#include "vramfit/load.h"

/** At most this much is read beyond what is asked for. */
#define VF_SRC_BUFFER 65536u

/** As much of a name as an error can show: 80 characters. */
#define VF_SRC_NAME 320

typedef struct vf_src {
    const vf_allocator *a;
    vf_source *source;
    vf_error *err;
    uint64_t pos;   /**< offset of the next byte given out */
    uint64_t limit; /**< `pos` never goes beyond it */
    const char *limit_text;
    const char *reading; /**< what is being read, for messages: "key", "tensor shape" */
    char name[VF_SRC_NAME]; /**< the key or tensor name that errors are about, as it is */
    size_t n_name;
    unsigned char *buffer;
    size_t at, end; /**< the part of `buffer` not given out yet */
} vf_src;

/** Starts to read `source` from its beginning; `limit` bytes at most, which `limit_text` says in words.
 * vf_src_close frees the buffer (and may be called after a failure). */
vf_status vf_src_open(vf_src *s, vf_source *source, uint64_t limit, const char *limit_text,
                      const vf_allocator *a, vf_error *err);
void vf_src_close(vf_src *s);

/** Names what follows. n 0: nothing in particular. */
void vf_src_name(vf_src *s, const char *name, size_t n);

/** Fails about byte `at`, with the current key. Formats must not use floating point. */
vf_status vf_src_fail(vf_src *s, vf_status status, uint64_t at, const char *format, ...) VF_PRINTF(4, 5);

/** Reads exactly n bytes; VF_ERR_DATA at the end of the file or beyond the limit. */
vf_status vf_src_read(vf_src *s, void *out, size_t n);
/** Goes n bytes on, without reading them where the source can skip. */
vf_status vf_src_skip(vf_src *s, uint64_t n);
/** Looks whether there is another byte: sets *more. */
vf_status vf_src_more(vf_src *s, bool *more);
/** Little-endian integers. */
vf_status vf_src_u32(vf_src *s, uint32_t *out);
vf_status vf_src_u64(vf_src *s, uint64_t *out);

/** A little-endian unsigned integer of n <= 8 bytes. */
static inline uint64_t vf_le(const unsigned char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = n; i > 0; i--)
        v = v << 8 | p[i - 1];
    return v;
}

/** Copies foreign text into a field of an error or a model, quoted like vf_quote but without the
 * quotation marks. */
void vf_foreign(char *field, size_t size, const char *text, size_t n);

#endif
