/* --model: from what was typed to a model. All reading of model files happens here. */
#ifndef CLI_SUBJECT_H
#define CLI_SUBJECT_H

#include "cli/session.h"

/** The models of a size class: how many in the catalog have about its number of parameters, and the least
 * and most bytes that a token takes in their caches, at 16 bits. */
typedef struct class_range {
    uint32_t n;
    uint64_t least, most;
} class_range;

typedef struct subject {
    vf_model *model;
    uint64_t serial;      /**< tells models apart, which may follow each other at one address; 0: not opened by name */
    vf_model_facts facts;
    char class_name[24];  /**< the size class that was asked for; "" when none */
    uint64_t nominal;     /**< its number of parameters */
    class_range range;    /**< for --explain; n 0: not measured */
    char quant_word[64];  /**< the quantization that the name says; "" when none */
    const char *asked;    /**< as typed, the caller's or in `own`; NULL: nothing was */
    char *own;            /**< of subject_open_at: a copy of its text, cut at the sign */
    char title[256];      /**< as shown: the model's name, or that of its file */
    bool typed;           /**< a file: its tensors' types are known, and taken unless --quant is given */
    const char *loader;   /**< typed: the runtime that loads such files */
    bool weights_only;    /**< safetensors without config.json: no cache, no compute */
    vf_ollama_params params; /**< from Ollama's store: the model's own settings */
    struct {
        vf_member_kind kind;
        vf_model *model;
    } layer[1 + VF_OLLAMA_ADAPTERS]; /**< and what else belongs to it: a projector, adapters */
    uint32_t n_layers;
} subject;

/** Resolves a name, size class, file or folder. Close with subject_close. */
bool subject_open(session *s, const char *text, subject *out, vf_error *err);
/** The same for MODEL[@QUANT], the value of option `name`: *quant is what is behind the sign, as long as the subject; NULL: nothing. */
bool subject_open_at(session *s, const char *name, const char *text, subject *out, const char **quant, vf_error *err);
/** Opens an entry of the catalog. */
bool subject_open_entry(session *s, uint32_t index, subject *out, vf_error *err);
/** Parameters of the tower for images or sound that a catalog model has, where the runtime takes it from a file of its
 * own (--mmproj); 0: none. */
uint64_t subject_tower(const session *s, const subject *sub, const char *runtime);
void subject_close(subject *sub);

#endif
