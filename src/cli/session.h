/* What every command works with: the options, the catalog, memory, the terminal, the output. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "cli/args/options.h"
#include "cli/text/term.h"
#include "vramfit/load.h"

typedef enum lock_mode { LOCK_NONE = 0, LOCK_WRITE, LOCK_CHECK } lock_mode;

typedef struct session {
    options opts;
    vf_allocator alloc;
    size_t allocated; /**< bytes held through `alloc` */
    vf_catalog *catalog; /**< NULL until session_catalog */
    term term;
    buf out;
    lock_mode lock;   /**< the list is written as a lock, or compared with it */
    uint64_t *differ; /**< LOCK_CHECK: counts rows that differ */
    struct machine *machine; /**< its GPUs; NULL until they are asked for */
    uint64_t subjects; /**< opened so far */
    bool terse; /**< unknown names without suggestions: a long list of bad lines stays fast */
} session;

/** Output formats, in the order of the option's words. */
typedef enum format_id { FORMAT_TABLE = 0, FORMAT_JSON, FORMAT_JSONL, FORMAT_CSV, FORMAT_TSV, FORMAT_MARKDOWN,
    FORMAT_SVG, FORMAT_HTML, FORMAT_SARIF, FORMAT_JUNIT, FORMAT_GITHUB } format_id;
format_id session_format(const session *s);

void session_init(session *s);
/** Opens the built-in catalog and adds what the user has: the folder in the user's configuration, then
 * every --catalog in order. Does nothing the second time. */
bool session_catalog(session *s, vf_error *err);
/** Adds a JSON file, or every .json file of a folder laid out like data/. */
bool session_add_catalog(session *s, const char *path, vf_finding_fn fn, void *ctx, vf_error *err);
/** Finds an entry of the catalog; the error carries suggestions unless `terse`. */
vf_status session_find(const session *s, vf_kind kind, const char *name, uint32_t *index, vf_error *err);
void session_free(session *s);
/** A second session of the same options, with a catalog of its own; end with session_unfork. */
void session_fork(session *out, const session *s);
void session_unfork(session *s);
/** The name that stands for the built-in catalog where a path is expected. */
#define BUILT_IN "built-in"

/** The commands; each gives the exit status, with `err` set when it is EXIT_BAD and nothing was told yet. */
int command_fit(session *s, vf_error *err);
int command_list(session *s, vf_error *err);
int command_show(session *s, vf_error *err);
int command_verify(session *s, vf_error *err);
int command_check(session *s, vf_error *err);
int command_diff(session *s, vf_error *err);
int command_lock(session *s, vf_error *err);
int command_help(session *s, vf_error *err);
int command_version(session *s, vf_error *err);

#endif
