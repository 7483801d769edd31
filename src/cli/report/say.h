/* An answer in words, the same in every format that people read. Text is printable and on one line. */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include "cli/report/report.h"

/** "13.02 billion parameters, 8.50 bits each"; nothing where that is not known. */
void say_size(buf *b, const vf_result *e);
/** Runtime, backend, context, cache ...: what was asked, and what was taken where nothing was said. */
void say_settings(buf *b, const vf_result *e);
/** "needs 16.22 GiB of 23.08 GiB available, 6.86 GiB to spare", or what the system memory holds where there is no card. */
void say_need(buf *b, const vf_result *e);
/** What is left for the cache where a runtime takes all of it; nothing elsewhere. */
void say_pool(buf *b, const vf_result *e);
/** "on 0: 24GB and 1: 24GB": the cards of a set, by bits. */
void say_cards(buf *b, const vf_result *e, uint32_t cards);

#endif
