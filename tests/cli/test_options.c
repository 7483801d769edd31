/* A walk over the option table, and the parser on every row of it. */
#include <stdlib.h>

#include "check.h"
#include "cli/args/options.h"

static bool parse(options *o, vf_error *err, int argc, const char *const *words)
{
    char *argv[16];
    for (int i = 0; i < argc; i++)
        argv[i] = (char *)(uintptr_t)words[i];
    *err = (vf_error){0};
    return options_parse(o, argc, argv, err);
}

/* A value that the option takes. */
static const char *sample(const option *o, char *room, size_t size)
{
    if (o->kind == OPT_CHOICE) {
        size_t n = strcspn(o->words, "|");
        (void)snprintf(room, size, "%.*s", (int)n, o->words);
    } else {
        (void)snprintf(room, size, "%s", o->kind == OPT_SIZE ? "1GiB" : o->kind == OPT_FRACTION ? "0.9" : "1");
    }
    return room;
}

static void check_row(int i)
{
    const option *o = &option_table[i];
    CHECK((int)o->id == i, "%s: row %d has id %d", o->name, i, (int)o->id);
    CHECK((o->kind == OPT_FLAG) == (o->value == NULL), "%s: a value name exactly when it takes one", o->name);
    CHECK(o->help && o->help[0], "%s: help", o->name);
    CHECK(o->kind != OPT_CHOICE || o->words, "%s: choices", o->name);
    CHECK(o->kind < OPT_NUMBER || o->kind == OPT_CHOICE || o->max > o->min, "%s: a range", o->name);
    CHECK(!o->list || o->kind == OPT_TEXT, "%s: lists are of words", o->name);
    for (int k = 0; k < i; k++) {
        const option *other = &option_table[k];
        CHECK(strcmp(o->name, other->name) != 0, "%s: twice in the table", o->name);
        CHECK(!o->letter || o->letter != other->letter, "%s and %s: one letter", o->name, other->name);
        CHECK(word_index(other->aliases, ' ', o->name) == NOT_A_WORD, "%s: an alias of %s", o->name, other->name);
        CHECK(word_index(o->aliases, ' ', other->name) == NOT_A_WORD, "%s: has the alias %s", o->name, other->name);
    }
}

/* A command of one argument that the option has a meaning with. */
static const char *command_of(const option *o)
{
    for (int c = 1; c < CMD_COUNT; c++)
        if (o->commands & 1u << c && commands[c].min_args <= 1)
            return commands[c].name;
    return "13B";
}

static void check_spelling(const option *o, const char *name, bool equals)
{
    char arg[80], value[32];
    sample(o, value, sizeof value);
    bool flag = o->kind == OPT_FLAG;
    (void)snprintf(arg, sizeof arg, "%s%s%s%s", name, flag || !equals ? "" : "=", flag || !equals ? "" : value, "");
    const char *words[] = {"vramfit", command_of(o), "models", arg, value};
    bool is_model = strcmp(words[1], "13B") == 0;
    if (is_model)
        words[2] = "--quiet";
    options p;
    vf_error err;
    bool good = parse(&p, &err, flag || equals ? 4 : 5, words);
    if (o->later) {
        CHECK(!good && strstr(err.text, "not in this version"), "%s: %s", arg, err.text);
    } else if (o->id != OPT_MODEL) {
        CHECK(good, "%s: %s", arg, err.text);
        CHECK(!good || options_has(&p, o->id), "%s: kept", arg);
    }
    options_free(&p);
}

static void check_parser(int i)
{
    const option *o = &option_table[i];
    char name[80];
    (void)snprintf(name, sizeof name, "--%s", o->name);
    check_spelling(o, name, true);
    check_spelling(o, name, false);
    if (o->letter) {
        char letter[3] = {'-', o->letter, 0};
        check_spelling(o, letter, false);
    }
    for (const char *p = o->aliases; p && *p;) {
        size_t n = strcspn(p, " ");
        (void)snprintf(name, sizeof name, "--%.*s", (int)n, p);
        check_spelling(o, name, true);
        p += n + (p[n] != 0);
    }
    /* one letter too many: the option is suggested */
    options parsed;
    vf_error err;
    (void)snprintf(name, sizeof name, "--%sz", o->name);
    const char *words[] = {"vramfit", name};
    CHECK(!parse(&parsed, &err, 2, words), "%s is refused", name);
    (void)snprintf(name, sizeof name, "--%s", o->name);
    CHECK(strstr(err.text, name) != NULL, "%s is suggested: %s", name, err.text);
    options_free(&parsed);
}

/* The ends of what an option takes, and what lies beyond them. */
static void check_range(const option *o)
{
    const uint64_t at[] = {o->min, o->max, o->min ? o->min - 1 : 0, o->max < UINT64_MAX ? o->max + 1 : 0};
    if (o->kind != OPT_NUMBER && o->kind != OPT_TOKENS && o->kind != OPT_SIZE && o->kind != OPT_FRACTION)
        return;
    for (int i = 0; i < 4; i++) {
        char arg[80];
        unsigned long long v = at[i];
        if ((i == 2 && o->min == 0) || (i == 3 && o->max == UINT64_MAX))
            continue;
        if (o->kind == OPT_FRACTION)
            (void)snprintf(arg, sizeof arg, "--%s=%llu.%06llu", o->name, v / 1000000, v % 1000000);
        else
            (void)snprintf(arg, sizeof arg, "--%s=%llu%s", o->name, v, o->kind == OPT_SIZE ? "B" : "");
        const char *words[] = {"vramfit", "13B", arg};
        options p;
        vf_error err;
        bool good = parse(&p, &err, 3, words);
        CHECK(good == (i < 2), "%s: %s", arg, err.text);
        CHECK(!good || p.value[o->id].number == at[i], "%s: kept", arg);
        CHECK(good || strstr(err.text, "out of range") || strstr(err.text, "zero bytes"), "%s: %s", arg, err.text);
        options_free(&p);
    }
}

/* What the words of a line come to: the command, the arguments that are no options, or the error. */
static void check_lines(void)
{
    static const struct {
        const char *line;
        int command;
        const char *plain; /* joined by commas */
        const char *says;  /* NULL: it is good */
    } rows[] = {
        {"13B", CMD_FIT, "13B", NULL},
        {"list models", CMD_LIST, "models", NULL},
        {"--quiet list models", CMD_LIST, "models", NULL},
        {"-fjson list models", CMD_LIST, "models", NULL},
        {"-f json list models", CMD_LIST, "models", NULL},
        {"--format=json list models", CMD_LIST, "models", NULL},
        {"--format json list models", CMD_LIST, "models", NULL},
        {"list -f json models llama", CMD_LIST, "models,llama", NULL},
        {"list models a b", CMD_LIST, "", "one argument too many: 'b'"},
        {"list", CMD_LIST, "", "an argument is missing (models|"},
        {"list --help", CMD_LIST, "", NULL},
        {"diff a", CMD_DIFF, "", "an argument is missing (OLD NEW)"},
        {"version x", CMD_VERSION, "", "one argument too many: 'x'"},
        {"--model list", CMD_FIT, "", NULL}, /* a model of that name */
        {"--model=list", CMD_FIT, "", NULL},
        {"-m list", CMD_FIT, "", NULL},
        {"-mlist", CMD_FIT, "", NULL},
        {"-- list", CMD_FIT, "list", NULL},
        {"-- -x", CMD_FIT, "-x", NULL},
        {"13B list", CMD_FIT, "", "one argument too many: 'list'"},
        {"13B --model 8B", CMD_FIT, "", "one argument too many: '13B'"},
        {"13B --quiet list models", CMD_FIT, "", "one argument too many: 'list'"},
        {"-", CMD_FIT, "-", NULL},
        {"--model -", CMD_FIT, "", NULL},
        {"--model -1", CMD_FIT, "", NULL}, /* no option's letter */
        {"--model -xy", CMD_FIT, "", NULL},
        {"--model -qx", CMD_FIT, "", NULL},
        {"--model -q", CMD_FIT, "", "a value is missing (MODEL)"},
        {"--model --quiet", CMD_FIT, "", "a value is missing (MODEL)"},
        {"--model", CMD_FIT, "", "a value is missing (MODEL)"},
        {"--model=", CMD_FIT, "", "an empty value"},
        {"13B -q", CMD_FIT, "", "a value is missing (QUANT)"},
        {"13B --quiet=yes", CMD_FIT, "", "takes no value (found 'yes')"},
        {"13B -hq8", CMD_FIT, "13B", NULL},
        {"13B -hx", CMD_FIT, "", "unknown option '-hx'"},
        {"13B -c 4096 -c 4096", CMD_FIT, "13B", NULL},
        {"13B -c 4096 -c 8192", CMD_FIT, "", "given twice, with '4096' and '8192'"},
        {"13B -q q4 -q q8", CMD_FIT, "13B", NULL}, /* a list */
        {"list models --gpu 24GB", CMD_LIST, "", "has no meaning with 'list'"},
        {"lock --verify x --gpu 24GB", CMD_LOCK, "", NULL}, /* it keeps the settings of a question */
        {"13B --verify x", CMD_FIT, "", "has no meaning with ''"},
        {"13B -f jsonx", CMD_FIT, "", "not one of table|json|"},
        {"13B -f |", CMD_FIT, "", "not one of table|json|"},
        {"13B -c 4kk", CMD_FIT, "", "not a number such as 4096 or 8k, nor a word that it takes"},
        {"13B --prompt x", CMD_FIT, "", "not a number such as 4096 or 8k"},
        {"13B --batch 1k", CMD_FIT, "", "not a number"},
        {"13B --gpu-memory-utilization x", CMD_FIT, "", "not a number such as 0.90"},
        {"13B --reserve x", CMD_FIT, "", "'x' is not a size"},
        {"13B --batch 0", CMD_FIT, "", "out of range (1 to 1048576)"},
        /* what a name that is none may have been meant for: of two letters one may be wrong, of five two, of nine three */
        {"--x", CMD_FIT, "", "unknown option '--x'"},
        {"--gp", CMD_FIT, "", "unknown option '--gp' (did you mean --gpu?)"},
        {"--o", CMD_FIT, "", "unknown option '--o'"},
        {"--muxp", CMD_FIT, "", "unknown option '--muxp'"},
        {"--quxxt", CMD_FIT, "", "unknown option '--quxxt' (did you mean --quant or --quiet?)"},
        {"--parxyzel", CMD_FIT, "", "unknown option '--parxyzel'"},
        {"--parallxyz", CMD_FIT, "", "unknown option '--parallxyz' (did you mean --parallel?)"},
        {"--paralwxyz", CMD_FIT, "", "unknown option '--paralwxyz'"},
        {"--cache-type-", CMD_FIT, "", "unknown option '--cache-type-' (did you mean --cache-type-k or --cache-type-v?)"},
        {"--cache-typ-v", CMD_FIT, "", "unknown option '--cache-typ-v' (did you mean --cache-type-v or --cache-type-k?)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[200], plain[100] = "";
        const char *words[12] = {"vramfit"};
        int n = 1;
        (void)snprintf(line, sizeof line, "%s", rows[i].line);
        for (char *p = strtok(line, " "); p; p = strtok(NULL, " "))
            words[n++] = p;
        options o;
        vf_error err;
        bool good = parse(&o, &err, n, words);
        CHECK(good == !rows[i].says && (int)o.command == rows[i].command, "%s: command %d, %s", rows[i].line, (int)o.command, err.text);
        for (size_t k = 0; good && k < o.n_plain; k++)
            (void)snprintf(plain + strlen(plain), sizeof plain - strlen(plain), "%s%s", k ? "," : "", o.plain[k]);
        CHECK_STR(plain, rows[i].plain, rows[i].line);
        if (rows[i].says && strncmp(rows[i].says, "unknown", 7) == 0) /* without a hint, or with this one */
            CHECK_STR(err.text, rows[i].says, rows[i].line);
        else
            CHECK(!rows[i].says || strstr(err.text, rows[i].says), "%s: %s", rows[i].line, err.text);
        options_free(&o);
    }
    char name[70] = "--";
    for (size_t n = 62; n < 66; n++) { /* names longer than any are none */
        memset(name + 2, 'x', n);
        name[n + 2] = 0;
        const char *words[] = {"vramfit", name};
        options o;
        vf_error err;
        CHECK(!parse(&o, &err, 2, words) && strncmp(err.text, "unknown option '--xx", 20) == 0, "%s", err.text);
        options_free(&o);
    }
}

static void check_numbers(void)
{
    static const struct {
        const char *text;
        uint64_t value;
        bool good;
    } tokens[] = {{"8k", 8192, true},    {"8K", 8192, true}, {"1m", 1048576, true}, {"1M", 1048576, true}, {"4096", 4096, true}, {"k", 0, false},
                  {"", 0, false},        {"-1", 0, false},   {"1.5k", 0, false},    {"8kk", 0, false},    {"+8", 0, false},
                  {"18446744073709551615", UINT64_MAX, true}, {"18446744073709551616", 0, false},
                  {"18014398509481984k", 0, false}};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        uint64_t v = 0;
        bool good = parse_tokens(tokens[i].text, &v);
        CHECK(good == tokens[i].good && (!good || v == tokens[i].value), "tokens '%s'", tokens[i].text);
    }
    uint64_t v = 0;
    CHECK(parse_millionths("0.90", 4, &v) && v == 900000, "0.90");
    CHECK(parse_millionths("3", 1, &v) && v == 3000000, "3");
    CHECK(parse_millionths("0.000001", 8, &v) && v == 1 && parse_millionths("0.123456", 8, &v) && v == 123456, "six decimals");
    CHECK(parse_millionths("1000000", 7, &v) && v == UINT64_C(1000000000000) && !parse_millionths("1000001", 7, &v), "a million");
    CHECK(parse_millionths("1.5x", 3, &v) && v == 1500000, "what lies behind is not looked at");
    CHECK(!parse_millionths("0.9000001", 9, &v), "seven decimals");
    CHECK(!parse_millionths("nan", 3, &v) && !parse_millionths(".", 1, &v) && !parse_millionths("1.", 2, &v), "no numbers");
}

int main(void)
{
    for (int i = 0; i < OPT_COUNT; i++) {
        check_row(i);
        check_parser(i);
        check_range(&option_table[i]);
    }
    check_lines();
    check_numbers();
    CHECK(strstr(option_table[OPT_RUNTIME].help, "list runtimes"), "help of --runtime says where all are");
    return CHECK_END();
}
