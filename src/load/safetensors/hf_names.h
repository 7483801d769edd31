/* Hugging Face's tensor names, as roles. */
#ifndef VF_LOAD_HF_NAMES_H
#define VF_LOAD_HF_NAMES_H

#include "model/model.h"

/** Sets role, part, layer and stack of `out`; role VF_ROLE_UNKNOWN for a name the table does not have.
 * *expert: the number of an expert whose matrix this is one slice of, -1: none. */
void vf_hf_parse_name(const char *name, size_t n, vf_tensor *out, int32_t *expert);

/** Whether the tables are in order, for a test. */
bool vf_hf_names_sorted(void);

#endif
