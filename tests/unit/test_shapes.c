/* Models with their tensors changed: in another order, of absurd sizes, of rows that fit no block, cut in two. */
#include "ask.h"

/* The order of the tensors in a file is no matter, nor is it to any runtime. */
static void turned_around(void)
{
    static const struct {
        const char *runtime, *quant;
        vf_backend backend;
        vf_train train;
    } asked[] = {{"llama.cpp", "q4_k_m", VF_BACKEND_CUDA, 0}, {"ollama", "q4_k_m", VF_BACKEND_CUDA, 0}, {"vllm", "awq", VF_BACKEND_CUDA, 0}, {"sglang", "fp8", VF_BACKEND_CUDA, 0},
                {"transformers", "nf4", VF_BACKEND_CUDA, 0}, {"transformers", "nf4", VF_BACKEND_CUDA, VF_TRAIN_QLORA}, {"mlx", "mlx-4bit", VF_BACKEND_METAL, 0},
                {"exllamav3", "exl3-4.0bpw", VF_BACKEND_CUDA, 0}, {"generic", "q8_0", VF_BACKEND_CUDA, 0}};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        vf_request q = {.runtime = asked[i].runtime, .n_devices = 1, .device = {{.total = 80 * GIB}}};
        vf_error err = {0};
        vf_model *m = of_catalog("llama-3.2-1b");
        vf_quant_entry e = {0};
        uint32_t at;
        CHECK(vf_catalog_find(catalog, VF_KIND_QUANT, asked[i].quant, &at, &err) == VF_OK && vf_catalog_quant(catalog, at, &e) == VF_OK, "%s", asked[i].quant);
        q.model = m;
        q.quant = e.quant;
        vf_settings_init(&q.settings);
        q.settings.backend = asked[i].backend;
        q.settings.train = asked[i].train;
        uint64_t needs[3], of_file[3];
        for (size_t first = 0; first < 3; first++) { /* as it is, turned around, and by one */
            for (size_t a = 0, b = m->n_tensors - 1; first == 1 && a < b; a++, b--) {
                vf_tensor was = m->tensors[a];
                m->tensors[a] = m->tensors[b];
                m->tensors[b] = was;
            }
            if (first == 2) { /* a query's matrix in front */
                size_t k = 0;
                while (m->tensors[k].role != VF_ROLE_ATTN_Q)
                    k++;
                vf_tensor was = m->tensors[0];
                m->tensors[0] = m->tensors[k];
                m->tensors[k] = was;
            }
            free(m->order);
            free(m->mix);
            free(m->groups);
            CHECK(vf_model_index(m, &err) == VF_OK && vf_estimate(&q, &sample_allocator, &result, &err) == VF_OK, "%s: %s", asked[i].runtime, err.text);
            needs[first] = result.need + result.host.weights;
            of_file[first] = result.model_bytes;
        }
        CHECK(needs[0] == needs[1] && needs[0] == needs[2] && of_file[0] == of_file[1] && of_file[0] == of_file[2], "%s: %llu, %llu, %llu", asked[i].runtime,
              (unsigned long long)needs[0], (unsigned long long)needs[1], (unsigned long long)needs[2]);
        vf_model_free(m);
    }
}

/* A quantized cache has rows of whole blocks, of K and of V; a tied table is there twice, if there is one. */
static void blocks_of_rows(void)
{
    vf_model *m = of_catalog("llama-3.2-1b");
    vf_request q = {.runtime = "exllamav3", .model = m, .n_devices = 1, .device = {{.total = 80 * GIB}}, .quant = {.kind = VF_QUANT_CAST, .type = VF_TYPE_F16}};
    vf_error err = {0};
    vf_settings_init(&q.settings);
    q.settings.type_kv_set = true;
    for (int v = 0; v < 2; v++) {
        uint32_t *head = v ? &m->layers[5].head_v : &m->layers[5].head_k, was = *head;
        q.settings.type_k = v ? VF_TYPE_F16 : VF_TYPE_Q4_0;
        q.settings.type_v = v ? VF_TYPE_Q4_0 : VF_TYPE_F16;
        CHECK(vf_estimate(&q, &sample_allocator, &result, &err) == VF_OK, "%s", err.text);
        *head = 65; /* of eight heads */
        CHECK(vf_estimate(&q, &sample_allocator, &result, &err) == VF_ERR_REFUSED && strcmp(err.key, "--kv-type") == 0 &&
                  strstr(err.text, "Q4_0: rows of the model, 520 wide, are no multiple of its 32"), "%s: %s", v ? "V" : "K", err.text);
        *head = 68;
        CHECK(vf_estimate(&q, &sample_allocator, &result, &err) == VF_OK, "544 wide: %s", err.text);
        *head = was;
    }
    q.runtime = "exo";
    q.settings.backend = VF_BACKEND_METAL;
    q.settings.type_kv_set = false;
    q.n_devices = 2;
    q.device[1].total = 80 * GIB;
    CHECK(vf_estimate(&q, &sample_allocator, &result, &err) == VF_OK, "%s", err.text);
    uint64_t with = sum_of(VF_SEG_WEIGHTS), table = UINT64_C(128256) * 2048 * 2;
    m->tensors[vf_model_tensor(m, -1, VF_ROLE_TOKEN_EMBD, VF_PART_WEIGHT) - m->tensors].role = VF_ROLE_ENC_OUTPUT_NORM;
    CHECK(vf_estimate(&q, &sample_allocator, &result, &err) == VF_OK, "%s", err.text);
    CHECK_U64(sum_of(VF_SEG_WEIGHTS), with - table, "without a table there is nothing to tie to");
    vf_model_free(m);
}

/* Sizes of tensors that no file has. */
static void absurd(void)
{
    static const struct {
        const char *runtime, *quant;
        uint64_t ne[3];
        vf_status status;
    } asked[] = {
        {"transformers", "nf4", {UINT64_C(1) << 40, UINT64_C(1) << 40, 1}, VF_ERR_RANGE}, {"transformers", "hqq", {UINT64_C(1) << 29, UINT64_C(1) << 29, 1}, VF_ERR_RANGE},
        {"transformers", "nf4", {UINT64_C(1) << 26, UINT64_C(1) << 25, 1}, VF_OK},        {"transformers", "nf4", {0, 64, 1}, VF_OK},
        {"transformers", "nf4", {64, 64, 0}, VF_OK},                                {"transformers", "hqq", {64, 64, 0}, VF_OK},
        {"vllm", "fp8", {UINT64_C(1) << 40, UINT64_C(1) << 40, 1}, VF_ERR_RANGE},         {"exllamav3", "exl3-4.0bpw", {UINT64_C(1) << 40, UINT64_C(1) << 40, 1}, VF_ERR_RANGE},
        {"generic", "q8_0", {UINT64_C(1) << 40, UINT64_C(1) << 40, 1}, VF_ERR_RANGE},
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        vf_request q = {.runtime = asked[i].runtime, .n_devices = 1, .device = {{.total = 80 * GIB}}};
        vf_error err = {0};
        vf_model *m = of_catalog("llama-3.2-1b");
        vf_quant_entry e = {0};
        uint32_t at;
        CHECK(vf_catalog_find(catalog, VF_KIND_QUANT, asked[i].quant, &at, &err) == VF_OK && vf_catalog_quant(catalog, at, &e) == VF_OK, "%s", asked[i].quant);
        vf_tensor *t = &m->tensors[vf_model_tensor(m, 3, VF_ROLE_FFN_UP, VF_PART_WEIGHT) - m->tensors];
        t->ne[0] = asked[i].ne[0];
        t->ne[1] = asked[i].ne[1];
        t->ne[2] = asked[i].ne[2];
        m->parameters = vf_model_parameters(m);
        q.model = m;
        q.quant = e.quant;
        q.quant.millibits = e.millibits;
        vf_settings_init(&q.settings);
        vf_status st = vf_estimate(&q, &sample_allocator, &result, &err);
        CHECK(st == asked[i].status && (st == VF_OK || strstr(err.text, "over 2^60 bytes")), "row %zu: status %d, %s", i, (int)st, err.text);
        vf_model_free(m);
    }
}

/* What one of two cards holds is at least half of the model, and at most all of it. */
static void halves(void)
{
    vf_model_entry entry;
    vf_error err;
    uint32_t halved = 0;
    for (uint32_t i = 0; i < vf_catalog_count(catalog, VF_KIND_MODEL); i++) {
        CHECK(vf_catalog_model(catalog, i, &entry) == VF_OK, "model %u", i);
        if (ask("vllm", entry.id, "bfloat16", "", &err))
            continue;
        uint64_t all = result.device[0].segment[VF_SEG_WEIGHTS];
        if (ask("vllm", entry.id, "bfloat16", "cards=2", &err))
            continue;
        uint64_t half = result.device[0].segment[VF_SEG_WEIGHTS];
        CHECK(2 * half >= all && half < all, "%s: %llu of %llu", entry.id, (unsigned long long)half, (unsigned long long)all);
        halved++;
    }
    CHECK(halved > 50, "%u models", halved);
}

int main(void)
{
    vf_error err;
    CHECK(vf_catalog_new(&sample_allocator, &catalog, &err) == VF_OK, "%s", err.text);
    turned_around();
    blocks_of_rows();
    absurd();
    halves();
    vf_catalog_free(catalog);
    return CHECK_END();
}
