/* Hugging Face's config.json. */
#ifndef VF_LOAD_CONFIG_H
#define VF_LOAD_CONFIG_H

#include "load/draft.h"

/** vf_config_read with another source of architecture records. */
vf_status vf_config_read_with(const vf_arch_lookup *archs, const char *file, const char *text, size_t n,
                              const vf_parts *headers, uint32_t n_headers, const vf_allocator *a, vf_model **out,
                              vf_error *err);

#endif
