/* Which operations a backend has a kernel for, as far as it depends on shape or type. llama.cpp asks twice:
 * for the weight when it is loaded (src/llama-model-loader.cpp: weight_buft_supported; without a kernel it
 * stays in system memory), and for the node when the graph is scheduled.
 * CUDA: ggml/src/ggml-cuda/ggml-cuda.cu, ggml_backend_cuda_device_supports_op; Vulkan:
 * ggml/src/ggml-vulkan/ggml-vulkan.cpp, ggml_backend_vk_device_supports_op. */
#ifndef VF_ESTIMATE_KERNELS_H
#define VF_ESTIMATE_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "vramfit/vramfit.h"

static inline bool vf_backend_is_cuda(vf_backend backend)
{
    return backend == VF_BACKEND_CUDA || backend == VF_BACKEND_ROCM;
}

/* These two are asked of every tensor: here, so that they cost no call. */

/** Bytes of the largest tensor that a kernel reads or writes: maxStorageBufferRange of common Vulkan drivers; shaders with
 * 64-bit indices have no such limit, but few devices offer them. */
static inline uint64_t vf_kernel_max_tensor(vf_backend backend)
{
    return backend == VF_BACKEND_VULKAN ? UINT64_C(0xffffffff) : UINT64_MAX;
}

static inline bool vf_kernel_mul_mat(vf_backend backend, uint16_t weight_type)
{
    return !vf_backend_is_cuda(backend) || (weight_type != VF_TYPE_TQ1_0 && weight_type != VF_TYPE_TQ2_0);
}

/** Picks rows of `width` elements. */
bool vf_kernel_get_rows(vf_backend backend, uint16_t type, uint64_t width);
/** A product of experts in f32 (GGML_PREC_F32). */
bool vf_kernel_mul_mat_id_f32(vf_backend backend);
bool vf_kernel_ssm_conv(vf_backend backend, uint64_t channels);

/** `per_head`: one decay for each head (Mamba-2). */
typedef struct vf_ssm_scan {
    bool per_head;
    uint64_t d_state, head_dim, n_head, n_group;
} vf_ssm_scan;

bool vf_kernel_ssm_scan(vf_backend backend, const vf_ssm_scan *s);
/** The indexer of sparse attention (ggml-cuda/lightning-indexer.cu). */
bool vf_kernel_lightning_indexer(vf_backend backend, uint64_t head, uint64_t n_head, uint16_t cache_type);

#endif
