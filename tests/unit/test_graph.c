/* Compute buffers, flash attention "auto" and the planner's rules. The rows were measured with
 * llama.cpp's own allocator (release v0.5.0, CUDA backend on a pretend driver); a difference of one byte
 * is a failure. The models come from the catalog. */
#include "estimate/graph/graph.h"
#include "estimate/graph/plan.h"
#include "estimate/placement.h"

#include "memory.h"

CHECK_ALLOCATOR(heap);

static vf_catalog *catalog;

typedef struct row {
    const char *model, *quant; /* NULL: Q4_K_M */
    uint32_t more_cards, cc;   /* 0: 8.6 */
    uint64_t mib[3];           /* 0: all of the same size */
    uint32_t n_ctx, n_ubatch, n_seq, n_outputs, gpu_layers; /* 0: default (all) */
    vf_auto fa;
    vf_type type_k, type_v; /* 0: f16 */
    double split[3];
    bool on_cpu, host_layers, cpu_moe, kv_unified, swa_full, no_kv_offload, no_op_offload;
    uint64_t device[3], host; /* bytes */
} row;

static const row rows[] = {
    {"llama-2-7b", .device = {97005568}, .host = 20985856},
    {"llama-2-7b", .n_ctx = 8192, .fa = VF_OFF, .device = {603987968}, .host = 50341888},
    {"llama-2-7b", .n_ctx = 32768, .fa = VF_ON, .type_k = VF_TYPE_Q8_0, .type_v = VF_TYPE_Q8_0,
     .device = {604073984}, .host = 50427904},
    {"llama-2-7b", .n_ctx = 16384, .n_ubatch = 2048, .device = {438353920}, .host = 134275072},
    {"llama-2-7b", .n_ctx = 8192, .n_seq = 4, .device = {94908416}, .host = 18888704},
    {"llama-2-7b", .n_ctx = 8192, .no_kv_offload = true, .device = {176162816}, .host = 33568768},
    {"llama-2-7b", .n_ctx = 8192, .gpu_layers = 16, .device = {168822784}, .host = 33568768},
    {"llama-2-7b", .n_ctx = 8192, .gpu_layers = 16, .no_op_offload = true, .device = {92811264}, .host = 109590528},
    {"llama-2-7b", .n_ctx = 8192, .fa = VF_OFF, .no_kv_offload = true, .host_layers = true, .device = {181444608},
     .host = 603990016},
    {"llama-2-7b", .more_cards = 1, .n_ctx = 8192, .split = {1, 1}, .device = {159948800, 159956992},
     .host = 50388992},
    {"llama-2-7b", .more_cards = 1, .n_ctx = 8192, .gpu_layers = 16, .split = {1, 1},
     .device = {168822784, 92811264}, .host = 33568768},
    {"llama-2-7b", .more_cards = 2, .mib = {24576, 16384, 8192}, .n_ctx = 8192,
     .device = {159948800, 159948800, 159956992}, .host = 50388992},
    {"llama-3.1-8b", .device = {271056896}, .host = 20985856},
    {"llama-3.1-8b", .n_seq = 4, .n_outputs = 4, .kv_unified = true, .device = {117450880}, .host = 20983840},
    {"llama-3.1-8b", .n_ctx = 2048, .n_ubatch = 1, .fa = VF_ON, .type_k = VF_TYPE_Q8_0, .type_v = VF_TYPE_Q8_0,
     .device = {529408}, .host = 118944}, /* the attention kernel for single tokens */
    {"llama-3.1-8b", .n_seq = 7, .device = {271056896}, .host = 17784000},
    {"llama-3.1-8b", .n_seq = 64, .n_ubatch = 8, .kv_unified = true, .device = {33882112}, .host = 2623232},
    {"gemma-3-27b", .n_ctx = 32768, .swa_full = true, .device = {622995456}, .host = 89151488},
    {"gemma-3-27b", .more_cards = 1, .n_ctx = 8192, .split = {1, 1}, .device = {246489088, 631980032},
     .host = 61956096},
    {"mixtral-8x7b", .device = {205533184}, .host = 20985856},
    {"mixtral-8x7b", .n_ctx = 8192, .cpu_moe = true, .device = {494413824}, .host = 25180160},
    {"qwen3-30b-a3b", .cc = 61, .n_ctx = 8192, .device = {358125568}, .host = 16791552},
    {"deepseek-v2-lite", .n_ctx = 8192, .fa = VF_OFF, .device = {348540928}, .host = 25176064},
    {"deepseek-v2-lite", .n_ctx = 8192, .fa = VF_ON, .type_k = VF_TYPE_Q8_0, .type_v = VF_TYPE_Q8_0,
     .no_kv_offload = true, .device = {273035264}, .host = 16787456}, /* V is copied apart from K */
    {"deepseek-r1", .device = {402661376}, .host = 33564672},
    {"gpt-oss-20b", .quant = "MXFP4", .n_ctx = 8192, .n_seq = 4, .device = {426528768}, .host = 14702592},
    {"phi-4", .device = {241184768}, .host = 25180160},
    {"command-r7b", .device = {532676608}, .host = 25188352},
    {"olmo-2-7b", .device = {222298112}, .host = 20985856},
    {"falcon-7b", .n_ctx = 8192, .fa = VF_OFF, .device = {1245716480}, .host = 35661824},
    {"jamba-mini", .device = {197245056}, .host = 20983840},
    {"granite-4.0-h-tiny", .device = {253765760}, .host = 10498080},
    {"qwen3-next-80b-a3b", .device = {326946944}, .host = 12597280},
    {"kimi-linear-48b-a3b", .device = {391649408}, .host = 13639712},
    {"rwkv7-2.9b", .device = {144703488}, .host = 10489888},
    {"lfm2-1.2b", .device = {146813056}, .host = 12597280},
    {"gemma-3n-e4b", .device = {562036736}, .host = 32006144},
    {"gemma-4-26b-a4b", .device = {559960064}, .host = 17324032},
    {"flan-t5-xl", .device = {1044916224}, .host = 25702400},
    {"qwen3.5-9b", .device = {529549440}, .host = 20992032},
    {"nemotron-nano-9b-v2", .device = {290990208}, .host = 22556704},
    {"falcon-h1-7b", .device = {278923264}, .host = 16791584},
    {"deepseek-v3.2", .device = {649146368}, .host = 37828608},
    {"minicpm3-4b", .device = {392704000}, .host = 18888704},
    {"llama-2-7b", .on_cpu = true, .host = 105396224},
    {"qwen3-30b-a3b", .on_cpu = true, .n_ctx = 8192, .fa = VF_OFF, .host = 585115648},
    {"rwkv7-2.9b", .on_cpu = true, .host = 149950496},
};

static vf_model *open_model(const char *name, const char *quant_name, uint16_t **types)
{
    uint32_t index;
    vf_model *m = NULL;
    vf_quant_entry quant;
    vf_error err = {0};
    vf_status st = vf_catalog_find(catalog, VF_KIND_MODEL, name, &index, &err);

    if (!st)
        st = vf_catalog_model_open(catalog, index, &heap, &m, &err);
    *types = m ? malloc(m->n_tensors * sizeof **types) : NULL;
    if (!st)
        st = vf_catalog_find(catalog, VF_KIND_QUANT, quant_name ? quant_name : "Q4_K_M", &index, &err);
    if (!st)
        st = vf_catalog_quant(catalog, index, &quant);
    if (!st)
        st = vf_mix_types(m, &quant.quant, &heap, *types, &err);
    CHECK(st == VF_OK, "%s: %s", name, err.text);
    return m;
}

static vf_settings settings_of(const row *r)
{
    vf_settings s;

    vf_settings_init(&s);
    s.context = r->n_ctx ? r->n_ctx : 4096;
    s.ubatch = r->n_ubatch;
    s.parallel = r->n_seq;
    s.outputs = r->n_outputs ? r->n_outputs : VF_OUTPUTS_ALL;
    s.flash_attn = r->fa;
    s.type_k = r->type_k ? r->type_k : VF_TYPE_F16;
    s.type_v = r->type_v ? r->type_v : VF_TYPE_F16;
    s.gpu_layers = r->host_layers ? 0 : r->gpu_layers ? r->gpu_layers : VF_LAYERS_ALL;
    s.cpu_moe = r->cpu_moe ? VF_LAYERS_ALL : 0;
    s.kv_unified = r->kv_unified;
    s.swa_full = r->swa_full;
    s.no_kv_offload = r->no_kv_offload;
    s.no_op_offload = r->no_op_offload;
    s.backend = VF_BACKEND_CUDA;
    if (r->split[0] > 0) {
        s.n_tensor_split = r->more_cards + 1;
        memcpy(s.tensor_split, r->split, sizeof r->split);
    }
    return s;
}

/* What `a` gives out is given back, however it ends. */
static vf_status compute(const vf_model *m, const uint16_t *types, const row *r, const vf_allocator *a,
                         vf_compute *out, vf_error *err)
{
    vf_settings s = settings_of(r);
    vf_device device[3] = {0};
    uint64_t available[3];
    uint32_t n = r->on_cpu ? 0 : r->more_cards + 1;
    vf_placement p;
    vf_context c;
    vf_status st;

    for (uint32_t i = 0; i < n; i++) {
        device[i].total = available[i] = (r->mib[i] ? r->mib[i] : 24576) << 20;
        device[i].compute_capability = r->cc ? r->cc : 86;
    }
    st = vf_placement_build(m, types, &s, n, device, available, &heap, &p, err);
    if (st)
        return st;
    st = vf_context_resolve(m, &s, &p, a, &c, err);
    if (!st)
        st = vf_graph_compute(m, types, &c, &p, a, out, err);
    vf_placement_free(m, &heap, &p);
    return st;
}

static void measured(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const row *r = &rows[i];
        uint16_t *types;
        vf_model *m = open_model(r->model, r->quant, &types);
        memory_allocator counts = {0};
        vf_allocator a = {memory_resize, &counts};
        vf_compute out = {0};
        vf_error err = {0};
        char name[64];

        (void)snprintf(name, sizeof name, "row %zu, %s", i, r->model);
        if (m)
            CHECK(compute(m, types, r, &a, &out, &err) == VF_OK, "%s: %s", name, err.text);
        for (uint32_t d = 0; d <= r->more_cards && !r->on_cpu; d++)
            CHECK_U64(out.device[d], r->device[d], name);
        CHECK_U64(out.host, r->host, name);
        CHECK(!out.is_bound, "%s", name);
        CHECK_U64(counts.in_use, 0, name);
        free(types);
        vf_model_free(m);
    }
}

/* Every allocation fails once: an error of one line, nothing lost; or the result as before. */
/* Ordinary attention and one stack of blocks, as is taken of an architecture without a description. */
static bool is_plain(const vf_model *m)
{
    return m->arch.attention.kind == VF_ATTN_GQA && !m->arch.encoder_decoder && !m->hp.altup_num_inputs;
}

/* Without a description of the graph a bound is given: with its margin of 15 % no less than the buffers of a plain model. */
static void bounds(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const row *r = &rows[i];
        uint16_t *types;
        vf_model *m = open_model(r->model, r->quant, &types);
        vf_compute exact, bound;
        vf_error err = {0};
        bool plain = is_plain(m);
        CHECK(compute(m, types, r, &heap, &exact, &err) == VF_OK, "%s: %s", r->model, err.text);
        m->known_arch = false;
        CHECK(compute(m, types, r, &heap, &bound, &err) == VF_OK && bound.is_bound, "%s: %s", r->model, err.text);
        for (uint32_t d = 0; plain && d < VF_MAX_DEVICES; d++)
            CHECK(bound.device[d] / 100 * 115 >= exact.device[d], "%s, row %zu, card %u: bound %llu, exact %llu", r->model, i, d,
                  (unsigned long long)bound.device[d], (unsigned long long)exact.device[d]);
        CHECK(!plain || bound.host / 100 * 115 >= exact.host, "%s, row %zu, host: bound %llu, exact %llu", r->model, i, (unsigned long long)bound.host,
              (unsigned long long)exact.host);
        vf_model_free(m);
        free(types);
    }
}

static void out_of_memory(void)
{
    static const row cases[] = {
        {"llama-2-7b", .n_ctx = 8192, .gpu_layers = 16}, /* with the probe for flash attention */
        {"gemma-3-4b", .more_cards = 1},
        {"jamba-mini", .n_ctx = 4096},
        {"qwen3-30b-a3b", .n_ctx = 4096}, /* experts: fused nodes */
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint16_t *types;
        vf_model *m = open_model(cases[i].model, NULL, &types);
        vf_compute want = {0}, out;
        vf_error err = {0};
        bool done = false;

        CHECK(m && compute(m, types, &cases[i], &heap, &want, &err) == VF_OK, "%s", err.text);
        for (uint64_t step = 2; m && !done; step++) { /* from there on, or once */
            uint64_t fail_at = step / 2;
            memory_allocator counts = {.fail_at = fail_at, .sticky = step % 2 == 0};
            vf_allocator a = {memory_resize, &counts};
            vf_status st;

            err = (vf_error){0};
            st = compute(m, types, &cases[i], &a, &out, &err);
            done = counts.calls < fail_at;
            if (st) {
                CHECK(st == VF_ERR_NOMEM && !done, "%s: allocation %" PRIu64, cases[i].model, fail_at);
                check_error(&err, st, cases[i].model);
            } else {
                CHECK(memcmp(&out, &want, sizeof out) == 0, "%s: allocation %" PRIu64, cases[i].model, fail_at);
            }
            CHECK_U64(counts.in_use, 0, "out of memory");
            CHECK_U64(counts.wrong_sizes, 0, "out of memory");
        }
        free(types);
        vf_model_free(m);
    }
}

/* ---- the planner's rules on small graphs; one row is 1024 bytes ---- */

#define ROW 256
#define BYTES UINT64_C(1024)

typedef struct planned {
    uint64_t bytes[VF_PLAN_BACKENDS];
    uint32_t n_splits;
} planned;

static planned plan(vf_graph *g, vf_id result, const vf_machine *machine)
{
    planned out = {{0}, 0};
    vf_schedule s;
    bool steady;

    vf_g_expand(g, result);
    vf_schedule_build(g, machine, &s);
    vf_graph_allocate(g, machine, &s, out.bytes, &steady);
    out.n_splits = s.n_splits;
    CHECK(!g->failed && steady, "small graph");
    vf_schedule_free(g->a, &s);
    vf_graph_free(g);
    return out;
}

static vf_id weight(vf_graph *g, int8_t backend, uint64_t ne0, uint64_t ne1)
{
    vf_id w = vf_g_tensor(g, VF_TYPE_F16, ne0, ne1, 1, 1);

    g->node[w].flags |= VF_NODE_EXTERNAL | VF_NODE_WEIGHT;
    g->node[w].backend = backend;
    return w;
}

static vf_id row_input(vf_graph *g)
{
    return vf_g_input(g, VF_TYPE_F32, ROW, 1, 1, 1);
}

static void buffers_are_shared(void)
{
    const vf_machine cpu = {.n_backends = 1, .kind = VF_BACKEND_CPU, .copies = 1};
    vf_graph g;
    vf_id x, y, part[4];

    vf_graph_init(&g, &heap); /* the third result takes the first one's place */
    x = row_input(&g);
    for (int i = 0; i < 4; i++)
        x = vf_g_map(&g, VF_OP_NORM, x, 0, 0);
    CHECK_U64(plan(&g, x, &cpu).bytes[0], 2 * BYTES, "dead tensors are reused");

    vf_graph_init(&g, &heap);
    x = row_input(&g);
    for (int i = 0; i < 4; i++)
        x = vf_g_map(&g, VF_OP_SCALE, x, 0, 0);
    CHECK_U64(plan(&g, x, &cpu).bytes[0], BYTES, "in place");

    vf_graph_init(&g, &heap); /* x is read once more at the end */
    x = row_input(&g);
    y = vf_g_map(&g, VF_OP_SCALE, x, 0, 0);
    CHECK_U64(plan(&g, vf_g_map(&g, VF_OP_ADD, y, x, 0), &cpu).bytes[0], 2 * BYTES, "not in place of what is needed");

    vf_graph_init(&g, &heap); /* a view keeps what it shows */
    x = row_input(&g);
    y = vf_g_reshape(&g, x, ROW / 2, 2, 1, 1);
    CHECK_U64(plan(&g, vf_g_map(&g, VF_OP_SCALE, y, 0, 0), &cpu).bytes[0], 2 * BYTES, "not in place of a view");

    vf_graph_init(&g, &heap);
    x = row_input(&g);
    for (int i = 0; i < 4; i++) {
        x = vf_g_map(&g, VF_OP_NORM, x, 0, 0);
        g.node[x].flags |= VF_NODE_OUTPUT;
    }
    CHECK_U64(plan(&g, x, &cpu).bytes[0], 4 * BYTES, "outputs stay");

    vf_graph_init(&g, &heap); /* holes of 4 and 2 rows: the smaller one that is large enough is taken */
    x = row_input(&g);
    for (int i = 0; i < 4; i++) {
        part[i] = vf_g_repeat(&g, x, i == 0 ? 4 * ROW : i == 2 ? 2 * ROW : ROW, 1, 1, 1);
        vf_g_expand(&g, part[i]);
    }
    y = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, ROW, 1, 1, 1, part[0], part[2], 0);
    y = vf_g_op(&g, VF_OP_OTHER, VF_TYPE_F32, ROW, 1, 1, 1, vf_g_repeat(&g, y, 2 * ROW, 1, 1, 1),
                vf_g_repeat(&g, y, 4 * ROW, 1, 1, 1), part[1]);
    vf_g_add_src(&g, y, part[3]);
    CHECK_U64(plan(&g, y, &cpu).bytes[0], 9 * BYTES, "best fit");
}

static void work_is_split(void)
{
    vf_machine card = {.n_backends = 2, .kind = VF_BACKEND_CUDA, .copies = 1};
    vf_graph g;
    vf_id x;
    planned p;

    for (int offload = 0; offload < 2; offload++) {
        const uint64_t n = 64, weight_bytes = UINT64_C(2) * ROW * ROW;

        card.op_offload = offload;
        vf_graph_init(&g, &heap); /* one product on the card, one with a weight in system memory */
        x = vf_g_input(&g, VF_TYPE_F32, ROW, n, 1, 1);
        x = vf_g_mul_mat(&g, weight(&g, 0, ROW, ROW), x);
        x = vf_g_mul_mat(&g, weight(&g, 1, ROW, ROW), x);
        p = plan(&g, x, &card);
        CHECK_U64(p.n_splits, 2, "splits");
        /* on the card: the input's copy and a result; or another result and a copy of the weight */
        CHECK_U64(p.bytes[0], offload ? n * BYTES * 2 + weight_bytes : n * BYTES * 2, "card");
        CHECK_U64(p.bytes[1], offload ? n * BYTES : n * BYTES * 2, "host");
    }
    card.op_offload = false;
    card.copies = 4;
    vf_graph_init(&g, &heap); /* four of the input, and four of its copy, none of them freed */
    x = vf_g_mul_mat(&g, weight(&g, 0, ROW, ROW), row_input(&g));
    p = plan(&g, x, &card);
    CHECK_U64(p.bytes[0], 5 * BYTES, "card, pipeline");
    CHECK_U64(p.bytes[1], 4 * BYTES, "host, pipeline");
}

/* Moves what it resizes, and spoils where it was. */
static void *move_and_spoil(void *ctx, void *p, size_t old_size, size_t new_size)
{
    void *to = new_size ? malloc(new_size) : NULL;
    (void)ctx;
    if (p && to)
        memcpy(to, p, old_size < new_size ? old_size : new_size);
    if (p) {
        memset(p, 0xA5, old_size);
        free(p);
    }
    return to;
}

/* A view may be given another node's shape, which moves when the nodes grow: at every number of nodes. */
static void check_views_while_growing(void)
{
    const vf_allocator moving = {move_and_spoil, NULL};
    vf_graph g;
    vf_graph_init(&g, &moving);
    vf_id x = vf_g_tensor(&g, VF_TYPE_F32, 8, 4, 2, 3);
    for (uint32_t i = 0; i < 5000; i++) {
        vf_id v = vf_g_view(&g, x, g.node[x].ne, g.node[x].nb + 1);
        CHECK(memcmp(g.node[v].ne, g.node[x].ne, sizeof g.node[v].ne) == 0 && memcmp(g.node[v].nb, g.node[x].nb, sizeof g.node[v].nb) == 0,
              "view %u: %" PRIu64 " x %" PRIu64, i, g.node[v].ne[0], g.node[v].ne[1]);
    }
    vf_graph_free(&g);
}

int main(void)
{
    check_views_while_growing();
    vf_error err = {0};

    CHECK(vf_catalog_new(&heap, &catalog, &err) == VF_OK, "%s", err.text);
    measured();
    bounds();
    out_of_memory();
    buffers_are_shared();
    work_is_split();
    vf_catalog_free(catalog);
    return CHECK_END();
}
