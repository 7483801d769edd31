/* An option of this program as the flags of the one that loads the model. */
#ifndef CLI_RUNTIME_FLAGS_H
#define CLI_RUNTIME_FLAGS_H

#include <stddef.h>

/** "--kv-type", "q8_0" → "-ctk q8_0 -ctv q8_0" for llama.cpp. "" where the program has nothing of the kind. */
void runtime_flags(const char *runtime, const char *option, const char *value, char *out, size_t size);

#endif
