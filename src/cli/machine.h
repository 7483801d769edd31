/* --gpu auto: the cards of this machine, and what holds their memory now. */
#ifndef CLI_MACHINE_H
#define CLI_MACHINE_H

#include "cli/gpu.h"

/** All cards of one maker as a set; VF_ERR_NOT_FOUND when there are none. */
bool gpu_of_machine(session *s, gpu_set *out, vf_error *err);
/** `list gpus auto`: every card, what is free on it, and who holds the rest. */
int machine_list(session *s, vf_error *err);

#endif
