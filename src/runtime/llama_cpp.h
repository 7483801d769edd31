/* llama.cpp's footprint, for the runtimes that start a llama-server with settings of their own. */
#ifndef VF_RUNTIME_LLAMA_CPP_H
#define VF_RUNTIME_LLAMA_CPP_H

#include "estimate/profile.h"

/** As vf_profile.footprint: what llama.cpp takes under k->settings. */
vf_status vf_llama_cpp_footprint(const vf_case *k, vf_result *out, vf_error *err);

/** What is loaded beside the model (vf_request.member): adds to the segments, and fills out->member. `p` is
 * the model's own placement. */
vf_status vf_llama_cpp_members(const vf_case *k, const vf_context *c, const vf_placement *p, vf_result *out, vf_error *err);
/** The runtime segment of device i: what no buffer holds. */
void vf_llama_cpp_overhead(const vf_case *k, const vf_context *c, uint32_t i, vf_result *out);
/** As vf_profile.card. */
void vf_llama_cpp_card(const vf_device *was, const vf_device *is, vf_result *out);
/** Bytes of the rows that a context hands back, on the host. */
uint64_t vf_llama_cpp_output(const vf_model *m, const vf_context *c);

#endif
