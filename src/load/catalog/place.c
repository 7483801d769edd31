/* Places of rows and fields, for findings that are made when the JSON text is gone. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "load/catalog/catalog.h"

/** Appends "/key" for the field at `offset` of the struct; false when no row of the table is there. */
static bool append_key(const vf_field *fields, size_t base, size_t offset, char *out, size_t size)
{
    size_t n = strlen(out);
    for (const vf_field *f = fields; f->key; f++) {
        (void)snprintf(out + n, size - n, "/%s", f->key);
        if (f->kind == VF_FIELD_OBJECT ? append_key(f->sub, base + f->offset, offset, out, size)
                                       : base + f->offset == offset)
            return true;
    }
    out[n] = 0;
    return false;
}

void vf_catalog_place(const vf_catalog *c, uint32_t table, uint32_t row, size_t field, uint32_t i, vf_error *err)
{
    const vf_origin *origin = &c->blob.origins[table][row];
    char path[256] = "";
    if (table != VF_KIND_ARCH)
        (void)snprintf(path, sizeof path, "/%s/%u", vf_tables[table].key, (unsigned)origin->ordinal);
    if (append_key(vf_tables[table].fields, 0, field, path, sizeof path) && i > 0)
        (void)snprintf(path + strlen(path), sizeof path - strlen(path), "/%u", (unsigned)i - 1);
    vf_set_text(err->key, sizeof err->key, path);
    vf_set_text(err->file, sizeof err->file, vf_blob_text(&c->blob, origin->file));
    err->line = origin->line;
    err->column = origin->column;
    for (uint32_t k = 0; k < origin->places.count; k++) {
        const vf_place *place = &c->builder.places[origin->places.first + k];
        if (place->offset != field)
            continue;
        if (i == 0) {
            err->line = place->line;
            err->column = place->column;
            return;
        }
        i--;
    }
}

void vf_catalog_place_name(const vf_catalog *c, const vf_name *name, vf_error *err)
{
    const vf_table *table = &vf_tables[name->kind];
    vf_span aliases = {0, 0};
    if (name->rank == VF_NAME_ALIAS)
        memcpy(&aliases, (const char *)vf_blob_row(&c->blob, name->kind, name->row) + table->aliases, sizeof aliases);
    for (uint32_t i = 0; i < aliases.count; i++)
        if (c->blob.u32[aliases.first + i] == name->shown) {
            vf_catalog_place(c, name->kind, name->row, table->aliases, i + 1, err);
            return;
        }
    vf_catalog_place(c, name->kind, name->row, table->name, 0, err);
}
