/* Logs of llama.cpp and Ollama: what is read from them, and that nothing in them can do harm. */
#include "load/log/log.h"
#include "memory.h"

CHECK_ALLOCATOR(heap);

#define MIB (UINT64_C(1) << 20)
#define LOADS 4

typedef struct loads {
    vf_log log[LOADS];
    uint64_t n, stop_at;
} loads;

static bool take(void *ctx, const vf_log *log)
{
    loads *l = ctx;
    if (l->n < LOADS)
        l->log[l->n] = *log;
    l->n++;
    return l->n != l->stop_at;
}

static loads all;

static vf_status read_bytes(const char *text, size_t n, size_t chunk)
{
    memory_file f = {.bytes = (const unsigned char *)text, .n = n, .size = n, .chunk = chunk};
    vf_source source = memory_source(&f, false, false);
    vf_error err = {0};
    memset(&all, 0, sizeof all);
    return vf_log_read(&source, &heap, take, &all, &err);
}

static const vf_log *read_text(const char *text)
{
    CHECK(read_bytes(text, strlen(text), 0) == VF_OK, "reading");
    CHECK_U64(all.n, 1, text);
    return &all.log[0];
}

static const char modern[] =
    "ggml_cuda_init: found 2 CUDA devices (Total VRAM: 36864 MiB):\n"
    "  Device 0: NVIDIA GeForce RTX 3090, compute capability 8.6, VMM: yes, VRAM: 24576 MiB\n"
    "  Device 1: NVIDIA GeForce RTX 4070, compute capability 8.9, VMM: yes, VRAM: 12288 MiB\n"
    "llama_model_loader: loaded meta data with 16 key-value pairs and 290 tensors from /m/a (version 2).gguf (version GGUF V3 (latest))\n"
    "llama_model_loader: - kv   2:                               general.name str              = not this one\n"
    "print_info: file type   = Q4_K - Medium\n"
    "llama_prepare_model_devices: using device CUDA0 (NVIDIA GeForce RTX 3090) (0000:01:00.0) - 23000 MiB free\n"
    "llama_prepare_model_devices: using device CUDA1 (NVIDIA GeForce RTX 4070) (0000:02:00.0) - 11500 MiB free\n"
    "print_info: no_alloc              = 0\n"
    "print_info: n_embd                = 896\n"
    "print_info: n_layer               = 24\n"
    "print_info: n_layer_all           = 25\n"
    "print_info: general.name          = A  Model \n"
    "print_info: n_vocab               = 151936\n"
    "load_tensors: layer   0 assigned to device CPU, is_swa = 0\n"
    "load_tensors: layer   1 assigned to device CUDA0, is_swa = 0\n"
    "load_tensors: layer   2 assigned to device CUDA1, is_swa = 0\n"
    "load_tensors: layer   3 assigned to device CUDA1, is_swa = 0\n"
    "tensor blk.2.ffn_up_exps.weight (300 MiB q4_K) buffer type overridden to CUDA_Host\n"
    "load_tensors: offloaded 3/26 layers to GPU\n"
    "load_tensors:   CPU_Mapped model buffer size =   137.94 MiB\n"
    "load_tensors:        CUDA0 model buffer size =   165.35 MiB\n"
    "load_tensors:        CUDA1 model buffer size =   208.39 MiB\n"
    "llama_context: constructing llama_context\n"
    "llama_context: n_seq_max             = 2\n"
    "llama_context: n_ctx                 = 4096\n"
    "llama_context: n_ctx_seq             = 2048\n"
    "llama_context: n_batch               = 1024\n"
    "llama_context: n_ubatch              = 256\n"
    "llama_context: flash_attn            = enabled\n"
    "llama_context: kv_unified            = false\n"
    "llama_context: n_outputs_max         = 64\n"
    "llama_context: n_outputs_max_per_seq = 32\n"
    "llama_kv_cache_iswa: using full-size SWA cache (ref: https://example.org)\n"
    "llama_context:  CUDA_Host  output buffer size =     1.16 MiB\n"
    "llama_kv_cache:      CUDA0 KV buffer size =    34.00 MiB\n"
    "llama_kv_cache:      CUDA0 KV buffer size =     1.50 MiB\n"
    "llama_kv_cache:      CUDA1 KV buffer size =    14.00 MiB\n"
    "llama_kv_cache: size =   48.00 MiB (  2048 cells,  24 layers,  2/2 seqs), K (q8_0):   24.00 MiB, V (q4_0):   24.00 MiB\n"
    "llama_memory_recurrent:      CUDA1 RS buffer size =     2.25 MiB\n"
    "sched_reserve: reserving ...\n"
    "sched_reserve:      CUDA0 compute buffer size =    99.00 MiB\n"
    "sched_reserve: reserving ...\n"
    "sched_reserve:      CUDA0 compute buffer size =    48.79 MiB\n"
    "sched_reserve:      CUDA1 compute buffer size =   313.55 MiB\n"
    "sched_reserve:  CUDA_Host compute buffer size =    11.55 MiB\n"
    "alloc_compute_meta:      CUDA0 compute buffer size =   198.94 MiB\n"
    "common_memory_breakdown_print: | memory breakdown [MiB] | total    free    self   model   context   compute    unaccounted |\n"
    "common_memory_breakdown_print: |   - CUDA0 (RTX 3090)   | 24131 = 22890 + ( 248 =   165 +      35 +      48) +         992 |\n";

static void test_modern(void)
{
    const vf_log *l = read_text(modern);
    CHECK_U64(l->line, 4, "line of the load");
    CHECK_STR(l->path, "/m/a (version 2).gguf", "path");
    CHECK_STR(l->name, "A  Model", "name");
    CHECK_STR(l->quant, "Q4_K_M", "file type");
    CHECK_U64(l->n_layer, 25, "layers with MTP");
    CHECK_U64(l->n_embd, 896, "n_embd");
    CHECK_U64(l->n_vocab, 151936, "n_vocab");
    CHECK_U64(l->n_offloaded, 3, "offloaded");
    CHECK_U64(l->n_offloadable, 26, "offloadable");
    CHECK_U64(l->n_ctx, 4096, "n_ctx");
    CHECK_U64(l->n_seq_max, 2, "n_seq_max");
    CHECK_U64(l->n_batch, 1024, "n_batch");
    CHECK_U64(l->n_ubatch, 256, "n_ubatch");
    CHECK_U64(l->n_outputs_max, 64, "n_outputs_max");
    CHECK(l->flash_attn == VF_ON && !l->kv_unified && l->swa_full && l->mapped && !l->no_alloc, "flags");
    CHECK(l->has_types && l->type_k == VF_TYPE_Q8_0 && l->type_v == VF_TYPE_Q4_0, "cache types");
    CHECK_U64(l->cpu_moe, 3, "experts on the CPU");
    CHECK(!l->overridden, "nothing else was overridden");
    CHECK_U64(l->n_devices, 2, "devices");
    CHECK_STR(l->device[0].name, "CUDA0", "first device");
    CHECK_STR(l->device[1].gpu, "NVIDIA GeForce RTX 4070", "second card");
    CHECK_U64(l->device[1].compute_capability, 89, "its compute capability");
    CHECK_U64(l->device[0].free, 23000 * MIB, "free");
    CHECK_U64(l->device[0].layers, 1, "layers");
    CHECK_U64(l->device[1].layers, 2, "layers of the second");
    CHECK_U64(l->device[0].term[VF_LOG_KV_CACHE].n, 2, "two caches");
    CHECK_U64(l->device[0].term[VF_LOG_KV_CACHE].bytes, 71 * MIB / 2, "their sum");
    CHECK_U64(l->device[1].term[VF_LOG_KV_CACHE].bytes, 65 * MIB / 4, "cache and state");
    const vf_log_size *c = &l->device[0].term[VF_LOG_COMPUTE];
    CHECK_U64(c->bytes, 4879 * MIB / 100, "the last reservation, without the image encoder's");
    CHECK(c->low <= 51159040 && c->high >= 51159040 && c->high - c->low < 10490, "its rounding");
    CHECK_U64(l->host.term[VF_LOG_OUTPUT].n, 1, "output");
    CHECK_U64(l->host.term[VF_LOG_WEIGHTS].bytes, 13794 * MIB / 100, "host weights");
}

static void test_request(void)
{
    vf_request q = {0};
    const vf_log *l = read_text(modern);
    vf_settings_init(&q.settings);
    vf_log_request(l, &q);
    CHECK_U64(q.settings.context, 4096, "context");
    CHECK_U64(q.settings.outputs, 64, "outputs");
    CHECK_U64(q.settings.gpu_layers, 3, "layers");
    CHECK_U64(q.settings.n_tensor_split, 2, "split");
    CHECK(q.settings.tensor_split[1] == 2.0 && q.settings.type_kv_set && !q.settings.no_kv_offload, "split and types");
    CHECK_U64(q.n_devices, 2, "devices");
    CHECK_U64(q.device[1].total, 11500 * MIB, "available");
}

/* llama.cpp of late 2024, behind the prefix of its programs. */
static void test_2024(void)
{
    const vf_log *l = read_text("0.00.1 I llm_load_print_meta: model ftype      = IQ3_S mix - 3.66 bpw\n"
                                "0.00.1 I llm_load_tensors: offloaded 25/25 layers to GPU\n"
                                "0.00.2 I llm_load_tensors:        CPU buffer size =   137.94 MiB\n"
                                "0.00.2 I llm_load_tensors:      ROCm0 buffer size =   373.73 MiB\n"
                                "0.00.3 I llama_new_context_with_model: n_ctx      = 8192\n"
                                "0.00.3 I llama_new_context_with_model: flash_attn = 0\n"
                                "0.00.3 I llama_kv_cache_init: kv_size = 8192, offload = 0, type_k = 'f16', type_v = 'bf16', n_layer = 24\n"
                                "0.00.3 I llama_kv_cache_init:  ROCm_Host KV buffer size =    96.00 MiB\n"
                                "0.00.3 I llama_new_context_with_model: KV self size  =   96.00 MiB, K (f16):   48.00 MiB, V (f16):   48.00 MiB\n"
                                "0.00.3 I llama_new_context_with_model:      ROCm0 compute buffer size =   298.50 MiB\n");
    vf_request q = {0};
    CHECK_STR(l->quant, "IQ3_M", "file type");
    CHECK(l->flash_attn == VF_OFF && l->kv_unified && l->has_types && l->type_v == VF_TYPE_BF16, "settings");
    CHECK_U64(l->n_devices, 1, "devices");
    CHECK_U64(l->device[0].term[VF_LOG_WEIGHTS].bytes, 37373 * MIB / 100, "weights");
    vf_settings_init(&q.settings);
    vf_log_request(l, &q);
    CHECK(q.settings.backend == VF_BACKEND_ROCM && q.settings.no_kv_offload, "backend, and the cache on the host");
    CHECK(q.settings.outputs == VF_OUTPUTS_ALL && q.settings.gpu_layers == VF_LAYERS_ALL, "defaults of the time");
}

static void test_table(void)
{
    const vf_log *l = read_text("srv    load_model: loading model 'org/model-GGUF:Q8_0'\n"
                                "srv    load_model: initializing, n_slots = 4, n_ctx_slot = 8192, kv_unified = 'false'\n"
                                "x: | memory breakdown [MiB] | total free self model context compute unaccounted |\n"
                                "x: |   - CUDA0 (RTX 4090)   | 24080 = 945 + (22187 = 20904 +     384 +     898) + 17592186023856 |\n"
                                "x: |   - Host               |                  704 =   527 +       0 +     176              |\n"
                                "x: |   - CPU_REPACK         |                   10 =    10 +       0 +       0              |\n"
                                "x: |   - CUDA1 (broken\n");
    CHECK_STR(l->path, "org/model-GGUF:Q8_0", "name");
    CHECK_U64(l->n_ctx, 32768, "context of all slots");
    CHECK_U64(l->n_seq_max, 4, "slots");
    CHECK_U64(l->n_devices, 1, "devices");
    CHECK_U64(l->device[0].total, 24080 * MIB, "total");
    const vf_log_size *w = &l->device[0].term[VF_LOG_WEIGHTS];
    CHECK(w->low == 20904 * MIB && w->high == 20905 * MIB - 1, "whole MiB");
    CHECK_U64(l->host.term[VF_LOG_WEIGHTS].bytes, 537 * MIB, "host and its packed weights");
    CHECK_U64(l->host.term[VF_LOG_COMPUTE].bytes, 176 * MIB, "host compute");
}

static void test_several(void)
{
    static const char two[] = "a: loaded meta data with 1 key-value pairs and 1 tensors from one (version 3)\n"
                              "load_tensors: CUDA0 model buffer size = 10.00 MiB\n"
                              "llama_context: n_ctx = 100\nllama_kv_cache: CUDA0 KV buffer size = 1.00 MiB\n"
                              "llama_context: constructing llama_context\n"
                              "llama_context: n_ctx = 200\nllama_kv_cache: CUDA0 KV buffer size = 2.00 MiB\n"
                              "srv load_model: creating MTP draft context against the target model 'one'\n"
                              "llama_context: n_ctx = 300\nllama_kv_cache: CUDA0 KV buffer size = 3.00 MiB\n"
                              "a: loaded meta data with 1 key-value pairs and 1 tensors from two (version 3)\n"
                              "load_tensors: CPU model buffer size = 20.00 MiB";
    static const char trial[] = "a: loaded meta data with 1 key-value pairs and 1 tensors from one (version 3)\n"
                                "print_info: no_alloc = 1\nload_tensors: CUDA0 model buffer size = 0.00 MiB\n"
                                "sched_reserve: CUDA0 compute buffer size = 5.00 MiB\n";
    CHECK(read_bytes(two, strlen(two), 0) == VF_OK && all.n == 3, "two models, three contexts: %d", (int)all.n);
    CHECK_U64(all.log[0].n_ctx, 100, "first context");
    CHECK_U64(all.log[1].n_ctx, 200, "second, not the draft's");
    CHECK_U64(all.log[1].device[0].term[VF_LOG_WEIGHTS].bytes, 10 * MIB, "the weights of the first model stay");
    CHECK_STR(all.log[2].path, "two", "third");
    all.stop_at = 1;
    CHECK(read_text(trial)->no_alloc, "a trial is told when there is nothing else");
    CHECK_U64(all.log[0].device[0].term[VF_LOG_WEIGHTS].n, 0, "without its weights");
    char both[sizeof trial + sizeof two];
    snprintf(both, sizeof both, "%s%s", trial, two);
    CHECK(read_bytes(both, strlen(both), 0) == VF_OK && all.n == 3 && !all.log[0].no_alloc, "else not");
}

/* llama-server of 2026, at a level that leaves out where a load begins: the trials that fit the model to the
 * card come first. */
static void test_trials(void)
{
    static const char text[] = "load_tensors: CPU model buffer size = 0.00 MiB\nload_tensors: CUDA0 model buffer size = 0.00 MiB\n"
                               "llama_kv_cache: CUDA0 KV buffer size = 0.00 MiB\nsched_reserve: CUDA0 compute buffer size = 9.00 MiB\n"
                               "load_tensors: offloading 20 repeating layers to GPU\nload_tensors: offloaded 20/33 layers to GPU\n"
                               "load_tensors: CPU model buffer size = 5.00 MiB\nload_tensors: CUDA0 model buffer size = 6.00 MiB\n"
                               "llama_kv_cache: CUDA0 KV buffer size = 7.00 MiB\nsched_reserve: CUDA0 compute buffer size = 8.00 MiB\n";
    vf_request q = {0};
    const vf_log *l = read_text(text);
    CHECK(!l->no_alloc && l->line == 7, "the real load, at line %d", (int)l->line);
    CHECK_U64(l->device[0].term[VF_LOG_WEIGHTS].bytes, 6 * MIB, "weights");
    CHECK_U64(l->device[0].term[VF_LOG_COMPUTE].bytes, 8 * MIB, "compute");
    CHECK(l->output_on_host, "20 blocks without the output layer");
    vf_log_request(l, &q);
    CHECK(q.settings.gpu_layers == 21 && q.settings.n_override == 1, "which is kept back");
}

/* A second context with fewer layers is that of the MTP blocks; one with as many is told. */
static void test_contexts(void)
{
    static const char first[] = "load_tensors: CUDA0 model buffer size = 6.00 MiB\nllama_context: constructing llama_context\n"
                                "llama_kv_cache: CUDA0 KV buffer size = 7.00 MiB\n"
                                "llama_kv_cache: size = 7.00 MiB (  256 cells,  16 layers,  1/1 seqs), K (f16): 3.50 MiB, V (f16): 3.50 MiB\n"
                                "llama_context: constructing llama_context\nllama_kv_cache: CUDA0 KV buffer size = 1.00 MiB\n";
    static const char *const second[] = {"x: size = 1.00 MiB (  256 cells,   1 layers,  1/1 seqs), K (f16): 0.50 MiB, V (f16): 0.50 MiB\n",
                                         "x: size = 1.00 MiB (  256 cells,  16 layers,  1/1 seqs), K (f16): 0.50 MiB, V (f16): 0.50 MiB\n"};
    char text[1000];
    for (size_t i = 0; i < 2; i++) {
        snprintf(text, sizeof text, "%s%s", first, second[i]);
        CHECK(read_bytes(text, strlen(text), 0) == VF_OK && all.n == i + 1, "%d loads", (int)all.n);
        CHECK_U64(all.log[0].device[0].term[VF_LOG_KV_CACHE].bytes, 7 * MIB, "the first context");
    }
}

static void test_ollama(void)
{
    const vf_log *l = read_text(
        "time=2025-04-27T11:22:28.120Z level=INFO source=memory.go:356 msg=\"offload to cuda\" layers.model=33 layers.offload=33 "
        "layers.split=\"\" memory.required.kv=\"1.0 GiB\" memory.graph.full=\"560.0 MiB\"\n"
        "time=2025-04-27T11:22:28.121Z level=INFO msg=\"starting llama server\" cmd=\"/bin/ollama runner --model /blobs/sha256-1 "
        "--ctx-size 8192 --batch-size 512 --flash-attn --kv-cache-type q8_0 --parallel 4 --port 1\"\n");
    CHECK(l->estimate && l->kv_unified && l->flash_attn == VF_ON && l->type_k == VF_TYPE_Q8_0, "an estimate");
    CHECK_STR(l->path, "/blobs/sha256-1", "path");
    CHECK_U64(l->n_ctx, 8192, "context");
    CHECK_U64(l->device[0].term[VF_LOG_KV_CACHE].bytes, 1024 * MIB, "cache");
    CHECK_U64(l->device[0].term[VF_LOG_KV_CACHE].high, 1024 * MIB + 53687092, "printed to a tenth of a GiB");
    l = read_text("time=1 level=INFO msg=\"loading model\" \"model layers\"=29 requested=-1\n"
                  "time=1 level=INFO msg=\"model weights\" device=CUDA0 size=\"9.9 GiB\"\n"
                  "time=1 level=INFO msg=\"kv cache\" device=CUDA0 size=\"9.9 GiB\"\n"
                  "time=1 level=INFO msg=load request=\"{Operation:commit Parallel:2 BatchSize:512 FlashAttention:true KvSize:4096 KvCacheType:q4_0 X:1}\"\n"
                  "time=1 level=INFO msg=\"offloaded 20/29 layers to GPU\"\n"
                  "time=1 level=INFO msg=\"model weights\" device=CUDA0 size=\"4.1 GiB\"\n"
                  "time=1 level=INFO msg=\"model weights\" device=CPU size=\"300.0 MiB\"\n"
                  "time=1 level=INFO msg=\"compute graph\" backend=CUDA0 buffer_type=CUDA_Host size=\"8.0 MiB\"\n"
                  "time=1 level=INFO msg=load request=\"{Operation:close Parallel:0 KvSize:0}\"\n");
    CHECK(l->ollama && !l->estimate && l->type_v == VF_TYPE_Q4_0, "allocated by Ollama's engine");
    CHECK_U64(l->n_seq_max, 2, "sequences");
    CHECK_U64(l->n_offloaded, 20, "layers");
    CHECK_U64(l->device[0].term[VF_LOG_KV_CACHE].n, 0, "of the last attempt only");
    CHECK_U64(l->host.term[VF_LOG_WEIGHTS].bytes, 300 * MIB, "host");
    CHECK_U64(l->host.term[VF_LOG_COMPUTE].bytes, 8 * MIB, "pinned memory is the host's");
}

static void test_compare(void)
{
    static vf_result r;
    vf_log_row rows[VF_LOG_ROWS];
    const vf_log *l = read_text("load_tensors: CUDA0 model buffer size = 100.00 MiB\nload_tensors: CPU_Mapped model buffer size = 50.00 MiB\n"
                                "sched_reserve: CUDA0 compute buffer size = 10.00 MiB\n");
    r = (vf_result){.n_devices = 1, .n_terms = 1};
    r.device[0].segment[VF_SEG_WEIGHTS] = 100 * MIB + 5242;
    r.device[0].segment[VF_SEG_KV_CACHE] = 7;
    r.device[0].segment[VF_SEG_COMPUTE] = 11 * MIB;
    r.term[0] = (vf_term){.device = 0, .segment = VF_SEG_COMPUTE, .spread = MIB};
    r.host.weights = 40 * MIB;
    CHECK_U64(vf_log_compare(l, &r, rows), 4, "rows");
    CHECK(rows[0].match == VF_LOG_EQUAL, "within the rounding");
    CHECK(rows[1].match == VF_LOG_UNSAID && rows[1].term == VF_LOG_KV_CACHE, "not in the log");
    CHECK(rows[2].match == VF_LOG_WITHIN && rows[2].margin == MIB, "within the margin");
    CHECK(rows[3].match == VF_LOG_MAPPED && rows[3].device == -1, "a range of the file");
    r.device[0].segment[VF_SEG_WEIGHTS] += 10;
    r.term[0].spread = 0;
    r.host.weights = 51 * MIB;
    CHECK_U64(vf_log_compare(l, &r, rows), 4, "rows");
    CHECK(rows[0].match == VF_LOG_DIFFERS && rows[2].match == VF_LOG_DIFFERS && rows[3].match == VF_LOG_DIFFERS, "all that differs");
    CHECK_STR(vf_log_match_name(rows[0].match), "differs", "name");
    CHECK_STR(vf_log_term_name(rows[1].term), "KV cache", "name");
}

/** Which backend a log is of, by its first device. */
static void test_backends(void)
{
    static const struct {
        const char *device;
        vf_backend backend;
    } rows[] = {{"CUDA0", VF_BACKEND_CUDA}, {"ROCm0", VF_BACKEND_ROCM}, {"Vulkan0", VF_BACKEND_VULKAN}, {"SYCL0", VF_BACKEND_SYCL},
                {"Metal", VF_BACKEND_METAL}, {"MTL0", VF_BACKEND_METAL}, {"CANN0", VF_BACKEND_CUDA}, {"CPU", VF_BACKEND_CPU}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[200];
        vf_request q = {0};
        snprintf(text, sizeof text, "load_tensors: %s model buffer size = 1.00 MiB\n", rows[i].device);
        vf_log_request(read_text(text), &q);
        CHECK(q.settings.backend == rows[i].backend, "%s: %d", rows[i].device, (int)q.settings.backend);
        CHECK_U64(q.n_devices, rows[i].backend == VF_BACKEND_CPU ? 0 : 1, rows[i].device);
    }
    CHECK_STR(vf_log_match_name((vf_log_match)5), "", "past the last");
    CHECK_STR(vf_log_term_name(VF_LOG_TERMS), "", "past the last");
}

/** A log as a question: what it leaves unsaid stays as it is, what it says only in part is not taken. */
static void test_questions(void)
{
    static const char *const amounts = "load_tensors: CUDA0 model buffer size = 6.00 MiB\nload_tensors: CUDA1 model buffer size = 6.00 MiB\n";
    static const struct {
        const char *lines;
        uint32_t split;
        bool no_kv_offload;
    } rows[] = {
        {"", 0, false},
        {"x: offloaded 3/3 layers to GPU\nx: layer 0 assigned to device CUDA0,\nx: layer 1 assigned to device CUDA1,\n", 0, false},
        {"x: offloaded 2/3 layers to GPU\nx: layer 0 assigned to device CUDA0,\nx: layer 1 assigned to device CUDA1,\n", 2, false},
        {"x: offloaded 0/3 layers to GPU\n", 0, false},
        {"x: offloaded 3/3 layers to GPU\nx: CPU KV buffer size = 1.00 MiB\n", 0, true},
        {"x: offloaded 2/3 layers to GPU\nx: CPU KV buffer size = 1.00 MiB\n", 0, true},
        {"x: offloaded 1/3 layers to GPU\nx: CPU KV buffer size = 1.00 MiB\n", 0, false}, /* the output's only */
        {"x: offloaded 3/3 layers to GPU\nx: CPU KV buffer size = 1.00 MiB\nx: CUDA1 KV buffer size = 1.00 MiB\n", 0, false},
        {"x: offloaded 3/3 layers to GPU\nx: CUDA1 KV buffer size = 1.00 MiB\n", 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[600];
        vf_request q = {0};
        vf_settings_init(&q.settings);
        q.settings.batch = 77;
        q.settings.context = 88;
        snprintf(text, sizeof text, "%s%s", amounts, rows[i].lines);
        vf_log_request(read_text(text), &q);
        CHECK_U64(q.settings.n_tensor_split, rows[i].split, rows[i].lines);
        CHECK(q.settings.no_kv_offload == rows[i].no_kv_offload, "%s: cache", rows[i].lines);
        CHECK(q.settings.batch == 77 && q.settings.context == 88 && !q.settings.type_kv_set && q.settings.outputs == VF_OUTPUTS_ALL,
              "%s: what is not said", rows[i].lines);
    }
    vf_request all_said = {0};
    vf_settings_init(&all_said.settings);
    vf_log_request(read_text("load_tensors: CUDA0 model buffer size = 6.00 MiB\nllama_context: n_ctx = 7\nllama_context: n_seq_max = 2\n"
                             "llama_context: n_batch = 3\nllama_context: n_ubatch = 4\nllama_context: n_outputs_max = 5\nllama_context: flash_attn = 1\n"
                             "llama_context: kv_unified = true\nx: using full-size SWA cache\nx: K (q8_0): 1.00 MiB, V (q4_0): 1.00 MiB\n"
                             "tensor blk.4.ffn_up_exps.weight (x) buffer type overridden to CPU\n"), &all_said);
    const vf_settings *s = &all_said.settings;
    CHECK(s->context == 7 && s->parallel == 2 && s->batch == 3 && s->ubatch == 4 && s->outputs == 5, "numbers");
    CHECK(s->flash_attn == VF_ON && s->kv_unified && s->swa_full && s->cpu_moe == 5, "switches");
    CHECK(s->type_kv_set && s->type_k == VF_TYPE_Q8_0 && s->type_v == VF_TYPE_Q4_0, "types");
    vf_request q = {0};
    const char *one = "x: offloaded 2/3 layers to GPU\nx: layer 0 assigned to device CUDA0,\nx: layer 1 assigned to device CUDA0,\n"
                      "load_tensors: CUDA0 model buffer size = 6.00 MiB\nx: CPU KV buffer size = 1.00 MiB\n";
    vf_log_request(read_text(one), &q);
    CHECK(q.settings.n_tensor_split == 0 && q.settings.gpu_layers == 2, "one card takes all");
    vf_log_request(read_text("load_tensors: CPU model buffer size = 6.00 MiB\nx: CPU KV buffer size = 1.00 MiB\n"), &q);
    CHECK(!q.settings.no_kv_offload && q.n_devices == 0, "no card has no cache to keep off");
}

/** Rows for the devices of either side. */
static void test_devices_of_both(void)
{
    static vf_result r;
    vf_log_row rows[VF_LOG_ROWS];
    const vf_log *l = read_text("load_tensors: CUDA0 model buffer size = 100.00 MiB\n");
    r = (vf_result){.n_devices = 2};
    r.device[0].segment[VF_SEG_WEIGHTS] = 100 * MIB;
    r.device[1].segment[VF_SEG_WEIGHTS] = 7;
    CHECK_U64(vf_log_compare(l, &r, rows), 2, "rows");
    CHECK(rows[0].match == VF_LOG_EQUAL && rows[1].device == 1 && rows[1].match == VF_LOG_DIFFERS, "a device that the log has not");
    r.n_devices = 0;
    CHECK_U64(vf_log_compare(l, &r, rows), 1, "rows");
    CHECK(rows[0].match == VF_LOG_DIFFERS && rows[0].predicted == 0, "a device that the prediction has not");
    /* the ends of the rounding, and of the margin beyond it */
    const vf_log_size *a = &l->device[0].term[VF_LOG_WEIGHTS];
    static const struct {
        int64_t from_low, from_high;
        vf_log_match plain, margin;
    } ends[] = {{0, INT64_MIN, VF_LOG_EQUAL, VF_LOG_EQUAL}, {INT64_MIN, 0, VF_LOG_EQUAL, VF_LOG_EQUAL},
                {-1, INT64_MIN, VF_LOG_DIFFERS, VF_LOG_WITHIN}, {INT64_MIN, 1, VF_LOG_DIFFERS, VF_LOG_WITHIN},
                {-1000, INT64_MIN, VF_LOG_DIFFERS, VF_LOG_WITHIN}, {INT64_MIN, 1000, VF_LOG_DIFFERS, VF_LOG_WITHIN},
                {-1001, INT64_MIN, VF_LOG_DIFFERS, VF_LOG_DIFFERS}, {INT64_MIN, 1001, VF_LOG_DIFFERS, VF_LOG_DIFFERS}};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        for (int margin = 0; margin < 2; margin++) {
            int64_t value = ends[i].from_high == INT64_MIN ? (int64_t)a->low + ends[i].from_low : (int64_t)a->high + ends[i].from_high;
            r = (vf_result){.n_devices = 1, .n_terms = 2};
            r.device[0].segment[VF_SEG_WEIGHTS] = (uint64_t)value;
            r.term[0] = (vf_term){.device = 0, .segment = VF_SEG_WEIGHTS, .spread = margin ? 1000 : 0};
            r.term[1] = (vf_term){.device = 1, .segment = VF_SEG_WEIGHTS, .spread = 1000}; /* of another */
            CHECK_U64(vf_log_compare(l, &r, rows), 1, "rows");
            CHECK(rows[0].match == (margin ? ends[i].margin : ends[i].plain), "end %d, margin %d: %s", (int)i, margin, vf_log_match_name(rows[0].match));
        }
}

static void test_cut(void)
{
    size_t n = strlen(modern);
    for (size_t i = 0; i < n; i++)
        CHECK(read_bytes(modern, i, 0) == VF_OK && all.n <= 1, "cut at %d", (int)i);
    CHECK(read_bytes(modern, n, 1) == VF_OK && all.n == 1, "byte by byte");
    vf_log one = all.log[0];
    CHECK(read_bytes(modern, n, 0) == VF_OK && memcmp(&one, &all.log[0], sizeof one) == 0, "chunks make no difference");
}

static void test_garbage(void)
{
    static char text[400000];
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof text; i++) {
        seed = seed * 1664525u + 1013904223u;
        text[i] = (char)(seed >> 24);
    }
    CHECK(read_bytes(text, sizeof text, 0) == VF_OK && all.n == 0, "random bytes");
    for (int i = 0; i < 500; i++) { /* flip bytes of a good log */
        memcpy(text, modern, sizeof modern);
        for (int k = 0; k < 20; k++, seed = seed * 1664525u + 1013904223u)
            text[(seed >> 8) % (sizeof modern - 1)] = (char)(seed >> 24);
        CHECK(read_bytes(text, sizeof modern - 1, 0) == VF_OK, "round %d", i);
    }
    memset(text, 'x', sizeof text);
    static const char line[] = "load_tensors: CUDA0 model buffer size = 1.00 MiB\n";
    memcpy(text + 300000 - 1, "\n", 1);
    memcpy(text + 300000, line, sizeof line - 1);
    CHECK(read_bytes(text, sizeof text, 0) == VF_OK && all.n == 1 && all.log[0].device[0].term[VF_LOG_WEIGHTS].bytes == MIB,
          "a line of 300 kB, then a good one");
    char colour[] = "\x1b[32mload_tensors:\x1b[0m \0 CUDA0 model buffer size = \x1b[1m1.00 MiB\r\n";
    CHECK(read_bytes(colour, sizeof colour - 1, 0) == VF_OK && all.n == 1, "colours, NUL, carriage return");
}

static void test_numbers(void)
{
    static const char *const bad[] = {"99999999999999999999.00 MiB", "1000000000001.00 MiB", "-1.00 MiB", "1.0000 MiB", "1. MiB", ".5 MiB",
                                      "1.00 GiB", "nan MiB", "1e3 MiB", "0x10 MiB", ""};
    char text[200];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, "load_tensors: CUDA0 model buffer size = %s\n", bad[i]);
        CHECK(read_bytes(text, strlen(text), 0) == VF_OK && all.n == 0, "%s", bad[i]);
    }
    static char many[40 * 60 + 1], sum[32 * 1024];
    for (int i = 0; i < 40; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), "load_tensors: CUDA%d model buffer size = 1.00 MiB\n", i);
    CHECK(read_text(many)->n_devices == VF_MAX_DEVICES, "no more devices than there is room for");
    for (int i = 0; i < 300; i++)
        snprintf(sum + strlen(sum), sizeof sum - strlen(sum), "load_tensors: CUDA0 model buffer size = 1000000000000.00 MiB\n");
    const vf_log *l = read_text(sum);
    CHECK(l->device[0].term[VF_LOG_WEIGHTS].high == UINT64_MAX, "a sum beyond 64 bits stays at its end");
}

static int64_t too_much(void *ctx, void *out, size_t n)
{
    (void)ctx;
    memset(out, ' ', n);
    return (int64_t)n + 1;
}

static void test_failures(void)
{
    memory_file f = {.bytes = (const unsigned char *)modern, .n = strlen(modern), .size = strlen(modern), .chunk = 100, .fail_at = 1000};
    vf_source source = memory_source(&f, false, false);
    vf_error err = {0};
    loads none = {0};
    CHECK(vf_log_read(&source, &heap, take, &none, &err) == VF_ERR_IO, "a failing source");
    check_error(&err, VF_ERR_IO, "a failing source");
    f.fail_at = 0;
    for (uint64_t at = 1; at < 10; at++) {
        memory_allocator m = {.fail_at = at};
        vf_allocator a = {memory_resize, &m};
        source = memory_source(&f, false, false);
        vf_status st = vf_log_read(&source, &a, take, &none, &err);
        CHECK(m.in_use == 0 && m.wrong_sizes == 0 && m.peak < 400000, "memory: %d", (int)m.peak);
        CHECK(st == (m.calls >= at ? VF_ERR_NOMEM : VF_OK), "allocation %d", (int)at);
    }
    static const char line[] = "llama_context: n_ctx = 1\nload_tensors: CUDA0 model buffer size = 1.00 MiB\n: loaded meta data with \n";
    memory_file g = {.bytes = (const unsigned char *)line, .n = sizeof line - 1, .size = sizeof line - 1};
    source = memory_source(&g, false, false);
    loads stop = {.stop_at = 1};
    CHECK(vf_log_read(&source, &heap, take, &stop, &err) == VF_OK && stop.n == 1, "stopping");
    /* two loads more in what was read with the first, the last without a line's end */
    static const char three[] = ": loaded meta data with \nload_tensors: CUDA0 model buffer size = 1.00 MiB\n"
                                ": loaded meta data with \nload_tensors: CUDA0 model buffer size = 2.00 MiB\n"
                                ": loaded meta data with \nload_tensors: CUDA0 model buffer size = 3.00 MiB";
    for (uint64_t at = 1; at <= 4; at++) {
        memory_file h = {.bytes = (const unsigned char *)three, .n = sizeof three - 1, .size = sizeof three - 1};
        source = memory_source(&h, false, false);
        stop = (loads){.stop_at = at};
        CHECK(vf_log_read(&source, &heap, take, &stop, &err) == VF_OK && stop.n == (at < 3 ? at : 3), "stopped at %d: %d", (int)at, (int)stop.n);
    }
    source.read = too_much;
    CHECK(vf_log_read(&source, &heap, take, &none, &err) == VF_ERR_IO && strcmp(err.text, "cannot read the log") == 0, "%s", err.text);
    CHECK(vf_log_read(&source, &heap, take, &none, NULL) == VF_ERR_IO, "nobody to tell");
}

int main(void)
{
    test_modern();
    test_request();
    test_2024();
    test_table();
    test_several();
    test_trials();
    test_contexts();
    test_ollama();
    test_compare();
    test_backends();
    test_questions();
    test_devices_of_both();
    test_cut();
    test_garbage();
    test_numbers();
    test_failures();
    return CHECK_END();
}
