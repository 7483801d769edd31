/* argv to options, driven by the table alone. */
#include "cli/args/launch.h"
#include "cli/args/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t word_index(const char *words, char separator, const char *word)
{
    size_t n = strlen(word);
    for (uint32_t i = 0; words && n > 0; i++) {
        const char *end = strchr(words, separator);
        size_t m = end ? (size_t)(end - words) : strlen(words);
        if (m == n && memcmp(words, word, n) == 0)
            return i;
        words = end ? end + 1 : NULL;
    }
    return NOT_A_WORD;
}

bool option_has_runtime(const option *o, const char *runtime)
{
    return !o->runtimes || word_index(o->runtimes, ' ', runtime) != NOT_A_WORD;
}

bool parse_digits(const char *text, size_t n, uint64_t *v)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (c < '0' || c > '9' || __builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, (unsigned)(c - '0'), &value))
            return false;
    }
    *v = value;
    return n > 0;
}

bool parse_tokens(const char *text, uint64_t *v)
{
    size_t n = strlen(text);
    unsigned shift = 0;
    if (n > 1)
        shift = text[n - 1] == 'k' || text[n - 1] == 'K' ? 10 : text[n - 1] == 'm' || text[n - 1] == 'M' ? 20 : 0;
    if (!parse_digits(text, shift ? n - 1 : n, v) || *v > UINT64_MAX >> shift)
        return false;
    *v <<= shift;
    return true;
}

bool parse_millionths(const char *text, size_t n, uint64_t *v)
{
    const char *dot = memchr(text, '.', n);
    size_t whole = dot ? (size_t)(dot - text) : n, rest = dot ? n - whole - 1 : 0;
    uint64_t part = 0;
    if (rest > 6 || !parse_digits(text, whole, v) || (dot && !parse_digits(dot + 1, rest, &part)) || *v > 1000000)
        return false;
    for (size_t i = rest; i < 6; i++)
        part *= 10;
    *v = *v * 1000000 + part;
    return true;
}

/* Reads the text of a value; everything that the table can check is checked here. */
static bool read_value(const option *o, const char *text, opt_value *v, vf_error *err)
{
    char name[40];
    (void)snprintf(name, sizeof name, "--%s", o->name);
    *v = (opt_value){.text = text, .word = word_index(o->words, '|', text)};
    if (!text[0] && o->kind != OPT_FLAG)
        return fail(err, name, "an empty value");
    if (o->kind == OPT_FLAG || o->kind == OPT_TEXT || v->word != NOT_A_WORD)
        return true;
    if (o->kind == OPT_CHOICE)
        return fail_value(err, name, text, "not one of %s", o->words);
    if (o->kind == OPT_SIZE) {
        vf_error size_error = {0};
        if (vf_parse_size(text, false, &v->number, &size_error) != VF_OK)
            return fail(err, name, "%s", size_error.text);
    } else if (o->kind == OPT_FRACTION ? !parse_millionths(text, strlen(text), &v->number)
               : o->kind == OPT_TOKENS ? !parse_tokens(text, &v->number)
                                       : !parse_digits(text, strlen(text), &v->number)) {
        return fail_value(err, name, text, "not a number%s%s",
                          o->kind == OPT_FRACTION ? " such as 0.90" : o->kind == OPT_TOKENS ? " such as 4096 or 8k" : "",
                          o->words ? ", nor a word that it takes" : "");
    }
    if (v->number < o->min || v->number > o->max)
        return o->kind == OPT_FRACTION || o->kind == OPT_SIZE
                   ? fail_value(err, name, text, "out of range")
                   : fail_value(err, name, text, "out of range (%llu to %llu)", (unsigned long long)o->min,
                                (unsigned long long)o->max);
    return true;
}

/* Keeps a value; a second, different one is an error unless the option builds a list. */
static bool keep(options *o, const option *opt, const char *text, vf_error *err)
{
    char name[40];
    (void)snprintf(name, sizeof name, "--%s", opt->name);
    uint32_t in = opt->commands ? opt->commands : 1u << CMD_FIT;
    if (opt->later)
        return fail(err, name, "not in this version");
    if (o->command == CMD_LOCK && (in & 1u << CMD_FIT)) /* a lock keeps a question's settings */
        in |= 1u << CMD_LOCK;
    if (!(in & 1u << o->command))
        return fail(err, name, "has no meaning with '%s'", commands[o->command].name);
    opt_value *v = &o->value[opt->id];
    if (opt->list)
        o->item[o->n_items++] = (opt_item){opt->id, text};
    else if (v->text && strcmp(v->text, text) != 0)
        return fail(err, name, "given twice, with %s and %s", quote(v->text).s, quote(text).s);
    return read_value(opt, text, v, err);
}

bool options_give(options *o, opt_id id, const char *text, vf_error *err)
{
    return keep(o, &option_table[id], text, err);
}

static void suggest(const char *name, char *out, size_t size)
{
    enum { MOST = 3 };
    struct {
        const char *name;
        uint32_t distance;
    } best[MOST + 1] = {{NULL, 0}};
    /* the longer a name, the more mistakes still point at it */
    size_t length = strlen(name);
    uint32_t n = 0, limit = length > 8 ? 3 : length > 4 ? 2 : length > 1;
    for (int i = 0; i < OPT_COUNT; i++) {
        uint32_t d = vf_name_distance(name, option_table[i].name);
        if (length == 0 || d > limit)
            continue;
        uint32_t at = n;
        for (; at > 0 && best[at - 1].distance > d; at--)
            best[at] = best[at - 1];
        best[at].name = option_table[i].name;
        best[at].distance = d;
        n = n < MOST ? n + 1 : MOST;
    }
    out[0] = 0;
    for (uint32_t i = 0; i < n; i++) {
        size_t used = strlen(out);
        (void)snprintf(out + used, size - used, "%s--%s", i == 0 ? " (did you mean " : i + 1 < n ? ", " : " or ", best[i].name);
    }
    size_t used = strlen(out);
    if (n)
        (void)snprintf(out + used, size - used, "?)");
}

static bool fail_unknown(const char *arg, const char *name, size_t n, vf_error *err)
{
    char hint[160] = "", stem[64];
    if (n < sizeof stem) {
        memcpy(stem, name, n);
        stem[n] = 0;
        suggest(stem, hint, sizeof hint);
    }
    return fail(err, "", "unknown option %s%s", quote(arg).s, hint);
}

static const option *find_long(const char *name, size_t n)
{
    char stem[64];
    if (n >= sizeof stem)
        return NULL;
    memcpy(stem, name, n);
    stem[n] = 0;
    for (int i = 0; i < OPT_COUNT; i++)
        if (strcmp(stem, option_table[i].name) == 0 || word_index(option_table[i].aliases, ' ', stem) != NOT_A_WORD)
            return &option_table[i];
    return NULL;
}

const option *options_find(const char *name, size_t n)
{
    return find_long(name, n);
}

static const option *find_letter(char letter)
{
    for (int i = 0; i < OPT_COUNT; i++)
        if (letter && option_table[i].letter == letter)
            return &option_table[i];
    return NULL;
}

/* The argument after an option that wants a value; NULL when there is none, or another option. */
static const char *next_value(int argc, char **argv, int *i)
{
    if (*i + 1 >= argc)
        return NULL;
    const char *next = argv[*i + 1];
    bool is_option = next[0] == '-' && (next[1] == '-' || (next[1] && !next[2] && find_letter(next[1])));
    if (is_option)
        return NULL;
    ++*i;
    return next;
}

static bool fail_missing(const option *opt, vf_error *err)
{
    char name[40];
    (void)snprintf(name, sizeof name, "--%s", opt->name);
    return fail(err, name, "a value is missing (%s)", opt->value);
}

static bool parse_long(options *o, int argc, char **argv, int *i, vf_error *err)
{
    const char *arg = argv[*i], *name = arg + 2, *equals = strchr(name, '=');
    size_t n = equals ? (size_t)(equals - name) : strlen(name);
    const option *opt = find_long(name, n);
    if (!opt)
        return fail_unknown(arg, name, n, err);
    if (opt->kind == OPT_FLAG) {
        char full[40];
        (void)snprintf(full, sizeof full, "--%s", opt->name);
        return equals ? fail(err, full, "takes no value (found %s)", quote(equals + 1).s) : keep(o, opt, "", err);
    }
    const char *value = equals ? equals + 1 : next_value(argc, argv, i);
    return value ? keep(o, opt, value, err) : fail_missing(opt, err);
}

static bool parse_letters(options *o, int argc, char **argv, int *i, vf_error *err)
{
    const char *arg = argv[*i];
    for (const char *p = arg + 1; *p; p++) {
        const option *opt = find_letter(*p);
        if (!opt)
            return fail_unknown(arg, arg, 0, err);
        if (opt->kind == OPT_FLAG) {
            if (!keep(o, opt, "", err))
                return false;
            continue;
        }
        const char *value = p[1] ? p + 1 : next_value(argc, argv, i);
        return value ? keep(o, opt, value, err) : fail_missing(opt, err);
    }
    return true;
}

/* The command word is looked for first, so that options before it are judged by it. Values of options
 * are passed over: `--model list` names a model. */
static command find_command(int argc, char **argv, int *where)
{
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (strcmp(arg, "--") == 0)
            break;
        if (arg[0] == '-' && arg[1]) {
            const char *equals = strchr(arg, '=');
            const option *opt = arg[1] == '-' ? find_long(arg + 2, equals ? (size_t)(equals - arg - 2) : strlen(arg + 2))
                                              : find_letter(arg[1]);
            bool apart = opt && opt->kind != OPT_FLAG && (arg[1] == '-' ? !equals : !arg[2]);
            if (apart)
                (void)next_value(argc, argv, &i);
            continue;
        }
        for (int c = 1; c < CMD_COUNT; c++) {
            if (strcmp(arg, commands[c].name) == 0) {
                *where = i;
                return (command)c;
            }
        }
        break;
    }
    *where = 0;
    return CMD_FIT;
}

static bool check_plain(const options *o, vf_error *err)
{
    const command_info *c = &commands[o->command];
    if (options_has(o, OPT_HELP) || options_has(o, OPT_VERSION))
        return true;
    if (c->later)
        return fail(err, c->name, "not in this version");
    size_t models = o->n_plain + (options_has(o, OPT_MODEL) ? 1 : 0);
    if (o->command == CMD_FIT && o->n_plain && models > 1)
        return fail(err, "", "one argument too many: %s (several models: --model for each, or --models-from)",
                    quote(o->plain[options_has(o, OPT_MODEL) ? 0 : 1]).s);
    if (o->n_plain > c->max_args)
        return fail(err, c->name, "one argument too many: %s", quote(o->plain[c->max_args]).s);
    if (o->n_plain < c->min_args)
        return fail(err, c->name, "an argument is missing (%s)", c->args);
    return true;
}

bool options_parse(options *o, int argc, char **argv, vf_error *err)
{
    *o = (options){0};
    size_t room = argc > 0 ? (size_t)argc + 1 : 1;
    for (int a = 1; a < argc; a++) /* a launch line's lists, with commas between */
        for (const char *c = argv[a]; (c = strchr(c, ',')); c++)
            room++;
    o->item = calloc(room, sizeof *o->item);
    o->plain = calloc(room, sizeof *o->plain);
    if (!o->item || !o->plain)
        return fail_nomem(err);
    int word;
    o->command = find_command(argc, argv, &word);
    int i = 1;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *arg = argv[i];
        bool good = true;
        if (i == word)
            continue;
        if (arg[0] == '-' && arg[1])
            good = arg[1] == '-' ? parse_long(o, argc, argv, &i, err) : parse_letters(o, argc, argv, &i, err);
        else
            o->plain[o->n_plain++] = arg;
        if (!good)
            return false;
    }
    /* Behind "--": a model whose name begins with a dash, or a program with its arguments. */
    bool has_model = o->n_plain > 0 || options_has(o, OPT_MODEL) || options_has(o, OPT_MODELS_FROM);
    o->launch = o->command == CMD_FIT && argc - i - 1 > (has_model ? 0 : 1);
    if (o->launch && has_model)
        return fail(err, "--", "a launch line names the model itself: one argument too many before it");
    for (i++; i < argc; i++)
        o->plain[o->n_plain++] = argv[i];
    if (o->launch && !options_has(o, OPT_HELP) && !options_has(o, OPT_VERSION))
        return launch_read(o, err);
    return check_plain(o, err);
}

void options_free(options *o)
{
    free(o->item);
    free(o->plain);
    free(o->line);
    free(o->text);
    *o = (options){0};
}

const char *options_next(const options *o, opt_id id, size_t *at)
{
    while (*at < o->n_items) {
        const opt_item *item = &o->item[(*at)++];
        if (item->id == id)
            return item->text;
    }
    return NULL;
}
