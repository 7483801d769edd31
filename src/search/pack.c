/* Several models at once, each in a process of its own: which card holds which. Whole models first, each on one card,
 * every way tried as long as there are not too many; only when none fits is one of them spread over all cards. */
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "vramfit/vramfit.h"

/* Ways that are tried one by one: 8 models on 4 cards. More are packed from the largest model on, each to the card with the
 * most room. */
#define WAYS 65536
#define NOWHERE UINT64_MAX

typedef struct packer {
    vf_resident *model;
    uint32_t n, n_cards;
    const vf_allocator *scratch;
    vf_error *err;
    uint64_t *need, *margin; /* n × n_cards, of the model alone on the card; NOWHERE: it is refused there */
    uint64_t room[VF_MAX_DEVICES], spread[VF_MAX_DEVICES]; /* what a card has; what its desktop may take more */
    uint8_t *at, *best;      /* card of every model */
    vf_verdict best_verdict;
    int64_t best_headroom;
    bool found;
} packer;

/** What a process holds of a card: its need, or all that a server takes for itself. */
static uint64_t holds(const vf_result *r, uint32_t i)
{
    return r->has_pool && r->device[i].available > r->device[i].need ? r->device[i].available : r->device[i].need;
}

/** One model on some cards, where others hold memory. */
static vf_status ask(const packer *p, uint32_t m, uint32_t cards, const uint64_t *held)
{
    vf_request q = *p->model[m].request;
    q.n_devices = 0;
    for (uint32_t i = 0; i < p->n_cards; i++) {
        if (!(cards & 1u << i))
            continue;
        q.device[q.n_devices] = p->model[m].request->device[i];
        q.device[q.n_devices].other = vf_add(q.device[q.n_devices].other, held ? held[i] : 0);
        q.n_devices++;
    }
    if (q.n_devices == 1)
        q.settings.n_tensor_split = 0;
    return vf_estimate(&q, p->scratch, p->model[m].result, p->err);
}

static bool spreads(const vf_settings *s)
{
    return s->tensor_parallel > 1 || s->pipeline_parallel > 1 || s->n_tensor_split > 1 || s->split == VF_SPLIT_TENSOR;
}

/** Need of every model alone on every card. The first error is one when a model has no card at all. */
static vf_status measure(packer *p)
{
    for (uint32_t m = 0; m < p->n; m++) {
        bool any = p->n_cards > 1 && spreads(&p->model[m].request->settings);
        for (uint32_t c = 0; any && c < p->n_cards; c++)
            p->need[m * p->n_cards + c] = NOWHERE;
        if (any)
            continue;
        for (uint32_t c = 0; c < p->n_cards; c++) {
            vf_status st = ask(p, m, 1u << c, NULL);
            const vf_result *r = p->model[m].result;
            uint64_t desktop = p->model[m].request->device[c].desktop_spread;
            if (st == VF_ERR_NOMEM)
                return st;
            any = any || st == VF_OK;
            p->need[m * p->n_cards + c] = st ? NOWHERE : holds(r, 0);
            p->margin[m * p->n_cards + c] = st ? 0 : r->device[0].margin - (desktop < r->device[0].margin ? desktop : r->device[0].margin);
        }
        if (!any)
            return p->err->status ? p->err->status : VF_ERR_REFUSED;
    }
    return VF_OK;
}

/** Verdict and smallest headroom of the cards that are used. False: some model is refused where it is. */
static bool judge(const packer *p, const uint8_t *at, vf_verdict *verdict, int64_t *headroom)
{
    uint64_t need[VF_MAX_DEVICES] = {0}, margin[VF_MAX_DEVICES] = {0};
    bool first = true;
    for (uint32_t m = 0; m < p->n; m++) {
        size_t i = (size_t)m * p->n_cards + at[m];
        if (p->need[i] == NOWHERE)
            return false;
        need[at[m]] = vf_add(need[at[m]], p->need[i]);
        margin[at[m]] = vf_add(margin[at[m]], p->margin[i]);
    }
    *verdict = VF_FIT;
    for (uint32_t c = 0; c < p->n_cards; c++) {
        if (need[c] == 0)
            continue;
        int64_t left = (int64_t)p->room[c] - (int64_t)need[c];
        vf_verdict v = left < 0 ? VF_NO_FIT : left < (int64_t)vf_add(margin[c], p->spread[c]) ? VF_FRAGILE : VF_FIT;
        *verdict = v > *verdict ? v : *verdict;
        *headroom = first || left < *headroom ? left : *headroom;
        first = false;
    }
    return true;
}

static void keep_better(packer *p)
{
    vf_verdict verdict;
    int64_t headroom = 0;
    if (!judge(p, p->at, &verdict, &headroom))
        return;
    if (p->found && (verdict > p->best_verdict || (verdict == p->best_verdict && headroom <= p->best_headroom)))
        return;
    p->found = true;
    p->best_verdict = verdict;
    p->best_headroom = headroom;
    memcpy(p->best, p->at, p->n);
}

/** Every way, counted up like a number with a digit for each model. */
static void try_all(packer *p)
{
    memset(p->at, 0, p->n);
    for (;;) {
        uint32_t m = p->n;
        keep_better(p);
        while (m > 0 && p->at[m - 1] + 1u == p->n_cards)
            p->at[--m] = 0;
        if (m == 0)
            return;
        p->at[m - 1]++;
    }
}

static uint64_t size_of(const packer *p, uint32_t m)
{
    uint64_t least = NOWHERE;
    for (uint32_t c = 0; c < p->n_cards; c++)
        least = p->need[m * p->n_cards + c] < least ? p->need[m * p->n_cards + c] : least;
    return least;
}

/** The largest model that is not yet in `done`. */
static uint32_t largest(const packer *p, uint32_t done)
{
    uint32_t best = p->n;
    for (uint32_t m = 0; m < p->n; m++)
        if (!(done & 1u << m) && (best == p->n || size_of(p, m) > size_of(p, best)))
            best = m;
    return best;
}

/** From the largest on, each to the card with the most room; models in `done` are somewhere already. */
static void pack_by_size(packer *p, uint32_t done, const uint64_t *held)
{
    int64_t left[VF_MAX_DEVICES];
    for (uint32_t c = 0; c < p->n_cards; c++)
        left[c] = (int64_t)p->room[c] - (held ? (int64_t)held[c] : 0);
    for (uint32_t m; (m = largest(p, done)) < p->n; done |= 1u << m) {
        uint32_t to = p->n_cards;
        for (uint32_t c = 0; c < p->n_cards; c++)
            if (p->need[m * p->n_cards + c] != NOWHERE && (to == p->n_cards || left[c] > left[to]))
                to = c;
        p->at[m] = (uint8_t)(to < p->n_cards ? to : 0);
        left[p->at[m]] -= (int64_t)p->need[m * p->n_cards + p->at[m]];
    }
}

static bool few_ways(const packer *p)
{
    uint64_t ways = 1;
    for (uint32_t m = 0; m < p->n && ways <= WAYS; m++)
        ways *= p->n_cards;
    return ways <= WAYS;
}

/** Others' memory on every card, `but` one model's. */
static void held_by_others(const packer *p, uint32_t but, uint32_t spread_model, uint64_t *held)
{
    memset(held, 0, VF_MAX_DEVICES * sizeof *held);
    for (uint32_t m = 0; m < p->n; m++)
        if (m != but && m != spread_model)
            held[p->best[m]] = vf_add(held[p->best[m]], p->need[m * p->n_cards + p->best[m]]);
}

/** One model over all cards, the others whole in what is left: whether that is better than what was found. */
static vf_status spread_one(packer *p, uint32_t m, bool *better)
{
    uint64_t held[VF_MAX_DEVICES];
    uint8_t kept[VF_MAX_MEMBERS + 1];
    memcpy(kept, p->best, p->n);
    pack_by_size(p, 1u << m, NULL);
    memcpy(p->best, p->at, p->n);
    held_by_others(p, m, m, held);
    vf_status st = ask(p, m, (1u << p->n_cards) - 1, held);
    *better = st == VF_OK && (!p->found || p->model[m].result->verdict < p->best_verdict ||
                              (p->model[m].result->verdict == p->best_verdict && p->model[m].result->headroom > p->best_headroom));
    if (!*better)
        memcpy(p->best, kept, p->n);
    else {
        p->found = true;
        p->best_verdict = p->model[m].result->verdict;
        p->best_headroom = p->model[m].result->headroom;
    }
    return st == VF_ERR_NOMEM ? st : VF_OK;
}

/** Which model is spread over all cards: one that was asked to be, else one without which the whole ones do not fit. */
static vf_status choose_spread(packer *p, uint32_t *spread_model)
{
    vf_status st = VF_OK;
    uint32_t done = 0;
    *spread_model = p->n;
    for (uint32_t m = 0; m < p->n && p->n_cards > 1; m++)
        if (spreads(&p->model[m].request->settings)) {
            bool better;
            p->found = false;
            *spread_model = m;
            return spread_one(p, m, &better);
        }
    for (uint32_t m; !st && p->n_cards > 1 && p->best_verdict == VF_NO_FIT && (m = largest(p, done)) < p->n; done |= 1u << m) {
        bool better = false;
        st = spread_one(p, m, &better);
        if (better)
            *spread_model = m;
    }
    return st;
}

/** What every card holds in the end. */
static void add_up(const packer *p, vf_device_result *card)
{
    for (uint32_t c = 0; c < p->n_cards; c++) {
        const vf_device *d = &p->model[0].request->device[c];
        uint64_t reserved = vf_add(d->reserved, vf_add(d->desktop, d->other));
        bool used = false;
        card[c] = (vf_device_result){.total = d->total, .reserved = d->reserved, .desktop = d->desktop, .other = d->other,
                                     .available = reserved < d->total ? d->total - reserved : 0, .margin = d->desktop_spread};
        memcpy(card[c].name, d->name, sizeof card[c].name);
        card[c].headroom = (int64_t)card[c].available;
        for (uint32_t m = 0; m < p->n; m++) {
            const vf_device_result *r = p->model[m].result->device;
            if (!(p->model[m].cards & 1u << c))
                continue;
            for (uint32_t b = 0; b < c; b++) /* its own devices are the cards that it has */
                r += p->model[m].cards >> b & 1u;
            for (int s = 0; s < VF_SEG_COUNT; s++)
                card[c].segment[s] = vf_add(card[c].segment[s], r->segment[s]);
            card[c].need = vf_add(card[c].need, r->need);
            card[c].layers += r->layers;
            card[c].margin = vf_add(card[c].margin, r->margin > d->desktop_spread ? r->margin - d->desktop_spread : 0);
            if (!used || r->headroom < card[c].headroom)
                card[c].headroom = r->headroom;
            card[c].verdict = r->verdict > card[c].verdict ? r->verdict : card[c].verdict;
            used = true;
        }
        if (card[c].headroom >= 0 && card[c].headroom < (int64_t)card[c].margin && used && card[c].verdict == VF_FIT)
            card[c].verdict = VF_FRAGILE;
    }
}

static vf_status place(packer *p, vf_device_result *card)
{
    uint32_t spread_model = p->n;
    uint64_t held[VF_MAX_DEVICES];
    vf_status st = p->n_cards ? measure(p) : VF_OK;
    if (!st && p->n_cards && few_ways(p))
        try_all(p);
    else if (!st && p->n_cards) {
        pack_by_size(p, 0, NULL);
        keep_better(p);
    }
    if (!st && p->n_cards && !p->found)
        pack_by_size(p, 0, NULL), memcpy(p->best, p->at, p->n);
    if (!st && p->n_cards)
        st = choose_spread(p, &spread_model);
    for (uint32_t m = 0; !st && m < p->n; m++) {
        uint32_t all = p->n_cards ? (1u << p->n_cards) - 1 : 0;
        p->model[m].cards = m == spread_model ? all : p->n_cards ? 1u << p->best[m] : 0;
        if (spread_model == p->n || m == spread_model) {
            held_by_others(p, m, spread_model, held);
            st = ask(p, m, p->model[m].cards, p->n_cards ? held : NULL);
        }
    }
    for (uint32_t m = 0; !st && m < p->n && spread_model < p->n; m++) { /* whole ones, beside the spread one */
        if (m == spread_model)
            continue;
        held_by_others(p, m, spread_model, held);
        for (uint32_t c = 0; c < p->n_cards; c++)
            held[c] = vf_add(held[c], holds(p->model[spread_model].result, c));
        st = ask(p, m, p->model[m].cards, held);
    }
    if (!st)
        add_up(p, card);
    return st;
}

vf_status vf_pack(vf_resident *model, uint32_t n, const vf_allocator *scratch, vf_device_result *card, vf_error *err)
{
    if (n == 0 || n > VF_MAX_MEMBERS + 1)
        return vf_fail(err, VF_ERR_RANGE, "%u models at once: at most %d", n, VF_MAX_MEMBERS + 1);
    vf_error ignored = {0};
    packer p = {.model = model, .n = n, .n_cards = model[0].request->n_devices, .scratch = scratch, .err = err ? err : &ignored};
    for (uint32_t m = 1; m < n; m++)
        if (model[m].request->n_devices != p.n_cards)
            return vf_fail(err, VF_ERR_USAGE, "models on different cards");
    size_t cells = (size_t)n * (p.n_cards + 1);
    p.need = vf_alloc_zero(scratch, cells, sizeof *p.need);
    p.margin = vf_alloc_zero(scratch, cells, sizeof *p.margin);
    p.at = vf_alloc_zero(scratch, 2u * n, 1);
    p.best = p.at ? p.at + n : NULL;
    for (uint32_t c = 0; c < p.n_cards; c++) {
        const vf_device *d = &model[0].request->device[c];
        uint64_t held = vf_add(d->reserved, vf_add(d->desktop, d->other));
        p.room[c] = held < d->total ? d->total - held : 0;
        p.spread[c] = d->desktop_spread;
    }
    vf_status st = p.need && p.margin && p.at ? place(&p, card) : vf_fail(err, VF_ERR_NOMEM, "out of memory");
    vf_free(scratch, p.need, cells * sizeof *p.need);
    vf_free(scratch, p.margin, cells * sizeof *p.margin);
    vf_free(scratch, p.at, 2u * n);
    if (!st && err)
        *err = (vf_error){0};
    return st;
}
