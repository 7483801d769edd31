/* The command line: one table of options. Parser, help, "did you mean" and the tests walk it. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/text/fail.h"

typedef enum command {
    CMD_FIT = 0, /**< the main job: no command word */
    CMD_LIST,
    CMD_SHOW,
    CMD_CHECK,
    CMD_DIFF,
    CMD_VERIFY,
    CMD_LOCK,
    CMD_HELP,
    CMD_VERSION,
    CMD_COUNT
} command;

typedef struct command_info {
    const char *name;
    const char *args; /**< what follows it, as shown in help */
    const char *help;
    uint32_t min_args, max_args;
    bool later; /**< comes with a later version */
} command_info;

extern const command_info commands[CMD_COUNT];

typedef enum opt_id {
    OPT_MODEL = 0,
    OPT_MODELS_FROM,
    OPT_NULL,
    OPT_QUANT,
    OPT_GPU,
    OPT_CONTEXT,
    OPT_RUNTIME,
    OPT_DESKTOP,
    OPT_RESERVE,
    OPT_OS,
    OPT_CATALOG,
    OPT_PARALLEL,
    OPT_KV_TYPE,
    OPT_TYPE_K,
    OPT_TYPE_V,
    OPT_FLASH_ATTN,
    OPT_BATCH,
    OPT_UBATCH,
    OPT_PROMPT,
    OPT_OUTPUTS,
    OPT_GPU_LAYERS,
    OPT_CPU_MOE,
    OPT_OVERRIDE_TENSOR,
    OPT_SPLIT,
    OPT_TENSOR_SPLIT,
    OPT_TENSOR_PARALLEL,
    OPT_PIPELINE_PARALLEL,
    OPT_EXPERT_PARALLEL,
    OPT_BACKEND,
    OPT_EMBEDDINGS,
    OPT_MTP,
    OPT_SWA_FULL,
    OPT_KV_UNIFIED,
    OPT_NO_KV_OFFLOAD,
    OPT_NO_OP_OFFLOAD,
    OPT_NO_MMAP,
    OPT_MAX_NUM_SEQS,
    OPT_MAX_BATCHED,
    OPT_UTILIZATION,
    OPT_HOST_MEMORY,
    OPT_POLICY,
    OPT_DRAFT,
    OPT_DRAFT_MAX,
    OPT_MMPROJ,
    OPT_LORA,
    OPT_ALSO,
    OPT_TRAIN,
    OPT_WORKLOAD,
    OPT_EXEC,
    OPT_ACCEPT,
    OPT_VERIFY,
    OPT_FORMAT,
    OPT_EXPLAIN,
    OPT_QUIET,
    OPT_COLOR,
    OPT_HELP,
    OPT_VERSION,
    OPT_COUNT
} opt_id;

typedef enum opt_kind {
    OPT_FLAG,     /**< takes no value */
    OPT_TEXT,     /**< read by whoever uses it */
    OPT_NUMBER,   /**< digits, or one of `words` */
    OPT_TOKENS,   /**< digits with k (1024) or m behind, or one of `words` */
    OPT_SIZE,     /**< a size with a unit, or one of `words` */
    OPT_FRACTION, /**< 0.90; kept as millionths */
    OPT_CHOICE    /**< one of `words` */
} opt_kind;

typedef enum opt_group { GROUP_QUESTION = 0, GROUP_MEMORY, GROUP_RUN, GROUP_PLACE, GROUP_WITH, GROUP_OUTPUT, GROUP_COUNT } opt_group;
extern const char *const group_title[GROUP_COUNT];

typedef struct option {
    opt_id id;
    const char *name;    /**< without the dashes */
    char letter;         /**< 0: none */
    const char *aliases; /**< runtimes' own long names, blank separated; NULL: none */
    opt_kind kind;
    const char *value;   /**< what help calls the value */
    const char *words;   /**< choices, '|' between them; NULL: none */
    uint64_t min, max;   /**< of a number */
    const char *dflt;    /**< default, as shown */
    const char *help;
    const char *runtimes; /**< blank separated; NULL: all */
    opt_group group;
    uint32_t commands;   /**< bit set of 1 << command */
    bool list;           /**< repeating adds */
    bool front;          /**< on the first page of help */
    bool later;          /**< the whole option comes with a later version */
} option;

extern const option option_table[OPT_COUNT];

#define NOT_A_WORD UINT32_MAX

/** What was said of one option. */
typedef struct opt_value {
    const char *text; /**< as given; NULL: not given ("" for a flag that is) */
    uint64_t number;  /**< bytes, tokens, count */
    uint32_t word;    /**< index in `words`, NOT_A_WORD when a number was given */
} opt_value;

/** One value of a list option, in the order of the command line. */
typedef struct opt_item {
    opt_id id;
    const char *text;
} opt_item;

typedef struct options {
    command command;
    opt_value value[OPT_COUNT];
    opt_item *item; /**< n_items of them */
    size_t n_items;
    const char **plain; /**< arguments that are no options, command word excluded */
    size_t n_plain;
    bool launch; /**< a launch line follows "--" */
    const char **line; /**< the launch line, a program and its arguments, NULL behind the last; NULL: none */
    char *text;        /**< values that are parts of its arguments */
} options;

/** Parses the arguments. `options` points into argv. False with `err`. Free with options_free. */
bool options_parse(options *o, int argc, char **argv, vf_error *err);
void options_free(options *o);
/** The option of a long name or alias of `n` bytes; NULL: none. */
const option *options_find(const char *name, size_t n);
/** Gives an option a value as the command line would. `text` is kept, not copied. */
bool options_give(options *o, opt_id id, const char *text, vf_error *err);

/** Next value of a list option from item *at on; NULL at the end. */
const char *options_next(const options *o, opt_id id, size_t *at);
/** Whether the option was given. */
static inline bool options_has(const options *o, opt_id id)
{
    return o->value[id].text != NULL;
}

/** Index of `word` in a list separated by `separator`, NOT_A_WORD when it is not there. */
uint32_t word_index(const char *words, char separator, const char *word);

/** Whether the option means something under the runtime. */
bool option_has_runtime(const option *o, const char *runtime);
/** Digits only, nothing else; false past 2^64 − 1. */
bool parse_digits(const char *text, size_t n, uint64_t *v);
/** Tokens: digits, with k or m behind for 1024 and 1024². */
bool parse_tokens(const char *text, uint64_t *v);
/** A decimal fraction as millionths. */
bool parse_millionths(const char *text, size_t n, uint64_t *v);

#endif
