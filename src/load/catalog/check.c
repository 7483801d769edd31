/* The sense checks over a whole catalog: what no single field can tell. */
#include "load/catalog/check.h"

#include <stdarg.h>
#include <string.h>

#include "base/checked.h"
#include "base/text.h"
#include "load/catalog/lookup.h"

bool vf_check_report(vf_check *k, bool is_error, const char *id, uint32_t row, size_t field, uint32_t i,
                     const char *format, ...)
{
    vf_finding f = {.is_error = is_error, .id = id};
    va_list ap;
    va_start(ap, format);
    vf_fail_va(&f.error, VF_ERR_DATA, format, ap);
    va_end(ap);
    vf_catalog_place(k->c, k->table, row, field, i, &f.error);
    if (is_error && k->status == VF_OK) {
        k->status = VF_ERR_DATA;
        if (k->err)
            *k->err = f.error;
    }
    k->stop = k->stop || (k->fn ? !k->fn(k->ctx, &f) : is_error);
    return false;
}

bool vf_check_known(const vf_check *k, uint32_t table, const char *name)
{
    if (k->c->refused & 1u << table)
        return true;
    char normal[VF_NAME_SIZE];
    uint32_t first;
    size_t n = vf_name_normalize(normal, sizeof normal, name, strlen(name));
    return n != SIZE_MAX && vf_index_range(&k->c->blob, table, normal, &first) > 0 &&
           k->c->blob.names[first].rank <= VF_NAME_ALIAS;
}

#define ERROR(k, id, row, type, field, ...) \
    vf_check_report(k, true, id, row, offsetof(type, field), 0, __VA_ARGS__)
#define WARNING(k, id, row, type, field, ...) \
    vf_check_report(k, false, id, row, offsetof(type, field), 0, __VA_ARGS__)

/* ---- quantizations -------------------------------------------------------------------------- */

/** The bits of a storage type × 1000, rounded. */
static uint32_t type_millibits(const vf_type_info *type)
{
    return (type->block_bytes * 8000 + type->block / 2) / type->block;
}

/** A file type that is one storage type has its bits; a mix keeps some tensors in larger types, and
 * nothing llama.cpp mixes adds more than half. */
static void check_quant_type(vf_check *k, uint32_t i, const vf_quant_row *row)
{
    const vf_blob *b = &k->c->blob;
    const char *name = vf_blob_text(b, row->type);
    const vf_type_info *type = vf_type_find(name);
    if (!type) {
        ERROR(k, "unknown-type", i, vf_quant_row, type, "no storage type '%s'", name);
        return;
    }
    uint32_t bits = type_millibits(type);
    bool pure = vf_type_find(vf_blob_text(b, row->name)) == type || row->kind == VF_QUANT_CAST;
    if (pure ? row->bits != bits : row->bits < bits || row->bits > bits + bits / 2)
        ERROR(k, "bits-mismatch", i, vf_quant_row, bits, "%u.%03u bits, but type %s has %u.%03u", row->bits / 1000,
              row->bits % 1000, type->name, bits / 1000, bits % 1000);
}

static void check_quant(vf_check *k, uint32_t i)
{
    const vf_quant_row *row = vf_blob_row(&k->c->blob, VF_KIND_QUANT, i);
    const vf_blob *b = &k->c->blob;
    bool typed = row->kind == VF_QUANT_GGUF || row->kind == VF_QUANT_CAST;
    if (row->type.offset)
        check_quant_type(k, i, row);
    else if (typed)
        ERROR(k, "missing-key", i, vf_quant_row, kind, "a quantization of kind %s needs 'type'",
              vf_quant_kind_name(row->kind));
    if (row->output_type.offset && !vf_type_find(vf_blob_text(b, row->output_type)))
        ERROR(k, "unknown-type", i, vf_quant_row, output_type, "no storage type '%s'", vf_blob_text(b, row->output_type));
    if (!vf_check_known(k, VF_KIND_RUNTIME, vf_blob_text(b, row->runtime)))
        ERROR(k, "unknown-runtime", i, vf_quant_row, runtime, "no runtime '%s'", vf_blob_text(b, row->runtime));
    for (uint32_t j = 0; j < row->runtimes.count; j++)
        if (!vf_check_known(k, VF_KIND_RUNTIME, vf_blob_item(b, row->runtimes, j)))
            vf_check_report(k, true, "unknown-runtime", i, offsetof(vf_quant_row, runtimes), j + 1, "no runtime '%s'",
                            vf_blob_item(b, row->runtimes, j));
}

/* ---- GPUs ----------------------------------------------------------------------------------- */

/** Drivers report what error correction and firmware leave of the memory as sold; a sixteenth is the most
 * that ECC takes (an A40: 46,068 of 49,152 MiB), and some cards have a little more than their label. */
static void check_memory(vf_check *k, uint32_t i, const vf_gpu_row *row)
{
    uint64_t sold = row->memory_mib, total = row->driver_total_mib;
    if (total && (total < sold - sold / 8 || total > sold + sold / 32))
        ERROR(k, "driver-total", i, vf_gpu_row, driver_total_mib,
              "the driver reports %llu MiB of %llu: expected between 7/8 and 33/32 of it", (unsigned long long)total,
              (unsigned long long)sold);
    uint64_t all = total ? total : sold;
    if (row->reserved_linux_mib > all / 2)
        ERROR(k, "reserve", i, vf_gpu_row, reserved_linux_mib, "more than half of the memory is reserved");
    if (row->reserved_windows_mib > all / 2)
        ERROR(k, "reserve", i, vf_gpu_row, reserved_windows_mib, "more than half of the memory is reserved");
}

/** Bandwidth is width times rate; 2 % for rates that are rounded in data sheets. */
static void check_bandwidth(vf_check *k, uint32_t i, const vf_gpu_row *row)
{
    if (!row->bandwidth_mbs || !row->bus_width_bits || !row->data_rate_mbps)
        return;
    uint64_t product = vf_mul(row->bus_width_bits, row->data_rate_mbps) / 8, stated = row->bandwidth_mbs;
    uint64_t apart = product > stated ? product - stated : stated - product;
    if (apart > product / 50)
        ERROR(k, "bandwidth-mismatch", i, vf_gpu_row, bandwidth_mbs,
              "%llu.%03llu GB/s, but %u bits at %u.%03u Gbit/s are %llu.%03llu", (unsigned long long)stated / 1000,
              (unsigned long long)stated % 1000, row->bus_width_bits, row->data_rate_mbps / 1000,
              row->data_rate_mbps % 1000, (unsigned long long)product / 1000, (unsigned long long)product % 1000);
}

static void check_gpu(vf_check *k, uint32_t i)
{
    const vf_gpu_row *row = vf_blob_row(&k->c->blob, VF_KIND_GPU, i);
    const vf_blob *b = &k->c->blob;
    vf_gpu_entry entry;
    (void)vf_catalog_gpu(k->c, i, &entry);
    check_memory(k, i, row);
    check_bandwidth(k, i, row);
    if (row->compute_capability.offset && entry.compute_capability == 0)
        ERROR(k, "compute-capability", i, vf_gpu_row, compute_capability, "'%s' is not MAJOR.MINOR",
              vf_blob_text(b, row->compute_capability));
    if (strcmp(entry.vendor, "nvidia") == 0 && entry.compute_capability == 0 && !row->compute_capability.offset)
        WARNING(k, "compute-capability", i, vf_gpu_row, name, "key 'compute_capability' is missing");
    if (row->desktop.offset && !vf_check_known(k, VF_KIND_DESKTOP, entry.desktop))
        ERROR(k, "unknown-desktop", i, vf_gpu_row, desktop, "no desktop '%s'", entry.desktop);
}

/* ---- size classes --------------------------------------------------------------------------- */

static void check_size_class(vf_check *k, uint32_t i)
{
    const vf_size_class_row *row = vf_blob_row(&k->c->blob, VF_TABLE_SIZE_CLASS, i);
    const char *model = vf_blob_text(&k->c->blob, row->model), *name = vf_blob_text(&k->c->blob, row->name);
    uint32_t index;
    uint64_t parameters;
    vf_error why = {0};
    if (!vf_check_known(k, VF_KIND_MODEL, model))
        ERROR(k, "unknown-model", i, vf_size_class_row, model, "no model '%s'", model);
    else if (!(k->c->refused & 1u << VF_KIND_MODEL) && vf_catalog_size_class(k->c, name, &index, &parameters, &why) != VF_OK)
        ERROR(k, "class-name", i, vf_size_class_row, name, "'%s' is not written like a size class (13B, 8x7B, 30B-A3B)",
              name);
}

/* ---- names ---------------------------------------------------------------------------------- */

/** Reports the alias that stands at `name`, if it is one of a row of k->table. */
static void report_clash(vf_check *k, const vf_name *name, const vf_name *hidden)
{
    const vf_blob *b = &k->c->blob;
    const vf_table *table = &vf_tables[k->table];
    vf_span aliases;
    memcpy(&aliases, (const char *)vf_blob_row(b, k->table, name->row) + table->aliases, sizeof aliases);
    for (uint32_t i = 0; i < aliases.count; i++)
        if (b->u32[aliases.first + i] == name->shown)
            vf_check_report(k, true, "alias-clash", name->row, table->aliases, i + 1,
                            "alias '%s' is what '%s' (of '%s') comes to without %s", b->text + name->shown,
                            b->text + hidden->shown, vf_blob_name(b, k->table, hidden->row),
                            hidden->rank == VF_NAME_BASE ? "its vendor" : "its ending");
}

/** An alias means its own row, whatever other names come to the same when vendor or ending is left out:
 * those who type such a name short would get another row than they meant. */
static void check_names(vf_check *k)
{
    const vf_blob *b = &k->c->blob;
    if (vf_tables[k->table].aliases == SIZE_MAX)
        return;
    for (uint32_t first = 0, end; first < b->n_names && !k->stop; first = end) {
        const vf_name *names = b->names + first;
        for (end = first + 1; end < b->n_names && b->names[end].kind == names[0].kind &&
                              strcmp(b->text + b->names[end].text, b->text + names[0].text) == 0;)
            end++;
        if (names[0].kind != k->table || names[0].rank != VF_NAME_ALIAS)
            continue;
        for (uint32_t i = first + 1; i < end; i++)
            if (b->names[i].rank > VF_NAME_ALIAS && b->names[i].row != names[0].row) {
                report_clash(k, names, &b->names[i]);
                break;
            }
    }
}

/* ---- everything ----------------------------------------------------------------------------- */

vf_status vf_catalog_check(const vf_catalog *c, const vf_allocator *scratch, vf_finding_fn fn, void *ctx,
                           vf_error *err)
{
    static void (*const checks[VF_TABLE_COUNT])(vf_check *, uint32_t) = {
        [VF_KIND_MODEL] = vf_check_model,
        [VF_KIND_QUANT] = check_quant,
        [VF_KIND_GPU] = check_gpu,
        [VF_TABLE_SIZE_CLASS] = check_size_class,
    };
    vf_check k = {.c = c, .scratch = scratch, .fn = fn, .ctx = ctx, .err = err};
    for (k.table = 0; k.table < VF_TABLE_COUNT; k.table++)
        for (uint32_t i = 0; i < c->blob.count[k.table] && !k.stop; i++) {
            vf_check_source(&k, i);
            if (checks[k.table] && !k.stop)
                checks[k.table](&k, i);
        }
    for (k.table = 0; k.table < VF_TABLE_COUNT; k.table++)
        check_names(&k);
    return k.status;
}
