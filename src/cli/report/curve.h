/* Memory over context length: the same question at other lengths. */
#ifndef CLI_CURVE_H
#define CLI_CURVE_H

#include "vramfit/vramfit.h"

#define CURVE_POINTS 33

/** All cards together. */
typedef struct curve_point {
    uint64_t context;
    uint64_t segment[VF_SEG_COUNT];
    uint64_t need, available, margin;
    vf_verdict verdict;
} curve_point;

typedef struct curve {
    uint32_t n;
    curve_point point[CURVE_POINTS]; /**< from one token on */
    curve_point asked;               /**< the question */
    curve_point largest;             /**< the largest that fits, or where none does that is fragile; context 0: none */
    uint64_t trained;                /**< the model's own, of all sequences; 0: not known */
} curve;

/** Asks at evenly spaced lengths, up to the trained one (`trained`, of all sequences; 0: not known) or somewhat past what
 * fits. `n` is 0 where nothing could be asked. `result` is room. */
void curve_measure(const vf_request *request, uint64_t trained, bool per_sequence, const vf_allocator *scratch, vf_result *result,
                   curve *out);

#endif
