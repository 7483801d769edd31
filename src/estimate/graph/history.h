/* Whether what the allocator does repeats: the states of its buffers between repetitions of a sequence of
 * layers, each a row of numbers, compared with the one before and the one before that. */
#ifndef VF_ESTIMATE_GRAPH_HISTORY_H
#define VF_ESTIMATE_GRAPH_HISTORY_H

#include "vramfit/vramfit.h"

typedef struct vf_history {
    const vf_allocator *a;
    uint64_t *number;
    size_t n, cap;
    size_t start[3];  /**< of the newest state, of the one before, of the one before that */
    uint32_t n_states;
    uint32_t run;     /**< the sequence the states belong to */
    bool same;        /**< the newest state was there before */
    bool steady;      /**< so it was at the end of every sequence */
    bool failed;      /**< out of memory */
} vf_history;

void vf_history_init(vf_history *h, const vf_allocator *a);
/** Begins a state of sequence `run`, to which vf_history_add adds. */
void vf_history_begin(vf_history *h, uint32_t run);
void vf_history_add(vf_history *h, uint64_t number);
/** The state is complete. */
void vf_history_end(vf_history *h);
/** Frees; true when every sequence ended in a state it had been in. */
bool vf_history_close(vf_history *h);

#endif
