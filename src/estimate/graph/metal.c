#include "estimate/graph/metal.h"

#include "base/checked.h"

/* ggml-metal-impl.h */
#define FA_QUERIES 8       /* OP_FLASH_ATTN_EXT_NQPSG ... */
#define FA_CELLS 64        /* ... NCPSG */
#define FA_VEC_BATCH 20    /* fewer queries: the kernel for vectors */
#define FA_VEC_CELLS 32    /* ... which takes one query and so many cells */
#define FA_WORKGROUPS 32
#define AMAX_PARTS 256     /* N_MM_NPART_AMAX */

static uint64_t div_up(uint64_t a, uint64_t b)
{
    return (a + b - 1) / b;
}

static uint64_t f16_copy(const vf_node *t)
{
    return vf_pad(vf_mul(2, vf_mul(vf_mul(t->ne[0], t->ne[1]), vf_mul(t->ne[2], t->ne[3]))), 16);
}

/* One tail of cells, padded. */
static uint64_t tail(const vf_node *t, uint64_t row)
{
    return vf_mul3(row, t->ne[2], t->ne[3]);
}

/* f16 copies, padded tails, the map of masked blocks, and the partial results of the workgroups
 * (ggml-metal-ops.cpp: ggml_metal_op_flash_attn_ext_extra_*). */
static uint64_t attention(const vf_graph *g, const vf_node *t)
{
    const vf_node *q = &g->node[t->src[0]], *k = &g->node[t->src[1]], *v = &g->node[t->src[2]];
    const vf_node *mask = t->n_src > 3 ? &g->node[t->src[3]] : NULL;
    bool vec = q->ne[1] < FA_VEC_BATCH && q->ne[0] % 32 == 0, v_is_k = v->view_src && v->view_src == k->view_src;
    bool copied = q->ne[1] >= 32 && vf_type_get(k->type)->quantized;
    uint64_t k_row = copied ? vf_mul(2, k->ne[0]) : k->nb[1];
    uint64_t v_row = copied ? vf_mul(2, v_is_k ? k->ne[0] : v->ne[0]) : v->nb[1];
    uint64_t queries = q->ne[1] < 32 ? q->ne[1] : 32, tails = vf_add(tail(k, k_row), tail(v, v_row)), sum = 0;

    if (mask) {
        uint64_t blocks = vf_mul(div_up(mask->ne[0], vec ? FA_VEC_CELLS : FA_CELLS), div_up(q->ne[1], vec ? 1 : FA_QUERIES));

        tails = vf_add(tails, vf_mul(2, vf_mul3(mask->ne[1], mask->ne[2], mask->ne[3])));
        sum = vf_pad(vf_mul3(blocks, mask->ne[2], mask->ne[3]), 32);
    }
    sum = vf_add(sum, vf_mul(FA_CELLS, tails));
    sum = vf_add(sum, vf_mul(4 * FA_WORKGROUPS, vf_mul(vf_mul3(queries, q->ne[2], q->ne[3]), vf_add(v->ne[0], 2))));
    return vf_add(sum, vf_add(f16_copy(k), v_is_k ? 0 : f16_copy(v)));
}

/* Rows and tokens of every expert, and the scales of the products (ggml_metal_op_mul_mat_id_extra_*). */
static uint64_t experts(const vf_graph *g, const vf_node *t)
{
    uint64_t n_expert = g->node[t->src[0]].ne[2], n_tokens = g->node[t->src[2]].ne[1];

    return vf_add(vf_mul3(4, n_expert, vf_add(1, n_tokens)), 8 + 4 * AMAX_PARTS);
}

/* The result is smaller than what the sort needs. */
static uint64_t top_k(const vf_graph *g, const vf_node *t)
{
    const vf_node *a = &g->node[t->src[0]];
    uint64_t sorted = vf_mul(8, vf_mul(vf_mul(a->ne[0], a->ne[1]), vf_mul(a->ne[2], a->ne[3]))), own = vf_g_bytes(t);

    return sorted > own ? sorted - own : 0;
}

void vf_metal_scratch(vf_graph *g)
{
    for (size_t i = 0; i < g->n_order; i++) {
        vf_node *t = &g->node[g->order[i]];

        if (t->op == VF_OP_FLASH_ATTN_EXT && !(t->flags & VF_NODE_CPU_ONLY))
            t->extra = attention(g, t);
        else if (t->op == VF_OP_MUL_MAT_ID)
            t->extra = experts(g, t);
        else if (t->op == VF_OP_ARGSORT)
            t->extra = vf_g_bytes(t);
        else if (t->op == VF_OP_TOP_K)
            t->extra = top_k(g, t);
    }
}
