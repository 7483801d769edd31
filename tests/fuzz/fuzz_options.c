/* A command line: arguments with NUL between them. Whatever they are, it is understood or refused in
 * one line. */
#include "fuzz.h"

#include "cli/args/options.h"

enum { ARGUMENTS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *argv[ARGUMENTS + 2] = {"vramfit"};
    int argc = 1;
    PROMISE(text);
    memcpy(text, data, size);
    text[size] = 0;
    for (size_t at = 0; at < size && argc <= ARGUMENTS; at += strlen(text + at) + 1)
        argv[argc++] = text + at;
    options o;
    vf_error err = {0};
    memset(&o, 0, sizeof o);
    if (!options_parse(&o, argc, argv, &err))
        fuzz_check_error(&err);
    else
        PROMISE(o.command < CMD_COUNT);
    options_free(&o);
    free(text);
    return 0;
}
