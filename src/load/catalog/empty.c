/* No compiled-in catalog: for the program that makes it. */
#include "load/catalog/blob.h"

const uint64_t vf_builtin_catalog[1] = {0};
const size_t vf_builtin_catalog_size = 0;
