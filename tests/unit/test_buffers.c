/* Rules of each backend's buffers: what a tensor takes in them, what a backend appends to results, and what
 * no buffer holds. Sums are written out where a rule is read from llama.cpp's source alone (Metal). */
#include "estimate/context.h"
#include "estimate/graph/metal.h"
#include "vramfit/load.h"

#include "memory.h"

CHECK_ALLOCATOR(heap);

static void test_tensors(void)
{
    /* 896 elements of Q4_0: 28 blocks of 18 bytes; CUDA fills the last row up to 1024, 4 blocks more */
    const uint64_t rows = 10, bytes = rows * 28 * 18;

    CHECK(vf_buffer_tensor_bytes(VF_BACKEND_CUDA, VF_TYPE_Q4_0, 896, bytes) == bytes + 4 * 18, "CUDA pads once");
    CHECK(vf_buffer_tensor_bytes(VF_BACKEND_ROCM, VF_TYPE_Q4_0, 896, bytes) == bytes + 4 * 18, "so does ROCm");
    CHECK(vf_buffer_tensor_bytes(VF_BACKEND_SYCL, VF_TYPE_Q4_0, 896, bytes) == bytes + 4 * 18, "and SYCL");
    CHECK(vf_buffer_tensor_bytes(VF_BACKEND_VULKAN, VF_TYPE_Q4_0, 896, bytes) == bytes, "Vulkan does not");
    CHECK(vf_buffer_tensor_bytes(VF_BACKEND_METAL, VF_TYPE_Q4_0, 896, bytes) == bytes, "nor does Metal");
    CHECK(vf_buffer_tensor_bytes(VF_BACKEND_CUDA, VF_TYPE_F16, 896, bytes) == bytes, "only quantized rows");
    CHECK(vf_buffer_tensor_bytes(VF_BACKEND_CUDA, 9999, 896, bytes) == bytes, "nor of a type there is not");
    CHECK(vf_buffer_tensor_bytes(VF_BACKEND_CUDA, VF_TYPE_Q4_0, 1024, bytes) == bytes, "only rows that need it");
}

static void test_buffers(void)
{
    CHECK(vf_buffer_alignment(VF_BACKEND_CUDA) == 128 && vf_buffer_alignment(VF_BACKEND_SYCL) == 128 &&
              vf_buffer_alignment(VF_BACKEND_VULKAN) == 16 && vf_buffer_alignment(VF_BACKEND_METAL) == 32 &&
              vf_buffer_alignment(VF_BACKEND_CPU) == 32,
          "alignment");
    CHECK(vf_buffer_max_size(VF_BACKEND_VULKAN) == UINT64_C(1) << 30 &&
              vf_buffer_max_size(VF_BACKEND_CUDA) > UINT64_C(1) << 60,
          "largest buffer");
    CHECK(vf_host_alignment(VF_BACKEND_VULKAN) == 64 && vf_host_alignment(VF_BACKEND_CUDA) == 32 &&
              vf_host_max_size(VF_BACKEND_VULKAN) == UINT64_C(1) << 30 && vf_host_extra(VF_BACKEND_VULKAN) == 32 &&
              vf_host_extra(VF_BACKEND_CUDA) == 0,
          "system memory");
}

static uint64_t scratch(vf_graph *g, vf_id t)
{
    vf_g_expand(g, t);
    vf_metal_scratch(g);
    return g->node[t].extra;
}

static void test_metal(void)
{
    vf_graph g;
    vf_id q, k, v, mask, t, ids;

    vf_graph_init(&g, &heap);
    /* 512 queries of 32 heads on 8 heads of 4096 cells, 128 wide */
    q = vf_g_input(&g, VF_TYPE_F32, 128, 512, 32, 1);
    k = vf_g_input(&g, VF_TYPE_F16, 128, 4096, 8, 1);
    v = vf_g_input(&g, VF_TYPE_F16, 128, 4096, 8, 1);
    mask = vf_g_input(&g, VF_TYPE_F16, 4096, 512, 1, 1);
    t = vf_g_op(&g, VF_OP_FLASH_ATTN_EXT, VF_TYPE_F32, 128, 32, 512, 1, q, k, v);
    vf_g_add_src(&g, t, mask);
    /* tails 64 x (2 x 256 x 8 + 2 x 512), blocks 64 x 64, parts 4 x 32 x 32 x 32 x 130, copies 2 x 2 x 4194304 */
    CHECK(scratch(&g, t) == 64 * (4096 + 1024) + 4096 + 4 * 32 * 32 * 32 * 130 + 16777216, "attention: %llu",
          (unsigned long long)g.node[t].extra);
    /* 8 experts of 2 for each of 100 tokens */
    ids = vf_g_input(&g, VF_TYPE_I32, 2, 100, 1, 1);
    t = vf_g_mul_mat_id(&g, vf_g_input(&g, VF_TYPE_F16, 64, 32, 8, 1), vf_g_input(&g, VF_TYPE_F32, 64, 1, 100, 1), ids);
    CHECK(scratch(&g, t) == 4 * 8 * 101 + 8 + 4 * 256, "experts: %llu", (unsigned long long)g.node[t].extra);
    t = vf_g_op(&g, VF_OP_ARGSORT, VF_TYPE_I32, 64, 10, 1, 1, vf_g_input(&g, VF_TYPE_F32, 64, 10, 1, 1), 0, 0);
    CHECK(scratch(&g, t) == 64 * 10 * 4, "a sort needs twice its result");
    t = vf_g_op(&g, VF_OP_TOP_K, VF_TYPE_I32, 4, 10, 1, 1, vf_g_input(&g, VF_TYPE_F32, 64, 10, 1, 1), 0, 0);
    CHECK(scratch(&g, t) == 2 * 4 * 640 - 160, "the largest k need all of the row twice");
    CHECK(!g.failed, "graph");
    vf_graph_free(&g);
}

typedef struct metal_row {
    uint64_t head, tokens, heads, cells, streams;
    vf_type type;
    bool mask, same;
    uint64_t bytes;
} metal_row;

/* What Metal keeps behind an attention: tails of 64 cells of K, V and the mask; a map of the mask's blocks (8 queries by
 * 64 cells; one by 32 for up to 19 queries of heads of a multiple of 32), padded to 32; partial results of 32 workgroups
 * for up to 32 queries; f16 copies. From 32 queries on tails of quantized caches are f16. */
static void test_metal_attention(void)
{
    static const metal_row rows[] = {
        /* tails 64 x (2 x 128 x 2 + 2 x 64), map 8 x 16, parts 128 x 32 x 130, copies */
        {128, 64, 1, 1024, 1, VF_TYPE_F16, true, false, 64 * (512 + 128) + 128 + 128 * 32 * 130 + 2 * 2 * 128 * 1024},
        {128, 64, 1, 1024, 1, VF_TYPE_F16, false, false, 64 * 512 + 128 * 32 * 130 + 2 * 2 * 128 * 1024},
        {128, 64, 1, 1024, 1, VF_TYPE_F16, true, true, 64 * (512 + 128) + 128 + 128 * 32 * 130 + 2 * 128 * 1024}, /* one copy for both */
        {128, 20, 1, 1024, 1, VF_TYPE_F16, true, false, 64 * (512 + 40) + 64 + 128 * 20 * 130 + 2 * 2 * 128 * 1024}, /* 3 x 16 */
        {128, 19, 1, 1024, 1, VF_TYPE_F16, true, false, 64 * (512 + 38) + 608 + 128 * 19 * 130 + 2 * 2 * 128 * 1024}, /* 19 x 32 */
        {72, 19, 1, 1024, 1, VF_TYPE_F16, true, false, 64 * (288 + 38) + 64 + 128 * 19 * 74 + 2 * 2 * 72 * 1024}, /* no vectors of 72 */
        {128, 31, 1, 1024, 1, VF_TYPE_Q8_0, true, false, 64 * (2 * 136 + 62) + 64 + 128 * 31 * 130 + 2 * 2 * 128 * 1024},
        {128, 32, 1, 1024, 1, VF_TYPE_Q8_0, true, false, 64 * (2 * 256 + 64) + 64 + 128 * 32 * 130 + 2 * 2 * 128 * 1024},
        {128, 33, 1, 1024, 1, VF_TYPE_F16, true, false, 64 * (512 + 66) + 96 + 128 * 32 * 130 + 2 * 2 * 128 * 1024}, /* 5 x 16 */
        {128, 64, 1, 1025, 1, VF_TYPE_F16, true, false, 64 * (512 + 128) + 160 + 128 * 32 * 130 + 2 * (2 * 128 * 1025)}, /* 8 x 17 */
        {128, 64, 4, 1024, 3, VF_TYPE_F16, true, false, 64 * (12 * 512 + 128) + 128 + 128 * 32 * 12 * 130 + 12 * 2 * 2 * 128 * 1024},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const metal_row *r = &rows[i];
        vf_graph g;
        char name[32];
        (void)snprintf(name, sizeof name, "attention %zu", i);
        vf_graph_init(&g, &heap);
        vf_id q = vf_g_input(&g, VF_TYPE_F32, r->head, r->tokens, r->heads, r->streams);
        vf_id k = vf_g_input(&g, (uint16_t)r->type, r->head, r->cells, r->heads, r->streams);
        vf_id v = vf_g_input(&g, (uint16_t)r->type, r->head, r->cells, r->heads, r->streams);
        if (r->same) {
            vf_id of = k;
            k = vf_g_reshape(&g, of, r->head, r->cells, r->heads, r->streams);
            v = vf_g_reshape(&g, of, r->head, r->cells, r->heads, r->streams);
        }
        vf_id t = vf_g_op(&g, VF_OP_FLASH_ATTN_EXT, VF_TYPE_F32, r->head, r->heads, r->tokens, r->streams, q, k, v);
        vf_g_add_src(&g, t, r->mask ? vf_g_input(&g, VF_TYPE_F16, r->cells, r->tokens, 1, 1) : 0);
        CHECK_U64(scratch(&g, t), r->bytes, name);
        vf_graph_free(&g);
    }
}

/* What the CPU computes needs none; nor does a selection that is no smaller than its sort. */
static void test_metal_without(void)
{
    vf_graph g;
    vf_graph_init(&g, &heap);
    vf_id q = vf_g_input(&g, VF_TYPE_F32, 128, 64, 1, 1), k = vf_g_input(&g, VF_TYPE_F16, 128, 64, 1, 1);
    vf_id t = vf_g_op(&g, VF_OP_FLASH_ATTN_EXT, VF_TYPE_F32, 128, 1, 64, 1, q, k, k);
    g.node[t].flags |= VF_NODE_CPU_ONLY;
    CHECK_U64(scratch(&g, t), 0, "on the CPU");
    t = vf_g_op(&g, VF_OP_TOP_K, VF_TYPE_I32, 128, 1, 1, 1, vf_g_input(&g, VF_TYPE_F32, 64, 1, 1, 1), 0, 0);
    CHECK_U64(scratch(&g, t), 0, "as large as the sort");
    t = vf_g_op(&g, VF_OP_TOP_K, VF_TYPE_I32, 130, 1, 1, 1, vf_g_input(&g, VF_TYPE_F32, 64, 1, 1, 1), 0, 0);
    CHECK_U64(scratch(&g, t), 0, "larger than the sort");
    vf_graph_free(&g);
}

/* The runtime segment and margin of a small model on one card. */
static bool overhead(vf_catalog *catalog, vf_backend backend, vf_result *r)
{
    vf_request q = {.runtime = "llama.cpp", .n_devices = 1, .device = {{.name = "24GB", .total = UINT64_C(24) << 30}}};
    vf_quant_entry quant;
    vf_model *m = NULL;
    vf_error err = {0};
    uint32_t i;
    bool ok = vf_catalog_find(catalog, VF_KIND_MODEL, "llama-3.2-1b", &i, &err) == VF_OK &&
              vf_catalog_model_open(catalog, i, &heap, &m, &err) == VF_OK &&
              vf_catalog_find(catalog, VF_KIND_QUANT, "Q8_0", &i, &err) == VF_OK &&
              vf_catalog_quant(catalog, i, &quant) == VF_OK;

    if (ok) {
        vf_settings_init(&q.settings);
        q.settings.backend = backend;
        q.model = m;
        q.quant = quant.quant;
        ok = vf_estimate(&q, &heap, r, &err) == VF_OK;
    }
    vf_model_free(m);
    return ok;
}

static bool has_note(const vf_result *r, const char *word)
{
    for (uint32_t i = 0; i < r->n_notes; i++)
        if (strstr(r->note[i], word))
            return true;
    return false;
}

static void test_overhead(void)
{
    static vf_result cuda, rocm, vulkan, metal, sycl;
    const uint64_t mib = 1 << 20;
    vf_catalog *catalog;
    vf_error err;

    if (vf_catalog_new(&heap, &catalog, &err) != VF_OK) {
        CHECK(false, "catalog");
        return;
    }
    CHECK(overhead(catalog, VF_BACKEND_CUDA, &cuda) && overhead(catalog, VF_BACKEND_ROCM, &rocm) &&
              overhead(catalog, VF_BACKEND_VULKAN, &vulkan) && overhead(catalog, VF_BACKEND_METAL, &metal) &&
              overhead(catalog, VF_BACKEND_SYCL, &sycl),
          "estimates");
    CHECK(cuda.device[0].segment[VF_SEG_RUNTIME] > 260 * mib && rocm.device[0].segment[VF_SEG_RUNTIME] > 410 * mib,
          "contexts");
    CHECK(vulkan.device[0].segment[VF_SEG_RUNTIME] == 228 * mib && vulkan.device[0].margin == 229 * mib,
          "Vulkan has no CUDA context");
    CHECK(metal.device[0].segment[VF_SEG_RUNTIME] == 0 && metal.device[0].margin > 512 * mib, "nor has Metal");
    CHECK(!has_note(&cuda, "measured") && !has_note(&vulkan, "measured"), "measured backends");
    CHECK(has_note(&rocm, "not measured") && has_note(&metal, "not measured") && has_note(&sycl, "not measured"),
          "backends known from their source");
    CHECK(metal.device[0].segment[VF_SEG_COMPUTE] > vulkan.device[0].segment[VF_SEG_COMPUTE],
          "Metal copies K and V behind the result");
    vf_catalog_free(catalog);
}

int main(void)
{
    test_tensors();
    test_buffers();
    test_metal();
    test_metal_attention();
    test_metal_without();
    test_overhead();
    return CHECK_END();
}
