/* The option table as a man page and as completions for shells. What data/man/ and data/completions/ hold
 * is this output; a test compares them. */
#include "cli/args/help_export.h"

#include <string.h>

/* The names that options take a value from: what `vramfit list` says. */
static const struct {
    opt_id id;
    const char *topic;
} listed[] = {{OPT_MODEL, "models"}, {OPT_QUANT, "quants"}, {OPT_GPU, "gpus"}, {OPT_RUNTIME, "runtimes"}, {OPT_DESKTOP, "desktops"}};

static const char *topic_of(opt_id id)
{
    for (size_t i = 0; i < sizeof listed / sizeof listed[0]; i++)
        if (listed[i].id == id)
            return listed[i].topic;
    return NULL;
}

static bool is_offered(const option *o)
{
    return !o->later;
}

/* The choices of an option, with `separator` between. */
static void add_words(buf *b, const option *o, const char *separator)
{
    bool first = true;
    for (const char *p = o->words; p && *p;) {
        char word[32];
        size_t n = strcspn(p, "|");
        if (n < sizeof word) {
            memcpy(word, p, n);
            word[n] = 0;
            buf_str(b, first ? "" : separator);
            buf_str(b, word);
            first = false;
        }
        p += n + (p[n] != 0);
    }
}

/* Text with every character of `special` behind a backslash, or (quote) doubled as shells want it. */
static void add_escaped(buf *b, const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'' && strchr(special, '\''))
            buf_str(b, "'\\''");
        else if (strchr(special, *text))
            buf_fmt(b, "\\%c", *text);
        else
            buf_add(b, text, 1);
    }
}

/* ---- man page --------------------------------------------------------------------------------- */

static void man_option(buf *b, const option *o)
{
    buf_str(b, ".TP\n");
    if (o->letter)
        buf_fmt(b, "\\fB\\-%c\\fR, ", o->letter);
    buf_str(b, "\\fB\\-\\-");
    add_escaped(b, o->name, "-\\");
    buf_str(b, "\\fR");
    if (o->value) {
        buf_str(b, " \\fI");
        add_escaped(b, o->value, "-\\");
        buf_str(b, "\\fR");
    }
    buf_str(b, "\n");
    add_escaped(b, o->help, "-\\");
    buf_str(b, ".\n");
    if (o->dflt) {
        buf_str(b, "Default: ");
        add_escaped(b, o->dflt, "-\\");
        buf_str(b, ".\n");
    }
    if (o->runtimes) {
        buf_str(b, "A setting of ");
        add_escaped(b, o->runtimes, "-\\");
        buf_str(b, ".\n");
    }
    if (o->list)
        buf_str(b, "May be repeated.\n");
}

void export_man(buf *b)
{
    buf_fmt(b, ".TH VRAMFIT 1 2026-11-20 \"vramfit %s\" \"User Commands\"\n", vf_version());
    buf_str(b, ".SH NAME\nvramfit \\- will this language model run on this GPU?\n.SH SYNOPSIS\n"
               ".nf\n\\fBvramfit\\fR \\fB\\-\\-model\\fR \\fIMODEL\\fR [\\fB\\-\\-quant\\fR \\fIQUANT\\fR] "
               "\\fB\\-\\-gpu\\fR \\fIGPU\\fR [settings]\n"
               "\\fBvramfit\\fR \\fB\\-\\-models\\-from\\fR \\fILIST\\fR \\fB\\-\\-gpu\\fR \\fIGPU\\fR [settings]\n");
    for (int c = 1; c < CMD_COUNT; c++) {
        if (commands[c].later)
            continue;
        buf_fmt(b, "\\fBvramfit %s\\fR ", commands[c].name);
        add_escaped(b, commands[c].args, "-\\");
        buf_str(b, "\n");
    }
    buf_str(b, ".fi\n.SH DESCRIPTION\nSays whether a language model, in a quantization and with the\n"
               "settings of a run, fits into the memory of a GPU, and how many bytes each\n"
               "part takes: weights, KV cache, compute buffers, runtime, desktop.\nNothing is downloaded, and no GPU is needed.\n.SH OPTIONS\n");
    for (int g = 0; g < GROUP_COUNT; g++) {
        bool any = false;
        for (int i = 0; i < OPT_COUNT; i++) {
            if ((int)option_table[i].group != g || !is_offered(&option_table[i]))
                continue;
            if (!any)
                buf_fmt(b, ".SS %s\n", group_title[g]);
            any = true;
            man_option(b, &option_table[i]);
        }
    }
    buf_str(b, ".SH EXIT STATUS\n.TP\n0\nEverything fits.\n.TP\n3\nNothing fails, but something is fragile.\n.TP\n1\n"
               "Something does not fit.\n.TP\n2\nBad usage, bad input, or an error in reading or writing.\n"
               ".SH ENVIRONMENT\n.TP\nCOLUMNS, NO_COLOR, TERM\nAs usual.\n"
               ".SH FILES\n.TP\n$XDG_CONFIG_HOME/vramfit/catalog, ~/.config/vramfit/catalog\n"
               "A folder of JSON files that add to the built\\-in catalog.\n"
               ".SH EXAMPLES\n.nf\nvramfit \\-\\-model 13B \\-\\-quant q8 \\-\\-gpu 24GB\n"
               "vramfit llama3.1:70b \\-q q4_k_m \\-g 2x3090 \\-c 16k \\-\\-explain\n"
               "vramfit model.gguf \\-g 3090,4090 \\-f json\n.fi\n");
}

/* ---- completions ------------------------------------------------------------------------------ */

static void bash_names(buf *b, const option *o)
{
    buf_fmt(b, "    --%s", o->name);
    if (o->letter)
        buf_fmt(b, "|-%c", o->letter);
    buf_str(b, ")\n");
}

void export_bash(buf *b)
{
    buf_str(b, "# bash completion for vramfit\n"
               "_vramfit() {\n  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n"
               "  _vramfit_names() { vramfit list \"$1\" -f tsv 2>/dev/null | tail -n +2 | cut -f1 | tr ' ' '-'; }\n"
               "  case $prev in\n");
    for (int i = 0; i < OPT_COUNT; i++) {
        const option *o = &option_table[i];
        if (!is_offered(o) || (!o->words && !topic_of(o->id)))
            continue;
        bash_names(b, o);
        if (o->words) {
            buf_str(b, "      words='");
            add_words(b, o, " ");
            buf_str(b, "' ;;\n");
        } else {
            buf_fmt(b, "      words=$(_vramfit_names %s) ;;\n", topic_of(o->id));
        }
    }
    buf_str(b, "    list)\n      words='models quants gpus runtimes desktops' ;;\n    *)\n      words='");
    for (int i = 0; i < OPT_COUNT; i++)
        if (is_offered(&option_table[i]))
            buf_fmt(b, "--%s ", option_table[i].name);
    for (int c = 1; c < CMD_COUNT; c++)
        if (!commands[c].later)
            buf_fmt(b, "%s%s", commands[c].name, c + 1 < CMD_COUNT ? " " : "");
    buf_str(b, "' ;;\n  esac\n  local IFS=$' \\n'\n  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\n"
               "complete -o default -F _vramfit vramfit\n");
}

void export_zsh(buf *b)
{
    buf_str(b, "#compdef vramfit\n_vramfit_names() {\n  local -a names\n"
               "  names=(${(f)\"$(vramfit list $1 -f tsv 2>/dev/null | tail -n +2 | cut -f1)\"})\n"
               "  compadd -a names\n}\n_arguments \\\n");
    for (int i = 0; i < OPT_COUNT; i++) {
        const option *o = &option_table[i];
        if (!is_offered(o))
            continue;
        for (int letter = o->letter ? 1 : 0; letter >= 0; letter--) {
            if (letter)
                buf_fmt(b, "  '%s-%c[", o->list ? "*" : "", o->letter);
            else
                buf_fmt(b, "  '%s--%s%s[", o->list ? "*" : "", o->name, o->value ? "=" : "");
            add_escaped(b, o->help, "'[]:\\");
            buf_str(b, "]");
            if (o->value) {
                buf_str(b, ":");
                add_escaped(b, o->value, "'[]:\\");
                buf_str(b, ":");
                if (o->words) {
                    buf_str(b, "(");
                    add_words(b, o, " ");
                    buf_str(b, ")");
                } else if (topic_of(o->id)) {
                    buf_fmt(b, "{_vramfit_names %s}", topic_of(o->id));
                } else {
                    buf_str(b, "_files");
                }
            }
            buf_str(b, "' \\\n");
        }
    }
    buf_str(b, "  '*:argument:_files'\n");
}

void export_fish(buf *b)
{
    for (int c = 1; c < CMD_COUNT; c++) {
        if (commands[c].later)
            continue;
        buf_fmt(b, "complete -c vramfit -n __fish_use_subcommand -a %s -d '", commands[c].name);
        add_escaped(b, commands[c].help, "'\\");
        buf_str(b, "'\n");
    }
    for (int i = 0; i < OPT_COUNT; i++) {
        const option *o = &option_table[i];
        if (!is_offered(o))
            continue;
        buf_fmt(b, "complete -c vramfit -l %s", o->name);
        if (o->letter)
            buf_fmt(b, " -s %c", o->letter);
        if (o->value)
            buf_str(b, o->words || topic_of(o->id) ? " -x" : " -r");
        if (o->words) {
            buf_str(b, " -a '");
            add_words(b, o, " ");
            buf_str(b, "'");
        } else if (topic_of(o->id)) {
            buf_fmt(b, " -a '(vramfit list %s -f tsv 2>/dev/null | tail -n +2 | cut -f1)'", topic_of(o->id));
        }
        buf_str(b, " -d '");
        add_escaped(b, o->help, "'\\");
        buf_str(b, "'\n");
    }
}
