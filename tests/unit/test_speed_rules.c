/* The bounds on speed, number by number, from what is stated of a card and the bytes that a token reads. */
#include "memory.h"
#include "subject.h"
#include "vramfit/speed.h"

#define SECOND UINT64_C(1000000000000000) /* picoseconds of 1000 seconds: rates are in thousandths */

static vf_result result;
static vf_error failure;

typedef struct speed_case {
    subject x;
    vf_request r;
} speed_case;

static void open_case(speed_case *c, const char *model, const char *quant, uint32_t n_cards)
{
    vf_quant_entry e;
    uint32_t index;

    c->x = open_subject(model);
    c->r = (vf_request){.model = c->x.m, .runtime = "llama.cpp", .settings = c->x.s, .n_devices = n_cards};
    CHECK(vf_catalog_find(catalog, VF_KIND_QUANT, quant, &index, &failure) == VF_OK && vf_catalog_quant(catalog, index, &e) == VF_OK, "%s", quant);
    c->r.quant = e.quant;
    c->r.quant.millibits = e.millibits;
    for (uint32_t i = 0; i < n_cards; i++)
        c->r.device[i] = (vf_device){.total = UINT64_C(80) << 30, .bandwidth_mbs = 1000000, .compute_capability = 80, .multiprocessors = 100};
    CHECK(vf_estimate(&c->r, &heap, &result, &failure) == VF_OK, "%s: %s", model, failure.text);
}

static vf_speed bounds(const speed_case *c)
{
    vf_speed s;

    CHECK(vf_speed_bounds(&c->r, &result, &heap, &s, &failure) == VF_OK, "%s", failure.text);
    return s;
}

/* A token reads all weights but the table that is looked up, at the whole bandwidth at best; with the cache of one
 * sequence, at what kernels were seen to reach by bits of a weight, at worst. */
static void decoding(void)
{
    static const struct {
        const char *model, *quant;
        uint32_t percent;
    } cases[] = {{"TinyLlama-1.1B", "F16", 60}, {"TinyLlama-1.1B", "Q8_0", 50}, {"TinyLlama-1.1B", "Q4_K_M", 45}, {"TinyLlama-1.1B", "Q6_K", 45},
                 {"Qwen3-30B-A3B", "F16", 30}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        speed_case c;
        open_case(&c, cases[i].model, cases[i].quant, 1);
        for (uint32_t parallel = 0; parallel < 4; parallel += 2) { /* 0: as one */
            vf_speed s;
            result.parallel = parallel;
            s = bounds(&c);
            uint64_t kv = result.device[0].segment[VF_SEG_KV_CACHE] / (parallel ? parallel : 1);
            CHECK(s.has_decode && s.host_read_bytes == 0 && s.read_bytes > 0, "%s", cases[i].quant);
            CHECK_U64(s.efficiency_percent, cases[i].percent, cases[i].quant);
            CHECK_U64(s.cache_bytes, kv, "the cache of one sequence");
            CHECK_U64(s.decode.high, SECOND / s.read_bytes, cases[i].quant);
            CHECK_U64(s.decode.low, SECOND / ((s.read_bytes + kv) * 100 / cases[i].percent), cases[i].quant);
            CHECK(s.exchange_ns.low == 0 && s.exchange_ns.high == 0, "one card waits for none");
        }
        close_subject(&c.x);
    }
}

/* Arithmetic by compute capability: products of a multiprocessor and clock, and clocks (vendors' white papers). */
static void prompts(void)
{
    static const struct {
        uint32_t cc;
        uint64_t flops, mhz_low, mhz_high;
    } cards[] = {{49, 0, 0, 0}, {50, 256, 1000, 1950}, {69, 256, 1000, 1950}, {70, 1024, 1200, 1600}, {74, 1024, 1200, 1600},
                 {75, 1024, 1300, 1950}, {79, 1024, 1300, 1950}, {80, 2048, 1100, 1410}, {85, 2048, 1100, 1410}, {86, 1024, 1300, 2000},
                 {88, 1024, 1300, 2000}, {89, 1024, 1600, 2700}, {90, 4096, 1500, 1980}, {99, 4096, 1500, 1980}, {100, 8192, 1700, 2000},
                 {119, 8192, 1700, 2000}, {120, 1024, 2000, 2700}, {130, 1024, 2000, 2700}};

    for (int packed = 0; packed < 2; packed++) {
        speed_case c;
        open_case(&c, "TinyLlama-1.1B", packed ? "Q4_K_M" : "F16", 1);
        for (size_t i = 0; i < sizeof cards / sizeof cards[0]; i++) {
            vf_speed s;
            c.r.device[0].compute_capability = cards[i].cc;
            s = bounds(&c);
            CHECK(s.has_prompt == (cards[i].flops > 0) && s.has_decode, "%u", cards[i].cc);
            if (!s.has_prompt)
                continue;
            CHECK_U64(s.prompt.high, SECOND / (s.flops * 1000000 / (100 * cards[i].flops * cards[i].mhz_high)), "at best");
            CHECK_U64(s.prompt.low, SECOND / (s.flops * 1000000 / (100 * cards[i].flops * cards[i].mhz_low * (packed ? 20 : 40) / 100)), "at worst");
        }
        c.r.device[0].multiprocessors = 0;
        CHECK(!bounds(&c).has_prompt, "nobody knows how many");
        c.r.device[0].multiprocessors = 100;
        result.host.weights = UINT64_C(10) << 30; /* more than the table: layers in system memory */
        CHECK(!bounds(&c).has_prompt && bounds(&c).has_decode, "the host computes some");
        close_subject(&c.x);
    }
}

/* Two sums a layer and token go over the link of the cards, or the host's bus; each waits. 22 layers of 2048 at 16 bits. */
static void exchanges(void)
{
    static const struct {
        uint32_t link, bus;
        bool bridge;
        uint64_t best, worst, us_low, us_high;
    } cases[] = {{0, 0, false, 31500, 3900, 15, 80},      {0, 20000, false, 20000, 10000, 15, 80}, {300000, 20000, false, 300000, 300000, 6, 10},
                 {300000, 0, false, 300000, 300000, 6, 10}, {50000, 20000, true, 50000, 10000, 6, 80}, {50000, 0, true, 50000, 3900, 6, 80},
                 {1000, 20000, true, 20000, 1000, 6, 80}, {1000, 0, true, 31500, 1000, 6, 80}}; /* a bridge slower than the bus */
    speed_case c;
    open_case(&c, "TinyLlama-1.1B", "F16", 4);

    for (uint32_t tp = 0; tp <= 4; tp++)
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            uint64_t sums = 44, traffic = tp ? sums * 4096 * 2 * (tp - 1) / tp : 0;
            vf_speed s;
            c.r.device[0].link_mbs = cases[i].link;
            c.r.device[0].bus_mbs = cases[i].bus;
            c.r.device[0].link_is_bridge = cases[i].bridge;
            result.tensor_parallel = tp;
            s = bounds(&c);
            CHECK_U64(s.exchange_ns.low, tp < 2 ? 0 : (sums * cases[i].us_low * 1000000 + traffic * 1000000 / cases[i].best) / 1000, "at best");
            CHECK_U64(s.exchange_ns.high, tp < 2 ? 0 : (sums * cases[i].us_high * 1000000 + traffic * 1000000 / cases[i].worst) / 1000, "at worst");
        }
    close_subject(&c.x);
}

/* Two operations a weight; and two for each cell of the cache, head and layer, but of layers with a window. */
static void arithmetic(void)
{
    static const struct {
        const char *model;
        uint64_t per_cell; /* layers x heads x width */
    } cases[] = {{"TinyLlama-1.1B", 22 * 2048}, {"gemma-3-4b", 5 * 8 * 256}, {"DeepSeek-V2-Lite", 27 * 16 * 192}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        speed_case c;
        vf_speed near, far;
        open_case(&c, cases[i].model, "F16", 1);
        result.context_per_sequence = 1000;
        near = bounds(&c);
        result.context_per_sequence = 3000;
        far = bounds(&c);
        CHECK_U64(far.flops - near.flops, 2 * 2000 * cases[i].per_cell, cases[i].model);
        if (i == 0) /* 1100048384 weights, of which 32000 rows are looked up; 45 norms in 32 bits */
            CHECK_U64(near.read_bytes, UINT64_C(2) * (1100048384 - 32000 * 2048) + UINT64_C(2) * 45 * 2048, cases[i].model);
        if (i == 0) /* all in 16 bits but the norms, which are in 32 */
            CHECK_U64(near.flops - 2 * 1000 * cases[i].per_cell, near.read_bytes - UINT64_C(2) * 45 * 2048, cases[i].model);
        close_subject(&c.x);
    }
}

/* Cards in turn add up; cards that share layers read at once, as fast as the slowest. */
static void several_cards(void)
{
    speed_case c;
    vf_speed s;
    uint64_t weights = 0, each[4], slow = 0, sum = 0;
    open_case(&c, "TinyLlama-1.1B", "F16", 4);

    for (int i = 0; i < 4; i++)
        weights += result.device[i].segment[VF_SEG_WEIGHTS];
    c.r.device[2].bandwidth_mbs = 250000;
    s = bounds(&c);
    uint64_t cache = 0;
    for (int i = 0; i < 4; i++)
        cache += result.device[i].segment[VF_SEG_KV_CACHE];
    CHECK(cache > 0 && s.cache_bytes == cache, "the cache of all cards");
    for (int i = 0; i < 4; i++) {
        each[i] = (uint64_t)((double)s.read_bytes * (double)result.device[i].segment[VF_SEG_WEIGHTS] / (double)weights) * (i == 2 ? 4 : 1);
        sum += each[i];
        slow = each[i] > slow ? each[i] : slow;
    }
    double in_turn = 1e15 / (double)sum;
    CHECK((double)s.decode.high > in_turn * 0.9999 && (double)s.decode.high < in_turn * 1.0001, "in turn: %" PRIu64 ", want %.0f", s.decode.high, in_turn);
    result.tensor_parallel = 4;
    s = bounds(&c);
    double at_once = 1e15 / (double)(slow + s.exchange_ns.low * 1000);
    CHECK((double)s.decode.high > at_once * 0.9999 && (double)s.decode.high < at_once * 1.0001, "at once: %" PRIu64 ", want %.0f", s.decode.high, at_once);
    result.tensor_parallel = 3; /* three, then one */
    CHECK(bounds(&c).decode.high < s.decode.high, "a group that is not full is one more");
    close_subject(&c.x);
}

/* Without a card all is read from system memory. */
static void on_the_host(void)
{
    speed_case c;
    vf_speed s;
    open_case(&c, "TinyLlama-1.1B", "F16", 0);

    s = bounds(&c);
    CHECK(s.has_decode && !s.has_prompt && s.host_read_bytes == s.read_bytes, "all of it");
    CHECK_U64(s.decode.high, SECOND / (s.read_bytes * 10), "100 GB/s");
    CHECK_U64(s.decode.low, SECOND / (s.read_bytes * 40), "25 GB/s");
    close_subject(&c.x);

    open_case(&c, "Llama-3.2-1B", "F16", 1); /* its head is the table that is looked up */
    CHECK(bounds(&c).host_read_bytes == 0, "the card has a copy");
    c.r.settings.gpu_layers = 0;
    CHECK(vf_estimate(&c.r, &heap, &result, &failure) == VF_OK, "%s", failure.text);
    s = bounds(&c);
    CHECK(s.has_decode && s.host_read_bytes == s.read_bytes && s.read_bytes > UINT64_C(2400000000), "the head too: %" PRIu64, s.host_read_bytes);
    CHECK_U64(s.decode.high, SECOND / (s.read_bytes * 10), "nothing on the card");
    close_subject(&c.x);

    open_case(&c, "bitnet-b1.58-2B-4T", "F16", 1); /* llama.cpp makes no copy of its table */
    s = bounds(&c);
    CHECK(s.host_read_bytes * 1000 / result.host.weights >= 995 && s.host_read_bytes <= result.host.weights, "the table: %" PRIu64 " of %" PRIu64,
          s.host_read_bytes, result.host.weights);
    close_subject(&c.x);
}

/* What is not known, and what nothing is: no bounds, or none that is wrong. */
static void limits(void)
{
    speed_case c;
    vf_speed s;
    memory_allocator counts = {.fail_at = 1};
    const vf_allocator none = {memory_resize, &counts};
    open_case(&c, "TinyLlama-1.1B", "F16", 2);

    CHECK(vf_speed_bounds(&c.r, &result, &none, &s, &failure) == VF_ERR_NOMEM && !s.has_decode, "no memory");
    check_error(&failure, VF_ERR_NOMEM, "no memory");
    c.r.device[1].bandwidth_mbs = 0;
    s = bounds(&c);
    CHECK(!s.has_decode && s.read_bytes > 0, "a card's bandwidth is not known");
    c.r.device[1].bandwidth_mbs = 1; /* of which 60 % are none: never done */
    s = bounds(&c);
    CHECK(s.has_decode && s.decode.low == 0, "slower than can be told: %" PRIu64, s.decode.low);
    c.r.device[1].bandwidth_mbs = 1000000;
    c.r.quant.kind = VF_QUANT_NOMINAL;
    s = bounds(&c);
    CHECK(s.read_bytes == 0 && !s.has_decode, "a size class has no tensors");
    close_subject(&c.x);
    open_case(&c, "TinyLlama-1.1B", "F16", 1);
    for (size_t i = 0; i < c.x.m->n_tensors; i++) /* some 10^19 bytes a token: rates below a thousandth */
        if (c.x.m->tensors[i].role == VF_ROLE_FFN_UP)
            c.x.m->tensors[i].ne[1] = UINT64_C(1) << 46;
    s = bounds(&c);
    CHECK(s.has_decode && s.decode.high == 0 && s.decode.low == 0, "%" PRIu64 " to %" PRIu64, s.decode.low, s.decode.high);
    for (size_t i = 0; i < c.x.m->n_tensors; i++)
        if (c.x.m->tensors[i].role == VF_ROLE_FFN_UP)
            c.x.m->tensors[i].ne[1] = UINT64_C(1) << 60;
    CHECK(!bounds(&c).has_decode, "more than can be counted");
    memory_allocator counted = {0};
    const vf_allocator gives = {memory_resize, &counted};
    CHECK(vf_speed_bounds(&c.r, &result, &gives, &s, &failure) == VF_OK && counted.calls > 0, "%s", failure.text);
    CHECK_U64(counted.in_use, 0, "given back");
    size_t n = c.x.m->n_tensors;
    c.x.m->n_tensors = c.x.m->n_groups = 0;
    s = bounds(&c);
    CHECK(!s.has_decode && s.read_bytes == 0, "nothing to read");
    c.x.m->n_tensors = n;
    close_subject(&c.x);
    open_case(&c, "Qwen3-30B-A3B", "F16", 1); /* a share of what cannot be counted is none that can */
    for (size_t i = 0; i < c.x.m->n_tensors; i++)
        if (c.x.m->tensors[i].role == VF_ROLE_FFN_UP_EXPS)
            c.x.m->tensors[i].ne[1] = UINT64_C(1) << 60;
    CHECK(!bounds(&c).has_decode, "a share of it");
    close_subject(&c.x);
}

/* Experts of layers that have none by their header, or past the last layer, are matrices like others: read whole. */
static void experts_of_nobody(void)
{
    speed_case c;
    open_case(&c, "Qwen3-30B-A3B", "F16", 1);
    const uint64_t was = bounds(&c).read_bytes, up = UINT64_C(2048) * 768 * 128 * 2;
    vf_layer *l = &c.x.m->layers[3];

    CHECK(l->n_expert == 128 && l->n_expert_used == 8, "eight of 128");
    l->n_expert = 0;
    CHECK_U64(bounds(&c).read_bytes - was, 3 * (up - up / 16), "gate, up and down of one layer");
    l->n_expert = 128;
    for (size_t i = 0; i < c.x.m->n_tensors; i++)
        if (c.x.m->tensors[i].role == VF_ROLE_FFN_UP_EXPS && c.x.m->tensors[i].layer == 3)
            c.x.m->tensors[i].layer = (int32_t)c.x.m->n_layers;
    CHECK_U64(bounds(&c).read_bytes - was, up - up / 16, "up past the last layer");
    close_subject(&c.x);
}

/* Keeps the first tensor of a role, of two rows. */
static void keep_one(speed_case *c, vf_role role, uint64_t n)
{
    size_t i = 0;

    while (c->x.m->tensors[i].role != role)
        i++;
    c->x.m->tensors[0] = c->x.m->tensors[i];
    c->x.m->tensors[0].ne[0] = n;
    c->x.m->tensors[0].ne[1] = 2;
    c->x.m->n_tensors = 1;
    free(c->x.m->order);
    free(c->x.m->mix);
    free(c->x.m->groups);
    CHECK(vf_model_index(c->x.m, &failure) == VF_OK, "%s", failure.text);
}

/* Files of next to nothing: a table alone is looked up, not read; what takes no picosecond counts as one. */
static void next_to_nothing(void)
{
    speed_case c;
    vf_speed s;

    open_case(&c, "TinyLlama-1.1B", "F16", 1);
    size_t n = c.x.m->n_tensors;
    keep_one(&c, VF_ROLE_TOKEN_EMBD, 2048);
    c.x.m->tensors[0].role = VF_ROLE_PER_LAYER_TOKEN_EMBD; /* which is no head */
    s = bounds(&c);
    CHECK(s.read_bytes == 0 && !s.has_decode && !s.has_prompt, "a table: %" PRIu64, s.read_bytes);
    c.x.m->n_tensors = n;
    close_subject(&c.x);

    open_case(&c, "TinyLlama-1.1B", "F16", 1);
    keep_one(&c, VF_ROLE_FFN_UP, 1);
    c.r.device[0].bandwidth_mbs = 8000000; /* 4 bytes at 8 TB/s */
    s = bounds(&c);
    CHECK(s.has_decode && s.read_bytes == 4 && s.decode.high == SECOND && s.decode.low > 0 && s.decode.low < SECOND, "no time at best");
    result.device[0].segment[VF_SEG_KV_CACHE] = 0; /* as an encoder's */
    s = bounds(&c);
    CHECK(s.has_decode && s.decode.low == SECOND, "nor at worst: %" PRIu64, s.decode.low);
    c.x.m->n_tensors = n;
    close_subject(&c.x);

    vf_quant_entry e;
    uint32_t index;
    open_case(&c, "TinyLlama-1.1B", "F16", 1); /* rows of nothing, whose scales are padded to 128: two bytes each */
    keep_one(&c, VF_ROLE_FFN_UP, 0);
    CHECK(vf_catalog_find(catalog, VF_KIND_QUANT, "exl3-4.0bpw", &index, &failure) == VF_OK && vf_catalog_quant(catalog, index, &e) == VF_OK, "EXL3");
    c.r.quant = e.quant;
    c.r.quant.millibits = e.millibits;
    result.host.weights = 0; /* no table is there */
    s = bounds(&c);
    CHECK(s.has_decode && s.read_bytes == 256 && s.efficiency_percent == 45, "bytes of no weights: %" PRIu64 ", %u %%", s.read_bytes, s.efficiency_percent);
    CHECK_U64(s.flops, UINT64_C(2) * 22 * 2048 * result.context_per_sequence, "attention alone");
    CHECK(s.has_prompt, "a prompt");
    CHECK_U64(s.prompt.low, SECOND / (s.flops * 1000000 / (UINT64_C(100) * 2048 * 1100 * 40 / 100)), "nothing is unpacked");
    c.x.m->n_tensors = n;
    close_subject(&c.x);
}

/* A model whose tensors nobody listed: it needs room for its cache, and no speed is told of weights that are not known. */
static void no_tensors(void)
{
    speed_case c;
    open_case(&c, "llama-3.1-8b", "Q4_K_M", 1);
    const size_t n = c.x.m->n_tensors;
    const uint32_t n_groups = c.x.m->n_groups;
    uint64_t cache = result.device[0].segment[VF_SEG_KV_CACHE];
    vf_override all = {.pattern = ".", .device = -1};

    c.x.m->n_tensors = c.x.m->n_groups = 0;
    c.r.settings.override = &all;
    for (c.r.settings.n_override = 0; c.r.settings.n_override < 2; c.r.settings.n_override++) {
        CHECK(vf_estimate(&c.r, &heap, &result, &failure) == VF_OK, "%s", failure.text);
        CHECK(result.device[0].segment[VF_SEG_WEIGHTS] == 0 && result.device[0].segment[VF_SEG_KV_CACHE] == cache, "weights %" PRIu64 ", cache %" PRIu64,
              result.device[0].segment[VF_SEG_WEIGHTS], result.device[0].segment[VF_SEG_KV_CACHE]);
    }
    vf_speed s = bounds(&c);
    CHECK(!s.has_decode && !s.has_prompt && s.read_bytes == 0, "a speed of no weights");
    c.x.m->n_tensors = n;
    c.x.m->n_groups = n_groups;
    close_subject(&c.x);
}

int main(void)
{
    open_catalog();
    no_tensors();
    experts_of_nobody();
    next_to_nothing();
    decoding();
    prompts();
    arithmetic();
    exchanges();
    several_cards();
    on_the_host();
    limits();
    vf_catalog_free(catalog);
    return CHECK_END();
}
