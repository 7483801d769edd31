/* What is different with the Vulkan backend: the operations it has, and that it changes the order of a
 * split's nodes, so that independent ones run at once and those of a fused kernel stand together
 * (ggml-vulkan.cpp: ggml_backend_vk_device_supports_op, ggml_vk_graph_optimize). Which tensors are alive
 * at the same time, and with it the compute buffer, follows from that order. */
#ifndef VF_ESTIMATE_GRAPH_VULKAN_H
#define VF_ESTIMATE_GRAPH_VULKAN_H

#include "estimate/graph/graph.h"

/** A tensor to be kept until a node has run. */
typedef struct vf_keep {
    vf_id tensor, until;
} vf_keep;

typedef struct vf_keep_list {
    vf_keep *item;
    size_t n, cap;
} vf_keep_list;

bool vf_vulkan_supports(const vf_graph *g, const vf_node *node);

/** Reorders the n nodes of one split; node.children are their uses in the whole graph. Adds to `keep`.
 * On failure g->failed is set. */
void vf_vulkan_reorder(vf_graph *g, vf_id *order, size_t n, vf_keep_list *keep);

#endif
