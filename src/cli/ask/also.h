/* --also: models that are kept loaded beside the model, each in a process of its own. */
#ifndef CLI_ALSO_H
#define CLI_ALSO_H

#include "cli/ask/ollama.h"
#include "cli/ask/quant.h"
#include "vramfit/search.h"

typedef struct also_model {
    subject sub;
    const char *text; /**< as typed */
    const char *word; /**< its quantization; NULL: not said */
    choice choice;
    vf_member member[VF_MAX_MEMBERS]; /**< what belongs to it: a projector, adapters */
} also_model;

typedef struct also {
    uint32_t n;
    uint64_t context;       /**< asked of every model, tokens; 0: each one's default, ALSO_TRAIN: its maximum */
    uint64_t main_context;  /**< what that came to for the model itself */
    bool context_is_theirs; /**< --context max: the others have their default */
    also_model *model;      /**< n of them, NULL when there are none */
    vf_request *request;    /**< n + 1: the model itself first */
    vf_resident *resident;
    vf_result *result;
} also;

#define ALSO_TRAIN UINT64_MAX

/** Opens what --also names. Close in any case. */
bool also_open(session *s, also *out, vf_error *err);
void also_close(also *a);

/** Answers `main`, alone or together with the others: then `out` has sums over all of them, and the others as members.
 * `runtime`: asked for, "" when none was. */
bool also_estimate(session *s, also *a, const char *runtime, const vf_request *main, vf_result *out, vf_error *err);

/** Tells how the others were understood where that was not said, in notes of `out`; where rows are lines, which they are, too. */
void also_notes(const session *s, const also *a, bool lines, vf_result *out);

/** The model itself as it was answered last, on its cards alone. */
const vf_request *also_main_request(also *a, const vf_request *main, const vf_result **result);

#endif
