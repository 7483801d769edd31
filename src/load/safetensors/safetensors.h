/* safetensors: eight bytes of length, a JSON header, data. The format: README of
 * github.com/huggingface/safetensors; what its reader refuses is refused here too. */
#ifndef VF_LOAD_SAFETENSORS_H
#define VF_LOAD_SAFETENSORS_H

#include "load/draft.h"

#define VF_ST_HEADER 100000000u /**< bytes; the reference library's own limit */
#define VF_ST_TENSORS 131072u   /**< a file */
#define VF_ST_DIMS 8u
#define VF_ST_INDEX (32u << 20) /**< bytes of a shard index */
#define VF_ST_INDEX_TEXT "32 MiB"
#define VF_ST_ENTRIES (1u << 20) /**< of a shard index */
#define VF_ST_SHARDS 9999u

/** Reads the headers of `n` files into the draft. Hugging Face's tensor names become roles where the
 * table of hf_names.c has them; experts of one matrix become one tensor of three dimensions. */
vf_status vf_safetensors_draft(const vf_parts *headers, uint32_t n, vf_draft *draft, vf_error *err);

#endif
