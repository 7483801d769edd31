/* Values left open (best, max, smallest, auto): the question is asked for every candidate, and the best
 * answer kept. */
#ifndef CLI_SOLVE_H
#define CLI_SOLVE_H

#include "cli/ask/plan.h"

/** --quant best, --gpu smallest. */
#define QUANT_BEST "best"
#define GPU_SMALLEST "smallest"

/** Two values left open at once are an error, but for those of a front. */
bool solve_check(const session *s, vf_error *err);
/** Any value left open is an error. */
bool solve_closed(const session *s, vf_error *err);

/** Whether --quant best and --context max are asked together: then every quantization is an answer that has a longer context than
 * all that are larger. */
bool solve_is_front(const session *s);
/** These answers as rows, largest first; the most modest one when nothing fits. */
bool solve_front(plan *p, const subject *sub, const gpu_set *gpu, report *r, vf_error *err);

/** The case in p->request and p->result, for the best value of what is open if anything is; `c` and `gpu` as
 * they came out, `note` what was found. False with err. No value that fits is no error: the result then has the verdict of
 * the most modest one. */
bool solve_case(plan *p, const subject *sub, const char *word, uint64_t context, const gpu_set **gpu, choice *c,
                char note[VF_NOTE_TEXT], vf_error *err);

#endif
