/* Lines of a log one by one: behind a line of weights each row is what one line more changes, or leaves as it was. */
#include <stddef.h>

#include "load/log/log.h"
#include "memory.h"

CHECK_ALLOCATOR(heap);

#define MIB (UINT64_C(1) << 20)
#define LOAD "load_tensors: CUDA0 model buffer size = 6.00 MiB\n"

static vf_log last;

static bool take(void *ctx, const vf_log *log)
{
    (void)ctx;
    last = *log;
    return true;
}

static void read_text(const char *text)
{
    memory_file f = {.bytes = (const unsigned char *)text, .n = strlen(text), .size = strlen(text)};
    vf_source source = memory_source(&f, false, false);
    vf_error err = {0};
    last = (vf_log){0};
    CHECK(vf_log_read(&source, &heap, take, NULL, &err) == VF_OK, "%s: %s", text, err.text);
}

#define N(field) offsetof(vf_log, field), sizeof(((vf_log *)0)->field)

typedef struct row {
    const char *lines;
    size_t at, size;
    uint64_t value;
} row;

static void check_rows(const row *rows, size_t n, const char *before)
{
    char text[4096];
    for (size_t i = 0; i < n; i++) {
        uint64_t eight = 0;
        uint32_t four = 0;
        (void)snprintf(text, sizeof text, "%s%s", before, rows[i].lines);
        read_text(text);
        const char *at = (const char *)&last + rows[i].at;
        if (rows[i].size == 8)
            memcpy(&eight, at, 8);
        else if (rows[i].size == 4)
            memcpy(&four, at, 4);
        CHECK_U64(rows[i].size == 8 ? eight : rows[i].size == 4 ? four : (uint64_t)(unsigned char)*at, rows[i].value, rows[i].lines);
    }
}

static void llama(void)
{
    static const row rows[] = {
        /* layers */
        {"load_tensors: offloaded 3/26 layers to GPU\n", N(n_offloaded), 3},
        {"load_tensors: offloaded x/26 layers to GPU\n", N(n_offloaded), 0},
        {"load_tensors: offloaded 3 of 26 layers to GPU\n", N(n_offloaded), 0},
        {"load_tensors: offloaded 3/x layers to GPU\n", N(n_offloaded), 0},
        {"load_tensors: offloaded 3/26 things\n", N(n_offloaded), 0},
        {"x: offloading 3 repeating layers to GPU\nx: offloaded 3/26 layers to GPU\n", N(output_on_host), 1},
        {"x: offloading 3 layers to GPU\nx: offloaded 3/26 layers to GPU\n", N(output_on_host), 0},
        {"x: offloading output layer to GPU\nx: offloaded 3/26 layers to GPU\n", N(output_on_host), 0},
        {"x: offloading 26 repeating layers to GPU\nx: offloaded 26/26 layers to GPU\n", N(output_on_host), 0},
        {"x: offloading 0 repeating layers to GPU\nx: offloaded 0/26 layers to GPU\n", N(output_on_host), 0},
        {"x: layer 3 assigned to device CUDA0, is_swa = 0\n", N(device[0].layers), 1},
        {"x: layer 3 assigned to device , is_swa = 0\n", N(device[0].layers), 0},
        /* a size is of what its line begins with, and names */
        {"CUDA0 KV buffer size = 5.00 MiB\n", N(device[0].term[VF_LOG_KV_CACHE].bytes), 0},
        {"x: CUDA0 KV buffer size = 5.00 MiB\n", N(device[0].term[VF_LOG_KV_CACHE].bytes), 5 * MIB},
        {"load_tensors: buffer size = 5.00 MiB\n", N(device[0].term[VF_LOG_WEIGHTS].bytes), 6 * MIB},
        /* experts in system memory */
        {"tensor blk.4.ffn_up_exps.weight (1 MiB q4_K) buffer type overridden to CPU\n", N(cpu_moe), 5},
        {"tensor blk.4.ffn_up_exps.weight (1 MiB q4_K) buffer type overridden to CPU\n", N(overridden), 0},
        {"tensor blk.4.ffn_up_exps.weight (x) buffer type overridden to CPU\ntensor blk.2.ffn_up_exps.weight (x) buffer type overridden to CPU\n",
         N(cpu_moe), 5},
        {"tensor blk.4.ffn_up_exps.weight (1 MiB q4_K) buffer type overridden to CUDA1\n", N(overridden), 1},
        {"tensor blk.x.ffn_up_exps.weight (1 MiB q4_K) buffer type overridden to CPU\n", N(overridden), 1},
        {"tensor blk.4294967295.ffn_up_exps.weight (1 MiB q4_K) buffer type overridden to CPU\n", N(overridden), 1},
        {"tensor blk.4.attn_q.weight (1 MiB q4_K) buffer type overridden to CPU\n", N(overridden), 1},
        {"tensor blk.4.ffn_up.weight (1 MiB q4_K) buffer type overridden to CPU\n", N(overridden), 1},
        {"tensor output.weight (1 MiB q4_K) buffer type overridden to CPU\n", N(overridden), 1},
        /* cards */
        {"x: using device CUDA0 (A (B) card) (0000:01:00.0) - 100 MiB free\n", N(device[0].free), 100 * MIB},
        {"x: using device CUDA0 (A card) - 100 MiB free\n", N(device[0].free), 100 * MIB},
        {"x: using device CUDA0 (A card) - 1099511627776 MiB free\n", N(device[0].free), 0},
        {"x: using device CUDA0 (A card) - many MiB free\n", N(device[0].free), 0},
        {"x: using device CUDA0 (A card) - 100 GiB free\n", N(device[0].free), 0},
        {"x: using device CUDA0 A card) - 100 MiB free\n", N(device[0].free), 0},
        {"x: using device CUDA0, A card) - 100 MiB free\n", N(device[0].free), 0},
        {"x: using device CUDA0 (A card) 100 MiB free\n", N(device[0].free), 0},
        {"x: using device CUDA0 (A card) - 1099511627775 MiB free\n", N(device[0].free), ((UINT64_C(1) << 40) - 1) * MIB},
        {"x: using device CUDA0 (A card) - 100 MiB free (b) (c)\n", N(device[0].free), 100 * MIB},
        {"x: using device CPU (A processor) - 100 MiB free\n", N(device[0].free), 0},
        /* cache types */
        {"x: size = 1 MiB, K (q8_0): 1.00 MiB, V (q4_0): 1.00 MiB\n", N(type_k), VF_TYPE_Q8_0},
        {"x: size = 1 MiB, K (q8_0): 1.00 MiB, V (q4_0): 1.00 MiB\nx: size = 1 MiB, K (f16): 1.00 MiB, V (f16): 1.00 MiB\n", N(type_k), VF_TYPE_Q8_0},
        {"x: size = 1 MiB, K (q8_0): 1.00 MiB\n", N(has_types), 0},
        {"x: size = 1 MiB, K (zzz): 1.00 MiB, V (q4_0): 1.00 MiB\n", N(has_types), 0},
        {"x: size = 1 MiB, K (q8_0): 1.00 MiB, V (zzz): 1.00 MiB\n", N(has_types), 0},
        {"x: size = 1 MiB, K (a name that is too long): 1.00 MiB, V (q4_0): 1.00 MiB\n", N(has_types), 0},
        {"x: type_k = 'q8_0', type_v = 'q4_0', n_layer = 24\n", N(type_v), VF_TYPE_Q4_0},
        {"x: type_k = 'q8_0', type_v = 'q4_0'\nx: type_k = 'f16', type_v = 'f16'\n", N(type_v), VF_TYPE_Q4_0},
        {"x: type_k = 'zzz', type_v = 'q4_0', n_layer = 24\n", N(has_types), 0},
        {"x: type_k = 'q8_0', type_v = 'zzz', n_layer = 24\n", N(has_types), 0},
        {"x: type_k = 'q8_0'\n", N(has_types), 0},
        /* sequences */
        {"x: (  256 cells,  16 layers,  4/1 seqs), K (f16): 1.00 MiB\n", N(n_seq_max), 4},
        {"x: (  256 cells,  16 layers,  4/1 seqs), K (f16): 1.00 MiB\n", N(kv_unified), 1},
        {"x: (  256 cells,  16 layers,  4/4 seqs), K (f16): 1.00 MiB\n", N(kv_unified), 0},
        {"x: (  256 cells,  16 layers,  4 seqs), K (f16): 1.00 MiB\n", N(kv_unified), 1},
        {"x: (  256 cells,  16 layers,  4 seqs), R (f32): 1.00 MiB\n", N(kv_unified), 0},
        {"x: (  256 cells,  16 layers,  1/1 seqs), K (f16): 1.00 MiB\n", N(kv_unified), 0},
        {"x: (  256 cells,  16 layers,  4/x seqs), K (f16): 1.00 MiB\n", N(n_seq_max), 0},
        {"x: (  256 cells,  16 layers,  4/0 seqs), K (f16): 1.00 MiB\n", N(n_seq_max), 4},
        {"x: (  256 cells,  16 layers,  0/1 seqs), K (f16): 1.00 MiB\n", N(n_seq_max), 0},
        {"x: (  256 cells,  16 layers,  65537/1 seqs), K (f16): 1.00 MiB\n", N(n_seq_max), 0},
        {"x: (  256 cells,  16 layers,  many seqs), K (f16): 1.00 MiB\n", N(n_seq_max), 0},
        {"x: (  256 cells,  16 layers,  4/1 streams), K (f16): 1.00 MiB\n", N(n_seq_max), 0},
        {"x: (  256 cells,  many layers,  4/1 seqs), K (f16): 1.00 MiB\n", N(n_seq_max), 4},
        {"llama_context: n_seq_max = 2\nx: (  256 cells,  16 layers,  4/1 seqs), K (f16): 1.00 MiB\n", N(n_seq_max), 2},
        {"x: initializing, n_slots = 4, n_ctx_slot = 8192, kv_unified = 'true'\n", N(n_ctx), 8192},
        {"x: initializing, n_slots = 4, n_ctx_slot = 8192, kv_unified = 'false'\n", N(n_ctx), 32768},
        {"llama_context: n_ctx = 100\nx: n_slots = 4, n_ctx_slot = 8192, kv_unified = 'false'\n", N(n_ctx), 100},
        {"x: initializing, n_slots = 4\n", N(n_seq_max), 0},
        {"x: initializing, n_slots = many, n_ctx_slot = 8192\n", N(n_seq_max), 0},
        {"x: initializing, n_slots = 0, n_ctx_slot = 8192\n", N(n_seq_max), 0},
        {"x: initializing, n_slots = 65537, n_ctx_slot = 8192\n", N(n_seq_max), 0},
        {"x: initializing, n_slots = 4, n_ctx_slot = many\n", N(n_seq_max), 0},
        {"x: initializing, n_slots = 4, n_ctx_slot = 2147483649\n", N(n_seq_max), 0},
        {"16 layers,  4/1 seqs), K (f16): 1.00 MiB\n", N(n_seq_max), 4},
        {" layers, 4/1 seqs), K (f16): 1.00 MiB\n", N(n_seq_max), 4},
        {"x: (  256 cells,  4294967295 layers,  4/1 seqs), K (f16): 1.00 MiB\n", N(n_seq_max), 4},
        {"x: (  256 cells,  16 layers,  65536/1 seqs), K (f16): 1.00 MiB\n", N(n_seq_max), 65536},
        {"x: initializing, n_slots = 65536, n_ctx_slot = 2147483648\n", N(n_ctx), UINT64_C(1) << 47},
        {"x: initializing, n_slots = 1, n_ctx_slot = 1, kv_unified = 'true'\n", N(n_seq_max), 1},
        {"x: using full-size SWA cache\nx: using full-size SWA cache\n", N(swa_full), 1},
        {"x: KV self size = 1 MiB\nx: KV self size = 1 MiB\n", N(kv_unified), 1},
        /* settings */
        {"llama_context: n_batch = 4294967294\n", N(n_batch), 4294967294u},
        {"llama_context: n_ctx = 999999999999999\n", N(n_ctx), UINT64_C(999999999999999)},
        {"llama_context: n_ctx = 1000000000000000\n", N(n_ctx), 0}, /* more digits than a number has */
        {"llama_context: n_batch = 4294967295\n", N(n_batch), 0},
        {"llama_context: n_batch = many\n", N(n_batch), 0},
        {"llama_context: n_ctx = many\n", N(n_ctx), 0},
        {"llama_context: flash_attn = enabled\n", N(flash_attn), VF_ON},
        {"llama_context: flash_attn = 1\n", N(flash_attn), VF_ON},
        {"llama_context: flash_attn = disabled\n", N(flash_attn), VF_OFF},
        {"llama_context: flash_attn = 0\n", N(flash_attn), VF_OFF},
        {"llama_context: flash_attn = auto\n", N(flash_attn), VF_AUTO},
        {"llama_context: kv_unified\t= true\n", N(kv_unified), 1},
        /* buffers */
        {"x:  buffer size = 1.00 MiB\n", N(n_devices), 1},
        {"x: CUDA1buffer size = 1.00 MiB\n", N(n_devices), 1},
        {"buffer size = 1.00 MiB\n", N(n_devices), 1},
        {"load_tensors: CUDA1 buffer size = 1.00 MiB\n", N(device[1].term[VF_LOG_WEIGHTS].bytes), MIB},
        {"x: CUDA1 buffer size = 1.00 MiB\n", N(n_devices), 1},
        {"x: CUDA1 KV buffer size = 1.00 MiB\n", N(device[1].term[VF_LOG_KV_CACHE].bytes), MIB},
        {"x: CUDA1 RS buffer size = 1.00 MiB\n", N(device[1].term[VF_LOG_KV_CACHE].bytes), MIB},
        {"x: CUDA1 state buffer size = 1.00 MiB\n", N(device[1].term[VF_LOG_KV_CACHE].bytes), MIB},
        {"x: CUDA1 compute buffer size = 1.00 MiB\n", N(device[1].term[VF_LOG_COMPUTE].bytes), MIB},
        {"x: CUDA_Host output buffer size = 1.00 MiB\n", N(host.term[VF_LOG_OUTPUT].bytes), MIB},
        {"x: CUDA0 output buffer size = 1.00 MiB\n", N(host.term[VF_LOG_OUTPUT].bytes), MIB},
        {"x: CUDA0 thing buffer size = 1.00 MiB\n", N(n_devices), 1},
        {"x: CPU_Mapped model buffer size = 1.00 MiB\n", N(mapped), 1},
        {"x: CPU_Mapped KV buffer size = 1.00 MiB\n", N(mapped), 0},
        {"x: CUDA0_Mapped model buffer size = 1.00 MiB\n", N(mapped), 0},
        {"x: CPU model buffer size = 1.00 MiB\n", N(mapped), 0},
        /* devices: buffer types with an ending are the device's; those of the host are the host's */
        {"x: CUDA0_Split model buffer size = 1.00 MiB\n", N(device[0].term[VF_LOG_WEIGHTS].bytes), 7 * MIB},
        {"x: MTL0_Mapped model buffer size = 1.00 MiB\n", N(device[1].term[VF_LOG_WEIGHTS].bytes), MIB},
        {"x: MTL0_Private model buffer size = 1.00 MiB\nx: MTL0_Shared model buffer size = 2.00 MiB\n", N(device[1].term[VF_LOG_WEIGHTS].bytes), 3 * MIB},
        {"x: _Mapped model buffer size = 1.00 MiB\n", N(n_devices), 1},
        {"x: AMX model buffer size = 1.00 MiB\nx: BLAS model buffer size = 2.00 MiB\n", N(host.term[VF_LOG_WEIGHTS].bytes), 3 * MIB},
        {"x: Host model buffer size = 1.00 MiB\nx: CUDA_Host model buffer size = 2.00 MiB\n", N(host.term[VF_LOG_WEIGHTS].bytes), 3 * MIB},
        {"x: CPU_REPACK model buffer size = 1.00 MiB\n", N(host.term[VF_LOG_WEIGHTS].bytes), MIB},
        {"x: AMXX model buffer size = 1.00 MiB\n", N(n_devices), 2},
        {"x: CP model buffer size = 1.00 MiB\n", N(n_devices), 2},
        {"x: a-name-of-thirty-one-characters model buffer size = 1.00 MiB\n", N(n_devices), 2},
        {"x: a-name-of-thirty-two-characters- model buffer size = 1.00 MiB\n", N(n_devices), 1},
        {"x: CUD\xC3\x85 model buffer size = 1.00 MiB\n", N(n_devices), 1},
        {"x: ~!@ model buffer size = 1.00 MiB\n", N(n_devices), 2},
        /* what was read of a load is told when another one begins */
        {"x: CUDA0 compute buffer size = 1.00 MiB\n" LOAD, N(device[0].term[VF_LOG_WEIGHTS].bytes), 6 * MIB},
        {"x: CUDA0 compute buffer size = 1.00 MiB\n" LOAD, N(device[0].term[VF_LOG_COMPUTE].n), 0},
        {"x: CUDA0 KV buffer size = 1.00 MiB\n" LOAD, N(device[0].term[VF_LOG_KV_CACHE].n), 0},
        {LOAD, N(device[0].term[VF_LOG_WEIGHTS].bytes), 12 * MIB}, /* of one load */
        {"x: CUDA0 KV buffer size = 1.00 MiB\nconstructing llama_context\nx: CUDA0 compute buffer size = 1.00 MiB\n",
         N(device[0].term[VF_LOG_KV_CACHE].n), 0},
        {"x: CUDA0 compute buffer size = 1.00 MiB\nconstructing llama_context\nx: CUDA0 KV buffer size = 1.00 MiB\n",
         N(device[0].term[VF_LOG_COMPUTE].n), 0},
        {"x: CUDA_Host output buffer size = 1.00 MiB\nconstructing llama_context\nx: CUDA0 KV buffer size = 1.00 MiB\n",
         N(host.term[VF_LOG_OUTPUT].n), 0},
        {"x: CUDA0 KV buffer size = 1.00 MiB\nconstructing llama_context\nx: CUDA0 KV buffer size = 1.00 MiB\n",
         N(device[0].term[VF_LOG_WEIGHTS].bytes), 6 * MIB}, /* the weights stay */
#define FIRST \
    "llama_context: n_ctx = 7\nllama_context: n_seq_max = 2\nllama_context: n_batch = 3\nllama_context: n_ubatch = 4\nllama_context: n_outputs_max = 5\n" \
    "llama_context: flash_attn = 1\nx: using full-size SWA cache\nx: KV self size = 1 MiB\nx: size = 1 MiB, K (q8_0): 1.00 MiB, V (q4_0): 1.00 MiB\n" \
    "x: CUDA0 KV buffer size = 1.00 MiB\n"
#define SECOND FIRST "constructing llama_context\nx: CUDA0 KV buffer size = 2.00 MiB\n"
        {FIRST, N(n_ctx), 7},
        {FIRST, N(kv_unified), 1},
        {FIRST, N(has_types), 1},
        {SECOND, N(device[0].term[VF_LOG_KV_CACHE].bytes), 2 * MIB},
        {SECOND, N(n_ctx), 0}, /* another context says its own */
        {SECOND, N(n_seq_max), 0},
        {SECOND, N(n_batch), 0},
        {SECOND, N(n_ubatch), 0},
        {SECOND, N(n_outputs_max), 0},
        {SECOND, N(flash_attn), VF_AUTO},
        {SECOND, N(swa_full), 0},
        {SECOND, N(kv_unified), 0},
        {SECOND, N(has_types), 0},
        {"llama_context: n_ctx = 7\nconstructing llama_context\n", N(n_ctx), 7}, /* nothing lies between */
        {"x: CUDA0 KV buffer size = 1.00 MiB\nllama_context: n_ctx = 7\n", N(n_ctx), 7},
        {"x: CUDA0 compute buffer size = 1.00 MiB\nsched_reserve: reserving full memory\n", N(device[0].term[VF_LOG_COMPUTE].n), 0},
        {"\x1b[1mx: CUDA0 KV buffer size = 1.00 MiB\x1b[0m\n\x1b[31", N(device[0].term[VF_LOG_KV_CACHE].bytes), MIB},
        {"x: CUDA0 KV buffer size = 1.00 MiB \x1b", N(device[0].term[VF_LOG_KV_CACHE].bytes), MIB},
        {"x: CUDA0 \x1b[38;5;7~KV buffer size = 1.00 MiB\n", N(device[0].term[VF_LOG_KV_CACHE].bytes), MIB},
        {"x: CUDA0 \x1b[@KV buffer size = 1.00 MiB\n", N(device[0].term[VF_LOG_KV_CACHE].bytes), MIB},
        /* the table at exit */
        {"x: | memory breakdown [MiB] | x |\nx: |   - CUDA0 | 9 = 1 + (2 = 3 + 4 + 5) + 6 |\n", N(device[0].term[VF_LOG_KV_CACHE].bytes), 4 * MIB},
        {"x: | memory breakdown [MiB] | x |\nx: |   - CUDA0 | 9 = 1 + (2 = 3 + 4 + 5) + 6 |\n", N(device[0].term[VF_LOG_WEIGHTS].bytes), 6 * MIB},
        {"x: | memory breakdown [MiB] | x |\nx: |   - CUDA0 | 9 = 1 + (2 = 3 + 4 + 5) + 6 |\n"
         "x: | memory breakdown [MiB] | x |\nx: |   - CUDA0 | 9 = 1 + (2 = 3 + 7 + 5) + 6 |\n", N(device[0].term[VF_LOG_KV_CACHE].bytes), 7 * MIB},
        /* of a context, or a load, that came after others it does not replace what was printed: its whole MiB are less exact */
#define TABLE "x: | memory breakdown [MiB] | x |\nx: |   - CUDA0 | 9 = 1 + (2 = 3 + 4 + 5) + 6 |\n"
#define THEN "x: CUDA0 KV buffer size = 2.00 MiB\n" TABLE
        {"x: CUDA0 KV buffer size = 1.00 MiB\nconstructing llama_context\n" THEN, N(device[0].term[VF_LOG_KV_CACHE].bytes), 2 * MIB},
        {"x: CUDA0 KV buffer size = 1.00 MiB\nconstructing llama_context\n" THEN, N(device[0].term[VF_LOG_COMPUTE].bytes), 5 * MIB},
        {"x: CUDA0 compute buffer size = 1.00 MiB\n" LOAD THEN, N(device[0].term[VF_LOG_KV_CACHE].bytes), 2 * MIB},
        {"x: CUDA0 compute buffer size = 1.00 MiB\n" LOAD THEN, N(device[0].term[VF_LOG_WEIGHTS].bytes), 6 * MIB},
        {"x: CUDA0 compute buffer size = 1.00 MiB\n" LOAD THEN, N(device[0].term[VF_LOG_COMPUTE].bytes), 5 * MIB},
        {"x: | memory breakdown [MiB] | x |\nx: |   - CUDA0 | 9 = 1 + (2 = 3 + 4\n", N(device[0].term[VF_LOG_KV_CACHE].bytes), 0},
        {"x: | memory breakdown [MiB] | x |\nx: |   - CUDA0 | 1099511627776 = 1 + (2 = 3 + 4 + 5) + 6 |\n", N(device[0].total), 0},
        {"x: | memory breakdown [MiB] | x |\nx: |   - CUDA0 | 9 = 99999999999999999999999 + (2 = 3 + 4 + 5) |\n", N(device[0].total), 0},
        {"x: | memory breakdown [MiB] | x |\nx: |   - CUDA0 | 9 1 2 3 4 5 6 |\n", N(device[0].total), 0},
    };
    check_rows(rows, sizeof rows / sizeof rows[0], LOAD);
    static const struct {
        const char *words, *quant;
    } quants[] = {{"Q4_0", "Q4_0"}, {"F16, guessed", "F16"}, {"all F32", "F32"}, {"IQ3_S mix - 3.66 bpw", "IQ3_M"}, {"MXFP4 MoE", "MXFP4_MOE"},
                  {"Q2_K - Medium", "Q2_K"}, {"Q2_K - Small", "Q2_K_S"}, {"Q3_K - Large", "Q3_K_L"}, {"Q5_K - Small", "Q5_K_S"},
                  {"Q6_K", "Q6_K"}, {"IQ2_XXS - 2.06 bpw", "IQ2_XXS"}, {"(guessed) Q8_0", "Q8_0"}, {"(guessed) ", "(guessed)"}};
    for (size_t i = 0; i < sizeof quants / sizeof quants[0]; i++) {
        char text[200];
        (void)snprintf(text, sizeof text, "print_info: file type = %s\n" LOAD, quants[i].words);
        read_text(text);
        CHECK_STR(last.quant, quants[i].quant, quants[i].words);
    }
    char name[300], text[400];
    for (size_t n = 126; n <= 129; n++) { /* a name's field has 127 */
        memset(name, 'n', n);
        name[n] = 0;
        (void)snprintf(text, sizeof text, "print_info: general.name = %s\n" LOAD, name);
        read_text(text);
        CHECK_U64(strlen(last.name), n < 127 ? n : 127, "a long name");
    }
    read_text("x: using device CUDA0 (A card) - 100 MiB free (b) (c)\n" LOAD);
    CHECK_STR(last.device[0].gpu, "A card", "what is behind the memory is no name");
    read_text("x: using device CUDA0 (A (B) card) (0000:01:00.0) - 100 MiB free\n" LOAD);
    CHECK_STR(last.device[0].gpu, "A (B) card", "a name with brackets");
    read_text("srv load_model: loading model 'it's mine' (again)\n" LOAD);
    CHECK_STR(last.path, "it's mine", "up to the last quote");
    read_text("srv load_model: loading model 'mine\n" LOAD);
    CHECK_STR(last.path, "mine", "without its last quote");
    read_text("llama_model_loader: - kv 2: print_info: file type = (guessed) Q4_K - Medium\n" LOAD);
    CHECK_STR(last.quant, "Q4_K_M", "a guessed file type");
}

/* Behind the line that a draft's context is made nothing changes what was read of the model. */
static void aside(void)
{
    static const char *const lines[] = {
        "x: size = 1 MiB, K (q8_0): 1.00 MiB, V (q4_0): 1.00 MiB\n", "x: type_k = 'q8_0', type_v = 'q4_0'\n", "x: KV self size = 1 MiB\n",
        "x: using full-size SWA cache\n", "x: (  256 cells,  16 layers,  4/1 seqs), K (f16): 1.00 MiB\n", "llama_context: n_ctx = 7\n",
        "x: CUDA0 KV buffer size = 1.00 MiB\n", "x: CUDA0 compute buffer size = 1.00 MiB\nsched_reserve: reserving full memory\n",
        "x: | memory breakdown [MiB] | x |\nx: |   - CUDA0 | 9 = 1 + (2 = 3 + 4 + 5) + 6 |\n", LOAD, "constructing llama_context\n",
    };
    char text[1000];
    read_text(LOAD "x: CUDA0 KV buffer size = 2.00 MiB\n");
    vf_log want = last;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        (void)snprintf(text, sizeof text, LOAD "x: CUDA0 KV buffer size = 2.00 MiB\nsrv creating MTP draft context\n%s", lines[i]);
        read_text(text);
        CHECK(memcmp(&last, &want, sizeof want) == 0, "changed by %s", lines[i]);
    }
}

/* The compute capability of a card is told before any load, by its number. */
static void capabilities(void)
{
    static const row rows[] = {
        {"  Device 0: A card, compute capability 8.6, VMM: yes\n", N(device[0].compute_capability), 86},
        {"  Device 0: A card, compute capability 100.0, VMM: yes\n", N(device[0].compute_capability), 0},
        {"  Device 0: A card, compute capability 8.10, VMM: yes\n", N(device[0].compute_capability), 0},
        {"  Device 0: A card, compute capability x.6, VMM: yes\n", N(device[0].compute_capability), 0},
        {"  Device 0: A card, compute capability 8-6, VMM: yes\n", N(device[0].compute_capability), 0},
        {"  Device 0: A card, compute capability 8.x, VMM: yes\n", N(device[0].compute_capability), 0},
        {"  Device x: A card, compute capability 8.6, VMM: yes\n", N(device[0].compute_capability), 0},
        {"  Device 16: A card, compute capability 8.6, VMM: yes\n", N(device[0].compute_capability), 0},
        {"  Device 0 = A card, compute capability 8.6, VMM: yes\n", N(device[0].compute_capability), 0},
        {"  Device 0: , compute capability 8.6, VMM: yes\n", N(device[0].compute_capability), 86},
        {"  Card 0: A card, compute capability 8.6, VMM: yes\n", N(device[0].compute_capability), 0},
        {"  A card, compute capability 8.6, Device 0: yes\n", N(device[0].compute_capability), 0},
    };
    char text[512];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)snprintf(text, sizeof text, "%s" LOAD, rows[i].lines);
        read_text(text);
        CHECK_U64(last.device[0].compute_capability, rows[i].value, rows[i].lines);
    }
}

#define T "time=1 level=INFO "

static void ollama(void)
{
    static const row rows[] = {
        {T "msg=\"offload to rocm\" layers.model=33 layers.offload=33 memory.required.kv=\"2.0 GiB\"\n", N(device[0].term[VF_LOG_KV_CACHE].bytes), 2048 * MIB},
        {T "msg=\"offload to cuda\" layers.model=33 layers.offload=32 memory.required.kv=\"2.0 GiB\"\n", N(n_devices), 0},
        {T "msg=\"offload to cuda\" layers.model=33 layers.offload=33 layers.split=\"17,16\" memory.required.kv=\"2.0 GiB\"\n", N(n_devices), 0},
        {T "msg=\"offload to cuda\" memory.required.kv=\"2.0 GiB\"\n", N(device[0].term[VF_LOG_KV_CACHE].bytes), 2048 * MIB},
        {T "msg=\"kv cache\" device=\"CUDA 0\" size=\"4 MiB\"\n" LOAD, N(n_devices), 1},
        {T "msg=x architecture=llama x: offloaded 3/26 layers to GPU\n" LOAD, N(n_offloaded), 3}, /* without a file type it is any line */
        {T "msg=\"offload to cuda\" layers.model=many layers.offload=33 memory.required.kv=\"2.0 GiB\"\n", N(n_offloadable), 0},
        {T "msg=\"offload to cuda\" layers.model=4294967295 layers.offload=33 memory.graph.full=\"1 MiB\"\n", N(n_offloadable), 0},
        {T "msg=\"offload to cuda\" xlayers.model=7 layers.model:8 layers.model=33 layers.offload=33 memory.graph.full=\"1 MiB\"\n", N(n_offloadable), 33},
        {T "msg=\"offload to cuda\" layers.model=1 layers.offload=1 memory.required.kv=lots\n", N(device[0].term[VF_LOG_KV_CACHE].n), 0},
        {T "msg=\"offload to cuda\" layers.model=1 layers.offload=1 memory.required.kv=\"2.0 PiB\"\n", N(device[0].term[VF_LOG_KV_CACHE].n), 0},
        {T "msg=offload library=cuda layers.model=1 layers.offload=1 memory.required.kv=\"512 B\"\n", N(device[0].term[VF_LOG_KV_CACHE].bytes), 512},
        {T "msg=\"say \\\"layers.model=5\\\" \" x=1\n" T "msg=\"offload to cuda\" layers.model=33 layers.offload=33 memory.graph.full=\"1 MiB\"\n", N(n_offloadable), 33},
        {T "msg=\"starting runner\" cmd=\"x --model /a --ctx-size many --batch-size 512\"\n" LOAD, N(n_ctx), 0},
        {T "msg=\"starting runner\" cmd=\"x --model /a --ctx-size 4294967295 --batch-size 512\"\n" LOAD, N(n_ctx), 0},
        {T "msg=\"starting runner\" cmd=\"x --model /a --batch-size 512\" then=\"--ctx-size 77\"\n" LOAD, N(n_ctx), 0},
        {T "msg=\"starting runner\" cmd=\"x --model /a --batch-size 512\"\n" LOAD, N(n_ubatch), 512},
        {T "msg=\"starting runner\" cmd=\"x --kv-cache-type zzz\"\n" LOAD, N(has_types), 0},
        {T "msg=\"starting runner\" cmd=\"x --kv-cache-type  --parallel 1\"\n" LOAD, N(has_types), 0},
        {T "msg=\"starting runner\" cmd=\"x --kv-cache-type a-name-that-is-too-long\"\n" LOAD, N(has_types), 0},
        {T "msg=\"starting runner\" cmd=\"x\" then=\"--kv-cache-type q8_0\"\n" LOAD, N(has_types), 0},
        {T "msg=\"starting runner\" cmd=\"x --kv-cache-type q8_0\"\n" LOAD, N(type_v), VF_TYPE_Q8_0},
        {T "msg=load request=\"{KvSize:4096 FlashAttention:Enabled}\"\n" LOAD, N(flash_attn), VF_ON},
        {T "msg=load request=\"{KvSize:4096 FlashAttention:Auto}\"\n" LOAD, N(flash_attn), VF_AUTO},
        {T "msg=load request=\"{KvSize:4096 FlashAttention:false}\"\n" LOAD, N(flash_attn), VF_OFF},
        {T "msg=\"model weights\" size=\"4 MiB\"\n" T "msg=\"model weights\" device= size=\"4 MiB\"\n", N(n_devices), 0},
        {T "msg=\"kv cache\" device=CUDA0 size=\"4 MiB\"\n" T "msg=\"model weights\" device=CUDA0 size=\"5 MiB\"\n", N(device[0].term[VF_LOG_KV_CACHE].n), 0},
        {T "msg=\"compute graph\" device=CUDA0 size=\"4 MiB\"\n" T "msg=\"model weights\" device=CUDA0 size=\"5 MiB\"\n",
         N(device[0].term[VF_LOG_WEIGHTS].bytes), 5 * MIB},
        {"msg=\"kv cache\" device=CUDA0 size=\"4 MiB\"\n" LOAD, N(device[0].term[VF_LOG_KV_CACHE].n), 0},
        {T "msg=\"kv cache\n" LOAD, N(device[0].term[VF_LOG_KV_CACHE].n), 0},
        {T "msg=\"\\\n" LOAD, N(device[0].term[VF_LOG_WEIGHTS].bytes), 6 * MIB},
    };
    check_rows(rows, sizeof rows / sizeof rows[0], "");
    read_text(T "msg=\"starting runner\" cmd=\"x\" then=\"--model /b\"\n" LOAD);
    CHECK_STR(last.path, "", "of another field");
    read_text(T "msg=\"offload to metal\" layers.model=1 layers.offload=1 memory.required.kv=\"1.0 GiB\"\n");
    CHECK_STR(last.device[0].name, "Metal", "device");
    read_text(T "msg=\"offload to rocm\" layers.model=1 layers.offload=1 memory.required.kv=\"1.0 GiB\"\n");
    CHECK_STR(last.device[0].name, "ROCm0", "device");
    read_text(T "architecture=llama file_type=Q4_0 name=\"A name\"\n" LOAD);
    CHECK_STR(last.quant, "", "without a message it is none of Ollama's lines");
    read_text(T "msg=x architecture=llama file_type=Q4_0 name=\"A name\"\n" LOAD);
    CHECK_STR(last.name, "A name", "name");
    CHECK_STR(last.quant, "Q4_0", "file type");
}

int main(void)
{
    llama();
    aside();
    capabilities();
    ollama();
    return CHECK_END();
}
