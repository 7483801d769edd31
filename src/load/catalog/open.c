/* Making a model of a catalog entry. */
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "load/catalog/catalog.h"
#include "load/draft.h"

/** Copies hyperparameters, and their per-layer arrays into the model's own pool. */
static vf_status copy_hparams(vf_draft *d, const vf_blob *blob, const vf_hparams *from, vf_error *err)
{
    d->m->hp = *from;
    for (const vf_field *f = vf_hparam_fields; f->key; f++) {
        if (f->kind != VF_FIELD_PER_LAYER)
            continue;
        vf_per_layer *v = (vf_per_layer *)(void *)((char *)&d->m->hp + f->offset);
        vf_status s = v->count ? vf_draft_numbers(d, blob->u32 + v->first, v->count, &v->first, err) : VF_OK;
        if (s != VF_OK)
            return s;
    }
    return VF_OK;
}

static bool find_arch(const void *ctx, const char *name, vf_arch *out)
{
    return vf_catalog_arch(ctx, name, out);
}

vf_arch_lookup vf_catalog_archs(const vf_catalog *c)
{
    return (vf_arch_lookup){find_arch, c};
}

vf_status vf_catalog_model_open(const vf_catalog *c, uint32_t index, const vf_allocator *a, vf_model **out,
                                vf_error *err)
{
    const vf_model_row *row = vf_blob_row(&c->blob, VF_KIND_MODEL, index);
    const vf_arch_lookup archs = vf_catalog_archs(c);
    vf_draft d;
    if (!row)
        return vf_fail(err, VF_ERR_USAGE, "no model of that number");
    vf_status s = vf_draft_init(&d, a, err);
    if (s != VF_OK)
        return s;
    vf_set_text(d.m->name, sizeof d.m->name, vf_blob_text(&c->blob, row->id));
    vf_draft_arch(&d, &archs, vf_blob_text(&c->blob, row->arch));
    d.m->tied = row->tied;
    d.m->options = row->options;
    d.m->published_parameters = row->parameters;
    d.m->vision_parameters = row->parameters_vision;
    vf_set_text(d.m->published_quant, sizeof d.m->published_quant, vf_blob_text(&c->blob, row->published_quant));
    if (!d.m->known_arch)
        s = vf_fail_key(err, VF_ERR_DATA, "arch", "no architecture '%s' in the catalog", d.m->arch_name);
    if (s == VF_OK)
        s = copy_hparams(&d, &c->blob, &row->hparams, err);
    if (s != VF_OK) {
        vf_draft_drop(&d);
        return s;
    }
    s = vf_draft_seal(&d, out, err);
    if (s != VF_OK)
        return s;
    s = vf_layers_build(*out, err);
    if (s == VF_OK)
        s = vf_inventory_build(*out, err);
    if (s != VF_OK) {
        vf_model_free(*out);
        *out = NULL;
    }
    return s;
}
