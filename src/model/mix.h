/* Categories of tensors for quantization mixes, worked out once a model (vf_model_index). */
#ifndef VF_MODEL_MIX_H
#define VF_MODEL_MIX_H

#include "model/model.h"

/** Fills m->mix. */
void vf_mix_categories(vf_model *m);

#endif
