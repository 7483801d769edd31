/* Context parameters and cache sizes on shapes made by hand: the check values of llama.cpp's own
 * allocator (release v0.5.0), and what it refuses. */
#include "estimate/context.h"

#include "check.h"

#define LAYERS 64

CHECK_ALLOCATOR(scratch);

static vf_layer layers[LAYERS];
static int16_t on_card[LAYERS + 1];

static vf_model shape(uint32_t n_layers, uint32_t n_head_kv, uint32_t head)
{
    vf_model m = {0};
    m.known_arch = true;
    m.arch.causal = true;
    m.layers = layers;
    m.n_layers = n_layers;
    m.hp.context_length = 131072;
    m.head_k = m.head_v = head;
    for (uint32_t i = 0; i < n_layers; i++)
        layers[i] = (vf_layer){.attention = VF_ATTN_GQA, .has_cache = true, .n_head = 32, .n_head_kv = n_head_kv,
                               .head_k = head, .head_v = head};
    return m;
}

static uint64_t cache_bytes(const vf_model *m, const vf_settings *s)
{
    vf_placement p = {.n_devices = 1, .n_cards = 1, .backend = VF_BACKEND_CUDA, .layer_device = on_card};
    vf_context c;
    vf_cache cache;
    vf_error err = {0};
    vf_status st = vf_context_resolve(m, s, &p, &scratch, &c, &err);
    if (!st)
        st = vf_cache_plan(m, NULL, &c, &p, &cache, &err);
    CHECK(st == VF_OK, "%s", err.text);
    return st ? 0 : cache.device[0];
}

static void plain(void)
{
    vf_model m = shape(32, 8, 128); /* Llama-3.1-8B */
    vf_settings s;
    vf_settings_init(&s);
    s.flash_attn = VF_ON;
    s.context = 8192;
    CHECK_U64(cache_bytes(&m, &s), 1073741824, "8B, 8192, f16");
    s.type_k = s.type_v = VF_TYPE_Q8_0;
    CHECK_U64(cache_bytes(&m, &s), 570425344, "8B, 8192, q8_0");
    s.type_k = s.type_v = VF_TYPE_Q4_0;
    s.context = 131072;
    CHECK_U64(cache_bytes(&m, &s), UINT64_C(4831838208), "8B, 131072, q4_0");
    s.type_k = s.type_v = VF_TYPE_F16;
    s.context = 5000; /* padded to 256: 5120 */
    CHECK_U64(cache_bytes(&m, &s), 671088640, "8B, 5000");
    s.parallel = 4; /* 5120 / 4 = 1280 each */
    CHECK_U64(cache_bytes(&m, &s), 671088640, "8B, 5000 over 4 sequences");
    s.context = 4096;
    s.parallel = 3; /* 1365 padded to 1536, three streams */
    CHECK_U64(cache_bytes(&m, &s), UINT64_C(2) * 8 * 128 * 2 * 1536 * 3 * 32, "8B, 4096 over 3 sequences");
}

static void windowed(void)
{
    vf_model m = shape(34, 4, 256); /* Gemma-3-4B: every sixth layer is full */
    m.n_swa = 1024;
    for (uint32_t i = 0; i < 34; i++)
        layers[i].windowed = i % 6 < 5;
    vf_settings s;
    vf_settings_init(&s);
    s.flash_attn = VF_ON;
    s.context = 32768;
    CHECK_U64(cache_bytes(&m, &s), 853540864, "Gemma-3-4B, 32768");
    s.swa_full = true;
    CHECK_U64(cache_bytes(&m, &s), UINT64_C(4096) * 34 * 32768, "full-size window cache");
}

static void mla(void)
{
    vf_model m = shape(61, 1, 576); /* DeepSeek-V3: rows of kv_lora_rank 512 + rope 64, no V */
    m.hp.key_length_mla = 192;
    m.hp.value_length_mla = 128;
    for (uint32_t i = 0; i < 61; i++) {
        layers[i].attention = VF_ATTN_MLA;
        layers[i].head_v = 512;
    }
    vf_settings s;
    vf_settings_init(&s);
    s.flash_attn = VF_ON;
    s.context = 32768;
    CHECK_U64(cache_bytes(&m, &s), UINT64_C(70272) * 32768, "DeepSeek-V3, 32768");
    s.type_k = VF_TYPE_Q8_0;
    vf_placement p = {.n_devices = 1, .layer_device = on_card};
    vf_context c;
    vf_error err = {0};
    CHECK(vf_context_resolve(&m, &s, &p, &scratch, &c, &err) == VF_ERR_REFUSED, "MLA takes one cache type");
}

/* Caches that logs of llama.cpp and ik_llama.cpp tell of, in MiB. */
static void logged(void)
{
    vf_settings s;
    vf_settings_init(&s);
    s.flash_attn = VF_ON;
    vf_model m = shape(48, 4, 128);
    s.context = 65536;
    CHECK_U64(cache_bytes(&m, &s), UINT64_C(6144) << 20, "Qwen3-30B-A3B, 65536");
    m = shape(64, 8, 128);
    s.context = 8192;
    CHECK_U64(cache_bytes(&m, &s), UINT64_C(2048) << 20, "Qwen3-32B, 8192");
    m = shape(62, 16, 128);
    s.context = 32768;
    CHECK_U64(cache_bytes(&m, &s), UINT64_C(15872) << 20, "Gemma-3-27B without windows, 32768");
    m = shape(8, 4, 256);
    s.context = 262144;
    s.type_k = s.type_v = VF_TYPE_Q8_0;
    CHECK_U64(cache_bytes(&m, &s), UINT64_C(4352) << 20, "Qwen3.5-9B, attention layers, 262144, q8_0");
    m = shape(61, 1, 576);
    m.hp.key_length_mla = 192;
    m.hp.value_length_mla = 128;
    for (uint32_t i = 0; i < 61; i++) {
        layers[i].attention = VF_ATTN_MLA;
        layers[i].head_v = 512;
    }
    s.context = 32768;
    uint64_t latent = cache_bytes(&m, &s); /* rows of 576 are padded on CUDA: the log says 1166.65 */
    CHECK(latent * 100 / 1048576 == 116665, "DeepSeek-V3, 32768, q8_0: %llu", (unsigned long long)latent);
    m = shape(24, 0, 0);
    for (uint32_t i = 0; i < 24; i++)
        layers[i] = (vf_layer){.recurrent = VF_REC_DELTA_NET, .state_r = 3 * 8192, .state_s = 32 * 128 * 128};
    s.type_k = s.type_v = VF_TYPE_F16;
    s.context = 4096;
    s.parallel = 2;
    CHECK_U64(cache_bytes(&m, &s), UINT64_C(1005) * 1048576 / 10, "Qwen3.5-9B, states of two sequences");
}

static void refusals(void)
{
    vf_model m = shape(32, 32, 80); /* Phi-2: 80 is no multiple of 32 */
    vf_placement p = {.n_devices = 1, .layer_device = on_card};
    vf_settings s;
    vf_context c;
    vf_error err = {0};
    vf_settings_init(&s);
    s.type_k = s.type_v = VF_TYPE_Q8_0;
    s.flash_attn = VF_ON;
    CHECK(vf_context_resolve(&m, &s, &p, &scratch, &c, &err) == VF_ERR_REFUSED && strstr(err.text, "80"), "%s", err.text);
    m = shape(32, 8, 128);
    s.flash_attn = VF_OFF;
    CHECK(vf_context_resolve(&m, &s, &p, &scratch, &c, &err) == VF_ERR_REFUSED, "quantized V without flash attention");
    vf_settings_init(&s);
    s.flash_attn = VF_ON;
    s.parallel = 257;
    CHECK(vf_context_resolve(&m, &s, &p, &scratch, &c, &err) == VF_ERR_REFUSED, "257 sequences");
    s.parallel = 4;
    s.outputs = 3;
    CHECK(vf_context_resolve(&m, &s, &p, &scratch, &c, &err) == VF_ERR_REFUSED, "fewer rows than sequences");
    s.outputs = VF_OUTPUTS_ALL;
    s.batch = 3;
    CHECK(vf_context_resolve(&m, &s, &p, &scratch, &c, &err) == VF_ERR_REFUSED && strcmp(err.key, "--batch") == 0,
          "a batch of fewer rows than sequences");
    m.arch.encoder_decoder = true; /* a decoder's encoder hands back its whole batch, whatever is asked for */
    s.outputs = 5;
    CHECK(vf_context_resolve(&m, &s, &p, &scratch, &c, &err) == VF_ERR_REFUSED, "T5, a batch of fewer rows than sequences");
    CHECK_STR(err.key, "--batch", "T5");
    CHECK_STR(err.text, "3: llama.cpp needs at least one row of outputs for each sequence (4)", "T5");
    s.outputs = VF_OUTPUTS_ALL;
    s.batch = 0;
    CHECK(vf_context_resolve(&m, &s, &p, &scratch, &c, &err) == VF_ERR_REFUSED, "T5 with a cache for each sequence");
    s.kv_unified = true;
    CHECK(vf_context_resolve(&m, &s, &p, &scratch, &c, &err) == VF_OK, "T5 with one cache: %s", err.text);
    s.kv_unified = m.arch.encoder_decoder = false;
    m.arch.graph.reserve_single = true;
    s.ubatch = 510;
    CHECK(vf_context_resolve(&m, &s, &p, &scratch, &c, &err) == VF_OK, "flash attention takes any: %s", err.text);
    s.flash_attn = VF_OFF;
    CHECK(vf_context_resolve(&m, &s, &p, &scratch, &c, &err) == VF_ERR_REFUSED, "510 tokens as one of 4 sequences");
    s.flash_attn = VF_ON;
    m.arch.graph.reserve_single = false;
    m.hp.pooling_type = 1;
    s.embeddings = true;
    CHECK(vf_context_resolve(&m, &s, &p, &scratch, &c, &err) == VF_ERR_REFUSED, "the mean of 512 of 510 rows");
    s.embeddings = false;
    CHECK(vf_context_resolve(&m, &s, &p, &scratch, &c, &err) == VF_OK && c.n_outputs == 510, "%s", err.text);
    s.outputs = VF_OUTPUTS_DEFAULT;
    s.type_k = VF_TYPE_Q6_K;
    CHECK(vf_context_resolve(&m, &s, &p, &scratch, &c, &err) == VF_ERR_USAGE, "no cache type");
    s.type_k = VF_TYPE_F16;
    s.context = UINT64_C(1) << 40;
    CHECK(vf_context_resolve(&m, &s, &p, &scratch, &c, &err) == VF_ERR_RANGE, "context out of range");
}

int main(void)
{
    plain();
    windowed();
    mla();
    logged();
    refusals();
    return CHECK_END();
}
