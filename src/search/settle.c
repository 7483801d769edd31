/* What a model takes of its cards beside others: alone on one, over several, and the share of a card that a runtime may take which
 * fills it with cache. */
#include "search/pack.h"

#include <string.h>

#include "base/error.h"
#include "estimate/profile.h"

#define MIB (UINT64_C(1) << 20)
/* Shares of a card in millionths: all of it, the least that is judged, and the steps that are handed out. */
#define WHOLE 1000000u
#define LEAST 10000u
#define STEP 100u

/* ---- loads ---------------------------------------------------------------------------------------- */

int64_t vf_load_left(const vf_packer *p, const vf_load *l, uint32_t c)
{
    uint64_t held = vf_load_held(l);
    int64_t left = vf_size_ok(held) ? (int64_t)p->plain[c] - (int64_t)held : -(int64_t)VF_SIZE_LIMIT;
    return left < l->slack ? left : l->slack;
}

vf_verdict vf_load_verdict(const vf_packer *p, const vf_load *l, uint32_t c)
{
    int64_t left = vf_load_left(p, l, c);
    uint64_t margin = vf_add(l->margin, p->spread[c]);
    return left < 0 ? VF_NO_FIT : (uint64_t)left < margin ? VF_FRAGILE : VF_FIT;
}

void vf_load_add(vf_load *l, const vf_piece *piece)
{
    l->need = vf_add(l->need, piece->need);
    l->claim = vf_add(l->claim, piece->claim);
    l->margin = vf_add(l->margin, piece->margin);
    l->slack = piece->slack < l->slack ? piece->slack : l->slack;
    l->alone = l->alone || piece->alone;
    l->n++;
}

/* ---- one model on some cards ---------------------------------------------------------------------- */

/** The model under some settings on a set of cards, of which `held` is taken already (NULL: nothing). */
static vf_status ask(const vf_packer *p, uint32_t m, uint32_t cards, const vf_settings *settings, const uint64_t *held)
{
    vf_request q = *p->model[m].request;
    q.settings = *settings;
    q.n_devices = 0;
    for (uint32_t c = 0; c < p->n_cards; c++) {
        if (!(cards >> c & 1u))
            continue;
        q.device[q.n_devices] = p->model[m].request->device[c];
        q.device[q.n_devices].other = vf_add(q.device[q.n_devices].other, held ? held[c] : 0);
        q.n_devices++;
    }
    vf_status st = vf_estimate(&q, p->scratch, p->model[m].result, p->err);
    p->model[m].refused = st != VF_OK;
    return st;
}

/** What it takes of its i-th card under a share of the card. */
static vf_status need_in_share(const vf_packer *p, uint32_t m, uint32_t cards, uint32_t share, uint64_t need[VF_MAX_DEVICES],
                               uint64_t margin[VF_MAX_DEVICES])
{
    vf_settings s = p->model[m].request->settings;
    s.gpu_memory_utilization = share;
    vf_status st = ask(p, m, cards, &s, NULL);
    const vf_result *r = p->model[m].result;
    for (uint32_t i = 0; !st && i < r->n_devices; i++) {
        need[i] = r->device[i].need;
        margin[i] = r->device[i].margin;
    }
    return st;
}

static uint64_t visible(const vf_packer *p, uint32_t c)
{
    const vf_device *d = &p->model[0].request->device[c];
    return d->reserved < d->total ? d->total - d->reserved : 0;
}

/** Whether the runtime of a request that was answered leaves room on a card for others. */
static bool shares_cards(const vf_request *r)
{
    return vf_profile_find(r->runtime)->shares_cards;
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/** `bytes` as a share of a card, rounded down. */
static uint32_t share_of(uint64_t bytes, uint64_t whole)
{
    if (bytes >= whole)
        return WHOLE;
    uint64_t steps = vf_mul(bytes / 1024, WHOLE / STEP) / (whole / 1024 + 1);
    uint32_t share = (uint32_t)steps * STEP;
    return share > LEAST ? share : LEAST;
}

/* ---- alone on one card ---------------------------------------------------------------------------- */

/** A runtime that fills the card: what it needs within its share and beside it, and the largest share that it takes. */
static vf_status measure_server(const vf_packer *p, uint32_t m, uint32_t c, vf_piece *out)
{
    uint64_t all[VF_MAX_DEVICES], within[VF_MAX_DEVICES], margin[VF_MAX_DEVICES];
    uint64_t largest = p->model[m].result->device[0].available;
    vf_status st = need_in_share(p, m, UINT32_C(1) << c, LEAST, within, margin);
    if (!st)
        st = need_in_share(p, m, UINT32_C(1) << c, WHOLE, all, margin);
    if (st)
        return st;
    out->need = out->claim = all[0];
    out->beside = less(all[0], within[0]);
    out->margin = less(margin[0], p->spread[c]);
    out->slack = largest < p->plain[c] ? (int64_t)largest - (int64_t)within[0] : INT64_MAX;
    if (p->model[m].request->settings.gpu_memory_utilization && largest > within[0])
        out->claim = vf_add(largest, out->beside);
    return VF_OK;
}

static vf_status measure_one(const vf_packer *p, uint32_t m, uint32_t c, vf_piece *out)
{
    const vf_request *r = p->model[m].request;
    *out = (vf_piece){.slack = INT64_MAX};
    vf_status st = ask(p, m, UINT32_C(1) << c, &r->settings, NULL);
    if (st)
        return st;
    const vf_result *result = p->model[m].result;
    const vf_device_result *d = &result->device[0];
    out->has_pool = result->has_pool;
    out->need = out->claim = d->need;
    out->margin = less(d->margin, p->spread[c]);
    if (!out->has_pool)
        return VF_OK;
    out->alone = !shares_cards(r);
    out->slack = d->headroom;
    return out->alone ? VF_OK : measure_server(p, m, c, out);
}

vf_status vf_pack_measure(vf_packer *p)
{
    for (uint32_t c = 0; c < p->n_cards; c++) {
        const vf_device *d = &p->model[0].request->device[c];
        p->plain[c] = less(d->total, vf_add(d->reserved, vf_add(d->desktop, d->other)));
        p->spread[c] = d->desktop_spread;
    }
    for (uint32_t m = 0; m < p->n; m++) {
        const vf_settings *s = &p->model[m].request->settings;
        vf_piece *row = &p->piece[(size_t)m * p->n_cards];
        vf_status st = VF_OK;
        bool any = false, several = p->n_cards > 1 && (s->tensor_parallel > 1 || s->pipeline_parallel > 1 || s->n_tensor_split > 1);
        for (uint32_t c = 0; c < p->n_cards && !several && st != VF_ERR_NOMEM; c++) {
            uint32_t like = 0;
            while (!vf_pack_alike(p, like, c))
                like++;
            if (like < c)
                row[c] = row[like];
            else
                row[c].possible = (st = measure_one(p, m, c, &row[c])) == VF_OK;
            any = any || row[c].possible;
        }
        if (st == VF_ERR_NOMEM || (!any && !several))
            return st;
        p->model[m].refused = false;
    }
    return VF_OK;
}

/* ---- over several cards --------------------------------------------------------------------------- */

/** Shares of the layers by what is free, as whole MiB, so that they can be said on a command line. False: nothing is free. */
static bool split_by_room(const vf_packer *p, uint32_t cards, const uint64_t *held, vf_settings *s)
{
    bool any = false;
    s->n_tensor_split = 0;
    for (uint32_t c = 0; c < p->n_cards; c++) {
        if (!(cards >> c & 1u))
            continue;
        uint64_t mib = less(p->plain[c], held[c]) / MIB;
        s->tensor_split[s->n_tensor_split++] = (double)mib;
        any = any || mib;
    }
    return any;
}

/** The share of its cards that is left to a server over several where others hold some of one: at most its own, and the
 * same of each. */
static vf_status share_cards(const vf_packer *p, uint32_t m, uint32_t cards, const vf_load *load, vf_settings *s)
{
    uint64_t all[VF_MAX_DEVICES] = {0}, within[VF_MAX_DEVICES] = {0}, margin[VF_MAX_DEVICES], own[VF_MAX_DEVICES] = {0};
    for (uint32_t i = 0; i < p->model[m].result->n_devices; i++)
        own[i] = p->model[m].result->device[i].available;
    vf_status st = need_in_share(p, m, cards, LEAST, within, margin);
    if (!st)
        st = need_in_share(p, m, cards, WHOLE, all, margin);
    uint32_t least = WHOLE;
    for (uint32_t c = 0, i = 0; c < p->n_cards && !st; c++) {
        if (!(cards >> c & 1u))
            continue;
        uint64_t room = less(p->plain[c], load[c].claim), spare = less(room, vf_add(load[c].margin, p->spread[c]));
        uint64_t most = less(spare >= all[i] ? spare : room, less(all[i], within[i]));
        uint32_t share = share_of(most < own[i] ? most : own[i], visible(p, c));
        least = share < least ? share : least;
        i++;
    }
    s->gpu_memory_utilization = least;
    return st;
}

vf_status vf_pack_wide(vf_packer *p, uint32_t m, uint32_t cards, vf_load *load)
{
    const vf_request *r = p->model[m].request;
    const vf_profile *profile = r->runtime ? vf_profile_find(r->runtime) : NULL;
    vf_resident *out = &p->model[m];
    vf_settings *s = &out->settings;
    uint64_t held[VF_MAX_DEVICES] = {0};
    bool shared = false;
    *s = r->settings;
    for (uint32_t c = 0; c < p->n_cards; c++) {
        held[c] = load[c].claim;
        shared = shared || (cards >> c & 1u && load[c].n);
        if (cards >> c & 1u && load[c].alone)
            return VF_ERR_REFUSED;
    }
    if (profile && profile->token_batches && s->split == VF_SPLIT_LAYER && s->n_tensor_split == 0 && !split_by_room(p, cards, held, s))
        return VF_ERR_REFUSED;
    vf_status st = ask(p, m, cards, s, held);
    bool fills = !st && out->result->has_pool, beside_others = fills && shared;
    if (beside_others && !shares_cards(r))
        return VF_ERR_REFUSED;
    if (beside_others && s->gpu_memory_utilization == 0) {
        st = share_cards(p, m, cards, load, s);
        if (!st)
            st = ask(p, m, cards, s, held);
    }
    for (uint32_t c = 0, i = 0; c < p->n_cards && !st; c++) {
        if (!(cards >> c & 1u))
            continue;
        const vf_device_result *d = &out->result->device[i++];
        const vf_piece piece = {.alone = fills, /* one that comes later would find its share taken */
                                .need = d->need, .claim = d->need, .margin = less(d->margin, p->spread[c]),
                                .slack = fills ? d->headroom : INT64_MAX};
        vf_load_add(&load[c], &piece);
    }
    return st;
}

/* ---- all of them ---------------------------------------------------------------------------------- */

/** The share of a card that a server gets which shares it: what it needs with its margin, and of what nobody needs as much as every
 * other server there. */
static uint64_t budget_of(const vf_packer *p, const vf_piece *piece, const vf_load *load, uint32_t c, uint32_t servers)
{
    uint64_t left = less(p->plain[c], load->claim), margins = vf_add(load->margin, p->spread[c]);
    uint64_t extra = left >= margins ? left - margins : left;
    return vf_add(vf_add(piece->claim, left >= margins ? piece->margin : 0), servers ? extra / servers : 0);
}

/** Servers of card `c` whose share is not said; 0 where one over several cards takes what is left. */
static uint32_t count_servers(const vf_packer *p, uint32_t wide, uint32_t c)
{
    uint32_t n = 0;
    for (uint32_t m = 0; m < p->n; m++) {
        if (!(p->model[m].cards >> c & 1u))
            continue;
        if (wide >> m & 1u && p->model[m].result->has_pool)
            return 0;
        const vf_piece *piece = &p->piece[(size_t)m * p->n_cards + c];
        n += !(wide >> m & 1u) && piece->has_pool && p->model[m].request->settings.gpu_memory_utilization == 0;
    }
    return n;
}

static vf_status settle_whole(const vf_packer *p, uint32_t m, uint32_t wide, const vf_load *load)
{
    vf_resident *out = &p->model[m];
    vf_settings *s = &out->settings;
    uint64_t held[VF_MAX_DEVICES] = {0};
    uint32_t c = 0;
    while (!(out->cards >> c & 1u))
        c++;
    const vf_piece *piece = &p->piece[(size_t)m * p->n_cards + c];
    *s = out->request->settings;
    if (piece->has_pool && load[c].n > 1 && s->gpu_memory_utilization) {
        held[c] = less(load[c].claim, piece->claim);
    } else if (piece->has_pool && load[c].n > 1) {
        uint64_t within = less(piece->need, piece->beside);
        uint64_t budget = budget_of(p, piece, &load[c], c, count_servers(p, wide, c)), share = less(budget, piece->beside);
        if (piece->slack != INT64_MAX && share > within + (uint64_t)(piece->slack > 0 ? piece->slack : 0))
            share = within + (uint64_t)(piece->slack > 0 ? piece->slack : 0);
        s->gpu_memory_utilization = share_of(share, visible(p, c));
        held[c] = less(p->plain[c], budget);
    }
    return ask(p, m, out->cards, s, held);
}

/** What every model takes of a card, and what all of them leave. */
static void add_up(const vf_packer *p, const vf_load *load, uint32_t c, vf_device_result *card)
{
    const vf_device *d = &p->model[0].request->device[c];
    bool fills = false;
    *card = (vf_device_result){.total = d->total, .reserved = d->reserved, .desktop = d->desktop, .other = d->other,
                               .available = p->plain[c], .margin = load->n ? vf_add(load->margin, p->spread[c]) : 0};
    memcpy(card->name, d->name, sizeof card->name);
    for (uint32_t m = 0; m < p->n; m++) {
        const vf_device_result *r = p->model[m].result->device;
        if (!(p->model[m].cards >> c & 1u))
            continue;
        for (uint32_t b = 0; b < c; b++) /* its own devices are the cards that it has */
            r += p->model[m].cards >> b & 1u;
        for (int s = 0; s < VF_SEG_COUNT; s++)
            card->segment[s] = vf_add(card->segment[s], r->segment[s]);
        card->need = vf_add(card->need, r->need);
        card->layers += r->layers;
        fills = fills || p->model[m].result->has_pool;
    }
    card->headroom = load->n ? vf_load_left(p, load, c) : (int64_t)p->plain[c];
    card->verdict = load->n ? vf_load_verdict(p, load, c) : VF_FIT;
    if (fills) /* what the shares leave to nobody is not available */
        card->available = card->headroom < 0 ? less(card->need, (uint64_t)-card->headroom) : vf_add(card->need, (uint64_t)card->headroom);
    card->headroom = (int64_t)card->available - (int64_t)card->need;
}

vf_status vf_pack_settle(vf_packer *p, uint32_t wide, const uint8_t *order, vf_device_result *card)
{
    vf_load load[VF_MAX_DEVICES];
    vf_status st = VF_OK;
    memset(load, 0, sizeof load);
    for (uint32_t c = 0; c < p->n_cards; c++) {
        load[c].slack = INT64_MAX;
        for (uint32_t m = 0; m < p->n; m++)
            if (!(wide >> m & 1u) && p->model[m].cards >> c & 1u)
                vf_load_add(&load[c], &p->piece[(size_t)m * p->n_cards + c]);
    }
    for (uint32_t k = 0; k < p->n && !st; k++)
        if (wide >> order[k] & 1u)
            st = vf_pack_wide(p, order[k], p->model[order[k]].cards, load);
    for (uint32_t m = 0; m < p->n && !st; m++)
        if (!(wide >> m & 1u))
            st = settle_whole(p, m, wide, load);
    for (uint32_t c = 0; c < p->n_cards && !st; c++) {
        add_up(p, &load[c], c, &card[c]);
        if (!vf_size_ok(card[c].need) || !vf_size_ok(card[c].margin))
            return vf_fail(p->err, VF_ERR_RANGE, "the need would be over 2^60 bytes");
    }
    return st;
}
