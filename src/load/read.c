/* The public readers of model files, with the catalog as the source of architecture records. */
#include "load/catalog/catalog.h"
#include "load/config/config.h"
#include "load/gguf/gguf.h"

vf_status vf_gguf_read(const vf_catalog *catalog, vf_source *source, const vf_parts *parts, const vf_allocator *a,
                       vf_model **out, vf_error *err)
{
    const vf_arch_lookup archs = vf_catalog_archs(catalog);
    return vf_gguf_read_with(&archs, source, parts, a, out, err);
}

vf_status vf_config_read(const vf_catalog *catalog, const char *file, const char *text, size_t n,
                         const vf_parts *headers, uint32_t n_headers, const vf_allocator *a, vf_model **out,
                         vf_error *err)
{
    const vf_arch_lookup archs = vf_catalog_archs(catalog);
    return vf_config_read_with(&archs, file, text, n, headers, n_headers, a, out, err);
}
