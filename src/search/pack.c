/* Several models at once, each in a process of its own: which card holds which. Branch and bound over the needs of whole models,
 * largest first; a model is spread over several cards only when its settings ask for it, when no card holds it, or, the
 * largest, when the whole ones do not fit. */
#include "search/pack.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

/* Where a search ends with the best that it found: far beyond what machines hold that people have. */
#define STEPS (UINT32_C(1) << 17)
#define SPREADS 128
#define SETS 4096

typedef struct way {
    bool found;
    vf_verdict verdict;
    int64_t headroom;
    uint32_t wide; /* models that are spread */
    uint32_t cards[VF_PACK_MODELS];
} way;

typedef struct search {
    vf_packer *p;
    uint8_t order[VF_PACK_MODELS]; /* spread models first, then by size */
    way now, best;
    uint32_t steps, spreads, sets;
    uint64_t taken[VF_MAX_DEVICES]; /* about what several spread models will take */
    bool all_cards;                 /* of several spread models each has all */
} search;

static bool is_better(const way *a, const way *b)
{
    if (!b->found || a->verdict != b->verdict)
        return !b->found || a->verdict < b->verdict;
    return a->headroom > b->headroom;
}

/** Worst verdict and smallest headroom of the cards that are used. */
static void judge(const vf_packer *p, const vf_load *load, way *w)
{
    bool first = true;
    w->verdict = VF_FIT;
    for (uint32_t c = 0; c < p->n_cards; c++) {
        if (load[c].n == 0)
            continue;
        int64_t left = vf_load_left(p, &load[c], c);
        vf_verdict v = vf_load_verdict(p, &load[c], c);
        w->verdict = v > w->verdict ? v : w->verdict;
        w->headroom = first || left < w->headroom ? left : w->headroom;
        first = false;
    }
}

/** Whether two cards are alike to all models before the k-th: the same kind, with the same on it. */
static bool alike(const search *s, uint32_t k, const vf_load *load, uint32_t a, uint32_t b)
{
    const vf_load *x = &load[a], *y = &load[b];
    if (!vf_pack_alike(s->p, a, b) || x->n != y->n || x->need != y->need || x->claim != y->claim || x->margin != y->margin ||
        x->slack != y->slack || x->alone != y->alone)
        return false;
    for (uint32_t i = 0; i < k; i++) {
        uint32_t cards = s->now.cards[s->order[i]];
        if (s->now.wide >> s->order[i] & 1u && (cards >> a & 1u) != (cards >> b & 1u))
            return false;
    }
    return true;
}

/** Everything whole has its card: the spread ones take what is left. */
static vf_status finish(search *s, const vf_load *whole)
{
    vf_load load[VF_MAX_DEVICES];
    memcpy(load, whole, sizeof load);
    for (uint32_t k = 0; k < s->p->n && s->now.wide >> s->order[k] & 1u; k++) {
        if (s->spreads++ >= SPREADS)
            return VF_OK;
        vf_status st = vf_pack_wide(s->p, s->order[k], s->now.cards[s->order[k]], load);
        if (st)
            return st == VF_ERR_NOMEM ? st : VF_OK;
    }
    judge(s->p, load, &s->now);
    s->now.found = true;
    if (is_better(&s->now, &s->best))
        s->best = s->now;
    return VF_OK;
}

static vf_status place(search *s, uint32_t k, const vf_load *load);

static bool is_several(uint32_t set)
{
    return set != 0 && (set & (set - 1)) != 0;
}

static uint64_t room_of(const search *s, const vf_load *load, uint32_t c)
{
    int64_t left = vf_load_left(s->p, &load[c], c);
    return left > 0 && (uint64_t)left > s->taken[c] ? (uint64_t)left - s->taken[c] : 0;
}

/** Of sets that differ by like cards only, the one with the first of these. */
static bool is_first_of_like(const search *s, uint32_t k, const vf_load *load, uint32_t cards)
{
    for (uint32_t b = 1; b < s->p->n_cards; b++)
        for (uint32_t a = 0; a < b && cards >> b & 1u; a++)
            if (!(cards >> a & 1u) && alike(s, k, load, a, b))
                return false;
    return true;
}

/** One set of cards for the k-th model, which is spread. Several of them share what there is, so each takes its part of it at
 * once, as its layers will lie: in proportion to the room. */
static vf_status try_set(search *s, uint32_t k, const vf_load *load, uint32_t cards, bool *tried)
{
    const vf_packer *p = s->p;
    uint32_t m = s->order[k];
    uint64_t before[VF_MAX_DEVICES], room[VF_MAX_DEVICES] = {0}, all = 0, size = vf_pack_size(p, m);
    bool given = p->model[m].request->settings.n_tensor_split > 1, several = is_several(s->now.wide);
    *tried = false;
    if (s->sets++ >= SETS || (given && cards != (UINT32_C(1) << p->n_cards) - 1) || !is_first_of_like(s, k, load, cards))
        return VF_OK;
    for (uint32_t c = 0; c < p->n_cards; c++)
        all = vf_add(all, room[c] = cards >> c & 1u ? room_of(s, load, c) : 0);
    if (several && size != VF_OVERFLOW && size > all && !s->all_cards)
        return VF_OK;
    memcpy(before, s->taken, sizeof before);
    for (uint32_t c = 0; c < p->n_cards && several && size != VF_OVERFLOW && all; c++)
        s->taken[c] = vf_add(s->taken[c], vf_mul(size >> 20, room[c] >> 20) / (all >> 20 ? all >> 20 : 1) << 20);
    *tried = true;
    s->now.cards[m] = cards;
    vf_status st = place(s, k + 1, load);
    memcpy(s->taken, before, sizeof before);
    return st;
}

/** Sets of cards for a model that is spread: of one such model all sets, the largest first; where several are, the smallest that
 * have the room and those with a card more. */
static vf_status place_wide(search *s, uint32_t k, const vf_load *load)
{
    uint32_t n = s->p->n_cards, all = (UINT32_C(1) << n) - 1, smallest = n;
    bool several = is_several(s->now.wide), tried;
    vf_status st = VF_OK;
    if (several && s->all_cards)
        return try_set(s, k, load, all, &tried);
    for (uint32_t i = 2; i <= n && i <= smallest + 1; i++) {
        uint32_t size = several ? i : n + 2 - i;
        for (uint32_t cards = (UINT32_C(1) << size) - 1; cards <= all && !st && s->spreads < SPREADS;) {
            st = try_set(s, k, load, cards, &tried);
            if (tried && several && size < smallest)
                smallest = size;
            uint32_t low = cards & (~cards + 1), next = cards + low; /* the next number with as many bits */
            cards = (((next ^ cards) >> 2) / low) | next;
        }
    }
    return st;
}

/** The card with the most room of those not in `tried`; n_cards when there is none. */
static uint32_t roomiest(const search *s, const vf_load *load, uint32_t tried)
{
    uint32_t best = s->p->n_cards;
    int64_t most = 0;
    for (uint32_t c = 0; c < s->p->n_cards; c++) {
        int64_t left = vf_load_left(s->p, &load[c], c) - (int64_t)s->taken[c];
        if (tried >> c & 1u || (best < s->p->n_cards && left <= most))
            continue;
        best = c;
        most = left;
    }
    return best;
}

static vf_status place_whole(search *s, uint32_t k, const vf_load *load)
{
    const vf_packer *p = s->p;
    uint32_t m = s->order[k], tried = 0;
    vf_status st = VF_OK;
    for (uint32_t c; !st && (c = roomiest(s, load, tried)) < p->n_cards; tried |= UINT32_C(1) << c) {
        const vf_piece *piece = &p->piece[(size_t)m * p->n_cards + c];
        bool skip = !piece->possible || load[c].alone || (piece->alone && load[c].n);
        for (uint32_t b = 0; b < p->n_cards && !skip; b++)
            skip = tried >> b & 1u && alike(s, k, load, b, c);
        if (skip || (s->best.found && s->steps++ >= STEPS))
            continue;
        vf_load next[VF_MAX_DEVICES];
        memcpy(next, load, sizeof next);
        vf_load_add(&next[c], piece);
        if (s->taken[c] && !s->all_cards && room_of(s, next, c) == 0)
            continue;
        judge(p, next, &s->now); /* more models only make it worse */
        if (s->best.found && !is_better(&s->now, &s->best))
            continue;
        s->now.cards[m] = UINT32_C(1) << c;
        st = place(s, k + 1, next);
    }
    return st;
}

static vf_status place(search *s, uint32_t k, const vf_load *load)
{
    if (k == s->p->n)
        return finish(s, load);
    return s->now.wide >> s->order[k] & 1u ? place_wide(s, k, load) : place_whole(s, k, load);
}

/* ---- who is spread -------------------------------------------------------------------------------- */

/** The best way with the models in `wide` spread. */
static vf_status find(search *s, uint32_t wide)
{
    const vf_packer *p = s->p;
    vf_load load[VF_MAX_DEVICES];
    memset(load, 0, sizeof load);
    for (uint32_t c = 0; c < p->n_cards; c++)
        load[c].slack = INT64_MAX;
    for (uint32_t m = 0; m < p->n; m++) {
        uint32_t at = m;
        for (; at > 0; at--) {
            uint32_t before = s->order[at - 1];
            bool wider = (wide >> m & 1u) > (wide >> before & 1u), as_wide = (wide >> m & 1u) == (wide >> before & 1u);
            if (!wider && !(as_wide && vf_pack_size(p, m) > vf_pack_size(p, before)))
                break;
            s->order[at] = s->order[at - 1];
        }
        s->order[at] = (uint8_t)m;
    }
    s->now = (way){.wide = wide};
    vf_status st = place(s, 0, load);
    s->all_cards = !s->best.found && is_several(wide);
    s->spreads = s->sets = 0;
    return st || !s->all_cards ? st : place(s, 0, load);
}

static bool asks_for_several(const vf_settings *s)
{
    return s->tensor_parallel > 1 || s->pipeline_parallel > 1 || s->n_tensor_split > 1 || s->split == VF_SPLIT_TENSOR;
}

/** Models that no card holds, or the largest when each has one. */
static uint32_t too_large(const vf_packer *p)
{
    uint32_t none = 0, largest = 0;
    for (uint32_t m = 0; m < p->n; m++) {
        bool any = false;
        for (uint32_t c = 0; c < p->n_cards && !any; c++) {
            vf_load load = {.slack = INT64_MAX};
            const vf_piece *piece = &p->piece[(size_t)m * p->n_cards + c];
            vf_load_add(&load, piece);
            any = piece->possible && vf_load_left(p, &load, c) >= 0;
        }
        none |= any || p->model[m].request->settings.split == VF_SPLIT_NONE ? 0 : UINT32_C(1) << m;
        if (vf_pack_size(p, m) > vf_pack_size(p, largest))
            largest = m;
    }
    bool may = p->model[largest].request->settings.split != VF_SPLIT_NONE;
    return none ? none : may ? UINT32_C(1) << largest : 0;
}

static vf_status no_way(const vf_packer *p, vf_error *err)
{
    for (uint32_t m = 0; m < p->n; m++)
        for (uint32_t c = 0; c < p->n_cards; c++)
            if (p->piece[(size_t)m * p->n_cards + c].alone)
                return vf_fail_key(err, VF_ERR_REFUSED, "--also", "%s takes a share of what is free, and so a card of its own: a card more, or vllm or llama.cpp",
                                   p->model[m].request->runtime);
    return p->err->status ? p->err->status : vf_fail(err, VF_ERR_REFUSED, "the cards do not suit the models");
}

static vf_status choose(vf_packer *p, vf_device_result *card)
{
    search s = {.p = p}, spread = {.p = p};
    uint32_t asked = 0;
    vf_status st = vf_pack_measure(p);
    for (uint32_t m = 0; m < p->n && p->n_cards > 1; m++)
        if (asks_for_several(&p->model[m].request->settings))
            asked |= UINT32_C(1) << m;
    if (!st)
        st = find(&s, asked);
    uint32_t more = st || p->n_cards < 2 || (s.best.found && s.best.verdict == VF_FIT) ? asked : asked | too_large(p);
    if (more != asked) {
        st = find(&spread, more);
        bool helps = spread.best.verdict < s.best.verdict || (s.best.verdict == VF_NO_FIT && is_better(&spread.best, &s.best));
        if (!st && spread.best.found && (!s.best.found || helps))
            s = spread;
    }
    if (st)
        return st;
    if (!s.best.found)
        return no_way(p, p->err);
    for (uint32_t m = 0; m < p->n; m++)
        p->model[m].cards = s.best.cards[m];
    return vf_pack_settle(p, s.best.wide, s.order, card);
}

vf_status vf_pack(vf_resident *model, uint32_t n, const vf_allocator *scratch, vf_device_result *card, vf_error *err)
{
    vf_error ignored = {0};
    vf_packer p = {.model = model, .n = n, .scratch = scratch, .err = err ? err : &ignored};
    *p.err = (vf_error){0};
    if (n == 0 || n > VF_PACK_MODELS)
        return vf_fail(err, VF_ERR_RANGE, "%u models at once: at most %d", n, VF_PACK_MODELS);
    p.n_cards = model[0].request->n_devices;
    for (uint32_t m = 0; m < n; m++)
        if (model[m].request->n_devices != p.n_cards || p.n_cards > VF_MAX_DEVICES)
            return vf_fail(err, VF_ERR_USAGE, "models on different cards, or on more than %d", VF_MAX_DEVICES);
    if (p.n_cards == 0) { /* side by side in system memory */
        vf_status st = VF_OK;
        for (uint32_t m = 0; m < n && !st; m++) {
            model[m].cards = 0;
            model[m].settings = model[m].request->settings;
            st = vf_estimate(model[m].request, scratch, model[m].result, err);
        }
        return st;
    }
    size_t cells = (size_t)n * p.n_cards;
    p.piece = vf_alloc_zero(scratch, cells, sizeof *p.piece);
    vf_status st = p.piece ? choose(&p, card) : vf_fail(err, VF_ERR_NOMEM, "out of memory");
    vf_free(scratch, p.piece, cells * sizeof *p.piece);
    if (!st && err)
        *err = (vf_error){0};
    return st;
}
