/* Several models on one machine (vf_pack), through the library: one is an estimate, whole ones against every way to place them,
 * errors, and memory that runs out. */
#include "packed.h"

static void one_is_an_estimate(void)
{
    static vf_result alone;
    open_model(0, "qwen2.5-7b", "llama.cpp", "q8_0");
    set_cards(1, 1, (const uint32_t[]){12});
    CHECK(vf_estimate(&request[0], &heap, &alone, &err) == VF_OK, "%s", err.text);
    CHECK(vf_pack(resident, 1, &heap, card, &err) == VF_OK, "%s", err.text);
    CHECK_U64(card[0].need, alone.need, "need");
    CHECK_U64(card[0].margin, alone.margin, "margin");
    CHECK(card[0].headroom == alone.headroom && card[0].verdict == alone.verdict, "headroom and verdict");
    set_cards(1, 2, (const uint32_t[]){4, 6});
    CHECK(vf_pack(resident, 1, &heap, card, &err) == VF_OK && resident[0].cards == 3, "no card holds it: over both");
    CHECK(resident[0].settings.n_tensor_split == 2 && resident[0].settings.tensor_split[0] < resident[0].settings.tensor_split[1], "by room");
    close_models();
}

/* The best of all ways, counted up: verdict and smallest headroom of the cards that are used. */
static void best_way(uint32_t n, uint32_t n_cards, vf_verdict *verdict, int64_t *headroom)
{
    static uint64_t need[MOST][VF_MAX_DEVICES], margin[MOST][VF_MAX_DEVICES];
    uint32_t at[MOST] = {0}, m;
    bool first = true;
    for (m = 0; m < n; m++)
        for (uint32_t c = 0; c < n_cards; c++) {
            static vf_request q;
            q = request[m];
            q.n_devices = 1;
            q.device[0] = request[m].device[c];
            CHECK(vf_estimate(&q, &heap, &result[m], &err) == VF_OK, "%s", err.text);
            need[m][c] = result[m].need;
            margin[m][c] = result[m].margin - q.device[0].desktop_spread;
        }
    do {
        vf_verdict worst = VF_FIT;
        int64_t least = INT64_MAX;
        for (uint32_t c = 0; c < n_cards; c++) {
            int64_t left = (int64_t)(request[0].device[c].total - request[0].device[c].desktop), spare;
            uint64_t margins = request[0].device[c].desktop_spread;
            bool used = false;
            for (m = 0; m < n; m++)
                if (at[m] == c) {
                    left -= (int64_t)need[m][c];
                    margins += margin[m][c];
                    used = true;
                }
            spare = left - (int64_t)margins;
            vf_verdict v = !used ? VF_FIT : left < 0 ? VF_NO_FIT : spare < 0 ? VF_FRAGILE : VF_FIT;
            worst = v > worst ? v : worst;
            least = used && left < least ? left : least;
        }
        if (first || worst < *verdict || (worst == *verdict && least > *headroom)) {
            *verdict = worst;
            *headroom = least;
            first = false;
        }
        for (m = 0; m < n && ++at[m] == n_cards; m++)
            at[m] = 0;
    } while (m < n);
}

static void whole_ones(void)
{
    static const char *const names[MOST] = {"llama-3.1-8b", "qwen2.5-7b", "llama-2-13b", "qwen2.5-3b", "llama-3.2-1b", "bge-m3"};
    static const uint32_t cards[][4] = {{24, 12, 8, 8}, {12, 12, 12, 12}, {16, 24, 0, 0}, {40, 0, 0, 0}, {11, 10, 10, 16}, {24, 24, 24, 0},
                                      {24, 1, 12, 1}, {1, 10, 12, 1}};
    for (uint32_t i = 0; i < MOST; i++)
        open_model(i, names[i], "llama.cpp", i % 2 ? "q4_k_m" : "q8_0");
    for (size_t k = 0; k < sizeof cards / sizeof cards[0]; k++)
        for (uint32_t n = 2; n <= MOST; n++) {
            uint32_t n_cards = 0;
            vf_verdict verdict = VF_NO_FIT, got = VF_FIT;
            int64_t headroom = 0, least = INT64_MAX;
            while (n_cards < 4 && cards[k][n_cards])
                n_cards++;
            for (uint32_t m = 0; m < n; m++)
                request[m].settings.split = VF_SPLIT_NONE;
            set_cards(n, n_cards, cards[k]);
            best_way(n, n_cards, &verdict, &headroom);
            CHECK(vf_pack(resident, n, &heap, card, &err) == VF_OK, "%s", err.text);
            for (uint32_t c = 0; c < n_cards; c++) {
                got = card[c].verdict > got ? card[c].verdict : got;
                least = card[c].need && card[c].headroom < least ? card[c].headroom : least;
            }
            CHECK(got == verdict && least == headroom, "%u models on set %zu: %s with %lld, best is %s with %lld", n, k, vf_verdict_name(got),
                  (long long)least, vf_verdict_name(verdict), (long long)headroom);
        }
    close_models();
}

/* As many as there may be, on as many cards of different sizes: it ends, and everything is somewhere. */
static void many(void)
{
    static vf_resident all[VF_MAX_MEMBERS + 1];
    static vf_request q[VF_MAX_MEMBERS + 1];
    static vf_result answer[VF_MAX_MEMBERS + 1];
    uint32_t gib[VF_MAX_DEVICES];
    open_model(0, "llama-3.1-8b", "llama.cpp", "q8_0");
    for (uint32_t c = 0; c < VF_MAX_DEVICES; c++)
        gib[c] = 8 + c;
    set_cards(1, VF_MAX_DEVICES, gib);
    for (uint32_t m = 0; m <= VF_MAX_MEMBERS; m++) {
        q[m] = request[0];
        q[m].settings.context = 1024 * (m + 1);
        all[m] = (vf_resident){.request = &q[m], .result = &answer[m]};
    }
    CHECK(vf_pack(all, VF_MAX_MEMBERS + 1, &heap, card, &err) == VF_OK, "%s", err.text);
    for (uint32_t m = 0; m <= VF_MAX_MEMBERS; m++)
        CHECK(all[m].cards != 0, "model %u has a card", m);
    CHECK(vf_pack(all, VF_MAX_MEMBERS + 2, &heap, card, &err) == VF_ERR_RANGE, "one too many");
    close_models();
}

/* Servers beside others: who shares a card, who does not, and what each is told to take. */
static void servers(void)
{
    const uint32_t one_80[] = {80}, two_80[] = {80, 80};
    open_model(0, "llama-3.1-8b", "vllm", "bfloat16");
    open_model(1, "llama-3.2-1b", "llama.cpp", "q8_0");
    set_cards(2, 1, one_80);
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK && card[0].verdict == VF_FIT, "%s", err.text);
    CHECK(resident[0].settings.gpu_memory_utilization > 800000 && resident[0].settings.gpu_memory_utilization < 1000000,
          "what nobody needs is the one server's: %u", resident[0].settings.gpu_memory_utilization);
    CHECK(result[0].device[0].need + result[1].device[0].need <= card[0].available && card[0].headroom >= 0, "both have room");
    open_model(1, "llama-3.2-1b", "vllm", "bfloat16");
    set_cards(2, 1, one_80);
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK, "%s", err.text);
    CHECK(resident[0].settings.gpu_memory_utilization + resident[1].settings.gpu_memory_utilization <= 1000000, "two shares of one card");

    /* one over both cards, one on one of them: that has what it needs, the other the rest */
    request[0].settings.tensor_parallel = 2;
    set_cards(2, 2, two_80);
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK && resident[0].cards == 3, "%s", err.text);
    CHECK(resident[1].cards == 1 || resident[1].cards == 2, "the small one is whole: %u", resident[1].cards);
    CHECK(resident[0].settings.gpu_memory_utilization + resident[1].settings.gpu_memory_utilization <= 1000000, "shares of %u and %u",
          resident[0].settings.gpu_memory_utilization, resident[1].settings.gpu_memory_utilization);

    /* one at a time is no split: on one card, however it is said */
    for (uint32_t way = 0; way < 3; way++) {
        request[0].settings.tensor_parallel = way & 1;
        request[0].settings.pipeline_parallel = way >> 1;
        set_cards(2, 2, two_80);
        CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK, "%s", err.text);
        CHECK(resident[0].cards == 1 || resident[0].cards == 2, "way %u: whole: %u", way, resident[0].cards);
    }
    request[0].settings.pipeline_parallel = 0;

    /* a runtime whose share is of what is free has its cards for itself */
    open_model(0, "llama-3.1-8b", "tensorrt-llm", "bfloat16");
    request[0].settings.tensor_parallel = 2;
    open_model(1, "llama-3.2-1b", "llama.cpp", "q8_0");
    set_cards(2, 2, two_80);
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_ERR_REFUSED && strcmp(err.text, "the cards do not suit the models") == 0, "%s", err.text);
    request[0].settings.tensor_parallel = 0;
    request[1].settings.n_tensor_split = 2;
    request[1].settings.tensor_split[0] = request[1].settings.tensor_split[1] = 1;
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_ERR_REFUSED && strstr(err.text, "tensorrt-llm takes a share of what is free"), "%s", err.text);
    request[1].settings.n_tensor_split = 0;
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK && resident[0].cards != resident[1].cards, "a card each: %s", err.text);

    /* whose share is too small has no room, though its card has */
    request[0].settings.gpu_memory_utilization = 300000;
    request[0].settings.context = 32768;
    set_cards(2, 2, (const uint32_t[]){24, 24});
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK && resident[0].cards != resident[1].cards, "a card each: %s", err.text);
    uint32_t at = resident[0].cards - 1;
    CHECK(at < 2 && card[at].need < card[at].total && card[at].verdict == VF_NO_FIT, "%llu of a share: %s", (unsigned long long)card[at].need,
          vf_verdict_name(card[at].verdict));
    close_models();
}

/* Models over several cards beside whole ones. */
static void spread(void)
{
    /* a server over two of three cards, of which the others hold some: its share is what both can give */
    open_model(0, "llama-3.1-8b", "vllm", "bfloat16");
    request[0].settings.tensor_parallel = 2;
    for (uint32_t m = 1; m < 4; m++)
        open_model(m, "llama-3.1-8b", "llama.cpp", "q8_0");
    set_cards(4, 3, (const uint32_t[]){24, 24, 24});
    CHECK(vf_pack(resident, 4, &heap, card, &err) == VF_OK, "%s", err.text);
    CHECK(resident[0].cards == 3 || resident[0].cards == 5 || resident[0].cards == 6, "two cards: %u", resident[0].cards);
    for (uint32_t c = 0; c < 3; c++)
        CHECK(card[c].verdict != VF_NO_FIT && card[c].need > 0, "card %u: %s, %lld", c, vf_verdict_name(card[c].verdict), (long long)card[c].headroom);

    /* two that all cards together do not hold */
    open_model(0, "llama-3.1-70b", "llama.cpp", "q4_k_m");
    open_model(1, "qwen2.5-72b", "llama.cpp", "q4_k_m");
    set_cards(2, 2, (const uint32_t[]){8, 10});
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK && resident[0].cards && resident[1].cards, "%s", err.text);
    CHECK(card[0].verdict == VF_NO_FIT && card[1].verdict == VF_NO_FIT, "neither fits");

    /* two, of which the first leaves the card between to the second: over all three its buffers would be too much */
    open_model(0, "llama-3.1-70b", "llama.cpp", "q6_k");
    open_model(1, "qwen2.5-72b", "llama.cpp", "q4_k_m");
    set_cards(2, 3, (const uint32_t[]){48, 16, 48});
    for (uint32_t m = 0; m < 2; m++) {
        request[m].settings.context = 16384;
        request[m].device[0].desktop = request[m].device[0].desktop_spread = 0;
    }
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK && resident[0].cards == 5 && resident[1].cards == 7, "cards %u, %u: %s", resident[0].cards,
          resident[1].cards, err.text);
    for (uint32_t c = 0; c < 3; c++)
        CHECK(card[c].verdict != VF_NO_FIT, "card %u: %s", c, vf_verdict_name(card[c].verdict));

    /* more ways than are tried: one of the first is kept */
    open_model(0, "llama-3.1-70b", "llama.cpp", "q4_k_m");
    request[0].settings.split = VF_SPLIT_TENSOR;
    open_model(1, "llama-3.2-1b", "llama.cpp", "q8_0");
    open_model(2, "qwen2.5-3b", "llama.cpp", "q8_0");
    set_cards(3, 7, (const uint32_t[]){20, 21, 22, 23, 24, 25, 26});
    CHECK(vf_pack(resident, 3, &heap, card, &err) == VF_OK, "%s", err.text);
    for (uint32_t c = 0; c < 7; c++)
        CHECK(card[c].verdict == VF_FIT, "card %u: %s", c, vf_verdict_name(card[c].verdict));
    close_models();
}

/* Cards without anything free, and needs that no number holds. */
static void limits(void)
{
    open_model(0, "llama-3.1-8b", "llama.cpp", "q8_0");
    set_cards(1, 2, (const uint32_t[]){8, 8});
    for (uint32_t c = 0; c < 2; c++)
        request[0].device[c].desktop = request[0].device[c].total;
    CHECK(vf_pack(resident, 1, &heap, card, &err) == VF_OK && card[0].verdict == VF_NO_FIT, "nothing is free: %s", err.text);
    CHECK(resident[0].cards == 1 && card[0].headroom < 0 && card[1].need == 0, "it stands where it would");
    open_model(0, "llama-3.1-8b", "vllm", "bfloat16");
    open_model(1, "llama-3.2-1b", "vllm", "bfloat16");
    set_cards(2, 1, (const uint32_t[]){8});
    for (uint32_t m = 0; m < 2; m++)
        request[m].device[0].reserved = request[m].device[0].total;
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK && card[0].verdict == VF_NO_FIT, "the driver holds all: %s", err.text);
    CHECK(resident[0].settings.gpu_memory_utilization == 1000000, "of nothing, everything");
    close_models();
    for (uint32_t m = 0; m < 3; m++) { /* 2^59 bytes of cache each */
        open_model(m, "llama-3.1-8b", "generic", "q8_0");
        request[m].settings.context = UINT64_C(1) << 42;
    }
    set_cards(3, 1, (const uint32_t[]){80});
    CHECK(vf_pack(resident, 1, &heap, card, &err) == VF_OK && card[0].verdict == VF_NO_FIT, "%s", err.text);
    CHECK(vf_pack(resident, 3, &heap, card, &err) == VF_ERR_RANGE && strstr(err.text, "over 2^60 bytes"), "%s", err.text);
    close_models();
}

/* Cards that are alike but for the share that was asked for, or for a margin, are no alike to who comes next. */
static void told_apart(void)
{
    for (uint32_t m = 0; m < 3; m++)
        open_model(m, "llama-3.2-1b", "vllm", "bfloat16");
    request[0].settings.gpu_memory_utilization = 900000; /* most of its card is claimed: the two others share the second */
    set_cards(3, 2, (const uint32_t[]){24, 24});
    for (uint32_t m = 0; m < 3; m++)
        request[m].device[0] = request[m].device[1];
    CHECK(vf_pack(resident, 3, &heap, card, &err) == VF_OK, "%s", err.text);
    CHECK(resident[1].cards == resident[2].cards && resident[0].cards != resident[1].cards, "%u, %u, %u", resident[0].cards, resident[1].cards, resident[2].cards);
    CHECK(card[0].verdict == VF_FIT && card[1].verdict == VF_FIT && resident[0].settings.gpu_memory_utilization == 900000, "all have room");

    for (uint32_t m = 0; m < 3; m++) {
        open_model(m, "llama-3.1-8b", "llama.cpp", "q4_k_m");
        request[m].quant.spread_percent = m == 1 ? 50 : 0; /* some 2.3 GiB more or less */
    }
    set_cards(3, 2, (const uint32_t[]){14, 14});
    for (uint32_t m = 0; m < 3; m++)
        request[m].device[0] = request[m].device[1];
    CHECK(vf_pack(resident, 3, &heap, card, &err) == VF_OK, "%s", err.text);
    CHECK(resident[0].cards == resident[2].cards && resident[0].cards != resident[1].cards, "%u, %u, %u", resident[0].cards, resident[1].cards, resident[2].cards);
    CHECK(card[0].verdict == VF_FIT && card[1].verdict == VF_FIT, "the one that may be larger is alone");

    /* margins of two that together no number holds, though each has one */
    set_cards(2, 1, (const uint32_t[]){14});
    request[0].device[0].desktop_spread = 0;
    CHECK(vf_estimate(&request[0], &heap, &result[0], &err) == VF_OK && result[0].margin > 0, "%s", err.text);
    uint64_t rest = (UINT64_C(1) << 60) - result[0].margin;
    for (uint32_t m = 0; m < 3; m += 2) {
        request[m].device[0] = request[0].device[0];
        request[m].device[0].desktop_spread = rest;
    }
    resident[1].request = &request[2];
    request[2].n_devices = 1;
    CHECK(vf_pack(resident, 1, &heap, card, &err) == VF_OK && card[0].margin == UINT64_C(1) << 60, "one: %s", err.text);
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_ERR_RANGE && strstr(err.text, "over 2^60 bytes"), "two: %s", err.text);
    close_models();
}

static void errors(void)
{
    open_model(0, "llama-3.1-8b", "llama.cpp", "q8_0");
    open_model(1, "llama-2-7b", "vllm", "awq");
    set_cards(2, 2, (const uint32_t[]){24, 24});
    CHECK(vf_pack(resident, 0, &heap, card, &err) == VF_ERR_RANGE, "no models");
    request[1].n_devices = 1;
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_ERR_USAGE, "different cards");
    request[0].n_devices = request[1].n_devices = VF_MAX_DEVICES + 1;
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_ERR_USAGE && strstr(err.text, "more than 16"), "too many cards: %s", err.text);
    request[0].n_devices = request[1].n_devices = 0;
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_ERR_USAGE && strstr(err.text, "vllm is judged on cards"), "no cards: %s", err.text);
    set_cards(2, 2, (const uint32_t[]){24, 24});
    request[1].settings.context = 8192; /* vllm refuses more than the model's 4096 */
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_ERR_REFUSED && resident[1].refused && !resident[0].refused, "whose error it is: %s", err.text);
    /* vllm refuses 4000 sequences with the 2048 tokens that it takes on the smaller card; that is no error of the model */
    open_model(0, "llama-3.1-8b", "vllm", "bfloat16");
    request[0].settings.max_num_seqs = 4000;
    set_cards(2, 2, (const uint32_t[]){80, 24});
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_ERR_REFUSED && resident[1].refused && !resident[0].refused, "whose error it is: %s", err.text);
    CHECK(vf_pack(resident, 1, &heap, card, &err) == VF_OK && resident[0].cards == 1 && !resident[0].refused, "on the card where it starts: %s", err.text);
    set_cards(1, 2, (const uint32_t[]){24, 80});
    CHECK(vf_pack(resident, 1, &heap, card, &err) == VF_OK && resident[0].cards == 2, "the other way round: %s", err.text);
    set_cards(1, 1, (const uint32_t[]){24});
    CHECK(vf_pack(resident, 1, &heap, card, &err) == VF_ERR_REFUSED && strcmp(err.key, "--max-num-batched-tokens") == 0 && resident[0].refused, "%s", err.text);
    request[0].settings.max_num_seqs = 0;
    request[0].settings.tensor_parallel = 2;
    CHECK(vf_pack(resident, 1, &heap, card, &err) == VF_ERR_USAGE && strcmp(err.key, "--tensor-parallel") == 0, "two of one card: %s", err.text);
    open_model(0, "llama-3.1-8b", "llama.cpp", "q8_0");
    request[0].settings.n_tensor_split = 1;
    request[0].settings.tensor_split[0] = 1;
    set_cards(2, 2, (const uint32_t[]){24, 24});
    CHECK(vf_pack(resident, 1, &heap, card, &err) == VF_OK && (resident[0].cards == 1 || resident[0].cards == 2), "a share of one card is no split: %s", err.text);
    request[0].settings.n_tensor_split = 0;
    request[1].settings.context = 2048;
    CHECK(vf_pack(resident, 2, &heap, card, NULL) == VF_OK && !resident[1].refused, "without a place for an error");
    close_models();
}

/* Every allocation fails once: an error, or the same answer where an estimate can do without; nothing lost. */
static void out_of_memory(uint32_t tensor_parallel, uint32_t gib)
{
    open_model(0, "llama-2-13b", "llama.cpp", "q8_0");
    open_model(1, "llama-2-7b", "vllm", "awq");
    request[1].settings.tensor_parallel = tensor_parallel;
    set_cards(2, 2, (const uint32_t[]){gib, gib + 4});
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK, "%s", err.text);
    size_t before = counted.in_use;
    uint64_t need = card[0].need + card[1].need;
    uint32_t refused = 0;
    for (uint64_t i = 1;; i++) {
        counted.calls = 0;
        counted.fail_at = i;
        vf_status st = vf_pack(resident, 2, &heap, card, &err);
        bool failed = counted.calls >= i;
        counted.fail_at = 0;
        CHECK(counted.in_use == before, "given back after failure %llu", (unsigned long long)i);
        if (!failed) {
            CHECK(st == VF_OK, "%s", err.text);
            break;
        }
        refused += st == VF_ERR_NOMEM;
        CHECK(st == VF_ERR_NOMEM || (st == VF_OK && card[0].need + card[1].need == need), "allocation %llu: status %d", (unsigned long long)i, (int)st);
    }
    CHECK(refused > 50, "%u allocations that an answer needs", refused);
    close_models();
}

int main(void)
{
    heap = (vf_allocator){memory_resize, &counted};
    CHECK(vf_catalog_new(&heap, &catalog, &err) == VF_OK, "%s", err.text);
    one_is_an_estimate();
    whole_ones();
    many();
    servers();
    spread();
    limits();
    told_apart();
    errors();
    out_of_memory(0, 8);
    out_of_memory(2, 24); /* a server over both cards, one of which holds the other model, too */
    vf_catalog_free(catalog);
    CHECK_U64(counted.in_use, 0, "all memory given back");
    CHECK_U64(counted.wrong_sizes, 0, "blocks given back with a wrong size");
    return CHECK_END();
}
