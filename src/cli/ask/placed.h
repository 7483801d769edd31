/* How models side by side are started, each on its cards. */
#ifndef CLI_PLACED_H
#define CLI_PLACED_H

#include "cli/ask/plan.h"

/** The command line of every model that was answered last, the model itself first, which `sub` and `c` name: what a shell takes,
 * with the settings that its place needs. Behind a # what has no command line. Returns how many, 0 without --also; free each. */
uint32_t placed_commands(const plan *p, const subject *sub, const choice *c, buf out[VF_MAX_MEMBERS + 1]);

/** The cards of a set by their numbers: "0,2". */
void placed_cards(buf *b, uint32_t cards);

#endif
