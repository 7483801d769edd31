/* The memory that targets hand to the library: counted, with a limit. */
#ifndef VF_TESTS_FUZZ_HEAP_H
#define VF_TESTS_FUZZ_HEAP_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vramfit/load.h"

#if defined(__SANITIZE_ADDRESS__)
#define FUZZ_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FUZZ_POISONS 1
#endif
#endif
#ifdef FUZZ_POISONS
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#endif

/** Bytes held; what is asked for beyond 32 MiB fails. */
static size_t fuzz_held;

/* Large blocks go round: the address sanitizer maps and unmaps each one that it allocates itself, which takes longer
 * than most runs. What lies behind a block's size, and a block that waits, is poisoned. */
enum { FUZZ_LARGE = 1 << 15, FUZZ_WAITING = 16 };
static struct fuzz_block {
    void *at;
    size_t room;
} fuzz_waiting[FUZZ_WAITING];

static inline size_t fuzz_room(size_t size)
{
    size_t room = FUZZ_LARGE;
    while (room < size)
        room *= 2;
    return room;
}

static inline void *fuzz_large(size_t size)
{
    const size_t room = fuzz_room(size);
    void *p = NULL;
    for (int i = 0; i < FUZZ_WAITING && !p; i++)
        if (fuzz_waiting[i].at && fuzz_waiting[i].room == room) {
            p = fuzz_waiting[i].at;
            fuzz_waiting[i].at = NULL;
        }
    if (!p)
        p = malloc(room);
    if (p) {
        ASAN_UNPOISON_MEMORY_REGION(p, size);
        ASAN_POISON_MEMORY_REGION((char *)p + size, room - size);
    }
    return p;
}

static inline void fuzz_large_free(void *p, size_t size)
{
    const size_t room = fuzz_room(size);
    for (int i = 0; i < FUZZ_WAITING; i++)
        if (!fuzz_waiting[i].at) {
            fuzz_waiting[i] = (struct fuzz_block){p, room};
            ASAN_POISON_MEMORY_REGION(p, room);
            return;
        }
    ASAN_UNPOISON_MEMORY_REGION(p, room);
    free(p);
}

static inline void *fuzz_resize(void *ctx, void *p, size_t old_size, size_t new_size)
{
    (void)ctx;
    if (new_size > old_size && new_size - old_size > (32u << 20) - fuzz_held)
        return NULL;
    if (old_size < FUZZ_LARGE && new_size < FUZZ_LARGE && new_size > 0) {
        fuzz_held = fuzz_held - old_size + new_size;
        return realloc(p, new_size);
    }
    void *moved = new_size == 0 ? NULL : new_size < FUZZ_LARGE ? malloc(new_size) : fuzz_large(new_size);
    if (new_size > 0 && !moved)
        return NULL;
    if (old_size > 0 && new_size > 0)
        memcpy(moved, p, old_size < new_size ? old_size : new_size);
    if (old_size < FUZZ_LARGE)
        free(p);
    else
        fuzz_large_free(p, old_size);
    fuzz_held = fuzz_held - old_size + new_size;
    return moved;
}

static const vf_allocator fuzz_heap = {fuzz_resize, NULL};

#endif
