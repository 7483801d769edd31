/* How fast it can be at best: what a step reads over bandwidth, what it computes over peak arithmetic, what cards that
 * share layers send each other. Bounds: `high` is what nothing exceeds, `low` what the least efficient of measured
 * kernels reached. Only what one sequence at a time does; times are in picoseconds a token. */
#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "estimate/profile.h"
#include "model/schemes.h"
#include "vramfit/speed.h"

/* Share of the bandwidth that decoding one sequence was seen to reach, at the worst, by bits of a weight (mlx-lm
 * BENCHMARKS.md: 0.77, 0.68, 0.56 in 16, 8 and 4 bits on an M4 Max, experts 0.39; AutoAWQ README 0.64 on an RTX
 * 4090; LitGPT on A100s 0.67 in 16 bits, with bitsandbytes 0.19 to 0.25), per cent. */
static const struct {
    uint32_t bits_from, percent;
} efficiency[] = {{14, 60}, {7, 50}, {0, 45}};
#define EXPERTS_PERCENT 30
#define BITSANDBYTES_PERCENT 15
/* Share of peak arithmetic in a prompt: 40 to 60 % in 16 bits, 20 to 35 % where weights are unpacked first. */
#define PROMPT_PERCENT 40
#define PROMPT_PACKED_PERCENT 20

/* FP16 products of tensor cores with FP16 sums, a multiprocessor and clock, and the clocks that such cards run
 * (vendors' white papers, recalled; 128 x 2 in FP32 before there were any). */
static const struct {
    uint32_t compute_capability, flops, mhz_low, mhz_high;
} cores[] = {{120, 1024, 2000, 2700}, {100, 8192, 1700, 2000}, {90, 4096, 1500, 1980}, {89, 1024, 1600, 2700}, {86, 1024, 1300, 2000},
             {80, 2048, 1100, 1410}, {75, 1024, 1300, 1950}, {70, 1024, 1200, 1600}, {50, 256, 1000, 1950}};

/* An all-reduce: over NVLink, over the host's bus from card to card, and through system memory (microseconds). */
#define LINK_US_LOW 6
#define LINK_US_HIGH 10
#define BUS_US_LOW 15
#define BUS_US_HIGH 80
#define REDUCES_PER_LAYER 2
/* The host's bus where the card does not say: PCIe 4.0 x16 at best, 3.0 x4 at worst (MB/s, one direction). */
#define BUS_MBS_BEST 31500
#define BUS_MBS_WORST 3900
/* System memory, two channels: DDR4-2666 at 60 % to DDR5-6400 (MB/s). */
#define HOST_MBS_LOW 25000
#define HOST_MBS_HIGH 100000

#define PER_SECOND_MILLI UINT64_C(1000000000000000) /* picoseconds of 1000 seconds */

/** Picoseconds for an amount at so many millions a second: amount × 10^6 / rate. A rate that rounds to nothing is never done. */
static uint64_t time_of(uint64_t amount, uint64_t rate)
{
    if (rate == 0)
        return VF_OVERFLOW;
    if (amount < UINT64_MAX / 1000000)
        return amount * 1000000 / rate;
    return vf_mul(amount / rate, 1000000);
}

static uint64_t share(uint64_t amount, uint64_t part, uint64_t whole)
{
    if (whole == 0 || amount == 0)
        return 0;
    while (vf_mul(amount, part) == VF_OVERFLOW && whole > 1) {
        part >>= 1;
        whole >>= 1;
    }
    return vf_mul(amount, part) / whole;
}

/** What one token uses. Bytes and elements. */
typedef struct used {
    uint64_t bytes, weights;                /**< of matrices that a step reads, the head with them */
    uint64_t expert_bytes, expert_all;      /**< of these, experts; of all experts */
    uint64_t embedding;                     /**< bytes of the tables that are looked up */
    uint64_t attention;                     /**< layers x heads x width */
    uint64_t layers;
} used;

static void add_tensor(const vf_request *r, const vf_tensor *t, uint16_t type, used *u)
{
    const vf_model *m = r->model;
    uint64_t bytes = r->quant.kind == VF_QUANT_SCHEME ? vf_scheme_tensor_bytes(m, &r->quant, t) : vf_tensor_bytes(t, type);
    uint64_t n = vf_tensor_weights(m, t);
    const vf_layer *l = t->layer >= 0 && (uint32_t)t->layer < m->n_layers ? &m->layers[t->layer] : NULL;
    bool embedding = vf_tensor_slot(t) == VF_SLOT_EMBEDDING;
    if (embedding)
        u->embedding = vf_add(u->embedding, bytes);
    if ((l && l->mtp) || (embedding && !(m->tied && t->role == VF_ROLE_TOKEN_EMBD)))
        return;
    if (vf_role_is_expert(t->role) && l && l->n_expert) {
        u->expert_all = vf_add(u->expert_all, bytes);
        bytes = share(bytes, l->n_expert_used, l->n_expert);
        n = share(n, l->n_expert_used, l->n_expert);
        u->expert_bytes = vf_add(u->expert_bytes, bytes);
    }
    u->bytes = vf_add(u->bytes, bytes);
    u->weights = vf_add(u->weights, n);
}

static used measure(const vf_request *r, const uint16_t *types)
{
    const vf_model *m = r->model;
    used u = {0};
    for (size_t i = 0; i < m->n_tensors; i++)
        if (m->from_file || vf_tensor_is_parameter(&m->tensors[i]))
            add_tensor(r, &m->tensors[i], types[i], &u);
    for (uint32_t i = 0; i < m->n_layers; i++) {
        const vf_layer *l = &m->layers[i];
        u.layers += !l->mtp;
        if (l->has_cache && !l->windowed && !l->mtp)
            u.attention = vf_add(u.attention, vf_mul(l->n_head, l->head_k_mla ? l->head_k_mla : l->head_k));
    }
    return u;
}

static uint64_t on_cards(const vf_result *out)
{
    uint64_t weights = 0;
    for (uint32_t i = 0; i < out->n_devices; i++)
        weights = vf_add(weights, out->device[i].segment[VF_SEG_WEIGHTS]);
    return weights;
}

/** Bytes that a step reads from system memory: what lies there beside the tables that are looked up (one that is the
 * head too is read whole). With experts sent there, as many of them as a token uses. */
static uint64_t read_from_host(const vf_request *r, const vf_result *out, const used *u)
{
    bool head = r->model->tied && r->model->arch.output.tied == VF_OUTPUT_SHARED;
    uint64_t looked_up = head ? 0 : u->embedding, there = out->host.weights > looked_up ? out->host.weights - looked_up : 0;
    if (on_cards(out) == 0)
        return u->bytes;
    if (r->settings.cpu_moe || r->settings.n_override) {
        uint64_t experts = there < u->expert_all ? there : u->expert_all;
        return vf_add(share(u->expert_bytes, experts, u->expert_all), there - experts);
    }
    return share(u->bytes, there, vf_add(there, out->model_bytes > there ? out->model_bytes - there : 0));
}

static uint64_t efficiency_percent(const vf_request *r, const used *u)
{
    if (r->quant.packing == VF_PACK_BNB4 || r->quant.packing == VF_PACK_BNB4_DOUBLE)
        return BITSANDBYTES_PERCENT;
    if (u->expert_all)
        return EXPERTS_PERCENT;
    uint64_t bits = u->weights ? share(u->bytes, 8, u->weights) : 0;
    size_t i = 0;
    while (bits < efficiency[i].bits_from)
        i++;
    return efficiency[i].percent;
}

/** Reading: cards that share layers at once, the slowest of them; all others in turn. `percent` of the bandwidth; with
 * the cache of one sequence or without. */
static uint64_t reading(const vf_request *r, const vf_result *out, uint64_t bytes, uint64_t percent, bool cache)
{
    uint64_t weights = on_cards(out), sum = 0, tp = out->tensor_parallel ? out->tensor_parallel : 1;
    for (uint32_t i = 0; i < out->n_devices; i += (uint32_t)tp) {
        uint64_t worst = 0;
        for (uint32_t j = i; j < i + tp && j < out->n_devices; j++) {
            const vf_device_result *d = &out->device[j];
            uint64_t amount = share(bytes, d->segment[VF_SEG_WEIGHTS], weights);
            if (cache)
                amount = vf_add(amount, d->segment[VF_SEG_KV_CACHE] / (out->parallel ? out->parallel : 1));
            uint64_t t = time_of(amount, vf_mul(r->device[j].bandwidth_mbs, percent) / 100);
            worst = t > worst ? t : worst;
        }
        sum = vf_add(sum, worst);
    }
    return sum;
}

/** Cards that share layers add their parts up twice a layer: 2 (n - 1) / n of a row of h at 16 bits goes over each
 * card's link. */
static vf_range exchange(const vf_request *r, const vf_result *out, const used *u, bool latency)
{
    const vf_device *d = &r->device[0];
    uint64_t tp = out->tensor_parallel;
    if (tp < 2)
        return (vf_range){0, 0};
    uint64_t reduces = vf_mul(REDUCES_PER_LAYER, u->layers), row = vf_mul(2, r->model->hp.embedding_length);
    uint64_t traffic = vf_mul3(reduces, row, 2 * (tp - 1)) / tp;
    bool linked = d->link_mbs && !d->link_is_bridge; /* a bridge may not be there */
    uint64_t bus_best = d->bus_mbs ? d->bus_mbs : BUS_MBS_BEST, bus_worst = d->bus_mbs ? d->bus_mbs / 2 : BUS_MBS_WORST;
    uint64_t best = linked || d->link_mbs > bus_best ? d->link_mbs : bus_best;
    uint64_t worst = linked || (d->link_mbs && d->link_mbs < bus_worst) ? d->link_mbs : bus_worst;
    uint64_t us_low = d->link_mbs ? LINK_US_LOW : BUS_US_LOW, us_high = linked ? LINK_US_HIGH : BUS_US_HIGH;
    uint64_t wait_low = latency ? vf_mul3(reduces, us_low, 1000000) : 0, wait_high = latency ? vf_mul3(reduces, us_high, 1000000) : 0;
    return (vf_range){vf_add(wait_low, time_of(traffic, best)), vf_add(wait_high, time_of(traffic, worst))};
}

/** Peak arithmetic of a card, 10^6 operations a second; 0: not known. */
static vf_range peak(const vf_device *d)
{
    size_t i = 0, n = sizeof cores / sizeof cores[0];
    while (i < n && d->compute_capability < cores[i].compute_capability)
        i++;
    if (i == n || d->multiprocessors == 0)
        return (vf_range){0, 0};
    uint64_t flops = (uint64_t)d->multiprocessors * cores[i].flops;
    return (vf_range){flops * cores[i].mhz_low, flops * cores[i].mhz_high};
}

/** What takes less than a picosecond counts as one. */
static uint64_t rate_of(uint64_t time)
{
    return PER_SECOND_MILLI / (time ? time : 1);
}

static vf_range rate(uint64_t slowest, uint64_t fastest)
{
    return (vf_range){rate_of(slowest), rate_of(fastest)};
}

/** A prompt of the whole context: at best all cards work at once, at worst one after the other. */
static void prompt_rate(const vf_request *r, const vf_result *result, const used *u, vf_speed *out)
{
    vf_range sum = {0, 0}, least = {UINT64_MAX, UINT64_MAX};
    for (uint32_t i = 0; i < r->n_devices; i++) {
        vf_range p = peak(&r->device[i]);
        if (p.high == 0)
            return;
        sum.high = vf_add(sum.high, p.high);
        least.low = p.low < least.low ? p.low : least.low;
    }
    if (r->n_devices == 0 || result->host.weights > u->embedding)
        return;
    uint64_t together = result->tensor_parallel > 1 ? result->tensor_parallel : 1;
    bool packed = u->weights && share(u->bytes, 8, u->weights) < 14;
    uint64_t low = vf_mul3(least.low, together, packed ? PROMPT_PACKED_PERCENT : PROMPT_PERCENT) / 100;
    vf_range wire = exchange(r, result, u, false);
    uint64_t fastest = time_of(out->flops, sum.high), slowest = vf_add(time_of(out->flops, low), wire.high);
    out->has_prompt = true;
    out->prompt = rate(slowest, fastest > wire.low ? fastest : wire.low);
}

static void judge(const vf_request *r, const vf_result *result, const uint16_t *types, vf_speed *out)
{
    used u = measure(r, types);
    uint64_t host = read_from_host(r, result, &u), cards = u.bytes - (host < u.bytes ? host : u.bytes), cache = 0;
    bool known = true;
    for (uint32_t i = 0; i < r->n_devices; i++) {
        known = known && r->device[i].bandwidth_mbs;
        cache = vf_add(cache, result->device[i].segment[VF_SEG_KV_CACHE]);
    }
    out->read_bytes = u.bytes;
    out->host_read_bytes = host;
    out->cache_bytes = cache / (result->parallel ? result->parallel : 1);
    out->flops = vf_add(vf_mul(2, u.weights), vf_mul3(2, u.attention, result->context_per_sequence));
    out->tensor_parallel = result->tensor_parallel;
    vf_range wire = exchange(r, result, &u, true);
    out->exchange_ns = (vf_range){wire.low / 1000, wire.high / 1000};
    if (!known || u.bytes == 0 || u.bytes == VF_OVERFLOW)
        return;
    out->efficiency_percent = (uint32_t)efficiency_percent(r, &u);
    uint64_t fastest = vf_add(reading(r, result, cards, 100, false), time_of(host, HOST_MBS_HIGH));
    uint64_t slowest = vf_add(reading(r, result, cards, out->efficiency_percent, true), time_of(host, HOST_MBS_LOW));
    out->has_decode = true;
    out->decode = rate(vf_add(slowest, wire.high), vf_add(fastest, wire.low));
    prompt_rate(r, result, &u, out);
}

vf_status vf_speed_bounds(const vf_request *r, const vf_result *result, const vf_allocator *scratch, vf_speed *out, vf_error *err)
{
    size_t n = r->model->n_tensors;
    *out = (vf_speed){0};
    if (r->quant.kind == VF_QUANT_NOMINAL || n == 0)
        return VF_OK;
    uint16_t *types = vf_alloc_zero(scratch, n, sizeof *types);
    if (!types)
        return vf_fail(err, VF_ERR_NOMEM, "out of memory");
    vf_status st = r->quant.kind == VF_QUANT_SCHEME ? VF_OK : vf_mix_types(r->model, &r->quant, scratch, types, err);
    if (st == VF_OK)
        judge(r, result, types, out);
    vf_free(scratch, types, n * sizeof *types);
    return st;
}
