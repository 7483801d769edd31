/* Several cards under Transformers: device_map "auto", which deals whole blocks to the cards in order (accelerate
 * utils/modeling.py: get_balanced_memory, infer_auto_device_map). Cards compute in turn. */
#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "model/schemes.h"
#include "runtime/transformers.h"

/* get_balanced_memory: room beside an even share, of the largest block that is not split, per cent. */
#define BUFFER_PERCENT 125

static uint64_t min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/** Blocks in order: what comes before the layers, the layers, what comes after. */
static void weigh_blocks(const vf_case *k, uint64_t *block, uint32_t n)
{
    const vf_model *m = k->model;
    for (size_t i = 0; i < m->n_tensors; i++) {
        const vf_tensor *t = &m->tensors[i];
        uint64_t bytes = tf_tensor_bytes(k, i);
        bool layer = t->stack == VF_STACK_BLK && t->layer >= 0 && (uint32_t)t->layer < m->n_layers;
        if (layer && m->layers[t->layer].mtp)
            continue;
        uint32_t at = layer ? 1 + (uint32_t)t->layer : vf_tensor_slot(t) == VF_SLOT_EMBEDDING ? 0 : n - 1;
        block[at] = vf_add(block[at], bytes);
    }
}

static void deal(const vf_case *k, const tf_weights *w, const uint64_t *block, uint32_t n, tf_share *out)
{
    uint32_t cards = k->request->n_devices, next = 0;
    uint64_t largest = 0;
    for (uint32_t i = 1; i + 1 < n; i++)
        largest = block[i] > largest ? block[i] : largest;
    uint64_t even = vf_add(w->resident / cards, vf_mul(largest, BUFFER_PERCENT) / 100);
    for (uint32_t c = 0; c < cards; c++) {
        uint64_t room = k->available[c] - min64(TF_CONTEXT, k->available[c]);
        bool last = c + 1 == cards;
        if (!last)
            room = min64(room, even);
        if (c == 0) /* where blocks from elsewhere would run */
            room -= min64(largest, room);
        while (next < n && (last || vf_add(out[c].weights, block[next]) <= room)) {
            out[c].weights = vf_add(out[c].weights, block[next]);
            out[c].layers += next > 0 && next + 1 < n && block[next] > 0;
            next++;
        }
    }
}

vf_status tf_split(const vf_case *k, const tf_weights *w, tf_share *out, vf_error *err)
{
    uint32_t n = k->model->n_layers + 2;
    uint64_t *block = vf_alloc_zero(k->scratch, n, sizeof *block);
    if (!block)
        return vf_fail(err, VF_ERR_NOMEM, "out of memory");
    weigh_blocks(k, block, n);
    block[0] = vf_add(block[0], w->tower);
    deal(k, w, block, n, out);
    vf_free(k->scratch, block, (size_t)n * sizeof *block);
    return VF_OK;
}
