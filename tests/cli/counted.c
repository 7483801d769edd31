/* The program with its memory counted: linked with --wrap, so that the objects are those of the program.
 *
 * It does what vramfit does, and is then 97 when a block was not given back or a descriptor was left open, with a line on
 * standard error that says so. With COUNTED_FAIL=MOST it runs its arguments again and again, and in each run one
 * allocation fails, at most MOST of them, evenly drawn. A run either answers exactly as the first one, or says that it is
 * out of memory, with the status 2 and nothing on standard output (of a list: the answers to other lines, as they were); and
 * whatever happens, nothing is left behind. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"

#define LEFT 97
#define KEEP ((size_t)1 << 21)

int program_main(int argc, char **argv);
bool memory_was_short(void); /* cli/text/fail.h */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

/* Blocks that are held, open addressing; what the C library took (scandir) is not in it. */
enum { SLOTS = 1 << 20 };
static void *held[SLOTS];
static size_t n_held;
static uint64_t calls, fail_at;

VF_WRAPS static size_t home(const void *p)
{
    return (size_t)(((uintptr_t)p >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 44) & (SLOTS - 1);
}

static size_t find(const void *p)
{
    size_t i = home(p);
    while (held[i] && held[i] != p)
        i = (i + 1) & (SLOTS - 1);
    return i;
}

static void *keep(void *p)
{
    if (p && n_held < SLOTS / 2) {
        held[find(p)] = p;
        n_held++;
    }
    return p;
}

VF_WRAPS static void drop(const void *p)
{
    size_t i = find(p);
    if (!p || !held[i])
        return;
    n_held--;
    for (size_t k = (i + 1) & (SLOTS - 1); held[k]; k = (k + 1) & (SLOTS - 1)) {
        size_t from = home(held[k]);
        if (((k - from) & (SLOTS - 1)) >= ((k - i) & (SLOTS - 1))) {
            held[i] = held[k];
            i = k;
        }
    }
    held[i] = NULL;
}

static bool fails(void)
{
    return ++calls == fail_at;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : keep(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : keep(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t size)
{
    if (fails())
        return NULL;
    uintptr_t was = (uintptr_t)p;
    void *q = __real_realloc(p, size);
    if (!q)
        return NULL;
    if (was)
        drop((const void *)was);
    return keep(q);
}

void __wrap_free(void *p)
{
    drop(p);
    __real_free(p);
}

static int open_files(void)
{
    int n = 0;
    for (int fd = 3; fd < 64; fd++)
        n += fcntl(fd, F_GETFD) != -1;
    return n;
}

/* One run, its arguments as they were: the status, and what it wrote. */
typedef struct said {
    int status;
    size_t n[2];
    char *text[2];
} said;

static void run(int argc, char **argv, FILE *const out[2], said *s)
{
    char *words[256] = {NULL};
    int kept[2];
    for (int i = 0; i < argc && i < 255; i++)
        words[i] = argv[i];
    for (int i = 0; i < 2; i++) {
        kept[i] = dup(i + 1);
        (void)!ftruncate(fileno(out[i]), 0);
        (void)lseek(fileno(out[i]), 0, SEEK_SET);
        (void)dup2(fileno(out[i]), i + 1);
    }
    (void)lseek(0, 0, SEEK_SET);
    (void)memory_was_short();
    s->status = program_main(argc, words);
    for (int i = 0; i < 2; i++) {
        (void)dup2(kept[i], i + 1);
        (void)close(kept[i]);
        ssize_t n = pread(fileno(out[i]), s->text[i], KEEP, 0);
        s->n[i] = n > 0 ? (size_t)n : 0;
        s->text[i][s->n[i]] = 0;
    }
}

static bool same(const said *a, const said *b)
{
    return a->status == b->status && a->n[0] == b->n[0] && a->n[1] == b->n[1] && memcmp(a->text[0], b->text[0], a->n[0]) == 0 &&
           memcmp(a->text[1], b->text[1], a->n[1]) == 0;
}

/* A line's length, without what stands between the elements of a list. */
static size_t length(const char *line)
{
    size_t n = strcspn(line, "\n");
    return n > 0 && line[n - 1] == ',' ? n - 1 : n;
}

/* Whether each line of `a` is one of `b`, in that order. What JSON says was wrong is not looked at; a picture is drawn anew. */
static bool lines_of(const char *a, const char *b)
{
    for (; *a && *a != '<' && strncmp(a, "  \"errors\":", 11) != 0; a += strcspn(a, "\n"), a += *a == '\n') {
        while (*b && (length(b) != length(a) || memcmp(a, b, length(a)) != 0))
            b += strcspn(b, "\n") + (b[strcspn(b, "\n")] == '\n');
        if (!*b)
            return false;
    }
    return true;
}

/* "vramfit: [WHERE: ]out of memory", the one line; of a list one of them, and what is answered is as it was. */
static bool out_of_memory(const said *s, const said *first, bool list)
{
    char *text = s->text[1], *end = strchr(text, '\n');
    if (s->status != 2 || strncmp(text, "vramfit: ", 9) != 0 || !strstr(text, "out of memory"))
        return false;
    return list ? lines_of(s->text[0], first->text[0]) : s->n[0] == 0 && end && end[1] == 0;
}

/* Whether what is asked is a list, whose lines are answered one by one. */
static bool is_list(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--models-from") == 0 || strcmp(argv[i], "lock") == 0 || strcmp(argv[i], "verify") == 0)
            return true;
    return false;
}

static int sweep(int argc, char **argv, uint64_t most)
{
    FILE *const out[2] = {tmpfile(), tmpfile()};
    said first = {0, {0}, {__real_malloc(KEEP + 1), __real_malloc(KEEP + 1)}};
    said now = {0, {0}, {__real_malloc(KEEP + 1), __real_malloc(KEEP + 1)}};
    if (!out[0] || !out[1] || !first.text[0] || !first.text[1] || !now.text[0] || !now.text[1])
        return LEFT;
    bool list = is_list(argc, argv);
    uint64_t failed = 0, bad = 0, step = 1;
    int files = open_files();
    for (uint64_t at = 0; at == 0 || calls >= fail_at; at += step) {
        calls = 0;
        fail_at = at ? at : UINT64_MAX;
        size_t was = n_held;
        run(argc, argv, out, at ? &now : &first);
        bool reached = calls >= fail_at;
        fail_at = at ? fail_at : 0;
        failed += reached;
        bool good = !reached || same(&now, &first) || out_of_memory(&now, &first, list);
        if (at == 0)
            step = calls / most + 1;
        if (good && n_held == was && open_files() == files)
            continue;
        if (bad++ < 5)
            (void)fprintf(stderr, "allocation %llu fails: %zu blocks and %d descriptors left, status %d, %zu bytes of output; %s",
                          (unsigned long long)at, n_held - was, open_files() - files, now.status, now.n[0], at ? now.text[1] : "\n");
        n_held = was;
    }
    fail_at = 0; /* what runs at the end of a program may allocate, too */
    for (int i = 0; i < 2; i++) {
        (void)fclose(out[i]);
        __real_free(first.text[i]);
        __real_free(now.text[i]);
    }
    printf("%llu allocations failed\n", (unsigned long long)failed);
    return bad ? LEFT : 0;
}

int main(int argc, char **argv)
{
    const char *step = getenv("COUNTED_FAIL");
    if (step)
        return sweep(argc, argv, strtoull(step, NULL, 10));
    int files = open_files();
    int status = program_main(argc, argv);
    if (n_held == 0 && open_files() == files)
        return status;
    (void)fprintf(stderr, "%zu blocks not given back, %d descriptors left open\n", n_held, open_files() - files);
    return LEFT;
}
