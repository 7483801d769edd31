/* A config.json while it is read: fields, and the rules of map.c that make hyperparameters of them. */
#ifndef VF_LOAD_CONFIG_FIELDS_H
#define VF_LOAD_CONFIG_FIELDS_H

#include "load/config/map.h"
#include "load/draft.h"
#include "load/json/json.h"

typedef struct vf_config {
    vf_json json;
    const cJSON *text;     /**< the language part; the top when there is none */
    const char *type;      /**< model_type that the tables know, or any */
    const vf_hf_arch *row; /**< NULL: not in the tables */
    vf_draft draft;
    vf_error *err;
} vf_config;

/** The field of a path such as "attn_config.kv_n_heads"; NULL when absent or null. */
const cJSON *vf_config_path(const cJSON *object, const char *path);
/** The same in the language part, or else at the top. */
const cJSON *vf_config_find(const vf_config *c, const char *path);
/** Whether a field says yes: true, a number that is not 0, or any other value but null. */
bool vf_config_is_set(const cJSON *node);
/** An integer in a range. */
vf_status vf_config_integer(vf_config *c, const cJSON *node, uint64_t min, uint64_t max, uint32_t *value);
/** Fails: what was found, and what is wanted. */
vf_status vf_config_wrong(vf_config *c, const cJSON *node, const char *wanted);

/** Walks the rules. */
vf_status vf_config_hparams(vf_config *c);

#endif
