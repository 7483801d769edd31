/* LM Studio: GGUF files by its llama.cpp engine, MLX formats by its MLX engine. Version read: its documentation of 2026
 * (lms load, api-changelog): 4096 tokens unless set, all layers and the cache on the GPU, flash attention on, which are
 * llama.cpp's defaults here, too. */
#include "base/error.h"
#include "runtime/llama_cpp.h"
#include "runtime/profiles.h"
#include "runtime/whole.h"

static vf_status footprint(const vf_case *k, vf_result *out, vf_error *err)
{
    const vf_settings *s = k->settings;
    bool plain_file = k->quant->kind == VF_QUANT_AS_FILE && k->model->file_type == UINT32_MAX;
    if (k->quant->kind == VF_QUANT_GGUF || (k->quant->kind == VF_QUANT_AS_FILE && !plain_file))
        return vf_llama_cpp_footprint(k, out, err);
    if (s->batch || s->ubatch)
        return vf_fail_key(err, VF_ERR_USAGE, s->batch ? "--batch" : "--ubatch", "no setting of LM Studio's MLX engine");
    if (s->gpu_layers != VF_LAYERS_ALL)
        return vf_fail_key(err, VF_ERR_USAGE, "--gpu-layers", "no setting of LM Studio's MLX engine");
    return wh_footprint(k, &mlx_rules, out, err);
}

static void advise(vf_result *out)
{
    vf_add_note(out, "LM Studio's guardrails may refuse a load with so little to spare; lms load --estimate-only shows its own figure");
}

const vf_profile vf_profile_lm_studio = {
    .name = "lm-studio",
    .version = "documentation of 2026",
    .token_batches = true,
    .gpu_layers = true,
    .needs_types = true,
    .schemes = true,
    .footprint = footprint,
    .advise = advise,
};
