#include "cli/args/launch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/args/launch_flags.h"

/* A line being read: its arguments from `at` on. */
typedef struct line {
    options *o;
    const launch_program *program;
    size_t at;
    bool fits;  /**< the program shortens what does not fit */
    char *text; /**< room for values that are parts of arguments */
    vf_error *err;
} line;

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/** The error names the argument of the line, not the option that it became. */
static bool line_fail(line *l, const char *flag)
{
    char text[sizeof l->err->text];
    text_set(text, sizeof text, l->err->text);
    return fail(l->err, "--", "%s %s: %s", l->program->name, quote(flag).s, text);
}

static bool give(line *l, const char *flag, opt_id id, const char *text)
{
    return options_give(l->o, id, text, l->err) || line_fail(l, flag);
}

static bool refuse(line *l, const char *flag, const char *why)
{
    return fail(l->err, "--", "%s %s: %s", l->program->name, quote(flag).s, why);
}

/** A copy of `n` bytes, as long as the options live. */
static const char *part(line *l, const char *text, size_t n)
{
    char *copy = l->text;
    memcpy(copy, text, n);
    copy[n] = 0;
    l->text += n + 1;
    return copy;
}

static bool take_repository(line *l, const char *flag, const char *value)
{
    const char *colon = strrchr(value, ':');
    if (!colon)
        return give(l, flag, OPT_MODEL, value);
    return give(l, flag, OPT_MODEL, part(l, value, (size_t)(colon - value))) && give(l, flag, OPT_QUANT, colon + 1);
}

static bool take_overrides(line *l, const char *flag, const char *value)
{
    while (*value) {
        size_t n = strcspn(value, ",");
        if (n && !give(l, flag, OPT_OVERRIDE_TENSOR, part(l, value, n)))
            return false;
        value += n + (value[n] == ',');
    }
    return true;
}

/* A draft model is what -md names; tables of past tokens take no memory that counts. */
static bool take_speculation(line *l, const char *flag, const char *value)
{
    while (*value) {
        size_t n = strcspn(value, ",");
        const char *way = part(l, value, n);
        bool nothing = strcmp(way, "none") == 0 || strcmp(way, "draft-simple") == 0 || strncmp(way, "ngram-", 6) == 0;
        if (strcmp(way, "draft-mtp") == 0 && !give(l, flag, OPT_DRAFT, "mtp"))
            return false;
        if (!nothing && strcmp(way, "draft-mtp") != 0)
            return refuse(l, flag, "of speculation only a draft model (-md) and draft-mtp are judged");
        value += n + (value[n] == ',');
    }
    return true;
}

static bool take_dtype(line *l, const char *flag, const char *value)
{
    static const char *const names[][2] = {{"half", "fp16"}, {"float16", "fp16"}, {"bfloat16", "bf16"},
                                           {"float", "fp32"}, {"float32", "fp32"}, {NULL, NULL}};
    if (strcmp(value, "auto") == 0 || options_has(l->o, OPT_QUANT))
        return true;
    for (size_t i = 0; names[i][0]; i++)
        if (strcmp(value, names[i][0]) == 0)
            return give(l, flag, OPT_QUANT, names[i][1]);
    return refuse(l, flag, "not one of auto, half, float16, bfloat16, float, float32");
}

static bool take_switch(line *l, const char *flag, const char *value)
{
    static const char *const names[][2] = {{"1", "on"}, {"0", "off"}, {"-1", "auto"}, {"true", "on"}, {"false", "off"},
                                           {"enabled", "on"}, {"disabled", "off"}, {NULL, NULL}};
    for (size_t i = 0; names[i][0]; i++)
        if (strcmp(value, names[i][0]) == 0)
            value = names[i][1];
    return give(l, flag, OPT_FLASH_ATTN, value);
}

static bool take_value(line *l, const launch_flag *f, const char *flag, const char *value)
{
    switch (f->does) {
    case FLAG_SKIPS:
        return true;
    case FLAG_CONTEXT: /* 0 is the trained length; vLLM also says auto */
        return give(l, flag, f->id, strcmp(value, "0") == 0 ? "train" : strcmp(value, "auto") == 0 ? "max" : value);
    case FLAG_LAYERS:
        return give(l, flag, f->id, strcmp(value, "-1") == 0 ? "auto" : value[0] == '-' ? "all" : value);
    case FLAG_SEQUENCES:
        if (value[0] != '-' && (value[0] < '0' || value[0] > '9')) /* words are this program's */
            return fail_value(l->err, flag, value, "not a number");
        return strcmp(value, "-1") == 0 || give(l, flag, f->id, value);
    case FLAG_SWITCH:
        return take_switch(l, flag, value);
    case FLAG_OVERRIDES:
        return take_overrides(l, flag, value);
    case FLAG_REPOSITORY:
        return take_repository(l, flag, value);
    case FLAG_DTYPE:
        return take_dtype(l, flag, value);
    case FLAG_SPECULATION:
        return take_speculation(l, flag, value);
    case FLAG_FIT:
        l->fits = strcmp(value, "off") != 0;
        return strcmp(value, "off") == 0 || strcmp(value, "on") == 0 || refuse(l, flag, "not one of on, off");
    default:
        return give(l, flag, f->id, value);
    }
}

static const launch_flag *find_flag(const launch_program *p, const char *name)
{
    for (const launch_flag *f = p->flags; f->names; f++)
        if (word_index(f->names, ' ', name) != NOT_A_WORD)
            return f;
    return NULL;
}

/** One flag with its value, from l->at on. `--flag=value` counts as two arguments. */
static bool take_flag(line *l)
{
    const char *arg = l->o->line[l->at++], *equals = arg[1] == '-' ? strchr(arg, '=') : NULL, *value = NULL;
    const char *name = equals ? part(l, arg, (size_t)(equals - arg)) : arg;
    const launch_flag *f = find_flag(l->program, name);
    if (!f)
        return fail(l->err, "--", "%s: unknown flag %s", l->program->name, quote(arg).s);
    if (f->does == FLAG_REFUSED)
        return refuse(l, name, f->gives);
    if (f->does == FLAG_IGNORED || f->does == FLAG_GIVES) {
        if (equals)
            return refuse(l, name, "takes no value");
        return f->does == FLAG_IGNORED || give(l, name, f->id, f->gives);
    }
    value = equals ? equals + 1 : l->o->line[l->at];
    if (!value || (!equals && value[0] == '-' && value[1] == '-'))
        return refuse(l, name, "a value is missing");
    l->at += !equals;
    return take_value(l, f, name, value);
}

/** Which program: by its name without folders, and the word behind it, which a launch line always has (parse.c); passes over both. */
static bool find_program(line *l)
{
    const char *const *argv = l->o->line;
    const char *name = base_name(argv[0]);
    size_t n = strlen(name);
    if (n > 4 && strcmp(name + n - 4, ".exe") == 0)
        name = part(l, name, n - 4);
    l->program = launch_programs;
    if (strncmp(name, "python", 6) == 0 && strcmp(argv[1], "-m") == 0 && argv[2] &&
        strncmp(argv[2], "vllm.entrypoints.", 17) == 0) {
        while (!strchr(l->program->name, ' '))
            l->program++;
        l->at = 3;
        return true;
    }
    for (; l->program->name; l->program++) {
        if (strcmp(l->program->name, name) != 0)
            continue;
        l->at = 1;
        if (!l->program->word)
            return true;
        if (strcmp(argv[1], l->program->word) == 0)
            return l->at = 2, true;
        return fail(l->err, "--", "%s: only '%s %s' is a launch line", name, name, l->program->word);
    }
    return fail(l->err, "--", "%s: not a program whose launch lines are read (llama-server, llama-cli, ollama run, vllm serve)",
                quote(argv[0]).s);
}

/** What the program does where the line says nothing. */
static bool defaults(line *l)
{
    const launch_program *p = l->program;
    options *o = l->o;
    if (!options_has(o, OPT_RUNTIME) && !give(l, p->name, OPT_RUNTIME, p->runtime))
        return false;
    if (p->slots && !options_has(o, OPT_PARALLEL) &&
        !(give(l, p->name, OPT_PARALLEL, "4") && (options_has(o, OPT_KV_UNIFIED) || give(l, p->name, OPT_KV_UNIFIED, ""))))
        return false;
    /* llama.cpp's --fit shortens a context that was left open, else it takes layers off the card */
    bool context = options_has(o, OPT_CONTEXT), layers = options_has(o, OPT_GPU_LAYERS);
    if (!context && p->trained && !give(l, p->name, OPT_CONTEXT, l->fits ? "max" : "train"))
        return false;
    if (context && !layers && l->fits && !options_has(o, OPT_OVERRIDE_TENSOR) && !options_has(o, OPT_CPU_MOE) &&
        !give(l, p->name, OPT_GPU_LAYERS, "auto"))
        return false;
    return true;
}

bool launch_read(options *o, vf_error *err)
{
    size_t room = 64;
    for (size_t i = 0; i < o->n_plain; i++)
        room += strlen(o->plain[i]) + 2;
    o->line = calloc(o->n_plain + 1, sizeof *o->line);
    o->text = malloc(room);
    if (!o->line || !o->text)
        return fail_nomem(err);
    memcpy(o->line, o->plain, o->n_plain * sizeof *o->line);
    size_t n = o->n_plain;
    o->n_plain = 0;
    line l = {.o = o, .text = o->text, .err = err};
    if (!find_program(&l))
        return false;
    l.fits = l.program->fits;
    while (l.at < n) {
        if (o->line[l.at][0] == '-' && o->line[l.at][1]) {
            if (!take_flag(&l))
                return false;
            continue;
        }
        /* ollama run MODEL PROMPT */
        if (l.program->model_is_plain && !options_has(o, OPT_MODEL)) {
            if (!give(&l, o->line[l.at], OPT_MODEL, o->line[l.at]))
                return false;
        } else if (strcmp(l.program->name, "ollama") != 0) {
            return fail(err, "--", "%s: unknown argument %s", l.program->name, quote(o->line[l.at]).s);
        }
        l.at++;
    }
    if (!options_has(o, OPT_MODEL))
        return fail(err, "--", "%s: no model on the line", l.program->name);
    return defaults(&l);
}

void launch_exec(const options *o, vf_error *err)
{
    /* The line is the user's own: started as a shell would start it. */
    (void)execvp(o->line[0], (char *const *)(void *)o->line);
    (void)fail(err, "--exec", "%s: %s", quote(o->line[0]).s, strerror(errno));
}
