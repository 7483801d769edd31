/* Which models to try when one is too large. */
#ifndef CLI_SMALLER_H
#define CLI_SMALLER_H

#include "cli/session.h"

#define SMALLER_MODELS 16

/** The catalog's models of the family of the model `id` with fewer parameters, first those whose names begin with
 * the most words of its name (its own series), among them the largest first. -> their number. */
uint32_t smaller_models(const session *s, const char *id, uint32_t found[SMALLER_MODELS]);

#endif
