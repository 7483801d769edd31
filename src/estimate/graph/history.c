#include "estimate/graph/history.h"

#include <string.h>

#include "base/alloc.h"

void vf_history_init(vf_history *h, const vf_allocator *a)
{
    memset(h, 0, sizeof *h);
    h->a = a;
    h->steady = h->same = true;
}

void vf_history_begin(vf_history *h, uint32_t run)
{
    if (run != h->run) {
        h->steady = h->steady && h->same;
        h->run = run;
        h->n = h->n_states = 0;
    }
    h->start[2] = h->start[1];
    h->start[1] = h->start[0];
    h->start[0] = h->n;
    h->n_states++;
}

void vf_history_add(vf_history *h, uint64_t number)
{
    if (h->n == h->cap && !vf_grow(h->a, (void **)&h->number, &h->cap, h->n + 1, sizeof *h->number)) {
        h->failed = true;
        return;
    }
    h->number[h->n++] = number;
}

static bool equals(const vf_history *h, size_t from, size_t to)
{
    size_t n = h->n - h->start[0];

    return to - from == n && n > 0 && memcmp(h->number + from, h->number + h->start[0], n * sizeof *h->number) == 0;
}

void vf_history_end(vf_history *h)
{
    h->same = (h->n_states > 1 && equals(h, h->start[1], h->start[0])) ||
              (h->n_states > 2 && equals(h, h->start[2], h->start[1]));
}

bool vf_history_close(vf_history *h)
{
    vf_free(h->a, h->number, h->cap * sizeof *h->number);
    return h->steady && h->same && !h->failed;
}
