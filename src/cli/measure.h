/* Numbers of a model that are read off an estimate. */
#ifndef CLI_MEASURE_H
#define CLI_MEASURE_H

#include "cli/subject.h"

/** Bytes that one token takes in a cache at 16 bits; 0: none, or not known. */
uint64_t cache_per_token(session *s, const vf_model *model);

/** The models of a size class: how many in the catalog have about its number of parameters, and the least
 * and most of their cache bytes per token. */
typedef struct class_range {
    uint32_t n;
    uint64_t least, most;
} class_range;
class_range measure_class(session *s, uint64_t nominal);

#endif
