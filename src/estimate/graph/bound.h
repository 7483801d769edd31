#ifndef VF_ESTIMATE_GRAPH_BOUND_H
#define VF_ESTIMATE_GRAPH_BOUND_H

#include "estimate/context.h"

/* ggml-backend.cpp: GGML_SCHED_MAX_COPIES */
#define VF_PIPELINE_COPIES 4

/** More than the compute buffers of any usual block takes. */
void vf_graph_bound(const vf_model *m, const uint16_t *types, const vf_context *c, const vf_placement *p,
                    vf_compute *out);

#endif
