/* Answers that are kept while only the card changes, as in a matrix of models and cards. */
#ifndef CLI_AGAIN_H
#define CLI_AGAIN_H

#include "cli/session.h"

/* As many quantizations, each with as many kinds of cards, may take turns. */
#define AGAIN_ANSWERS 128

typedef struct again_answer {
    uint64_t model; /**< which model it was: pointers come back; 0: none yet */
    vf_request request;
    vf_result result;
} again_answer;

typedef struct again {
    again_answer *kept; /**< AGAIN_ANSWERS of them; NULL: nothing is kept */
    uint32_t next;      /**< the one that is replaced next */
} again;

/** Room for answers, when it is `wanted` and there is memory. */
void again_open(again *a, bool wanted);
void again_close(again *a);

/** As vf_estimate, from a kept answer when only the card is another one. `model` tells models apart, beyond their addresses;
 * 0: it does not. */
vf_status again_estimate(again *a, session *s, uint64_t model, const vf_request *request, vf_result *out, vf_error *err);

#endif
