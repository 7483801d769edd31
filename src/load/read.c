/* The public reader of GGUF files, with the catalog as the source of architecture records. */
#include "load/catalog.h"
#include "load/gguf.h"

vf_status vf_gguf_read(const vf_catalog *catalog, vf_source *source, const vf_parts *parts, const vf_allocator *a,
                       vf_model **out, vf_error *err)
{
    const vf_arch_lookup archs = vf_catalog_archs(catalog);
    return vf_gguf_read_with(&archs, source, parts, a, out, err);
}
