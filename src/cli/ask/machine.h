/* --gpu auto: the GPUs of this machine, and what the catalog knows of them. */
#ifndef CLI_MACHINE_H
#define CLI_MACHINE_H

#include "cli/session.h"
#include "cli/report/sheet.h"
#include "vramfit/probe.h"

/** The name that stands for this machine's cards. */
#define GPU_AUTO "auto"

typedef struct machine {
    vf_machine found;
    uint32_t n;                      /**< cards that are used together */
    uint32_t taken[VF_MACHINE_CARDS]; /**< their numbers in `found` */
} machine;

/** Looks at the machine, the first time; after that, what was found then. NULL with err when it has no GPU that can be used. */
const machine *machine_look(session *s, vf_error *err);
/** The same without choosing: NULL only when it has no GPU at all. */
const machine *machine_all(session *s, vf_error *err);
void machine_free(machine *m);

/** The card in the catalog; false: it is not there. */
bool machine_entry(const session *s, const machine *m, uint32_t card, vf_gpu_entry *out);
vf_backend machine_backend(const vf_machine_card *card);
/** "Xorg (500.00 MiB), process 7 and 3 more": the first `most` that hold memory of a card. */
void machine_holders(const vf_machine_card *card, uint32_t most, buf *b);
struct row;
/** Notes for an answer: each card that was used with what is free and who holds the rest, and what was left out. */
void machine_notes(const session *s, struct row *w);
/** Everything known of this machine's cards. False with err where it has none. */
bool machine_show(session *s, sheet *t, vf_error *err);
/** list gpus auto: a line for each of them. Exit status. */
int machine_list(session *s, vf_error *err);
/** Memory that the system has left (MemAvailable); 0: unknown. */
uint64_t machine_ram(const session *s);

#endif
