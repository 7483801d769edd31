/* The operations that the Vulkan backend has: ggml-vulkan.cpp, ggml_backend_vk_device_supports_op. (Scans of
 * state-space models are judged where they are built, by ../kernels.c.) */
#include "estimate/graph/vulkan.h"
#include "estimate/kernels.h"

static bool is_float(uint16_t type)
{
    return type == VF_TYPE_F32 || type == VF_TYPE_F16;
}

/* ggml_vk_dim01_contiguous */
static bool dense_matrices(const vf_node *t)
{
    const vf_type_info *info = vf_type_get(t->type);

    return t->nb[0] == info->block_bytes && t->nb[1] == t->ne[0] / info->block * t->nb[0] &&
           (t->ne[3] == 1 || t->nb[3] == t->nb[2] * t->ne[2]);
}

static bool multiplies(const vf_node *a, const vf_node *b)
{
    if (a->ne[3] != b->ne[3] || (a->type == VF_TYPE_BF16 && b->type == VF_TYPE_F16))
        return false;
    return (dense_matrices(a) || is_float(a->type) || a->type == VF_TYPE_BF16) && (dense_matrices(b) || is_float(b->type));
}

/* From one type to another; a quantized tensor that stays in its type must be dense. */
static bool copies(const vf_node *from, const vf_node *to)
{
    return from->type != to->type || !vf_type_get(from->type)->quantized || (vf_g_contiguous(from) && vf_g_contiguous(to));
}

bool vf_vulkan_supports(const vf_graph *g, const vf_node *t)
{
    const vf_node *a = &g->node[t->src[0]], *b = &g->node[t->src[1]];
    uint64_t most = vf_kernel_max_tensor(VF_BACKEND_VULKAN);

    for (uint32_t k = 0; k < t->n_src; k++)
        if (vf_g_bytes(&g->node[t->src[k]]) > most)
            return false;
    if (vf_g_bytes(t) > most)
        return false;
    switch (t->op) {
    case VF_OP_MUL_MAT:
        return multiplies(a, b);
    case VF_OP_MUL_MAT_ID:
        return dense_matrices(b) || is_float(b->type);
    case VF_OP_FLASH_ATTN_EXT: {
        const vf_node *v = &g->node[t->src[2]];

        return b->ne[0] % 8 == 0 && v->ne[0] % 8 == 0 && (b->type == VF_TYPE_BF16) == (v->type == VF_TYPE_BF16);
    }
    case VF_OP_SCALE:
    case VF_OP_SOFT_MAX:
    case VF_OP_ARGSORT:
    case VF_OP_TOP_K:
    case VF_OP_GROUP_NORM:
        return vf_g_contiguous(a);
    case VF_OP_CONT:
    case VF_OP_CPY:
        return copies(a, t);
    case VF_OP_GATED_DELTA_NET: {
        uint64_t width = g->node[t->src[2]].ne[0];

        return width == 16 || width == 32 || width == 64 || width == 128;
    }
    case VF_OP_LIGHTNING_INDEXER:
        return a->ne[0] == 128;
    default:
        return true;
    }
}
