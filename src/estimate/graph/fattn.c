#include "estimate/graph/fattn.h"

#include "base/checked.h"

/* Shape and types of one attention, as a kernel is chosen by. */
typedef struct problem {
    uint64_t head_k, head_v, gqa_ratio, cells, tokens, streams;
    uint16_t type_k, type_v;
    bool has_mask, alibi;
} problem;

/* Types that a kernel reads or converts (ggml-cuda/fattn.cu: ggml_cuda_fattn_kv_type_supported). */
static bool cuda_type(uint16_t type)
{
    switch (type) {
    case VF_TYPE_F32:
    case VF_TYPE_F16:
    case VF_TYPE_BF16:
    case VF_TYPE_Q4_0:
    case VF_TYPE_Q4_1:
    case VF_TYPE_Q5_0:
    case VF_TYPE_Q5_1:
    case VF_TYPE_Q8_0:
        return true;
    default:
        return false;
    }
}

/* Query heads that share a K head are computed together. */
static bool groups_heads(const problem *p)
{
    return p->gqa_ratio >= 2 && p->has_mask && !p->alibi && p->cells % 256 == 0;
}

/* ggml-cuda/fattn.cu: ggml_cuda_get_best_fattn_kernel; the cells of a cache are a multiple of 256. */
static bool cuda_supports(const problem *p)
{
    bool gqa = groups_heads(p);

    if (!cuda_type(p->type_k) || !cuda_type(p->type_v))
        return false;
    switch (p->head_k) {
    case 40:
    case 64:
    case 72:
    case 80:
    case 96:
    case 112:
    case 128:
    case 256:
        return p->head_v == p->head_k;
    case 192:
        return p->head_v == 128 && gqa && p->gqa_ratio % 8 == 0;
    case 320:
        return p->head_v == 256 && gqa && p->gqa_ratio % 32 == 0;
    case 512:
        return p->head_v == 512 && gqa;
    case 576:
        return p->head_v == 512 && gqa;
    default:
        return false;
    }
}

/* ggml-metal/ggml-metal-device.m: ggml_metal_device_supports_op */
static bool metal_supports(const problem *p)
{
    static const uint16_t heads[] = {32, 40, 48, 64, 72, 80, 96, 112, 128, 192, 256, 320, 512, 576};
    bool known = false;

    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        known = known || p->head_k == heads[i];
    return known && p->head_v <= p->head_k && (p->head_k != 72 || p->head_v == 72) && p->type_k == p->type_v &&
           cuda_type(p->type_k);
}

/* ggml-sycl/fattn.cpp: ggml_sycl_get_best_fattn_kernel, as it is built by default and for any batch. */
static bool sycl_supports(const problem *p)
{
    bool type = p->type_k == VF_TYPE_F32 || p->type_k == VF_TYPE_F16 || p->type_k == VF_TYPE_BF16 ||
                p->type_k == VF_TYPE_Q4_0 || p->type_k == VF_TYPE_Q8_0;

    if (p->type_k != p->type_v || !type)
        return false;
    if (p->head_k == 576)
        return p->head_v == 512 && groups_heads(p);
    return p->head_v == p->head_k &&
           (p->head_k == 40 || p->head_k == 64 || p->head_k == 72 || p->head_k == 80 || p->head_k == 96 ||
            p->head_k == 112 || p->head_k == 128 || p->head_k == 256 || p->head_k == 512);
}

/* ggml-vulkan/ggml-vulkan.cpp: ggml_backend_vk_device_supports_op */
static bool vulkan_supports(const problem *p)
{
    return p->head_k % 8 == 0 && p->head_v % 8 == 0 && (p->type_k == VF_TYPE_BF16) == (p->type_v == VF_TYPE_BF16);
}

static bool supports(vf_backend backend, const problem *p)
{
    switch (backend) {
    case VF_BACKEND_CUDA:
    case VF_BACKEND_ROCM:
        return cuda_supports(p);
    case VF_BACKEND_VULKAN:
        return vulkan_supports(p);
    case VF_BACKEND_METAL:
        return metal_supports(p);
    case VF_BACKEND_SYCL:
        return sycl_supports(p);
    default:
        return true;
    }
}

static problem problem_of(const vf_graph *g, const vf_node *node, bool alibi)
{
    const vf_node *q = &g->node[node->src[0]], *k = &g->node[node->src[1]], *v = &g->node[node->src[2]];
    problem p = {.head_k = k->ne[0], .head_v = v->ne[0], .cells = k->ne[1], .type_k = k->type, .type_v = v->type,
                 .has_mask = node->n_src > 3, .alibi = alibi, .tokens = q->ne[1], .streams = q->ne[3]};

    p.gqa_ratio = k->ne[2] ? q->ne[2] / k->ne[2] : 0;
    return p;
}

/* Whether the kernel for single tokens is taken (the same function). */
static bool cuda_single(const problem *p, uint32_t capability)
{
    bool quantized = vf_type_get(p->type_k)->quantized || vf_type_get(p->type_v)->quantized, gqa = groups_heads(p);
    uint64_t together = 1;

    if (p->head_k > 256 || p->head_k % 64 != 0 || p->head_k == 192 || p->cells % 256 != 0)
        return false;
    if (capability >= 75) {
        if (quantized)
            return p->tokens <= (capability >= 89 ? 2 : 1);
        return p->tokens == 1 && (!gqa || (capability >= 89 && p->streams == 1 &&
                                           !(p->gqa_ratio > 4 && (p->head_k >= 256 || p->cells >= 8192))));
    }
    if (capability >= 70) {
        while (together < 8 && p->gqa_ratio % (2 * together) == 0)
            together *= 2;
        return vf_mul(p->tokens, together) <= 2;
    }
    return quantized ? p->tokens <= 2 : p->tokens == 1 && !gqa;
}

/* The kernel for single tokens reads these pairs as they are (GGML_CUDA_FA_QUANTS, its default). */
static bool cuda_single_reads(const problem *p)
{
    return p->type_k == p->type_v && (p->type_k == VF_TYPE_BF16 || p->type_k == VF_TYPE_Q4_0 || p->type_k == VF_TYPE_Q8_0);
}

/* CUDA's other kernels read f16: of a cache of another type they keep an f16 copy behind the result
 * (ggml-cuda/fattn-common.cuh: ggml_cuda_flash_attn_ext_get_f16_extra_data). */
static uint64_t cuda_extra(const vf_graph *g, const vf_node *node)
{
    const vf_node *k = &g->node[node->src[1]], *v = &g->node[node->src[2]];
    uint64_t own = vf_g_bytes(node), end = own;
    bool v_is_k = v->view_src && v->view_src == k->view_src;

    if (k->type != VF_TYPE_F16)
        end = vf_add(vf_pad(end, 128), vf_mul(2, vf_mul(vf_mul(k->ne[0], k->ne[1]), vf_mul(k->ne[2], k->ne[3]))));
    if (v->type != VF_TYPE_F16 && !v_is_k)
        end = vf_add(vf_pad(end, 128), vf_mul(2, vf_mul(vf_mul(v->ne[0], v->ne[1]), vf_mul(v->ne[2], v->ne[3]))));
    return end == VF_OVERFLOW ? VF_OVERFLOW : end - own;
}

/* Attention biased by distance: as the file says, or by architecture. */
static bool has_alibi(const vf_model *m)
{
    return m->hp.max_alibi_bias || m->arch.attention.alibi ||
           (m->arch.attention.alibi_block_count && m->arch.attention.alibi_block_count == m->n_layers);
}

void vf_fattn_apply(vf_graph *g, vf_id id, const vf_model *m, const vf_placement *p)
{
    vf_node *node = &g->node[id];
    problem pr = problem_of(g, node, has_alibi(m));
    int16_t device = p->layer_device[node->layer];
    /* of a layer in system memory: what it computes on a card is computed on the first one, by op offload */
    uint32_t capability = p->compute_capability[device == VF_HOST ? 0 : device];

    if (!supports(p->backend, &pr))
        node->flags |= VF_NODE_CPU_ONLY;
    else if (p->backend == VF_BACKEND_CUDA && cuda_single(&pr, capability) && cuda_single_reads(&pr))
        node->extra = 0;
    else if (p->backend == VF_BACKEND_CUDA || p->backend == VF_BACKEND_ROCM || p->backend == VF_BACKEND_SYCL)
        node->extra = cuda_extra(g, node);
}

void vf_fattn_copied(vf_graph *g, vf_id id)
{
    if (g->node[id].extra)
        g->node[id].extra = cuda_extra(g, &g->node[id]);
}

bool vf_fattn_supported(const vf_model *m, const vf_context *c, const vf_placement *p)
{
    /* attention with a bias on its scores never is flash attention: nothing is there that could be elsewhere (T5) */
    if (m->arch.encoder_decoder || m->arch.encoder_stack)
        return true;
    uint32_t trunk = m->n_layers - m->hp.nextn_predict_layers;
    for (uint32_t il = c->drafts ? trunk : 0; il < (c->drafts ? trunk + 1 : trunk); il++) { /* one layer drafts */
        const vf_layer *l = &m->layers[il];
        /* an encoder attends to its batch, in f16, whatever the type of a cache that it has not got */
        problem pr = {.head_k = l->head_k, .head_v = l->head_v, .cells = 256,
                      .type_k = c->causal ? (uint16_t)c->type_k : VF_TYPE_F16,
                      .type_v = c->causal ? (uint16_t)c->type_v : VF_TYPE_F16, .has_mask = true, .alibi = has_alibi(m)};

        if (l->attention == VF_ATTN_NONE || p->layer_device[il] == VF_HOST || l->n_head_kv == 0)
            continue;
        pr.gqa_ratio = l->n_head / l->n_head_kv;
        if (!supports(p->backend, &pr))
            return false;
    }
    return true;
}
