/* A compute graph as llama.cpp's planner sees it: tensors with shapes, types and sources, and the
 * order in which they are computed. Nothing is computed; only sizes and lifetimes matter.
 *
 * The operations mirror ggml's by name and by the shapes they produce (ggml/src/ggml.c), so that a
 * block reads like the model code it describes, and the execution order comes out of the same
 * depth-first expansion (ggml.c: ggml_visit_parents_graph). */
#ifndef VF_ESTIMATE_GRAPH_GRAPH_H
#define VF_ESTIMATE_GRAPH_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vramfit/vramfit.h"

#define VF_GRAPH_SRC 8
#define VF_GRAPH_NO_BACKEND (-1)

/** Number of a tensor in its graph; 0 is none, as NULL is in ggml. */
typedef uint32_t vf_id;

typedef enum vf_op {
    VF_OP_NONE = 0, /**< a leaf: weight, cache, input; or a split's copy of a tensor */
    /* no memory and no work */
    VF_OP_VIEW,
    VF_OP_RESHAPE,
    VF_OP_PERMUTE, /**< and transpose */
    /* may take over the memory of a source (ggml-alloc.c: ggml_op_can_inplace) */
    VF_OP_FILL,
    VF_OP_SCALE,
    VF_OP_ADD,
    VF_OP_ADD_ID,
    VF_OP_SUB,
    VF_OP_MUL,
    VF_OP_DIV,
    VF_OP_SQR,
    VF_OP_SQRT,
    VF_OP_UNARY,
    VF_OP_ROPE,
    VF_OP_RMS_NORM,
    VF_OP_CLAMP,
    VF_OP_SOFT_MAX,
    /* never in place */
    VF_OP_NORM,
    VF_OP_L2_NORM,
    VF_OP_GROUP_NORM,
    VF_OP_MUL_MAT,
    VF_OP_MUL_MAT_ID,
    VF_OP_GLU,
    VF_OP_GET_ROWS,
    VF_OP_SET_ROWS,
    VF_OP_CONT,
    VF_OP_CPY,
    VF_OP_CONCAT,
    VF_OP_REPEAT,
    VF_OP_PAD,
    VF_OP_FLASH_ATTN_EXT,
    VF_OP_ARGSORT,
    VF_OP_TOP_K,
    VF_OP_SUM_ROWS,
    VF_OP_SSM_CONV,
    VF_OP_SSM_SCAN,
    VF_OP_RWKV_WKV6,
    VF_OP_RWKV_WKV7,
    VF_OP_GATED_LINEAR_ATTN,
    VF_OP_GATED_DELTA_NET,
    VF_OP_LIGHTNING_INDEXER,
    VF_OP_OTHER,
    VF_OP_COUNT
} vf_op;

enum {
    VF_NODE_INPUT = 1,    /**< filled by the host before the graph runs */
    VF_NODE_OUTPUT = 2,   /**< read after the graph ran: its memory is never reused */
    VF_NODE_EXTERNAL = 4, /**< lives in a buffer of its own: weight or cache */
    VF_NODE_WEIGHT = 8,
    VF_NODE_CPU_ONLY = 16, /**< the backend has no kernel for it: stays on the CPU */
    VF_NODE_VISITED = 32,
    VF_NODE_PLACED = 64  /**< reordering: it runs before what is looked at */
};

typedef struct vf_node {
    uint64_t ne[4];   /**< elements */
    uint64_t nb[4];   /**< strides in bytes */
    uint64_t extra;   /**< bytes that the CUDA backend appends (f16 copies of K and V) */
    uint64_t addr;    /**< allocator: offset in its buffer */
    vf_id src[VF_GRAPH_SRC];
    vf_id view_src;   /**< the tensor whose memory a view shares (never itself a view) */
    vf_id visit_from; /**< expansion: the node to go back to */
    vf_id copy;       /**< scheduler: first copy on another backend ... */
    vf_id copy_next;  /**< ... and the next one */
    int32_t children, views; /**< allocator: uses to come */
    uint16_t type;    /**< vf_type */
    uint16_t layer;   /**< of an attention */
    uint8_t op, flags;
    uint8_t n_src, visit_next;
    int8_t backend;   /**< scheduler: devices in order, then the CPU */
    int8_t buffer;    /**< allocator: backend in whose buffer it lies */
    bool allocated;
} vf_node;

/** A run of nodes that a backend computes in one kernel, which reads tensors later than the single nodes
 * would (ggml-cuda.cu: ggml_backend_cuda_graph_optimize). When the run ends up in one split of a device,
 * what it reads is kept until its end. Positions in the execution order. */
typedef struct vf_fusion {
    uint32_t first, last;
    uint32_t until;      /**< the node up to which they are kept */
    bool all_sources;    /**< of every node, and the nodes themselves; false: only what the first one reads */
} vf_fusion;

/** A place in the execution order, behind `node`, between two repetitions of a sequence of layers. */
typedef struct vf_mark {
    vf_id node;
    uint32_t run;        /**< number of the sequence */
    uint32_t n_inputs;   /**< scheduler: tensors that are copied to another backend up to here */
} vf_mark;

typedef struct vf_graph {
    const vf_allocator *a;
    vf_node *node;       /**< node[0] is no tensor */
    size_t n, cap;
    uint32_t *order;     /**< execution order, leaves left out */
    size_t n_order, cap_order;
    vf_id *input;        /**< input leaves in the order they are met (weights are no business of the planner) */
    size_t n_input, cap_input;
    vf_fusion *fusion;
    size_t n_fusion, cap_fusion;
    vf_mark *mark;       /**< in order */
    size_t n_mark, cap_mark;
    bool failed;         /**< out of memory or a size too large: results are void */
    bool too_large;      /**< it was the size */
} vf_graph;

static inline bool vf_op_is_view(uint8_t op)
{
    return op >= VF_OP_VIEW && op <= VF_OP_PERMUTE;
}

void vf_graph_init(vf_graph *g, const vf_allocator *a);
void vf_graph_free(vf_graph *g);

/** A contiguous tensor; an ne of 0 makes it empty. 0 when out of memory. */
vf_id vf_g_tensor(vf_graph *g, uint16_t type, uint64_t ne0, uint64_t ne1, uint64_t ne2, uint64_t ne3);
/** Bytes of a tensor, gaps included (ggml_nbytes). */
uint64_t vf_g_bytes(const vf_node *t);
bool vf_g_contiguous(const vf_node *t);

vf_id vf_g_input(vf_graph *g, uint16_t type, uint64_t ne0, uint64_t ne1, uint64_t ne2, uint64_t ne3);

/** One operation with up to four sources; the result is contiguous and has the shape of `a` ... */
vf_id vf_g_map(vf_graph *g, vf_op op, vf_id a, vf_id b, vf_id c);
/** ... or a shape of its own. */
vf_id vf_g_op(vf_graph *g, vf_op op, uint16_t type, uint64_t ne0, uint64_t ne1, uint64_t ne2, uint64_t ne3,
              vf_id a, vf_id b, vf_id c);
void vf_g_add_src(vf_graph *g, vf_id t, vf_id src);

vf_id vf_g_mul_mat(vf_graph *g, vf_id w, vf_id x);
vf_id vf_g_mul_mat_id(vf_graph *g, vf_id w, vf_id x, vf_id ids);
vf_id vf_g_glu(vf_graph *g, vf_id gate, vf_id up);
/** GLU of a tensor that holds both halves. */
vf_id vf_g_glu_fused(vf_graph *g, vf_id gate_up);
vf_id vf_g_get_rows(vf_graph *g, vf_id a, vf_id ids);
/** Writes rows into dst; the result is a view of dst. */
vf_id vf_g_set_rows(vf_graph *g, vf_id dst, vf_id rows, vf_id ids);
/** Copies into dst; the result is a view of dst. */
vf_id vf_g_cpy(vf_graph *g, vf_id src, vf_id dst);
vf_id vf_g_cont(vf_graph *g, vf_id a);
vf_id vf_g_cont_2d(vf_graph *g, vf_id a, uint64_t ne0, uint64_t ne1);
vf_id vf_g_cast(vf_graph *g, vf_id a, uint16_t type);
vf_id vf_g_concat(vf_graph *g, vf_id a, vf_id b, unsigned dim);
vf_id vf_g_repeat(vf_graph *g, vf_id a, uint64_t ne0, uint64_t ne1, uint64_t ne2, uint64_t ne3);
vf_id vf_g_sum_rows(vf_graph *g, vf_id a);
/** Indices of the k largest of each row: an argsort and a view of its first k columns. */
vf_id vf_g_argsort_top_k(vf_graph *g, vf_id a, uint64_t k);
/** An operation that writes its result over `a` (the *_inplace functions of ggml). */
vf_id vf_g_inplace(vf_graph *g, vf_op op, vf_id a);

vf_id vf_g_reshape(vf_graph *g, vf_id a, uint64_t ne0, uint64_t ne1, uint64_t ne2, uint64_t ne3);
vf_id vf_g_view(vf_graph *g, vf_id a, const uint64_t ne[4], const uint64_t nb[3]);
vf_id vf_g_view_1d(vf_graph *g, vf_id a, uint64_t ne0);
vf_id vf_g_view_2d(vf_graph *g, vf_id a, uint64_t ne0, uint64_t ne1, uint64_t nb1);
vf_id vf_g_view_3d(vf_graph *g, vf_id a, uint64_t ne0, uint64_t ne1, uint64_t ne2, uint64_t nb1, uint64_t nb2);
/** Dimension i of `a` becomes dimension axis[i] of the result. */
vf_id vf_g_permute(vf_graph *g, vf_id a, unsigned axis0, unsigned axis1, unsigned axis2, unsigned axis3);
vf_id vf_g_transpose(vf_graph *g, vf_id a);

/** Appends t and whatever it needs to the execution order (ggml_build_forward_expand). */
void vf_g_expand(vf_graph *g, vf_id t);
/** Notes a fusion over the part of the execution order from position `first` on. */
void vf_g_fusion(vf_graph *g, vf_fusion fusion);
void vf_g_mark(vf_graph *g, vf_mark mark);

#endif
