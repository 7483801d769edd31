/* Models of the inventory sample (tests/unit/inventory.jsonl), made from their hyperparameters and the
 * architecture records in data/. */
#ifndef VF_TESTS_SAMPLE_H
#define VF_TESTS_SAMPLE_H

#include <cjson/cJSON.h>

#include "check.h"
#include "load/catalog/record.h"
#include "model/model.h"

CHECK_ALLOCATOR(sample_allocator);

static inline char *sample_read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    size_t cap = 1 << 16;
    char *text = malloc(cap + 1);
    *n = 0;
    size_t got;
    while (text && (got = fread(text + *n, 1, cap - *n, f)) > 0) {
        *n += got;
        if (*n == cap)
            text = realloc(text, (cap *= 2) + 1);
    }
    fclose(f);
    if (text)
        text[*n] = 0;
    return text;
}

/** Fills m->arch from data/architectures/NAME.json. */
static inline bool sample_arch(vf_model *m, const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "data/architectures/%s.json", name);
    (void)snprintf(m->arch_name, sizeof m->arch_name, "%s", name);
    size_t n;
    char *text = sample_read_file(path, &n);
    if (!text)
        return false;
    vf_error err = {0};
    vf_json json;
    vf_pools pools;
    bool ok = vf_json_open(&json, path, text, n, false, &sample_allocator, &err) == VF_OK;
    if (ok) {
        vf_pools_init(&pools, &sample_allocator);
        vf_reader reader = {.json = &json, .pools = &pools, .err = &err};
        cJSON_DeleteItemFromObject(json.root, "schema");
        ok = vf_record_read(&reader, json.root, vf_arch_fields, &m->arch);
        vf_reader_free(&reader);
        vf_pools_free(&pools);
        vf_json_close(&json);
    }
    if (!ok)
        printf("%s:%u: %s: %s\n", path, err.line, err.key, err.text);
    free(text);
    return m->known_arch = ok;
}

static inline void sample_hparam(vf_model *m, unsigned id, const cJSON *value)
{
    const vf_field *f = &vf_hparam_fields[id];
    void *at = (char *)&m->hp + f->offset;
    vf_hp_mark(&m->hp, (vf_hparam_id)id);
    if (f->kind != VF_FIELD_PER_LAYER) {
        double v = value->valuedouble;
        *(uint32_t *)at = f->kind == VF_FIELD_FLAG ? v != 0 : f->kind == VF_FIELD_FACTOR ? v != 0 && v != 1 : (uint32_t)v;
        return;
    }
    vf_per_layer *list = at;
    if (!cJSON_IsArray(value)) {
        list->value = (uint32_t)value->valuedouble;
        return;
    }
    list->first = (uint32_t)m->n_pool;
    list->count = (uint32_t)cJSON_GetArraySize(value);
    m->pool = realloc(m->pool, (m->n_pool + list->count) * sizeof *m->pool);
    const cJSON *item;
    cJSON_ArrayForEach(item, value) m->pool[m->n_pool++] = (uint32_t)item->valuedouble;
}

static inline void sample_hparams(vf_model *m, const cJSON *hparams)
{
    for (unsigned id = 0; id < VF_HP_COUNT; id++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(hparams, vf_hparam_fields[id].key);
        if (value)
            sample_hparam(m, id, value);
    }
}

static inline void sample_options(vf_model *m, const cJSON *names)
{
    const cJSON *name;
    cJSON_ArrayForEach(name, names)
    {
        bool known = false;
        for (const vf_choice *c = vf_option_choices; c->name; c++)
            if (strcmp(c->name, name->valuestring) == 0) {
                m->options |= UINT64_C(1) << c->value;
                known = true;
            }
        CHECK(known, "%s: unknown option %s", m->name, name->valuestring);
    }
}

/** The model of a line of the sample, NULL (with a message) when it cannot be made. */
static inline vf_model *sample_model(const cJSON *line)
{
    vf_model *m = calloc(1, sizeof *m);
    m->a = sample_allocator;
    m->file_type = UINT32_MAX;
    (void)snprintf(m->name, sizeof m->name, "%s", cJSON_GetObjectItem(line, "model")->valuestring);
    sample_hparams(m, cJSON_GetObjectItem(line, "hparams"));
    sample_options(m, cJSON_GetObjectItem(line, "optional"));
    m->tied = cJSON_IsTrue(cJSON_GetObjectItem(line, "tied"));
    vf_error err = {0};
    bool ok = sample_arch(m, cJSON_GetObjectItem(line, "arch")->valuestring) &&
              vf_layers_build(m, &err) == VF_OK && vf_inventory_build(m, &err) == VF_OK;
    CHECK(ok, "%s: %s: %s", m->name, err.key, err.text);
    if (ok)
        return m;
    vf_model_free(m);
    return NULL;
}

#endif
