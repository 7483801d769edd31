/* Words of names. */
#ifndef VF_LOAD_WORDS_H
#define VF_LOAD_WORDS_H

#include "base/text.h"

/** A part of a name; not terminated. */
typedef struct vf_piece {
    const char *text;
    size_t n;
} vf_piece;

/** Whether a character parts words. */
bool vf_is_separator(char c);
/** A name without the vendor before the last '/'. */
vf_piece vf_without_vendor(vf_piece name);
/** What is left of a name without the words that make no difference: of a model, what was trained on top
 * and how it was packed; of a card, its maker's and the series' names. `out` may be used for it. */
vf_piece vf_stem_of(uint32_t kind, vf_piece name, char out[VF_NAME_SIZE]);

#endif
