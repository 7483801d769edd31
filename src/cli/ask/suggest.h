/* What would make it fit: single changes of the question, cheapest first, each one estimated. */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include "cli/ask/plan.h"

/** Fills w->suggestion for a case that does not fit, or is fragile. `p->request` is the case; it comes back
 * unchanged. */
void suggest_changes(plan *p, const subject *sub, row *w);

#endif
