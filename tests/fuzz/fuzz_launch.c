/* A launch line: a program and its arguments with NUL between them. It becomes options of which every text
 * lives, or is refused in one line. */
#include "fuzz.h"

#include "cli/args/launch.h"

enum { ARGUMENTS = 64 };

static void check_options(const options *o)
{
    PROMISE(options_has(o, OPT_MODEL) || options_has(o, OPT_MODELS_FROM));
    PROMISE(options_has(o, OPT_RUNTIME));
    size_t length = 0;
    for (int i = 0; i < OPT_COUNT; i++)
        length += o->value[i].text ? strlen(o->value[i].text) : 0;
    for (size_t i = 0; i < o->n_items; i++)
        length += strlen(o->item[i].text);
    PROMISE(length < SIZE_MAX);
    size_t n = 0;
    while (o->line[n])
        n++;
    PROMISE(n > 0 && n <= ARGUMENTS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *argv[ARGUMENTS + 3] = {"vramfit", "--"};
    int argc = 2;
    PROMISE(text);
    memcpy(text, data, size);
    text[size] = 0;
    for (size_t at = 0; at < size && argc < ARGUMENTS + 2; at += strlen(text + at) + 1)
        argv[argc++] = text + at;
    options o;
    vf_error err = {0};
    memset(&o, 0, sizeof o);
    if (!options_parse(&o, argc, argv, &err))
        fuzz_check_error(&err);
    else if (o.launch)
        check_options(&o);
    options_free(&o);
    free(text);
    return 0;
}
