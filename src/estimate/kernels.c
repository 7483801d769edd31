#include "estimate/kernels.h"

/* ggml-cuda.cu: supports_op. It reads blocks of 256, which rows of 32-element blocks need not be a multiple of. */
bool vf_kernel_get_rows(vf_backend backend, uint16_t type, uint64_t width)
{
    if (!vf_backend_is_cuda(backend))
        return true;
    if (type == VF_TYPE_IQ4_NL || type == VF_TYPE_MXFP4)
        return width % 256 == 0;
    return type != VF_TYPE_TQ1_0 && type != VF_TYPE_TQ2_0 && type != VF_TYPE_NVFP4;
}

bool vf_kernel_mul_mat_id_f32(vf_backend backend)
{
    return !vf_backend_is_cuda(backend);
}

bool vf_kernel_ssm_conv(vf_backend backend, uint64_t channels)
{
    return !vf_backend_is_cuda(backend) || channels % 128 == 0;
}

bool vf_kernel_ssm_scan(vf_backend backend, const vf_ssm_scan *s)
{
    if (backend == VF_BACKEND_VULKAN && !s->per_head)
        return false;
    if (!vf_backend_is_cuda(backend) && backend != VF_BACKEND_VULKAN)
        return true;
    if (s->per_head)
        return (s->d_state == 128 || s->d_state == 256) && s->head_dim % 16 == 0;
    return s->d_state == 16 && s->head_dim == 1 && s->n_head % 128 == 0 && s->n_group == 1;
}

bool vf_kernel_lightning_indexer(vf_backend backend, uint64_t head, uint64_t n_head, uint16_t cache_type)
{
    return !vf_backend_is_cuda(backend) || (head == 128 && (n_head == 32 || n_head == 64) && cache_type != VF_TYPE_IQ4_NL);
}
