/* list: what the catalog holds, one line each. */
#include "cli/report/grid.h"
#include "cli/ask/machine.h"

#include <stdio.h>
#include <string.h>

typedef char cell[80];

static void number(char *out, uint64_t v)
{
    out[0] = 0;
    if (v)
        (void)snprintf(out, sizeof(cell), "%llu", (unsigned long long)v);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether `part` is in `text`, whatever the case. */
static bool contains(const char *text, const char *part)
{
    for (; *text; text++) {
        size_t i = 0;
        while (part[i] && lower(text[i]) == lower(part[i]))
            i++;
        if (!part[i])
            return true;
    }
    return !part[0];
}

/* Whether a pattern is in any of the texts, or of the aliases. */
static bool matches(const session *s, const char *const *text, size_t n, vf_kind kind, uint32_t index)
{
    const char *pattern = s->opts.n_plain > 1 ? s->opts.plain[1] : "";
    for (size_t i = 0; i < n; i++)
        if (contains(text[i], pattern))
            return true;
    const char *(*alias_of)(const vf_catalog *, uint32_t, uint32_t) = kind == VF_KIND_MODEL   ? vf_catalog_model_alias
                                                                      : kind == VF_KIND_QUANT ? vf_catalog_quant_alias
                                                                      : kind == VF_KIND_GPU   ? vf_catalog_gpu_alias
                                                                                              : NULL;
    const char *alias;
    for (uint32_t i = 0; alias_of && (alias = alias_of(s->catalog, index, i)); i++)
        if (contains(alias, pattern))
            return true;
    return false;
}

static const grid_column model_columns[] = {{"model", false},      {"parameters", true}, {"layers", true}, {"context", true},
                                            {"architecture", false}, {"released", false},  {"license", false}};

static void model_row(const session *s, uint32_t i, grid *g)
{
    vf_model_entry e;
    cell parameters, layers, context;
    (void)vf_catalog_model(s->catalog, i, &e);
    number(parameters, e.parameters);
    number(layers, e.n_layer);
    number(context, e.n_ctx_train);
    const char *row[] = {e.id, parameters, layers, context, e.arch, e.release, e.license};
    const char *found[] = {e.id, e.family, e.arch};
    if (!matches(s, found, 3, VF_KIND_MODEL, i))
        return;
    grid_row(g, row);
}

static const grid_column quant_columns[] = {{"quant", false}, {"nominal_bits", true}, {"runtime", false}, {"kind", false}, {"runtimes", false}};

static void quant_row(const session *s, uint32_t i, grid *g)
{
    vf_quant_entry e;
    cell bits = "";
    (void)vf_catalog_quant(s->catalog, i, &e);
    if (e.millibits)
        (void)snprintf(bits, sizeof bits, "%u.%02u", e.millibits / 1000, e.millibits % 1000 / 10);
    const char *row[] = {e.name, bits, e.quant.runtime, e.kind, e.runtimes};
    const char *found[] = {e.name, e.kind, e.runtimes};
    if (!matches(s, found, 3, VF_KIND_QUANT, i))
        return;
    grid_row(g, row);
}

static const grid_column gpu_columns[] = {{"gpu", false},  {"memory_mib", true}, {"usable_mib", true}, {"backend", false},
                                          {"class", false}, {"year", true},       {"architecture", false}};

static void gpu_row(const session *s, uint32_t i, grid *g)
{
    vf_gpu_entry e;
    cell memory, usable, year;
    (void)vf_catalog_gpu(s->catalog, i, &e);
    uint64_t total = e.driver_bytes ? e.driver_bytes : e.memory_bytes;
    bool windows = s->opts.value[OPT_OS].text && s->opts.value[OPT_OS].word == 1;
    uint64_t reserved = windows ? e.reserved_windows : e.reserved_linux;
    number(memory, e.memory_bytes >> 20);
    number(usable, (total > reserved ? total - reserved : 0) >> 20);
    number(year, e.year);
    const char *row[] = {e.name, memory, usable, vf_backend_name(e.backend), e.class_, year, e.architecture};
    const char *found[] = {e.name, e.vendor, e.class_, e.architecture};
    if (!matches(s, found, 4, VF_KIND_GPU, i))
        return;
    grid_row(g, row);
}

static const grid_column runtime_columns[] = {{"runtime", false}, {"available", false}, {"version", false}, {"note", false}};

static void runtime_row(const session *s, uint32_t i, grid *g)
{
    vf_runtime_entry e;
    (void)vf_catalog_runtime(s->catalog, i, &e);
    const char *row[] = {e.name, e.available ? "yes" : "later", e.version, e.note};
    const char *found[] = {e.name, e.note};
    if (!matches(s, found, 2, VF_KIND_RUNTIME, i))
        return;
    grid_row(g, row);
}

static const grid_column desktop_columns[] = {{"desktop", false}, {"bytes", true}, {"spread_bytes", true}, {"note", false}};

static void desktop_row(const session *s, uint32_t i, grid *g)
{
    vf_desktop_entry e;
    cell bytes, spread;
    (void)vf_catalog_desktop(s->catalog, i, &e);
    (void)snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)e.bytes);
    (void)snprintf(spread, sizeof spread, "%llu", (unsigned long long)e.spread);
    const char *row[] = {e.name, bytes, spread, e.note};
    const char *found[] = {e.name, e.note};
    if (!matches(s, found, 2, VF_KIND_DESKTOP, i))
        return;
    grid_row(g, row);
}

#define COLUMNS(c) c, sizeof(c) / sizeof(c)[0]
static const struct {
    const char *topic;
    vf_kind kind;
    const grid_column *column;
    size_t n_columns;
    void (*row)(const session *s, uint32_t index, grid *g);
} topics[] = {
    {"models", VF_KIND_MODEL, COLUMNS(model_columns), model_row},
    {"quants", VF_KIND_QUANT, COLUMNS(quant_columns), quant_row},
    {"gpus", VF_KIND_GPU, COLUMNS(gpu_columns), gpu_row},
    {"runtimes", VF_KIND_RUNTIME, COLUMNS(runtime_columns), runtime_row},
    {"desktops", VF_KIND_DESKTOP, COLUMNS(desktop_columns), desktop_row},
};

int command_list(session *s, vf_error *err)
{
    const char *topic = s->opts.plain[0];
    for (size_t t = 0; t < sizeof topics / sizeof topics[0]; t++) {
        if (strcmp(topics[t].topic, topic) != 0)
            continue;
        grid g;
        if (topics[t].kind == VF_KIND_GPU && s->opts.n_plain > 1 && strcmp(s->opts.plain[1], GPU_AUTO) == 0)
            return machine_list(s, err);
        if (!session_catalog(s, err))
            return EXIT_BAD;
        grid_begin(&g, s, &s->out, topic, topics[t].column, topics[t].n_columns);
        for (uint32_t i = 0, n = vf_catalog_count(s->catalog, topics[t].kind); i < n; i++)
            topics[t].row(s, i, &g);
        grid_end(&g);
        return EXIT_FITS;
    }
    (void)fail_value(err, "list", topic, "not one of models, quants, gpus, runtimes, desktops");
    return EXIT_BAD;
}
