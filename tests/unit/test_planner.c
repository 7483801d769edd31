/* The planner's rules, one by one, on small graphs: where a tensor lies (ggml/src/ggml-alloc.c: ggml_dyn_tallocr_*,
 * ggml_gallocr_*), and what runs where (ggml/src/ggml-backend.cpp: ggml_backend_sched_split_graph). One row of the
 * graphs is 1024 bytes. */
#include "estimate/graph/plan.h"
#include "memory.h"

CHECK_ALLOCATOR(heap);

#define ROW 256
#define BYTES UINT64_C(1024)
#define GIB (UINT64_C(1) << 30)

static const vf_machine cpu_only = {.n_backends = 1, .kind = VF_BACKEND_CPU, .copies = 1};

static vf_graph g;
static vf_schedule schedule;
static uint64_t bytes[VF_PLAN_BACKENDS];

static void begin(void)
{
    vf_graph_init(&g, &heap);
}

static void plan(vf_id result, const vf_machine *machine)
{
    bool steady = true;

    vf_g_expand(&g, result);
    vf_schedule_build(&g, machine, &schedule);
    vf_graph_allocate(&g, machine, &schedule, bytes, &steady);
}

static void end(void)
{
    vf_schedule_free(&heap, &schedule);
    vf_graph_free(&g);
}

static vf_id input(uint64_t rows)
{
    return vf_g_input(&g, VF_TYPE_F32, ROW, rows, 1, 1);
}

static vf_id other(uint64_t rows, vf_id a, vf_id b, vf_id c)
{
    vf_id id = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, ROW, rows, 1, 1, a, b, c);

    vf_g_expand(&g, id);
    return id;
}

static vf_id weight(int8_t backend, uint16_t type, uint64_t ne0, uint64_t ne1)
{
    vf_id w = vf_g_tensor(&g, type, ne0, ne1, 1, 1);

    g.node[w].flags |= VF_NODE_EXTERNAL | VF_NODE_WEIGHT;
    g.node[w].backend = backend;
    return w;
}

/* ---- where tensors lie ---- */

/* One source, dead afterwards: taken over by these operations and no others. */
static void which_operations_run_in_place(void)
{
    static const uint8_t in_place[] = {VF_OP_FILL, VF_OP_SCALE, VF_OP_ADD, VF_OP_ADD_ID, VF_OP_SUB, VF_OP_MUL, VF_OP_DIV, VF_OP_SQR, VF_OP_SQRT,
                                       VF_OP_UNARY, VF_OP_ROPE, VF_OP_RMS_NORM, VF_OP_CLAMP, VF_OP_SOFT_MAX};

    for (uint8_t op = VF_OP_FILL; op < VF_OP_COUNT; op++) {
        bool want = false;
        vf_id x, y;
        for (size_t i = 0; i < sizeof in_place; i++)
            want = want || in_place[i] == op;
        begin();
        x = input(1);
        y = vf_g_map(&g, (vf_op)op, x, 0, 0);
        plan(y, &cpu_only);
        CHECK((g.node[x].addr == g.node[y].addr) == want && bytes[0] == (want ? BYTES : 2 * BYTES), "op %d", op);
        end();
    }
}

typedef enum obstacle { NOTHING, OTHER_TYPE, OTHER_SHAPE, OTHER_STRIDES, READ_LATER, A_VIEW, AN_OUTPUT, A_WEIGHT, N_OBSTACLES } obstacle;

/* ... but not where somebody needs the source, or it is of another layout; then a later source serves. */
static void what_stands_in_the_way(void)
{
    for (int o = NOTHING; o < N_OBSTACLES; o++) {
        vf_id x, y, sum, result;
        begin();
        x = o == A_WEIGHT ? weight(0, VF_TYPE_F32, ROW, 2) : vf_g_input(&g, o == OTHER_TYPE ? VF_TYPE_I32 : VF_TYPE_F32, ROW, o == OTHER_SHAPE ? 1 : 2, 1, 1);
        y = input(2);
        if (o == OTHER_STRIDES) /* as many elements, as many bytes */
            g.node[x].nb[1] = 2 * BYTES;
        if (o == AN_OUTPUT)
            g.node[x].flags |= VF_NODE_OUTPUT;
        result = sum = vf_g_op(&g, VF_OP_ADD, VF_TYPE_F32, ROW, 2, 1, 1, x, y, 0);
        if (o == READ_LATER)
            result = other(1, sum, x, 0);
        if (o == A_VIEW)
            result = other(1, sum, vf_g_reshape(&g, x, 2 * ROW, 1, 1, 1), 0);
        plan(result, &cpu_only);
        CHECK(g.node[sum].addr == g.node[o == NOTHING ? x : y].addr, "obstacle %d: %" PRIu64, o, g.node[sum].addr);
        end();
    }
}

/* A tensor dies with its last reader, what it shows with its last view; what is freed joins what is free beside it. */
static void memory_comes_back(void)
{
    vf_id part[6], last;

    for (int order = 0; order < 6; order++) { /* three neighbours die in any order: one hole */
        static const int orders[6][3] = {{1, 2, 3}, {1, 3, 2}, {2, 1, 3}, {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};
        begin();
        for (int i = 0; i < 5; i++)
            part[i] = other(1, 0, 0, 0);
        for (int i = 0; i < 3; i++) /* a reader of nothing but it, which lies behind them */
            part[orders[order][i]] = other(1, part[orders[order][i]], 0, 0);
        last = other(3, part[1], part[2], part[3]);
        vf_g_add_src(&g, last, part[0]);
        vf_g_add_src(&g, last, part[4]);
        plan(last, &cpu_only);
        /* the second reader takes the first hole, the third what is left or the second: one row more than the parts */
        CHECK_U64(g.node[part[0]].addr, 0, "first");
        CHECK_U64(g.node[part[4]].addr, 4 * BYTES, "last");
        CHECK(bytes[0] == 9 * BYTES, "order %d: %" PRIu64, order, bytes[0]);
        end();
    }
    for (int views = 0; views < 3; views++) { /* kept by any of its views */
        begin();
        part[0] = other(1, 0, 0, 0);
        part[1] = views ? vf_g_reshape(&g, part[0], ROW / 2, 2, 1, 1) : part[0];
        part[2] = views > 1 ? vf_g_reshape(&g, part[1], ROW, 1, 1, 1) : part[0];
        last = other(1, part[1], 0, 0);
        last = other(1, last, part[2], 0);
        last = other(1, last, 0, 0);
        plan(last, &cpu_only);
        CHECK(g.node[last].addr == 0 && bytes[0] == 3 * BYTES, "%d views: at %" PRIu64, views, g.node[last].addr);
        end();
    }
}

/* Holes of these sizes, and what `need` rows take: the smallest that is large enough, of equals the later; or the end. */
static void best_fit(void)
{
    static const struct {
        uint64_t hole[3], need, at; /* rows */
    } cases[] = {
        {{4, 2, 3}, 1, 5}, {{4, 2, 3}, 2, 5}, {{4, 2, 3}, 3, 8}, {{4, 2, 3}, 4, 0}, {{4, 2, 3}, 5, 12},
        {{2, 2, 2}, 2, 6}, {{2, 2, 2}, 1, 6}, {{3, 2, 2}, 2, 7}, {{2, 3, 2}, 2, 7}, {{2, 2, 3}, 2, 3},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        vf_id hole[3], wall[3], result, first;
        char name[24];
        (void)snprintf(name, sizeof name, "case %zu", i);
        begin();
        for (int k = 0; k < 3; k++) {
            hole[k] = other(cases[i].hole[k], 0, 0, 0);
            wall[k] = other(1, 0, 0, 0);
        }
        first = other(0, hole[0], hole[1], hole[2]); /* of no size, they die with it */
        result = other(cases[i].need, first, 0, 0);
        plan(other(1, result, wall[0], wall[1]), &cpu_only);
        (void)wall[2];
        CHECK_U64(g.node[result].addr, cases[i].at * BYTES, name);
        end();
    }
}

/* In a card's buffer a tensor is padded to 128 bytes, rows of blocks to 512 elements; what a kernel keeps is behind it,
 * and given back when the result is taken over. */
static void padding_of_a_card(void)
{
    const vf_machine card = {.n_backends = 2, .kind = VF_BACKEND_CUDA, .copies = 1};
    vf_id x, y, z;

    begin();
    x = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 33, 1, 1, 1, weight(0, VF_TYPE_F32, 1, 1), 0, 0); /* 132 bytes */
    y = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_Q8_0, 32, 1, 1, 1, x, 0, 0); /* 34 bytes, and 15 blocks of 34 */
    plan(vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 1, 1, 1, 1, x, y, 0), &card);
    CHECK_U64(g.node[x].addr, 0, "first");
    CHECK_U64(g.node[y].addr, 256, "132 bytes take 256");
    CHECK_U64(bytes[0], 256 + 640 + 128, "544 bytes take 640");
    CHECK_U64(bytes[1], 0, "nothing in system memory");
    end();
    begin();
    x = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, ROW, 1, 1, 1, weight(0, VF_TYPE_F32, 1, 1), 0, 0);
    g.node[x].extra = 5 * BYTES;
    y = vf_g_map(&g, VF_OP_SCALE, x, 0, 0); /* over it */
    z = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, ROW, 5, 1, 1, y, 0, 0); /* into what x kept */
    plan(z, &card);
    CHECK(g.node[y].addr == 0 && g.node[z].addr == BYTES && bytes[0] == 6 * BYTES, "given back: %" PRIu64, g.node[z].addr);
    end();
}

/* Vulkan's buffers hold a GiB each, or one tensor that is larger; the sixteenth has no end. Each of system memory is 32
 * bytes larger. */
static void buffers_of_a_gib(void)
{
    const vf_machine card = {.n_backends = 2, .kind = VF_BACKEND_VULKAN, .copies = 1};
    vf_id x[20], last;

    for (uint32_t n = 1; n <= 20; n++) {
        uint64_t each = GIB - GIB / 4, want = n * each;
        begin();
        last = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 1, 1, 1, 1, weight(0, VF_TYPE_F32, 1, 1), 0, 0);
        for (uint32_t i = 0; i < n; i++) {
            x[i] = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, each / 4, 1, 1, 1, 0, 0, 0);
            g.node[x[i]].backend = 0;
            vf_g_expand(&g, x[i]);
        }
        for (uint32_t i = 0; i < n; i += 7) {
            last = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 1, 1, 1, 1, last, 0, 0);
            for (uint32_t k = i; k < n && k < i + 7; k++)
                vf_g_add_src(&g, last, x[k]);
        }
        plan(last, &card);
        CHECK(!g.failed && bytes[0] >= want && bytes[0] <= want + 64, "%u: %" PRIu64, n, bytes[0] - want);
        CHECK_U64(g.node[x[n - 1]].addr >> 60, n < 16 ? n - 1 : 15, "buffer");
        end();
    }
    begin(); /* one that is larger has a buffer of its own size; the next one goes to another */
    x[0] = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, GIB / 2, 1, 1, 1, weight(0, VF_TYPE_F32, 1, 1), 0, 0);
    x[1] = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, GIB / 8, 1, 1, 1, x[0], 0, 0);
    x[2] = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, GIB / 8, 1, 1, 1, x[1], x[0], 0);
    plan(x[2], &card);
    CHECK(g.node[x[1]].addr >> 60 == 1 && g.node[x[2]].addr == g.node[x[1]].addr + GIB / 2, "own size");
    CHECK_U64(bytes[0], 3 * GIB, "own size");
    end();
    begin(); /* in system memory */
    last = other(1, 0, 0, 0);
    for (int i = 0; i < 3; i++) {
        x[i] = vf_g_input(&g, VF_TYPE_F32, GIB / 4 - 64, 1, 1, 1);
        vf_g_add_src(&g, last, x[i]);
    }
    g.node[last].backend = 1;
    plan(last, &card);
    CHECK_U64(bytes[1], 3 * (GIB - 256) + BYTES + 32 * 4, "32 more for each of four");
    end();
    begin(); /* without a card it is plain memory */
    plan(other(1, vf_g_input(&g, VF_TYPE_F32, 8 * GIB, 1, 1, 1), 0, 0), &cpu_only);
    CHECK_U64(bytes[0], 32 * GIB + BYTES, "one buffer");
    end();
}

/* Without room below the marks, the buffer that grows least takes it; with room, where least is spared. */
static void ends_of_buffers(void)
{
    const vf_machine card = {.n_backends = 2, .kind = VF_BACKEND_VULKAN, .copies = 1};
    const uint64_t unit = GIB / 16 / 4;
    vf_id a, b, c, d, e, f;

    begin();
    a = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 12 * unit, 1, 1, 1, weight(0, VF_TYPE_F32, 1, 1), 0, 0);
    b = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 10 * unit, 1, 1, 1, a, 0, 0); /* a second buffer */
    c = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 4 * unit, 1, 1, 1, b, a, 0); /* either grows by all of it: the first */
    d = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 3 * unit, 1, 1, 1, c, b, 0); /* behind b, beside the hole that a left */
    e = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 5 * unit, 1, 1, 1, d, c, 0); /* b's, with 5 to spare: behind d are 8 */
    f = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 1, 1, 1, 1, e, 0, 0);
    plan(f, &card);
    CHECK(g.node[a].addr >> 60 == 0 && g.node[b].addr >> 60 == 1 && g.node[b].addr << 4 == 0, "a and b");
    CHECK_U64(g.node[c].addr, 48 * unit, "c behind a");
    CHECK_U64(g.node[d].addr, 0, "d in the hole that a left");
    CHECK_U64(g.node[e].addr, UINT64_C(1) << 60, "e where b was");
    CHECK_U64(bytes[0], 26 * 4 * unit, "no more than before");
    end();
    begin(); /* both buffers empty again below their marks of 12 and 10: 9 go where one is to spare, not three */
    a = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 12 * unit, 1, 1, 1, weight(0, VF_TYPE_F32, 1, 1), 0, 0);
    b = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 10 * unit, 1, 1, 1, a, 0, 0);
    c = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 0, 1, 1, 1, a, b, 0);
    d = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 9 * unit, 1, 1, 1, c, 0, 0);
    e = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 11 * unit, 1, 1, 1, d, 0, 0);
    f = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 1, 1, 1, 1, e, d, 0);
    plan(f, &card);
    CHECK_U64(g.node[d].addr >> 60, 1, "where one is to spare");
    CHECK_U64(g.node[e].addr >> 60, 0, "the only one with room");
    CHECK_U64(bytes[0], 22 * 4 * unit, "neither grew");
    end();
    begin(); /* marks of 12 and 10 of 16: 13 grow the first by one, not the second by three */
    a = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 12 * unit, 1, 1, 1, weight(0, VF_TYPE_F32, 1, 1), 0, 0);
    b = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 10 * unit, 1, 1, 1, a, 0, 0);
    c = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 0, 1, 1, 1, a, b, 0);
    d = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, 13 * unit, 1, 1, 1, c, 0, 0);
    plan(d, &card);
    CHECK_U64(g.node[d].addr, 0, "grows least");
    CHECK_U64(bytes[0], 23 * 4 * unit, "by one");
    end();
}

/* Sizes past every limit, and more holes than the planner keeps (256 in llama.cpp): no result. */
static void past_the_limits(void)
{
    vf_id last;

    begin();
    plan(other(1, vf_g_input(&g, VF_TYPE_F32, UINT64_C(1) << 58, 1, 1, 1), 0, 0), &cpu_only);
    CHECK(g.failed && g.too_large, "2^60 bytes and a row");
    end();
    begin();
    plan(other(1, vf_g_input(&g, VF_TYPE_F32, UINT64_C(1) << 60, 1, 1, 1), 0, 0), &cpu_only);
    CHECK(g.failed && g.too_large, "2^62 bytes");
    end();
    begin();
    plan(other(0, vf_g_input(&g, VF_TYPE_F32, UINT64_C(1) << 58, 1, 1, 1), 0, 0), &cpu_only);
    CHECK(!g.failed && bytes[0] == UINT64_C(1) << 60, "2^60 bytes and no more");
    end();
    for (uint32_t n = 255; n <= 257; n++) { /* every other of 2n parts dies: n holes, and the end */
        vf_id part[520], dead = 0, alive;
        begin();
        for (uint32_t i = 0; i < 2 * n; i++)
            part[i] = other(1, 0, 0, 0);
        for (uint32_t i = 0; i < n; i += 7) {
            dead = other(0, dead, 0, 0);
            for (uint32_t k = i; k < n && k < i + 7; k++)
                vf_g_add_src(&g, dead, part[2 * k]);
        }
        alive = dead;
        for (uint32_t i = 0; i < n; i += 7) {
            alive = other(0, alive, 0, 0);
            for (uint32_t k = i; k < n && k < i + 7; k++)
                vf_g_add_src(&g, alive, part[2 * k + 1]);
        }
        plan(alive, &cpu_only);
        CHECK(g.failed == (n >= 256) && !g.too_large, "%u holes", n);
        end();
    }
    begin(); /* inputs are leaves from the start, an output's memory is never another's */
    last = input(1);
    g.node[last].flags |= VF_NODE_OUTPUT;
    plan(other(1, other(1, other(1, last, 0, 0), 0, 0), 0, 0), &cpu_only);
    CHECK_U64(bytes[0], 3 * BYTES, "an input that is read afterwards");
    end();
}

int main(void)
{
    which_operations_run_in_place();
    what_stands_in_the_way();
    memory_comes_back();
    best_fit();
    padding_of_a_card();
    buffers_of_a_gib();
    ends_of_buffers();
    past_the_limits();
    return CHECK_END();
}
