/* Reading logs: the state that the rules for llama.cpp's and Ollama's lines fill in. */
#ifndef VF_LOAD_LOG_H
#define VF_LOAD_LOG_H

#include "vramfit/load.h"

/** Bytes of a line that are looked at. */
#define VF_LOG_LINE 65536u

/** A card as the CUDA backend names it once, when the program starts. */
typedef struct vf_log_card {
    char name[64];
    uint32_t compute_capability;
} vf_log_card;

typedef struct vf_log_reader {
    vf_log log;      /**< the load being read */
    vf_log fallback; /**< a trial or an estimate, for want of better */
    bool has_fallback;
    bool aside;      /**< lines are about a second context of the same model (MTP) */
    bool from_table[VF_LOG_TERMS]; /**< amounts are those of the memory breakdown */
    vf_log_card card[VF_MAX_DEVICES];
    uint64_t n_cached, n_cached_first; /**< layers in the caches of this context, and of the model's first */
    uint64_t n_repeating; /**< of "offloading N repeating layers" */
    uint64_t line;
    uint64_t n_told;
    bool stopped;
    vf_log_fn fn;
    void *ctx;
} vf_log_reader;

/** Another model is loaded; what was read of the one before is told. */
void vf_log_begin_load(vf_log_reader *r);
/** Weights are loaded again, though nothing said that a load begins. */
void vf_log_begin_again(vf_log_reader *r);
/** Another context is made for the same model. */
void vf_log_begin_context(vf_log_reader *r);
/** The end of a load: tells it when there is something to tell. */
void vf_log_end_load(vf_log_reader *r);
/** Forgets the amounts of a term on all devices. */
void vf_log_forget(vf_log *log, vf_log_term term);
/** Whether the log says anything of a term. */
bool vf_log_says(const vf_log *log, vf_log_term term);

/** The device of that name, made when it is new; the host for the CPU's buffer types. NULL: there are too many. */
vf_log_device *vf_log_find_device(vf_log_reader *r, const char *name, size_t n);
/** Adds an amount to a term of a device. `unit` bytes ÷ 10^decimals is the last printed place. */
void vf_log_add(vf_log_size *size, uint64_t value, unsigned decimals, uint64_t unit);
/** The bytes that a number within [value, value + 1) units stands for. */
void vf_log_add_floor(vf_log_size *size, uint64_t value, uint64_t unit);

/** Foreign text to a field, without blanks around it. */
void vf_log_text(char *field, size_t size, const char *text, size_t n);
/** Digits, at most 15 of them; goes on behind. */
bool vf_log_number(const char **p, uint64_t *v);
/** Digits with decimals: 12.34 is 1234 and 2. Goes on behind. */
bool vf_log_decimal(const char **p, uint64_t *v, unsigned *decimals);
const char *vf_log_skip_blanks(const char *p);
/** The file's type in llama.cpp's words ("Q4_K - Medium") as --quant takes it. */
void vf_log_quant(char *field, size_t size, const char *text, size_t n);

/** The rules; each looks at one cleaned line. */
void vf_log_llama_line(vf_log_reader *r, const char *line);
/** True when the line was one of Ollama's own. */
bool vf_log_ollama_line(vf_log_reader *r, char *line);

#endif
