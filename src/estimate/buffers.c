/* Rules of buffer types: alignment, what a buffer type adds to a tensor, and the largest single buffer.
 * Sources: llama.cpp ggml/src/ggml-impl.h (TENSOR_ALIGNMENT), ggml/src/ggml-cuda/ggml-cuda.cu
 * (ggml_backend_cuda_buffer_type_*, MATRIX_ROW_PADDING), ggml/src/ggml-vulkan/ggml-vulkan.cpp
 * (ggml_backend_vk_buffer_type_*), ggml/src/ggml-metal/ggml-metal.cpp, ggml/src/ggml-sycl/ggml-sycl.cpp. */
#include "base/checked.h"
#include "estimate/context.h"

/* Elements to which CUDA and SYCL round up the last row of a quantized matrix. */
#define ROW_PADDING 512

/* Sizes that a Vulkan device states. Alignment (minStorageBufferOffsetAlignment): 16 on NVIDIA cards and in
 * the device measured; others say 4 to 64, and tensors are multiples of most of it anyway. Pinned memory
 * (minMemoryMapAlignment): 64, the least the standard allows, and what drivers say. A buffer is suballocated
 * in blocks of 1 GiB. What a shader reads (maxStorageBufferRange): 4 GiB less a byte. */
#define VULKAN_ALIGNMENT 16
#define VULKAN_HOST_ALIGNMENT 64
#define VULKAN_BLOCK (UINT64_C(1) << 30)
#define VULKAN_RANGE UINT64_C(0xffffffff)

#define NO_LIMIT (VF_OVERFLOW / 2)

/* `host`: the pinned memory that comes with a card, and that holds inputs and what stays off it; Metal has
 * none, plain memory serves. */
typedef struct buffer_rules {
    uint64_t alignment, max_size, max_tensor;
    uint64_t host_alignment, host_max_size;
    bool pads_rows;
} buffer_rules;

static const buffer_rules rules[] = {
    [VF_BACKEND_CUDA] = {128, NO_LIMIT, NO_LIMIT, 32, NO_LIMIT, true},
    [VF_BACKEND_ROCM] = {128, NO_LIMIT, NO_LIMIT, 32, NO_LIMIT, true},
    [VF_BACKEND_VULKAN] = {VULKAN_ALIGNMENT, VULKAN_BLOCK, VULKAN_RANGE, VULKAN_HOST_ALIGNMENT, VULKAN_BLOCK, false},
    [VF_BACKEND_METAL] = {32, NO_LIMIT, NO_LIMIT, 32, NO_LIMIT, false},
    [VF_BACKEND_SYCL] = {128, NO_LIMIT, NO_LIMIT, 32, NO_LIMIT, true},
    [VF_BACKEND_CPU] = {32, NO_LIMIT, NO_LIMIT, 32, NO_LIMIT, false},
};

uint64_t vf_buffer_alignment(vf_backend backend)
{
    return rules[backend].alignment;
}

uint64_t vf_buffer_max_size(vf_backend backend)
{
    return rules[backend].max_size;
}

uint64_t vf_buffer_max_tensor(vf_backend backend)
{
    return rules[backend].max_tensor;
}

uint64_t vf_buffer_host_alignment(vf_backend backend)
{
    return rules[backend].host_alignment;
}

uint64_t vf_buffer_host_max_size(vf_backend backend)
{
    return rules[backend].host_max_size;
}

uint64_t vf_buffer_tensor_bytes(vf_backend backend, uint16_t type, uint64_t ne0, uint64_t nbytes)
{
    const vf_type_info *info = vf_type_get(type);
    uint64_t over = ne0 % ROW_PADDING;

    if (!rules[backend].pads_rows || !info || !info->quantized || over == 0)
        return nbytes;
    return vf_add(nbytes, vf_row_bytes(type, ROW_PADDING - over));
}
