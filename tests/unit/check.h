/* A small test frame: CHECK prints file, line, both values and the case's name; main ends with the
 * counts. No dependency, so that the tests build wherever the library does. */
#ifndef VF_TESTS_CHECK_H
#define VF_TESTS_CHECK_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_passed, check_failed;

#define CHECK(cond, ...) \
    do { \
        if (cond) { \
            check_passed++; \
        } else { \
            check_failed++; \
            printf("%s:%d: %s: ", __FILE__, __LINE__, #cond); \
            printf(__VA_ARGS__); \
            printf("\n"); \
        } \
    } while (0)

#define CHECK_U64(got, want, name) \
    do { \
        uint64_t got_ = (got), want_ = (want); \
        CHECK(got_ == want_, "%s: got %" PRIu64 ", want %" PRIu64, (name), got_, want_); \
    } while (0)

#define CHECK_STR(got, want, name) \
    do { \
        const char *got_ = (got), *want_ = (want); \
        CHECK(strcmp(got_, want_) == 0, "%s: got '%s', want '%s'", (name), got_, want_); \
    } while (0)

#define CHECK_END() \
    (printf("%d passed, %d failed\n", check_passed, check_failed), \
     check_failed ? EXIT_FAILURE : (check_passed ? EXIT_SUCCESS : EXIT_FAILURE))

/** An allocator over malloc, for tests. */
#define CHECK_ALLOCATOR(name) \
    static void *name##_resize(void *ctx, void *p, size_t old_size, size_t new_size) \
    { \
        (void)ctx; \
        (void)old_size; \
        if (new_size == 0) { \
            free(p); \
            return NULL; \
        } \
        return realloc(p, new_size); \
    } \
    static const vf_allocator name = {name##_resize, NULL}

#endif
