/* The option table in other forms: `vramfit help man`, bash, zsh, fish. */
#ifndef CLI_HELP_EXPORT_H
#define CLI_HELP_EXPORT_H

#include "cli/args/options.h"

void export_man(buf *b);
void export_bash(buf *b);
void export_zsh(buf *b);
void export_fish(buf *b);

#endif
