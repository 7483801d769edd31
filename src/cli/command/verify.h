/* verify: one load of a log beside its prediction, and how that is shown. */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include "cli/report/grid.h"

#define VERIFY_NOTES 8

typedef struct verified {
    const vf_log *log;
    const char *model, *quant;
    const vf_result *result;
    uint32_t n_rows;
    vf_log_row row[VF_LOG_ROWS];
    uint32_t n_notes;
    char note[VERIFY_NOTES][VF_NOTE_TEXT];
} verified;

/** The output of all loads of a log. */
typedef struct verify_out {
    session *s;
    format_id format;
    grid lines; /**< csv, tsv and markdown: one for all loads */
    uint64_t n_loads;
    buf errors; /**< json: loads that could not be judged, as objects */
} verify_out;

void verify_begin(verify_out *o, session *s);
void verify_load(verify_out *o, const verified *v);
/** A load that could not be judged, for json's list of errors. */
void verify_error(verify_out *o, const vf_error *err);
void verify_end(verify_out *o);

/** Rows that differ. */
uint32_t verify_differing(const verified *v);
/** "CUDA0", "host". */
const char *verify_device(const verified *v, const vf_log_row *row);

#endif
