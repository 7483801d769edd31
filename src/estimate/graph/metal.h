/* What the Metal backend appends to results for its kernels' temporary data
 * (ggml/src/ggml-metal/ggml-metal.cpp: ggml_backend_metal_buffer_type_get_alloc_size). Read from the source;
 * nobody has measured it. */
#ifndef VF_ESTIMATE_GRAPH_METAL_H
#define VF_ESTIMATE_GRAPH_METAL_H

#include "estimate/graph/graph.h"

/** Sets node.extra of every node that a Metal device would compute. */
void vf_metal_scratch(vf_graph *g);

#endif
