#include "load/gguf/gguf.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"

_Static_assert((uint64_t)VF_GGUF_NAME_BYTES * VF_MAX_TENSORS_KEPT <= VF_NAMES_BYTES, "names of all tensors have room");

/** Ids that ggml gave to types it has removed since (ggml/include/ggml.h, enum ggml_type). */
static bool is_removed(uint32_t type)
{
    return type == 4 || type == 5 || (type >= 31 && type <= 33) || (type >= 36 && type <= 38);
}

static vf_status tensor_shape(vf_gguf *g, vf_tensor *t)
{
    vf_src *s = &g->src;
    uint64_t at = s->pos;
    uint32_t n_dims = 0;
    s->reading = "tensor's shape";
    vf_status status = vf_src_u32(s, &n_dims);
    if (status == VF_OK && n_dims > 4)
        return vf_src_fail(s, VF_ERR_DATA, at, "%" PRIu32 " dimensions, a tensor has at most 4", n_dims);
    t->n_dims = (uint8_t)n_dims;
    for (uint32_t i = 0; i < 4; i++) {
        t->ne[i] = 1;
        if (status == VF_OK && i < n_dims)
            status = vf_src_u64(s, &t->ne[i]);
        if (status == VF_OK && !vf_size_ok(t->ne[i]))
            return vf_src_fail(s, VF_ERR_DATA, at, "the tensor's dimension %" PRIu32 " is %" PRIu64 ", too large (limit 2^60)", i,
                               t->ne[i]);
    }
    return status;
}

static vf_status tensor_type(vf_gguf *g, vf_tensor *t, uint64_t *bytes)
{
    vf_src *s = &g->src;
    uint64_t at = s->pos;
    uint32_t type;
    s->reading = "tensor's type";
    vf_status status = vf_src_u32(s, &type);
    if (status != VF_OK)
        return status;
    const vf_type_info *info = type < VF_TYPE_U8 ? vf_type_get(type) : NULL;
    if (!info && is_removed(type))
        return vf_src_fail(s, VF_ERR_DATA, at, "tensor type %" PRIu32 " was removed from ggml", type);
    if (!info)
        return vf_src_fail(s, VF_ERR_DATA, at, "tensor type %" PRIu32 " is unknown (newer than this build?)", type);
    if (t->ne[0] % info->block != 0)
        return vf_src_fail(s, VF_ERR_DATA, at,
                           "a row of %" PRIu64 " elements is no multiple of the block of %" PRIu32 " of type %s", t->ne[0],
                           info->block, info->name);
    t->type = (uint16_t)type;
    *bytes = vf_tensor_bytes(t, t->type);
    if (!vf_size_ok(*bytes) || !vf_size_ok(vf_tensor_elements(t)))
        return vf_src_fail(s, VF_ERR_DATA, at,
                           "shape %" PRIu64 " x %" PRIu64 " x %" PRIu64 " x %" PRIu64 " is too large: its size overflows",
                           t->ne[0], t->ne[1], t->ne[2], t->ne[3]);
    return VF_OK;
}

/** Reads one tensor's record. *end: where its data ends and where the next one's begins, from the start
 * of the data, as ggml demands them: one behind the other, each padded to the alignment. */
static vf_status one_tensor(vf_gguf *g, uint64_t *end)
{
    vf_src *s = &g->src;
    uint64_t at = s->pos, bytes = 0, offset = 0;
    uint64_t expected = vf_pad(*end, g->alignment);
    uint32_t n = 0;
    vf_tensor t = {0};
    s->reading = "tensor's name";
    vf_status status = vf_gguf_name(g, "tensor name", VF_GGUF_NAME_BYTES, &n);
    if (status != VF_OK)
        return status;
    vf_src_name(s, g->scratch, n);
    vf_tensor_parse_name(g->scratch, n, &t);
    if (t.role == VF_ROLE_UNKNOWN && n > 7 && memcmp(g->scratch + n - 7, ".weight", 7) == 0)
        t.part = VF_PART_WEIGHT; /* unknown as it is, it has parameters */
    status = vf_names_add(&g->tensor_names, g->scratch, n, at);
    if (status != VF_OK)
        return vf_src_fail(s, status, at, "out of memory");
    if ((status = tensor_shape(g, &t)) != VF_OK || (status = tensor_type(g, &t, &bytes)) != VF_OK)
        return status;
    at = s->pos;
    s->reading = "tensor's offset";
    status = vf_src_u64(s, &offset);
    if (status != VF_OK)
        return status;
    if (offset != expected)
        return vf_src_fail(s, VF_ERR_DATA, at, "the data's offset is %" PRIu64 ", expected %" PRIu64, offset, expected);
    *end = vf_add(offset, bytes);
    if (!vf_size_ok(vf_pad(*end, g->alignment)))
        return vf_src_fail(s, VF_ERR_DATA, at, "the sizes of the tensors up to here overflow: too large together");
    return vf_draft_tensor(&g->draft, &t, g->scratch, n, g->err);
}

vf_status vf_gguf_tensors(vf_gguf *g)
{
    vf_src *s = &g->src;
    uint64_t end = 0;
    g->all_tensors += g->n_tensors;
    if (g->all_tensors > VF_MAX_TENSORS_KEPT)
        return vf_src_fail(s, VF_ERR_DATA, s->pos, "more than %u tensors in all parts (limit)", VF_MAX_TENSORS_KEPT);
    for (uint64_t i = 0; i < g->n_tensors; i++) {
        vf_status status = one_tensor(g, &end);
        if (status != VF_OK)
            return status;
    }
    vf_src_name(s, "", 0);
    uint64_t size = s->source->size, need = vf_add(vf_pad(s->pos, g->alignment), end);
    if (end > 0 && size != UINT64_MAX && need > size)
        return vf_src_fail(s, VF_ERR_DATA, size, "incomplete: %" PRIu64 " of %" PRIu64 " bytes", size, need);
    return VF_OK;
}

vf_status vf_gguf_tensors_done(vf_gguf *g)
{
    const vf_name_ref *twice = vf_names_duplicate(&g->tensor_names);
    if (!twice)
        return VF_OK;
    vf_src_name(&g->src, g->tensor_names.pool + twice->offset, twice->length);
    vf_status status = vf_src_fail(&g->src, VF_ERR_DATA, twice->byte, "duplicate tensor name");
    if (g->n_parts > 1 && g->err)
        g->err->has_byte = false; /* which part it was is not kept */
    return status;
}
