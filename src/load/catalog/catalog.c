#include "load/catalog/catalog.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/text.h"
#include "load/catalog/lookup.h"

vf_status vf_catalog_new(const vf_allocator *a, vf_catalog **out, vf_error *err)
{
    vf_catalog *c = vf_alloc_zero(a, 1, sizeof *c);
    if (!c)
        return vf_fail(err, VF_ERR_NOMEM, "out of memory");
    c->a = *a;
    vf_status s = vf_blob_open(&c->blob, vf_builtin_catalog, vf_builtin_catalog_size, err);
    if (s != VF_OK) {
        vf_free(a, c, sizeof *c);
        return s;
    }
    *out = c;
    return VF_OK;
}

void vf_catalog_free(vf_catalog *c)
{
    if (!c)
        return;
    vf_allocator a = c->a;
    if (c->grown)
        vf_builder_free(&c->builder);
    vf_free(&a, c, sizeof *c);
}

uint32_t vf_catalog_count(const vf_catalog *c, vf_kind kind)
{
    return (unsigned)kind < VF_KIND_COUNT ? c->blob.count[kind] : 0;
}

vf_status vf_catalog_find(const vf_catalog *c, vf_kind kind, const char *name, uint32_t *index, vf_error *err)
{
    if ((unsigned)kind >= VF_KIND_COUNT)
        return vf_fail(err, VF_ERR_USAGE, "no such kind of entry");
    return vf_index_find(&c->blob, kind, name, strlen(name), index, err);
}

bool vf_catalog_arch(const vf_catalog *c, const char *name, vf_arch *out)
{
    uint32_t row;
    if (vf_index_find(&c->blob, VF_KIND_ARCH, name, strlen(name), &row, NULL) != VF_OK)
        return false;
    memcpy(out, vf_blob_row(&c->blob, VF_KIND_ARCH, row), sizeof *out);
    return strcmp(vf_blob_text(&c->blob, out->name), name) == 0;
}

/* ---- entries -------------------------------------------------------------------------------- */

/** Row of a kind, NULL past the end. */
static const void *row_of(const vf_catalog *c, vf_kind kind, uint32_t index)
{
    return vf_blob_row(&c->blob, kind, index);
}

#define MIB(n) ((uint64_t)(n) << 20)

/** The largest of a hyperparameter's values. */
static uint32_t largest(const vf_blob *b, const vf_per_layer *v)
{
    uint32_t max = v->value;
    for (uint32_t i = 0; i < v->count; i++)
        if (b->u32[v->first + i] > max)
            max = b->u32[v->first + i];
    return max;
}

vf_status vf_catalog_model(const vf_catalog *c, uint32_t index, vf_model_entry *out)
{
    const vf_model_row *row = row_of(c, VF_KIND_MODEL, index);
    const vf_blob *b = &c->blob;
    if (!row)
        return VF_ERR_USAGE;
    *out = (vf_model_entry){
        .id = vf_blob_text(b, row->id),
        .family = vf_blob_text(b, row->family),
        .arch = vf_blob_text(b, row->arch),
        .release = vf_blob_text(b, row->release),
        .license = vf_blob_text(b, row->license),
        .source = vf_blob_text(b, row->source),
        .confidence = vf_confidence_name(row->confidence),
        .parameters = row->parameters,
        .parameters_active = row->parameters_active,
        .parameters_vision = row->parameters_vision,
        .parameters_published = row->parameters_published,
        .n_ctx_train = row->hparams.context_length,
        .n_ctx_extended = row->context_extended,
        .published_quant = vf_blob_text(b, row->published_quant),
        .n_layer = row->hparams.block_count,
        .n_embd = row->hparams.embedding_length,
        .n_head = largest(b, &row->hparams.head_count),
        .n_head_kv = largest(b, &row->hparams.head_count_kv),
        .n_vocab = row->hparams.vocab_size,
        .n_expert = row->hparams.expert_count,
        .n_expert_used = largest(b, &row->hparams.expert_used_count),
        .n_aliases = row->aliases.count,
    };
    return VF_OK;
}

static const char *alias(const vf_catalog *c, vf_span aliases, uint32_t i)
{
    return i < aliases.count ? vf_blob_item(&c->blob, aliases, i) : NULL;
}

const char *vf_catalog_model_alias(const vf_catalog *c, uint32_t index, uint32_t i)
{
    const vf_model_row *row = row_of(c, VF_KIND_MODEL, index);
    return row ? alias(c, row->aliases, i) : NULL;
}

const char *vf_catalog_quant_alias(const vf_catalog *c, uint32_t index, uint32_t i)
{
    const vf_quant_row *row = row_of(c, VF_KIND_QUANT, index);
    return row ? alias(c, row->aliases, i) : NULL;
}

const char *vf_catalog_gpu_alias(const vf_catalog *c, uint32_t index, uint32_t i)
{
    const vf_gpu_row *row = row_of(c, VF_KIND_GPU, index);
    return row ? alias(c, row->aliases, i) : NULL;
}

vf_status vf_catalog_quant(const vf_catalog *c, uint32_t index, vf_quant_entry *out)
{
    const vf_quant_row *row = row_of(c, VF_KIND_QUANT, index);
    const vf_blob *b = &c->blob;
    if (!row)
        return VF_ERR_USAGE;
    *out = (vf_quant_entry){
        .name = vf_blob_text(b, row->name),
        .kind = vf_quant_kind_name(row->kind),
        .quality = vf_blob_text(b, row->quality),
        .note = vf_blob_text(b, row->note),
        .approximate = vf_blob_text(b, row->approximate),
        .source = vf_blob_text(b, row->source),
        .confidence = vf_confidence_name(row->confidence),
        .packing = vf_packing_name(row->packing),
        .covers = row->packing ? vf_covers_name(row->covers) : "",
        .runtimes = vf_blob_text(b, row->runtimes_text),
        .millibits = row->nominal_bits ? row->nominal_bits : row->bits,
        .stored_millibits = row->bits,
        .n_runtimes = row->runtimes.count,
        .n_aliases = row->aliases.count,
    };
    const vf_type_info *type = vf_type_find(vf_blob_text(b, row->type));
    const vf_type_info *output = vf_type_find(vf_blob_text(b, row->output_type));
    out->quant.kind = (vf_quant_kind)row->kind;
    out->quant.output_typed = row->output_type.offset && output;
    out->quant.output_type = output ? output->type : VF_TYPE_F32;
    out->quant.ftype = row->ftype;
    out->quant.type = type ? type->type : VF_TYPE_F32;
    out->quant.millibits = out->millibits;
    out->quant.imatrix = row->imatrix;
    out->quant.packing = (vf_packing)row->packing;
    out->quant.covers = (vf_covers)row->covers;
    out->quant.group = row->group;
    out->quant.spread_percent = row->spread_percent;
    out->quant.head_millibits = row->head_bits;
    vf_set_text(out->quant.name, sizeof out->quant.name, out->name);
    vf_set_text(out->quant.runtime, sizeof out->quant.runtime, vf_blob_text(b, row->runtime));
    return VF_OK;
}

const char *vf_catalog_quant_runtime(const vf_catalog *c, uint32_t index, uint32_t i)
{
    const vf_quant_row *row = row_of(c, VF_KIND_QUANT, index);
    return row ? alias(c, row->runtimes, i) : NULL;
}

/** "8.6" as 86; 0 when it is empty or no such number. */
static uint32_t capability(const char *text)
{
    uint32_t major = 0, minor;
    if (text[0] == '.')
        return 0;
    for (; *text >= '0' && *text <= '9' && major < 100; text++)
        major = major * 10 + (uint32_t)(*text - '0');
    if (text[0] != '.' || text[1] < '0' || text[1] > '9' || text[2] != 0)
        return 0;
    minor = (uint32_t)(text[1] - '0');
    return major * 10 + minor;
}

static vf_backend backend_of(const char *vendor)
{
    static const struct {
        const char *vendor;
        vf_backend backend;
    } backends[] = {
        {"nvidia", VF_BACKEND_CUDA},
        {"amd", VF_BACKEND_ROCM},
        {"apple", VF_BACKEND_METAL},
        {"intel", VF_BACKEND_SYCL},
    };
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++)
        if (strcmp(backends[i].vendor, vendor) == 0)
            return backends[i].backend;
    return VF_BACKEND_VULKAN;
}

vf_status vf_catalog_gpu(const vf_catalog *c, uint32_t index, vf_gpu_entry *out)
{
    const vf_gpu_row *row = row_of(c, VF_KIND_GPU, index);
    const vf_blob *b = &c->blob;
    if (!row)
        return VF_ERR_USAGE;
    *out = (vf_gpu_entry){
        .name = vf_blob_text(b, row->name),
        .vendor = vf_blob_text(b, row->vendor),
        .class_ = vf_blob_text(b, row->class_),
        .architecture = vf_blob_text(b, row->architecture),
        .memory_type = vf_blob_text(b, row->memory_type),
        .bus = vf_blob_text(b, row->bus),
        .link = vf_blob_text(b, row->link),
        .note = vf_blob_text(b, row->note),
        .source = vf_blob_text(b, row->source),
        .confidence = vf_confidence_name(row->confidence),
        .memory_bytes = MIB(row->memory_mib),
        .driver_bytes = MIB(row->driver_total_mib),
        .reserved_linux = MIB(row->reserved_linux_mib),
        .reserved_windows = MIB(row->reserved_windows_mib),
        .bandwidth_mbs = row->bandwidth_mbs,
        .compute_capability = capability(vf_blob_text(b, row->compute_capability)),
        .backend = backend_of(vf_blob_text(b, row->vendor)),
        .multiprocessors = row->multiprocessors,
        .unified_memory = row->unified_memory,
        .year = row->year,
        .desktop = row->desktop.offset ? vf_blob_text(b, row->desktop) : "none",
        .n_aliases = row->aliases.count,
    };
    return VF_OK;
}

vf_status vf_catalog_desktop(const vf_catalog *c, uint32_t index, vf_desktop_entry *out)
{
    const vf_desktop_row *row = row_of(c, VF_KIND_DESKTOP, index);
    const vf_blob *b = &c->blob;
    if (!row)
        return VF_ERR_USAGE;
    *out = (vf_desktop_entry){
        .name = vf_blob_text(b, row->name),
        .note = vf_blob_text(b, row->note),
        .source = vf_blob_text(b, row->source),
        .bytes = row->bytes,
        .spread = row->spread,
    };
    return VF_OK;
}

vf_status vf_catalog_runtime(const vf_catalog *c, uint32_t index, vf_runtime_entry *out)
{
    const vf_runtime_row *row = row_of(c, VF_KIND_RUNTIME, index);
    const vf_blob *b = &c->blob;
    if (!row)
        return VF_ERR_USAGE;
    *out = (vf_runtime_entry){
        .name = vf_blob_text(b, row->name),
        .version = vf_blob_text(b, row->version),
        .note = vf_blob_text(b, row->note),
        .source = vf_blob_text(b, row->source),
        .n_aliases = row->aliases.count,
    };
    for (uint32_t i = 0; vf_runtime_name(i); i++)
        out->available = out->available || strcmp(vf_runtime_name(i), out->name) == 0;
    return VF_OK;
}
