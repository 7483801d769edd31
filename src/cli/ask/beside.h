/* What is loaded beside the model (--draft, --mmproj, --lora), and where tensors go by name
 * (--override-tensor): the parts of a question that are lists. */
#ifndef CLI_BESIDE_H
#define CLI_BESIDE_H

#include "cli/ask/subject.h"

#define BESIDE_OVERRIDES 64

typedef struct beside {
    uint32_t n_members, n_overrides;
    vf_member member[VF_MAX_MEMBERS];
    subject sub[VF_MAX_MEMBERS];
    vf_override override[BESIDE_OVERRIDES];
    char *pattern[BESIDE_OVERRIDES];
} beside;

/** Reads the options, and the models they name. `runtime`: asked for, "" when none was. Close in any case. */
bool beside_open(session *s, const char *runtime, beside *out, vf_error *err);
void beside_close(beside *b);

#endif
