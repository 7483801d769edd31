/* What runs where, and what is copied there, rule by rule on small graphs (ggml/src/ggml-backend.cpp:
 * ggml_backend_sched_split_graph). Backend 0 is a card, the last one the CPU. */
#include "estimate/graph/plan.h"
#include "memory.h"

CHECK_ALLOCATOR(heap);

#define WIDE 256

static const vf_machine one_card = {.n_backends = 2, .kind = VF_BACKEND_CUDA, .op_offload = true, .copies = 1};
static const vf_machine two_cards = {.n_backends = 3, .kind = VF_BACKEND_CUDA, .copies = 1};

static vf_graph g;
static vf_schedule schedule;

static void begin(void)
{
    vf_graph_init(&g, &heap);
}

static void run(vf_id result, const vf_machine *machine)
{
    vf_g_expand(&g, result);
    vf_schedule_build(&g, machine, &schedule);
    CHECK(!g.failed, "out of memory");
}

static void end(void)
{
    vf_schedule_free(&heap, &schedule);
    vf_graph_free(&g);
}

static vf_id external(int8_t backend, uint16_t type, uint64_t ne0, uint64_t ne1, uint64_t ne2)
{
    vf_id w = vf_g_tensor(&g, type, ne0, ne1, ne2, 1);

    g.node[w].flags |= VF_NODE_EXTERNAL;
    g.node[w].backend = backend;
    return w;
}

static vf_id weight(int8_t backend, uint64_t ne2)
{
    vf_id w = external(backend, VF_TYPE_F16, WIDE, WIDE, ne2);

    g.node[w].flags |= VF_NODE_WEIGHT;
    return w;
}

static vf_id tokens(uint64_t n)
{
    return vf_g_input(&g, VF_TYPE_F32, WIDE, n, 1, 1);
}

static vf_id norm(vf_id x)
{
    return vf_g_map(&g, VF_OP_NORM, x, 0, 0);
}

static int8_t at(vf_id id)
{
    return g.node[id].backend;
}

/* With op offload a product with a weight in system memory runs on the card from 32 tokens on. What counts as tokens
 * depends on the operation; rows of a table are looked up where it lies. */
static void offload_by_batch(void)
{
    for (uint64_t n = 30; n < 35; n++)
        for (int offload = 0; offload < 2; offload++) {
            vf_machine machine = one_card;
            int8_t want = n >= 32 && offload ? 0 : 1;
            vf_id x, product, experts, sum, sum_3d, rows, rope;
            machine.op_offload = offload;
            begin();
            x = tokens(n);
            product = vf_g_mul_mat(&g, weight(1, 1), x);
            experts = vf_g_mul_mat_id(&g, weight(1, 8), vf_g_reshape(&g, product, WIDE, 1, n, 1), vf_g_input(&g, VF_TYPE_I32, 4, n, 1, 1));
            sum = vf_g_map(&g, VF_OP_ADD, product, weight(1, 1), 0);
            sum_3d = vf_g_map(&g, VF_OP_ADD, vf_g_reshape(&g, sum, WIDE, 1, 1, n), weight(1, 1), 0);
            rows = vf_g_get_rows(&g, weight(1, 1), vf_g_input(&g, VF_TYPE_I32, n, 1, 1, 1));
            rope = vf_g_map(&g, VF_OP_ROPE, sum_3d, tokens(1), weight(1, 1));
            vf_g_expand(&g, experts);
            vf_g_expand(&g, rows);
            run(rope, &machine);
            CHECK(at(product) == want, "a product of %d tokens, offload %d", (int)n, offload);
            CHECK(at(experts) == want, "experts of %d tokens, offload %d", (int)n, offload);
            CHECK(at(sum) == want && at(sum_3d) == want, "a sum of %d tokens, offload %d", (int)n, offload);
            CHECK(at(rows) == 1, "rows of a table");
            CHECK(at(rope) == 1 || offload, "a rotation does not follow its table");
            end();
        }
}

/* What decides by itself: a weight, the memory that is written, an input, no kernel on the card. */
static void who_decides(void)
{
    vf_id x, y, cache, write, base3, bare, inside;

    begin();
    x = vf_g_mul_mat(&g, weight(0, 1), tokens(8));
    cache = external(1, VF_TYPE_F16, WIDE, 100, 1);
    write = vf_g_set_rows(&g, cache, x, vf_g_input(&g, VF_TYPE_I64, 8, 1, 1, 1));
    y = vf_g_mul_mat(&g, weight(0, 1), x);
    vf_g_expand(&g, write);
    run(y, &one_card);
    CHECK(at(x) == 0 && at(y) == 0, "where the weight is");
    CHECK(at(write) == 1, "where the cache is");
    CHECK(at(cache) == 1 && at(g.input[0]) == 1, "inputs are the host's");
    end();

    begin(); /* no kernel: the card's weight is read by the CPU; what is behind it goes back */
    x = vf_g_mul_mat(&g, weight(0, 1), tokens(8));
    y = vf_g_mul_mat(&g, weight(0, 1), x);
    g.node[y].flags |= VF_NODE_CPU_ONLY;
    base3 = norm(y);
    run(vf_g_mul_mat(&g, weight(0, 1), base3), &one_card);
    CHECK(at(x) == 0 && at(y) == 1 && at(base3) == 0, "%d %d %d", at(x), at(y), at(base3));
    CHECK_U64(schedule.n_splits, 3, "there and back");
    end();

    begin(); /* ternary weights have no product on CUDA */
    bare = external(0, VF_TYPE_TQ1_0, WIDE, WIDE, 1);
    g.node[bare].flags |= VF_NODE_WEIGHT;
    x = vf_g_mul_mat(&g, bare, tokens(64));
    run(x, &one_card);
    CHECK(at(x) == 1, "TQ1_0");
    end();

    begin(); /* a rotation's table says nothing, attention's mask neither: they run where their neighbours do */
    x = vf_g_mul_mat(&g, weight(0, 1), tokens(8));
    y = vf_g_map(&g, VF_OP_ROPE, x, tokens(1), weight(1, 1));
    inside = vf_g_op(&g, VF_OP_FLASH_ATTN_EXT, VF_TYPE_F32, WIDE, 8, 1, 1, y, weight(1, 1), weight(1, 1));
    run(inside, &one_card);
    CHECK(at(y) == 0 && at(inside) == 0, "rope %d, attention %d", at(y), at(inside));
    end();
}

/* Nodes without a say: behind a card's node they stay there, before one they come to it; only then behind the CPU's;
 * with none of these, on the first card. Views lie where they show. */
static void who_follows(void)
{
    vf_id a, b, c, d, e, f, v;

    begin();
    a = norm(tokens(8)); /* before the first weight */
    b = vf_g_mul_mat(&g, weight(1, 1), a);
    c = norm(b);
    d = vf_g_mul_mat(&g, weight(0, 1), c);
    e = norm(d);
    v = vf_g_reshape(&g, e, 8 * WIDE, 1, 1, 1);
    f = norm(v);
    run(f, &two_cards);
    CHECK(at(a) == 1 && at(b) == 1 && at(c) == 1, "the second card: %d %d %d", at(a), at(b), at(c));
    CHECK(at(d) == 0 && at(e) == 0 && at(v) == 0 && at(f) == 0, "the first: %d %d %d %d", at(d), at(e), at(v), at(f));
    CHECK_U64(schedule.n_splits, 2, "splits");
    end();

    begin(); /* the CPU's neighbours: none behind it where a card is before */
    a = vf_g_mul_mat(&g, weight(0, 1), tokens(8));
    b = norm(a);
    c = vf_g_mul_mat(&g, weight(2, 1), b);
    d = norm(c);
    run(d, &two_cards);
    CHECK(at(b) == 0 && at(c) == 2 && at(d) == 2, "%d %d %d", at(b), at(c), at(d));
    end();

    begin(); /* nothing but the CPU: its neighbours on both sides */
    a = norm(tokens(8));
    b = vf_g_mul_mat(&g, weight(2, 1), a);
    c = norm(b);
    run(c, &two_cards);
    CHECK(at(a) == 2 && at(b) == 2 && at(c) == 2, "%d %d %d", at(a), at(b), at(c));
    end();

    begin(); /* nobody has a say: the first card, but for what it has no kernel for */
    a = norm(tokens(8));
    b = norm(a);
    g.node[b].flags |= VF_NODE_CPU_ONLY;
    c = norm(b);
    run(c, &two_cards);
    CHECK(at(a) == 0 && at(b) == 2 && at(c) == 0, "%d %d %d", at(a), at(b), at(c));
    end();
}

static uint32_t copies_of(vf_id id, int8_t backend)
{
    uint32_t n = 0;

    for (vf_id c = g.node[id].copy; c; c = g.node[c].copy_next)
        n += g.node[c].backend == backend;
    return n;
}

/* A tensor is copied once to each backend that reads it, whatever the number of splits; with pipeline parallelism four
 * times, and inputs four times in all. */
static void copied_once(void)
{
    for (uint32_t copies = 1; copies <= 4; copies += 3) {
        vf_machine machine = two_cards;
        vf_id in, a, b, c, d, read_by_d;
        machine.copies = copies;
        begin();
        in = tokens(8);
        a = vf_g_mul_mat(&g, weight(0, 1), in);
        b = vf_g_mul_mat(&g, weight(1, 1), a);
        c = vf_g_mul_mat(&g, weight(0, 1), b);
        d = vf_g_map(&g, VF_OP_ADD, vf_g_mul_mat(&g, weight(1, 1), c), a, 0);
        read_by_d = vf_g_map(&g, VF_OP_ADD, d, in, 0);
        run(read_by_d, &machine);
        CHECK_U64(schedule.n_splits, 4, "splits");
        CHECK_U64(copies_of(in, 0), copies, "the input on the first card");
        CHECK_U64(copies_of(in, 1), copies, "... on the second");
        CHECK_U64(copies_of(in, 2), copies - 1, "... of the host");
        CHECK_U64(copies_of(a, 1), copies, "read there twice");
        CHECK_U64(copies_of(a, 0), 0, "where it is");
        CHECK(g.node[d].src[1] == g.node[b].src[1] && g.node[d].src[1] != a, "both read one copy");
        CHECK((g.node[in].flags & VF_NODE_OUTPUT) == (copies > 1 ? VF_NODE_OUTPUT : 0), "kept through all of them");
        CHECK(memcmp(g.node[a].ne, g.node[g.node[b].src[1]].ne, sizeof g.node[a].ne) == 0, "the same shape");
        end();
    }
}

/* A weight that is copied to the card starts a split of its own, so that the next one can use its memory, if anything
 * was copied before. */
static void weights_one_at_a_time(void)
{
    vf_machine machine = one_card;
    vf_id x;

    begin();
    x = tokens(64);
    for (int i = 0; i < 4; i++)
        x = vf_g_mul_mat(&g, weight(1, 1), x);
    run(x, &machine);
    CHECK_U64(schedule.n_splits, 4, "each its own");
    end();
    begin(); /* weights of the card do not */
    x = tokens(64);
    for (int i = 0; i < 4; i++)
        x = vf_g_mul_mat(&g, weight(0, 1), x);
    run(x, &machine);
    CHECK_U64(schedule.n_splits, 1, "all one");
    end();
}

static uint32_t dependencies(vf_id on)
{
    uint32_t n = 0;

    for (size_t i = 0; i < schedule.n_node; i++) {
        const vf_node *t = &g.node[schedule.node[i]];
        for (uint32_t k = 0; t->op == VF_OP_NONE && t->view_src == schedule.node[i] && k < t->n_src; k++)
            n += t->src[k] == on;
    }
    return n;
}

/* A run of nodes that CUDA computes in one kernel: what the first one reads, or all of them, is kept until its end; not
 * by other backends, not on the CPU, not where the run is cut. */
static void kept_for_fusion(void)
{
    for (int all = 0; all < 2; all++)
        for (int where = 0; where < 4; where++) { /* a card that fuses, one that does not, the CPU, cut in two */
            vf_machine machine = one_card;
            vf_id x, a, b, c;
            bool kept = where == 0;
            machine.op_offload = false;
            machine.fusion = where != 1;
            begin();
            x = vf_g_mul_mat(&g, weight(where == 2, 1), tokens(8));
            a = vf_g_mul_mat(&g, weight(where == 2, 1), x);
            b = vf_g_mul_mat(&g, weight(where >= 2, 1), a);
            c = norm(b);
            vf_g_expand(&g, c);
            vf_g_fusion(&g, (vf_fusion){.first = 1, .last = 2, .until = all ? 3 : 2, .all_sources = all});
            run(c, &machine);
            CHECK_U64(dependencies(x), kept, "read by the first");
            CHECK_U64(dependencies(a), (uint64_t)(kept && all) + (where == 3), "between, or copied");
            CHECK_U64(dependencies(b), kept && all, "the last");
            end();
        }
}

/* A dependency holds eight tensors; of more there are two. */
static void many_are_kept(void)
{
    for (uint32_t n = 3; n < 12; n++) {
        vf_machine machine = one_card;
        vf_id x, w[12];
        uint32_t nodes = 0;
        machine.fusion = true;
        begin();
        x = vf_g_mul_mat(&g, weight(0, 1), tokens(8));
        vf_g_expand(&g, x);
        for (uint32_t i = 0; i < n; i++) {
            w[i] = norm(x);
            vf_g_expand(&g, w[i]);
        }
        vf_g_expand(&g, norm(w[n - 1]));
        vf_g_fusion(&g, (vf_fusion){.first = 1, .last = n, .until = n + 1, .all_sources = true});
        run(norm(w[0]), &machine);
        for (size_t i = 0; i < schedule.n_node; i++)
            nodes += g.node[schedule.node[i]].op == VF_OP_NONE && g.node[schedule.node[i]].view_src == schedule.node[i] &&
                     g.node[schedule.node[i]].backend == 0;
        CHECK_U64(dependencies(x), nodes, "once in each");
        CHECK_U64(nodes, (n + 1 + 7) / 8, "eight each");
        end();
    }
}

/* A router of experts on a card, a product in system memory, and a mark behind it. */
static void build_a_bit_of_all(void)
{
    vf_id x = vf_g_mul_mat(&g, weight(0, 1), tokens(8)), probs, top, w;

    probs = vf_g_map(&g, VF_OP_SOFT_MAX, x, 0, 0);
    top = vf_g_argsort_top_k(&g, probs, 4);
    w = vf_g_get_rows(&g, vf_g_reshape(&g, probs, 1, WIDE, 8, 1), top);
    vf_g_expand(&g, w);
    vf_g_fusion(&g, (vf_fusion){.first = 1, .last = (uint32_t)g.n_order - 1, .until = (uint32_t)g.n_order, .all_sources = true});
    for (int i = 0; i < 300; i++) /* more than the first room for them */
        vf_g_expand(&g, vf_g_mul_mat(&g, weight((int8_t)(i % 2), 1), tokens(8)));
    x = vf_g_map(&g, VF_OP_ADD, vf_g_mul_mat(&g, weight(1, 1), x), x, 0);
    vf_g_expand(&g, x);
    vf_g_mark(&g, (vf_mark){.node = x, .run = 1});
    for (int i = 0; i < 3; i++)
        x = norm(x);
    vf_g_expand(&g, x);
}

/* Memory that ends anywhere while nodes are placed: the graph has failed, nothing is lost. */
static void memory_ends(void)
{
    static const vf_machine machines[] = {
        {.n_backends = 2, .kind = VF_BACKEND_CUDA, .fusion = true, .copies = 1},
        {.n_backends = 2, .kind = VF_BACKEND_CUDA, .fusion = true, .copies = 4},
        {.n_backends = 2, .kind = VF_BACKEND_VULKAN, .copies = 1},
    };

    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++) {
        bool done = false;
        for (uint64_t k = 1; !done; k++) {
            memory_allocator counts = {.sticky = true};
            vf_allocator a = {memory_resize, &counts};
            uint64_t bytes[VF_PLAN_BACKENDS], before;
            bool steady;
            vf_graph_init(&g, &a);
            build_a_bit_of_all();
            before = counts.calls;
            counts.fail_at = before + k;
            vf_schedule_build(&g, &machines[i], &schedule);
            if (!g.failed) {
                vf_graph_allocate(&g, &machines[i], &schedule, bytes, &steady);
                CHECK(g.failed || !steady || counts.calls < counts.fail_at, "machine %zu, allocation %d: unseen", i, (int)k);
            }
            done = counts.calls < counts.fail_at;
            CHECK(!done || !g.failed, "machine %zu: failed with memory", i);
            CHECK(!g.too_large, "no size was");
            vf_schedule_free(&a, &schedule);
            vf_graph_free(&g);
            CHECK_U64(counts.in_use, 0, "given back");
            CHECK_U64(counts.wrong_sizes, 0, "sizes");
        }
    }
}

int main(void)
{
    offload_by_batch();
    who_decides();
    who_follows();
    copied_once();
    weights_one_at_a_time();
    kept_for_fusion();
    many_are_kept();
    memory_ends();
    return CHECK_END();
}
