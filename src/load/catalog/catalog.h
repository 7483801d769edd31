/* The inside of vf_catalog. */
#ifndef VF_LOAD_CATALOG_H
#define VF_LOAD_CATALOG_H

#include "load/catalog/blob.h"
#include "load/draft.h"
#include "model/model.h"

struct vf_catalog {
    vf_allocator a;
    vf_blob blob;       /**< what everything reads: of the compiled bytes, or of the builder */
    vf_builder builder; /**< used from the first addition on */
    bool grown;
    uint32_t runs; /**< additions */
    uint32_t refused; /**< bit of a vf_table_id: an addition had errors, so entries of that table may be missing */
};

/** The architecture record of that name (llama.cpp's spelling, letter for letter); false: none. */
bool vf_catalog_arch(const vf_catalog *catalog, const char *name, vf_arch *out);

/** The same for the readers of model files. */
vf_arch_lookup vf_catalog_archs(const vf_catalog *catalog);

/** Sets file, line, column and path of an error about a field of a row: about element `i` - 1 of an array,
 * or the value itself when `i` is 0. The row's own place where the field's is not known. */
void vf_catalog_place(const vf_catalog *catalog, uint32_t table, uint32_t row, size_t field, uint32_t i,
                      vf_error *err);
/** The same about a row's id or alias. */
void vf_catalog_place_name(const vf_catalog *catalog, const vf_name *name, vf_error *err);

#endif
