/* MLX through mlx-lm. Version read: mlx-lm 0.28 (generate.py: steps of a prompt; models/cache.py: KVCache,
 * RotatingKVCache; utils.py), mlx metal/allocator.cpp. On Apple silicon `available` is Metal's working set, which the
 * card's reserve leaves; a larger wired limit (iogpu.wired_limit_mb) is a smaller reserve. */
#include "runtime/profiles.h"

#include "base/checked.h"
#include "runtime/whole.h"

/* models/cache.py: KVCache.step; generate.py: prefill_step_size. */
#define PAGE 256
#define STEP 2048
/* Nothing outside MLX's own peak was seen; the spread is what Ollama keeps free on Metal (ml/device.go). On CUDA a
 * context, as PyTorch's. */
#define METAL_SPREAD (512 * WH_MIB)
#define CUDA_CONTEXT (450 * WH_MIB)
#define CUDA_SPREAD (200 * WH_MIB)

/* --kv-bits with a scale and a bias of 16 bits for 64 elements: as many as ggml's scale for 32. */
static const vf_type cache_types[] = {VF_TYPE_Q4_0, VF_TYPE_Q5_0, VF_TYPE_Q8_0};

/* The last step of a prompt computes logits of all its tokens beside a layer's activations: up to 4 % over the
 * peaks that mlx-lm's own benchmarks report, never under (BENCHMARKS.md). Growing copies a layer's cache, when that
 * is over. */
wh_amount mlx_compute(const wh_run *run, const wh_sizes *s, bool last)
{
    uint64_t logits = last ? vf_mul3(run->step, run->k->model->hp.vocab_size, run->bytes) : 0;
    uint64_t prompt = vf_mul(vf_add(vf_mul(run->step, s->activations), logits), run->sequences);
    return (wh_amount){prompt > s->widest_cache ? prompt : s->widest_cache, 0,
                       "max(a layer's activations + logits of the last step of a prompt, one layer's cache copied)",
                       "mlx-lm generate.py, models/cache.py; BENCHMARKS.md"};
}

wh_amount mlx_other(const wh_run *run, uint32_t device)
{
    (void)device;
    if (run->k->settings->backend == VF_BACKEND_CUDA)
        return (wh_amount){CUDA_CONTEXT, CUDA_SPREAD, "a CUDA context and kernels", "pytorch pull 86509, issue 107667"};
    return (wh_amount){0, METAL_SPREAD, "nothing outside the allocator", "mlx-lm BENCHMARKS.md; spread: Ollama ml/device.go (512 MiB)"};
}

const wh_rules mlx_rules = {
    .packings = WH_BIT(VF_PACK_AFFINE) | WH_BIT(VF_PACK_MICRO) | WH_BIT(VF_PACK_MICRO_GLOBAL),
    .backends = WH_BIT(VF_BACKEND_METAL) | WH_BIT(VF_BACKEND_CUDA),
    .backend_names = "metal or cuda",
    .cache_types = cache_types,
    .n_cache_types = sizeof cache_types / sizeof cache_types[0],
    .page = PAGE,
    .step = STEP,
    .split = WH_ONE,
    .windows = true,
    .cache = "cache, grown by steps",
    .cache_source = "mlx-lm models/cache.py",
    .compute = mlx_compute,
    .other = mlx_other,
};

static vf_status footprint(const vf_case *k, vf_result *out, vf_error *err)
{
    return wh_footprint(k, &mlx_rules, out, err);
}

const vf_profile vf_profile_mlx = {
    .name = "mlx",
    .version = "mlx-lm 0.28",
    .needs_types = true,
    .schemes = true,
    .footprint = footprint,
};
