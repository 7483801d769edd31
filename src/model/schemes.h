/* Schemes of runtimes other than llama.cpp: which matrices are quantized, and how many bytes a matrix then
 * takes with its scales, zero points and padding. Pure functions over the tensor list; what stays as it is
 * has 16 bits. */
#ifndef VF_MODEL_SCHEMES_H
#define VF_MODEL_SCHEMES_H

#include "model/model.h"

/** What a tensor is to a scheme. */
typedef enum vf_slot {
    VF_SLOT_PLAIN = 0, /**< norms, biases, convolutions, tables: never quantized */
    VF_SLOT_EMBEDDING, /**< a table that is looked up */
    VF_SLOT_HEAD,      /**< output matrices */
    VF_SLOT_ROUTER,
    VF_SLOT_LINEAR,
    VF_SLOT_EXPERT
} vf_slot;

vf_slot vf_tensor_slot(const vf_tensor *t);

/** Whether `t` is quantized. */
bool vf_scheme_covers(const vf_model *m, const vf_quant *q, const vf_tensor *t);

/** Elements of one matrix of `t`: of one expert where there are several. */
uint64_t vf_tensor_matrix(const vf_tensor *t);

/** Bytes of `t`: packed where the scheme covers it, else 16 bits an element. VF_OVERFLOW on absurd sizes,
 * and for a scheme whose packing is not known. */
uint64_t vf_scheme_tensor_bytes(const vf_model *m, const vf_quant *q, const vf_tensor *t);

/** Bytes that a tied output matrix takes of its own: where the head is quantized and the embeddings are not,
 * the one table is there twice. */
uint64_t vf_scheme_tied_head_bytes(const vf_model *m, const vf_quant *q);

/** Bytes of an o x i matrix. */
uint64_t vf_scheme_bytes(const vf_quant *q, uint64_t o, uint64_t i);

#endif
