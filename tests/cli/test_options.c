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

static void check_numbers(void)
{
    static const struct {
        const char *text;
        uint64_t value;
        bool good;
    } tokens[] = {{"8k", 8192, true},    {"8K", 8192, true}, {"1m", 1048576, true}, {"4096", 4096, true}, {"k", 0, false},
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
    CHECK(!parse_millionths("0.9000001", 9, &v), "seven decimals");
    CHECK(!parse_millionths("nan", 3, &v) && !parse_millionths(".", 1, &v) && !parse_millionths("1.", 2, &v), "no numbers");
}

int main(void)
{
    for (int i = 0; i < OPT_COUNT; i++) {
        check_row(i);
        check_parser(i);
    }
    check_numbers();
    CHECK(strstr(option_table[OPT_RUNTIME].help, "list runtimes"), "help of --runtime says where all are");
    return CHECK_END();
}
