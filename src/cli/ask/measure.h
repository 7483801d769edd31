/* Numbers of a model that are read off an estimate. */
#ifndef CLI_MEASURE_H
#define CLI_MEASURE_H

#include "cli/ask/subject.h"

/** Bytes that one token takes in a cache at 16 bits; 0: none, or not known. */
uint64_t cache_per_token(session *s, const vf_model *model);

/** Looks at every model of the catalog that belongs to a size class. */
class_range measure_class(session *s, uint64_t nominal);

#endif
