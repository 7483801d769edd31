/* A launch line, what follows "--": the program's own arguments become options of this one. */
#ifndef CLI_LAUNCH_H
#define CLI_LAUNCH_H

#include "cli/args/options.h"

/** Takes o->plain as a launch line (a program and its arguments) and gives `o` the options that it means, with that
 * program's defaults for those that it leaves out. The line itself is kept in o->line. Only what is on the line
 * counts: no environment, no configuration files. False with `err`, which names the argument. */
bool launch_read(options *o, vf_error *err);

/** Becomes the program of the line. Returns only with `err`, when it cannot be started. */
void launch_exec(const options *o, vf_error *err);

#endif
