/* What svg and html draw: rows are kept until all are known, so that they share one scale. */
#ifndef CLI_PICTURE_H
#define CLI_PICTURE_H

#include "cli/report.h"

/* Rows of one picture; a longer list is no picture. */
#define PICTURE_ROWS 1024

/** The portions of a card, in the order in which they are drawn. */
typedef enum portion_kind {
    PORTION_WEIGHTS = 0, PORTION_KV_CACHE, PORTION_COMPUTE, PORTION_RUNTIME,
    PORTION_DESKTOP, PORTION_RESERVED, PORTION_OTHER, PORTION_LEFT,
    PORTION_MARGIN, PORTION_FREE,
    PORTION_KINDS
} portion_kind;

extern const char *const portion_name[PORTION_KINDS]; /**< "weights" */
extern const char portion_class[PORTION_KINDS][3];    /**< CSS class */

typedef struct picture_row {
    char *model, *quant, *gpu, *said; /**< `said`: runtime, context, cache */
    vf_verdict verdict;
    uint64_t need, available, margin;
    int64_t headroom;
    uint32_t n_devices;
    vf_device_result *device; /**< n_devices of them */
    uint64_t host[4];         /**< weights, KV cache, compute, output */
    uint32_t n_suggestions;
    suggestion suggestion[ROW_SUGGESTIONS];
    curve *curve; /**< NULL: none */
} picture_row;

typedef struct picture {
    picture_row *row;
    size_t n, cap;
    bool failed;
} picture;

void picture_add(picture *p, const row *w);
void picture_free(picture *p);

/** Bytes of every portion; their sum is the card, or more when it does not fit: then the last of them lie beyond its
 * end. */
void picture_portions(const vf_device_result *d, uint64_t bytes[PORTION_KINDS]);
/** Whether some row has the portion. */
bool picture_has(const picture *p, int kind);
/** The longest bar of all rows, bytes. */
uint64_t picture_scale(const picture *p);

/** The rows as a matrix: models (with quantization) × sets of cards. */
typedef struct matrix {
    size_t n_models, n_gpus;
    const picture_row **model, **gpu; /**< a row that names it */
    const picture_row **cell;         /**< n_models × n_gpus; NULL: not asked or refused */
} matrix;

/** False when it would not be one: a single model, or a single set of cards. Ended with matrix_free either way. */
bool matrix_make(const picture *p, matrix *m);
void matrix_free(matrix *m);

/** "fit", "fragile", "no fit", with a sign that needs no colour. */
const char *verdict_sign(vf_verdict v);

#endif
