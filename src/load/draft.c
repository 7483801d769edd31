#include "load/draft.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

static vf_status out_of_memory(vf_error *err)
{
    return vf_fail(err, VF_ERR_NOMEM, "out of memory");
}

vf_status vf_draft_init(vf_draft *d, const vf_allocator *a, vf_error *err)
{
    memset(d, 0, sizeof *d);
    d->a = a;
    d->m = vf_alloc_zero(a, 1, sizeof *d->m);
    if (!d->m)
        return out_of_memory(err);
    d->m->a = *a;
    d->m->file_type = UINT32_MAX;
    return VF_OK;
}

void vf_draft_drop(vf_draft *d)
{
    if (!d->m)
        return;
    vf_free(d->a, d->m->tensors, d->cap_tensors * sizeof d->m->tensors[0]);
    vf_free(d->a, d->m->names, d->cap_names);
    vf_free(d->a, d->m->pool, d->cap_pool * sizeof d->m->pool[0]);
    vf_free(d->a, d->m, sizeof *d->m);
    d->m = NULL;
}

/** Keeps a name in the model's pool, NUL behind it. Offset 0 is the empty name. */
static vf_status keep_name(vf_draft *d, const char *name, size_t n, uint32_t *offset, vf_error *err)
{
    vf_model *m = d->m;
    size_t at = m->n_names ? m->n_names : 1;
    if (n + 1 > VF_MAX_NAMES_KEPT - at)
        return vf_fail(err, VF_ERR_RANGE, "names of unknown tensors take more than %u bytes (limit)",
                       VF_MAX_NAMES_KEPT);
    if (!vf_grow(d->a, (void **)&m->names, &d->cap_names, at + n + 1, 1))
        return out_of_memory(err);
    m->names[0] = 0;
    memcpy(m->names + at, name, n);
    m->names[at + n] = 0;
    m->n_names = at + n + 1;
    *offset = (uint32_t)at;
    return VF_OK;
}

vf_status vf_draft_tensor(vf_draft *d, const vf_tensor *t, const char *name, size_t n, vf_error *err)
{
    vf_model *m = d->m;
    uint32_t offset = 0;
    if (m->n_tensors == VF_MAX_TENSORS_KEPT)
        return vf_fail(err, VF_ERR_RANGE, "more than %u tensors (limit)", VF_MAX_TENSORS_KEPT);
    if (t->role == VF_ROLE_UNKNOWN) {
        vf_status status = keep_name(d, name, n, &offset, err);
        if (status != VF_OK)
            return status;
    }
    if (!vf_grow(d->a, (void **)&m->tensors, &d->cap_tensors, m->n_tensors + 1, sizeof m->tensors[0]))
        return out_of_memory(err);
    m->tensors[m->n_tensors] = *t;
    m->tensors[m->n_tensors++].name = offset;
    return VF_OK;
}

vf_status vf_draft_numbers(vf_draft *d, const uint32_t *values, uint32_t n, uint32_t *first, vf_error *err)
{
    vf_model *m = d->m;
    if (n == 0)
        return VF_OK;
    if (!vf_grow(d->a, (void **)&m->pool, &d->cap_pool, m->n_pool + n, sizeof m->pool[0]))
        return out_of_memory(err);
    memcpy(m->pool + m->n_pool, values, n * sizeof values[0]);
    *first = (uint32_t)m->n_pool;
    m->n_pool += n;
    return VF_OK;
}

void vf_draft_set(vf_draft *d, vf_hparam_id id, uint32_t value)
{
    const vf_field *field = &vf_hparam_fields[id];
    char *to = (char *)&d->m->hp + field->offset;
    if (field->kind == VF_FIELD_PER_LAYER) {
        vf_per_layer same = {value, 0, 0};
        memcpy(to, &same, sizeof same);
    } else {
        memcpy(to, &value, sizeof value);
    }
    vf_hp_mark(&d->m->hp, id);
}

void vf_draft_arch(vf_draft *d, const vf_arch_lookup *archs, const char *name)
{
    vf_set_text(d->m->arch_name, sizeof d->m->arch_name, name);
    d->m->known_arch = archs && archs->find && archs->find(archs->ctx, name, &d->m->arch);
}

/** Gives back what an array has too much; n 0 frees it. False when out of memory. */
static bool fit(const vf_allocator *a, void **items, size_t cap, size_t n, size_t elem)
{
    if (!*items || cap == n)
        return true;
    void *p = a->resize(a->ctx, *items, cap * elem, n * elem);
    if (!p && n > 0)
        return false;
    *items = p;
    return true;
}

vf_status vf_draft_seal(vf_draft *d, vf_model **out, vf_error *err)
{
    vf_model *m = d->m;
    bool ok = fit(d->a, (void **)&m->tensors, d->cap_tensors, m->n_tensors, sizeof m->tensors[0]);
    d->cap_tensors = ok ? m->n_tensors : d->cap_tensors;
    if (ok && (ok = fit(d->a, (void **)&m->names, d->cap_names, m->n_names, 1)))
        d->cap_names = m->n_names;
    if (ok && (ok = fit(d->a, (void **)&m->pool, d->cap_pool, m->n_pool, sizeof m->pool[0])))
        d->cap_pool = m->n_pool;
    if (!ok) {
        vf_draft_drop(d);
        return out_of_memory(err);
    }
    d->m = NULL;
    *out = m;
    return VF_OK;
}
