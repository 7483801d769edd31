/* Flash attention on a device: whether the backend has a kernel, and what it adds to the result. */
#ifndef VF_ESTIMATE_GRAPH_FATTN_H
#define VF_ESTIMATE_GRAPH_FATTN_H

#include "estimate/context.h"
#include "estimate/graph/graph.h"

/** Marks a FLASH_ATTN_EXT node that the devices cannot compute, and sets the bytes they append to it. */
void vf_fattn_apply(vf_graph *g, vf_id node, const vf_model *m, const vf_placement *p);

/** To call when a source is replaced by a copy: the copies of K and V are apart even where V is a part of K. */
void vf_fattn_copied(vf_graph *g, vf_id node);

/** Whether the devices have a kernel for every attention of the layers that are on them. */
bool vf_fattn_supported(const vf_model *m, const vf_context *c, const vf_placement *p);

#endif
