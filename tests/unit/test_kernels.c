/* What a backend has no kernel for stays in system memory (llama.cpp release v0.5.0, ggml-cuda.cu:
 * ggml_backend_cuda_device_supports_op; ggml-vulkan.cpp: ggml_backend_vk_device_supports_op). */
#include "estimate/kernels.h"

#include "check.h"

static bool scan(bool per_head, uint64_t d_state, uint64_t head_dim, uint64_t n_head, uint64_t n_group)
{
    const vf_ssm_scan s = {per_head, d_state, head_dim, n_head, n_group};
    return vf_kernel_ssm_scan(VF_BACKEND_CUDA, &s);
}

int main(void)
{
    CHECK(vf_kernel_mul_mat(VF_BACKEND_CUDA, VF_TYPE_Q4_K) && vf_kernel_mul_mat(VF_BACKEND_CUDA, VF_TYPE_IQ4_NL),
          "products");
    CHECK(!vf_kernel_mul_mat(VF_BACKEND_CUDA, VF_TYPE_TQ1_0) && !vf_kernel_mul_mat(VF_BACKEND_ROCM, VF_TYPE_TQ2_0),
          "ternary products");
    CHECK(vf_kernel_mul_mat(VF_BACKEND_CPU, VF_TYPE_TQ1_0), "the CPU has all");
    CHECK(vf_kernel_ssm_conv(VF_BACKEND_CUDA, 5120) && !vf_kernel_ssm_conv(VF_BACKEND_CUDA, 5184), "convolutions");
    CHECK(scan(false, 16, 1, 5120, 1) && !scan(false, 8, 1, 5120, 1) && !scan(false, 16, 1, 5184, 1), "Mamba");
    CHECK(scan(true, 128, 64, 80, 1) && scan(true, 256, 128, 24, 1) && !scan(true, 64, 64, 80, 1) &&
              !scan(true, 128, 72, 80, 1),
          "Mamba-2");
    CHECK(!scan(false, 16, 2, 5120, 1) && !scan(false, 16, 1, 5120, 2), "Mamba of one head dimension and one group");
    CHECK(vf_kernel_get_rows(VF_BACKEND_CUDA, VF_TYPE_IQ4_NL, 512) && !vf_kernel_get_rows(VF_BACKEND_CUDA, VF_TYPE_IQ4_NL, 288) &&
              !vf_kernel_get_rows(VF_BACKEND_CUDA, VF_TYPE_MXFP4, 288) && vf_kernel_get_rows(VF_BACKEND_CUDA, VF_TYPE_Q8_0, 288),
          "rows of blocks of 256");
    CHECK(!vf_kernel_get_rows(VF_BACKEND_ROCM, VF_TYPE_TQ1_0, 256) && !vf_kernel_get_rows(VF_BACKEND_CUDA, VF_TYPE_TQ2_0, 256) &&
              !vf_kernel_get_rows(VF_BACKEND_CUDA, VF_TYPE_NVFP4, 256) && vf_kernel_get_rows(VF_BACKEND_CPU, VF_TYPE_TQ1_0, 256),
          "rows of types without a kernel");
    CHECK(vf_kernel_lightning_indexer(VF_BACKEND_CUDA, 128, 32, VF_TYPE_F16) && vf_kernel_lightning_indexer(VF_BACKEND_CUDA, 128, 64, VF_TYPE_F16) &&
              !vf_kernel_lightning_indexer(VF_BACKEND_CUDA, 128, 48, VF_TYPE_F16) && !vf_kernel_lightning_indexer(VF_BACKEND_CUDA, 64, 64, VF_TYPE_F16) &&
              !vf_kernel_lightning_indexer(VF_BACKEND_CUDA, 128, 64, VF_TYPE_IQ4_NL) && vf_kernel_lightning_indexer(VF_BACKEND_VULKAN, 64, 48, VF_TYPE_F16),
          "indexers");
    const vf_ssm_scan mamba = {false, 16, 1, 5120, 1}, mamba2 = {true, 128, 64, 80, 1}, small = {true, 64, 64, 80, 1};
    CHECK(vf_kernel_mul_mat(VF_BACKEND_VULKAN, VF_TYPE_TQ1_0), "Vulkan multiplies ternary weights");
    CHECK(vf_kernel_ssm_scan(VF_BACKEND_VULKAN, &mamba2) && !vf_kernel_ssm_scan(VF_BACKEND_VULKAN, &mamba) &&
              !vf_kernel_ssm_scan(VF_BACKEND_VULKAN, &small) && vf_kernel_ssm_scan(VF_BACKEND_CPU, &small),
          "Vulkan scans Mamba-2 alone");
    CHECK(vf_kernel_max_tensor(VF_BACKEND_VULKAN) == UINT64_C(4294967295) &&
              vf_kernel_max_tensor(VF_BACKEND_CUDA) > UINT64_C(1) << 60,
          "a shader reads less than 4 GiB");
    return CHECK_END();
}
