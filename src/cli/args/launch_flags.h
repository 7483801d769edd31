/* What the flags of programs that load models mean here: a table for each program. */
#ifndef CLI_LAUNCH_FLAGS_H
#define CLI_LAUNCH_FLAGS_H

#include "cli/args/options.h"

typedef enum flag_does {
    FLAG_VALUE = 0, /**< its value is the option's */
    FLAG_GIVES,     /**< takes no value; the option gets `gives` */
    FLAG_IGNORED,   /**< takes no value, and changes no memory that counts */
    FLAG_SKIPS,     /**< takes a value, and changes no memory that counts */
    FLAG_REFUSED,   /**< `gives` says why it is not judged; takes no value or is not read further */
    FLAG_CONTEXT,   /**< tokens; 0: the model's own maximum */
    FLAG_LAYERS,    /**< layers; -1 auto, below that all */
    FLAG_SEQUENCES, /**< sequences; -1: the program's own choice */
    FLAG_SWITCH,    /**< on, off, auto, or 1, 0, -1 */
    FLAG_OVERRIDES, /**< REGEX=DEVICE with commas between several */
    FLAG_REPOSITORY, /**< a Hugging Face repository, ":QUANT" behind it or not */
    FLAG_SPECULATION, /**< ways to draft tokens, commas between several */
    FLAG_FIT,       /**< on or off: whether the program shortens what does not fit */
    FLAG_DTYPE      /**< 16 bits by the name of PyTorch's type; auto: as published */
} flag_does;

typedef struct launch_flag {
    const char *names; /**< blank separated, with their dashes */
    flag_does does;
    opt_id id;
    const char *gives;
} launch_flag;

typedef struct launch_program {
    const char *name;      /**< llama-server; "vllm" with its word "serve" */
    const char *word;      /**< the first argument; NULL: none */
    const char *runtime;
    bool model_is_plain;   /**< the model is the first argument without a dash */
    bool fits;             /**< it shortens context or layers by itself unless told not to */
    bool trained;          /**< without a context it takes the model's own maximum */
    bool slots;            /**< four sequences in one cache unless told otherwise */
    const launch_flag *flags; /**< ends with NULL names */
} launch_program;

/** Ends with a NULL name. */
extern const launch_program launch_programs[];

#endif
