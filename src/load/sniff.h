/* What a file is that is not what it was taken for: people mix up files in a few well-known ways. */
#ifndef VF_LOAD_SNIFF_H
#define VF_LOAD_SNIFF_H

#include <stddef.h>

#define VF_SNIFF_BYTES 24

/** Says in words what the first n bytes look like ("a web page"), NULL when nothing comes to mind. */
const char *vf_sniff(const char *start, size_t n);

#endif
