/* model.safetensors.index.json: which file has which tensor. Streamed: the map of a large model is
 * megabytes of JSON, and all that is wanted of it are the files' names. */
#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "load/json/jstream.h"
#include "load/safetensors/safetensors.h"
#include "load/try.h"

#define NAME_BYTES 255 /* of a file's name */

typedef struct shard_index {
    vf_src src;
    vf_js js;
    char (*names)[NAME_BYTES + 1]; /**< distinct, in the order met */
    uint16_t *order;               /**< the same, sorted */
    size_t n, cap_names, cap_order;
    size_t last; /**< place in `order` of the name met last: entries of one file mostly follow each other */
    uint32_t entries;
} shard_index;

/** Only a plain name can stay within the folder. */
static bool is_plain(const char *name, size_t n)
{
    static const char end[] = ".safetensors";
    size_t tail = sizeof end - 1;
    if (n <= tail || n > NAME_BYTES || name[0] == '.' || memcmp(name + n - tail, end, tail) != 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (name[i] == '/' || name[i] == '\\' || name[i] == ':' || (unsigned char)name[i] < 0x20 || name[i] == 0x7F)
            return false;
    return true;
}

static vf_status add_file(shard_index *x)
{
    char shown[96];
    const char *name = x->js.text;
    if (!is_plain(name, x->js.n))
        return vf_js_fail(&x->js, "%s is no plain file name of a shard (NAME.safetensors, no path)",
                          vf_quote(shown, sizeof shown, name, x->js.n));
    if (x->n > 0 && strcmp(x->names[x->order[x->last]], name) == 0)
        return VF_OK;
    size_t low = 0, high = x->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(x->names[x->order[middle]], name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    x->last = low;
    if (low < x->n && strcmp(x->names[x->order[low]], name) == 0)
        return VF_OK;
    if (x->n == VF_ST_SHARDS)
        return vf_js_fail(&x->js, "more than %u shards (limit)", VF_ST_SHARDS);
    if (!vf_grow(x->src.a, (void **)&x->names, &x->cap_names, x->n + 1, sizeof x->names[0]) ||
        !vf_grow(x->src.a, (void **)&x->order, &x->cap_order, x->n + 1, sizeof x->order[0]))
        return vf_fail(x->src.err, VF_ERR_NOMEM, "out of memory");
    memmove(x->order + low + 1, x->order + low, (x->n - low) * sizeof x->order[0]);
    memcpy(x->names[x->n], name, x->js.n + 1);
    x->order[low] = (uint16_t)x->n++;
    return VF_OK;
}

static vf_status read_map(shard_index *x)
{
    bool more = true;
    VF_TRY(vf_js_expect(&x->js, '{', "weight_map, an object,"));
    for (bool first = true;; first = false) {
        VF_TRY(vf_js_next(&x->js, '}', first, &more));
        if (!more)
            return VF_OK;
        if (x->entries++ == VF_ST_ENTRIES)
            return vf_js_fail(&x->js, "weight_map has more than %u entries (limit)", VF_ST_ENTRIES);
        VF_TRY(vf_js_key(&x->js));
        vf_src_name(&x->src, x->js.text, x->js.n);
        VF_TRY(vf_js_string(&x->js, "a shard's file name, a string, in weight_map"));
        VF_TRY(add_file(x));
    }
}

static vf_status read_index(shard_index *x)
{
    bool more = true, has_map = false;
    VF_TRY(vf_js_expect(&x->js, '{', "an object ({) with weight_map"));
    for (bool first = true;; first = false) {
        vf_src_name(&x->src, "", 0);
        VF_TRY(vf_js_next(&x->js, '}', first, &more));
        if (!more)
            break;
        VF_TRY(vf_js_key(&x->js));
        vf_src_name(&x->src, x->js.text, x->js.n);
        bool map = strcmp(x->js.text, "weight_map") == 0;
        if (map && has_map)
            return vf_js_fail(&x->js, "duplicate weight_map");
        has_map = has_map || map;
        if (map)
            VF_TRY(read_map(x));
        else
            VF_TRY(vf_js_skip(&x->js, 1));
    }
    VF_TRY(vf_js_end(&x->js));
    if (!has_map || x->n == 0)
        return vf_js_fail(&x->js, has_map ? "weight_map is empty: no tensors" : "weight_map is missing");
    return VF_OK;
}

vf_status vf_safetensors_index_read(vf_source *source, bool (*shard)(void *ctx, const char *name), void *ctx,
                                    const vf_allocator *a, vf_error *err)
{
    shard_index x;
    memset(&x, 0, sizeof x);
    if (err)
        vf_set_text(err->file, sizeof err->file, source->name);
    vf_status status = vf_src_open(&x.src, source, VF_ST_INDEX, VF_ST_INDEX_TEXT, a, err);
    x.src.reading = "shard index";
    if (status == VF_OK)
        status = vf_js_open(&x.js, &x.src, false, true);
    if (status == VF_OK)
        status = read_index(&x);
    for (size_t i = 0; i < x.n && status == VF_OK; i++)
        if (!shard(ctx, x.names[x.order[i]]))
            status = vf_fail(err, VF_ERR_NOMEM, "out of memory");
    vf_js_close(&x.js);
    vf_src_close(&x.src);
    vf_free(a, x.names, x.cap_names * sizeof x.names[0]);
    vf_free(a, x.order, x.cap_order * sizeof x.order[0]);
    return status;
}
