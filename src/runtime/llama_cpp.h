/* llama.cpp's footprint, for the runtimes that start a llama-server with settings of their own. */
#ifndef VF_RUNTIME_LLAMA_CPP_H
#define VF_RUNTIME_LLAMA_CPP_H

#include "estimate/profile.h"

/** As vf_profile.footprint: what llama.cpp takes under k->settings. */
vf_status vf_llama_cpp_footprint(const vf_case *k, vf_result *out, vf_error *err);

#endif
