/* Model files that lack tensors, or have them in other shapes: for one model of each architecture, every kind of
 * tensor left out in turn, made empty, small and huge, and all but the first few left out. Whatever comes out adds
 * up, or is refused in one line; nothing crashes. */
#include <string.h>

#include "base/alloc.h"
#include "check.h"
#include "load/catalog/catalog.h"
#include "model/model.h"
#include "sample.h"

static vf_catalog *catalog;
static uint32_t asked, refused;

/** A question whose whole answer can be checked: all on one card. */
static void ask(const vf_model *m, const char *what, unsigned role)
{
    static vf_result result;
    vf_request r = {.model = m, .runtime = "llama.cpp", .quant = {.kind = VF_QUANT_AS_FILE}, .n_devices = 1};
    vf_error err = {0};
    r.device[0].total = UINT64_C(1) << 60;
    r.device[0].compute_capability = 86;
    vf_settings_init(&r.settings);
    r.settings.context = 1024;
    vf_status status = vf_estimate(&r, &sample_allocator, &result, &err);
    asked++;
    refused += status != VF_OK;
    if (status != VF_OK) {
        CHECK(err.text[0], "%s, role %u: refused without a word", what, role);
        return;
    }
    uint64_t sum = 0;
    for (int s = 0; s < VF_SEG_COUNT; s++)
        sum += result.device[0].segment[s];
    CHECK(sum == result.need && sum > 0 && sum < UINT64_C(1) << 60, "%s, role %u: need %llu", what, role,
          (unsigned long long)result.need);
}

/** Keeps the tensors that are not of a role, or the first `n`. */
static bool cut(vf_model *m, unsigned role, size_t n)
{
    size_t kept = 0, all = m->n_tensors;
    for (size_t i = 0; i < all; i++)
        if (i < n && m->tensors[i].role != role)
            m->tensors[kept++] = m->tensors[i];
    if (kept == all || kept == 0)
        return false;
    void *const index[] = {m->order, m->mix, m->groups};
    for (int i = 0; i < 3; i++)
        vf_free(&m->a, index[i], 1); /* the sample's allocator has no use for the size */
    m->order = NULL;
    m->mix = NULL;
    m->groups = NULL;
    m->n_tensors = kept;
    m->from_file = true;
    vf_error err = {0};
    CHECK(vf_model_index(m, &err) == VF_OK, "%s", err.text);
    return true;
}

static vf_model *open_model(uint32_t index)
{
    vf_model *m = NULL;
    vf_error err = {0};
    CHECK(vf_catalog_model_open(catalog, index, &sample_allocator, &m, &err) == VF_OK, "%s", err.text);
    return m;
}

static void lacking(uint32_t index, unsigned role, size_t n)
{
    vf_model *m = open_model(index);
    if (m && cut(m, role, n))
        ask(m, m->name, role);
    vf_model_free(m);
}

static void shaped(uint32_t index, unsigned role, uint64_t ne)
{
    vf_model *m = open_model(index);
    m->from_file = true;
    for (size_t i = 0; i < m->n_tensors; i++)
        for (unsigned d = 0; m->tensors[i].role == role && d < m->tensors[i].n_dims; d++)
            m->tensors[i].ne[d] = ne;
    ask(m, m->name, role);
    vf_model_free(m);
}

/** Every role that the model has, and the whole tail. */
static void each(uint32_t index)
{
    bool has[VF_ROLE_COUNT] = {false};
    vf_model *m = open_model(index);
    for (size_t i = 0; m && i < m->n_tensors; i++)
        has[m->tensors[i].role] = true;
    vf_model_free(m);
    for (unsigned role = 0; role < VF_ROLE_COUNT; role++)
        if (has[role]) {
            lacking(index, role, SIZE_MAX);
            for (uint64_t ne = 0; ne < 1u << 14; ne = 8 * ne + 1)
                shaped(index, role, ne);
        }
    for (size_t n = 1; n < 12; n += 5)
        lacking(index, VF_ROLE_UNKNOWN, n);
}

/** Whether the model is the first of its architecture. */
static bool is_first(uint32_t index, const char *arch)
{
    vf_model_entry e;
    for (uint32_t i = 0; i < index; i++)
        if (vf_catalog_model(catalog, i, &e) == VF_OK && strcmp(e.arch, arch) == 0)
            return false;
    return true;
}

int main(void)
{
    vf_error err = {0};
    vf_model_entry e;
    CHECK(vf_catalog_new(&sample_allocator, &catalog, &err) == VF_OK, "%s", err.text);
    for (uint32_t i = 0; i < vf_catalog_count(catalog, VF_KIND_MODEL); i++) {
        CHECK(vf_catalog_model(catalog, i, &e) == VF_OK, "model %u", i);
        if (is_first(i, e.arch))
            each(i);
    }
    CHECK(asked > 1000 && refused < asked, "%u asked, %u refused", asked, refused);
    vf_catalog_free(catalog);
    return CHECK_END();
}
