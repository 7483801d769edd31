#include <string.h>

#include "runtime/profiles.h"

static const vf_profile *const profiles[] = {
    &vf_profile_llama_cpp,
    &vf_profile_ollama,
    &vf_profile_vllm,
    &vf_profile_sglang,
    &vf_profile_tensorrt_llm,
    &vf_profile_transformers,
    &vf_profile_exllamav2,
    &vf_profile_exllamav3,
    &vf_profile_mlx,
    &vf_profile_lm_studio,
    &vf_profile_exo,
    &vf_profile_generic,
};

const vf_profile *vf_profile_find(const char *name)
{
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++)
        if (strcmp(profiles[i]->name, name) == 0)
            return profiles[i];
    return NULL;
}

const char *vf_runtime_name(uint32_t i)
{
    return i < sizeof profiles / sizeof profiles[0] ? profiles[i]->name : NULL;
}
