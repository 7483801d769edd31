/* What svg and html draw: rows are kept until all are known, so that they share one scale. */
#ifndef CLI_PICTURE_H
#define CLI_PICTURE_H

#include "cli/report/report.h"

/* Rows of one picture; a longer list is no picture. */
#define PICTURE_ROWS 1024

/** The portions of a card, in the order in which they are drawn: what is held already, what is needed, what is left. */
typedef enum portion_kind {
    PORTION_RESERVED = 0, PORTION_DESKTOP, PORTION_OTHER, PORTION_LEFT,
    PORTION_WEIGHTS, PORTION_KV_CACHE, PORTION_COMPUTE, PORTION_RUNTIME,
    PORTION_MARGIN, PORTION_FREE,
    PORTION_KINDS
} portion_kind;

extern const char *const portion_name[PORTION_KINDS]; /**< "weights" */
extern const char portion_class[PORTION_KINDS][3];    /**< CSS class */

/** What is loaded beside the model, in its process or in its own; bytes. */
typedef struct picture_member {
    char *name, *command; /**< `command`: how it is started; NULL: with the model */
    uint64_t weights, kv_cache, compute, runtime, host;
} picture_member;

/** An answer, kept. Text is printable UTF-8. */
typedef struct picture_row {
    char *model, *quant, *gpu, *runtime;
    char *size, *settings, *needs, *pool; /**< in words (say.h); "" where there is nothing to say */
    vf_verdict verdict;
    uint64_t need, available, margin;
    int64_t headroom;
    uint32_t n_devices;
    vf_device_result *device; /**< n_devices of them; names printable */
    uint64_t host[4];         /**< weights, KV cache, compute, output */
    char *command;            /**< how the model is started, where others are beside it; NULL: not said */
    uint32_t n_members;
    picture_member *member;   /**< n_members of them */
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
/** As renderer.begin and .row of a format that is all picture: the rows are kept for the end. */
void picture_begin(report *r);
void picture_keep(report *r, const row *w);
void picture_free(picture *p);

/** Bytes of every portion, and their sum. That is the card, or more: then the last of them lies beyond its end, of the
 * need where it does not fit, of the margin where it is fragile. */
uint64_t picture_portions(const vf_device_result *d, uint64_t bytes[PORTION_KINDS]);
/** The cards of all rows. */
size_t picture_cards(const picture *p);
/** Whether every row has the same settings. */
bool picture_is_uniform(const picture *p);
/** Whether a row begins another model. */
bool picture_begins_group(const picture *p, size_t i);
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

/** What a cell of a matrix says without a row. */
#define NO_ANSWER "no answer"

/** "fit", "fragile", "no fit", with a sign that needs no colour. */
const char *verdict_sign(vf_verdict v);

#endif
