/* --also: models that are kept loaded beside the model, each in a process of its own. */
#ifndef CLI_ALSO_H
#define CLI_ALSO_H

#include "cli/quant.h"

typedef struct also_model {
    subject sub;
    const char *word; /**< its quantization; NULL: not said */
    char *text;       /**< what `word` lies in */
    choice choice;
} also_model;

typedef struct also {
    uint32_t n;
    uint64_t context;     /**< asked of every model, tokens; 0: the default */
    also_model *model;    /**< n of them, NULL when there are none */
    vf_request *request;  /**< n + 1: the model itself first */
    vf_resident *resident;
    vf_result *result;
} also;

/** Opens what --also names. Close in any case. */
bool also_open(session *s, also *out, vf_error *err);
void also_close(also *a);

/** Answers `main`, alone or together with the others: then `out` has sums over all of them, and the others as members. */
bool also_estimate(session *s, also *a, const char *runtime, const vf_request *main, vf_result *out, vf_error *err);

#endif
