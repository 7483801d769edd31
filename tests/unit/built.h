/* Models made from hyperparameters that a test writes down, of the architecture records in data/. */
#ifndef VF_TESTS_BUILT_H
#define VF_TESTS_BUILT_H

#include "sample.h"

#define LLAMA \
    "\"embedding_length\":64,\"context_length\":128,\"vocab_size\":100,\"feed_forward_length\":128,"
#define MOE LLAMA "\"block_count\":2,\"attention.head_count\":4,"
#define EIGHT LLAMA "\"block_count\":8,\"attention.head_count\":4,"

static inline cJSON *line_of(const char *arch, const char *hparams)
{
    cJSON *line = cJSON_CreateObject();
    cJSON_AddStringToObject(line, "model", arch);
    cJSON_AddStringToObject(line, "arch", arch);
    cJSON_AddItemToObject(line, "hparams", cJSON_Parse(hparams));
    return line;
}

static inline vf_model *unbuilt(const char *arch, const char *hparams)
{
    cJSON *line = line_of(arch, hparams);
    vf_model *m = calloc(1, sizeof *m);
    m->a = sample_allocator;
    CHECK(cJSON_GetObjectItem(line, "hparams") != NULL, "%s: bad test", hparams);
    sample_hparams(m, cJSON_GetObjectItem(line, "hparams"));
    CHECK(sample_arch(m, arch), "%s: no record", arch);
    cJSON_Delete(line);
    return m;
}

static inline vf_model *built(const char *arch, const char *hparams)
{
    vf_model *m = unbuilt(arch, hparams);
    vf_error err = {0};
    CHECK(vf_layers_build(m, &err) == VF_OK, "%s: %s: %s", hparams, err.key, err.text);
    return m;
}

#endif
