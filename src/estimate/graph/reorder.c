/* The order in which the Vulkan backend computes a split: nodes that do not depend on each other are drawn
 * together, so that they can run side by side, and what one shader computes stays together. The planner
 * places tensors in this order. Source: ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_graph_optimize. */
#include <string.h>

#include "base/alloc.h"
#include "estimate/graph/plan.h"
#include "model/model.h"

/* How far behind the first node of a group others are looked for, and behind them what follows them. */
#define AHEAD 20
#define PULL_AHEAD 15
/* A group: every node looked at, each with the few that it may pull. */
#define MAX_GROUP (AHEAD * 8)

/* Kinds of nodes: operations, and views by what ggml calls them. */
enum {
    VIEW = VF_OP_VIEW,
    RESHAPE = VF_OP_COUNT + VF_VIEW_RESHAPE,
};

typedef struct pattern {
    bool router; /* of experts: what it reads from outside is kept until its end */
    uint8_t n;
    uint8_t kind[12];
} pattern;

/* Runs that one shader computes (ggml-vulkan-types.h), in the order in which they are tried. */
static const pattern patterns[] = {
    {true, 10, {VF_OP_SOFT_MAX, RESHAPE, VF_OP_ARGSORT, VIEW, VF_OP_GET_ROWS, RESHAPE, VF_OP_SUM_ROWS, VF_OP_CLAMP,
                VF_OP_DIV, RESHAPE}},
    {true, 11, {VF_OP_UNARY, RESHAPE, VF_OP_ADD, VF_OP_ARGSORT, VIEW, VF_OP_GET_ROWS, RESHAPE, VF_OP_SUM_ROWS,
                VF_OP_CLAMP, VF_OP_DIV, RESHAPE}},
    {true, 12, {VF_OP_UNARY, VF_OP_SQRT, RESHAPE, VF_OP_ADD, VF_OP_ARGSORT, VIEW, VF_OP_GET_ROWS, RESHAPE,
                VF_OP_SUM_ROWS, VF_OP_CLAMP, VF_OP_DIV, RESHAPE}},
    {true, 5, {VF_OP_SOFT_MAX, RESHAPE, VF_OP_ARGSORT, VIEW, VF_OP_GET_ROWS}},
    {true, 6, {VF_OP_ARGSORT, VIEW, VF_OP_GET_ROWS, RESHAPE, VF_OP_SOFT_MAX, RESHAPE}},
    {false, 4, {VF_OP_RMS_NORM, VF_OP_MUL, VF_OP_ADD, VF_OP_MUL}},
    {false, 3, {VF_OP_RMS_NORM, VF_OP_MUL, VF_OP_ADD}},
    {false, 5, {VF_OP_RMS_NORM, VF_OP_MUL, VF_OP_ROPE, VIEW, VF_OP_SET_ROWS}},
    {false, 3, {VF_OP_RMS_NORM, VIEW, VF_OP_SET_ROWS}},
    {false, 3, {VF_OP_ROPE, VIEW, VF_OP_SET_ROWS}},
};
#define N_PATTERNS (sizeof patterns / sizeof patterns[0])

enum { TAKEN = 1, PLACED = 2 };

/* One split. Positions are those in the graph's own order. */
typedef struct split {
    vf_graph *g;
    vf_schedule *out;
    vf_id *node;
    uint32_t n;
    uint8_t *state;   /* of each position */
    vf_id *fresh;     /* the new order */
    uint32_t n_fresh;
    uint32_t first;   /* the first position that is not taken */
    uint32_t group[MAX_GROUP];
    uint32_t n_group;
} split;

static const vf_node *at(const split *s, uint32_t i)
{
    return &s->g->node[s->node[i]];
}

static uint8_t kind_of(const vf_node *t)
{
    return t->op == VF_OP_VIEW && t->view != VF_VIEW_VIEW ? (uint8_t)(VF_OP_COUNT + t->view) : t->op;
}

static bool is_empty(const vf_node *t)
{
    return t->op == VF_OP_VIEW || t->op == VF_OP_NONE;
}

static vf_id base(const vf_graph *g, vf_id id)
{
    return g->node[id].view_src ? g->node[id].view_src : id;
}

/* Whether node b has to wait for node a: it reads or overwrites it, or writes what a reads. */
static bool waits(const split *s, uint32_t b, uint32_t a)
{
    const vf_graph *g = s->g;
    const vf_node *later = at(s, b), *earlier = at(s, a);
    vf_id base_b = base(g, s->node[b]), base_a = base(g, s->node[a]);
    bool work = !is_empty(later) && !is_empty(earlier);

    if (base_a == base_b)
        return true;
    for (uint32_t k = 0; k < later->n_src; k++)
        if (later->src[k] == s->node[a] || (work && base(g, later->src[k]) == base_a))
            return true;
    for (uint32_t k = 0; work && k < earlier->n_src; k++)
        if (base(g, earlier->src[k]) == base_b)
            return true;
    return false;
}

static bool matches(const split *s, const pattern *p, uint32_t start)
{
    if (start + p->n > s->n)
        return false;
    for (uint32_t k = 0; k < p->n; k++)
        if (kind_of(at(s, start + k)) != p->kind[k] || (s->state[start + k] & TAKEN))
            return false;
    return true;
}

static void place(split *s, uint32_t i)
{
    s->fresh[s->n_fresh++] = s->node[i];
    s->state[i] = TAKEN | PLACED;
}

static void advance(split *s)
{
    while (s->first < s->n && (s->state[s->first] & TAKEN))
        s->first++;
}

/* What a router's run reads from outside lives until its last node, or the scaling behind it. */
static void keep_inputs(split *s, uint32_t n)
{
    vf_schedule *out = s->out;
    uint32_t last = s->first + n - 1;

    if (last + 1 < s->n && at(s, last + 1)->op == VF_OP_SCALE)
        last++;
    for (uint32_t i = s->first; i < s->first + n; i++)
        for (uint32_t k = 0; k < at(s, i)->n_src; k++) {
            vf_id src = at(s, i)->src[k];
            bool inside = false;

            for (uint32_t j = s->first; j < i; j++)
                inside = inside || s->node[j] == src;
            if (inside)
                continue;
            if (!vf_grow(s->g->a, (void **)&out->kept, &out->cap_kept, out->n_kept + 1, sizeof *out->kept)) {
                s->g->failed = true;
                return;
            }
            out->kept[out->n_kept++] = (vf_kept){src, s->node[last]};
        }
}

static bool place_pattern(split *s)
{
    for (size_t i = 0; i < N_PATTERNS; i++) {
        const pattern *p = &patterns[i];

        if (!matches(s, p, s->first))
            continue;
        if (p->router)
            keep_inputs(s, p->n);
        for (uint32_t k = 0; k < p->n; k++)
            place(s, s->first + k);
        return true;
    }
    return false;
}

static bool starts_pattern(const split *s, uint32_t i)
{
    for (size_t p = 0; p < N_PATTERNS; p++)
        if (matches(s, &patterns[p], i))
            return true;
    return false;
}

static void join(split *s, uint32_t i)
{
    if (s->n_group < MAX_GROUP)
        s->group[s->n_group++] = i;
    else
        s->g->failed = true;
}

/* Joins ahead of its turn. */
static void pull(split *s, uint32_t i)
{
    join(s, i);
    s->state[i] |= TAKEN;
}

/* Whether j may follow c, which it waits for, because one shader computes both. */
static bool fuses(const split *s, uint32_t c, uint32_t j)
{
    static const uint8_t next[][2] = {
        {VF_OP_MUL_MAT, VF_OP_ADD}, {VF_OP_MUL_MAT_ID, VF_OP_ADD_ID}, {VF_OP_MUL_MAT_ID, VF_OP_MUL},
        {VF_OP_ADD, VF_OP_ADD},     {VF_OP_SSM_CONV, VF_OP_ADD},      {VF_OP_SSM_CONV, VF_OP_UNARY},
    };
    uint8_t a = at(s, c)->op, b = at(s, j)->op;

    if (c != s->group[s->n_group - 1])
        return false;
    if (b == VF_OP_MUL && (a == VF_OP_RMS_NORM || a == VF_OP_UNARY)) {
        for (uint32_t i = c + 1; i < j; i++)
            if (!(s->state[i] & TAKEN) && !is_empty(at(s, i)))
                return false;
        return true;
    }
    for (size_t i = 0; j == c + 1 && i < sizeof next / sizeof next[0]; i++)
        if (a == next[i][0] && b == next[i][1])
            return true;
    return false;
}

static bool is_free(const split *s, uint32_t j)
{
    for (uint32_t c = s->first; c < j; c++)
        if (!(s->state[c] & TAKEN) && waits(s, j, c) && !fuses(s, c, j))
            return false;
    return true;
}

/* A weight, an input, or a node that has its place. */
static bool is_ready(const split *s, vf_id id)
{
    uint32_t i = s->g->node[id].visit_from;

    return s->g->node[id].op == VF_OP_NONE || (i < s->n && s->node[i] == id && (s->state[i] & PLACED));
}

static uint32_t end_of(const split *s, uint32_t j)
{
    return j + PULL_AHEAD < s->n ? j + PULL_AHEAD : s->n;
}

/* The first node behind j of that operation that reads j first, and whose second source is ready. */
static bool pull_next(split *s, uint32_t j, vf_op op, bool second_ready, uint32_t *found)
{
    for (uint32_t k = j + 1; k < end_of(s, j); k++) {
        const vf_node *t = at(s, k);

        if (t->op != op || t->src[0] != s->node[j] || (second_ready && !is_ready(s, t->src[1])))
            continue;
        *found = k;
        pull(s, k);
        return true;
    }
    return false;
}

static bool is_leaf(const split *s, vf_id id)
{
    return !id || s->g->node[id].op == VF_OP_NONE;
}

static uint32_t pull_rope(split *s, uint32_t j)
{
    for (uint32_t k = j + 1; k < end_of(s, j); k++) {
        const vf_node *t = at(s, k);

        if (t->op == VF_OP_ROPE && t->src[0] == s->node[j] && is_leaf(s, t->src[1]) &&
            (t->n_src < 3 || is_leaf(s, t->src[2]))) {
            pull(s, k);
            return k;
        }
    }
    return j;
}

/* The view of node i and the writing of its rows into the cache, when nothing else reads either. */
static void pull_set_rows(split *s, uint32_t i)
{
    uint32_t view = 0, rows = 0;

    for (uint32_t k = i + 1; k < end_of(s, i) && !rows; k++) {
        const vf_node *t = at(s, k);

        if (s->state[k] & TAKEN)
            continue;
        if (!view && kind_of(t) == VIEW && t->src[0] == s->node[i])
            view = k;
        else if (view && t->op == VF_OP_SET_ROWS && t->src[0] == s->node[view])
            rows = k;
    }
    if (!rows || at(s, i)->children != 1 || at(s, i)->view_src || at(s, view)->children != 1)
        return;
    for (uint32_t c = i + 1; c < rows; c++)
        if (!(s->state[c] & TAKEN) && c != view && !is_empty(at(s, c)) && waits(s, rows, c))
            return;
    pull(s, view);
    pull(s, rows);
}

/* ggml_is_contiguous_1: rows may lie apart, everything above them is dense. */
static bool dense_rows(const vf_node *t)
{
    const vf_type_info *info = vf_type_get(t->type);
    uint64_t next = t->ne[1] * t->nb[1];

    if (t->ne[0] != info->block && t->nb[0] != info->block_bytes)
        return false;
    for (int i = 2; i < 4; i++) {
        if (t->ne[i] != 1 && t->nb[i] != next)
            return false;
        next *= t->ne[i];
    }
    return true;
}

static bool repeats(const vf_node *small, const vf_node *large)
{
    for (int i = 0; i < 4; i++)
        if (small->ne[i] == 0 || large->ne[i] % small->ne[i] != 0)
            return false;
    return true;
}

/* ggml_vk_can_fuse_unary_mul; its activations (GELU, sigmoid, SiLU, softplus) are those that products follow. */
static void pull_product(split *s, uint32_t j)
{
    const vf_graph *g = s->g;

    for (uint32_t k = j + 1; k < end_of(s, j); k++) {
        const vf_node *mul = at(s, k), *unary = at(s, j), *other;
        bool is_first = mul->src[0] == s->node[j];

        if (mul->op != VF_OP_MUL || (!is_first && mul->src[1] != s->node[j]))
            continue;
        other = &g->node[mul->src[is_first ? 1 : 0]];
        if (!is_ready(s, mul->src[is_first ? 1 : 0]) || unary->type != mul->type || other->type != unary->type ||
            !dense_rows(other) || !dense_rows(&g->node[unary->src[0]]) ||
            !(is_first ? repeats(other, unary) : repeats(unary, other)))
            continue;
        pull(s, k);
        return;
    }
}

/* Node j joins the group, and what fused kernels compute with it. */
static void join_with_followers(split *s, uint32_t j)
{
    uint8_t op = at(s, j)->op, before = j > 0 ? at(s, j - 1)->op : (uint8_t)VF_OP_NONE;
    uint32_t rope = j, unused;

    join(s, j);
    if (op == VF_OP_MUL && before == VF_OP_RMS_NORM)
        rope = pull_rope(s, j);
    if (at(s, rope)->op == VF_OP_ROPE || at(s, rope)->op == VF_OP_RMS_NORM)
        pull_set_rows(s, rope);
    if (op == VF_OP_ADD_ID && before == VF_OP_MUL_MAT_ID)
        (void)pull_next(s, j, VF_OP_MUL, true, &unused);
    if (op == VF_OP_ADD && before == VF_OP_MUL_MAT)
        (void)pull_next(s, j, VF_OP_ADD, true, &unused);
    if (op == VF_OP_ADD && before == VF_OP_SSM_CONV)
        (void)pull_next(s, j, VF_OP_UNARY, false, &unused);
    if (j > 0 && op == VF_OP_UNARY)
        pull_product(s, j);
}

static bool in_group(const split *s, uint32_t i)
{
    for (uint32_t k = 0; k < s->n_group; k++)
        if (s->group[k] == i)
            return true;
    return false;
}

/* Views join when what they show is there, but not between two sums. */
static void join_views(split *s, uint32_t end)
{
    if (at(s, s->group[s->n_group - 1])->op == VF_OP_ADD)
        return;
    for (uint32_t j = s->first + 1; j < end; j++) {
        bool shown = !(s->state[j] & TAKEN) && is_empty(at(s, j));

        for (uint32_t c = s->first; shown && c < j; c++)
            shown = (s->state[c] & TAKEN) || in_group(s, c) || !waits(s, j, c);
        if (shown)
            join(s, j);
    }
}

static void order(split *s)
{
    while (s->first < s->n && !s->g->failed) {
        uint32_t end = s->first + AHEAD < s->n ? s->first + AHEAD : s->n;

        if (!place_pattern(s)) {
            s->n_group = 0;
            join(s, s->first);
            for (uint32_t j = s->first + 1; j < end; j++)
                if (!(s->state[j] & TAKEN) && !is_empty(at(s, j)) && !starts_pattern(s, j) && is_free(s, j))
                    join_with_followers(s, j);
            join_views(s, end);
            for (uint32_t k = 0; k < s->n_group; k++)
                place(s, s->group[k]);
        }
        advance(s);
    }
}

void vf_reorder_count(vf_graph *g)
{
    for (size_t i = 0; i < g->n_order; i++)
        for (uint32_t k = 0; k < g->node[g->order[i]].n_src; k++)
            g->node[g->node[g->order[i]].src[k]].children++;
}

void vf_reorder(vf_graph *g, const uint32_t *split_of, int8_t cpu, vf_schedule *out)
{
    split s = {.g = g, .out = out};
    uint8_t *state = vf_alloc_zero(g->a, g->n_order + 1, 1);
    vf_id *fresh = vf_alloc_zero(g->a, g->n_order + 1, sizeof *fresh);

    g->failed = g->failed || !state || !fresh;
    for (size_t from = 0, to; from < g->n_order && !g->failed; from = to) {
        int8_t backend = VF_GRAPH_NO_BACKEND;

        for (to = from; to < g->n_order && split_of[to] == split_of[from]; to++) {
            g->node[g->order[to]].visit_from = (uint32_t)(to - from);
            if (g->node[g->order[to]].op != VF_OP_VIEW)
                backend = g->node[g->order[to]].backend;
        }
        if (backend == VF_GRAPH_NO_BACKEND || backend == cpu)
            continue;
        s.node = g->order + from;
        s.state = state + from;
        s.fresh = fresh;
        s.n = (uint32_t)(to - from);
        s.n_fresh = s.first = 0;
        order(&s);
        if (!g->failed)
            memcpy(s.node, fresh, s.n * sizeof *fresh);
    }
    for (size_t i = 0; i < g->n; i++)
        g->node[i].children = 0;
    vf_free(g->a, state, g->n_order + 1);
    vf_free(g->a, fresh, (g->n_order + 1) * sizeof *fresh);
}
