/* Which shapes and types of attention each backend has a flash-attention kernel for, one row a shape (llama.cpp:
 * ggml-cuda/fattn.cu, ggml-metal-device.m, ggml-sycl/fattn.cpp, ggml-vulkan.cpp, as they are built by default); and what
 * a kernel keeps behind its result: f16 copies of K and V of another type, but where it reads them as they are. */
#include "estimate/graph/fattn.h"

#include "check.h"
#include "model/model.h"

CHECK_ALLOCATOR(heap);

#define CUDA 1u
#define VULKAN 2u
#define METAL 4u
#define SYCL 8u
#define ALL 15u

typedef struct shape {
    uint32_t head_k, head_v, n_head, n_head_kv;
    unsigned on; /* backends that have a kernel */
    bool alibi;
} shape;

static const shape shapes[] = {
    {32, 32, 8, 8, VULKAN | METAL, false},
    {40, 40, 8, 8, ALL, false},
    {48, 48, 8, 8, VULKAN | METAL, false},
    {56, 56, 8, 8, VULKAN, false},
    {60, 60, 8, 8, 0, false}, /* no multiple of 8 */
    {64, 64, 8, 8, ALL, false},
    {64, 60, 8, 8, METAL, false},
    {60, 64, 8, 8, 0, false},
    {72, 72, 8, 8, ALL, false},
    {72, 64, 8, 8, VULKAN, false}, /* Metal's kernel of 72 has V of 72 */
    {80, 80, 8, 8, ALL, false},
    {96, 96, 8, 8, ALL, false},
    {112, 112, 8, 8, ALL, false},
    {120, 120, 8, 8, VULKAN, false},
    {128, 128, 8, 8, ALL, false},
    {128, 64, 8, 8, VULKAN | METAL, false}, /* V is as wide as K */
    {64, 128, 8, 8, VULKAN, false},
    {160, 160, 8, 8, VULKAN, false},
    {192, 192, 8, 8, VULKAN | METAL, false},
    {192, 128, 8, 1, ALL & ~SYCL, false}, /* eight query heads share a key head */
    {192, 128, 16, 1, ALL & ~SYCL, false},
    {192, 128, 8, 2, VULKAN | METAL, false},
    {192, 128, 12, 1, VULKAN | METAL, false},
    {192, 128, 8, 1, VULKAN | METAL, true}, /* shared heads are not computed together with ALiBi */
    {192, 64, 8, 1, VULKAN | METAL, false},
    {256, 256, 8, 8, ALL, false},
    {320, 256, 32, 1, ALL & ~SYCL, false},
    {320, 256, 16, 1, VULKAN | METAL, false},
    {320, 256, 48, 1, VULKAN | METAL, false},
    {320, 256, 32, 1, VULKAN | METAL, true},
    {320, 320, 32, 1, VULKAN | METAL, false},
    {512, 512, 2, 1, ALL, false},
    {512, 512, 8, 8, ALL & ~CUDA, false}, /* no two heads share */
    {512, 512, 2, 1, ALL & ~CUDA, true},
    {512, 256, 2, 1, VULKAN | METAL, false},
    {576, 512, 2, 1, ALL, false},
    {576, 512, 1, 1, VULKAN | METAL, false},
    {576, 512, 2, 1, VULKAN | METAL, true},
    {576, 576, 2, 1, VULKAN | METAL, false},
    {640, 640, 8, 8, VULKAN, false},
};

typedef struct pair {
    vf_type k, v;
    unsigned on;
} pair;

static const pair pairs[] = {
    {VF_TYPE_F32, VF_TYPE_F32, ALL},
    {VF_TYPE_F16, VF_TYPE_F16, ALL},
    {VF_TYPE_BF16, VF_TYPE_BF16, ALL},
    {VF_TYPE_Q4_0, VF_TYPE_Q4_0, ALL},
    {VF_TYPE_Q8_0, VF_TYPE_Q8_0, ALL},
    {VF_TYPE_Q4_1, VF_TYPE_Q4_1, ALL & ~SYCL},
    {VF_TYPE_Q5_0, VF_TYPE_Q5_0, ALL & ~SYCL},
    {VF_TYPE_Q5_1, VF_TYPE_Q5_1, ALL & ~SYCL},
    {VF_TYPE_IQ4_NL, VF_TYPE_IQ4_NL, VULKAN},
    {VF_TYPE_F16, VF_TYPE_Q8_0, CUDA | VULKAN}, /* the others take pairs of one type */
    {VF_TYPE_Q8_0, VF_TYPE_F16, CUDA | VULKAN},
    {VF_TYPE_F16, VF_TYPE_IQ4_NL, VULKAN},
    {VF_TYPE_IQ4_NL, VF_TYPE_F16, VULKAN},
    {VF_TYPE_BF16, VF_TYPE_F16, CUDA}, /* Vulkan: both bf16, or none */
    {VF_TYPE_F16, VF_TYPE_BF16, CUDA},
};

static const struct {
    vf_backend backend;
    unsigned bit;
} backends[] = {{VF_BACKEND_CUDA, CUDA}, {VF_BACKEND_ROCM, CUDA}, {VF_BACKEND_VULKAN, VULKAN}, {VF_BACKEND_METAL, METAL}, {VF_BACKEND_SYCL, SYCL}};
#define N_BACKENDS (sizeof backends / sizeof backends[0])

static vf_layer layers[4];
static int16_t devices[5];

static vf_model model_of(const shape *s, uint32_t n_layers)
{
    vf_model m = {.layers = layers, .n_layers = n_layers, .known_arch = true};

    for (uint32_t i = 0; i < n_layers; i++) {
        layers[i] = (vf_layer){.attention = VF_ATTN_GQA, .has_cache = true, .n_head = s->n_head, .n_head_kv = s->n_head_kv,
                               .head_k = s->head_k, .head_v = s->head_v};
        devices[i] = 0;
    }
    m.hp.max_alibi_bias = s->alibi;
    return m;
}

static bool supported(const vf_model *m, vf_backend backend, vf_type k, vf_type v)
{
    vf_placement p = {.n_devices = 1, .n_cards = 1, .backend = backend, .layer_device = devices};
    vf_context c = {.type_k = k, .type_v = v, .causal = true};

    return vf_fattn_supported(m, &c, &p);
}

static void every_shape(void)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const shape *s = &shapes[i];
        vf_model m = model_of(s, 1);
        for (size_t b = 0; b < N_BACKENDS; b++)
            CHECK(supported(&m, backends[b].backend, VF_TYPE_F16, VF_TYPE_F16) == ((s->on & backends[b].bit) != 0),
                  "K %u, V %u, %u/%u heads, backend %d", s->head_k, s->head_v, s->n_head, s->n_head_kv, (int)backends[b].backend);
        CHECK(supported(&m, VF_BACKEND_CPU, VF_TYPE_F16, VF_TYPE_F16), "the CPU takes every shape");
    }
}

static void every_pair_of_types(void)
{
    const shape s = {128, 128, 8, 8, ALL, false};
    vf_model m = model_of(&s, 1);

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        for (size_t b = 0; b < N_BACKENDS; b++)
            CHECK(supported(&m, backends[b].backend, pairs[i].k, pairs[i].v) == ((pairs[i].on & backends[b].bit) != 0),
                  "K type %d, V type %d, backend %d", (int)pairs[i].k, (int)pairs[i].v, (int)backends[b].backend);
}

/* One layer that has no kernel turns it off for all; layers in system memory, without attention or of the prediction
 * layers have no say. */
static void every_layer_has_a_say(void)
{
    const shape good = {128, 128, 8, 8, ALL, false};
    vf_model m = model_of(&good, 4);
    vf_placement p = {.n_devices = 1, .n_cards = 1, .backend = VF_BACKEND_CUDA, .layer_device = devices};
    vf_context c = {.type_k = VF_TYPE_F16, .type_v = VF_TYPE_F16, .causal = true};

    for (uint32_t il = 0; il < 4; il++) {
        layers[il].head_k = 120;
        CHECK(!vf_fattn_supported(&m, &c, &p), "layer %u", il);
        devices[il] = VF_HOST;
        CHECK(vf_fattn_supported(&m, &c, &p), "layer %u in system memory", il);
        devices[il] = 0;
        layers[il].attention = VF_ATTN_NONE;
        CHECK(vf_fattn_supported(&m, &c, &p), "layer %u without attention", il);
        layers[il].attention = VF_ATTN_GQA;
        layers[il].n_head_kv = 0;
        CHECK(vf_fattn_supported(&m, &c, &p), "layer %u without key heads", il);
        layers[il].n_head_kv = 8;
        layers[il].head_k = 128;
    }
    m.hp.nextn_predict_layers = 2;
    for (uint32_t il = 0; il < 4; il++) { /* of two prediction layers the first drafts */
        layers[il].head_k = 120;
        c.drafts = false;
        CHECK(vf_fattn_supported(&m, &c, &p) == (il >= 2), "layer %u of the trunk", il);
        c.drafts = true;
        CHECK(vf_fattn_supported(&m, &c, &p) == (il != 2), "layer %u drafts", il);
        layers[il].head_k = 128;
    }
    c.drafts = false;
    c.type_k = VF_TYPE_IQ4_NL;
    CHECK(!vf_fattn_supported(&m, &c, &p), "the cache's type");
    c.causal = false;
    CHECK(vf_fattn_supported(&m, &c, &p), "an encoder has no cache");
    c.type_v = VF_TYPE_IQ4_NL;
    CHECK(vf_fattn_supported(&m, &c, &p), "nor for V");
    c.causal = true;
    m.arch.encoder_stack = true;
    CHECK(vf_fattn_supported(&m, &c, &p), "T5's encoder never uses it");
    m.arch.encoder_stack = false;
    m.arch.encoder_decoder = true;
    CHECK(vf_fattn_supported(&m, &c, &p), "nor its decoder");
}

/* ALiBi: by the file, by the architecture, or by the architecture for one number of layers. */
static void biased_by_distance(void)
{
    const shape s = {576, 512, 2, 1, 0, false}; /* a shape that has a kernel without it only */
    vf_model m = model_of(&s, 2);

    CHECK(supported(&m, VF_BACKEND_CUDA, VF_TYPE_F16, VF_TYPE_F16), "none");
    m.arch.attention.alibi = true;
    CHECK(!supported(&m, VF_BACKEND_CUDA, VF_TYPE_F16, VF_TYPE_F16), "by architecture");
    m.arch.attention.alibi = false;
    for (uint32_t n = 1; n < 4; n++) {
        m.arch.attention.alibi_block_count = n;
        CHECK(supported(&m, VF_BACKEND_CUDA, VF_TYPE_F16, VF_TYPE_F16) == (n != 2), "for %u layers", n);
    }
}

/* ---- what a kernel keeps behind its result ---- */

typedef struct attention {
    vf_backend backend;
    uint32_t cc;
    vf_type k, v;
    uint64_t head, n_head, n_head_kv, cells, tokens, streams;
    bool mask, same; /* same: V is a part of K */
    bool copies;
} attention;

static const attention kept[] = {
    /* a prompt: copies of what is not f16 */
    {VF_BACKEND_CUDA, 86, VF_TYPE_F16, VF_TYPE_F16, 128, 8, 8, 1024, 512, 1, true, false, false},
    {VF_BACKEND_CUDA, 86, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 8, 1024, 512, 1, true, false, true},
    {VF_BACKEND_ROCM, 0, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 8, 1024, 512, 1, true, false, true},
    {VF_BACKEND_SYCL, 0, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 8, 1024, 512, 1, true, false, true},
    {VF_BACKEND_METAL, 0, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 8, 1024, 512, 1, true, false, false},
    {VF_BACKEND_VULKAN, 0, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 8, 1024, 512, 1, true, false, false},
    {VF_BACKEND_CUDA, 86, VF_TYPE_BF16, VF_TYPE_BF16, 128, 8, 8, 1024, 512, 1, true, true, true}, /* one copy serves both */
    {VF_BACKEND_CUDA, 86, VF_TYPE_F16, VF_TYPE_Q8_0, 128, 8, 8, 1024, 512, 1, true, false, true},
    {VF_BACKEND_CUDA, 86, VF_TYPE_Q8_0, VF_TYPE_F16, 128, 8, 8, 1024, 512, 1, true, false, true},
    /* single tokens: Turing and Ampere one, Ada and later two */
    {VF_BACKEND_CUDA, 86, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 8, 1024, 1, 1, true, false, false},
    {VF_BACKEND_CUDA, 86, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 8, 1024, 2, 1, true, false, true},
    {VF_BACKEND_CUDA, 75, VF_TYPE_Q4_0, VF_TYPE_Q4_0, 128, 8, 8, 1024, 1, 1, true, false, false},
    {VF_BACKEND_CUDA, 75, VF_TYPE_Q4_0, VF_TYPE_Q4_0, 128, 8, 8, 1024, 2, 1, true, false, true},
    {VF_BACKEND_CUDA, 89, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 8, 1024, 2, 1, true, false, false},
    {VF_BACKEND_CUDA, 88, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 8, 1024, 2, 1, true, false, true},
    {VF_BACKEND_CUDA, 89, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 8, 1024, 3, 1, true, false, true},
    {VF_BACKEND_ROCM, 89, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 8, 1024, 1, 1, true, false, true},
    /* pairs that it reads as they are */
    {VF_BACKEND_CUDA, 86, VF_TYPE_Q5_0, VF_TYPE_Q5_0, 128, 8, 8, 1024, 1, 1, true, false, true},
    {VF_BACKEND_CUDA, 86, VF_TYPE_Q8_0, VF_TYPE_Q4_0, 128, 8, 8, 1024, 1, 1, true, false, true},
    {VF_BACKEND_CUDA, 86, VF_TYPE_F32, VF_TYPE_F32, 128, 8, 8, 1024, 1, 1, true, false, true},
    /* heads of a multiple of 64 up to 256, but 192; cells of 256 */
    {VF_BACKEND_CUDA, 86, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 64, 8, 8, 1024, 1, 1, true, false, false},
    {VF_BACKEND_CUDA, 86, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 96, 8, 8, 1024, 1, 1, true, false, true},
    {VF_BACKEND_CUDA, 86, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 256, 8, 8, 1024, 1, 1, true, false, false},
    {VF_BACKEND_CUDA, 86, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 512, 8, 4, 1024, 1, 1, true, false, true},
    {VF_BACKEND_CUDA, 86, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 8, 1025, 1, 1, true, false, true},
    /* before Turing: Volta by tokens and heads that go together, older ones by tokens */
    {VF_BACKEND_CUDA, 70, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 8, 1024, 2, 1, true, false, false},
    {VF_BACKEND_CUDA, 70, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 8, 1024, 3, 1, true, false, true},
    {VF_BACKEND_CUDA, 70, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 4, 1024, 1, 1, true, false, false},
    {VF_BACKEND_CUDA, 70, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 4, 1024, 2, 1, true, false, true},
    {VF_BACKEND_CUDA, 70, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 2, 1024, 1, 1, true, false, true},
    {VF_BACKEND_CUDA, 70, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 6, 2, 1024, 2, 1, true, false, false},
    {VF_BACKEND_CUDA, 74, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 4, 1024, 2, 1, true, false, true},
    {VF_BACKEND_CUDA, 61, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 4, 1024, 2, 1, true, false, false},
    {VF_BACKEND_CUDA, 61, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 8, 1024, 3, 1, true, false, true},
    {VF_BACKEND_CUDA, 69, VF_TYPE_Q8_0, VF_TYPE_Q8_0, 128, 8, 2, 1024, 2, 1, true, false, false},
    /* bf16, which is not quantized: one token, and heads that nothing makes go together */
    {VF_BACKEND_CUDA, 61, VF_TYPE_BF16, VF_TYPE_BF16, 128, 8, 8, 1024, 1, 1, true, false, false},
    {VF_BACKEND_CUDA, 61, VF_TYPE_BF16, VF_TYPE_BF16, 128, 8, 8, 1024, 2, 1, true, false, true},
    {VF_BACKEND_CUDA, 61, VF_TYPE_BF16, VF_TYPE_BF16, 128, 8, 4, 1024, 1, 1, true, false, true},
    {VF_BACKEND_CUDA, 61, VF_TYPE_BF16, VF_TYPE_BF16, 128, 8, 4, 1024, 1, 1, false, false, false}, /* without a mask */
    {VF_BACKEND_CUDA, 86, VF_TYPE_BF16, VF_TYPE_BF16, 128, 8, 8, 1024, 1, 1, true, false, false},
    {VF_BACKEND_CUDA, 86, VF_TYPE_BF16, VF_TYPE_BF16, 128, 8, 8, 1024, 2, 1, true, false, true},
    {VF_BACKEND_CUDA, 86, VF_TYPE_BF16, VF_TYPE_BF16, 128, 8, 4, 1024, 1, 1, true, false, true},
    /* ... on Ada also with shared heads, of one sequence, but where too many share large heads or a long cache */
    {VF_BACKEND_CUDA, 89, VF_TYPE_BF16, VF_TYPE_BF16, 128, 8, 4, 1024, 1, 1, true, false, false},
    {VF_BACKEND_CUDA, 88, VF_TYPE_BF16, VF_TYPE_BF16, 128, 8, 4, 1024, 1, 1, true, false, true},
    {VF_BACKEND_CUDA, 89, VF_TYPE_BF16, VF_TYPE_BF16, 128, 8, 4, 1024, 1, 2, true, false, true},
    {VF_BACKEND_CUDA, 89, VF_TYPE_BF16, VF_TYPE_BF16, 128, 8, 1, 7936, 1, 1, true, false, false},
    {VF_BACKEND_CUDA, 89, VF_TYPE_BF16, VF_TYPE_BF16, 128, 8, 1, 8192, 1, 1, true, false, true},
    {VF_BACKEND_CUDA, 89, VF_TYPE_BF16, VF_TYPE_BF16, 128, 8, 2, 8192, 1, 1, true, false, false},
    {VF_BACKEND_CUDA, 89, VF_TYPE_BF16, VF_TYPE_BF16, 256, 8, 2, 1024, 1, 1, true, false, false},
    {VF_BACKEND_CUDA, 89, VF_TYPE_BF16, VF_TYPE_BF16, 256, 8, 1, 1024, 1, 1, true, false, true},
    {VF_BACKEND_CUDA, 89, VF_TYPE_BF16, VF_TYPE_BF16, 192, 8, 8, 1024, 1, 1, true, false, false}, /* no kernel: on the CPU */
};

/* Bytes behind the result: each copy begins at a multiple of 128. */
static uint64_t copies_of(const attention *t, uint64_t result)
{
    uint64_t each = 2 * t->head * t->cells * t->n_head_kv * t->streams, end = result;

    if (!t->copies)
        return 0;
    if (t->k != VF_TYPE_F16)
        end = (end + 127) / 128 * 128 + each;
    if (t->v != VF_TYPE_F16 && !t->same)
        end = (end + 127) / 128 * 128 + each;
    return end - result;
}

static void copies_behind_the_result(void)
{
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        const attention *t = &kept[i];
        const shape s = {(uint32_t)t->head, (uint32_t)t->head, (uint32_t)t->n_head, (uint32_t)t->n_head_kv, 0, false};
        vf_model m = model_of(&s, 1);
        vf_placement p = {.n_devices = 1, .n_cards = 1, .backend = t->backend, .layer_device = devices, .compute_capability = {t->cc}};
        vf_graph g;
        char name[32];

        (void)snprintf(name, sizeof name, "row %zu", i);
        vf_graph_init(&g, &heap);
        vf_id q = vf_g_tensor(&g, VF_TYPE_F32, t->head, t->tokens, t->n_head, t->streams);
        vf_id k = vf_g_tensor(&g, (uint16_t)t->k, t->head, t->cells, t->n_head_kv, t->streams);
        vf_id v = vf_g_tensor(&g, (uint16_t)t->v, t->head, t->cells, t->n_head_kv, t->streams);
        if (t->same) {
            vf_id of = v;
            k = vf_g_reshape(&g, of, t->head, t->cells, t->n_head_kv, t->streams);
            v = vf_g_reshape(&g, of, t->head, t->cells, t->n_head_kv, t->streams);
        }
        vf_id out = vf_g_op(&g, VF_OP_FLASH_ATTN_EXT, VF_TYPE_F32, t->head, t->n_head, t->tokens, t->streams, q, k, v);
        vf_g_add_src(&g, out, t->mask ? vf_g_tensor(&g, VF_TYPE_F16, t->cells, t->tokens, 1, 1) : 0);
        vf_fattn_apply(&g, out, &m, &p);
        CHECK_U64(g.node[out].extra, copies_of(t, vf_g_bytes(&g.node[out])), name);
        CHECK(!(g.node[out].flags & VF_NODE_CPU_ONLY) == (t->head != 192), "%s: where", name);
        devices[0] = VF_HOST; /* asks for the first card's kernel all the same */
        vf_fattn_apply(&g, out, &m, &p);
        CHECK_U64(g.node[out].extra, copies_of(t, vf_g_bytes(&g.node[out])), name);
        vf_graph_free(&g);
    }
}

/* When the cache is copied to another backend, V is no longer a part of K. */
static void copied_apart(void)
{
    const shape s = {128, 128, 8, 8, 0, false};
    vf_model m = model_of(&s, 1);
    vf_placement p = {.n_devices = 1, .n_cards = 1, .backend = VF_BACKEND_CUDA, .layer_device = devices, .compute_capability = {86}};
    uint64_t once;
    vf_graph g;

    vf_graph_init(&g, &heap);
    vf_id q = vf_g_tensor(&g, VF_TYPE_F32, 128, 64, 8, 1), of = vf_g_tensor(&g, VF_TYPE_Q8_0, 128, 1024, 8, 1);
    vf_id k = vf_g_reshape(&g, of, 128, 1024, 8, 1), v = vf_g_reshape(&g, of, 128, 1024, 8, 1);
    vf_id out = vf_g_op(&g, VF_OP_FLASH_ATTN_EXT, VF_TYPE_F32, 128, 8, 64, 1, q, k, v);
    vf_fattn_apply(&g, out, &m, &p);
    once = g.node[out].extra;
    CHECK_U64(once, UINT64_C(2) * 128 * 1024 * 8, "one copy");
    g.node[out].src[2] = vf_g_tensor(&g, VF_TYPE_Q8_0, 128, 1024, 8, 1);
    vf_fattn_copied(&g, out);
    CHECK_U64(g.node[out].extra, 2 * once, "two");
    g.node[g.node[out].src[2]].ne[1] = UINT64_C(1) << 60; /* copies that cannot be counted */
    vf_fattn_copied(&g, out);
    CHECK_U64(g.node[out].extra, UINT64_MAX, "too many");
    g.node[k].ne[2] = 0; /* no key heads: nothing is shared */
    vf_fattn_apply(&g, out, &m, &p);
    CHECK(!(g.node[out].flags & VF_NODE_CPU_ONLY), "no key heads");
    g.node[out].extra = 0; /* a kernel that reads it as it is goes on to */
    vf_fattn_copied(&g, out);
    CHECK_U64(g.node[out].extra, 0, "none");
    vf_graph_free(&g);
}

int main(void)
{
    every_shape();
    every_pair_of_types();
    every_layer_has_a_say();
    biased_by_distance();
    copies_behind_the_result();
    copied_apart();
    return CHECK_END();
}
