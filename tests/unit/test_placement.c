/* Where layers go, which settings are refused, in which words; and sizes that nothing has. */
#include "base/checked.h"
#include "estimate/profile.h"
#include "memory.h"
#include "placed.h"
#include "vramfit/speed.h"

/* Layers of each card, the output layer with them, as letters; h: system memory. */
static const char *layers_of(const subject *x, const vf_placement *p)
{
    static char out[128];

    for (uint32_t i = 0; i <= x->m->n_layers && i < sizeof out - 1; i++) {
        out[i] = p->layer_device[i] == VF_HOST ? 'h' : (char)('a' + p->layer_device[i]);
        out[i + 1] = 0;
    }
    return out;
}

static void check_layers(const char *name, const subject *x, uint32_t n_cards, const char *want, bool pipeline)
{
    vf_placement p;

    CHECK(place(x, n_cards, &p) == VF_OK, "%s: %s", name, failure.text);
    CHECK_STR(layers_of(x, &p), want, name);
    CHECK(p.pipeline == pipeline, "%s: pipeline %d", name, p.pipeline);
    vf_placement_free(x->m, &heap, &p);
}

/* 22 layers and the output: the last ones that are asked for go to the cards, in the proportions given. */
static void layers_by_share(void)
{
    subject x = open_subject("TinyLlama-1.1B");

    check_layers("one card", &x, 1, "aaaaaaaaaaaaaaaaaaaaaaa", false);
    check_layers("two", &x, 2, "aaaaaaaaaaaabbbbbbbbbbb", true);
    check_layers("none", &x, 0, "hhhhhhhhhhhhhhhhhhhhhhh", false);
    x.s.gpu_layers = 1;
    check_layers("the output", &x, 1, "hhhhhhhhhhhhhhhhhhhhhha", false);
    x.s.gpu_layers = 22;
    check_layers("all but one", &x, 2, "haaaaaaaaaaabbbbbbbbbbb", false);
    x.s.gpu_layers = 23;
    check_layers("all", &x, 2, "aaaaaaaaaaaabbbbbbbbbbb", true);
    x.s.gpu_layers = 0;
    check_layers("no layer", &x, 2, "hhhhhhhhhhhhhhhhhhhhhhh", false);
    x.s.gpu_layers = VF_LAYERS_ALL;
    x.s.n_tensor_split = 2;
    x.s.tensor_split[0] = 3;
    x.s.tensor_split[1] = 1;
    check_layers("shares", &x, 2, "aaaaaaaaaaaaaaaaaabbbbb", true);
    check_layers("of fewer cards than there are", &x, 3, "aaaaaaaaaaaaaaaaaabbbbb", true);
    x.s.tensor_split[0] = 0;
    check_layers("nothing on the first", &x, 2, "bbbbbbbbbbbbbbbbbbbbbbb", true);
    x.s.tensor_split[1] = 0;
    check_layers("no share at all: even", &x, 2, "aaaaaaaaaaaabbbbbbbbbbb", true);
    x.s.tensor_split[0] = x.s.tensor_split[1] = 1e39; /* past a float: nothing compares */
    check_layers("endless shares", &x, 2, "bbbbbbbbbbbbbbbbbbbbbbb", true);
    x.s.n_tensor_split = 0;
    x.s.split = VF_SPLIT_NONE;
    check_layers("no split", &x, 2, "aaaaaaaaaaaaaaaaaaaaaaa", false);
    check_layers("no split, no card", &x, 0, "hhhhhhhhhhhhhhhhhhhhhhh", false);
    x.s.split = VF_SPLIT_LAYER;
    x.s.no_kv_offload = true;
    check_layers("no pipeline without the cache", &x, 2, "aaaaaaaaaaaabbbbbbbbbbb", false);
    x.s.no_kv_offload = false;
    x.s.cpu_moe = 1;
    check_layers("nor with experts elsewhere", &x, 2, "aaaaaaaaaaaabbbbbbbbbbb", false);
    close_subject(&x);
}

static void splits_that_are_refused(void)
{
    subject x = open_subject("TinyLlama-1.1B");
    vf_placement p;

    x.s.split = VF_SPLIT_ROW;
    check_failure("row", place(&x, 2, &p), VF_ERR_REFUSED, "--split", "row: llama.cpp's cuda backend has no row split");
    check_layers("row on one card", &x, 1, "aaaaaaaaaaaaaaaaaaaaaaa", false);
    x.s.split = VF_SPLIT_TENSOR;
    check_layers("tensor without a card", &x, 0, "hhhhhhhhhhhhhhhhhhhhhhh", false);
    CHECK(place(&x, 3, &p) == VF_OK && p.n_devices == 1 && p.n_cards == 3 && p.compute_capability[0] == 75, "as the oldest of its cards");
    CHECK(p.share[0] == 0 && p.share[1] == 0 && p.share[2] == 0, "even");
    vf_placement_free(x.m, &heap, &p);
    x.s.n_tensor_split = 2;
    x.s.tensor_split[0] = 2;
    x.s.tensor_split[1] = 3;
    CHECK(place(&x, 3, &p) == VF_OK && p.share[0] == 2 && p.share[1] == 3 && p.share[2] == 0, "as given");
    vf_placement_free(x.m, &heap, &p);
    x.m->arch.graph.no_tensor_split = true;
    check_failure("tensor", place(&x, 2, &p), VF_ERR_REFUSED, "--split", "tensor: llama.cpp has none for models of 'llama'");
    close_subject(&x);
}

/* Memory that ends at each allocation. */
static void memory_ends(void)
{
    subject x = open_subject("TinyLlama-1.1B");
    const vf_override o = {"ffn", VF_DEVICE_CPU};
    const vf_device device = {.total = UINT64_C(24) << 30};
    const uint64_t available = device.total;
    bool done = false;

    x.s.override = &o;
    x.s.n_override = 1;
    for (uint64_t fail_at = 1; !done; fail_at++) {
        memory_allocator counts = {.fail_at = fail_at};
        const vf_allocator a = {memory_resize, &counts};
        vf_placement p;
        failure = (vf_error){0};
        vf_status st = vf_placement_build(x.m, x.types, &x.s, 1, &device, &available, &a, &p, &failure);
        done = counts.calls < fail_at;
        CHECK((st == VF_OK) == done && (done || st == VF_ERR_NOMEM), "allocation %d: %d", (int)fail_at, (int)st);
        if (!st)
            vf_placement_free(x.m, &a, &p);
        CHECK_U64(counts.in_use, 0, "given back");
        CHECK_U64(counts.wrong_sizes, 0, "sizes");
    }
    close_subject(&x);
}

/* A model without layers is its output; its tables lie there, too. */
static void no_layers(void)
{
    subject x = open_subject("starcoder2-3b");
    vf_placement p;

    x.m->n_layers = 0;
    x.s.gpu_layers = 1;
    CHECK(place(&x, 1, &p) == VF_OK && p.layer_device[0] == 0, "%s", failure.text);
    CHECK(device_of(&x, &p, VF_ROLE_OUTPUT_NORM, -1) == 0 && device_of(&x, &p, VF_ROLE_TOKEN_EMBD, -1) == VF_HOST, "its head");
    CHECK(device_of(&x, &p, VF_ROLE_ATTN_NORM, 5) != -100, "a tensor of a layer that is not there");
    vf_placement_free(x.m, &heap, &p);
    close_subject(&x);
}

/* Weights, caches and graphs past 2^60 bytes are errors that name them. */
static void sizes_that_nothing_has(void)
{
    subject x = open_subject("TinyLlama-1.1B");
    vf_tensor *largest = NULL;
    vf_weights weights;
    vf_placement p;
    vf_context c;
    vf_cache cache;
    vf_compute compute;

    for (size_t i = 0; i < x.m->n_tensors; i++)
        if (x.m->tensors[i].role == VF_ROLE_FFN_UP)
            largest = &x.m->tensors[i];
    CHECK(place(&x, 1, &p) == VF_OK && vf_context_resolve(x.m, &x.s, &p, &heap, &c, &failure) == VF_OK, "%s", failure.text);
    for (uint32_t where = 0; where < 3; where++) { /* on the card, in system memory, not loaded but in the file */
        uint64_t was = largest->ne[1];
        int16_t home = p.tensor_device[largest - x.m->tensors];
        largest->ne[1] = UINT64_C(1) << 50;
        p.tensor_device[largest - x.m->tensors] = where == 2 ? -2 : where == 1 ? VF_HOST : 0;
        failure = (vf_error){0};
        check_failure("weights", vf_weights_plan(x.m, x.types, &p, &weights, &failure), VF_ERR_RANGE, "", "the weights would be over 2^60 bytes");
        largest->ne[1] = was;
        p.tensor_device[largest - x.m->tensors] = home;
    }
    for (int host = 0; host < 2; host++) {
        c.offload_kqv = !host;
        c.cells = UINT64_C(1) << 50;
        failure = (vf_error){0};
        check_failure("cache", vf_cache_plan(x.m, x.types, &c, &p, &cache, &failure), VF_ERR_RANGE, "",
                      "the cache would be over 2^60 bytes: context out of range");
    }
    c.offload_kqv = true;
    failure = (vf_error){0};
    check_failure("graph", vf_graph_compute(x.m, x.types, &c, &p, &heap, &compute, &failure), VF_ERR_RANGE, "",
                  "the compute buffer would be over 2^60 bytes");
    for (int on_card = 0; on_card < 2; on_card++) {
        for (uint32_t il = 0; il <= x.m->n_layers; il++)
            p.layer_device[il] = on_card ? 0 : VF_HOST;
        x.m->known_arch = false; /* a bound, of the card or the host */
        failure = (vf_error){0};
        check_failure("bound", vf_graph_compute(x.m, x.types, &c, &p, &heap, &compute, &failure), VF_ERR_RANGE, "",
                      "the compute buffer would be over 2^60 bytes");
    }
    vf_placement_free(x.m, &heap, &p);
    close_subject(&x);
}

/* Prediction layers draft where the model has them and llama.cpp has a graph for them, and one or several. */
static void drafting(void)
{
    subject x = open_subject("GLM-4.5-Air");
    vf_placement p;
    vf_context target, c;
    bool graph = x.m->arch.mtp.graph, several = x.m->arch.mtp.several;

    x.s.draft_mtp = true;
    x.s.draft_max = 3;
    CHECK(place(&x, 1, &p) == VF_OK && vf_context_resolve(x.m, &x.s, &p, &heap, &target, &failure) == VF_OK, "%s", failure.text);
    CHECK(graph && x.m->hp.nextn_predict_layers == 1, "GLM-4.5 has one");
    CHECK(vf_context_drafting(x.m, &x.s, &target, &p, &heap, &c, &failure) == VF_OK && c.drafts && c.n_outputs == 1 && c.n_rs_seq == 0 &&
              c.n_ctx == target.n_ctx, "%s", failure.text);
    x.m->arch.mtp.graph = false;
    check_failure("no graph", vf_context_drafting(x.m, &x.s, &target, &p, &heap, &c, &failure), VF_ERR_REFUSED, "--draft",
                  "mtp: llama.cpp does not draft with prediction layers of glm4moe");
    x.m->arch.mtp.graph = true;
    x.m->arch.mtp.several = false;
    for (size_t i = 0; i < x.m->n_tensors; i++) /* as if there were two */
        if (x.m->tensors[i].role == VF_ROLE_NEXTN_EH_PROJ && x.m->tensors[i].layer == (int32_t)x.m->n_layers - 1)
            x.m->n_layers++, x.m->hp.nextn_predict_layers = 2;
    check_failure("two", vf_context_drafting(x.m, &x.s, &target, &p, &heap, &c, &failure), VF_ERR_REFUSED, "--draft",
                  "mtp: llama.cpp drafts with glm4moe of one prediction layer, not of 2");
    x.m->n_layers--;
    x.m->arch.mtp.several = several;
    x.m->hp.nextn_predict_layers = 2; /* of which the first has no projection */
    check_failure("no projection", vf_context_drafting(x.m, &x.s, &target, &p, &heap, &c, &failure), VF_ERR_REFUSED, "--draft",
                  "mtp: the model has no prediction layers");
    x.m->hp.nextn_predict_layers = 0;
    check_failure("none", vf_context_drafting(x.m, &x.s, &target, &p, &heap, &c, &failure), VF_ERR_REFUSED, "--draft",
                  "mtp: the model has no prediction layers");
    vf_placement_free(x.m, &heap, &p);
    close_subject(&x);
}

/* Lightning attention: without flash attention a batch is dealt out evenly to the sequences, where any layer attends. */
static void batches_of_streams(void)
{
    subject x = open_subject("MiniMax-Text-01");
    vf_placement p;
    vf_context c;

    CHECK(place(&x, 1, &p) == VF_OK && x.m->arch.graph.reserve_single, "%s", failure.text);
    x.s.parallel = 3;
    x.s.flash_attn = VF_OFF;
    for (uint32_t only = 0; only <= x.m->n_layers; only += x.m->n_layers / 2) { /* the one layer that attends; none */
        for (uint32_t il = 0; il < x.m->n_layers; il++)
            x.m->layers[il].has_cache = il == only;
        for (uint32_t n = 99; n <= 102; n++) {
            bool want = n % 3 == 0 || only == x.m->n_layers;
            char text[128];
            x.s.ubatch = n;
            failure = (vf_error){0};
            vf_status st = vf_context_resolve(x.m, &x.s, &p, &heap, &c, &failure);
            (void)snprintf(text, sizeof text, "%u: llama.cpp aborts with this model unless it is a multiple of the sequences (3)", n);
            if (want)
                CHECK(st == VF_OK, "%u tokens, layer %u: %s", n, only, failure.text);
            else
                check_failure("a batch", st, VF_ERR_REFUSED, "--ubatch", text);
        }
    }
    vf_placement_free(x.m, &heap, &p);
    close_subject(&x);
}

/* ---- what a request may not say ---- */

static vf_result result;

static vf_request request_of(const subject *x)
{
    vf_request r = {.model = x->m, .runtime = "llama.cpp", .settings = x->s, .n_devices = 1};
    vf_quant_entry quant;
    uint32_t index;

    CHECK(vf_catalog_find(catalog, VF_KIND_QUANT, "Q4_K_M", &index, &failure) == VF_OK && vf_catalog_quant(catalog, index, &quant) == VF_OK, "Q4_K_M");
    r.quant = quant.quant;
    for (uint32_t i = 0; i < VF_MAX_DEVICES; i++)
        r.device[i] = (vf_device){.total = UINT64_C(24) << 30, .compute_capability = 86};
    return r;
}

static void check_request(const char *name, const vf_request *r, vf_status want, const char *key, const char *text)
{
    failure = (vf_error){0};
    check_failure(name, vf_estimate(r, &heap, &result, &failure), want, key, text);
}

static void requests(void)
{
    subject x = open_subject("TinyLlama-1.1B");
    vf_request good = request_of(&x), r = good;
    char text[64];

    r.n_devices = 2;
    CHECK(vf_estimate(&r, &heap, &result, &failure) == VF_OK, "%s", failure.text);
    CHECK_STR(result.runtime, "llama.cpp", "who was asked");
    CHECK_U64(result.parameters, 1100048384, "as published");
    CHECK(result.n_devices == 2 && result.available == UINT64_C(48) << 30 && result.device[1].total == UINT64_C(24) << 30, "both cards");
    r = good;
    r.model = NULL;
    check_request("no model", &r, VF_ERR_USAGE, "", "no model");
    r = good;
    r.runtime = "nobody's";
    check_request("no runtime", &r, VF_ERR_NOT_FOUND, "--runtime", "'nobody's' is no runtime of this version");
    r.runtime = NULL;
    check_request("none given", &r, VF_ERR_NOT_FOUND, "--runtime", "'' is no runtime of this version");
    r = good;
    r.n_devices = VF_MAX_DEVICES + 1;
    (void)snprintf(text, sizeof text, "%d devices: at most %d", VF_MAX_DEVICES + 1, VF_MAX_DEVICES);
    check_request("too many cards", &r, VF_ERR_RANGE, "--gpu", text);
    r.n_devices = VF_MAX_DEVICES;
    CHECK(vf_estimate(&r, &heap, &result, &failure) == VF_OK, "%s", failure.text);
    r.device[VF_MAX_DEVICES - 1].total = (UINT64_C(1) << 60) + 1;
    check_request("too large a card", &r, VF_ERR_RANGE, "--gpu", "more than 2^60 bytes");
    r = good;
    r.device[0].total = UINT64_C(1) << 60;
    CHECK(vf_estimate(&r, &heap, &result, &failure) == VF_OK, "2^60 bytes");
    r.settings.backend = (vf_backend)(VF_BACKEND_CPU + 1);
    check_request("no backend", &r, VF_ERR_USAGE, "--backend", "6 is no backend");
    r = good;
    r.settings.type_k = (vf_type)4000;
    check_request("no type of K", &r, VF_ERR_USAGE, "--kv-type", "4000 is no storage type");
    r = good;
    r.settings.type_v = (vf_type)4001;
    check_request("no type of V", &r, VF_ERR_USAGE, "--kv-type", "4001 is no storage type");
    r = good;
    r.device[0].desktop_spread = UINT64_C(1) << 61; /* a margin */
    check_request("too much", &r, VF_ERR_RANGE, "", "the need would be over 2^60 bytes");
    close_subject(&x);
}

/* More is held than the card has: nothing is free, and headroom falls below zero. */
static void held_by_others(void)
{
    subject x = open_subject("TinyLlama-1.1B");
    vf_request r = request_of(&x);
    uint64_t total = r.device[0].total;

    for (int i = 0; i < 3; i++) {
        r.device[0].other = i == 0 ? total - 1 : i == 1 ? total : total + 1;
        CHECK(vf_estimate(&r, &heap, &result, &failure) == VF_OK, "%s", failure.text);
        CHECK_U64(result.available, i == 0, "free");
        CHECK(result.verdict == VF_NO_FIT && result.headroom < 0, "no fit");
    }
    close_subject(&x);
}

/* One card's memory changed: the same answer as asked anew; refused where more may change. */
static void another_card(void)
{
    subject x = open_subject("TinyLlama-1.1B");
    vf_request r = request_of(&x), anew;
    vf_device card = r.device[0];
    vf_result want;

    for (int spread = 0; spread < 2; spread++)
        for (int was = 0; was < 2; was++) {
            r.device[0].desktop_spread = was ? UINT64_C(200) << 20 : 0;
            card.total = UINT64_C(2) << 30;
            card.desktop_spread = spread ? UINT64_C(100) << 20 : 0;
            anew = r;
            anew.device[0] = card;
            CHECK(vf_estimate(&r, &heap, &result, &failure) == VF_OK && vf_estimate(&anew, &heap, &want, &failure) == VF_OK, "%s", failure.text);
            CHECK(vf_estimate_card(&r, &card, &result, &failure) == VF_OK, "%s", failure.text);
            CHECK(result.n_terms == want.n_terms && result.margin == want.margin && result.headroom == want.headroom &&
                      result.verdict == want.verdict && result.available == want.available && result.need == want.need,
                  "spread %d, was %d: %u terms, want %u", spread, was, result.n_terms, want.n_terms);
        }
    r.device[0].desktop_spread = 0;
    CHECK(vf_estimate(&r, &heap, &result, &failure) == VF_OK, "%s", failure.text);
    card.compute_capability = 89;
    failure = (vf_error){0};
    check_failure("newer", vf_estimate_card(&r, &card, &result, &failure), VF_ERR_USAGE, "", "a card of another compute capability");
    card.compute_capability = 86;
    card.total = (UINT64_C(1) << 60) + 1;
    check_failure("larger", vf_estimate_card(&r, &card, &result, &failure), VF_ERR_RANGE, "--gpu", "more than 2^60 bytes");
    card.total = UINT64_C(1) << 34;
    static const char more[] = "more than the verdict may depend on the card";
    for (int i = 0; i < 5; i++) {
        vf_request q = r;
        result.n_devices = i == 3 ? 2 : 1;
        q.n_devices = i == 2 ? 2 : 1;
        q.runtime = i == 0 ? NULL : i == 1 ? "nobody's" : i == 4 ? "vllm" : "llama.cpp";
        failure = (vf_error){0};
        if (i != 4 || !vf_profile_find("vllm")->card)
            check_failure("more than the verdict", vf_estimate_card(&q, &card, &result, &failure), VF_ERR_USAGE, "", more);
    }
    result.n_devices = 1;
    result.n_terms = 0;
    card.desktop_spread = 0;
    CHECK(vf_estimate_card(&r, &card, &result, &failure) == VF_OK && result.n_terms == 0, "an answer without terms");
    close_subject(&x);
}

/* Lists of a result have an end; what does not fit is left out. */
static void lists_have_an_end(void)
{
    static vf_result out;

    out.n_terms = out.n_notes = 0;
    for (uint32_t i = 0; i < VF_MAX_TERMS + 2; i++)
        vf_add_term(&out, 0, VF_SEG_WEIGHTS, "t", "f", "s", i, 0, i % 2 ? "%u" : NULL, i);
    for (uint32_t i = 0; i < VF_MAX_NOTES + 2; i++)
        vf_add_note(&out, "note %u", i);
    CHECK(out.n_terms == VF_MAX_TERMS && out.term[VF_MAX_TERMS - 1].bytes == VF_MAX_TERMS - 1, "%u terms", out.n_terms);
    CHECK(out.n_notes == VF_MAX_NOTES, "%u notes", out.n_notes);
    CHECK_STR(out.term[1].detail, "1", "a detail");
    CHECK_STR(out.term[2].detail, "", "none");
    char want[32];
    (void)snprintf(want, sizeof want, "note %d", VF_MAX_NOTES - 1);
    CHECK_STR(out.note[VF_MAX_NOTES - 1], want, "the last note");
}

/* A graph that is not described has one bound on every card that holds a slice. */
static void bound_of_slices(void)
{
    subject x = open_subject("Llama-3.1-8B");
    vf_placement p;
    vf_context c;
    vf_compute compute;

    x.s.split = VF_SPLIT_TENSOR;
    CHECK(place(&x, 3, &p) == VF_OK && vf_context_resolve(x.m, &x.s, &p, &heap, &c, &failure) == VF_OK, "%s", failure.text);
    x.m->known_arch = false;
    CHECK(p.sliced && vf_graph_compute(x.m, x.types, &c, &p, &heap, &compute, &failure) == VF_OK, "%s", failure.text);
    CHECK(compute.device[0] > 0, "a bound");
    for (int i = 1; i < 3; i++)
        CHECK_U64(compute.device[i], compute.device[0], "of each card");
    vf_placement_free(x.m, &heap, &p);
    close_subject(&x);
}

int main(void)
{
    open_catalog();
    layers_by_share();
    splits_that_are_refused();
    memory_ends();
    no_layers();
    sizes_that_nothing_has();
    drafting();
    batches_of_streams();
    requests();
    held_by_others();
    another_card();
    lists_have_an_end();
    bound_of_slices();
    vf_catalog_free(catalog);
    return CHECK_END();
}
