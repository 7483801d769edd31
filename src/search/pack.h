/* Several models on one machine: what each takes of a card, and the search for who goes where. */
#ifndef VF_SEARCH_PACK_H
#define VF_SEARCH_PACK_H

#include <string.h>

#include "base/checked.h"
#include "vramfit/search.h"

#define VF_PACK_MODELS (VF_MAX_MEMBERS + 1)

/** One model, whole, on one card. Bytes. A runtime that fills the card with cache takes a share of it for itself, within
 * which it needs `need − beside`. */
typedef struct vf_piece {
    bool possible;   /**< its runtime does not refuse it there */
    bool alone;      /**< its runtime leaves nothing to others */
    bool has_pool;   /**< it fills its share with cache */
    uint64_t need;   /**< all it takes, what lies beside its share included */
    uint64_t beside; /**< of these, outside the share */
    uint64_t claim;  /**< what others cannot have: the need, or a share that was asked for */
    uint64_t margin; /**< without that of the desktop */
    int64_t slack;   /**< by how much it may grow in the largest share; INT64_MAX: nothing limits it but the card */
} vf_piece;

/** What stands on one card. */
typedef struct vf_load {
    uint64_t need, claim, margin;
    int64_t slack; /**< the smallest */
    uint32_t n;
    bool alone;
} vf_load;

typedef struct vf_packer {
    vf_resident *model; /**< n of them */
    uint32_t n, n_cards;
    const vf_allocator *scratch;
    vf_error *err;
    vf_piece *piece;                 /**< n × n_cards */
    uint64_t plain[VF_MAX_DEVICES];  /**< total − reserved − desktop − other */
    uint64_t spread[VF_MAX_DEVICES]; /**< what the desktop may take more */
} vf_packer;

/** What is taken of a card that others cannot have. */
static inline uint64_t vf_load_held(const vf_load *l)
{
    return l->n > 1 ? l->claim : l->need;
}

/** Whether two cards are of a kind, with as much held of them. */
static inline bool vf_pack_alike(const vf_packer *p, uint32_t a, uint32_t b)
{
    const vf_device *d = p->model[0].request->device;
    return memcmp(&d[a], &d[b], sizeof d[a]) == 0;
}

/** What a model takes, whole, on the card where that is least; VF_OVERFLOW when that is not known. */
static inline uint64_t vf_pack_size(const vf_packer *p, uint32_t m)
{
    uint64_t least = VF_OVERFLOW;
    for (uint32_t c = 0; c < p->n_cards; c++) {
        const vf_piece *piece = &p->piece[(size_t)m * p->n_cards + c];
        if (piece->possible && piece->need < least)
            least = piece->need;
    }
    return least;
}

/** What is left of card `c` under a load; negative: so much is missing. */
int64_t vf_load_left(const vf_packer *p, const vf_load *l, uint32_t c);
/** The verdict of card `c` under a load. */
vf_verdict vf_load_verdict(const vf_packer *p, const vf_load *l, uint32_t c);
void vf_load_add(vf_load *l, const vf_piece *piece);

/** Fills p->plain, p->spread and p->piece. The error is that of a model which is refused on every card. */
vf_status vf_pack_measure(vf_packer *p);

/** Model `m` over several cards (a bit set) that hold `load` already: its answer in its result, its settings, and what it
 * takes added to `load`. VF_ERR_REFUSED where its runtime refuses that. */
vf_status vf_pack_wide(vf_packer *p, uint32_t m, uint32_t cards, vf_load *load);

/** The answers of all models on the cards that were chosen for them (vf_resident.cards), those in the bit set `wide` over several
 * and in the given order, and what all of them take of each card. */
vf_status vf_pack_settle(vf_packer *p, uint32_t wide, const uint8_t *order, vf_device_result *card);

#endif
