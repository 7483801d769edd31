/* Vulkan's kernels, and the order in which its backend runs the nodes of a split (ggml/src/ggml-vulkan/ggml-vulkan.cpp:
 * ggml_backend_vk_device_supports_op, ggml_vk_graph_optimize): patterns that one kernel computes stay together, up to 20
 * nodes ahead are looked at for such as can run beside the next one. Nodes are named by letters in the order in which the
 * model's code makes them. */
#include "estimate/graph/plan.h"
#include "estimate/graph/vulkan.h"
#include "memory.h"

CHECK_ALLOCATOR(heap);

static const vf_machine card = {.n_backends = 2, .kind = VF_BACKEND_VULKAN, .copies = 1};

static vf_graph g;
static vf_schedule schedule;
static vf_id letter[64];
static uint32_t n_letters;

/* ---- kernels ---- */

static vf_id tensor(uint16_t type, uint64_t ne0, uint64_t ne1, uint64_t ne2, uint64_t ne3)
{
    return vf_g_tensor(&g, type, ne0, ne1, ne2, ne3);
}

static bool supported(vf_id id)
{
    return vf_vulkan_supports(&g, &g.node[id]);
}

static vf_id gapped(vf_id x)
{
    const vf_node *t = &g.node[x];

    return vf_g_view(&g, x, t->ne, (uint64_t[3]){2 * t->nb[1], 2 * t->nb[2], 2 * t->nb[3]});
}

static void kernels(void)
{
    static const uint8_t contiguous[] = {VF_OP_SCALE, VF_OP_SOFT_MAX, VF_OP_ARGSORT, VF_OP_TOP_K, VF_OP_GROUP_NORM};
    vf_id x, q, f, y;

    vf_graph_init(&g, &heap);
    x = tensor(VF_TYPE_F32, 64, 4, 2, 2);
    for (size_t i = 0; i < sizeof contiguous; i++) {
        CHECK(supported(vf_g_map(&g, (vf_op)contiguous[i], x, 0, 0)), "op %d", contiguous[i]);
        CHECK(!supported(vf_g_map(&g, (vf_op)contiguous[i], gapped(x), 0, 0)), "op %d of rows with gaps", contiguous[i]);
    }
    CHECK(supported(vf_g_map(&g, VF_OP_ADD, gapped(x), x, 0)), "a sum of rows with gaps");
    for (uint64_t head = 8; head <= 256; head += 8) {
        bool want = head == 16 || head == 32 || head == 64 || head == 128;
        vf_id v = tensor(VF_TYPE_F32, head, 4, 8, 1);
        CHECK(supported(vf_g_op(&g, VF_OP_GATED_DELTA_NET, VF_TYPE_F32, 4 * head, 8, 1, 1, x, x, v)) == want, "delta net, %d", (int)head);
        y = tensor(VF_TYPE_F32, head, 4, 8, 1);
        CHECK(supported(vf_g_op(&g, VF_OP_LIGHTNING_INDEXER, VF_TYPE_F32, 8, 8, 1, 1, y, x, 0)) == (head == 128), "indexer, %d", (int)head);
    }
    /* a product: as many matrices on both sides of the last dimension; quantized rows without gaps */
    q = tensor(VF_TYPE_Q8_0, 64, 4, 2, 2);
    f = tensor(VF_TYPE_F16, 64, 4, 2, 2);
    CHECK(supported(vf_g_mul_mat(&g, q, x)) && supported(vf_g_mul_mat(&g, f, x)), "a product");
    CHECK(!supported(vf_g_mul_mat(&g, tensor(VF_TYPE_F16, 64, 4, 2, 1), x)), "of one and two");
    CHECK(supported(vf_g_mul_mat(&g, gapped(f), x)) && !supported(vf_g_mul_mat(&g, gapped(q), x)), "with gaps");
    y = vf_g_view(&g, q, g.node[q].ne, (uint64_t[3]){68, 68 * 4 * 3, 68 * 4 * 3 * 2}); /* gaps between groups only */
    CHECK(supported(vf_g_mul_mat(&g, y, x)), "groups with gaps");
    y = vf_g_view(&g, q, g.node[q].ne, (uint64_t[3]){68, 68 * 4, 68 * 4 * 3});
    CHECK(!supported(vf_g_mul_mat(&g, y, x)), "gaps between the last");
    y = vf_g_view(&g, q, (uint64_t[4]){64, 4, 2, 1}, (uint64_t[3]){68, 68 * 4, 68 * 4 * 3});
    CHECK(supported(vf_g_mul_mat(&g, y, tensor(VF_TYPE_F32, 64, 4, 2, 1))), "where there is but one");
    /* copies: a quantized tensor to its own type needs both without gaps */
    CHECK(supported(vf_g_map(&g, VF_OP_CONT, gapped(f), 0, 0)), "copy of f16 rows");
    CHECK(!supported(vf_g_map(&g, VF_OP_CONT, gapped(q), 0, 0)) && supported(vf_g_map(&g, VF_OP_CONT, q, 0, 0)), "of quantized rows");
    CHECK(!supported(vf_g_cpy(&g, q, gapped(q))) && supported(vf_g_cpy(&g, q, tensor(VF_TYPE_Q8_0, 64, 4, 2, 2))), "into rows with gaps");
    CHECK(supported(vf_g_cast(&g, gapped(q), VF_TYPE_F32)) && supported(vf_g_cpy(&g, gapped(q), tensor(VF_TYPE_Q4_0, 64, 4, 2, 2))), "to another type");
    /* experts: one set of numbers for each batch */
    y = vf_g_mul_mat_id(&g, tensor(VF_TYPE_F16, 64, 4, 8, 1), tensor(VF_TYPE_F32, 64, 1, 7, 1), tensor(VF_TYPE_I32, 2, 7, 1, 1));
    CHECK(supported(y), "experts");
    y = vf_g_mul_mat_id(&g, tensor(VF_TYPE_F16, 64, 4, 8, 1), tensor(VF_TYPE_F32, 64, 1, 7, 2), tensor(VF_TYPE_I32, 2, 7, 1, 1));
    CHECK(!supported(y), "of two batches by one");
    /* no tensor of 4 GiB */
    CHECK(supported(vf_g_map(&g, VF_OP_ADD, tensor(VF_TYPE_F32, (UINT64_C(1) << 30) - 1, 1, 1, 1), 0, 0)), "4 bytes less");
    CHECK(!supported(vf_g_map(&g, VF_OP_ADD, tensor(VF_TYPE_F32, UINT64_C(1) << 30, 1, 1, 1), 0, 0)), "4 GiB");
    CHECK(!supported(vf_g_op(&g, VF_OP_ADD, VF_TYPE_F32, 1, 1, 1, 1, x, tensor(VF_TYPE_F32, UINT64_C(1) << 30, 1, 1, 1), 0)), "read");
    CHECK(!supported(vf_g_op(&g, VF_OP_ADD, VF_TYPE_F32, UINT64_C(1) << 30, 1, 1, 1, x, 0, 0)), "written");
    vf_graph_free(&g);
}

/* ---- the order ---- */

static vf_id add_letter(vf_id id)
{
    vf_g_expand(&g, id);
    return letter[n_letters++] = id;
}

static vf_id add(vf_op op, vf_id a, vf_id b)
{
    return add_letter(vf_g_op(&g, op, VF_TYPE_F32, 64, 8, 1, 1, a, b, 0));
}

static vf_id weight(void)
{
    vf_id w = tensor(VF_TYPE_F16, 64, 64, 1, 1);

    g.node[w].flags |= VF_NODE_EXTERNAL | VF_NODE_WEIGHT;
    g.node[w].backend = 0;
    return w;
}

static vf_id product(vf_id x)
{
    return add_letter(vf_g_mul_mat(&g, weight(), x));
}

static vf_id view(vf_id x)
{
    return add_letter(vf_g_reshape(&g, x, 64, 8, 1, 1));
}

/* A row of a cache of its own. */
static vf_id write(vf_id rows)
{
    vf_id cache = tensor(VF_TYPE_F16, 64, 100, 1, 1);

    g.node[cache].flags |= VF_NODE_EXTERNAL;
    g.node[cache].backend = 0;
    return add_letter(vf_g_set_rows(&g, cache, rows, 0));
}

static vf_id begin(void)
{
    vf_graph_init(&g, &heap);
    n_letters = 0;
    return product(vf_g_input(&g, VF_TYPE_F32, 64, 8, 1, 1)); /* A: where all begins */
}

static void check_order(const char *name, const char *want)
{
    char got[65];
    uint32_t n = 0;

    vf_schedule_build(&g, &card, &schedule);
    CHECK(!g.failed, "%s: out of memory", name);
    for (size_t i = 0; i < schedule.n_node; i++)
        for (uint32_t k = 0; k < n_letters; k++)
            if (letter[k] == schedule.node[i] && n < 64)
                got[n++] = (char)(k < 26 ? 'A' + k : 'a' + k - 26);
    got[n] = 0;
    CHECK_STR(got, want, name);
    vf_schedule_free(&heap, &schedule);
    vf_graph_free(&g);
}

static void side_by_side(void)
{
    vf_id a, b, c;

    a = begin(); /* C needs nothing that B makes: it joins A's set, B follows */
    b = add(VF_OP_NORM, a, 0);
    c = product(vf_g_input(&g, VF_TYPE_F32, 64, 8, 1, 1));
    add(VF_OP_OTHER, b, c);
    check_order("what is free goes first", "ACBD");

    a = begin(); /* a chain stays one */
    b = add(VF_OP_NORM, a, 0);
    c = add(VF_OP_NORM, b, 0);
    add(VF_OP_NORM, c, 0);
    check_order("a chain", "ABCD");

    for (uint32_t between = 17; between <= 20; between++) { /* 20 nodes are looked at, the first one's with it */
        static const char chain[] = "BCDEFGHIJKLMNOPQRSTU";
        uint32_t before = between <= 18 ? 0 : between - 18; /* nodes that do not see it yet */
        char want[32];
        a = b = begin();
        for (uint32_t i = 0; i < between; i++)
            b = add(VF_OP_NORM, b, 0);
        product(vf_g_input(&g, VF_TYPE_F32, 64, 8, 1, 1));
        (void)snprintf(want, sizeof want, "A%.*s%c%.*s", (int)before, chain, (char)('B' + between), (int)(between - before), &chain[before]);
        check_order("far ahead", want);
    }
}

/* What must not be overtaken: what it reads, what reads what it writes, what writes the same memory. */
static void what_depends(void)
{
    vf_id a, b, cache;

    a = begin();
    b = add(VF_OP_NORM, a, 0);
    cache = tensor(VF_TYPE_F16, 64, 100, 1, 1);
    g.node[cache].flags |= VF_NODE_EXTERNAL;
    g.node[cache].backend = 0;
    add_letter(vf_g_set_rows(&g, cache, b, 0));                                 /* C writes */
    add(VF_OP_OTHER, cache, 0);                                                 /* D reads what it wrote */
    add_letter(vf_g_set_rows(&g, cache, vf_g_input(&g, VF_TYPE_F32, 64, 8, 1, 1), 0)); /* E writes again */
    product(vf_g_input(&g, VF_TYPE_F32, 64, 8, 1, 1));                          /* F is free */
    check_order("one memory", "AFBCDE");

    a = begin(); /* a view of what is written is that memory */
    b = add(VF_OP_NORM, a, 0);
    write(b);
    view(vf_g_reshape(&g, g.node[letter[2]].view_src, 64, 100, 1, 1));
    add(VF_OP_OTHER, letter[3], 0);
    check_order("through a view", "ABCDE");
}

/* Two nodes that make one kernel follow each other. */
static void pairs_stay_together(void)
{
    static const struct {
        uint8_t first, second;
        bool adjacent, pair;
    } cases[] = {{VF_OP_RMS_NORM, VF_OP_MUL, false, true}, {VF_OP_UNARY, VF_OP_MUL, false, true}, {VF_OP_MUL_MAT, VF_OP_ADD, true, true},
                 {VF_OP_MUL_MAT_ID, VF_OP_ADD_ID, true, true}, {VF_OP_MUL_MAT_ID, VF_OP_MUL, true, true}, {VF_OP_ADD, VF_OP_ADD, true, true},
                 {VF_OP_SSM_CONV, VF_OP_ADD, true, true}, {VF_OP_SSM_CONV, VF_OP_UNARY, true, true}, {VF_OP_NORM, VF_OP_MUL, false, false},
                 {VF_OP_MUL_MAT, VF_OP_MUL, false, false}, {VF_OP_ADD, VF_OP_MUL, false, false}, {VF_OP_UNARY, VF_OP_ADD, false, false}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int apart = 0; apart < 3; apart++) { /* next to each other, a view between, a node between */
            vf_id a = begin(), in = vf_g_input(&g, VF_TYPE_F32, 64, 8, 1, 1), b;
            bool together = cases[i].pair && (apart == 0 || (apart == 1 && !cases[i].adjacent));
            add(VF_OP_NORM, a, 0);                                                 /* B waits for A */
            if (cases[i].first == VF_OP_MUL_MAT)
                b = product(in);
            else if (cases[i].first == VF_OP_MUL_MAT_ID)
                b = add_letter(vf_g_mul_mat_id(&g, weight(), in, vf_g_input(&g, VF_TYPE_I32, 1, 8, 1, 1)));
            else
                b = add((vf_op)cases[i].first, in, 0);                             /* C runs beside A */
            if (apart == 1)
                view(a);                                                           /* D */
            if (apart == 2)
                add(VF_OP_NORM, a, 0);
            add((vf_op)cases[i].second, b, 0);                                     /* D or E: with C, or after B */
            if (apart == 0)
                check_order("side by side", together ? "ACDB" : "ACBD");
            else if (apart == 1)
                /* views end a set, but not behind a sum, which they would part from what is fused with it */
                check_order("a view between", together ? (cases[i].second == VF_OP_ADD ? "ACEBD" : "ACEDB")
                                              : cases[i].first == VF_OP_ADD ? "ACBED" : "ACDBE");
            else /* an activation brings its product from afar */
                check_order("a node between", cases[i].first == VF_OP_UNARY && cases[i].second == VF_OP_MUL ? "ACEBD" : "ACBDE");
        }
}

/* Memory that a router reads is kept until its end, or the scale behind it. */
static void routers_keep_what_they_read(void)
{
    for (int scale = 0; scale < 2; scale++) {
        vf_id a = begin(), probs, sorted, t, last;
        uint32_t kept = 0;
        probs = add_letter(vf_g_map(&g, VF_OP_SOFT_MAX, a, 0, 0));                  /* B */
        view(probs);                                                               /* C */
        sorted = vf_g_argsort_top_k(&g, probs, 4);
        add_letter(g.node[sorted].view_src);                                       /* D */
        add_letter(sorted);                                                        /* E */
        t = last = add_letter(vf_g_get_rows(&g, letter[2], sorted));               /* F */
        if (scale)
            last = add_letter(vf_g_map(&g, VF_OP_SCALE, t, 0, 0));                 /* G */
        vf_schedule_build(&g, &card, &schedule);
        for (size_t i = 1; i < schedule.n_node; i++) { /* a dependency, right behind the last */
            const vf_node *node = &g.node[schedule.node[i]];
            if (node->op != VF_OP_NONE || node->view_src != schedule.node[i] || schedule.node[i - 1] != last)
                continue;
            for (uint32_t k = 0; k < node->n_src; k++)
                kept += node->src[k] == a;
        }
        CHECK_U64(kept, 1, "the logits are kept");
        vf_schedule_free(&heap, &schedule);
        vf_graph_free(&g);
    }
}

/* A write of the cache is run with the rotation whose result it takes, if nobody else reads that. */
static void writes_follow_rotations(void)
{
    for (int c = 0; c < 4; c++) { /* plain; read by somebody else, as an output, its view read by somebody else */
        vf_id a = begin(), in = vf_g_input(&g, VF_TYPE_F32, 64, 8, 1, 1), rope, rows;
        add(VF_OP_NORM, a, 0);                                     /* B */
        rope = add(VF_OP_ROPE, in, 0);                             /* C beside A */
        add(VF_OP_NORM, a, 0);                                     /* D parts the pattern */
        rows = add_letter(vf_g_view_2d(&g, rope, 64, 8, 256));     /* E */
        write(rows);                                               /* F */
        if (c == 1)
            add(VF_OP_NORM, rope, 0);                              /* G */
        if (c == 2)
            g.node[rope].flags |= VF_NODE_OUTPUT;
        if (c == 3)
            add(VF_OP_NORM, rows, 0);                              /* G */
        check_order("a cache row", c == 0 ? "ACEFBD" : c == 2 ? "ACEBDF" : "ACEBDFG");
    }
}

static vf_id input(void)
{
    return vf_g_input(&g, VF_TYPE_F32, 64, 8, 1, 1);
}

/* Three nodes that make one kernel: the third is brought from up to 15 nodes behind the second, if what it reads besides
 * is there. */
static void kernels_bring_their_rest(void)
{
    static const struct {
        uint8_t op[3];
        bool brought;
    } cases[] = {{{VF_OP_MUL_MAT_ID, VF_OP_ADD_ID, VF_OP_MUL}, true}, {{VF_OP_MUL_MAT, VF_OP_ADD, VF_OP_ADD}, true},
                 {{VF_OP_SSM_CONV, VF_OP_ADD, VF_OP_UNARY}, true}, {{VF_OP_MUL_MAT_ID, VF_OP_ADD_ID, VF_OP_ADD}, false},
                 {{VF_OP_MUL_MAT, VF_OP_ADD, VF_OP_MUL}, false}, {{VF_OP_SSM_CONV, VF_OP_ADD, VF_OP_ADD}, false},
                 {{VF_OP_ADD, VF_OP_ADD, VF_OP_UNARY}, false}, {{VF_OP_RMS_NORM, VF_OP_MUL, VF_OP_ROPE}, true},
                 {{VF_OP_RMS_NORM, VF_OP_MUL, VF_OP_MUL}, false}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (uint32_t between = 1; between < 16; between++)
            for (int late = 0; late < 2; late++) { /* what it reads besides: an input, or B */
                static const char chain[] = "EFGHIJKLMNOPQRS";
                bool one = cases[i].op[2] == VF_OP_UNARY, brought = cases[i].brought && between <= 13 && (!late || one);
                vf_id a = begin(), b, c, d;
                char want[32];
                b = add(VF_OP_NORM, a, 0);
                c = cases[i].op[0] == VF_OP_MUL_MAT ? product(input()) : add((vf_op)cases[i].op[0], input(), input());
                d = add((vf_op)cases[i].op[1], c, input());
                for (uint32_t k = 0; k < between; k++)
                    add(VF_OP_NORM, a, 0);
                add((vf_op)cases[i].op[2], d, one ? 0 : late ? b : input());
                if (brought)
                    (void)snprintf(want, sizeof want, "ACD%cB%.*s", (char)('E' + between), (int)between, chain);
                else
                    (void)snprintf(want, sizeof want, "ACDB%.*s%c", (int)between, chain, (char)('E' + between));
                check_order("three in one", want);
            }
}

/* A rotation behind a norm, with the cache row that is written from it; a norm with its own. */
static void rotations_bring_the_cache_row(void)
{
    for (int c = 0; c < 4; c++) { /* factors: none, a leaf, a node; positions that are computed */
        vf_id a = begin(), b = add(VF_OP_NORM, a, 0), normed = add(VF_OP_MUL, add(VF_OP_RMS_NORM, input(), 0), input()), rope;
        add(VF_OP_NORM, a, 0); /* E */
        rope = add(VF_OP_ROPE, normed, c == 3 ? b : input()); /* F */
        vf_g_add_src(&g, rope, c == 1 ? input() : c == 2 ? b : 0);
        write(add_letter(vf_g_view_2d(&g, rope, 64, 8, 256))); /* G and H */
        check_order("norm, rotation, cache row", c < 2 ? "ACDFGHBE" : "ACDBEFGH");
    }
    vf_id a = begin(), row;
    add(VF_OP_NORM, a, 0);
    row = add(VF_OP_RMS_NORM, input(), 0);
    add(VF_OP_NORM, a, 0);
    write(add_letter(vf_g_view_2d(&g, row, 64, 8, 256)));
    check_order("norm, cache row", "ACEFBD");
    a = begin(); /* not of any other node */
    add(VF_OP_NORM, a, 0);
    row = add(VF_OP_NORM, input(), 0);
    add(VF_OP_NORM, a, 0);
    write(add_letter(vf_g_view_2d(&g, row, 64, 8, 256)));
    check_order("another norm", "ACEBDF");
}

/* An activation's product: of the same type, whole rows, one operand repeated over the other at most. */
static void products_of_activations(void)
{
    enum { PLAIN, OF_F16, ROWS_APART, NARROW, WIDE, NOT_THERE, N_CASES };

    for (int first = 0; first < 2; first++) /* the activation is the first operand, or the second */
        for (int c = 0; c < N_CASES; c++) {
            vf_id a = begin(), b = add(VF_OP_NORM, a, 0), in = input(), unary, other;
            bool brought = c == PLAIN || (first ? c == NARROW : c == WIDE);
            unary = add(VF_OP_UNARY, in, 0); /* C */
            add(VF_OP_NORM, a, 0);           /* D */
            other = vf_g_input(&g, c == OF_F16 ? VF_TYPE_F16 : VF_TYPE_F32, 64, c == NARROW ? 4 : c == WIDE ? 16 : 8, c == ROWS_APART ? 2 : 1, 1);
            if (c == ROWS_APART)
                g.node[other].nb[2] *= 2;
            if (c == NOT_THERE)
                other = b;
            add_letter(vf_g_op(&g, VF_OP_MUL, VF_TYPE_F32, 64, 8, 1, 1, first ? unary : other, first ? other : unary, 0)); /* E */
            check_order("an activation's product", brought ? "ACEBD" : "ACBDE");
        }
}

/* A split is the card's by its first node that computes: views before it have no say (C reads a copy of what they show). */
static void views_come_first(void)
{
    vf_id a, b;

    vf_graph_init(&g, &heap);
    n_letters = 0;
    a = view(view(vf_g_input(&g, VF_TYPE_F32, 64, 8, 1, 1)));
    b = product(a);
    add(VF_OP_NORM, b, 0);
    product(vf_g_input(&g, VF_TYPE_F32, 64, 8, 1, 1));
    check_order("views first", "ACEBD");
}

typedef struct pattern_row {
    uint32_t whole; /* so many of its nodes are a pattern by themselves */
    uint8_t op[13];
} pattern_row;

static const pattern_row rows[] = {
    {5, {VF_OP_SOFT_MAX, VF_OP_RESHAPE, VF_OP_ARGSORT, VF_OP_VIEW, VF_OP_GET_ROWS, VF_OP_RESHAPE, VF_OP_SUM_ROWS, VF_OP_CLAMP, VF_OP_DIV, VF_OP_RESHAPE}},
    {11, {VF_OP_UNARY, VF_OP_RESHAPE, VF_OP_ADD, VF_OP_ARGSORT, VF_OP_VIEW, VF_OP_GET_ROWS, VF_OP_RESHAPE, VF_OP_SUM_ROWS, VF_OP_CLAMP, VF_OP_DIV,
          VF_OP_RESHAPE}},
    {12, {VF_OP_UNARY, VF_OP_SQRT, VF_OP_RESHAPE, VF_OP_ADD, VF_OP_ARGSORT, VF_OP_VIEW, VF_OP_GET_ROWS, VF_OP_RESHAPE, VF_OP_SUM_ROWS, VF_OP_CLAMP,
          VF_OP_DIV, VF_OP_RESHAPE}},
    {6, {VF_OP_ARGSORT, VF_OP_VIEW, VF_OP_GET_ROWS, VF_OP_RESHAPE, VF_OP_SOFT_MAX, VF_OP_RESHAPE}},
    {3, {VF_OP_RMS_NORM, VF_OP_MUL, VF_OP_ADD, VF_OP_MUL}},
    {5, {VF_OP_RMS_NORM, VF_OP_MUL, VF_OP_ROPE, VF_OP_VIEW, VF_OP_SET_ROWS}},
    {3, {VF_OP_RMS_NORM, VF_OP_VIEW, VF_OP_SET_ROWS}},
    {3, {VF_OP_ROPE, VF_OP_VIEW, VF_OP_SET_ROWS}},
};

/* The nodes of a row, each reading the one before it; number `broken` is of another kind. */
static void add_row(const pattern_row *row, uint32_t broken)
{
    vf_id x = vf_g_input(&g, VF_TYPE_F32, 64, 8, 1, 1);

    for (uint32_t i = 0; row->op[i]; i++)
        if (i == broken)
            x = add(VF_OP_NORM, x, 0);
        else if (vf_op_is_view(row->op[i]))
            x = add_letter(row->op[i] == VF_OP_VIEW ? vf_g_view_2d(&g, x, 64, 8, 256) : vf_g_reshape(&g, x, 64, 8, 1, 1));
        else
            x = row->op[i] == VF_OP_SET_ROWS ? write(x) : add((vf_op)row->op[i], x, 0);
}

/* A pattern is run whole and by itself: what is free joins the set before it, its first node does not; broken in any
 * place, its first node joins like any other. */
static void patterns_stay_whole(void)
{
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++)
        for (uint32_t broken = 1; broken < 14; broken++) {
            vf_id a = begin();
            char want[40] = "", rest[16];
            uint32_t n = 0;
            add_row(&rows[k], broken);
            while (rows[k].op[n])
                n++;
            product(vf_g_input(&g, VF_TYPE_F32, 64, 8, 1, 1));
            (void)a;
            for (uint32_t i = 0; i < n; i++)
                rest[i] = (char)('B' + i);
            rest[n] = 0;
            if (broken >= rows[k].whole) {
                (void)snprintf(want, sizeof want, "A%c%s", (char)('B' + n), rest);
                check_order("a pattern", want);
                continue;
            }
            vf_schedule_build(&g, &card, &schedule);
            CHECK(schedule.n_node > 2 && schedule.node[schedule.n_node - 1] != 0, "a graph");
            for (size_t i = 0, at_b = 0, at_x = 0; i < schedule.n_node; i++) {
                at_b = schedule.node[i] == letter[1] ? i : at_b;
                at_x = schedule.node[i] == letter[n + 1] ? i : at_x;
                if (i + 1 == schedule.n_node)
                    CHECK(at_b < at_x, "row %zu, broken in place %u: its first node waits", k, broken);
            }
            vf_schedule_free(&heap, &schedule);
            vf_graph_free(&g);
        }
}

int main(void)
{
    patterns_stay_whole();
    kernels();
    side_by_side();
    what_depends();
    pairs_stay_together();
    routers_keep_what_they_read();
    writes_follow_rotations();
    views_come_first();
    kernels_bring_their_rest();
    rotations_bring_the_cache_row();
    products_of_activations();
    return CHECK_END();
}
