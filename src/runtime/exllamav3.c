/* ExLlamaV3. Version read: tree of 2026 (model/model.py: autosplit and its dummy forward; cache/quant.py,
 * cache/mla.py; modules/quant/exl3.py; doc/env_vars.md). */
#include "runtime/profiles.h"

#include "base/checked.h"
#include "runtime/whole.h"

#define PAGE 256
/* model.py: max_chunk_size, max_output_size and reserve of the forward that sizes a device. */
#define CHUNK 2048
#define OUTPUT 32
#define RESERVE (512 * WH_MIB)
/* As ExLlamaV2's; "+-400 MiB" is what runs of one model were seen to differ by (text-generation-webui pull 6903). */
#define CONTEXT (450 * WH_MIB)
#define CONTEXT_SPREAD (400 * WH_MIB)

/* cache/quant.py: b bits and a 16-bit scale for 32 elements, as in ggml's blocks. */
static const vf_type cache_types[] = {VF_TYPE_Q4_0, VF_TYPE_Q5_0, VF_TYPE_Q8_0};

static wh_amount compute(const wh_run *run, const wh_sizes *s, bool last)
{
    uint64_t rows = run->step < OUTPUT ? run->step : OUTPUT;
    uint64_t layer = vf_add(vf_mul(CHUNK, s->activations), vf_mul(2, s->matrix));
    uint64_t logits = last ? vf_mul3(rows, run->k->model->hp.vocab_size, 2 + 4) : 0;
    bool quantized = vf_type_get(run->type_k)->quantized;
    uint64_t element = vf_row_bytes((uint16_t)run->type_k, 32), staging = quantized ? vf_mul(s->widest_cache, 64) / element : 0;
    return (wh_amount){vf_add(layer > logits ? layer : logits, staging), 0,
                       "max(activations of 2048 tokens + largest matrix in 16 bits, logits of 32) + one layer of a quantized "
                       "cache in 16 bits",
                       "exllamav3 model/model.py, modules/quant/exl3.py, doc/env_vars.md: EXL3_QC_STAGING"};
}

static wh_amount other(const wh_run *run, uint32_t device)
{
    (void)run;
    (void)device;
    return (wh_amount){CONTEXT, CONTEXT_SPREAD, "constant",
                       "pytorch pull 86509, issue 107667; spread: text-generation-webui pull 6903"};
}

static const wh_rules rules = {
    .packings = WH_BIT(VF_PACK_TRELLIS),
    .backends = WH_BIT(VF_BACKEND_CUDA),
    .backend_names = "cuda",
    .cache_types = cache_types,
    .n_cache_types = sizeof cache_types / sizeof cache_types[0],
    .page = PAGE,
    .step = CHUNK,
    .reserve = RESERVE,
    .split = WH_FILL,
    .embedding_on_host = true,
    .cache = "cache, allocated at load",
    .cache_source = "exllamav3 cache/fp16.py, cache/quant.py, cache/mla.py",
    .compute = compute,
    .other = other,
};

static vf_status footprint(const vf_case *k, vf_result *out, vf_error *err)
{
    return wh_footprint(k, &rules, out, err);
}

const vf_profile vf_profile_exllamav3 = {
    .name = "exllamav3",
    .version = "tree of 2026",
    .needs_types = true,
    .schemes = true,
    .footprint = footprint,
};
