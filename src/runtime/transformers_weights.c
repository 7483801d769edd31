/* Weights under Transformers: what a tensor takes once it is loaded, and what loading it takes. */
#include "base/checked.h"
#include "base/error.h"
#include "model/schemes.h"
#include "runtime/transformers.h"

static uint64_t max64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Multi-token-prediction blocks are in the checkpoint but in no module (_keys_to_ignore_on_load_unexpected). */
bool tf_is_loaded(const vf_model *m, const vf_tensor *t)
{
    return t->stack != VF_STACK_BLK || t->layer < 0 || (uint32_t)t->layer >= m->n_layers || !m->layers[t->layer].mtp;
}

/* A tensor's bytes once loaded. Of a file all tensors count, scales and indices, too; a generated list has
 * computed tables, which are no tensors here. */
uint64_t tf_tensor_bytes(const vf_case *k, size_t i)
{
    const vf_model *m = k->model;
    const vf_tensor *t = &m->tensors[i];
    if (!m->from_file && !vf_tensor_is_parameter(t))
        return 0;
    if (k->quant->kind == VF_QUANT_SCHEME)
        return vf_scheme_tensor_bytes(m, k->quant, t);
    return vf_tensor_bytes(t, k->types[i]);
}

/* Bytes for each element of the tensor in hand while it is quantized on loading: in 16 bits for bitsandbytes
 * (nn/modules.py: the parameter is moved, then quantized), with a copy in fp32 for HQQ and torchao's int4.
 * 0: the file holds it packed, and loading needs room for it once more. */
static uint64_t bytes_in_hand(const vf_quant *q)
{
    if (q->covers != VF_COVERS_LINEAR)
        return 0;
    return q->packing == VF_PACK_HQQ || q->packing == VF_PACK_TILE ? 6 : 2;
}

/* Weights of one matrix of a tensor, packed in a file or not. */
static uint64_t matrix_weights(const vf_model *m, const vf_tensor *t)
{
    uint64_t n = vf_tensor_elements(t), one = vf_tensor_matrix(t);
    return one > 0 && n >= one && n != VF_OVERFLOW ? vf_tensor_weights(m, t) / (n / one) : 0; /* no matrices: n is 0 */
}

vf_status tf_weigh(const vf_case *k, tf_weights *out, vf_error *err)
{
    const vf_model *m = k->model;
    const vf_quant *q = k->quant;
    bool scheme = q->kind == VF_QUANT_SCHEME;
    /* the classes of vision-language models load their towers; 16 bits is the most that a scheme leaves of them */
    uint64_t tower = vf_mul(m->vision_parameters, q->kind == VF_QUANT_CAST && q->type == VF_TYPE_F32 ? 4 : 2);
    *out = (tf_weights){.model = tower, .resident = tower, .tower = tower};
    for (size_t i = 0; i < m->n_tensors; i++) {
        const vf_tensor *t = &m->tensors[i];
        uint64_t bytes = tf_tensor_bytes(k, i), hand = bytes;
        out->model = vf_add(out->model, bytes);
        if (!tf_is_loaded(m, t))
            continue;
        out->resident = vf_add(out->resident, bytes);
        out->largest = max64(out->largest, bytes);
        if (q->packing != VF_PACK_NONE && vf_scheme_covers(m, q, t)) {
            out->matrix = max64(out->matrix, matrix_weights(m, t));
            if (scheme && bytes_in_hand(q))
                hand = vf_mul(bytes_in_hand(q), matrix_weights(m, t));
        }
        out->loading = max64(out->loading, hand);
    }
    if (!vf_size_ok(out->model)) /* what is in hand is of a matrix whose packed size is known, and so much smaller */
        return vf_fail(err, VF_ERR_RANGE, "the weights would be over 2^60 bytes");
    return VF_OK;
}
