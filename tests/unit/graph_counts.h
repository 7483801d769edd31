/* Counts the nodes of a model's prompt graph, to see what a change in its record changes. */
#ifndef VF_TESTS_GRAPH_COUNTS_H
#define VF_TESTS_GRAPH_COUNTS_H

#include "estimate/graph/build.h"
#include "estimate/graph/plan.h"
#include "subject.h"

typedef struct counts {
    uint32_t of[VF_OP_COUNT], inputs, layers, fusions;
    uint64_t rotations;  /**< elements of the widest square input */
    uint32_t sources;    /**< of all nodes */
    uint32_t cpu_only;   /**< nodes without a kernel */
    uint32_t pinned;     /**< nodes whose place the graph's builder has chosen */
    vf_compute compute;
} counts;

/* The prompt graph of the subject, all layers, counted. */
static inline counts count(const subject *x, bool drafts)
{
    vf_device device = {.total = UINT64_C(80) << 30, .compute_capability = 86};
    uint64_t available = device.total;
    counts out = {0};
    vf_error err = {0};
    vf_placement p;
    vf_context c = {0}, target;
    vf_graph g;
    vf_status st = vf_placement_build(x->m, x->types, &x->s, x->n_cards, &device, &available, &heap, &p, &err);

    if (!st)
        st = vf_context_resolve(x->m, &x->s, &p, &heap, &c, &err);
    target = c;
    if (!st && drafts)
        st = vf_context_drafting(x->m, &x->s, &target, &p, &heap, &c, &err);
    if (!st)
        st = vf_graph_compute(x->m, x->types, &c, &p, &heap, &out.compute, &err);
    CHECK(st == VF_OK, "%s: %s", x->m->name, err.text);
    if (st)
        return out;
    vf_build b = {.m = x->m, .types = x->types, .c = &c, .p = &p};
    vf_reservation r = {c.n_ctx < c.n_ubatch ? c.n_ctx : c.n_ubatch, c.n_seq_max, c.n_outputs};
    vf_b_begin(&b, &g, &heap, r, true);
    for (size_t i = 0; i < g.n_order; i++) {
        const vf_node *t = &g.node[g.order[i]];
        out.of[t->op]++;
        out.sources += t->n_src;
        out.pinned += t->backend != VF_GRAPH_NO_BACKEND;
        out.cpu_only += (t->flags & VF_NODE_CPU_ONLY) != 0;
    }
    for (size_t i = 0; i < g.n_input; i++) {
        const vf_node *t = &g.node[g.input[i]];
        if (t->type == VF_TYPE_F32 && t->ne[0] == t->ne[1] && t->ne[0] * t->ne[1] > out.rotations)
            out.rotations = t->ne[0] * t->ne[1];
    }
    out.inputs = (uint32_t)g.n_input;
    out.fusions = (uint32_t)g.n_fusion;
    out.layers = b.n_layer;
    vf_b_end(&b, &heap);
    vf_placement_free(x->m, &heap, &p);
    return out;
}

/* Expects `now` to have `more` nodes of `op` than `was` (of each layer, when per_layer), and as many of all others that
 * are not in `also`. */
static inline void check_more(const char *name, const counts *was, const counts *now, vf_op op, int64_t more)
{
    CHECK((int64_t)now->of[op] - (int64_t)was->of[op] == more, "%s: op %d: %u, before %u", name, (int)op, now->of[op], was->of[op]);
}

static inline void check_same_but(const char *name, const counts *was, const counts *now, const uint8_t *ops, size_t n)
{
    for (unsigned op = 0; op < VF_OP_COUNT; op++) {
        bool listed = vf_op_is_view((uint8_t)op);
        for (size_t i = 0; i < n; i++)
            listed = listed || ops[i] == op;
        CHECK(listed || was->of[op] == now->of[op], "%s: op %u: %u, before %u", name, op, now->of[op], was->of[op]);
    }
}

#define SAME_BUT(name, was, now, ...) \
    check_same_but(name, was, now, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* Every tensor of that role and part becomes another one. */
static inline void rename_tensors(subject *x, vf_role role, vf_part part, vf_role new_role, vf_part new_part)
{
    for (size_t i = 0; i < x->m->n_tensors; i++)
        if (x->m->tensors[i].role == role && x->m->tensors[i].part == part) {
            x->m->tensors[i].role = (uint16_t)new_role;
            x->m->tensors[i].part = (uint8_t)new_part;
        }
}

#endif
