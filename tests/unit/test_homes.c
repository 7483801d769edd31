/* Where tensors go: with their layer, the output or the host, where a pattern says, or where the backend can compute with them. */
#include "placed.h"

/* CUDA has no product with ternary weights: they stay in system memory, tied embeddings with the output that is made of
 * them. */
static void weights_without_a_kernel(void)
{
    static const vf_type types[] = {VF_TYPE_Q4_K, VF_TYPE_TQ1_0, VF_TYPE_TQ2_0};
    subject x = open_subject("Qwen2.5-3B");

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        for (int vulkan = 0; vulkan < 2; vulkan++) {
            bool card = vulkan || i == 0;
            vf_placement p;
            x.s.backend = vulkan ? VF_BACKEND_VULKAN : VF_BACKEND_CUDA;
            for (size_t k = 0; k < x.m->n_tensors; k++)
                if (x.m->tensors[k].role == VF_ROLE_TOKEN_EMBD || x.m->tensors[k].role == VF_ROLE_FFN_UP)
                    x.types[k] = (uint16_t)types[i];
            CHECK(place(&x, 1, &p) == VF_OK, "%s", failure.text);
            CHECK(p.tied_output_device == (card ? 0 : VF_HOST) && device_of(&x, &p, VF_ROLE_FFN_UP, 3) == (card ? 0 : VF_HOST), "type %d",
                  (int)types[i]);
            CHECK(device_of(&x, &p, VF_ROLE_TOKEN_EMBD, -1) == VF_HOST && device_of(&x, &p, VF_ROLE_FFN_DOWN, 3) == 0, "all others");
            vf_placement_free(x.m, &heap, &p);
        }
    close_subject(&x);
}

/* CUDA scans states of 16: a layer's A of another length stays in system memory. Past the last layer, where a file may
 * have one, nothing is scanned by it, and it goes where the first layer is. */
static void scans_without_a_kernel(void)
{
    subject x = open_subject("mamba-130m");
    vf_tensor *a = tensor_of(&x, VF_ROLE_SSM_A, 3);

    CHECK(a->ne[0] == 16 && a->ne[1] == 1536, "A");
    for (int i = 0; i < 4; i++) {
        vf_placement p;
        a->ne[0] = i % 2 ? 17 : 16;
        a->layer = i < 2 ? 3 : (int32_t)x.m->n_layers;
        CHECK(place(&x, 1, &p) == VF_OK, "%s", failure.text);
        CHECK(p.tensor_device[a - x.m->tensors] == (i == 1 ? VF_HOST : 0), "%d of layer %d", (int)a->ne[0], a->layer);
        vf_placement_free(x.m, &heap, &p);
    }
    close_subject(&x);
}

/* What has no layer and no name that is known belongs to the output; a bias of the tied table is not copied with it. */
static void tensors_beside_the_layers(void)
{
    subject x = open_subject("Qwen2.5-0.5B");
    vf_tensor *norm = tensor_of(&x, VF_ROLE_OUTPUT_NORM, -1);
    vf_weights was, now;
    vf_placement p;

    CHECK(place(&x, 1, &p) == VF_OK && vf_weights_plan(x.m, x.types, &p, &was, &failure) == VF_OK, "%s", failure.text);
    CHECK(x.m->tied && was.tied_copy > 0 && norm->ne[0] == 896, "tied");
    vf_placement_free(x.m, &heap, &p);
    norm->role = VF_ROLE_TOKEN_EMBD;
    norm->part = VF_PART_BIAS;
    CHECK(place(&x, 1, &p) == VF_OK && vf_weights_plan(x.m, x.types, &p, &now, &failure) == VF_OK, "%s", failure.text);
    CHECK_U64(now.tied_copy, was.tied_copy, "the copy");
    CHECK_U64(was.device[0] - now.device[0], 896 * 4, "no more on the card");
    CHECK_U64(now.host - was.host, 896 * 4, "but with the table");
    vf_placement_free(x.m, &heap, &p);
    norm->role = VF_ROLE_UNKNOWN;
    norm->part = VF_PART_OTHER;
    for (x.s.gpu_layers = 0; x.s.gpu_layers < 2; x.s.gpu_layers++) { /* none; the output */
        CHECK(place(&x, 1, &p) == VF_OK, "%s", failure.text);
        CHECK(p.tensor_device[norm - x.m->tensors] == (x.s.gpu_layers ? 0 : VF_HOST) && p.layer_device[0] == VF_HOST, "an unknown one");
        vf_placement_free(x.m, &heap, &p);
    }
    close_subject(&x);
}

/* CodeShell's files have no token embeddings: llama.cpp makes them of the output's once more (src/models/codeshell.cpp). */
static void embeddings_of_the_output(void)
{
    subject x = open_subject("codeshell-7b");
    vf_weights was, now;
    vf_placement p;
    size_t i = (size_t)(tensor_of(&x, VF_ROLE_TOKEN_EMBD, -1) - x.m->tensors), head = (size_t)(tensor_of(&x, VF_ROLE_OUTPUT, -1) - x.m->tensors);

    CHECK(place(&x, 1, &p) == VF_OK && vf_weights_plan(x.m, x.types, &p, &was, &failure) == VF_OK, "%s", failure.text);
    vf_placement_free(x.m, &heap, &p);
    uint64_t table = vf_tensor_bytes(&x.m->tensors[i], x.types[i]), output = vf_tensor_bytes(&x.m->tensors[head], x.types[head]);
    x.m->tensors[i].role = VF_ROLE_UNKNOWN;
    CHECK(place(&x, 1, &p) == VF_OK && vf_weights_plan(x.m, x.types, &p, &now, &failure) == VF_OK, "%s", failure.text);
    CHECK_U64(now.device[0] + now.host, was.device[0] + was.host + output, "the output once more");
    CHECK(table > 0 && p.tensor_device[head] == 0, "the output is on the card");
    vf_placement_free(x.m, &heap, &p);
    close_subject(&x);
}

/* --override-tensor: the first pattern that fits; a tied output goes where the embeddings go. */
static void overrides(void)
{
    subject x = open_subject("Qwen2.5-0.5B");
    vf_placement p;
    const vf_override two[] = {{"blk\\.3\\.ffn_up", VF_DEVICE_CPU}, {"blk\\.[34]\\.", 1}};
    const vf_override embeddings[] = {{"token_embd", 1}};

    CHECK(x.m->tied, "tied");
    x.s.override = two;
    x.s.n_override = 2;
    CHECK(place(&x, 2, &p) == VF_OK, "%s", failure.text);
    CHECK(device_of(&x, &p, VF_ROLE_FFN_UP, 3) == VF_HOST, "the first that fits");
    CHECK(device_of(&x, &p, VF_ROLE_FFN_DOWN, 3) == 1 && device_of(&x, &p, VF_ROLE_FFN_UP, 4) == 1, "the second");
    CHECK(device_of(&x, &p, VF_ROLE_FFN_UP, 5) == 0 && device_of(&x, &p, VF_ROLE_TOKEN_EMBD, -1) == VF_HOST, "none");
    CHECK(!p.pipeline && p.tied_output_device == 1, "no pipeline; the output stays");
    vf_placement_free(x.m, &heap, &p);
    x.s.override = embeddings;
    x.s.n_override = 1;
    x.s.split = VF_SPLIT_NONE;
    CHECK(place(&x, 2, &p) == VF_OK && p.tied_output_device == 1 && device_of(&x, &p, VF_ROLE_TOKEN_EMBD, -1) == 1, "the tied output");
    vf_placement_free(x.m, &heap, &p);
    close_subject(&x);
}

static void overrides_that_are_refused(void)
{
    subject x = open_subject("TinyLlama-1.1B");
    vf_override o = {"ffn", 2};
    vf_placement p;
    char text[64];

    x.s.override = &o;
    x.s.n_override = 1;
    check_failure("past the last card", place(&x, 2, &p), VF_ERR_USAGE, "--override-tensor", "device 2: there are 2");
    o.device = VF_DEVICE_CPU - 1;
    (void)snprintf(text, sizeof text, "device %d: there are 2", (int)o.device);
    check_failure("before the CPU", place(&x, 2, &p), VF_ERR_USAGE, "--override-tensor", text);
    o = (vf_override){"ffn[", 1};
    CHECK(place(&x, 2, &p) == VF_ERR_USAGE && failure.text[0], "a pattern that is none");
    CHECK_STR(failure.key, "--override-tensor", "a pattern that is none");
    for (o.device = 0; o.device < 2; o.device++) /* the pattern; a card that is not there */
        CHECK(vf_placement_build(x.m, x.types, &x.s, 1, &(vf_device){.total = 1}, &(uint64_t){1}, &heap, &p, NULL) == VF_ERR_USAGE, "nobody asks why");
    x.s.split = VF_SPLIT_TENSOR;
    o = (vf_override){"ffn", 0};
    check_failure("with slices", place(&x, 2, &p), VF_ERR_REFUSED, "--override-tensor", "with --split tensor only CPU is a place of its own");
    o.device = VF_DEVICE_CPU;
    CHECK(place(&x, 2, &p) == VF_OK && device_of(&x, &p, VF_ROLE_FFN_UP, 0) == VF_HOST, "CPU is");
    vf_placement_free(x.m, &heap, &p);
    close_subject(&x);
}

/* Rotation factors lie once wherever layers rotate by them; the output does not. */
static void rotation_factors(void)
{
    static const uint32_t layers[] = {0, 1, 2, 16, 33}; /* of 32 and the output */
    subject x = open_subject("Llama-3.1-8B");
    vf_tensor *table = NULL;

    for (size_t i = 0; i < x.m->n_tensors; i++)
        if (x.m->tensors[i].role == VF_ROLE_ROPE_FREQS)
            table = &x.m->tensors[i];
    CHECK(table != NULL, "Llama 3.1 has them");
    for (size_t i = 0; table && i < sizeof layers / sizeof layers[0]; i++) {
        vf_weights was, now;
        vf_placement p;
        x.s.gpu_layers = layers[i];
        CHECK(place(&x, 1, &p) == VF_OK && vf_weights_plan(x.m, x.types, &p, &was, &failure) == VF_OK, "%s", failure.text);
        table->ne[0] += 1024; /* 4 KiB more of each copy */
        CHECK(vf_weights_plan(x.m, x.types, &p, &now, &failure) == VF_OK, "%s", failure.text);
        table->ne[0] -= 1024;
        CHECK_U64(now.device[0] - was.device[0], layers[i] > 1 ? 4096 : 0, "on the card");
        CHECK_U64(now.host - was.host, layers[i] < 33 ? 4096 : 0, "in system memory");
        table->layer = 0; /* as old files have it: a tensor of its layer */
        vf_placement_free(x.m, &heap, &p);
        CHECK(place(&x, 1, &p) == VF_OK && vf_weights_plan(x.m, x.types, &p, &was, &failure) == VF_OK, "%s", failure.text);
        table->ne[0] += 1024;
        CHECK(vf_weights_plan(x.m, x.types, &p, &now, &failure) == VF_OK, "%s", failure.text);
        table->ne[0] -= 1024;
        table->layer = -1;
        CHECK_U64(now.device[0] - was.device[0], layers[i] == 33 ? 4096 : 0, "with its layer on the card");
        CHECK_U64(now.host - was.host, layers[i] < 33 ? 4096 : 0, "with its layer in system memory");
        vf_placement_free(x.m, &heap, &p);
    }
    x.s.gpu_layers = 2; /* the last layer: one that predicts, and does not rotate what the model computes */
    for (int predicts = 0; predicts < 2; predicts++) {
        vf_weights was, now;
        vf_placement p;
        x.m->layers[31].mtp = predicts;
        CHECK(place(&x, 1, &p) == VF_OK && vf_weights_plan(x.m, x.types, &p, &was, &failure) == VF_OK, "%s", failure.text);
        table->ne[0] += 1024;
        CHECK(vf_weights_plan(x.m, x.types, &p, &now, &failure) == VF_OK, "%s", failure.text);
        table->ne[0] -= 1024;
        CHECK_U64(now.device[0] - was.device[0], predicts ? 0 : 4096, "of a layer that predicts");
        vf_placement_free(x.m, &heap, &p);
    }
    close_subject(&x);
}

int main(void)
{
    open_catalog();
    weights_without_a_kernel();
    scans_without_a_kernel();
    tensors_beside_the_layers();
    embeddings_of_the_output();
    overrides();
    overrides_that_are_refused();
    rotation_factors();
    vf_catalog_free(catalog);
    return CHECK_END();
}
