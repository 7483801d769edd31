/* The graphs themselves, node by node, and how they are planned: for a model of every architecture, in settings that
 * take every way through the scheduler and the allocator. What is kept (data/graphs.tsv) is a checksum of each. That
 * they are right is proved by what llama.cpp allocates for them (tests/accuracy); that no node, stride, order, backend
 * or offset moves unseen, here: many of these decide bytes only for shapes that nobody measured.
 *
 * Columns: model, case, nodes, checksum of the graphs, checksum of their plans, bytes of weights/cache/graph on each
 * card and the host.
 *
 *   unit_kept_graphs --update            writes the rows anew
 *   unit_kept_graphs --print MODEL CASE  every node, to compare what two builds make */
#define _POSIX_C_SOURCE 200809L
#include "memory.h"
#include "estimate/graph/build.h"
#include "estimate/graph/plan.h"
#include "estimate/placement.h"

#define KEPT "tests/unit/data/graphs.tsv"
#define ROW_SIZE 1024

/* With sanitizers a part of the rows: they cost ten times as much there. */
#if defined(__SANITIZE_ADDRESS__)
#define EVERY 7
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EVERY 7
#endif
#endif
#ifndef EVERY
#define EVERY 1
#endif

CHECK_ALLOCATOR(heap);

static vf_catalog *catalog;
static bool printing;

typedef struct setting {
    const char *name;
    vf_backend backend;
    uint32_t n_cards, cc; /* 0: 8.6 */
    uint32_t n_ctx, n_ubatch, n_seq, gpu_layers, cpu_moe, draft_max; /* 0: default (all) */
    vf_auto fa;
    vf_type type_k, type_v; /* 0: f16 */
    vf_split split;
    double shares[3];
    bool all_rows, unified, swa_full, embeddings, no_kv_offload, no_op_offload, drafts;
    bool bound; /* as of an architecture that is not described */
} setting;

static const setting settings[] = {
    {"card", VF_BACKEND_CUDA, .n_cards = 1},
    {"rows", VF_BACKEND_CUDA, .n_cards = 1, .n_ctx = 8192, .n_seq = 4, .fa = VF_OFF, .all_rows = true, .type_k = VF_TYPE_Q8_0},
    {"quantized", VF_BACKEND_CUDA, .n_cards = 1, .cc = 61, .n_ubatch = 201, .n_seq = 3, .fa = VF_ON, .type_k = VF_TYPE_Q8_0,
     .type_v = VF_TYPE_Q8_0, .unified = true},
    {"streams", VF_BACKEND_ROCM, .n_cards = 1, .n_seq = 3, .n_ubatch = 300, .fa = VF_ON, .type_k = VF_TYPE_Q4_0, .type_v = VF_TYPE_Q4_0},
    {"pair", VF_BACKEND_CUDA, .n_cards = 2, .n_ctx = 8192},
    {"half", VF_BACKEND_CUDA, .n_cards = 1, .gpu_layers = 5, .cpu_moe = 3, .all_rows = true, .n_seq = 2},
    {"host-cache", VF_BACKEND_CUDA, .n_cards = 1, .n_ctx = 8192, .n_seq = 2, .fa = VF_OFF, .no_kv_offload = true, .no_op_offload = true},
    {"host-cache-on", VF_BACKEND_CUDA, .n_cards = 1, .fa = VF_ON, .type_k = VF_TYPE_Q8_0, .type_v = VF_TYPE_Q8_0, .no_kv_offload = true},
    {"vulkan", VF_BACKEND_VULKAN, .n_cards = 1, .n_seq = 2, .fa = VF_ON},
    {"vulkan-half", VF_BACKEND_VULKAN, .n_cards = 1, .gpu_layers = 7, .all_rows = true},
    {"vulkan-off", VF_BACKEND_VULKAN, .n_cards = 1, .n_ctx = 8192, .n_seq = 2, .fa = VF_OFF, .all_rows = true, .unified = true},
    {"metal", VF_BACKEND_METAL, .n_cards = 1, .fa = VF_ON, .type_k = VF_TYPE_Q8_0, .type_v = VF_TYPE_Q8_0},
    {"metal-tokens", VF_BACKEND_METAL, .n_cards = 1, .n_ubatch = 8, .n_seq = 8, .fa = VF_ON},
    {"cpu", VF_BACKEND_CPU, .n_cards = 0, .n_seq = 2},
    {"embeddings", VF_BACKEND_CUDA, .n_cards = 1, .n_ctx = 8192, .swa_full = true, .embeddings = true},
    {"single", VF_BACKEND_CUDA, .n_cards = 1, .n_ctx = 256, .n_ubatch = 1},
    {"rollback", VF_BACKEND_CUDA, .n_cards = 1, .draft_max = 3, .n_seq = 2},
    {"draft", VF_BACKEND_CUDA, .n_cards = 1, .draft_max = 3, .drafts = true},
    {"draft-off", VF_BACKEND_VULKAN, .n_cards = 1, .draft_max = 2, .n_seq = 2, .fa = VF_OFF, .drafts = true},
    {"slices", VF_BACKEND_CUDA, .n_cards = 2, .split = VF_SPLIT_TENSOR},
    {"shares", VF_BACKEND_CUDA, .n_cards = 3, .split = VF_SPLIT_TENSOR, .shares = {3, 1, 2}, .n_seq = 2, .type_k = VF_TYPE_Q8_0},
    {"bound", VF_BACKEND_CUDA, .n_cards = 1, .n_seq = 2, .type_k = VF_TYPE_Q8_0, .fa = VF_ON, .bound = true},
    {"bound-half", VF_BACKEND_CUDA, .n_cards = 2, .n_ctx = 8192, .n_seq = 2, .gpu_layers = 5, .fa = VF_OFF, .all_rows = true, .bound = true},
    {"bound-host", VF_BACKEND_CUDA, .n_cards = 1, .gpu_layers = 9, .no_kv_offload = true, .no_op_offload = true, .bound = true},
    {"bound-slices", VF_BACKEND_CUDA, .n_cards = 2, .split = VF_SPLIT_TENSOR, .bound = true},
    {"three", VF_BACKEND_VULKAN, .n_cards = 3, .shares = {1, 0, 2}, .type_k = VF_TYPE_Q8_0},
};
#define N_SETTINGS (sizeof settings / sizeof settings[0])

/* ---- checksums ---- */

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ (h >> 29);
}

/* Nodes by the order in which they are met: C leaves open which argument of a call is made first, so the numbers that
 * they have in the graph are the compiler's. */
typedef struct names {
    uint32_t *of; /* of each node, from 1; 0: not met */
    uint32_t n;
} names;

static uint32_t name_of(names *k, vf_id id)
{
    if (id && !k->of[id])
        k->of[id] = ++k->n;
    return id ? k->of[id] : 0;
}

static uint64_t of_node(uint64_t h, const vf_graph *g, vf_id id, names *k)
{
    const vf_node *t = &g->node[id];

    for (uint32_t i = 0; i < t->n_src; i++)
        h = mix(h, name_of(k, t->src[i]));
    h = mix(mix(h, name_of(k, id)), name_of(k, t->view_src));
    for (int i = 0; i < 4; i++)
        h = mix(mix(h, t->ne[i]), t->nb[i]);
    h = mix(mix(mix(h, t->op), t->type), t->flags);
    return mix(mix(mix(h, t->extra), t->layer), mix(t->n_src, (uint64_t)t->backend));
}

/* A node with the leaves that it reads, which are in no list. */
static uint64_t of_reader(uint64_t h, const vf_graph *g, vf_id id, names *k)
{
    const vf_node *t = &g->node[id];

    for (uint32_t i = 0; i < t->n_src; i++)
        if (g->node[t->src[i]].op == VF_OP_NONE)
            h = of_node(h, g, t->src[i], k);
    return of_node(h, g, id, k);
}

static uint64_t of_graph(uint64_t h, const vf_graph *g, names *k)
{
    for (size_t i = 0; i < g->n_order; i++)
        h = of_reader(h, g, g->order[i], k);
    for (size_t i = 0; i < g->n_input; i++)
        h = of_node(h, g, g->input[i], k);
    for (size_t i = 0; i < g->n_fusion; i++)
        h = mix(mix(mix(mix(h, g->fusion[i].first), g->fusion[i].last), g->fusion[i].until), g->fusion[i].all_sources);
    for (size_t i = 0; i < g->n_mark; i++)
        h = mix(mix(h, name_of(k, g->mark[i].node)), g->mark[i].run);
    return mix(mix(h, g->n_order), g->n_input);
}

static uint64_t of_place(uint64_t h, const vf_graph *g, vf_id id, names *k)
{
    const vf_node *t = &g->node[id];

    h = of_reader(h, g, id, k);
    return mix(mix(mix(h, t->addr), (uint64_t)t->buffer), t->allocated);
}

static uint64_t of_plan(uint64_t h, const vf_graph *g, const vf_schedule *s, const uint64_t bytes[VF_PLAN_BACKENDS], bool steady)
{
    names k = {calloc(g->n, sizeof *k.of), 0};

    for (size_t i = 0; i < s->n_node && k.of; i++)
        h = of_place(h, g, s->node[i], &k);
    for (size_t i = 0; i < s->n_leaf && k.of; i++)
        h = of_place(h, g, s->leaf[i], &k);
    for (size_t i = 0; i < VF_PLAN_BACKENDS; i++)
        h = mix(h, bytes[i]);
    free(k.of);
    return mix(mix(h, s->n_splits), steady);
}

static void print_node(const vf_graph *g, const char *what, vf_id id)
{
    const vf_node *t = &g->node[id];
    printf("%s %u op %d type %d flags %d backend %d buffer %d at %" PRIu64 " extra %" PRIu64 " view of %u layer %d [", what, id,
           t->op, t->type, t->flags, t->backend, t->buffer, t->addr, t->extra, t->view_src, t->layer);
    for (int i = 0; i < 4; i++)
        printf(" %" PRIu64 "/%" PRIu64, t->ne[i], t->nb[i]);
    printf(" ] from");
    for (uint32_t i = 0; i < t->n_src; i++)
        printf(" %u", t->src[i]);
    printf("\n");
}

/* ---- one model, one case ---- */

typedef struct answer {
    uint64_t nodes, graph, plan;
} answer;

typedef struct question {
    const vf_model *m;
    const uint16_t *types;
    vf_context c;
    vf_placement p;
} question;

/* One graph as the estimate builds it, planned. */
static void reserve(const question *q, vf_reservation r, bool all_layers, answer *a)
{
    vf_build b = {.m = q->m, .types = q->types, .c = &q->c, .p = &q->p};
    vf_machine machine = vf_machine_of(&q->c, &q->p);
    vf_schedule s = {0};
    uint64_t bytes[VF_PLAN_BACKENDS] = {0};
    bool steady = true;
    vf_graph g;

    if (vf_b_begin(&b, &g, &heap, r, all_layers)) {
        names k = {calloc(g.n, sizeof *k.of), 0};
        a->nodes += g.n_order;
        a->graph = k.of ? of_graph(a->graph, &g, &k) : 0;
        free(k.of);
        for (size_t i = 0; i < g.n_order && printing; i++)
            print_node(&g, "built", g.order[i]);
        vf_schedule_build(&g, &machine, &s);
        vf_graph_allocate(&g, &machine, &s, bytes, &steady);
        a->plan = of_plan(a->plan, &g, &s, bytes, steady);
        for (size_t i = 0; i < s.n_node && printing; i++)
            print_node(&g, "planned", s.node[i]);
    }
    CHECK(!g.failed, "%s", q->m->name);
    vf_schedule_free(&heap, &s);
    vf_b_end(&b, &heap);
}

static vf_settings settings_of(const setting *c)
{
    vf_settings s;

    vf_settings_init(&s);
    s.context = c->n_ctx ? c->n_ctx : 4096;
    s.ubatch = c->n_ubatch;
    s.parallel = c->n_seq;
    s.outputs = c->all_rows ? VF_OUTPUTS_ALL : VF_OUTPUTS_DEFAULT;
    s.flash_attn = c->fa;
    s.type_k = c->type_k ? c->type_k : VF_TYPE_F16;
    s.type_v = c->type_v ? c->type_v : VF_TYPE_F16;
    s.gpu_layers = c->gpu_layers ? c->gpu_layers : VF_LAYERS_ALL;
    s.cpu_moe = c->cpu_moe;
    s.kv_unified = c->unified;
    s.swa_full = c->swa_full;
    s.embeddings = c->embeddings;
    s.no_kv_offload = c->no_kv_offload;
    s.no_op_offload = c->no_op_offload;
    s.draft_mtp = c->draft_max > 0;
    s.draft_max = c->draft_max;
    s.split = c->split;
    if (c->shares[0] > 0) {
        s.n_tensor_split = c->n_cards;
        memcpy(s.tensor_split, c->shares, sizeof c->shares);
    }
    s.backend = c->backend;
    return s;
}

/* The graphs of the question and what they take, as the rest of a row. */
static vf_status judge(question *q, uint32_t n_cards, char *out, size_t size, vf_error *err)
{
    const vf_context *c = &q->c;
    uint64_t n = c->n_ctx < c->n_ubatch ? c->n_ctx : c->n_ubatch;
    vf_reservation prompt = {n, c->n_seq_max, c->n_outputs}, token = {c->n_seq_max, c->n_seq_max, c->n_seq_max};
    answer a = {0};
    vf_compute compute;
    vf_weights weights;
    vf_cache cache;
    vf_status st = vf_weights_plan(q->m, q->types, &q->p, &weights, err);
    int used;

    if (!st)
        st = vf_cache_plan(q->m, q->types, c, &q->p, &cache, err);
    if (!st)
        st = vf_graph_compute(q->m, q->types, c, &q->p, &heap, &compute, err);
    if (st)
        return st;
    if (!compute.is_bound) {
        reserve(q, prompt, false, &a);
        reserve(q, token, false, &a);
    }
    if (!compute.is_bound && c->n_seq_max > 1)
        reserve(q, (vf_reservation){n, 1, c->n_outputs}, false, &a);
    used = snprintf(out, size, "%" PRIu64 "\t%08x\t%08x\t", a.nodes, (unsigned)(a.graph >> 32), (unsigned)(a.plan >> 32));
    for (uint32_t i = 0; i < n_cards; i++)
        used += snprintf(out + used, size - (size_t)used, "%" PRIu64 "/%" PRIu64 "/%" PRIu64 " ", weights.device[i], cache.device[i],
                         compute.device[i]);
    (void)snprintf(out + used, size - (size_t)used, "%" PRIu64 "/%" PRIu64 "/%" PRIu64 "%s%s", weights.host, cache.host, compute.host, compute.is_bound ? " bound" : "",
                   c->flash_attn ? " fa" : "");
    return st;
}

static void ask(vf_model *m, const uint16_t *types, const setting *c, char *out, size_t size)
{
    vf_settings s = settings_of(c);
    vf_device device[3] = {0};
    uint64_t available[3] = {UINT64_C(24) << 30, UINT64_C(16) << 30, UINT64_C(12) << 30};
    question q = {.m = m, .types = types};
    vf_error err = {0};
    vf_status st;

    for (uint32_t i = 0; i < c->n_cards; i++) {
        device[i].total = available[i];
        device[i].compute_capability = c->cc ? c->cc : 86;
    }
    m->known_arch = !c->bound;
    st = vf_placement_build(m, types, &s, c->n_cards, device, available, &heap, &q.p, &err);
    if (!st) {
        st = vf_context_resolve(m, &s, &q.p, &heap, &q.c, &err);
        if (!st && c->drafts) {
            vf_context target = q.c;
            st = vf_context_drafting(m, &s, &target, &q.p, &heap, &q.c, &err);
        }
        if (!st)
            st = judge(&q, c->n_cards, out, size, &err);
        vf_placement_free(m, &heap, &q.p);
    }
    if (st)
        (void)snprintf(out, size, "refused: %s", err.text);
}

/* A header of tests/accuracy/headers, in the types it has. */
static vf_model *open_header(const char *name, uint16_t **types)
{
    enum { CAP = 1 << 22 };
    char command[ROW_SIZE + 64];
    memory_file f = {.size = UINT64_C(1) << 50};
    unsigned char *bytes = malloc(CAP);
    vf_model *m = NULL;
    vf_error err = {0};

    (void)snprintf(command, sizeof command, "gzip -dc 'tests/accuracy/headers/%s'", name);
    FILE *pipe = popen(command, "r");
    f.n = pipe && bytes ? fread(bytes, 1, CAP, pipe) : 0;
    f.bytes = bytes;
    if (pipe)
        pclose(pipe);
    vf_source source = memory_source(&f, true, true);
    CHECK(vf_gguf_read(catalog, &source, NULL, &heap, &m, &err) == VF_OK, "%s: %s", name, err.text);
    *types = m ? malloc(m->n_tensors * sizeof **types) : NULL;
    for (size_t i = 0; *types && i < m->n_tensors; i++)
        (*types)[i] = m->tensors[i].type;
    free(bytes);
    return m;
}

static vf_model *open_model(const char *name, uint16_t **types)
{
    if (strstr(name, ".gguf.gz"))
        return open_header(name, types);
    uint32_t index;
    vf_model *m = NULL;
    vf_quant_entry quant;
    vf_error err = {0};
    vf_status st = vf_catalog_find(catalog, VF_KIND_MODEL, name, &index, &err);

    if (!st)
        st = vf_catalog_model_open(catalog, index, &heap, &m, &err);
    *types = m ? malloc(m->n_tensors * sizeof **types) : NULL;
    if (!st)
        st = vf_catalog_find(catalog, VF_KIND_QUANT, "Q4_K_M", &index, &err);
    if (!st)
        st = vf_catalog_quant(catalog, index, &quant);
    if (!st)
        st = vf_mix_types(m, &quant.quant, &heap, *types, &err);
    CHECK(st == VF_OK, "%s: %s", name, err.text);
    return m;
}

/* ---- the rows that are kept ---- */

static const char *const columns[] = {"nodes", "graph", "plan", "bytes"};

/* Says which part of a row differs first. */
static void compare(const char *model, const char *case_name, const char *got, const char *want)
{
    const char *what = "refusal";

    if (strcmp(got, want) == 0) {
        check_passed++;
        return;
    }
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        size_t n_got = strcspn(got, "\t"), n_want = strcspn(want, "\t");
        if (strncmp(got, "refused", 7) == 0 || strncmp(want, "refused", 7) == 0)
            break;
        what = columns[i];
        if (n_got != n_want || memcmp(got, want, n_got) != 0)
            break;
        got += n_got + (got[n_got] != 0);
        want += n_want + (want[n_want] != 0);
    }
    CHECK(false, "%s, %s: the %s: got '%s', want '%s'", model, case_name, what, got, want);
}

typedef struct open_file {
    char name[ROW_SIZE];
    vf_model *m;
    uint16_t *types;
} open_file;

static void close_model(open_file *o)
{
    vf_model_free(o->m);
    free(o->types);
    *o = (open_file){0};
}

static void switch_to(open_file *o, const char *name)
{
    if (strcmp(o->name, name) == 0)
        return;
    close_model(o);
    (void)snprintf(o->name, sizeof o->name, "%s", name);
    o->m = open_model(name, &o->types);
}

static const setting *find(const char *name)
{
    for (size_t i = 0; i < N_SETTINGS; i++)
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i];
    return NULL;
}

/* Every row; with `out` each is written anew (a new one needs its model and case only). */
static uint32_t all_rows(FILE *in, FILE *out)
{
    char line[ROW_SIZE], got[ROW_SIZE];
    open_file o = {0};
    uint32_t n = 0;

    while (fgets(line, sizeof line, in)) {
        char *setting_name = strchr(line, '\t'), *rest;
        line[strcspn(line, "\n")] = 0;
        if (setting_name)
            *setting_name++ = 0;
        if (n++ % EVERY != 0 && !out)
            continue;
        switch_to(&o, line);
        rest = setting_name ? strchr(setting_name, '\t') : NULL;
        if (rest)
            *rest++ = 0;
        CHECK(setting_name && find(setting_name), "%s: no row", line);
        if (!o.m || !setting_name || !find(setting_name))
            continue;
        ask(o.m, o.types, find(setting_name), got, sizeof got);
        if (out)
            fprintf(out, "%s\t%s\t%s\n", line, setting_name, got);
        else
            compare(line, setting_name, got, rest ? rest : "");
    }
    close_model(&o);
    return n;
}

static void print(const char *model, const char *setting_name)
{
    open_file o = {0};
    char got[ROW_SIZE];

    printing = true;
    switch_to(&o, model);
    CHECK(find(setting_name), "%s: no such case", setting_name);
    if (o.m && find(setting_name)) {
        ask(o.m, o.types, find(setting_name), got, sizeof got);
        printf("%s\n", got);
    }
    close_model(&o);
}

int main(int argc, char **argv)
{
    bool update = argc == 2 && strcmp(argv[1], "--update") == 0;
    vf_error err = {0};
    FILE *in = fopen(KEPT, "r"), *out = update ? fopen(KEPT ".new", "w") : NULL;

    CHECK(vf_catalog_new(&heap, &catalog, &err) == VF_OK, "%s", err.text);
    CHECK(in != NULL, "no " KEPT);
    if (argc == 4)
        print(argv[2], argv[3]);
    else if (in)
        CHECK(all_rows(in, out) > 1000, "rows are missing in " KEPT);
    if (in)
        fclose(in);
    if (out) {
        fclose(out);
        CHECK(rename(KEPT ".new", KEPT) == 0, "cannot replace " KEPT);
    }
    vf_catalog_free(catalog);
    return CHECK_END();
}
