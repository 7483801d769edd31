/* Rules of buffer types: alignment, what a buffer type adds to a tensor, and the largest single buffer.
 * Sources: llama.cpp ggml/src/ggml-impl.h (TENSOR_ALIGNMENT), ggml/src/ggml-cuda/ggml-cuda.cu
 * (ggml_backend_cuda_buffer_type_*, MATRIX_ROW_PADDING), ggml/src/ggml-vulkan/ggml-vulkan.cpp
 * (ggml_backend_vk_buffer_type_*), ggml/src/ggml-metal/ggml-metal.cpp, ggml/src/ggml-sycl/ggml-sycl.cpp. */
#include "base/checked.h"
#include "estimate/context.h"

/* Elements to which CUDA and SYCL round up the last row of a quantized matrix. */
#define ROW_PADDING 512

typedef struct buffer_rules {
    uint64_t alignment;
    uint64_t max_size; /* 0: none */
    bool pads_rows;
} buffer_rules;

/* Buffers of system memory beside a device: pinned by the device's driver. */
typedef struct host_rules {
    uint64_t alignment;
    uint64_t max_size; /* 0: none */
    uint64_t extra;    /* bytes that every buffer is made larger */
} host_rules;

static const host_rules plain_host = {32, 0, 0};
/* alignment: minMemoryMapAlignment, 64 or more */
static const host_rules vulkan_host = {64, UINT64_C(1) << 30, 32};

static const buffer_rules rules[] = {
    [VF_BACKEND_CUDA] = {128, 0, true},
    [VF_BACKEND_ROCM] = {128, 0, true},
    [VF_BACKEND_VULKAN] = {16, UINT64_C(1) << 30, false}, /* alignment: minStorageBufferOffsetAlignment, 16 or more */
    [VF_BACKEND_METAL] = {32, 0, false},
    [VF_BACKEND_SYCL] = {128, 0, true},
    [VF_BACKEND_CPU] = {32, 0, false},
};

uint64_t vf_buffer_alignment(vf_backend backend)
{
    return rules[backend].alignment;
}

uint64_t vf_buffer_max_size(vf_backend backend)
{
    return rules[backend].max_size ? rules[backend].max_size : VF_OVERFLOW / 2;
}

static const host_rules *host_of(vf_backend backend)
{
    return backend == VF_BACKEND_VULKAN ? &vulkan_host : &plain_host;
}

uint64_t vf_host_alignment(vf_backend backend)
{
    return host_of(backend)->alignment;
}

uint64_t vf_host_max_size(vf_backend backend)
{
    return host_of(backend)->max_size ? host_of(backend)->max_size : VF_OVERFLOW / 2;
}

uint64_t vf_host_extra(vf_backend backend)
{
    return host_of(backend)->extra;
}

uint64_t vf_buffer_tensor_bytes(vf_backend backend, uint16_t type, uint64_t ne0, uint64_t nbytes)
{
    const vf_type_info *info = vf_type_get(type);
    uint64_t over = ne0 % ROW_PADDING;

    if (!rules[backend].pads_rows || !info || !info->quantized || over == 0)
        return nbytes;
    /* ggml.c: ggml_row_size, also of a part of a block */
    return vf_add(nbytes, vf_mul(info->block_bytes, ROW_PADDING - over) / info->block);
}
