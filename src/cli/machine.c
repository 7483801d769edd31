#include "cli/machine.h"
#include "cli/grid.h"
#include "vramfit/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the tests put a machine of their own. */
#define ROOT_VARIABLE "VRAMFIT_PROBE_ROOT"
#define NVML_VARIABLE "VRAMFIT_NVML"

static bool look(vf_probe_result **out, vf_error *err)
{
    const char *root = getenv(ROOT_VARIABLE), *library = getenv(NVML_VARIABLE);
    const vf_probe_options o = {.root = root && root[0] ? root : NULL, .nvml = library && library[0] ? library : NULL,
                                .visible = getenv("CUDA_VISIBLE_DEVICES")};
    *out = malloc(sizeof **out);
    if (!*out)
        return fail_nomem(err);
    return vf_probe_cards(&o, *out, err) == VF_OK;
}

static bool not_found(const vf_probe_result *p, vf_error *err)
{
    char seen[VF_NOTE_TEXT + 4] = "";
    if (p->n_notes)
        (void)snprintf(seen, sizeof seen, "; %s", p->note[0]);
    err->status = VF_ERR_NOT_FOUND;
    return fail(err, "--gpu", "auto: no card that tells its memory was found (looked for libnvidia-ml.so.1 and in /sys/class/drm)%s", seen);
}

/* What the catalog knows of a card by its name. */
static bool known(session *s, const vf_card *c, vf_gpu_entry *g)
{
    uint32_t index;
    vf_error ignored = {0};
    return session_find(s, VF_KIND_GPU, c->name, &index, &ignored) == VF_OK && vf_catalog_gpu(s->catalog, index, g) == VF_OK;
}

static void device_of(session *s, const vf_card *c, vf_device *d)
{
    vf_gpu_entry g;
    *d = (vf_device){.total = c->total, .reserved = c->reserved, .desktop = c->used, .compute_capability = c->compute_capability};
    text_set(d->name, sizeof d->name, c->name);
    if (!known(s, c, &g))
        return;
    text_set(d->name, sizeof d->name, g.name);
    d->compute_capability = c->compute_capability ? c->compute_capability : g.compute_capability;
    d->multiprocessors = g.multiprocessors;
    d->bandwidth_mbs = g.bandwidth_mbs;
    d->link_mbs = gpu_link_rate(g.link);
    d->link_is_bridge = strstr(g.link, "bridge") != NULL;
    d->bus_mbs = gpu_bus_rate(g.bus);
}

/* One maker's cards work together: those of the first that has memory of its own. */
static const char *maker(const vf_probe_result *p)
{
    for (uint32_t i = 0; i < p->n; i++)
        if (!p->card[i].unified)
            return p->card[i].vendor;
    return p->card[0].vendor;
}

static void holders_text(const vf_card *c, uint32_t most, buf *b)
{
    for (uint32_t i = 0; i < c->n_holders && i < most; i++) {
        buf_str(b, i ? ", " : "");
        buf_plain(b, c->holder[i].name[0] ? c->holder[i].name : "a process");
        if (c->holder[i].bytes) {
            buf_str(b, " ");
            buf_bytes(b, (int64_t)c->holder[i].bytes);
        }
    }
}

static void say(const vf_probe_result *p, const char *vendor, char note[VF_NOTE_TEXT])
{
    buf b = {0};
    const char *before = "this machine now: ";
    for (uint32_t i = 0; i < p->n; i++) {
        const vf_card *c = &p->card[i];
        buf_str(&b, before);
        buf_plain(&b, c->name);
        if (strcmp(c->vendor, vendor) != 0) {
            buf_str(&b, " left out, of another maker");
        } else {
            buf_str(&b, " with ");
            buf_bytes(&b, (int64_t)c->free);
            buf_str(&b, c->knows_use ? " free" : ", what is in use not known");
            buf_str(&b, c->n_holders ? " (" : "");
            holders_text(c, 3, &b);
            buf_str(&b, c->n_holders ? ")" : "");
        }
        before = "; ";
    }
    for (uint32_t i = 0; i < p->n_notes; i++) {
        buf_str(&b, "; ");
        buf_plain(&b, p->note[i]);
    }
    buf_add(&b, "", 1);
    text_set(note, VF_NOTE_TEXT, b.failed ? "" : b.p);
    buf_free(&b);
}

bool gpu_of_machine(session *s, gpu_set *out, vf_error *err)
{
    vf_probe_result *p;
    const opt_value *reserve = &s->opts.value[OPT_RESERVE];
    bool good = look(&p, err);
    if (good && p->n == 0)
        good = not_found(p, err);
    for (uint32_t i = 0; good && i < p->n; i++) {
        const vf_card *c = &p->card[i];
        size_t used = strlen(out->label);
        if (strcmp(c->vendor, maker(p)) != 0)
            continue;
        vf_device d;
        device_of(s, c, &d);
        d.other = reserve->text ? reserve->number : 0;
        (void)snprintf(out->label + used, sizeof out->label - used, "%s%s", used ? "+" : "", d.name);
        out->device[out->n++] = d;
        out->backend = c->backend;
    }
    if (good)
        say(p, maker(p), out->note);
    free(p);
    return good;
}

static const grid_column columns[] = {{"gpu", false},     {"total_bytes", true}, {"reserved_bytes", true}, {"used_bytes", true},
                                      {"free_bytes", true}, {"backend", false},    {"held_by", false}};

static void card_row(session *s, const vf_card *c, grid *g)
{
    char total[24], reserved[24], used[24], left[24];
    vf_device d;
    buf held = {0};
    device_of(s, c, &d);
    holders_text(c, VF_PROBE_HOLDERS, &held);
    buf_add(&held, "", 1);
    (void)snprintf(total, sizeof total, "%llu", (unsigned long long)c->total);
    (void)snprintf(reserved, sizeof reserved, "%llu", (unsigned long long)c->reserved);
    (void)snprintf(used, sizeof used, "%llu", (unsigned long long)c->used);
    (void)snprintf(left, sizeof left, "%llu", (unsigned long long)c->free);
    const char *row[] = {d.name, total, reserved, c->knows_use ? used : "", c->knows_use ? left : "", vf_backend_name(c->backend),
                         held.failed ? "" : held.p};
    grid_row(g, row);
    buf_free(&held);
}

int machine_list(session *s, vf_error *err)
{
    vf_probe_result *p;
    grid g;
    bool good = session_catalog(s, err) && look(&p, err);
    if (!good)
        return EXIT_BAD;
    good = p->n > 0 || not_found(p, err);
    if (good) {
        grid_begin(&g, s, &s->out, "gpus", columns, sizeof columns / sizeof columns[0]);
        for (uint32_t i = 0; i < p->n; i++)
            card_row(s, &p->card[i], &g);
        grid_end(&g);
    }
    free(p);
    return good ? EXIT_FITS : EXIT_BAD;
}
