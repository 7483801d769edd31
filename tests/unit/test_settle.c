/* Several models on one machine, once they are placed: verdicts at the byte, sums that add up, shares that are said. */
#include "packed.h"
#include "search/pack.h"

/* What a card is short of, has exactly, or has but for its margin: at each byte. */
static void exact(void)
{
    open_model(0, "qwen2.5-7b", "llama.cpp", "q8_0");
    open_model(1, "qwen2.5-3b", "llama.cpp", "q4_k_m");
    set_cards(2, 1, (const uint32_t[]){80});
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK && card[0].verdict == VF_FIT, "%s", err.text);
    const uint64_t need = card[0].need, margin = card[0].margin, desktop = request[0].device[0].desktop;
    CHECK_U64(need, result[0].need + result[1].need, "both");
    CHECK_U64(margin, result[0].margin + result[1].margin - request[0].device[0].desktop_spread, "one desktop, both margins");
    const struct {
        uint64_t left;
        vf_verdict verdict;
    } rows[] = {{UINT64_MAX, VF_NO_FIT}, {0, VF_FRAGILE}, {1, VF_FRAGILE}, {margin - 1, VF_FRAGILE}, {margin, VF_FIT}, {margin + 1, VF_FIT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (uint32_t m = 0; m < 2; m++)
            request[m].device[0].total = need + desktop + rows[i].left;
        CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK && card[0].verdict == rows[i].verdict, "%lld left: %s", (long long)rows[i].left,
              vf_verdict_name(card[0].verdict));
        CHECK(card[0].headroom == (int64_t)rows[i].left && card[0].available == need + rows[i].left, "headroom %lld", (long long)card[0].headroom);
    }
    close_models();
}

/* A server that fills its share claims all of it from others; alone it holds what it needs. */
static void held(void)
{
    const vf_piece server = {.need = 5, .claim = 20, .slack = INT64_MAX}, other = {.need = 3, .claim = 3, .slack = INT64_MAX};
    vf_load l = {0};
    vf_load_add(&l, &server);
    CHECK_U64(vf_load_held(&l), 5, "alone");
    vf_load_add(&l, &other);
    CHECK_U64(vf_load_held(&l), 23, "with another");
}

/* Whatever was placed: what a card holds is the sum of what its models say, whose own answers are those of their cards alone. */
static void adds_up(uint32_t n, uint32_t n_cards, const char *what)
{
    static vf_result again;
    uint32_t used = 0;
    CHECK(err.status == VF_OK && !err.text[0], "%s: no error is left: %s", what, err.text);
    for (uint32_t c = 0; c < n_cards; c++) {
        vf_device_result sum = {0};
        for (uint32_t m = 0; m < n; m++) {
            uint32_t at = 0;
            for (uint32_t b = 0; b < c; b++)
                at += resident[m].cards >> b & 1u;
            if (!(resident[m].cards >> c & 1u))
                continue;
            sum.need += result[m].device[at].need;
            sum.layers += result[m].device[at].layers;
            for (int s = 0; s < VF_SEG_COUNT; s++)
                sum.segment[s] += result[m].device[at].segment[s];
        }
        CHECK_U64(card[c].need, sum.need, what);
        CHECK_U64(card[c].layers, sum.layers, what);
        for (int s = 0; s < VF_SEG_COUNT; s++)
            CHECK_U64(card[c].segment[s], sum.segment[s], what);
        CHECK(card[c].headroom == (int64_t)card[c].available - (int64_t)card[c].need, "%s: card %u: headroom", what, c);
        CHECK(card[c].total == request[0].device[c].total && card[c].desktop == request[0].device[c].desktop, "%s: card %u: what it is", what, c);
        CHECK(sum.need || (card[c].verdict == VF_FIT && card[c].margin == 0), "%s: card %u stands empty", what, c);
    }
    for (uint32_t m = 0; m < n; m++) {
        static vf_request q;
        q = request[m];
        q.settings = resident[m].settings;
        q.n_devices = 0;
        for (uint32_t c = 0; c < n_cards; c++)
            if (resident[m].cards >> c & 1u)
                q.device[q.n_devices++] = request[m].device[c];
        used |= resident[m].cards;
        CHECK(q.n_devices == result[m].n_devices && q.n_devices > 0, "%s: model %u: %u cards", what, m, q.n_devices);
        CHECK(vf_estimate(&q, &heap, &again, &err) == VF_OK, "%s: %s", what, err.text);
        CHECK(again.need == result[m].need || result[m].has_pool, "%s: model %u needs %llu, alone with these settings %llu", what, m,
              (unsigned long long)result[m].need, (unsigned long long)again.need);
    }
    CHECK(used >> n_cards == 0, "%s: cards that there are", what);
}

static void settled(void)
{
    static const struct {
        const char *name[3], *quant;
        uint32_t gib[4], n_cards, spread; /* how many are on several cards */
    } rows[] = {
        {{"llama-3.1-8b", "qwen2.5-7b", "llama-3.2-1b"}, "q8_0", {24, 12, 8}, 3, 0},
        {{"llama-3.1-70b", "llama-3.2-1b", "qwen2.5-3b"}, "q4_k_m", {24, 24, 24}, 3, 1},
        {{"llama-3.1-70b", "qwen2.5-72b", "llama-3.2-1b"}, "q4_k_m", {32, 32, 32, 32}, 4, 2},
        {{"llama-3.1-70b", "qwen2.5-72b", "qwen2.5-32b"}, "q4_k_m", {48, 24, 24, 48}, 4, 0},
        {{"llama-3.1-8b", "llama-3.1-8b", "llama-3.1-8b"}, "q8_0", {13, 13, 13, 13}, 4, 0},
        {{"llama-3.1-8b", "qwen2.5-7b", "llama-3.2-1b"}, "q8_0", {20}, 1, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_verdict worst[2] = {VF_FIT, VF_FIT};
        for (int turned = 0; turned < 2; turned++) { /* the order of models and cards is no matter */
            uint32_t gib[4] = {0}, spread = 0;
            for (uint32_t m = 0; m < 3; m++)
                open_model(m, rows[i].name[turned ? 2 - m : m], "llama.cpp", rows[i].quant);
            for (uint32_t c = 0; c < rows[i].n_cards; c++)
                gib[c] = rows[i].gib[turned ? rows[i].n_cards - 1 - c : c];
            set_cards(3, rows[i].n_cards, gib);
            for (uint32_t m = 0; m < 3; m++)
                request[m].device[0].desktop = request[m].device[0].desktop_spread = 0;
            CHECK(vf_pack(resident, 3, &heap, card, &err) == VF_OK, "%s", err.text);
            adds_up(3, rows[i].n_cards, rows[i].name[0]);
            for (uint32_t m = 0; m < 3 && rows[i].spread == 1; m++) /* shares are what the whole ones leave, in MiB */
                for (uint32_t c = 0, at = 0; c < rows[i].n_cards && (resident[m].cards & (resident[m].cards - 1)); c++) {
                    uint64_t left = (uint64_t)gib[c] << 30;
                    for (uint32_t k = 0; k < 3; k++)
                        left -= k != m && resident[k].cards == 1u << c ? result[k].need : 0;
                    if (resident[m].cards >> c & 1u)
                        CHECK_U64((uint64_t)resident[m].settings.tensor_split[at++], left >> 20, "a share");
                }
            for (uint32_t c = 0; c < rows[i].n_cards; c++)
                worst[turned] = card[c].verdict > worst[turned] ? card[c].verdict : worst[turned];
            for (uint32_t m = 0; m < 3; m++)
                spread += (resident[m].cards & (resident[m].cards - 1)) != 0;
            CHECK(spread == rows[i].spread, "row %zu: %u on several cards", i, spread);
        }
        CHECK(worst[0] == worst[1], "row %zu: %s, turned around %s", i, vf_verdict_name(worst[0]), vf_verdict_name(worst[1]));
    }
    close_models();
}

/* Shares that are said are of all cards; without cards each model is in system memory. */
static void said(void)
{
    static vf_result alone;
    for (uint32_t n_cards = 2; n_cards <= 3; n_cards++) {
        open_model(0, "llama-3.1-8b", "llama.cpp", "q8_0");
        open_model(1, "llama-3.2-1b", "llama.cpp", "q8_0");
        request[0].settings.n_tensor_split = n_cards;
        for (uint32_t c = 0; c < n_cards; c++)
            request[0].settings.tensor_split[c] = 1;
        set_cards(2, n_cards, (const uint32_t[]){24, 24, 24});
        CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK && resident[0].cards == (1u << n_cards) - 1, "%s: %u", err.text, resident[0].cards);
        CHECK(resident[0].settings.tensor_split[0] == 1 && resident[0].settings.n_tensor_split == n_cards, "as said");
        adds_up(2, n_cards, "shares that are said");
        close_models();
    }
    open_model(0, "llama-3.1-8b", "llama.cpp", "q8_0");
    open_model(1, "llama-3.2-1b", "llama.cpp", "q8_0");
    set_cards(2, 0, NULL);
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK, "%s", err.text);
    for (uint32_t m = 0; m < 2; m++) {
        CHECK(vf_estimate(&request[m], &heap, &alone, &err) == VF_OK, "%s", err.text);
        CHECK(resident[m].cards == 0 && result[m].n_devices == 0 && result[m].host.weights == alone.host.weights && alone.host.weights > 0, "model %u", m);
    }
    request[0].settings.parallel = 300; /* llama.cpp takes 256: the second is not asked */
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_ERR_REFUSED && strcmp(err.key, "--parallel") == 0, "%s", err.text);
    close_models();
    /* split by tensor is over all cards, though one would hold it */
    open_model(0, "llama-3.1-8b", "llama.cpp", "q8_0");
    request[0].settings.split = VF_SPLIT_TENSOR;
    set_cards(1, 2, (const uint32_t[]){24, 24});
    CHECK(vf_pack(resident, 1, &heap, card, &err) == VF_OK && resident[0].cards == 3 && card[0].verdict == VF_FIT, "%s: %u", err.text, resident[0].cards);
    /* several cards are asked of a runtime that is none */
    open_model(0, "llama-3.2-1b", "vlllm", "bfloat16");
    request[0].settings.tensor_parallel = 2;
    set_cards(1, 2, (const uint32_t[]){24, 24});
    CHECK(vf_pack(resident, 1, &heap, card, &err) == VF_ERR_NOT_FOUND && strstr(err.text, "'vlllm' is no runtime"), "%s", err.text);
    request[0].runtime = NULL;
    CHECK(vf_pack(resident, 1, &heap, card, &err) == VF_ERR_NOT_FOUND, "%s", err.text);
    close_models();
    /* a card of its own, where there is one */
    open_model(0, "llama-3.1-8b", "tensorrt-llm", "bfloat16");
    open_model(1, "llama-3.2-1b", "llama.cpp", "q8_0");
    set_cards(2, 1, (const uint32_t[]){80});
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_ERR_REFUSED && strcmp(err.key, "--also") == 0, "one card for two: %s", err.text);
    set_cards(2, 2, (const uint32_t[]){80, 24});
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK && resident[0].cards == 1 && resident[1].cards == 2, "%s", err.text);
    adds_up(2, 2, "a card of its own");
    close_models();
}

/* Shares that are said stay as they are, whoever is beside. */
static void said_shares(void)
{
    open_model(0, "llama-3.1-8b", "vllm", "bfloat16");
    open_model(1, "llama-3.2-1b", "llama.cpp", "q8_0");
    request[0].settings.tensor_parallel = 2;
    request[0].settings.gpu_memory_utilization = 500000;
    set_cards(2, 2, (const uint32_t[]){80, 80});
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK && resident[0].cards == 3, "%s", err.text);
    CHECK_U64(resident[0].settings.gpu_memory_utilization, 500000, "over two cards, beside another");
    adds_up(2, 2, "a share of two cards");
    request[0].settings.tensor_parallel = 0;
    request[0].settings.pipeline_parallel = 2;
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK && resident[0].cards == 3, "in two stages: %s", err.text);
    CHECK(card[0].layers + card[1].layers >= 32 && result[0].tensor_parallel == 1, "of whole layers");
    request[0].settings.pipeline_parallel = 0;
    request[0].settings.tensor_parallel = 0;
    open_model(1, "llama-3.2-1b", "vllm", "bfloat16");
    set_cards(2, 1, (const uint32_t[]){80});
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK, "%s", err.text);
    CHECK_U64(resident[0].settings.gpu_memory_utilization, 500000, "on one card");
    CHECK(resident[1].settings.gpu_memory_utilization > 400000 && resident[1].settings.gpu_memory_utilization <= 500000, "the other has the rest: %u",
          resident[1].settings.gpu_memory_utilization);
    /* a server on one of two cards over which another lies in layers */
    open_model(0, "llama-3.1-8b", "llama.cpp", "q8_0");
    request[0].settings.n_tensor_split = 2;
    request[0].settings.tensor_split[0] = request[0].settings.tensor_split[1] = 1;
    set_cards(2, 2, (const uint32_t[]){24, 24});
    CHECK(vf_pack(resident, 2, &heap, card, &err) == VF_OK && resident[0].cards == 3, "%s", err.text);
    CHECK(resident[1].settings.gpu_memory_utilization > 400000 && resident[1].settings.gpu_memory_utilization < 850000, "what is left: %u",
          resident[1].settings.gpu_memory_utilization);
    adds_up(2, 2, "a server beside layers");
    close_models();
}

int main(void)
{
    heap = (vf_allocator){memory_resize, &counted};
    CHECK(vf_catalog_new(&heap, &catalog, &err) == VF_OK, "%s", err.text);
    exact();
    held();
    settled();
    said();
    said_shares();
    vf_catalog_free(catalog);
    CHECK_U64(counted.in_use, 0, "all memory given back");
    CHECK_U64(counted.wrong_sizes, 0, "blocks given back with a wrong size");
    return CHECK_END();
}
