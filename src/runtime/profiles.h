/* The runtimes that are built in. One file each; table.c lists them. */
#ifndef VF_RUNTIME_PROFILES_H
#define VF_RUNTIME_PROFILES_H

#include "estimate/profile.h"

extern const vf_profile vf_profile_llama_cpp;
extern const vf_profile vf_profile_ollama;
extern const vf_profile vf_profile_vllm;
extern const vf_profile vf_profile_sglang;
extern const vf_profile vf_profile_tensorrt_llm;
extern const vf_profile vf_profile_transformers;
extern const vf_profile vf_profile_exllamav2;
extern const vf_profile vf_profile_exllamav3;
extern const vf_profile vf_profile_mlx;
extern const vf_profile vf_profile_lm_studio;
extern const vf_profile vf_profile_exo;
extern const vf_profile vf_profile_generic;

#endif
