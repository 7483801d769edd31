/* Filling in a vf_error. Leaf functions return vf_fail(...); only the program prints. */
#ifndef VF_BASE_ERROR_H
#define VF_BASE_ERROR_H

#include <stdarg.h>

#include "vramfit/vramfit.h"

/** Sets status and text (everything else cleared, `file` kept) and returns the status. `err` may be
 * NULL. The format must not use floating point. Foreign text goes through vf_quote first. */
vf_status vf_fail(vf_error *err, vf_status status, const char *format, ...) VF_PRINTF(3, 4);
vf_status vf_fail_va(vf_error *err, vf_status status, const char *format, va_list ap) VF_PRINTF(3, 0);
/** The same, with the key (JSON path, metadata key, option) that it is about. */
vf_status vf_fail_key(vf_error *err, vf_status status, const char *key, const char *format, ...)
    VF_PRINTF(4, 5);

/** Copies a string into a fixed field, cut to fit at a UTF-8 boundary. */
void vf_set_text(char *field, size_t size, const char *text);

#endif
