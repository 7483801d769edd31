#include "cli/args/runtime_flags.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* %1 is the value. Sources: llama.cpp common/arg.cpp, Ollama docs/faq.md and docs/modelfile.md, vllm/engine/arg_utils.py,
 * sglang/srt/server_args.py. */
static const struct {
    const char *runtime, *option, *flags;
} table[] = {
    {"llama.cpp", "--kv-type", "-ctk %1 -ctv %1"},
    {"llama.cpp", "--context", "-c %1"},
    {"llama.cpp", "--gpu-layers", "-ngl %1"},
    {"llama.cpp", "--cpu-moe", "-ncmoe %1"},
    {"llama.cpp", "--ubatch", "-ub %1"},
    {"llama.cpp", "--flash-attn", "-fa %1"},
    {"lm-studio", "--context", "lms load --context-length %1"},
    {"ollama", "--kv-type", "OLLAMA_FLASH_ATTENTION=1 OLLAMA_KV_CACHE_TYPE=%1"},
    {"ollama", "--context", "/set parameter num_ctx %1"},
    {"ollama", "--gpu-layers", "/set parameter num_gpu %1"},
    {"ollama", "--ubatch", "/set parameter num_batch %1"},
    {"vllm", "--context", "--max-model-len %1"},
    {"vllm", "--max-num-seqs", "--max-num-seqs %1"},
    {"vllm", "--gpu-memory-utilization", "--gpu-memory-utilization %1"},
    {"vllm", "--kv-type", "--kv-cache-dtype %1"},
    {"sglang", "--context", "--context-length %1"},
    {"sglang", "--max-num-seqs", "--max-running-requests %1"},
    {"sglang", "--gpu-memory-utilization", "--mem-fraction-static %1"},
    {"sglang", "--kv-type", "--kv-cache-dtype %1"},
};

static void put(char *out, size_t size, const char *flags, const char *value)
{
    size_t n = 0;
    for (const char *p = flags; *p && n + 1 < size; p++) {
        bool here = p[0] == '%' && p[1] == '1';
        int m = here ? snprintf(out + n, size - n, "%s", value) : snprintf(out + n, size - n, "%c", *p);
        n += m > 0 ? (size_t)m : 0;
        p += here;
    }
    if (n >= size) /* a part of a flag is none */
        out[0] = 0;
}

void runtime_flags(const char *runtime, const char *option, const char *value, char *out, size_t size)
{
    out[0] = 0;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i].runtime, runtime) == 0 && strcmp(table[i].option, option) == 0)
            put(out, size, table[i].flags, value);
}
