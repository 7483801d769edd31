/* Operations of the graph: the shape, the strides and the bytes of what each gives, as ggml's functions of the same
 * name give them (ggml/src/ggml.c), and the order in which nodes are computed. */
#include "estimate/graph/graph.h"
#include "memory.h"

CHECK_ALLOCATOR(heap);

static vf_graph graph;

static vf_id leaf(uint16_t type, uint64_t ne0, uint64_t ne1, uint64_t ne2, uint64_t ne3)
{
    return vf_g_tensor(&graph, type, ne0, ne1, ne2, ne3);
}

/* A tensor by its op, type, elements and strides. */
static void check_node(const char *name, vf_id id, vf_op op, uint16_t type, const uint64_t ne[4], const uint64_t nb[4])
{
    const vf_node *t = &graph.node[id];

    CHECK(t->op == op && t->type == type, "%s: op %d, type %d", name, t->op, t->type);
    for (int i = 0; i < 4; i++)
        CHECK(t->ne[i] == ne[i] && t->nb[i] == nb[i], "%s: dimension %d has %" PRIu64 " elements, %" PRIu64 " bytes apart", name, i,
              t->ne[i], t->nb[i]);
}

#define NODE(id, op, type, e0, e1, e2, e3, b0, b1, b2, b3) \
    check_node(#id, id, op, type, (uint64_t[4]){e0, e1, e2, e3}, (uint64_t[4]){b0, b1, b2, b3})

static void check_sources(const char *name, vf_id id, const vf_id *src, uint32_t n)
{
    const vf_node *t = &graph.node[id];

    CHECK(t->n_src == n, "%s: %u sources, want %u", name, t->n_src, n);
    for (uint32_t i = 0; i < n && i < t->n_src; i++)
        CHECK(t->src[i] == src[i], "%s: source %u is %u, want %u", name, i, t->src[i], src[i]);
}

#define SOURCES(id, ...) \
    check_sources(#id, id, (const vf_id[]){__VA_ARGS__}, (uint32_t)(sizeof((const vf_id[]){__VA_ARGS__}) / sizeof(vf_id)))

static void results_have_their_own_shape(void)
{
    vf_id w = leaf(VF_TYPE_Q4_0, 64, 10, 1, 1), x = leaf(VF_TYPE_F32, 64, 7, 3, 2), ids = leaf(VF_TYPE_I32, 5, 7, 1, 1);
    vf_id experts = leaf(VF_TYPE_F16, 64, 10, 8, 1), both = leaf(VF_TYPE_F32, 20, 3, 1, 1), table = leaf(VF_TYPE_F16, 64, 100, 1, 1);
    vf_id numbers = leaf(VF_TYPE_I32, 6, 100, 1, 1), t;

    t = vf_g_mul_mat(&graph, w, x); /* rows of w by rows of x, f32 whatever w is */
    NODE(t, VF_OP_MUL_MAT, VF_TYPE_F32, 10, 7, 3, 2, 4, 40, 280, 840);
    SOURCES(t, w, x);
    x = leaf(VF_TYPE_F32, 64, 1, 7, 1);
    t = vf_g_mul_mat_id(&graph, experts, x, ids); /* one row for each expert that a token uses */
    NODE(t, VF_OP_MUL_MAT_ID, VF_TYPE_F32, 10, 5, 7, 1, 4, 40, 200, 1400);
    SOURCES(t, experts, x, ids);
    t = vf_g_glu(&graph, both, x);
    NODE(t, VF_OP_GLU, VF_TYPE_F32, 20, 3, 1, 1, 4, 80, 240, 240);
    SOURCES(t, both, x);
    t = vf_g_glu_fused(&graph, both);
    NODE(t, VF_OP_GLU, VF_TYPE_F32, 10, 3, 1, 1, 4, 40, 120, 120);
    SOURCES(t, both);
    t = vf_g_get_rows(&graph, table, ids); /* f32, but integers stay integers */
    NODE(t, VF_OP_GET_ROWS, VF_TYPE_F32, 64, 5, 7, 1, 4, 256, 1280, 8960);
    SOURCES(t, table, ids);
    t = vf_g_get_rows(&graph, numbers, ids);
    NODE(t, VF_OP_GET_ROWS, VF_TYPE_I32, 6, 5, 7, 1, 4, 24, 120, 840);
    t = vf_g_sum_rows(&graph, both);
    NODE(t, VF_OP_SUM_ROWS, VF_TYPE_F32, 1, 3, 1, 1, 4, 4, 12, 12);
    t = vf_g_repeat(&graph, both, 20, 6, 2, 3);
    NODE(t, VF_OP_REPEAT, VF_TYPE_F32, 20, 6, 2, 3, 4, 80, 480, 960);
    t = vf_g_cast(&graph, both, VF_TYPE_F16);
    NODE(t, VF_OP_CPY, VF_TYPE_F16, 20, 3, 1, 1, 2, 40, 120, 120);
    CHECK(graph.node[t].view_src == 0, "a cast has memory of its own");
}

static void concat_adds_along_one_dimension(void)
{
    vf_id a = leaf(VF_TYPE_F32, 2, 3, 4, 5), t;
    static const uint64_t want[4][4] = {{3, 3, 4, 5}, {2, 5, 4, 5}, {2, 3, 7, 5}, {2, 3, 4, 9}};

    for (unsigned dim = 0; dim < 4; dim++) {
        vf_id b = leaf(VF_TYPE_F32, dim == 0 ? 1 : 2, dim == 1 ? 2 : 3, dim == 2 ? 3 : 4, dim == 3 ? 4 : 5);
        t = vf_g_concat(&graph, a, b, dim);
        CHECK(memcmp(graph.node[t].ne, want[dim], sizeof want[dim]) == 0, "concat along %u", dim);
        SOURCES(t, a, b);
    }
}

static void views_share_memory(void)
{
    vf_id x = leaf(VF_TYPE_F32, 8, 6, 4, 2), t, v, sorted;

    t = vf_g_permute(&graph, x, 0, 2, 1, 3); /* dimension 1 becomes the third */
    NODE(t, VF_OP_PERMUTE, VF_TYPE_F32, 8, 4, 6, 2, 4, 192, 32, 768);
    CHECK_U64(graph.node[t].view_src, x, "permute");
    v = vf_g_transpose(&graph, t); /* of a view: the memory is the first tensor's */
    NODE(v, VF_OP_PERMUTE, VF_TYPE_F32, 4, 8, 6, 2, 192, 4, 32, 768);
    CHECK_U64(graph.node[v].view_src, x, "view of a view");
    SOURCES(v, t);
    t = vf_g_reshape(&graph, x, 48, 8, 1, 1);
    NODE(t, VF_OP_RESHAPE, VF_TYPE_F32, 48, 8, 1, 1, 4, 192, 1536, 1536);
    t = vf_g_view_1d(&graph, x, 11);
    NODE(t, VF_OP_VIEW, VF_TYPE_F32, 11, 1, 1, 1, 4, 44, 44, 44);
    t = vf_g_view_2d(&graph, x, 4, 3, 64);
    NODE(t, VF_OP_VIEW, VF_TYPE_F32, 4, 3, 1, 1, 4, 64, 192, 192);
    t = vf_g_view_3d(&graph, x, 4, 3, 2, 64, 500);
    NODE(t, VF_OP_VIEW, VF_TYPE_F32, 4, 3, 2, 1, 4, 64, 500, 1000);
    t = vf_g_argsort_top_k(&graph, x, 3); /* indices of a whole row, of which the first are shown */
    sorted = graph.node[t].view_src;
    NODE(sorted, VF_OP_ARGSORT, VF_TYPE_I32, 8, 6, 4, 2, 4, 32, 192, 768);
    NODE(t, VF_OP_VIEW, VF_TYPE_I32, 3, 6, 4, 2, 4, 32, 192, 768);
    t = vf_g_inplace(&graph, VF_OP_SCALE, x);
    NODE(t, VF_OP_SCALE, VF_TYPE_F32, 8, 6, 4, 2, 4, 32, 192, 768);
    CHECK_U64(graph.node[t].view_src, x, "in place");
    SOURCES(t, x);
}

/* What is written into another tensor is a view of that one, and reads it last. */
static void writes_are_views_of_what_they_write(void)
{
    vf_id cache = leaf(VF_TYPE_F16, 8, 100, 1, 1), rows = leaf(VF_TYPE_F32, 8, 5, 1, 1), ids = leaf(VF_TYPE_I64, 5, 1, 1, 1), t;

    t = vf_g_set_rows(&graph, cache, rows, ids);
    NODE(t, VF_OP_SET_ROWS, VF_TYPE_F16, 8, 100, 1, 1, 2, 16, 1600, 1600);
    CHECK_U64(graph.node[t].view_src, cache, "set_rows");
    SOURCES(t, rows, ids, cache);
    t = vf_g_cpy(&graph, rows, vf_g_view_2d(&graph, cache, 8, 5, 16));
    NODE(t, VF_OP_CPY, VF_TYPE_F16, 8, 5, 1, 1, 2, 16, 80, 80);
    CHECK_U64(graph.node[t].view_src, cache, "cpy into a view");
}

/* ggml_nbytes and ggml_is_contiguous, also of what has gaps. */
static void bytes_and_gaps(void)
{
    vf_id x = leaf(VF_TYPE_F32, 8, 6, 4, 2), q = leaf(VF_TYPE_Q4_0, 64, 10, 3, 1), t;

    CHECK_U64(vf_g_bytes(&graph.node[x]), 8 * 6 * 4 * 2 * 4, "all of it");
    CHECK_U64(vf_g_bytes(&graph.node[q]), 64 / 32 * 18 * 30, "blocks");
    t = vf_g_view_2d(&graph, x, 4, 3, 64); /* up to the last element */
    CHECK_U64(vf_g_bytes(&graph.node[t]), 2 * 64 + 4 * 4, "a view with gaps");
    t = vf_g_view_3d(&graph, x, 4, 3, 2, 64, 500);
    CHECK_U64(vf_g_bytes(&graph.node[t]), 500 + 2 * 64 + 4 * 4, "of three dimensions");
    t = vf_g_transpose(&graph, x);
    CHECK_U64(vf_g_bytes(&graph.node[t]), 8 * 6 * 4 * 2 * 4, "transposed");
    for (unsigned i = 0; i < 4; i++)
        CHECK_U64(vf_g_bytes(&graph.node[leaf(VF_TYPE_F32, i != 0, i != 1, i != 2, i != 3)]), 0, "nothing in it");
    CHECK(vf_g_contiguous(&graph.node[x]) && vf_g_contiguous(&graph.node[q]), "as made");
    CHECK(!vf_g_contiguous(&graph.node[t]), "transposed");
    CHECK(!vf_g_contiguous(&graph.node[vf_g_view_2d(&graph, x, 4, 3, 64)]), "rows with gaps");
    CHECK(vf_g_contiguous(&graph.node[vf_g_view_2d(&graph, x, 4, 1, 64)]), "of one row, no gap");
    CHECK(vf_g_contiguous(&graph.node[vf_g_view_2d(&graph, x, 8, 3, 32)]), "whole rows");
    CHECK(!vf_g_contiguous(&graph.node[vf_g_view_3d(&graph, x, 8, 3, 2, 32, 192)]), "planes with gaps");
    CHECK(vf_g_contiguous(&graph.node[vf_g_view_3d(&graph, x, 8, 3, 2, 32, 96)]), "planes without");
    CHECK(vf_g_contiguous(&graph.node[vf_g_permute(&graph, leaf(VF_TYPE_F32, 8, 1, 1, 5), 0, 2, 1, 3)]), "ones change places");
    CHECK(vf_g_contiguous(&graph.node[vf_g_permute(&graph, leaf(VF_TYPE_F32, 1, 6, 1, 1), 1, 0, 2, 3)]), "a row from a column");
    CHECK(vf_g_contiguous(&graph.node[vf_g_permute(&graph, leaf(VF_TYPE_F32, 6, 1, 1, 1), 1, 0, 2, 3)]), "a column from a row");
    CHECK(!vf_g_contiguous(&graph.node[vf_g_view(&graph, x, (uint64_t[4]){8, 6, 4, 2}, (uint64_t[3]){32, 192, 800})]), "gaps in the last");
}

/* A node takes eight sources and no more; none is none. */
static void sources_are_counted(void)
{
    vf_id x = leaf(VF_TYPE_F32, 1, 1, 1, 1), y = leaf(VF_TYPE_F32, 1, 1, 1, 1);
    vf_id t = vf_g_op(&graph, VF_OP_OTHER, VF_TYPE_F32, 1, 1, 1, 1, 0, x, 0);

    SOURCES(t, x);
    for (int i = 0; i < 10; i++)
        vf_g_add_src(&graph, t, y);
    SOURCES(t, x, y, y, y, y, y, y, y);
}

static void check_order(const char *name, const vf_id *want, size_t n)
{
    CHECK(graph.n_order == n, "%s: %zu nodes, want %zu", name, graph.n_order, n);
    for (size_t i = 0; i < n && i < graph.n_order; i++)
        CHECK(graph.order[i] == want[i], "%s: place %zu has %u, want %u", name, i, graph.order[i], want[i]);
}

/* Depth first, sources in their order, each node once; inputs as they are met, weights nowhere. */
static void order_of_execution(void)
{
    vf_id in = vf_g_input(&graph, VF_TYPE_F32, 4, 4, 1, 1), w = leaf(VF_TYPE_F32, 4, 4, 1, 1), late, a, b, c, d, e;
    vf_id none = leaf(VF_TYPE_F32, 4, 1, 1, 1);
    size_t before;

    graph.node[w].flags |= VF_NODE_EXTERNAL | VF_NODE_WEIGHT;
    CHECK(graph.node[in].flags == VF_NODE_INPUT, "an input");
    a = vf_g_map(&graph, VF_OP_NORM, in, 0, 0);
    b = vf_g_mul_mat(&graph, w, a);
    c = vf_g_reshape(&graph, a, 16, 1, 1, 1);
    d = vf_g_map(&graph, VF_OP_ADD, b, c, 0);
    e = vf_g_map(&graph, VF_OP_ADD, d, none, 0);
    vf_g_expand(&graph, e);
    check_order("expand", (const vf_id[]){a, b, c, d, e}, 5);
    CHECK(graph.n_input == 2 && graph.input[0] == in && graph.input[1] == none, "%zu inputs", graph.n_input);
    before = graph.n_order;
    vf_g_expand(&graph, d);
    CHECK_U64(graph.n_order, before, "each once");
    late = vf_g_map(&graph, VF_OP_NORM, in, 0, 0);
    vf_g_expand(&graph, vf_g_map(&graph, VF_OP_ADD, e, late, 0));
    check_order("what is new", (const vf_id[]){a, b, c, d, e, late, late + 1}, 7);
    /* the second source's branch first where it was expanded first */
    vf_graph_free(&graph);
    vf_graph_init(&graph, &heap);
    in = vf_g_input(&graph, VF_TYPE_F32, 4, 4, 1, 1);
    a = vf_g_map(&graph, VF_OP_NORM, in, 0, 0);
    b = vf_g_map(&graph, VF_OP_NORM, in, 0, 0);
    vf_g_expand(&graph, b);
    vf_g_expand(&graph, c = vf_g_map(&graph, VF_OP_ADD, a, b, 0));
    check_order("as expanded", (const vf_id[]){b, a, c}, 3);
}

/* Marks and fusions are kept in the order of their coming. */
static void notes_are_kept(void)
{
    for (uint32_t i = 0; i < 100; i++) {
        vf_g_mark(&graph, (vf_mark){.node = i, .run = 2 * i});
        vf_g_fusion(&graph, (vf_fusion){.first = i, .last = i + 1, .until = i + 2});
    }
    CHECK(graph.n_mark == 100 && graph.n_fusion == 100, "%zu marks, %zu fusions", graph.n_mark, graph.n_fusion);
    for (uint32_t i = 0; i < 100; i++)
        CHECK(graph.mark[i].node == i && graph.mark[i].run == 2 * i && graph.fusion[i].until == i + 2, "note %u", i);
}

/* Memory that ends: the graph says so, goes on in a tensor that is harmless, and gives back what it had. */
static void memory_ends(void)
{
    bool done = false;

    for (uint64_t fail_at = 1; !done; fail_at++) {
        memory_allocator counts = {.fail_at = fail_at, .sticky = true};
        vf_allocator a = {memory_resize, &counts};
        vf_graph g;
        vf_id x = 0;

        vf_graph_init(&g, &a);
        for (int i = 0; i < 600 && fail_at > 1; i++)
            x = i == 0 ? vf_g_input(&g, VF_TYPE_F32, 4, 4, 1, 1) : vf_g_map(&g, VF_OP_NORM, x, 0, 0);
        if (!g.failed) {
            vf_g_expand(&g, x);
            vf_g_mark(&g, (vf_mark){.node = x});
            vf_g_fusion(&g, (vf_fusion){0});
        }
        done = counts.calls < fail_at;
        CHECK(g.failed != done, "allocation %" PRIu64, fail_at);
        CHECK(done || !g.too_large, "no size was too large");
        if (fail_at == 2) /* the table of nodes does not grow */
            CHECK(x == 0 && g.node[0].ne[0] == 1 && g.node[0].n_src == 0 && vf_g_bytes(&g.node[0]) == 4, "tensor 0 is a scalar");
        vf_graph_free(&g);
        CHECK_U64(counts.in_use, 0, "given back");
        CHECK_U64(counts.wrong_sizes, 0, "sizes");
    }
}

static void with_graph(void (*test)(void))
{
    vf_graph_init(&graph, &heap);
    test();
    CHECK(!graph.failed, "out of memory");
    vf_graph_free(&graph);
}

int main(void)
{
    with_graph(results_have_their_own_shape);
    with_graph(concat_adds_along_one_dimension);
    with_graph(views_share_memory);
    with_graph(writes_are_views_of_what_they_write);
    with_graph(bytes_and_gaps);
    with_graph(sources_are_counted);
    with_graph(order_of_execution);
    with_graph(notes_are_kept);
    memory_ends();
    return CHECK_END();
}
