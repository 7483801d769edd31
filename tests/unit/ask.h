/* Questions for tests: a model and a quantization of the catalog by name, with fields of the request (and of the model) set by name
 * beside what makes it one that is answered. */
#ifndef VF_TESTS_ASK_H
#define VF_TESTS_ASK_H

#include <stddef.h>

#include "check.h"
#include "sample.h"
#include "vramfit/load.h"

static vf_catalog *catalog;
static vf_result result;
static const vf_allocator *scratch = &sample_allocator;

#define GIB (UINT64_C(1) << 30)

/* Fields of a request, or of its model. */
static const struct {
    const char *name;
    bool of_model;
    size_t offset, size;
} fields[] = {
#define SETTING(field) {#field, false, offsetof(vf_request, settings.field), sizeof(((vf_request *)0)->settings.field)}
#define REQUEST(name, field) {name, false, offsetof(vf_request, field), sizeof(((vf_request *)0)->field)}
#define MODEL(name, field) {name, true, offsetof(vf_model, field), sizeof(((vf_model *)0)->field)}
    SETTING(context), SETTING(parallel), SETTING(batch), SETTING(ubatch), SETTING(prompt), SETTING(type_k), SETTING(type_v),
    SETTING(type_kv_set), SETTING(flash_attn), SETTING(gpu_layers), SETTING(split), SETTING(outputs), SETTING(draft_max),
    SETTING(draft_mtp), SETTING(mtp), SETTING(embeddings), SETTING(backend), SETTING(workload), SETTING(train),
    SETTING(tensor_parallel), SETTING(pipeline_parallel), SETTING(expert_parallel), SETTING(kv_unified), SETTING(max_num_seqs),
    SETTING(max_num_batched_tokens), SETTING(gpu_memory_utilization), SETTING(policy), SETTING(cpu_moe),
    REQUEST("kind", quant.kind), REQUEST("type", quant.type), REQUEST("millibits", quant.millibits), REQUEST("ftype", quant.ftype),
    REQUEST("nominal", nominal_parameters), REQUEST("cards", n_devices), REQUEST("members", n_members), REQUEST("total", device[0].total),
    REQUEST("capability", device[0].compute_capability), REQUEST("multiprocessors", device[0].multiprocessors),
    REQUEST("reserved", device[0].reserved), REQUEST("desktop", device[0].desktop), REQUEST("total1", device[1].total),
    REQUEST("total2", device[2].total), REQUEST("capability1", device[1].compute_capability), REQUEST("file_spread", quant.spread_percent),
    MODEL("from_file", from_file), MODEL("file_type", file_type), MODEL("pack_bits", pack_bits), MODEL("mtp_layers", hp.nextn_predict_layers),
    MODEL("vocabulary", hp.vocab_size), MODEL("pooling", hp.pooling_type), MODEL("trained", hp.context_length), MODEL("layers", n_layers),
    MODEL("softcap", hp.final_logit_softcapping), MODEL("tower", vision_parameters), MODEL("tied", tied), MODEL("known", known_arch),
#undef SETTING
#undef REQUEST
#undef MODEL
};

/** Sets "name=number name=number ...". */
static inline void set_fields(vf_request *q, vf_model *m, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "="), i = 0;
        char *end;
        uint64_t value = strtoull(text + n + 1, &end, 10);
        while (i < sizeof fields / sizeof fields[0] && (strlen(fields[i].name) != n || memcmp(fields[i].name, text, n) != 0))
            i++;
        CHECK(i < sizeof fields / sizeof fields[0], "no field at '%s'", text);
        if (i == sizeof fields / sizeof fields[0])
            return;
        char *at = (fields[i].of_model ? (char *)m : (char *)q) + fields[i].offset;
        uint32_t four = (uint32_t)value;
        uint8_t one = (uint8_t)value;
        memcpy(at, fields[i].size == 8 ? (void *)&value : fields[i].size == 4 ? (void *)&four : (void *)&one, fields[i].size);
        text = end + strspn(end, " ");
    }
}

/** Asks with the defaults and those fields: the model on cards of 80 GiB. */
static inline vf_status ask(const char *runtime, const char *model, const char *quant, const char *set, vf_error *err)
{
    vf_request q = {.runtime = runtime, .n_devices = 1};
    uint32_t i;
    vf_model *m = NULL;
    vf_quant_entry e = {0};
    vf_member member = {.kind = VF_MEMBER_DRAFT, .name = "nothing"};
    CHECK(vf_catalog_find(catalog, VF_KIND_QUANT, quant, &i, err) == VF_OK && vf_catalog_quant(catalog, i, &e) == VF_OK, "%s", quant);
    CHECK(vf_catalog_find(catalog, VF_KIND_MODEL, model, &i, err) == VF_OK &&
              vf_catalog_model_open(catalog, i, &sample_allocator, &m, err) == VF_OK, "%s: %s", model, err->text);
    q.model = m;
    q.quant = e.quant;
    q.member = &member;
    vf_settings_init(&q.settings);
    for (uint32_t d = 0; d < VF_MAX_DEVICES; d++)
        q.device[d] = (vf_device){.total = 80 * GIB, .compute_capability = 90};
    set_fields(&q, m, set);
    *err = (vf_error){0};
    vf_status st = vf_estimate(&q, scratch, &result, err);
    vf_model_free(m);
    return st;
}

static inline vf_model *of_catalog(const char *name)
{
    vf_error err = {0};
    vf_model *m = NULL;
    uint32_t i;
    CHECK(vf_catalog_find(catalog, VF_KIND_MODEL, name, &i, &err) == VF_OK &&
              vf_catalog_model_open(catalog, i, &sample_allocator, &m, &err) == VF_OK, "%s: %s", name, err.text);
    return m;
}

static inline uint64_t sum_of(vf_segment segment)
{
    uint64_t sum = 0;
    for (uint32_t d = 0; d < result.n_devices; d++)
        sum += result.device[d].segment[segment];
    return sum;
}

#endif
