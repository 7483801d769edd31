/* The way through: request → types → the runtime's footprint → verdict (cli.md part 4). Nothing here
 * knows a runtime by name; a profile fills the segments, this file adds them up and judges. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "estimate/profile.h"

void vf_add_term(vf_result *out, int32_t device, vf_segment segment, const char *name, const char *formula,
                 const char *source, uint64_t bytes, uint64_t spread, const char *detail, ...)
{
    if (out->n_terms >= VF_MAX_TERMS)
        return;
    vf_term *t = &out->term[out->n_terms++];
    *t = (vf_term){.device = device, .segment = segment, .name = name, .formula = formula, .source = source,
                   .bytes = bytes, .spread = spread};
    if (detail) {
        va_list ap;
        va_start(ap, detail);
        (void)vsnprintf(t->detail, sizeof t->detail, detail, ap);
        va_end(ap);
    }
}

void vf_add_note(vf_result *out, const char *format, ...)
{
    if (out->n_notes >= VF_MAX_NOTES)
        return;
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(out->note[out->n_notes++], VF_NOTE_TEXT, format, ap);
    va_end(ap);
}

void vf_count_tower(const vf_case *k, vf_result *out)
{
    uint64_t n = k->model->vision_parameters;
    if (!n)
        return;
    out->parameters = vf_add(out->parameters, n);
    vf_add_note(out, "the tower for images or sound counts with %llu parameters in %u bits, without what its own forward takes",
                (unsigned long long)n, k->quant->kind == VF_QUANT_CAST && k->quant->type == VF_TYPE_F32 ? 32 : 16);
}

static uint64_t available_bytes(const vf_device *d)
{
    uint64_t held = vf_add(d->reserved, vf_add(d->desktop, d->other));
    return held < d->total ? d->total - held : 0;
}

static vf_status check_request(const vf_request *r, const vf_profile *profile, vf_error *err)
{
    if (r->n_devices > VF_MAX_DEVICES)
        return vf_fail_key(err, VF_ERR_RANGE, "--gpu", "%u devices: at most %d", r->n_devices, VF_MAX_DEVICES);
    for (uint32_t i = 0; i < r->n_devices; i++)
        if (!vf_size_ok(r->device[i].total))
            return vf_fail_key(err, VF_ERR_RANGE, "--gpu", "more than 2^60 bytes");
    if ((unsigned)r->settings.backend > VF_BACKEND_CPU)
        return vf_fail_key(err, VF_ERR_USAGE, "--backend", "%u is no backend", (unsigned)r->settings.backend);
    const vf_type cache[] = {r->settings.type_k, r->settings.type_v};
    for (int i = 0; i < 2; i++)
        if (!vf_type_get((uint32_t)cache[i]))
            return vf_fail_key(err, VF_ERR_USAGE, "--kv-type", "%u is no storage type", (unsigned)cache[i]);
    if (!profile->token_batches && (r->settings.batch || r->settings.ubatch))
        return vf_fail_key(err, VF_ERR_USAGE, r->settings.batch ? "--batch" : "--ubatch",
                           "token batches are a setting of llama.cpp, not of %s", profile->name);
    if (!profile->gpu_layers && r->settings.gpu_layers != VF_LAYERS_ALL)
        return vf_fail_key(err, VF_ERR_USAGE, "--gpu-layers", "not a setting of %s", profile->name);
    if (!profile->workloads && r->settings.workload != VF_WORKLOAD_CHAT)
        return vf_fail_key(err, VF_ERR_USAGE, "--workload", "only chat is a workload of %s", profile->name);
    if (!profile->workloads && r->settings.train)
        return vf_fail_key(err, VF_ERR_USAGE, "--train", "not judged with %s", profile->name);
    if (profile->needs_types && !profile->schemes && r->quant.kind == VF_QUANT_SCHEME)
        return vf_fail_key(err, VF_ERR_USAGE, "--quant", "%s is no format of %s", r->quant.name, profile->name);
    return VF_OK;
}

/** need, headroom and verdict of one device: fit when margin ≤ headroom, fragile down to 0. */
static vf_status judge(vf_device_result *d, vf_error *err)
{
    d->need = 0;
    for (int s = 0; s < VF_SEG_COUNT; s++)
        d->need = vf_add(d->need, d->segment[s]);
    if (!vf_size_ok(d->need) || !vf_size_ok(d->margin))
        return vf_fail(err, VF_ERR_RANGE, "the need would be over 2^60 bytes");
    d->headroom = (int64_t)d->available - (int64_t)d->need;
    d->verdict = d->headroom < 0 ? VF_NO_FIT : d->headroom < (int64_t)d->margin ? VF_FRAGILE : VF_FIT;
    return VF_OK;
}

static vf_status sum_up(vf_result *out, vf_error *err)
{
    out->headroom = 0;
    for (uint32_t i = 0; i < out->n_devices; i++) {
        vf_device_result *d = &out->device[i];
        vf_status st = judge(d, err);
        if (st)
            return st;
        out->need = vf_add(out->need, d->need);
        out->available = vf_add(out->available, d->available);
        out->margin = vf_add(out->margin, d->margin);
        if (i == 0 || d->headroom < out->headroom)
            out->headroom = d->headroom;
        if (d->verdict > out->verdict)
            out->verdict = d->verdict;
    }
    if (!vf_size_ok(vf_add(vf_add(out->host.weights, out->host.kv_cache), vf_add(out->host.compute, out->host.output))))
        return vf_fail(err, VF_ERR_RANGE, "the need of system memory would be over 2^60 bytes");
    if (out->need == VF_OVERFLOW || out->available == VF_OVERFLOW || out->margin == VF_OVERFLOW)
        return vf_fail(err, VF_ERR_RANGE, "the cards together would be over 2^64 bytes");
    return VF_OK;
}

static void set_card(const vf_device *d, vf_device_result *o)
{
    memcpy(o->name, d->name, sizeof o->name);
    o->total = d->total;
    o->reserved = d->reserved;
    o->desktop = d->desktop;
    o->other = d->other;
    o->available = available_bytes(d);
}

static void add_desktop(const vf_device *d, uint32_t i, vf_result *out)
{
    if (d->desktop_spread)
        vf_add_term(out, (int32_t)i, VF_SEG_RUNTIME, VF_TERM_DESKTOP, "by how much it may be more: a margin, no need",
                    "data/desktops.json", 0, d->desktop_spread, NULL);
}

static vf_status run_profile(const vf_request *r, const vf_profile *profile, uint16_t *types,
                             const vf_allocator *scratch, vf_result *out, vf_error *err)
{
    vf_settings settings = r->settings;
    vf_case c = {.request = r, .settings = &settings, .model = r->model, .quant = &r->quant, .types = types,
                 .scratch = scratch};
    if (profile->needs_types && r->quant.kind != VF_QUANT_SCHEME) {
        vf_status st = vf_mix_types(r->model, &r->quant, scratch, types, err);
        if (st)
            return st;
    }
    for (uint32_t i = 0; i < r->n_devices; i++) {
        set_card(&r->device[i], &out->device[i]);
        out->device[i].margin = r->device[i].desktop_spread;
        c.available[i] = out->device[i].available;
    }
    vf_status st = profile->defaults ? profile->defaults(&c, &settings, out, err) : VF_OK;
    if (!st)
        st = profile->footprint(&c, out, err);
    for (uint32_t i = 0; i < r->n_devices && st == VF_OK; i++)
        add_desktop(&r->device[i], i, out);
    return st;
}

vf_status vf_estimate(const vf_request *r, const vf_allocator *scratch, vf_result *out, vf_error *err)
{
    const vf_profile *profile = r->runtime ? vf_profile_find(r->runtime) : NULL;
    memset(out, 0, offsetof(vf_result, term)); /* the lists are most of it, and mostly empty */
    if (!r->model)
        return vf_fail(err, VF_ERR_USAGE, "no model");
    if (!profile)
        return vf_fail_key(err, VF_ERR_NOT_FOUND, "--runtime", "'%s' is no runtime of this version",
                           r->runtime ? r->runtime : "");
    vf_status st = check_request(r, profile, err);
    if (st)
        return st;
    size_t n = r->model->n_tensors;
    uint16_t *types = n ? vf_alloc_zero(scratch, n, sizeof *types) : NULL;
    if (n && !types)
        return vf_fail(err, VF_ERR_NOMEM, "out of memory");
    vf_set_text(out->runtime, sizeof out->runtime, profile->name);
    out->backend = r->n_devices ? r->settings.backend : VF_BACKEND_CPU;
    out->n_devices = r->n_devices;
    out->parameters = r->nominal_parameters ? r->nominal_parameters : r->model->parameters;
    st = run_profile(r, profile, types, scratch, out, err);
    vf_free(scratch, types, n * sizeof *types);
    if (st == VF_OK)
        st = sum_up(out, err);
    if (st == VF_OK && out->verdict == VF_FRAGILE && profile->advise)
        profile->advise(out);
    return st;
}

vf_status vf_estimate_card(const vf_request *r, const vf_device *card, vf_result *out, vf_error *err)
{
    const vf_profile *profile = r->runtime ? vf_profile_find(r->runtime) : NULL;
    const vf_device *was = &r->device[0];
    vf_device_result *d = &out->device[0];
    if (!profile || !profile->card || r->n_devices != 1 || out->n_devices != 1)
        return vf_fail(err, VF_ERR_USAGE, "more than the verdict may depend on the card");
    if (card->compute_capability != was->compute_capability)
        return vf_fail(err, VF_ERR_USAGE, "a card of another compute capability");
    if (!vf_size_ok(card->total))
        return vf_fail_key(err, VF_ERR_RANGE, "--gpu", "more than 2^60 bytes");
    if (out->n_terms && strcmp(out->term[out->n_terms - 1].name, VF_TERM_DESKTOP) == 0)
        out->n_terms--;
    set_card(card, d);
    d->margin = vf_add(d->margin - was->desktop_spread, card->desktop_spread);
    profile->card(was, card, out);
    add_desktop(card, 0, out);
    out->need = out->available = out->margin = 0;
    out->verdict = VF_FIT;
    return sum_up(out, err);
}
