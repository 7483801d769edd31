/* A graph of fewer layers with the same peak. A model repeats layers, or short sequences of layers; what
 * the planner does from one repetition to the next soon repeats too. So only a few of them are built, and
 * alloc.c compares the states of the buffers between them: where a state comes back, any number of
 * further repetitions would go through the states already seen, and the peak cannot change. Where it does
 * not come back, the caller builds all layers. */
#include <string.h>

#include "base/alloc.h"
#include "estimate/graph/build.h"

/* Longest sequence that is recognized (hybrids: one attention among seven recurrent layers; Gemma 3: one
 * full among five windowed). */
#define MAX_PERIOD 12
/* Repetitions that are built: two that are compared may lie two apart (buffers that take turns), the first
 * differs in what comes before it, and one more stays behind them, so that inputs have a later use. */
#define KEEP 4
/* Of layers whose first repetition already leaves what the second does. */
#define KEEP_PLAIN 3

/* Layers that repeat. */
typedef struct repetition {
    uint32_t period, keep; /* layers of one; how many are built */
    uint32_t spare;        /* layers that are left out */
} repetition;

static bool same_tensor(const vf_build *b, uint32_t i, uint32_t j, int16_t layer_device)
{
    const vf_tensor *s = &b->m->tensors[i], *t = &b->m->tensors[j];
    int16_t device = b->p->tensor_device[i];

    if (s->role != t->role || s->part != t->part || device != b->p->tensor_device[j] ||
        memcmp(s->ne, t->ne, sizeof s->ne) != 0)
        return false;
    /* only a weight that is copied elsewhere takes room by its type */
    return (device == layer_device && device != VF_HOST) || !b->types || b->types[i] == b->types[j];
}

static bool alike(const vf_build *b, uint32_t i, uint32_t j)
{
    uint32_t n_i, n_j;
    const uint32_t *t_i = vf_model_layer_tensors(b->m, vf_b_stack(b), (int32_t)i, &n_i);
    const uint32_t *t_j = vf_model_layer_tensors(b->m, vf_b_stack(b), (int32_t)j, &n_j);

    if (n_i != n_j || b->p->layer_device[i] != b->p->layer_device[j] ||
        memcmp(&b->m->layers[i], &b->m->layers[j], sizeof b->m->layers[i]) != 0 ||
        vf_b_rotates(b, i) != vf_b_rotates(b, j) || vf_b_rescales(b, i) != vf_b_rescales(b, j) ||
        vf_b_sparse(b, i) != vf_b_sparse(b, j) || vf_b_bank(b, i) != vf_b_bank(b, j))
        return false;
    for (uint32_t k = 0; k < n_i; k++)
        if (!same_tensor(b, t_i[k], t_j[k], b->p->layer_device[i]))
            return false;
    return true;
}

/* kind[il]: the first layer that is like it. The last one is like no other: rows are picked there. */
static void classify(const vf_build *b, uint32_t *kind)
{
    for (uint32_t il = 0; il < b->n_layer; il++) {
        uint32_t k = il > 0 ? kind[il - 1] : 0;

        if (il + 1 == b->n_layer || (il > 0 && !alike(b, k, il)))
            for (k = 0; k < il && (il + 1 == b->n_layer || kind[k] != k || !alike(b, k, il)); k++)
                ;
        kind[il] = k;
    }
}

/* Attention with Q of its own and behind it, with its norm, a dense feed-forward; all on cards. (A guess costs time at
 * worst: a state that does not come back is seen.) */
static bool is_plain(const vf_build *b, uint32_t il)
{
    const uint16_t stack = vf_b_stack(b);
    return b->p->layer_device[0] != VF_HOST && b->m->layers[il].n_expert == 0 &&
           vf_model_stack_tensor(b->m, stack, (int32_t)il, VF_ROLE_ATTN_Q, VF_PART_WEIGHT) &&
           vf_model_stack_tensor(b->m, stack, (int32_t)il, VF_ROLE_FFN_NORM, VF_PART_WEIGHT);
}

/* How many layers from `first` on can be left out when `period` of them repeat: pairs of repetitions. */
static repetition repeat(const vf_build *b, const uint32_t *kind, uint32_t first, uint32_t period)
{
    uint32_t end = first + period;

    while (end < b->n_layer && kind[end] == kind[end - period])
        end++;
    uint32_t repeats = (end - first) / period;
    bool pairs = repeats % 2 == KEEP_PLAIN % 2; /* else one more would have to be built behind them */
    repetition r = {.period = period, .keep = period == 1 && pairs && is_plain(b, first) ? KEEP_PLAIN : KEEP};
    if (repeats > r.keep)
        r.spare = (repeats - r.keep) / 2 * 2 * period;
    return r;
}

/* The layers to build, in order. */
static void pick(vf_build *b, const uint32_t *kind)
{
    uint32_t first = 0;

    while (first < b->n_layer) {
        repetition best = {0};

        for (uint32_t p = 1; p <= MAX_PERIOD; p++) {
            repetition r = repeat(b, kind, first, p);

            if (r.spare > best.spare)
                best = r;
        }
        if (best.spare == 0) {
            b->list[b->n_list++] = (vf_listed_layer){.il = first++};
            continue;
        }
        uint32_t built = best.keep * best.period;
        for (uint32_t i = 0; i < built; i++)
            b->list[b->n_list++] = (vf_listed_layer){.il = first + i, .run = b->n_runs + 1u,
                                                     .mark = (i + 1) % best.period == 0 && i + 1 < built};
        b->n_runs++;
        first += built + best.spare;
    }
}

bool vf_b_list_layers(vf_build *b, const vf_allocator *scratch, bool all)
{
    uint32_t *kind;

    b->list = vf_alloc_zero(scratch, b->n_layer + 1u, sizeof *b->list);
    if (!b->list)
        return false;
    if (b->c->drafts) {
        b->list[b->n_list++].il = b->first_layer;
        return true;
    }
    if (all) {
        for (; b->n_list < b->n_layer; b->n_list++)
            b->list[b->n_list].il = b->n_list;
        return true;
    }
    kind = vf_alloc_zero(scratch, b->n_layer + 1u, sizeof *kind);
    if (!kind)
        return false;
    classify(b, kind);
    pick(b, kind);
    vf_free(scratch, kind, (b->n_layer + 1u) * sizeof *kind);
    return true;
}
