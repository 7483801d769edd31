/* --quant: from a word to a quantization and the runtime that loads it. */
#ifndef CLI_QUANT_H
#define CLI_QUANT_H

#include "cli/ask/subject.h"

typedef struct choice {
    vf_quant quant;
    char runtime[24];
    char note[VF_NOTE_TEXT]; /**< what was taken where nothing was said; "" */
} choice;

/** The runtime that was asked for, by its own name; "" when none was. */
bool runtime_parse(session *s, char out[24], vf_error *err);

/** Quantization and runtime for a model. `word` NULL: what the model itself says, else the default. */
bool choice_make(session *s, const subject *sub, const char *word, const char *runtime, choice *out, vf_error *err);

#endif
