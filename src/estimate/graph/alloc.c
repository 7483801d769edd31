/* How intermediate tensors share a compute buffer: best fit into the holes that dead tensors left, in
 * execution order. The rules are those of ggml/src/ggml-alloc.c: ggml_dyn_tallocr_* for the list of
 * free blocks, ggml_gallocr_* for the walk over the graph; the offsets themselves are of no interest,
 * only the high-water mark. */
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "estimate/context.h"
#include "estimate/graph/history.h"
#include "estimate/graph/plan.h"

#define MAX_BLOCKS 256
#define MAX_CHUNKS 16
/* A chunk without a limit: larger than any size the library gives out. */
#define ENDLESS (UINT64_MAX / 2)

typedef struct block {
    uint64_t offset, size;
} block;

typedef struct chunk {
    block free[MAX_BLOCKS]; /* by address; the last one reaches to the chunk's end */
    uint32_t n;
    uint64_t high; /* high-water mark */
} chunk;

typedef struct arena {
    uint64_t alignment, max_chunk;
    chunk *chunk[MAX_CHUNKS];
    uint32_t n_chunks;
} arena;

typedef struct allocator {
    vf_graph *g;
    const vf_machine *machine;
    arena arena[VF_PLAN_BACKENDS];
    vf_history history;
    size_t next_mark;
} allocator;

/* An address is the chunk's number and the offset in it. */
#define CHUNK_SHIFT 60
#define OFFSET_MASK ((UINT64_C(1) << CHUNK_SHIFT) - 1)

static void remove_block(chunk *c, uint32_t i)
{
    c->n--;
    memmove(&c->free[i], &c->free[i + 1], (c->n - i) * sizeof c->free[0]);
}

static bool insert_block(chunk *c, uint64_t offset, uint64_t size)
{
    uint32_t at = 0;

    if (c->n == MAX_BLOCKS)
        return false;
    while (at < c->n && c->free[at].offset < offset)
        at++;
    memmove(&c->free[at + 1], &c->free[at], (c->n - at) * sizeof c->free[0]);
    c->free[at] = (block){offset, size};
    c->n++;
    return true;
}

static bool add_chunk(const vf_allocator *a, arena *r, uint64_t size)
{
    chunk *c = r->n_chunks < MAX_CHUNKS ? vf_alloc(a, sizeof *c) : NULL;

    if (!c)
        return false;
    if (size < r->max_chunk)
        size = r->max_chunk;
    if (r->n_chunks == MAX_CHUNKS - 1)
        size = ENDLESS;
    c->free[0] = (block){0, size};
    c->n = 1;
    c->high = 0;
    r->chunk[r->n_chunks++] = c;
    return true;
}

/* The smallest hole that is large enough, the later one of equals; in any chunk but never the
 * chunk's last block. */
static bool find_hole(const arena *r, uint64_t size, uint32_t *out_chunk, uint32_t *out_block)
{
    bool found = false;

    for (uint32_t i = 0; i < r->n_chunks; i++) {
        const chunk *c = r->chunk[i];
        uint64_t best = UINT64_MAX;

        for (uint32_t k = 0; k + 1 < c->n; k++)
            if (c->free[k].size >= size && c->free[k].size <= best) {
                best = c->free[k].size;
                *out_chunk = i;
                *out_block = k;
                found = true;
            }
    }
    return found;
}

/* Among the chunks' last blocks the one that has room below the high-water mark to spare and spares
 * least; else the one that grows least. */
static bool find_end(const arena *r, uint64_t size, uint32_t *out_chunk, uint32_t *out_block)
{
    int64_t best = INT64_MIN;
    bool found = false;

    for (uint32_t i = 0; i < r->n_chunks; i++) {
        const chunk *c = r->chunk[i];
        const block *last = c->n ? &c->free[c->n - 1] : NULL;
        int64_t reuse;

        if (!last || last->size < size)
            continue;
        reuse = (int64_t)c->high - (int64_t)last->offset - (int64_t)size;
        if ((best < 0 && reuse > best) || (reuse >= 0 && reuse < best)) {
            best = reuse;
            *out_chunk = i;
            *out_block = c->n - 1;
            found = true;
        }
    }
    return found;
}

static uint64_t take(allocator *al, arena *r, uint64_t size)
{
    uint32_t ic = 0, ib = 0;
    uint64_t offset;
    chunk *c;

    size = vf_pad(size, r->alignment);
    if (!vf_size_ok(size)) {
        al->g->failed = al->g->too_large = true;
        return 0;
    }
    if (!find_hole(r, size, &ic, &ib) && !find_end(r, size, &ic, &ib)) {
        if (!add_chunk(al->g->a, r, size)) {
            al->g->failed = true;
            return 0;
        }
        ic = r->n_chunks - 1;
        ib = 0;
    }
    c = r->chunk[ic];
    offset = c->free[ib].offset;
    c->free[ib].offset += size;
    c->free[ib].size -= size;
    if (c->free[ib].size == 0)
        remove_block(c, ib);
    if (offset + size > c->high)
        c->high = offset + size;
    if (!vf_size_ok(c->high))
        al->g->failed = al->g->too_large = true;
    return ((uint64_t)ic << CHUNK_SHIFT) | offset;
}

static void give(allocator *al, arena *r, uint64_t addr, uint64_t size)
{
    chunk *c = r->chunk[addr >> CHUNK_SHIFT];
    uint64_t offset = addr & OFFSET_MASK;

    size = vf_pad(size, r->alignment);
    for (uint32_t i = 0; i < c->n; i++) {
        block *b = &c->free[i];

        if (b->offset + b->size == offset) {
            b->size += size;
            if (i + 1 < c->n && b->offset + b->size == c->free[i + 1].offset) {
                b->size += c->free[i + 1].size;
                remove_block(c, i + 1);
            }
            return;
        }
        if (offset + size == b->offset) { /* nothing free before it: that would have been found */
            b->offset = offset;
            b->size += size;
            return;
        }
    }
    if (!insert_block(c, offset, size))
        al->g->failed = true;
}

/* Bytes of a tensor in a backend's buffer: what the buffer type adds to ggml_nbytes. */
static uint64_t tensor_bytes(const allocator *al, const vf_node *t, int8_t backend)
{
    uint64_t bytes = vf_g_bytes(t);

    if ((uint32_t)backend + 1 == al->machine->n_backends)
        return bytes;
    return vf_add(vf_buffer_tensor_bytes(al->machine->kind, t->type, t->ne[0], bytes), t->extra);
}

static bool may_reuse(vf_op op)
{
    return op >= VF_OP_FILL && op <= VF_OP_SOFT_MAX;
}

static bool same_layout(const vf_node *a, const vf_node *b)
{
    return a->type == b->type && memcmp(a->ne, b->ne, sizeof a->ne) == 0 && memcmp(a->nb, b->nb, sizeof a->nb) == 0;
}

/* Takes over the memory of a source that nobody else needs any more. (A view is never one: views are not
 * allocated, and the planner asks for an allocated source.) */
static bool reuse_source(allocator *al, vf_node *node)
{
    for (uint32_t i = 0; i < node->n_src; i++) {
        vf_node *src = &al->g->node[node->src[i]];
        arena *r = &al->arena[src->buffer];
        uint64_t had, needs;

        if (!src->allocated || (src->flags & VF_NODE_OUTPUT) || !same_layout(node, src) || src->children != 1 ||
            src->views != 0)
            continue;
        node->buffer = src->buffer;
        node->addr = src->addr;
        src->allocated = false;
        had = vf_pad(tensor_bytes(al, src, src->buffer), r->alignment);
        needs = vf_pad(tensor_bytes(al, node, src->buffer), r->alignment);
        if (had > needs)
            give(al, r, node->addr + needs, had - needs);
        return true;
    }
    return false;
}

static void allocate(allocator *al, vf_id id, int8_t backend)
{
    vf_node *node = &al->g->node[id];

    if (node->allocated || node->view_src || (node->flags & VF_NODE_EXTERNAL))
        return;
    node->allocated = true;
    if (may_reuse((vf_op)node->op) && reuse_source(al, node))
        return;
    node->buffer = backend;
    node->addr = take(al, &al->arena[backend], tensor_bytes(al, node, backend));
}

static void release(allocator *al, vf_node *node)
{
    if (!node->allocated || (node->flags & VF_NODE_OUTPUT))
        return;
    give(al, &al->arena[node->buffer], node->addr, tensor_bytes(al, node, node->buffer));
    node->allocated = false;
}

static void count_uses(allocator *al, const vf_schedule *s)
{
    vf_graph *g = al->g;

    for (size_t i = 0; i < s->n_node; i++) {
        const vf_node *node = &g->node[s->node[i]];

        /* dependency nodes (op none) are views of what they keep, but need nothing themselves */
        if (node->view_src && node->op != VF_OP_NONE)
            g->node[node->view_src].views++;
        if (node->flags & VF_NODE_INPUT)
            allocate(al, s->node[i], node->backend);
        for (uint32_t k = 0; k < node->n_src; k++) {
            g->node[node->src[k]].children++;
            if (g->node[node->src[k]].flags & VF_NODE_INPUT)
                allocate(al, node->src[k], node->backend);
        }
    }
}

/* Everything that decides what happens next, as far as it may differ from one repetition to the next: the
 * free blocks, where the layers' output is, and with pipeline parallelism how many split inputs there are,
 * which are never freed then. */
static void note_state(allocator *al)
{
    const vf_graph *g = al->g;
    vf_history *h = &al->history;
    const vf_mark *mark = &g->mark[al->next_mark++];
    const vf_node *out = &g->node[mark->node];

    if (out->view_src)
        out = &g->node[out->view_src];
    vf_history_begin(h, mark->run);
    vf_history_add(h, al->machine->copies > 1 ? mark->n_inputs : 0);
    vf_history_add(h, (uint64_t)out->buffer);
    vf_history_add(h, out->addr);
    for (uint32_t b = 0; b < al->machine->n_backends; b++) {
        const arena *r = &al->arena[b];

        vf_history_add(h, r->n_chunks);
        for (uint32_t i = 0; i < r->n_chunks; i++) {
            const chunk *c = r->chunk[i];

            vf_history_add(h, r->n_chunks > 1 ? c->high : 0);
            vf_history_add(h, c->n);
            for (uint32_t k = 0; k < c->n; k++) {
                vf_history_add(h, c->free[k].offset);
                vf_history_add(h, c->free[k].size);
            }
        }
    }
    vf_history_end(h);
}

static void walk(allocator *al, const vf_schedule *s)
{
    vf_graph *g = al->g;

    for (size_t i = 0; i < s->n_node && !g->failed; i++) {
        const vf_node *node = &g->node[s->node[i]];

        for (uint32_t k = 0; k < node->n_src; k++)
            allocate(al, node->src[k], node->backend);
        allocate(al, s->node[i], node->backend);
        for (uint32_t k = 0; k < node->n_src && !g->failed; k++) {
            vf_node *src = &g->node[node->src[k]];

            if (--src->children != 0 || src->views != 0)
                continue;
            if (src->view_src) {
                vf_node *root = &g->node[src->view_src];

                if (--root->views == 0 && root->children == 0)
                    release(al, root);
            } else {
                release(al, src);
            }
        }
        if (al->next_mark < g->n_mark && s->node[i] == g->mark[al->next_mark].node)
            note_state(al);
    }
}

void vf_graph_allocate(vf_graph *g, const vf_machine *machine, const vf_schedule *s, uint64_t bytes[VF_PLAN_BACKENDS],
                       bool *steady)
{
    allocator al = {.g = g, .machine = machine};

    vf_history_init(&al.history, g->a);
    for (uint32_t b = 0; b < machine->n_backends; b++) {
        bool cpu = b + 1 == machine->n_backends;

        al.arena[b].alignment = cpu ? vf_host_alignment(machine->kind) : vf_buffer_alignment(machine->kind);
        al.arena[b].max_chunk = cpu ? vf_host_max_size(machine->kind) : vf_buffer_max_size(machine->kind);
    }
    for (size_t i = 0; i < s->n_leaf && !g->failed; i++)
        allocate(&al, s->leaf[i], g->node[s->leaf[i]].backend);
    count_uses(&al, s);
    walk(&al, s);
    for (uint32_t b = 0; b < machine->n_backends; b++) {
        bytes[b] = 0;
        for (uint32_t i = 0; i < al.arena[b].n_chunks; i++) {
            bytes[b] = vf_add(bytes[b], al.arena[b].chunk[i]->high);
            if (b + 1 == machine->n_backends)
                bytes[b] = vf_add(bytes[b], vf_host_extra(machine->kind));
            vf_free(g->a, al.arena[b].chunk[i], sizeof *al.arena[b].chunk[i]);
        }
    }
    *steady = vf_history_close(&al.history) && al.next_mark == g->n_mark;
}
