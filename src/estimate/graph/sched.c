/* Which backend computes each node, where the graph is cut into splits, and what is copied between
 * them. The passes are those of ggml/src/ggml-backend.cpp: ggml_backend_sched_split_graph. */
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "estimate/graph/fattn.h"
#include "estimate/graph/metal.h"
#include "estimate/graph/plan.h"
#include "estimate/graph/vulkan.h"
#include "estimate/kernels.h"

/* ggml-cuda.cu and the others: GGML_OP_OFFLOAD_MIN_BATCH */
#define OFFLOAD_MIN_BATCH 32

typedef struct scheduler {
    vf_graph *g;
    const vf_machine *machine;
    vf_schedule *out;
    int8_t cpu;
    uint32_t *split_of; /* by position in the execution order */
    size_t cap_split_of;
    vf_id *input;       /* tensors copied in, split after split */
    uint32_t *input_split;
    size_t n_input, cap_input, cap_input_split;
    vf_id *graph_input; /* pipeline: inputs that are read, in order */
    size_t n_graph_input, cap_graph_input;
    vf_keep_list keep;  /* of reordered nodes */
} scheduler;

static bool push(scheduler *s, vf_id **list, size_t *n, size_t *cap, vf_id id)
{
    if (*n == *cap && !vf_grow(s->g->a, (void **)list, cap, *n + 1, sizeof **list)) {
        s->g->failed = true;
        return false;
    }
    (*list)[(*n)++] = id;
    return true;
}

static void push_node(scheduler *s, vf_id id)
{
    push(s, &s->out->node, &s->out->n_node, &s->out->cap_node, id);
}

static void push_leaf(scheduler *s, vf_id id)
{
    push(s, &s->out->leaf, &s->out->n_leaf, &s->out->cap_leaf, id);
}

static bool supports(const scheduler *s, int8_t backend, const vf_node *node)
{
    bool product = node->op == VF_OP_MUL_MAT || node->op == VF_OP_MUL_MAT_ID;

    if (backend == s->cpu)
        return true;
    if ((node->flags & VF_NODE_CPU_ONLY) ||
        (product && !vf_kernel_mul_mat(s->machine->kind, s->g->node[node->src[0]].type)))
        return false;
    return s->machine->kind != VF_BACKEND_VULKAN || vf_vulkan_supports(s->g, node);
}

/* ggml-cuda.cu: get_op_batch_size */
static uint64_t batch_size(const vf_node *node)
{
    switch (node->op) {
    case VF_OP_GET_ROWS:
        return 0;
    case VF_OP_MUL_MAT:
        return node->ne[1];
    case VF_OP_MUL_MAT_ID:
    case VF_OP_ROPE:
        return node->ne[2];
    default:
        return vf_mul3(node->ne[1], node->ne[2], node->ne[3]);
    }
}

/* ggml_backend_sched_backend_id_from_cur: where the memory is that the node writes, or its weight. */
static int8_t backend_from_memory(const scheduler *s, const vf_node *node)
{
    const vf_node *root = node->view_src ? &s->g->node[node->view_src] : node;

    if (root->flags & VF_NODE_EXTERNAL)
        return supports(s, root->backend, node) ? root->backend : s->cpu;
    if (node->flags & VF_NODE_INPUT)
        return s->cpu;
    if (node->op == VF_OP_ROPE || node->op == VF_OP_FLASH_ATTN_EXT)
        return VF_GRAPH_NO_BACKEND;
    for (uint32_t k = 0; k < node->n_src; k++) {
        const vf_node *src = &s->g->node[node->src[k]];

        if (!(src->flags & VF_NODE_WEIGHT))
            continue;
        if (!supports(s, src->backend, node))
            return VF_GRAPH_NO_BACKEND;
        if (s->machine->op_offload && src->backend == s->cpu && s->cpu > 0 && supports(s, 0, node) &&
            batch_size(node) >= OFFLOAD_MIN_BATCH)
            return 0;
        return src->backend;
    }
    return VF_GRAPH_NO_BACKEND;
}

/* One sweep that gives unassigned nodes the backend of their neighbour before (or behind) them. */
static void expand(const scheduler *s, bool up, bool devices_only)
{
    vf_graph *g = s->g;
    int8_t current = VF_GRAPH_NO_BACKEND;

    for (size_t i = 0; i < g->n_order; i++) {
        vf_node *node = &g->node[g->order[up ? g->n_order - 1 - i : i]];

        if (vf_op_is_view(node->op))
            continue;
        if (node->backend != VF_GRAPH_NO_BACKEND)
            current = devices_only && node->backend == s->cpu ? VF_GRAPH_NO_BACKEND : node->backend;
        else if (current != VF_GRAPH_NO_BACKEND && supports(s, current, node))
            node->backend = current;
    }
}

static void assign(const scheduler *s)
{
    vf_graph *g = s->g;

    for (size_t i = 0; i < g->n_input; i++)
        g->node[g->input[i]].backend = backend_from_memory(s, &g->node[g->input[i]]);
    for (size_t i = 0; i < g->n_order; i++) {
        vf_node *node = &g->node[g->order[i]];

        if (node->backend == VF_GRAPH_NO_BACKEND)
            node->backend = backend_from_memory(s, node);
    }
    expand(s, false, true);
    expand(s, true, true);
    expand(s, false, false);
    expand(s, true, false);
    for (size_t i = 0; i < g->n_order; i++) {
        vf_node *node = &g->node[g->order[i]];

        if (node->backend == VF_GRAPH_NO_BACKEND && !vf_op_is_view(node->op))
            node->backend = supports(s, 0, node) ? 0 : s->cpu;
    }
    /* views follow what they show, and leaves whoever reads them first */
    for (size_t i = 0; i < g->n_order; i++) {
        vf_node *node = &g->node[g->order[i]];

        if (node->view_src && node->backend == VF_GRAPH_NO_BACKEND)
            node->backend = g->node[node->view_src].backend;
        for (uint32_t k = 0; k < node->n_src; k++) {
            vf_node *src = &g->node[node->src[k]];

            if (src->backend == VF_GRAPH_NO_BACKEND)
                src->backend = src->view_src ? g->node[src->view_src].backend : node->backend;
        }
        if (node->backend == VF_GRAPH_NO_BACKEND)
            node->backend = supports(s, 0, node) ? 0 : s->cpu;
    }
}

/* A tensor of the same layout on another backend (or, with pipeline parallelism, the next copy). */
static vf_id duplicate(scheduler *s, vf_id id, int8_t backend)
{
    vf_graph *g = s->g;
    const vf_node *from = &g->node[id];
    vf_id copy = vf_g_tensor(g, from->type, from->ne[0], from->ne[1], from->ne[2], from->ne[3]);
    vf_node *to = &g->node[copy];

    memcpy(to->nb, g->node[id].nb, sizeof to->nb);
    to->backend = backend;
    if (s->machine->copies > 1)
        to->flags |= VF_NODE_INPUT | VF_NODE_OUTPUT;
    to->copy_next = g->node[id].copy;
    g->node[id].copy = copy;
    return copy;
}

static vf_id copy_on(const scheduler *s, vf_id id, int8_t backend)
{
    vf_id found = 0;

    /* the list is newest first: the last match is copy number 0 */
    for (vf_id c = s->g->node[id].copy; c; c = s->g->node[c].copy_next)
        if (s->g->node[c].backend == backend)
            found = c;
    return found;
}

static void copy_graph_input(scheduler *s, vf_id id)
{
    vf_node *src = &s->g->node[id];
    int8_t backend = src->backend; /* copies may move the nodes */

    if (!(src->flags & VF_NODE_INPUT) || s->machine->copies <= 1 || (src->flags & VF_NODE_OUTPUT))
        return;
    src->flags |= VF_NODE_OUTPUT; /* the original serves as copy number 0 */
    push(s, &s->graph_input, &s->n_graph_input, &s->cap_graph_input, id);
    for (uint32_t c = 1; c < s->machine->copies; c++)
        duplicate(s, id, backend);
}

/* Whether the node's weight lies elsewhere: then a new split starts, so that the memory of the weight
 * copied before it can be used again. */
static bool has_foreign_weight(const vf_graph *g, const vf_node *node, int8_t backend)
{
    for (uint32_t k = 0; k < node->n_src; k++) {
        const vf_node *src = &g->node[node->src[k]];

        if ((src->flags & VF_NODE_WEIGHT) && src->backend != backend)
            return true;
    }
    return false;
}

static void split(scheduler *s)
{
    vf_graph *g = s->g;
    int8_t current = VF_GRAPH_NO_BACKEND;
    size_t inputs_before = 0, next_mark = 0;

    for (size_t i = 0; i < g->n_order && !g->failed; i++) {
        const vf_node *node = &g->node[g->order[i]];
        int8_t backend = node->backend;
        uint32_t n_src = node->n_src;

        s->split_of[i] = s->out->n_splits;
        if (next_mark < g->n_mark && g->mark[next_mark].node == g->order[i])
            g->mark[next_mark++].n_inputs = (uint32_t)s->n_input;
        if (vf_op_is_view(node->op))
            continue;
        if (current == VF_GRAPH_NO_BACKEND) {
            current = backend;
        } else if (backend != current ||
                   (s->n_input > inputs_before && has_foreign_weight(g, node, current))) {
            s->out->n_splits++;
            current = backend;
            inputs_before = s->n_input;
        }
        s->split_of[i] = s->out->n_splits;
        for (uint32_t k = 0; k < n_src; k++) {
            vf_id src = g->node[g->order[i]].src[k];
            vf_id copy;

            copy_graph_input(s, src);
            if (g->node[src].backend == current)
                continue;
            copy = copy_on(s, src, current);
            if (!copy) {
                if (!push(s, &s->input, &s->n_input, &s->cap_input, src))
                    return;
                if (!vf_grow(g->a, (void **)&s->input_split, &s->cap_input_split, s->n_input, sizeof *s->input_split)) {
                    g->failed = true;
                    return;
                }
                s->input_split[s->n_input - 1] = s->out->n_splits;
                copy = duplicate(s, src, current);
                for (uint32_t c = 1; c < s->machine->copies; c++)
                    duplicate(s, src, current);
            }
            g->node[g->order[i]].src[k] = copy;
            if (g->node[g->order[i]].op == VF_OP_FLASH_ATTN_EXT)
                vf_fattn_copied(g, g->order[i]);
        }
    }
    s->out->n_splits++;
}

/* A node that computes nothing but makes its sources live until here. */
static vf_id dependency(scheduler *s, int8_t backend)
{
    vf_id id = vf_g_tensor(s->g, VF_TYPE_F32, 0, 1, 1, 1);

    s->g->node[id].view_src = id; /* takes no memory of its own */
    s->g->node[id].backend = backend;
    return id;
}

static void keep(scheduler *s, vf_id *dep, vf_id id, int8_t backend)
{
    vf_node *d = &s->g->node[*dep];

    for (uint32_t k = 0; *dep && k < d->n_src; k++)
        if (d->src[k] == id)
            return;
    if (!*dep || d->n_src == VF_GRAPH_SRC) {
        *dep = dependency(s, backend);
        push_node(s, *dep);
    }
    vf_g_add_src(s->g, *dep, id);
}

static void keep_sources(scheduler *s, vf_id *dep, vf_id id, int8_t backend)
{
    for (uint32_t k = 0; k < s->g->node[id].n_src; k++)
        keep(s, dep, s->g->node[id].src[k], backend);
}

/* ggml-cuda.cu: ggml_backend_cuda_graph_optimize */
static void keep_for_fusion(scheduler *s, const vf_fusion *f)
{
    vf_graph *g = s->g;
    int8_t backend = g->node[g->order[f->first]].backend;
    vf_id dep = 0;

    if (!s->machine->fusion || backend == s->cpu || s->split_of[f->first] != s->split_of[f->last])
        return;
    if (!f->all_sources) {
        keep_sources(s, &dep, g->order[f->first], backend);
        return;
    }
    for (uint32_t i = f->first; i < f->until; i++) {
        keep(s, &dep, g->order[i], backend);
        keep_sources(s, &dep, g->order[i], backend);
    }
}

static void keep_until(scheduler *s, vf_id node)
{
    vf_id dep = 0;

    for (size_t i = 0; i < s->keep.n; i++)
        if (s->keep.item[i].until == node)
            keep(s, &dep, s->keep.item[i].tensor, s->g->node[node].backend);
}

/* Every split of a device; its nodes look up in node.children how many read them. (A tensor's copy has
 * readers of its own then, which makes no difference: only nodes of one split are fused.) */
static void reorder(scheduler *s)
{
    vf_graph *g = s->g;

    for (size_t i = 0; i < g->n_order; i++) {
        const vf_node *node = &g->node[g->order[i]];

        for (uint32_t k = 0; k < node->n_src; k++)
            g->node[node->src[k]].children++;
    }
    for (size_t start = 0, end; start < g->n_order; start = end) {
        size_t real = start;

        for (end = start + 1; end < g->n_order && s->split_of[end] == s->split_of[start];)
            end++;
        while (real + 1 < end && vf_op_is_view(g->node[g->order[real]].op))
            real++;
        if (g->node[g->order[real]].backend != s->cpu)
            vf_vulkan_reorder(g, g->order + start, end - start, &s->keep);
    }
    for (size_t i = 1; i < g->n; i++)
        g->node[i].children = 0;
}

/* The copies of a split at its start, each behind a dependency on its source; then the split's nodes. */
static void list_nodes(scheduler *s)
{
    vf_graph *g = s->g;
    size_t next_input = 0, next_fusion = 0;
    uint32_t split_no = UINT32_MAX;

    for (size_t i = 0; i < g->n_order && !g->failed; i++) {
        if (s->split_of[i] != split_no) {
            split_no = s->split_of[i];
            for (; next_input < s->n_input && s->input_split[next_input] == split_no; next_input++) {
                vf_id src = s->input[next_input];
                int8_t backend = g->node[src].backend;
                vf_id dep = 0;

                keep(s, &dep, src, backend);
                for (size_t k = i; k < g->n_order; k++)
                    if (!vf_op_is_view(g->node[g->order[k]].op)) {
                        push_node(s, copy_on(s, src, g->node[g->order[k]].backend));
                        break;
                    }
            }
        }
        push_node(s, g->order[i]);
        if (s->keep.n > 0)
            keep_until(s, g->order[i]);
        /* fusions are noted in the order of their ends */
        for (; next_fusion < g->n_fusion && g->fusion[next_fusion].until == i; next_fusion++)
            keep_for_fusion(s, &g->fusion[next_fusion]);
    }
}

static void list_copies(scheduler *s, vf_id id, int8_t backend)
{
    vf_id copies[8];
    uint32_t n = 0;

    for (vf_id c = s->g->node[id].copy; c && n < 8; c = s->g->node[c].copy_next)
        if (s->g->node[c].backend == backend)
            copies[n++] = c;
    while (n > 0)
        push_leaf(s, copies[--n]);
}

static void list_leaves(scheduler *s)
{
    vf_graph *g = s->g;

    if (s->machine->copies > 1) {
        for (size_t i = 0; i < s->n_graph_input; i++) {
            push_leaf(s, s->graph_input[i]);
            list_copies(s, s->graph_input[i], g->node[s->graph_input[i]].backend);
        }
        for (size_t i = 0, k = 0; i < s->n_input; i++) {
            while (k < g->n_order && (s->split_of[k] != s->input_split[i] || vf_op_is_view(g->node[g->order[k]].op)))
                k++;
            list_copies(s, s->input[i], g->node[g->order[k]].backend);
        }
    }
    for (size_t i = 0; i < g->n_input; i++)
        push_leaf(s, g->input[i]);
}

void vf_schedule_assign(vf_graph *g, const vf_machine *machine)
{
    scheduler s = {.g = g, .machine = machine, .cpu = (int8_t)(machine->n_backends - 1)};

    assign(&s);
}

void vf_schedule_build(vf_graph *g, const vf_machine *machine, vf_schedule *out)
{
    scheduler s = {.g = g, .machine = machine, .out = out, .cpu = (int8_t)(machine->n_backends - 1)};

    memset(out, 0, sizeof *out);
    if (g->failed || !vf_grow(g->a, (void **)&s.split_of, &s.cap_split_of, g->n_order + 1, sizeof *s.split_of)) {
        g->failed = true;
        return;
    }
    if (machine->kind == VF_BACKEND_METAL)
        vf_metal_scratch(g);
    assign(&s);
    split(&s);
    if (!g->failed && machine->kind == VF_BACKEND_VULKAN)
        reorder(&s);
    if (!g->failed)
        list_nodes(&s);
    if (!g->failed)
        list_leaves(&s);
    vf_free(g->a, s.split_of, s.cap_split_of * sizeof *s.split_of);
    vf_free(g->a, s.input, s.cap_input * sizeof *s.input);
    vf_free(g->a, s.input_split, s.cap_input_split * sizeof *s.input_split);
    vf_free(g->a, s.graph_input, s.cap_graph_input * sizeof *s.graph_input);
    vf_free(g->a, s.keep.item, s.keep.cap * sizeof *s.keep.item);
}

void vf_schedule_free(const vf_allocator *a, vf_schedule *s)
{
    vf_free(a, s->node, s->cap_node * sizeof *s->node);
    vf_free(a, s->leaf, s->cap_leaf * sizeof *s->leaf);
}
