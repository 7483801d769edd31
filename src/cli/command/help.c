/* help: pages made from the option table, and a few of text. */
#include "cli/args/help_export.h"
#include "cli/session.h"
#include "vramfit/load.h"

#include <stdio.h>
#include <string.h>

#define OPTION_COLUMNS 28
#define PAGE_COLUMNS 80

static void option_line(buf *b, const option *o, bool full)
{
    size_t start = b->n;
    if (o->letter)
        buf_fmt(b, "  -%c, --%s", o->letter, o->name);
    else
        buf_fmt(b, "      --%s", o->name);
    if (o->value)
        buf_fmt(b, " %s", o->value);
    size_t used = b->failed ? 0 : b->n - start;
    if (used + 2 > OPTION_COLUMNS) {
        buf_str(b, "\n");
        start = b->n;
    }
    buf_pad(b, start, OPTION_COLUMNS);
    char text[400];
    (void)snprintf(text, sizeof text, "%s%s%s%s%s%s%s%s%s", o->help, full && o->dflt ? "; default: " : "",
                   full && o->dflt ? o->dflt : "", full && o->list ? "; may be repeated" : "",
                   full && o->runtimes ? "; of " : "", full && o->runtimes ? o->runtimes : "",
                   full && o->aliases ? "; also --" : "", full && o->aliases ? o->aliases : "",
                   full && o->later ? "; not in this version" : "");
    buf_wrap(b, text, OPTION_COLUMNS, OPTION_COLUMNS, PAGE_COLUMNS);
}

static void option_groups(buf *b, bool full)
{
    for (int g = 0; g < GROUP_COUNT; g++) {
        bool any = false;
        for (int i = 0; i < OPT_COUNT; i++) {
            const option *o = &option_table[i];
            if ((int)o->group != g || !(full || o->front))
                continue;
            if (!any)
                buf_fmt(b, "%s\n", group_title[g]);
            any = true;
            option_line(b, o, full);
        }
        if (any && full)
            buf_str(b, "\n");
    }
}

static void front_page(buf *b)
{
    buf_str(b, "usage: vramfit --model MODEL [--quant QUANT] --gpu GPU [settings]\n"
               "       vramfit --models-from LIST --gpu GPU\n"
               "       vramfit --gpu GPU [--exec] -- llama-server -m FILE ...\n");
    for (int c = 1; c < CMD_COUNT; c++)
        if (!commands[c].later && c != CMD_VERSION) /* -V is below */
            buf_fmt(b, "       vramfit %s%s%s\n", commands[c].name, commands[c].args[0] ? " " : "", commands[c].args);
    buf_str(b, "Will this language model, in this quantization, run on this GPU?\n\n");
    option_groups(b, false);
    buf_str(b, "\nExit status: 0 fits, 3 fits but is fragile, 1 does not fit, 2 an error.\n"
               "Example: vramfit --model 13B --quant q8 --gpu 24GB\n");
}

static void options_page(buf *b)
{
    option_groups(b, true);
    buf_str(b, "--option=value and --option value are the same; -- ends the options. Long\n"
               "options are not abbreviated. An option given twice with two values is an error\n"
               "unless it may be repeated.\n");
}

static void commands_page(buf *b)
{
    for (int c = 1; c < CMD_COUNT; c++) {
        buf_fmt(b, "vramfit %s%s%s\n    %s%s\n", commands[c].name, commands[c].args[0] ? " " : "", commands[c].args, commands[c].help,
                commands[c].later ? " (not in this version)" : "");
    }
}

/* Each is said in the message of the error that it gives. */
static void limits_page(buf *b)
{
    static const struct {
        const char *what, *limit;
    } limit[] = {
        {"GGUF header", "256 MiB, over all parts"},
        {"metadata keys", "65,536 a file"},
        {"tensors", "131,072 a file, 1,048,576 a model"},
        {"dimensions of a tensor", "4"},
        {"metadata key", "65,535 bytes"},
        {"array elements", "2^24, not nested"},
        {"safetensors header", "100,000,000 bytes"},
        {"shard index", "32 MiB, 1,048,576 entries"},
        {"JSON file (catalog, config.json)", "1 MiB, 64 levels, 65,536 members an object"},
        {"line of a list", "64 KiB"},
        {"argument shown in a message", "80 characters"},
        {"name compared for suggestions", "256 characters"},
        {"layers", "2,048"},
        {"context", "2^31 tokens"},
        {"any number of bytes", "2^60"},
        {"parts of a split model", "9,999"},
        {"cards used together", "16"},
        {"cases of one question", "1,024 (models x quantizations x GPUs)"},
        {"memory that vramfit itself takes", "64 MiB"},
    };
    for (size_t i = 0; i < sizeof limit / sizeof limit[0]; i++) {
        size_t start = b->n;
        buf_str(b, limit[i].what);
        buf_pad(b, start, 36);
        buf_fmt(b, "%s\n", limit[i].limit);
    }
}

static void models_page(buf *b)
{
    buf_str(b, "A model is one of\n"
               "  a name or alias of the catalog, however it is spelt: llama3.1:8b\n"
               "  a size class such as 7B, 13B, 70B, 8x7B, 30B-A3B: a known model stands in,\n"
               "    and the answer says which\n"
               "  a GGUF file, the first part of a split one, or - for a header on stdin\n"
               "  the name of a GGUF file that is not there: llama-2-13b.Q8_0.gguf\n"
               "  a folder with config.json, or that file, with or without safetensors\n"
               "  a .safetensors file or model.safetensors.index.json\n"
               "  ollama:NAME[:TAG], a model of Ollama's local store (OLLAMA_MODELS, else\n"
               "    ~/.ollama/models), or the path of a manifest in it\n"
               "A file wins over a name. See 'vramfit list models', 'vramfit show NAME'.\n");
}

static void quants_page(buf *b)
{
    buf_str(b, "What a word means, and the runtime that it implies unless --runtime is given:\n"
               "  f32 f16 bf16, every GGUF type (q4_k_m, iq3_xs, mxfp4 ...)    llama.cpp\n"
               "  q8 = Q8_0, q6 = Q6_K, q5 = Q5_K_M, q4 = Q4_K_M, q3 = Q3_K_M, q2 = Q2_K\n"
               "  int8 = 8bit, nf4 = 4bit, fp4, hqq, torchao names             transformers\n"
               "  int4, awq, gptq, fp8, nvfp4, w4a16, w8a8                     vllm\n"
               "  exl2-*, exl3-*, mlx-*                                        exllama, mlx\n"
               "Under --runtime generic a word is its bits per weight: q8 = int8 = 1 byte,\n"
               "q4 = int4 = 0.5, q2 = 0.25.\n"
               "Q+im is Q made with an importance matrix. Several: --quant q4,q8.\n"
               "Without --quant: the types in the file, or the format the weights are\n"
               "published in if it is quantized and can be loaded here, else q4_k_m.\n"
               "See 'vramfit list quants', 'vramfit show q4_k_m'.\n");
}

static void gpus_page(buf *b)
{
    buf_str(b, "A GPU is a name (3090, 'RTX 4090', h100-80gb) or a size (24GB: the label of a\n"
               "card, so that G, GB and GiB are all 2^30). 2x3090, 3090+4090 and 24GB+12GB are\n"
               "cards used together, in this order. Commas and repeats are alternatives. none\n"
               "is the CPU alone. auto are this machine's (all of one maker together): their\n"
               "sizes as the driver tells them, and as the desktop what is in use now.\n"
               "'vramfit list gpus auto' and 'show auto' tell of them and of who holds their\n"
               "memory.\n"
               "The driver keeps a part of a card (--os), the desktop takes another on the\n"
               "first (--desktop), --reserve holds back more on each. A size counts as a\n"
               "GeForce of compute capability 8.6: from 2 to 48 GiB the driver keeps 464 MiB\n"
               "under Linux; up to 32 GiB it has a typical desktop.\n"
               "Models side by side (--also) are put whole on a card each where that fits; the\n"
               "answer says which one is on which, counted from 0, and how each is started.\n"
               "See 'vramfit list gpus', 'vramfit list desktops', 'vramfit show 3090'.\n");
}

static void verdict_page(buf *b)
{
    buf_str(b, "On each card:\n"
               "  need      = weights + KV cache + compute + runtime\n"
               "  available = total - reserved - desktop - held back\n"
               "  headroom  = available - need\n"
               "  fit       the margin is within the headroom          exit status 0\n"
               "  fragile   the headroom is smaller than the margin    exit status 3\n"
               "  no-fit    there is no headroom                       exit status 1\n"
               "An error gives 2. Of several answers the worst counts: 2 over 1 over 3 over 0.\n"
               "The margin is what the estimate may be off by; byte-exact terms have none.\n"
               "--policy median and optimistic make it smaller, never the need. --explain\n"
               "shows every term.\n");
}

static void lists_page(buf *b)
{
    buf_str(b, "--models-from LIST (- is stdin): one model a line, 'MODEL [QUANT [CONTEXT]]'\n"
               "with blanks or tabs between; what is missing comes from the options. # starts\n"
               "a comment. With --null there are names only, each with a NUL behind it.\n"
               "Results come in order, as they are made. A bad line is told of on standard\n"
               "error (and in JSON's errors), the others go on, and the exit status is 2.\n");
}

static void check_page(buf *b)
{
    buf_str(b, "vramfit check [PATH...] [--format table|json|sarif]\n"
               "looks through catalog data: a JSON file, a folder laid out like data/, - for\n"
               "standard input, the built-in catalog without any. Each finding has an id:\n");
    const vf_check_rule *rule;
    for (uint32_t i = 0; (rule = vf_catalog_check_rule(i)) != NULL; i++) {
        size_t start = b->n;
        buf_fmt(b, "  %s", rule->id);
        buf_pad(b, start, 24);
        buf_wrap(b, rule->text, 24, 24, 79);
    }
    buf_str(b, "Exit status 2 with errors, 0 without; needless-alias, needless-unchecked,\n"
               "needless-difference and source-stale are warnings.\n");
}

static void diff_page(buf *b)
{
    buf_str(b, "vramfit diff OLD NEW [--gpu GPU] [--quant QUANT] [settings]\n"
               "compares catalog data: OLD and NEW are JSON files or folders laid out like\n"
               "data/; the word built-in is the catalog of this program. Entries that came,\n"
               "went or changed are listed field by field. With --gpu every model of both is\n"
               "judged on each card, and the verdicts that flip are listed, too (refused: it\n"
               "cannot be answered).\n"
               "What a folder laid out like data/ has not is gone; a lone file adds to the\n"
               "built-in catalog. --format is table, json or tsv.\n"
               "Exit status: 0 nothing differs, 1 something does, 2 an error.\n");
}

static const struct {
    const char *topic;
    void (*print)(buf *b);
} topics[] = {{"options", options_page}, {"commands", commands_page}, {"models", models_page}, {"quants", quants_page},
              {"gpus", gpus_page},       {"verdict", verdict_page},   {"lists", lists_page},   {"limits", limits_page},
              {"check", check_page},     {"diff", diff_page},
              {"man", export_man},       {"bash", export_bash},       {"zsh", export_zsh},     {"fish", export_fish}};

int command_help(session *s, vf_error *err)
{
    const char *topic = s->opts.command == CMD_HELP && s->opts.n_plain ? s->opts.plain[0] : NULL;
    char known[160] = "";
    if (!topic) {
        front_page(&s->out);
        return EXIT_FITS;
    }
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        if (strcmp(topics[i].topic, topic) == 0) {
            topics[i].print(&s->out);
            return EXIT_FITS;
        }
        size_t used = strlen(known);
        (void)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", topics[i].topic);
    }
    (void)fail_value(err, "help", topic, "not one of %s", known);
    return EXIT_BAD;
}

int command_version(session *s, vf_error *err)
{
    (void)err;
    buf_fmt(&s->out, "vramfit %s\ncJSON %s\n", vf_version(), vf_json_library_version());
    return EXIT_FITS;
}
