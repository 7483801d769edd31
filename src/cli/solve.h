/* Values left open (best, max, smallest, auto): the question is asked for every candidate, and the best
 * answer kept. */
#ifndef CLI_SOLVE_H
#define CLI_SOLVE_H

#include "cli/plan.h"

/** --quant best, --gpu smallest. */
#define QUANT_BEST "best"
#define GPU_SMALLEST "smallest"

/** Two values left open at once are an error. */
bool solve_check(const session *s, vf_error *err);

/** The case in p->request and p->result, for the best value of what is open if anything is; `c` and `gpu` as
 * they came out, `note` what was found. False with err. No value that fits is no error: the result then has the verdict of
 * the most modest one. */
bool solve_case(plan *p, const subject *sub, const char *word, uint64_t context, const gpu_set **gpu, choice *c,
                char note[VF_NOTE_TEXT], vf_error *err);

#endif
