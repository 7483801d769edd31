/* What the sense checks share. */
#ifndef VF_LOAD_CHECK_H
#define VF_LOAD_CHECK_H

#include "load/catalog/catalog.h"

typedef struct vf_check {
    const vf_catalog *c;
    const vf_allocator *scratch;
    vf_finding_fn fn;
    void *ctx;
    vf_error *err;
    uint32_t table; /**< that is being checked */
    vf_status status;
    bool stop;
} vf_check;

/** Reports a finding about a field of a row of k->table (element `i` - 1 of an array, or 0). Always false. */
bool vf_check_report(vf_check *k, bool is_error, const char *id, uint32_t row, size_t field, uint32_t i,
                     const char *format, ...) VF_PRINTF(7, 8);

/** Whether a table has a row of that name or alias. Always, when entries of it were refused: they would be
 * missed here once more. */
bool vf_check_known(const vf_check *k, uint32_t table, const char *name);

/** Checks the source of a row of k->table. */
void vf_check_source(vf_check *k, uint32_t i);

/** Checks one model: shape, parameters, what it refers to. */
void vf_check_model(vf_check *k, uint32_t i);

#endif
