/* How models side by side are started, each on its cards. */
#ifndef CLI_PLACED_H
#define CLI_PLACED_H

#include "cli/report.h"

/** The cards of a set by their numbers: "0,2". */
void placed_cards(buf *b, uint32_t cards);
/** The command line of the model itself, or of member `m`. False where its runtime has none. */
bool placed_command(buf *b, const row *w, const vf_member_result *m);

#endif
