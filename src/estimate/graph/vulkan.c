#include "estimate/graph/vulkan.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "estimate/kernels.h"

/* How far ahead nodes are looked for that can run at once, and the rest of a fused kernel. */
#define AHEAD 20
#define FUSE_AHEAD 15
#define MAX_PATTERN 12
#define MAX_SET 96

static bool delta_net_supported(const vf_graph *g, const vf_node *node)
{
    uint64_t head = g->node[node->src[2]].ne[0];

    return head == 16 || head == 32 || head == 64 || head == 128;
}

static bool quantized(const vf_node *t)
{
    return vf_type_get(t->type)->quantized;
}

/* Matrices one behind the other, though not their groups. */
static bool dense_matrices(const vf_node *t)
{
    const vf_type_info *info = vf_type_get(t->type);

    return t->nb[0] == info->block_bytes && t->nb[1] == vf_mul(t->nb[0], t->ne[0]) / info->block &&
           (t->ne[3] == 1 || t->nb[3] == vf_mul(t->nb[2], t->ne[2]));
}

static bool product_supported(const vf_node *a, const vf_node *b)
{
    return a->ne[3] == b->ne[3] && (!quantized(a) || dense_matrices(a));
}

static bool copy_supported(const vf_node *from, const vf_node *to)
{
    return from->type != to->type || !quantized(from) || (vf_g_contiguous(from) && vf_g_contiguous(to));
}

bool vf_vulkan_supports(const vf_graph *g, const vf_node *node)
{
    uint64_t most = vf_kernel_max_tensor(VF_BACKEND_VULKAN);

    for (uint32_t k = 0; k < node->n_src; k++)
        if (vf_g_bytes(&g->node[node->src[k]]) > most)
            return false;
    if (vf_g_bytes(node) > most)
        return false;
    switch (node->op) {
    case VF_OP_MUL_MAT:
        return product_supported(&g->node[node->src[0]], &g->node[node->src[1]]);
    case VF_OP_CONT:
    case VF_OP_CPY:
        return copy_supported(&g->node[node->src[0]], node);
    case VF_OP_MUL_MAT_ID:
        return g->node[node->src[2]].ne[3] == g->node[node->src[1]].ne[3];
    case VF_OP_SCALE:
    case VF_OP_SOFT_MAX:
    case VF_OP_ARGSORT:
    case VF_OP_TOP_K:
    case VF_OP_GROUP_NORM:
        return vf_g_contiguous(&g->node[node->src[0]]);
    case VF_OP_GATED_DELTA_NET:
        return delta_net_supported(g, node);
    case VF_OP_LIGHTNING_INDEXER:
        return g->node[node->src[0]].ne[0] == 128;
    default:
        return true;
    }
}

/* ---- the order of nodes ---- */

typedef struct pattern {
    uint8_t op[MAX_PATTERN]; /* VF_OP_NONE ends it */
    bool router;             /* of experts: what it reads is kept until its end */
} pattern;

/* Sequences that one kernel computes, in the order in which they are tried (ggml-vulkan-types.h). */
static const pattern patterns[] = {
    {{VF_OP_SOFT_MAX, VF_OP_RESHAPE, VF_OP_ARGSORT, VF_OP_VIEW, VF_OP_GET_ROWS, VF_OP_RESHAPE, VF_OP_SUM_ROWS,
      VF_OP_CLAMP, VF_OP_DIV, VF_OP_RESHAPE}, true},
    {{VF_OP_UNARY, VF_OP_RESHAPE, VF_OP_ADD, VF_OP_ARGSORT, VF_OP_VIEW, VF_OP_GET_ROWS, VF_OP_RESHAPE,
      VF_OP_SUM_ROWS, VF_OP_CLAMP, VF_OP_DIV, VF_OP_RESHAPE}, true},
    {{VF_OP_UNARY, VF_OP_SQRT, VF_OP_RESHAPE, VF_OP_ADD, VF_OP_ARGSORT, VF_OP_VIEW, VF_OP_GET_ROWS, VF_OP_RESHAPE,
      VF_OP_SUM_ROWS, VF_OP_CLAMP, VF_OP_DIV, VF_OP_RESHAPE}, true},
    {{VF_OP_SOFT_MAX, VF_OP_RESHAPE, VF_OP_ARGSORT, VF_OP_VIEW, VF_OP_GET_ROWS}, true},
    {{VF_OP_ARGSORT, VF_OP_VIEW, VF_OP_GET_ROWS, VF_OP_RESHAPE, VF_OP_SOFT_MAX, VF_OP_RESHAPE}, true},
    {{VF_OP_RMS_NORM, VF_OP_MUL, VF_OP_ADD, VF_OP_MUL}, false},
    {{VF_OP_RMS_NORM, VF_OP_MUL, VF_OP_ADD}, false},
    {{VF_OP_RMS_NORM, VF_OP_MUL, VF_OP_ROPE, VF_OP_VIEW, VF_OP_SET_ROWS}, false},
    {{VF_OP_RMS_NORM, VF_OP_VIEW, VF_OP_SET_ROWS}, false},
    {{VF_OP_ROPE, VF_OP_VIEW, VF_OP_SET_ROWS}, false},
};

/* A node that may join the set behind the one it reads, as both make one kernel. */
static const struct {
    uint8_t first, second;
    bool adjacent; /* else only views and nodes that have run may be between them */
} pairs[] = {
    {VF_OP_RMS_NORM, VF_OP_MUL, false},    {VF_OP_UNARY, VF_OP_MUL, false},     {VF_OP_MUL_MAT, VF_OP_ADD, true},
    {VF_OP_MUL_MAT_ID, VF_OP_ADD_ID, true}, {VF_OP_MUL_MAT_ID, VF_OP_MUL, true}, {VF_OP_ADD, VF_OP_ADD, true},
    {VF_OP_SSM_CONV, VF_OP_ADD, true},     {VF_OP_SSM_CONV, VF_OP_UNARY, true},
};

typedef struct reorder {
    vf_graph *g;
    const vf_id *node;  /* the split as it was */
    size_t n;
    uint8_t *used;
    vf_id *out;
    size_t n_out, first; /* first: the first node that is not used */
    size_t set[MAX_SET]; /* nodes to run at once */
    uint32_t n_set;
    vf_keep_list *keep;
} reorder;

static const vf_node *at(const reorder *r, size_t i)
{
    return &r->g->node[r->node[i]];
}

static vf_id base(const reorder *r, vf_id id)
{
    vf_id root = r->g->node[id].view_src;

    return root ? root : id;
}

static size_t limit(const reorder *r, size_t i)
{
    return i < r->n ? i : r->n;
}

/* Whether node i must stay behind node j. */
static bool depends(const reorder *r, size_t i, size_t j)
{
    const vf_node *dst = at(r, i), *src = at(r, j);
    bool real = !vf_op_is_view(dst->op) && !vf_op_is_view(src->op);
    vf_id dst_base = base(r, r->node[i]), src_base = base(r, r->node[j]);

    for (uint32_t k = 0; k < dst->n_src; k++)
        if (dst->src[k] == r->node[j] || (real && base(r, dst->src[k]) == src_base))
            return true;
    for (uint32_t k = 0; real && k < src->n_src; k++)
        if (base(r, src->src[k]) == dst_base)
            return true;
    return dst_base == src_base;
}

static bool matches(const reorder *r, const pattern *p, size_t start)
{
    for (size_t i = 0; i < MAX_PATTERN && p->op[i] != VF_OP_NONE; i++)
        if (start + i >= r->n || r->used[start + i] || at(r, start + i)->op != p->op[i])
            return false;
    return true;
}

static size_t length(const pattern *p)
{
    size_t n = 0;

    while (n < MAX_PATTERN && p->op[n] != VF_OP_NONE)
        n++;
    return n;
}

static const pattern *pattern_at(const reorder *r, size_t start)
{
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
        if (matches(r, &patterns[i], start))
            return &patterns[i];
    return NULL;
}

static void emit(reorder *r, size_t i)
{
    r->out[r->n_out++] = r->node[i];
    r->g->node[r->node[i]].flags |= VF_NODE_PLACED;
    r->used[i] = 1;
}

static void keep(reorder *r, vf_id tensor, vf_id until, size_t from)
{
    vf_keep_list *k = r->keep;

    for (size_t i = from; i < k->n; i++)
        if (k->item[i].tensor == tensor)
            return;
    if (!vf_grow(r->g->a, (void **)&k->item, &k->cap, k->n + 1, sizeof *k->item)) {
        r->g->failed = true;
        return;
    }
    k->item[k->n++] = (vf_keep){tensor, until};
}

/* What the router reads from outside is kept until its last node, or the scale behind it. */
static void keep_router(reorder *r, size_t n)
{
    size_t last = r->first + n - 1, from = r->keep->n;

    if (last + 1 < r->n && at(r, last + 1)->op == VF_OP_SCALE)
        last++;
    for (size_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < at(r, r->first + i)->n_src; k++) {
            vf_id src = at(r, r->first + i)->src[k];
            bool inside = false;

            for (size_t j = 0; j < i; j++)
                inside = inside || r->node[r->first + j] == src;
            if (!inside)
                keep(r, src, r->node[last], from);
        }
}

static bool take_pattern(reorder *r)
{
    const pattern *p = pattern_at(r, r->first);
    size_t n;

    if (!p)
        return false;
    n = length(p);
    if (p->router)
        keep_router(r, n);
    for (size_t i = 0; i < n; i++)
        emit(r, r->first + i);
    return true;
}

/* ---- the set of nodes that run at once ---- */

static void join(reorder *r, size_t i, bool now)
{
    if (r->n_set == MAX_SET)
        return;
    r->set[r->n_set++] = i;
    if (now)
        r->used[i] = 1;
}

static bool in_set(const reorder *r, size_t i)
{
    for (uint32_t k = 0; k < r->n_set; k++)
        if (r->set[k] == i)
            return true;
    return false;
}

static bool nothing_between(const reorder *r, size_t lo, size_t hi)
{
    for (size_t i = lo; i < hi; i++)
        if (!r->used[i] && !vf_op_is_view(at(r, i)->op))
            return false;
    return true;
}

static bool fuses(const reorder *r, size_t first, size_t second)
{
    if (first != r->set[r->n_set - 1])
        return false;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (at(r, first)->op == pairs[i].first && at(r, second)->op == pairs[i].second &&
            (pairs[i].adjacent ? second == first + 1 : nothing_between(r, first + 1, second)))
            return true;
    return false;
}

static bool can_join(const reorder *r, size_t i)
{
    for (size_t c = r->first; c < i; c++)
        if (!r->used[c] && depends(r, i, c) && !fuses(r, c, i))
            return false;
    return true;
}

/* A leaf, or computed by now. */
static bool ready(const reorder *r, vf_id id)
{
    const vf_node *t = &r->g->node[id];

    return t->op == VF_OP_NONE || (t->flags & VF_NODE_PLACED);
}

/* The next rotation of the normed node i. */
static size_t pull_rope(reorder *r, size_t i)
{
    for (size_t k = i + 1; k < limit(r, i + FUSE_AHEAD); k++) {
        const vf_node *t = at(r, k);

        if (t->op == VF_OP_ROPE && t->src[0] == r->node[i] && r->g->node[t->src[1]].op == VF_OP_NONE &&
            (t->n_src < 3 || r->g->node[t->src[2]].op == VF_OP_NONE)) {
            join(r, k, true);
            return k;
        }
    }
    return i;
}

static uint32_t uses(const reorder *r, size_t reader, size_t i)
{
    uint32_t n = 0;

    for (uint32_t k = 0; k < at(r, reader)->n_src; k++)
        n += at(r, reader)->src[k] == r->node[i];
    return n;
}

/* The cache row that is written from node i: its view and the write. */
static void pull_set_rows(reorder *r, size_t i)
{
    size_t view = 0, write = 0;

    for (size_t k = i + 1; k < limit(r, i + FUSE_AHEAD) && !write; k++) {
        if (r->used[k])
            continue;
        if (!view && at(r, k)->op == VF_OP_VIEW && at(r, k)->src[0] == r->node[i])
            view = k;
        else if (view && at(r, k)->op == VF_OP_SET_ROWS && at(r, k)->src[0] == r->node[view])
            write = k;
    }
    /* nobody else may read what the kernel keeps to itself */
    if (!write || (at(r, i)->flags & VF_NODE_OUTPUT) || at(r, i)->view_src ||
        (int32_t)(uses(r, view, i) + uses(r, write, i)) != at(r, i)->children ||
        (int32_t)uses(r, write, view) != at(r, view)->children)
        return;
    for (size_t c = i + 1; c < write; c++)
        if (!r->used[c] && c != view && !vf_op_is_view(at(r, c)->op) && depends(r, write, c))
            return;
    join(r, view, true);
    join(r, write, true);
}

/* The next node of kind `op` that reads node i first and something ready besides. */
static void pull_reader(reorder *r, size_t i, vf_op op)
{
    for (size_t k = i + 1; k < limit(r, i + FUSE_AHEAD); k++) {
        const vf_node *t = at(r, k);

        if (t->op == op && t->src[0] == r->node[i] && (t->n_src < 2 || ready(r, t->src[1]))) {
            join(r, k, true);
            return;
        }
    }
}

static bool rows_contiguous(const vf_node *t)
{
    return t->nb[0] == vf_type_get(t->type)->block_bytes && (t->ne[2] == 1 || t->nb[2] == t->nb[1] * t->ne[1]) &&
           (t->ne[3] == 1 || t->nb[3] == t->nb[2] * t->ne[2]);
}

static bool repeats(const vf_node *small, const vf_node *large)
{
    for (int i = 0; i < 4; i++)
        if (small->ne[i] == 0 || large->ne[i] % small->ne[i] != 0)
            return false;
    return true;
}

/* The product with an activation. */
static void pull_product(reorder *r, size_t i)
{
    const vf_node *unary = at(r, i);

    for (size_t k = i + 1; k < limit(r, i + FUSE_AHEAD); k++) {
        const vf_node *mul = at(r, k), *other;
        bool first = mul->src[0] == r->node[i];

        if (mul->op != VF_OP_MUL || (!first && mul->src[1] != r->node[i]) || !ready(r, mul->src[first ? 1 : 0]))
            continue;
        other = &r->g->node[mul->src[first ? 1 : 0]];
        if (unary->type != mul->type || other->type != unary->type || !rows_contiguous(other) ||
            !rows_contiguous(&r->g->node[unary->src[0]]) || !(first ? repeats(other, unary) : repeats(unary, other)))
            continue;
        join(r, k, true);
        return;
    }
}

static void pull(reorder *r, size_t i)
{
    uint8_t op = at(r, i)->op, before = i > 0 ? at(r, i - 1)->op : VF_OP_NONE;
    size_t rope = op == VF_OP_MUL && before == VF_OP_RMS_NORM ? pull_rope(r, i) : i;

    if (at(r, rope)->op == VF_OP_ROPE || at(r, rope)->op == VF_OP_RMS_NORM)
        pull_set_rows(r, rope);
    if (op == VF_OP_ADD_ID && before == VF_OP_MUL_MAT_ID)
        pull_reader(r, i, VF_OP_MUL);
    if (op == VF_OP_ADD && before == VF_OP_MUL_MAT)
        pull_reader(r, i, VF_OP_ADD);
    if (op == VF_OP_ADD && before == VF_OP_SSM_CONV)
        pull_reader(r, i, VF_OP_UNARY);
    if (op == VF_OP_UNARY)
        pull_product(r, i);
}

static void take_set(reorder *r)
{
    size_t end = limit(r, r->first + AHEAD);

    r->n_set = 0;
    join(r, r->first, false);
    for (size_t i = r->first + 1; i < end; i++)
        if (!r->used[i] && !vf_op_is_view(at(r, i)->op) && !pattern_at(r, i) && can_join(r, i)) {
            join(r, i, false);
            pull(r, i);
        }
    if (at(r, r->set[r->n_set - 1])->op != VF_OP_ADD) /* views would part a sum from what is fused with it */
        for (size_t i = r->first + 1; i < end; i++) {
            bool ok = !r->used[i] && vf_op_is_view(at(r, i)->op);

            for (size_t c = r->first; ok && c < i; c++)
                ok = r->used[c] || !depends(r, i, c) || in_set(r, c);
            if (ok)
                join(r, i, false);
        }
    for (uint32_t i = 0; i < r->n_set; i++)
        emit(r, r->set[i]);
}

void vf_vulkan_reorder(vf_graph *g, vf_id *order, size_t n, vf_keep_list *keep_list)
{
    reorder r = {.g = g, .node = order, .n = n, .keep = keep_list};

    r.used = vf_alloc_zero(g->a, n, 1);
    r.out = vf_alloc_zero(g->a, n, sizeof *r.out);
    if (r.used && r.out) {
        while (r.first < n) {
            if (!take_pattern(&r))
                take_set(&r);
            while (r.first < n && r.used[r.first])
                r.first++;
        }
        memcpy(order, r.out, n * sizeof *order);
        for (size_t i = 0; i < n; i++)
            g->node[order[i]].flags &= (uint8_t)~VF_NODE_PLACED;
    } else {
        g->failed = true;
    }
    vf_free(g->a, r.used, n);
    vf_free(g->a, r.out, n * sizeof *r.out);
}
