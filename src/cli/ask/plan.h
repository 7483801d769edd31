/* One question to a list of cases: models × quantizations × GPUs, and one estimate for each. */
#ifndef CLI_PLAN_H
#define CLI_PLAN_H

#include "cli/ask/again.h"
#include "cli/ask/also.h"
#include "cli/ask/beside.h"
#include "cli/ask/gpu.h"
#include "cli/ask/quant.h"
#include "cli/report/report.h"

typedef struct plan {
    session *s;
    char runtime[24]; /**< asked for; "" when none */
    vf_settings settings;
    gpu_set *gpu; /**< alternatives, n_gpus of them */
    uint32_t n_gpus;
    const char **quant; /**< words, n_quants of them; each in `text` */
    uint32_t n_quants;
    char *text;          /**< copies of the comma lists, cut at the commas */
    vf_request *request; /**< room that every case uses anew */
    vf_result *result;
    int status; /**< the exit status so far */
    also also; /**< models in processes of their own */
    again again;     /**< answers, where there are several cards to ask about */
    uint64_t serial; /**< of the model in the request */
    /* large, and not cleared: mostly empty */
    beside beside; /**< what is loaded beside every model, and where tensors go */
    vf_member member[VF_MAX_MEMBERS]; /**< what is loaded beside this one, n_members of the request */
    gpu_set solved; /**< --gpu smallest: the set that was tried last */
} plan;

/** Reads everything that all cases share. */
bool plan_open(plan *p, session *s, vf_error *err);
void plan_close(plan *p);

/** Instead of a number of tokens: the model's own maximum. */
#define CONTEXT_TRAIN UINT64_MAX

/** One case. `word` NULL: no quantization said; context 0: that of the options. False with err. */
bool plan_case(plan *p, const subject *sub, const char *word, uint64_t context, const gpu_set *gpu, report *r, vf_error *err);

/** Fills p->request for one case, with the choice of quantization and runtime. False with err. */
bool plan_prepare(plan *p, const subject *sub, const char *word, uint64_t context, const gpu_set *gpu, choice *c, vf_error *err);

/** Answers p->request, together with --also. */
bool plan_estimate(plan *p, vf_error *err);

/** Tells of an error of one case or line; the others go on. Clears it. */
void plan_tell(plan *p, report *r, vf_error *err);
/** Whether what stays in system memory is within --host-memory. */
bool host_fits(const session *s, const vf_result *r);
/** 2 over 1 over 3 over 0. */
void plan_worsen(plan *p, int status);

/** The cases of a list of models (--models-from). */
bool list_run(plan *p, report *r, vf_error *err);

#endif
