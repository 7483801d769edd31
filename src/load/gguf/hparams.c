/* From the values kept of the first part to vf_hparams, once the architecture is known. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "load/gguf/gguf.h"

static vf_status in_range(vf_gguf *g, const vf_gguf_value *value, uint64_t v, const vf_field *f)
{
    const uint64_t unit = f->kind == VF_FIELD_MILLI ? 1000 : 1;
    if (vf_gguf_types[value->element].class_ == VF_GGUF_SIGNED && (v >> 63) != 0)
        return vf_src_fail(&g->src, VF_ERR_DATA, value->byte, "a negative number, expected 0 to %" PRIu64, f->max / unit);
    if (v > f->max)
        return vf_src_fail(&g->src, VF_ERR_DATA, value->byte, "%" PRIu64 " is out of range, expected 0 to %" PRIu64, v / unit,
                           f->max / unit);
    return VF_OK;
}

static vf_status set_array(vf_gguf *g, const vf_gguf_value *value, vf_hparam_id id)
{
    const vf_field *f = &vf_hparam_fields[id];
    if (!vf_gguf_is_integer(value->element) && value->element != VF_GGUF_BOOL)
        return vf_src_fail(&g->src, VF_ERR_DATA, value->byte, "array of type %s, expected integers",
                           vf_gguf_types[value->element].name);
    if (value->count == 0)
        return vf_src_fail(&g->src, VF_ERR_DATA, value->byte, "an empty array, expected one element per layer");
    if (value->count > VF_GGUF_LAYERS)
        return vf_src_fail(&g->src, VF_ERR_DATA, value->byte,
                           "array of %" PRIu64 " elements, the limit is %u layers", value->count, VF_GGUF_LAYERS);
    vf_per_layer all = {0, 0, (uint32_t)value->count};
    for (uint32_t i = 0; i < all.count; i++) {
        uint32_t first;
        vf_status status = in_range(g, value, g->numbers[value->first + i], f);
        uint32_t v = (uint32_t)g->numbers[value->first + i];
        if (status == VF_OK)
            status = vf_draft_numbers(&g->draft, &v, 1, &first, g->err);
        if (status != VF_OK)
            return status;
        if (i == 0)
            all.first = first;
    }
    memcpy((char *)&g->draft.m->hp + f->offset, &all, sizeof all);
    vf_hp_mark(&g->draft.m->hp, id);
    return VF_OK;
}

static vf_status set_hparam(vf_gguf *g, const vf_gguf_value *value, vf_hparam_id id)
{
    const vf_field *f = &vf_hparam_fields[id];
    uint8_t class_ = vf_gguf_types[value->type].class_;
    if (class_ == VF_GGUF_ARRAY_OF && f->kind == VF_FIELD_PER_LAYER)
        return set_array(g, value, id);
    bool flag = f->kind == VF_FIELD_FLAG || f->kind == VF_FIELD_FACTOR, decimal = class_ == VF_GGUF_FLOAT;
    if (!vf_gguf_is_integer(value->type) && !(flag && class_ == VF_GGUF_BOOLEAN) && !(decimal && (flag || f->kind == VF_FIELD_MILLI)))
        return vf_gguf_expected(g, value, flag || f->kind == VF_FIELD_MILLI ? "a number" : "an integer");
    uint64_t v = g->numbers[value->first];
    if (flag) {
        v = v != 0 && !(f->kind == VF_FIELD_FACTOR && v == (decimal ? 1000 : 1));
    } else {
        v = f->kind == VF_FIELD_MILLI && !decimal ? vf_mul(v, 1000) : v;
        vf_status status = in_range(g, value, v, f);
        if (status != VF_OK)
            return status;
    }
    vf_draft_set(&g->draft, id, (uint32_t)v);
    return VF_OK;
}

/** A per-layer array must have one element for each layer, as llama.cpp's get_key_or_arr demands
 * (src/llama-model-loader.cpp). rope.dimension_sections is not per layer, and of sliding_window_pattern
 * any length is taken there. */
static vf_status check_length(vf_gguf *g, const vf_gguf_value *value, vf_hparam_id id)
{
    uint32_t layers = g->draft.m->hp.block_count;
    if (id == VF_HP_rope_dimension_sections || id == VF_HP_sliding_window_pattern || value->count == layers)
        return VF_OK;
    return vf_src_fail(&g->src, VF_ERR_DATA, value->byte, "array of %" PRIu64 " elements for %" PRIu32 " layers",
                       value->count, layers);
}

/** Which hyperparameter of this architecture a key is, VF_HP_COUNT: none. */
static vf_hparam_id find_hparam(const vf_gguf *g, const vf_gguf_value *value)
{
    const char *key = g->keys.pool + value->name_offset;
    size_t prefix = strlen(g->arch);
    if (value->name_length <= prefix + 1 || memcmp(key, g->arch, prefix) != 0 || key[prefix] != '.')
        return VF_HP_COUNT;
    key += prefix + 1;
    size_t length = value->name_length - prefix - 1;
    uint32_t id = 0;
    while (id < VF_HP_COUNT && (strlen(vf_hparam_fields[id].key) != length ||
                                memcmp(vf_hparam_fields[id].key, key, length) != 0))
        id++;
    return (vf_hparam_id)id;
}

vf_status vf_gguf_hparams(vf_gguf *g)
{
    vf_status status = VF_OK;
    for (size_t i = 0; i < g->n_values && status == VF_OK; i++) {
        const vf_gguf_value *value = &g->values[i];
        vf_hparam_id id = find_hparam(g, value);
        if (id == VF_HP_COUNT)
            continue;
        vf_src_name(&g->src, g->keys.pool + value->name_offset, value->name_length);
        status = set_hparam(g, value, id);
    }
    /* Lengths are compared now that block_count is known. */
    for (size_t i = 0; i < g->n_values && status == VF_OK; i++) {
        const vf_gguf_value *value = &g->values[i];
        vf_hparam_id id = value->type == VF_GGUF_ARR ? find_hparam(g, value) : VF_HP_COUNT;
        if (id == VF_HP_COUNT)
            continue;
        vf_src_name(&g->src, g->keys.pool + value->name_offset, value->name_length);
        status = check_length(g, value, id);
    }
    return status;
}
