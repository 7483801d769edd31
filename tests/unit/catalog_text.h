/* Texts of catalogs, and what is found in them. */
#ifndef VF_TESTS_CATALOG_TEXT_H
#define VF_TESTS_CATALOG_TEXT_H

#include "load/catalog/catalog.h"
#include "memory.h"

typedef struct finding_log {
    uint32_t errors, warnings;
    char ids[600];
    vf_error first;
} finding_log;

static inline bool note(void *ctx, const vf_finding *f)
{
    finding_log *l = ctx;
    if (l->errors + l->warnings == 0)
        l->first = f->error;
    *(f->is_error ? &l->errors : &l->warnings) += 1;
    size_t n = strlen(l->ids);
    snprintf(l->ids + n, sizeof l->ids - n, "%s%s", n ? " " : "", f->id);
    return true;
}

static inline bool note_errors(void *ctx, const vf_finding *f)
{
    return f->is_error ? note(ctx, f) : true;
}

#define LLAMA31 "meta-llama/Llama-3.1-8B-Instruct"

/* Llama 3.1 8B under another name. %s: a place to put something wrong. */
#define HPARAMS \
    "\"context_length\":131072,\"embedding_length\":4096,\"block_count\":32,\"vocab_size\":128256," \
    "\"feed_forward_length\":14336,\"attention.head_count_kv\":8,\"rope.dimension_count\":128"
#define FRONT "{\"schema\":1,\n\"family\":\"X\",\n\"models\":[\n"
#define MODEL(id, rest, heads) \
    "{\"id\":\"" id "\",\"arch\":\"llama\",\"source\":\"s\"," rest "\n \"hparams\":{" HPARAMS "," heads "}}"
#define GOOD(id, aliases) \
    MODEL(id, "\"aliases\":[" aliases "],\"optional\":[\"rope_freqs\"],\"parameters\":8030261248,", \
          "\"attention.head_count\":32")
#define BACK "\n]}"

#endif
