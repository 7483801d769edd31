#include "estimate/graph/graph.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "model/model.h"

static void set_shape(vf_node *t, uint16_t type, uint64_t ne0, uint64_t ne1, uint64_t ne2, uint64_t ne3);

/* Number 0 is a harmless scalar: blocks go on building on it where a file lacks a tensor, or memory ends. */
static void make_none(vf_graph *g)
{
    memset(&g->node[0], 0, sizeof g->node[0]);
    set_shape(&g->node[0], VF_TYPE_F32, 1, 1, 1, 1);
}

void vf_graph_init(vf_graph *g, const vf_allocator *a)
{
    memset(g, 0, sizeof *g);
    g->a = a;
    g->n = 1;
    g->failed = !vf_grow(a, (void **)&g->node, &g->cap, 512, sizeof *g->node);
    if (!g->failed)
        make_none(g);
}

void vf_graph_free(vf_graph *g)
{
    vf_free(g->a, g->node, g->cap * sizeof *g->node);
    vf_free(g->a, g->order, g->cap_order * sizeof *g->order);
    vf_free(g->a, g->input, g->cap_input * sizeof *g->input);
    vf_free(g->a, g->fusion, g->cap_fusion * sizeof *g->fusion);
    vf_free(g->a, g->mark, g->cap_mark * sizeof *g->mark);
}

static vf_id new_node(vf_graph *g)
{
    if (!g->failed && g->n == g->cap)
        g->failed = g->n >= UINT32_MAX ||
                    !vf_grow(g->a, (void **)&g->node, &g->cap, g->n + 1, sizeof *g->node);
    if (g->failed) {
        make_none(g);
        return 0;
    }
    memset(&g->node[g->n], 0, sizeof g->node[g->n]);
    g->node[g->n].backend = VF_GRAPH_NO_BACKEND;
    return (vf_id)g->n++;
}

uint64_t vf_g_bytes(const vf_node *t)
{
    const vf_type_info *info = vf_type_get((uint32_t)t->type);
    uint64_t bytes;

    for (int i = 0; i < 4; i++)
        if (t->ne[i] == 0)
            return 0;
    bytes = info->block == 1 ? vf_add(info->block_bytes, vf_mul(t->ne[0] - 1, t->nb[0]))
                             : vf_mul(t->ne[0], t->nb[0]) / info->block;
    for (int i = 1; i < 4; i++)
        bytes = vf_add(bytes, vf_mul(t->ne[i] - 1, t->nb[i]));
    return bytes;
}

static void set_shape(vf_node *t, uint16_t type, uint64_t ne0, uint64_t ne1, uint64_t ne2, uint64_t ne3)
{
    const vf_type_info *info = vf_type_get((uint32_t)type);

    t->type = type;
    t->ne[0] = ne0;
    t->ne[1] = ne1;
    t->ne[2] = ne2;
    t->ne[3] = ne3;
    t->nb[0] = info->block_bytes;
    t->nb[1] = vf_mul(info->block_bytes, ne0 / info->block);
    t->nb[2] = vf_mul(t->nb[1], ne1);
    t->nb[3] = vf_mul(t->nb[2], ne2);
}

bool vf_g_contiguous(const vf_node *t)
{
    const vf_type_info *info = vf_type_get((uint32_t)t->type);
    uint64_t next = info->block_bytes;

    if (t->ne[0] != info->block && t->nb[0] != next)
        return false;
    next = vf_mul(next, t->ne[0] / info->block);
    for (int i = 1; i < 4; i++) {
        if (t->ne[i] != 1 && t->nb[i] != next)
            return false;
        if (t->ne[i] != 1)
            next = vf_mul(next, t->ne[i]);
    }
    return true;
}

vf_id vf_g_tensor(vf_graph *g, uint16_t type, uint64_t ne0, uint64_t ne1, uint64_t ne2, uint64_t ne3)
{
    vf_id id = new_node(g);

    if (id)
        set_shape(&g->node[id], type, ne0, ne1, ne2, ne3);
    return id;
}

vf_id vf_g_input(vf_graph *g, uint16_t type, uint64_t ne0, uint64_t ne1, uint64_t ne2, uint64_t ne3)
{
    vf_id id = vf_g_tensor(g, type, ne0, ne1, ne2, ne3);

    g->node[id].flags |= VF_NODE_INPUT;
    return id;
}

void vf_g_add_src(vf_graph *g, vf_id t, vf_id src)
{
    vf_node *node = &g->node[t];

    if (src && node->n_src < VF_GRAPH_SRC)
        node->src[node->n_src++] = src;
}

vf_id vf_g_op(vf_graph *g, vf_op op, uint16_t type, uint64_t ne0, uint64_t ne1, uint64_t ne2, uint64_t ne3,
              vf_id a, vf_id b, vf_id c)
{
    vf_id id = vf_g_tensor(g, type, ne0, ne1, ne2, ne3);

    g->node[id].op = (uint8_t)op;
    vf_g_add_src(g, id, a);
    vf_g_add_src(g, id, b);
    vf_g_add_src(g, id, c);
    return id;
}

vf_id vf_g_map(vf_graph *g, vf_op op, vf_id a, vf_id b, vf_id c)
{
    const vf_node *t = &g->node[a];

    return vf_g_op(g, op, t->type, t->ne[0], t->ne[1], t->ne[2], t->ne[3], a, b, c);
}

vf_id vf_g_mul_mat(vf_graph *g, vf_id w, vf_id x)
{
    const vf_node *a = &g->node[w], *b = &g->node[x];

    return vf_g_op(g, VF_OP_MUL_MAT, VF_TYPE_F32, a->ne[1], b->ne[1], b->ne[2], b->ne[3], w, x, 0);
}

vf_id vf_g_mul_mat_id(vf_graph *g, vf_id w, vf_id x, vf_id ids)
{
    const vf_node *a = &g->node[w], *b = &g->node[x], *i = &g->node[ids];

    return vf_g_op(g, VF_OP_MUL_MAT_ID, VF_TYPE_F32, a->ne[1], i->ne[0], b->ne[2], 1, w, x, ids);
}

vf_id vf_g_glu(vf_graph *g, vf_id gate, vf_id up)
{
    return vf_g_map(g, VF_OP_GLU, gate, up, 0);
}

vf_id vf_g_glu_fused(vf_graph *g, vf_id gate_up)
{
    const vf_node *t = &g->node[gate_up];

    return vf_g_op(g, VF_OP_GLU, t->type, t->ne[0] / 2, t->ne[1], t->ne[2], t->ne[3], gate_up, 0, 0);
}

vf_id vf_g_get_rows(vf_graph *g, vf_id a, vf_id ids)
{
    const vf_node *t = &g->node[a], *i = &g->node[ids];
    uint16_t type = t->type == VF_TYPE_I32 ? VF_TYPE_I32 : VF_TYPE_F32;

    return vf_g_op(g, VF_OP_GET_ROWS, type, t->ne[0], i->ne[0], i->ne[1], i->ne[2], a, ids, 0);
}

vf_id vf_g_cont(vf_graph *g, vf_id a)
{
    return vf_g_map(g, VF_OP_CONT, a, 0, 0);
}

vf_id vf_g_cont_2d(vf_graph *g, vf_id a, uint64_t ne0, uint64_t ne1)
{
    return vf_g_op(g, VF_OP_CONT, g->node[a].type, ne0, ne1, 1, 1, a, 0, 0);
}

vf_id vf_g_cast(vf_graph *g, vf_id a, uint16_t type)
{
    const vf_node *t = &g->node[a];

    return vf_g_op(g, VF_OP_CPY, type, t->ne[0], t->ne[1], t->ne[2], t->ne[3], a, 0, 0);
}

vf_id vf_g_concat(vf_graph *g, vf_id a, vf_id b, unsigned dim)
{
    const vf_node *t = &g->node[a];
    uint64_t ne[4] = {t->ne[0], t->ne[1], t->ne[2], t->ne[3]};

    ne[dim] = vf_add(ne[dim], g->node[b].ne[dim]);
    return vf_g_op(g, VF_OP_CONCAT, t->type, ne[0], ne[1], ne[2], ne[3], a, b, 0);
}

vf_id vf_g_repeat(vf_graph *g, vf_id a, uint64_t ne0, uint64_t ne1, uint64_t ne2, uint64_t ne3)
{
    return vf_g_op(g, VF_OP_REPEAT, g->node[a].type, ne0, ne1, ne2, ne3, a, 0, 0);
}

vf_id vf_g_sum_rows(vf_graph *g, vf_id a)
{
    const vf_node *t = &g->node[a];

    return vf_g_op(g, VF_OP_SUM_ROWS, t->type, 1, t->ne[1], t->ne[2], t->ne[3], a, 0, 0);
}

vf_id vf_g_argsort_top_k(vf_graph *g, vf_id a, uint64_t k)
{
    const vf_node *t = &g->node[a];
    vf_id sorted = vf_g_op(g, VF_OP_ARGSORT, VF_TYPE_I32, t->ne[0], t->ne[1], t->ne[2], t->ne[3], a, 0, 0);
    const vf_node *s = &g->node[sorted];

    return vf_g_view(g, sorted, (uint64_t[4]){k, s->ne[1], s->ne[2], s->ne[3]},
                     (uint64_t[3]){s->nb[1], s->nb[2], s->nb[3]});
}

void vf_g_fusion(vf_graph *g, vf_fusion fusion)
{
    if (!vf_grow(g->a, (void **)&g->fusion, &g->cap_fusion, g->n_fusion + 1, sizeof *g->fusion)) {
        g->failed = true;
        return;
    }
    g->fusion[g->n_fusion++] = fusion;
}

void vf_g_mark(vf_graph *g, vf_mark mark)
{
    if (!vf_grow(g->a, (void **)&g->mark, &g->cap_mark, g->n_mark + 1, sizeof *g->mark)) {
        g->failed = true;
        return;
    }
    g->mark[g->n_mark++] = mark;
}

/* Views. */

static vf_id new_view(vf_graph *g, vf_op op, vf_id a)
{
    vf_id id = new_node(g);
    vf_node *v = &g->node[id];
    const vf_node *t = &g->node[a];

    v->op = (uint8_t)op;
    v->type = t->type;
    v->view_src = t->view_src ? t->view_src : a;
    memcpy(v->ne, t->ne, sizeof v->ne);
    memcpy(v->nb, t->nb, sizeof v->nb);
    if (vf_op_is_view((uint8_t)op))
        vf_g_add_src(g, id, a);
    return id;
}

vf_id vf_g_set_rows(vf_graph *g, vf_id dst, vf_id rows, vf_id ids)
{
    vf_id id = new_view(g, VF_OP_SET_ROWS, dst);

    vf_g_add_src(g, id, rows);
    vf_g_add_src(g, id, ids);
    vf_g_add_src(g, id, dst);
    return id;
}

vf_id vf_g_cpy(vf_graph *g, vf_id src, vf_id dst)
{
    vf_id id = new_view(g, VF_OP_CPY, dst);

    vf_g_add_src(g, id, src);
    vf_g_add_src(g, id, dst);
    return id;
}

vf_id vf_g_inplace(vf_graph *g, vf_op op, vf_id a)
{
    vf_id id = new_view(g, op, a);

    vf_g_add_src(g, id, a);
    return id;
}

vf_id vf_g_reshape(vf_graph *g, vf_id a, uint64_t ne0, uint64_t ne1, uint64_t ne2, uint64_t ne3)
{
    vf_id id = new_view(g, VF_OP_RESHAPE, a);

    set_shape(&g->node[id], g->node[a].type, ne0, ne1, ne2, ne3);
    return id;
}

vf_id vf_g_view(vf_graph *g, vf_id a, const uint64_t ne[4], const uint64_t nb[3])
{
    uint64_t own_ne[4], own_nb[3]; /* theirs may be a node's, which moves when the nodes grow */
    memcpy(own_ne, ne, sizeof own_ne);
    memcpy(own_nb, nb, sizeof own_nb);
    vf_id id = new_view(g, VF_OP_VIEW, a);
    vf_node *v = &g->node[id];

    memcpy(v->ne, own_ne, sizeof v->ne);
    memcpy(v->nb + 1, own_nb, sizeof own_nb);
    return id;
}

vf_id vf_g_view_1d(vf_graph *g, vf_id a, uint64_t ne0)
{
    vf_id id = new_view(g, VF_OP_VIEW, a);

    set_shape(&g->node[id], g->node[a].type, ne0, 1, 1, 1);
    return id;
}

vf_id vf_g_view_2d(vf_graph *g, vf_id a, uint64_t ne0, uint64_t ne1, uint64_t nb1)
{
    uint64_t nb2 = vf_mul(nb1, ne1);

    return vf_g_view(g, a, (uint64_t[4]){ne0, ne1, 1, 1}, (uint64_t[3]){nb1, nb2, nb2});
}

vf_id vf_g_view_3d(vf_graph *g, vf_id a, uint64_t ne0, uint64_t ne1, uint64_t ne2, uint64_t nb1, uint64_t nb2)
{
    return vf_g_view(g, a, (uint64_t[4]){ne0, ne1, ne2, 1}, (uint64_t[3]){nb1, nb2, vf_mul(nb2, ne2)});
}

vf_id vf_g_permute(vf_graph *g, vf_id a, unsigned axis0, unsigned axis1, unsigned axis2, unsigned axis3)
{
    const unsigned axis[4] = {axis0, axis1, axis2, axis3};
    vf_id id = new_view(g, VF_OP_PERMUTE, a);

    for (int i = 0; i < 4; i++) {
        g->node[id].ne[axis[i]] = g->node[a].ne[i];
        g->node[id].nb[axis[i]] = g->node[a].nb[i];
    }
    return id;
}

vf_id vf_g_transpose(vf_graph *g, vf_id a)
{
    return vf_g_permute(g, a, 1, 0, 2, 3);
}

/* Order of execution. */

static void append(vf_graph *g, vf_id **list, size_t *n, size_t *cap, vf_id id)
{
    if (*n == *cap && !vf_grow(g->a, (void **)list, cap, *n + 1, sizeof **list)) {
        g->failed = true;
        return;
    }
    (*list)[(*n)++] = id;
}

/* Depth first, sources in order, each node after its sources. The way back is kept in the nodes, so
 * that a graph of any depth needs no stack. */
void vf_g_expand(vf_graph *g, vf_id t)
{
    vf_id at = t;

    if (g->failed || (g->node[at].flags & VF_NODE_VISITED))
        return;
    g->node[at].flags |= VF_NODE_VISITED;
    g->node[at].visit_from = 0;
    while (at && !g->failed) {
        vf_node *node = &g->node[at];

        if (node->visit_next < node->n_src) {
            vf_id src = node->src[node->visit_next++];
            vf_node *s = &g->node[src];

            if (!(s->flags & (VF_NODE_VISITED | VF_NODE_EXTERNAL))) {
                s->flags |= VF_NODE_VISITED;
                s->visit_from = at;
                at = src;
            }
            continue;
        }
        if (node->op != VF_OP_NONE)
            append(g, &g->order, &g->n_order, &g->cap_order, at);
        else
            append(g, &g->input, &g->n_input, &g->cap_input, at);
        at = node->visit_from;
    }
}
