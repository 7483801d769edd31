#define _POSIX_C_SOURCE 200809L
#include "cli/text/progress.h"
#include "cli/text/io.h"
#include "cli/text/term.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define FIRST_MS 2000
#define STEP_MS 200
#define ERASE "\r\033[K"

static uint64_t now_ms(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void progress_begin(progress *p, bool wanted, uint64_t total_bytes)
{
    *p = (progress){.columns = wanted ? term_error_columns() : 0, .total = total_bytes};
    if (p->columns == 0)
        return;
    p->begin = now_ms();
    p->next = p->begin + FIRST_MS;
}

/* "3 s", "4 min", "2 h": rounded up. */
static void duration(uint64_t ms, char *out, size_t size)
{
    uint64_t s = ms / 1000 + (ms % 1000 != 0);
    if (s < 120)
        (void)snprintf(out, size, "%llu s", (unsigned long long)s);
    else if (s < 7200)
        (void)snprintf(out, size, "%llu min", (unsigned long long)((s + 59) / 60));
    else
        (void)snprintf(out, size, "%llu h", (unsigned long long)((s + 3599) / 3600));
}

void progress_step(progress *p, uint64_t lines, uint64_t bytes)
{
    char line[160], left[32];
    uint64_t now;
    if (p->columns == 0 || (now = now_ms()) < p->next)
        return;
    uint64_t ms = now - p->begin;
    int n = snprintf(line, sizeof line, "vramfit: %llu lines, %llu a second", (unsigned long long)lines,
                     (unsigned long long)((double)lines * 1000 / (double)ms));
    if (p->total != PROGRESS_UNKNOWN && bytes > 0 && bytes <= p->total && n > 0) {
        duration((uint64_t)((double)ms / (double)bytes * (double)(p->total - bytes)), left, sizeof left);
        (void)snprintf(line + n, sizeof line - (size_t)n, ", %u %%, %s left", (unsigned)((double)bytes * 100 / (double)p->total), left);
    }
    size_t length = strlen(line), room = p->columns - 1; /* a full last column would begin a new line */
    (void)write_all(2, ERASE, sizeof ERASE - 1);
    (void)write_all(2, line, length < room ? length : room);
    p->shown = true;
    p->next = now + STEP_MS;
}

void progress_hide(progress *p)
{
    if (p->shown)
        (void)write_all(2, ERASE, sizeof ERASE - 1);
    p->shown = false;
}
