/* From a graph to bytes: which backend computes each node (sched.c), and how the intermediate tensors
 * share each backend's compute buffer (alloc.c). */
#ifndef VF_ESTIMATE_GRAPH_PLAN_H
#define VF_ESTIMATE_GRAPH_PLAN_H

#include "estimate/context.h"
#include "estimate/graph/graph.h"

#define VF_PLAN_BACKENDS (VF_MAX_DEVICES + 1)

/** What the planner knows of the machine: devices in order, the CPU last. */
typedef struct vf_machine {
    uint32_t n_backends; /**< devices and the CPU */
    vf_backend kind;     /**< of the devices */
    bool op_offload;     /**< big batches run on a device even when the weight is in system memory */
    bool fusion;         /**< the backend keeps tensors for fused kernels (CUDA) */
    uint32_t copies;     /**< of every split input: 4 with pipeline parallelism, else 1 */
} vf_machine;

vf_machine vf_machine_of(const vf_context *c, const vf_placement *p);

/** The graph as it is allocated: its nodes with the copies and dependencies that the scheduler adds. */
typedef struct vf_schedule {
    vf_id *node;  /**< execution order */
    size_t n_node, cap_node;
    vf_id *leaf;  /**< allocated before anything else */
    size_t n_leaf, cap_leaf;
    uint32_t n_splits;
} vf_schedule;

/** Assigns a backend to every node. */
void vf_schedule_assign(vf_graph *g, const vf_machine *machine);
/** Assigns backends, splits the graph, adds copies and dependencies. The nodes' sources are changed to
 * the copies they read. On failure g->failed is set. Free with vf_schedule_free. */
void vf_schedule_build(vf_graph *g, const vf_machine *machine, vf_schedule *out);
void vf_schedule_free(const vf_allocator *a, vf_schedule *s);

/** Bytes of each backend's compute buffer. `steady`: in every sequence of layers with marks, the state of
 * the buffers at the last mark is that of one of the two before it. */
void vf_graph_allocate(vf_graph *g, const vf_machine *machine, const vf_schedule *s, uint64_t bytes[VF_PLAN_BACKENDS],
                       bool *steady);

#endif
