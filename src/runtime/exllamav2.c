/* ExLlamaV2 (as TabbyAPI and text-generation-webui load it). Version read: 0.3 (config.py, linear.py, mlp.py,
 * attn.py: scratch spaces; cache.py; model.py: load_autosplit). Scratch and cache are allocated when it loads. */
#include "runtime/profiles.h"

#include "base/checked.h"
#include "runtime/whole.h"

#define PAGE 256
/* config.py: max_input_len; max_dq_size, in elements of 16 bits. */
#define INPUT 2048
#define DEQUANTIZED (512 * WH_MIB)
/* What a process takes with PyTorch's kernels and its own: 300 to 600 MiB (pytorch pull 86509, issue 107667). */
#define CONTEXT (450 * WH_MIB)
#define CONTEXT_SPREAD (200 * WH_MIB)

/* cache.py: 16 bits, fp8, and 4 and 8 bits with a scale of 16 for 32 elements, as in ggml's blocks. */
static const vf_type cache_types[] = {VF_TYPE_F8_E4M3, VF_TYPE_Q4_0, VF_TYPE_Q8_0};

/* One block serves all modules of a device: a matrix in 16 bits beside the inputs and outputs of the widest; the
 * head has logits of a whole input in fp32. A quantized cache has one layer in 16 bits beside it. */
static wh_amount compute(const wh_run *run, const wh_sizes *s, bool last)
{
    const vf_model *m = run->k->model;
    uint64_t matrix = vf_mul(2, s->matrix < DEQUANTIZED ? s->matrix : DEQUANTIZED);
    uint64_t layer = vf_mul(INPUT, s->activations), head = last ? vf_mul3(4, INPUT, m->hp.vocab_size) : 0;
    bool quantized = vf_type_get(run->type_k)->block_bytes < 2 * vf_type_get(run->type_k)->block;
    uint64_t element = vf_row_bytes((uint16_t)run->type_k, 32), staging = quantized ? vf_mul(s->widest_cache, 64) / element : 0;
    return (wh_amount){vf_add(vf_add(matrix, layer > head ? layer : head), staging), CONTEXT_SPREAD,
                       "largest matrix in 16 bits + max(a layer's activations, logits of 2048 tokens in fp32) + one layer of "
                       "a quantized cache in 16 bits",
                       "exllamav2 config.py, linear.py, mlp.py, cache.py"};
}

static wh_amount other(const wh_run *run, uint32_t device)
{
    (void)run;
    (void)device;
    return (wh_amount){CONTEXT, CONTEXT_SPREAD, "constant", "pytorch pull 86509, issues 107667 and 109888 (274 to 600 MiB)"};
}

static const wh_rules rules = {
    .packings = WH_BIT(VF_PACK_MIXED) | WH_BIT(VF_PACK_GPTQ),
    .backends = WH_BIT(VF_BACKEND_CUDA) | WH_BIT(VF_BACKEND_ROCM),
    .backend_names = "cuda or rocm",
    .cache_types = cache_types,
    .n_cache_types = sizeof cache_types / sizeof cache_types[0],
    .page = PAGE,
    .step = INPUT,
    .reserve = 512 * WH_MIB,
    .split = WH_FILL,
    .embedding_on_host = true,
    .cache = "cache, allocated at load",
    .cache_source = "exllamav2 cache.py",
    .compute = compute,
    .other = other,
};

static vf_status footprint(const vf_case *k, vf_result *out, vf_error *err)
{
    return wh_footprint(k, &rules, out, err);
}

const vf_profile vf_profile_exllamav2 = {
    .name = "exllamav2",
    .version = "0.3",
    .needs_types = true,
    .schemes = true,
    .footprint = footprint,
};
