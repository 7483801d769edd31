#include "cli/ask/gpu.h"
#include "cli/ask/machine.h"

#include <stdio.h>
#include <string.h>

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)
/* A size class is a GeForce under Linux. */
#define CLASS_RESERVED (464 * MIB)
#define CLASS_RESERVED_FROM (2 * GIB)
#define CLASS_RESERVED_TO (48 * GIB)
#define CLASS_DESKTOP_TO (32 * GIB)
#define CLASS_COMPUTE_CAPABILITY 86
#define NAME_LIMIT 256

typedef struct card {
    char label[64];
    vf_device device;
    vf_backend backend;
    const char *desktop; /**< profile by default; NULL: what is in use is known */
} card;

/* Windows (WDDM) leaves one process about 94 % of the card; as the GPU table has it for named cards. */
static uint64_t class_reserved(uint64_t total, bool windows)
{
    if (total < CLASS_RESERVED_FROM || total > CLASS_RESERVED_TO)
        return 0;
    return windows ? total / 100 * 6 : CLASS_RESERVED;
}

static void class_card(uint64_t total, bool windows, card *out)
{
    bool whole = total % GIB == 0;
    (void)snprintf(out->label, sizeof out->label, "%llu%s", (unsigned long long)(whole ? total / GIB : total / MIB),
                   whole ? "GB" : "MB");
    out->device.total = total;
    out->device.reserved = class_reserved(total, windows);
    out->device.compute_capability = CLASS_COMPUTE_CAPABILITY;
    out->backend = VF_BACKEND_CUDA;
    out->desktop = total <= CLASS_DESKTOP_TO ? "typical" : "none";
}

/* "NVLink 3 bridge, 112.5 GB/s": both directions together. */
static uint32_t link_rate(const char *text)
{
    const char *digits = strrchr(text, ',');
    uint64_t millionths;
    digits = digits ? digits + strspn(digits, ", ") : "";
    return parse_millionths(digits, strcspn(digits, " "), &millionths) ? (uint32_t)(millionths / 2000) : 0;
}

/* "PCIe 4.0 x16", one direction. */
static uint32_t bus_rate(const char *text)
{
    static const uint32_t lane_mbs[] = {0, 250, 500, 985, 1969, 3938, 7563};
    const char *lanes = strrchr(text, 'x');
    uint64_t n;
    if (strncmp(text, "PCIe ", 5) != 0 || text[5] < '1' || text[5] > '6' || !lanes || !parse_digits(lanes + 1, strlen(lanes + 1), &n) || n > 32)
        return 0;
    return lane_mbs[text[5] - '0'] * (uint32_t)n;
}

static void named_card(const vf_gpu_entry *g, bool windows, card *out)
{
    text_set(out->label, sizeof out->label, g->name);
    out->device.total = g->driver_bytes ? g->driver_bytes : g->memory_bytes;
    out->device.reserved = windows ? g->reserved_windows : g->reserved_linux;
    out->device.compute_capability = g->compute_capability;
    out->device.multiprocessors = g->multiprocessors;
    out->device.bandwidth_mbs = g->bandwidth_mbs;
    out->device.link_mbs = link_rate(g->link);
    out->device.link_is_bridge = strstr(g->link, "bridge") != NULL;
    out->device.bus_mbs = bus_rate(g->bus);
    out->backend = g->backend;
    out->desktop = g->desktop[0] ? g->desktop : "none";
}

/* A card of this machine: its sizes are the driver's, the rest is the catalog's. */
static void machine_card(const session *s, const machine *m, uint32_t i, card *out)
{
    const vf_machine_card *found = &m->found.card[i];
    vf_gpu_entry e;
    bool known = machine_entry(s, m, i, &e);
    *out = (card){.desktop = "none"};
    if (known)
        named_card(&e, false, out);
    else
        text_set(out->label, sizeof out->label, found->name);
    out->backend = machine_backend(found);
    if (found->compute_capability)
        out->device.compute_capability = found->compute_capability;
    if (found->has_total) {
        out->device.total = found->total;
        out->device.reserved = found->reserved;
        out->device.desktop = found->used;
    }
    if (found->has_used)
        out->desktop = NULL;
    text_set(out->device.name, sizeof out->device.name, out->label);
}

/* Whether the words of a text that names no card are best answered as a size gone wrong. */
static bool is_size(const char *text)
{
    return ((text[0] >= '0' && text[0] <= '9') || text[0] == '-' || text[0] == '+' || text[0] == '.' || text[0] == ' ');
}

/* The library's words, under the option's name. */
static bool fail_kept(vf_error *err, const char *text)
{
    char kept[VF_ERROR_TEXT];
    text_set(kept, sizeof kept, text);
    return fail(err, "--gpu", "%s", kept);
}

static bool read_card(session *s, const char *text, card *out, vf_error *err)
{
    bool windows = s->opts.value[OPT_OS].text && s->opts.value[OPT_OS].word == 1;
    uint64_t total;
    uint32_t index;
    vf_error not_size = {0};
    *out = (card){0};
    if (vf_parse_size(text, true, &total, &not_size) == VF_OK) {
        class_card(total, windows, out);
    } else {
        vf_gpu_entry g;
        if (session_find(s, VF_KIND_GPU, text, &index, err) != VF_OK) {
            bool size = err->status == VF_ERR_NOT_FOUND && is_size(text);
            return fail_kept(err, size ? not_size.text : err->text);
        }
        (void)vf_catalog_gpu(s->catalog, index, &g);
        named_card(&g, windows, out);
    }
    text_set(out->device.name, sizeof out->device.name, out->label);
    return true;
}

/* --desktop, or what is usual for the first card. */
static bool read_desktop(session *s, const card *first, vf_device *d, vf_error *err)
{
    const char *what = s->opts.value[OPT_DESKTOP].text;
    vf_error ignored = {0}, not_size = {0};
    uint32_t index;
    vf_desktop_entry e;
    if (!what && !first->desktop)
        return true;
    if (session_find(s, VF_KIND_DESKTOP, what ? what : first->desktop, &index, &ignored) == VF_OK) {
        (void)vf_catalog_desktop(s->catalog, index, &e);
        d->desktop = e.bytes;
        d->desktop_spread = e.spread;
        return true;
    }
    if (!what)
        return true;
    if (vf_parse_size(what, false, &d->desktop, &not_size) == VF_OK)
        return true;
    return is_size(what) ? fail(err, "--desktop", "%s", not_size.text)
                         : fail_value(err, "--desktop", what, "not none, light, typical, heavy or a size");
}

/* "2x" in front of a card: its count, and how many characters it takes; 1 and 0 without one. Four digits begin a name
 * ("7900XTX"). */
static size_t read_count(const char *text, uint64_t *count)
{
    size_t n = 0;
    while (text[n] >= '0' && text[n] <= '9')
        n++;
    *count = 1;
    size_t at = n;
    while (text[at] == ' ')
        at++;
    if (n == 0 || n > 3 || (text[at] != 'x' && text[at] != 'X') || !parse_digits(text, n, count) || *count == 0)
        return 0;
    n = at + 1;
    while (text[n] == ' ')
        n++;
    return n;
}

/* `count` cards with one word in the label. */
static bool append(const session *s, const char *text, uint64_t count, card *c, gpu_set *out, card *first, vf_error *err)
{
    if (count > VF_MAX_DEVICES - out->n)
        return fail_value(err, "--gpu", text, "more than %d cards", VF_MAX_DEVICES);
    if (out->n == 0)
        *first = *c;
    size_t used = strlen(out->label);
    char times[16] = "";
    if (count > 1)
        (void)snprintf(times, sizeof times, "%ux", (unsigned)count);
    (void)snprintf(out->label + used, sizeof out->label - used, "%s%s%s", used ? "+" : "", times, c->label);
    const opt_value *reserve = &s->opts.value[OPT_RESERVE];
    c->device.other = reserve->text ? reserve->number : 0;
    for (; count > 0; count--)
        out->device[out->n++] = c->device;
    return true;
}

static bool add_machine(session *s, gpu_set *out, card *first, vf_error *err)
{
    const machine *m = machine_look(s, err);
    if (!m)
        return false;
    out->machine = true;
    for (uint32_t k = 0, same; k < m->n; k += same) { /* neighbours of one name are "2xNAME", each with its own sizes */
        card c, next;
        uint32_t at = out->n;
        machine_card(s, m, m->taken[k], &c);
        for (same = 1; k + same < m->n; same++) {
            machine_card(s, m, m->taken[k + same], &next);
            if (strcmp(next.label, c.label) != 0)
                break;
        }
        if (!append(s, GPU_AUTO, same, &c, out, first, err))
            return false;
        for (uint32_t i = 1; i < same; i++) {
            machine_card(s, m, m->taken[k + i], &next);
            next.device.other = c.device.other;
            out->device[at + i] = next.device;
        }
    }
    return true;
}

static bool add_cards(session *s, const char *text, gpu_set *out, card *first, vf_error *err)
{
    uint64_t count;
    card c;
    if (strcmp(text, GPU_AUTO) == 0)
        return add_machine(s, out, first, err);
    size_t skip = read_count(text, &count);
    return read_card(s, text + skip, &c, err) && append(s, text, count, &c, out, first, err);
}

/* Whether a plus sign is part of a card's name ("Ryzen AI Max+ 395"), not between two. */
static bool plus_in_name(session *s, const char *spec)
{
    vf_error ignored = {0};
    uint64_t count;
    uint32_t index;
    if (!strchr(spec, '+') || spec[0] == '+')
        return false;
    vf_status st = session_find(s, VF_KIND_GPU, spec + read_count(spec, &count), &index, &ignored);
    return st == VF_OK || st == VF_ERR_AMBIGUOUS;
}

bool gpu_parse(session *s, const char *spec, gpu_set *out, vf_error *err)
{
    *out = (gpu_set){.backend = VF_BACKEND_CPU};
    card first = {0};
    if (strcmp(spec, "none") == 0 || strcmp(spec, "smallest") == 0) { /* the smallest is searched for: solve.c */
        (void)snprintf(out->label, sizeof out->label, "%s", spec);
        return true;
    }
    bool whole = plus_in_name(s, spec);
    for (const char *part = spec;; part++) {
        size_t n = whole ? strlen(part) : strcspn(part, "+");
        char text[NAME_LIMIT];
        /* A plus sign in front belongs to what is no size: the message shows it. */
        if (n == 0 && part[0] == '+' && part == spec)
            n = strlen(part);
        if (n >= sizeof text)
            return fail_value(err, "--gpu", part, "not a GPU, nor a size");
        if (n == 0)
            return fail_value(err, "--gpu", spec, "not a GPU, nor a size: a name is missing");
        memcpy(text, part, n);
        text[n] = 0;
        if (!add_cards(s, text, out, &first, err))
            return false;
        part += n;
        if (!*part)
            break;
    }
    out->backend = first.backend;
    return read_desktop(s, &first, &out->device[0], err);
}
