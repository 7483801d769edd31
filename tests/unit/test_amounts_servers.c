/* What servers that fill the card, llama.cpp's process and Ollama's defaults come to, worked out by hand (figure.h). */
#include "figure.h"

#define VLLM "vllm", "llama-3.1-8b", "bfloat16"
#define SGLANG "sglang", "llama-3.1-8b", "bfloat16"
#define TRT "tensorrt-llm", "llama-3.1-8b", "bfloat16"
#define VLLM_MOE "vllm", "Qwen3-30B-A3B-Instruct-2507", "bfloat16"
#define VLLM_WINDOWS "vllm", "gemma-3-27b-it", "bfloat16"
#define SHARE "gpu_memory_utilization=1000000 "
#define L8_TABLES UINT64_C(33554432) /* cos and sin of 131072 positions, 128 wide */

/* The weights of one of n cards, of more than there are key-value heads, which are there twice then. */
#define L8_PART(n, kv) \
    (2 * (2 * L8_TABLE / (n) + 32 * (UINT64_C(4096) * (2 * 4096 / (n) + 2 * 1024 / (kv) + 3 * 14336 / (n)) + 2 * 4096) + 4096) + L8_TABLES)

static const row vllm[] = {
    /* cos and sin: eight times the positions beside windows that rotate unscaled by a base of their own; by linear scaling; four
     * times a text's where there are images */
    {VLLM, "", "position tables@0", L8_TABLES},
    {VLLM_WINDOWS, "", "position tables@0", 9 * L8_TABLES},
    {"vllm", "gemma-3-1b-it", "bfloat16", "", "position tables@0", 2 * 32768 * 256 * 2},
    {"vllm", "deepseek-coder-6.7b-instruct", "bfloat16", "", "position tables@0", 4 * 16384 * 128 * 2},
    {"vllm", "qwen2.5-vl-7b", "bfloat16", "", "position tables@0", 4 * 128000 * 128 * 2},
    {"vllm", "gpt-oss-20b", "mxfp4", "", "position tables@0", 131072 * 64 * 2}, /* windows that rotate as all do */
    /* SGLang keeps them in float, takes no scaling for Gemma 3, and no more positions for images */
    {SGLANG, "", "position tables@0", 2 * L8_TABLES},
    {"sglang", "gemma-3-27b-it", "bfloat16", "", "position tables@0", 4 * L8_TABLES},
    {"sglang", "deepseek-coder-6.7b-instruct", "bfloat16", "", "position tables@0", 4 * 16384 * 128 * 4},
    {"sglang", "qwen2.5-vl-7b", "bfloat16", "", "position tables@0", 128000 * 128 * 4},
    /* a share of the whole card, or what is free of it */
    {VLLM, "", "available.0", 77309411328},
    {VLLM, "desktop=21474836480", "available.0", 60 * GIB},
    {VLLM, "gpu_memory_utilization=500000", "available.0", 40 * GIB},
    {VLLM, "reserved=1073741824 gpu_memory_utilization=500000", "available.0", 79 * GIB / 2},
    /* sizes that are captured: 1, 2, 4, and every 8 up to twice the sequences and 512 */
    {VLLM, SHARE "max_num_seqs=1", "CUDA graphs@0", 170 * MIB},
    {VLLM, SHARE "max_num_seqs=2", "CUDA graphs@0", 180 * MIB},
    {VLLM, SHARE "max_num_seqs=3", "CUDA graphs@0", 180 * MIB},
    {VLLM, SHARE "max_num_seqs=4", "CUDA graphs@0", 190 * MIB},
    {VLLM, SHARE "max_num_seqs=255", "CUDA graphs@0", 810 * MIB},
    {VLLM, SHARE "max_num_seqs=256", "CUDA graphs@0", 820 * MIB},
    {VLLM, SHARE "max_num_seqs=1024", "CUDA graphs@0", 820 * MIB},
    {VLLM, "max_num_seqs=1024", "CUDA graphs@0", 0}, /* they find room beside the share */
    /* the context finds room beside the share, or in part, or not */
    {VLLM, "", "other libraries@0", 150323855},
    {VLLM, SHARE, "other libraries@0", 150323855 + 450 * MIB},
    {VLLM, "total=1048576000 gpu_memory_utilization=800000", "other libraries@0", 150323855 + 250 * MIB},
    {VLLM, "total=1048576000 gpu_memory_utilization=500000", "CUDA graphs@0", 770 * MIB}, /* 820, less 50 beside the context */
    {VLLM, "cards=2", "other libraries@1", 590558003},
    {VLLM, "cards=2 pipeline_parallel=2", "other libraries@1", 590558003},
    {VLLM, "", "+other libraries@0", 50 * MIB},
    /* 43 per mille of all but the cache, or 3, or nothing */
    {VLLM, "", "margin.0", 50 * MIB + DIVIDED((2 * L8_ALL + L8_TABLES + 5082631372 + 150323855) * 43, 1000)},
    {VLLM, "policy=1", "margin.0", 50 * MIB + DIVIDED((2 * L8_ALL + L8_TABLES + 5082631372 + 150323855) * 3, 1000)},
    {VLLM, "policy=2", "margin.0", 50 * MIB},
    {VLLM, "policy=2", "+error of measured loads@0", UINT64_MAX},
    {VLLM, "policy=1", "+error of measured loads@0", DIVIDED((2 * L8_ALL + L8_TABLES + 5082631372 + 150323855) * 3, 1000)},
    /* the sampler's rows or the worst layer; only the inner widths are divided */
    {VLLM, "", "activations@0", UINT64_C(1024) * 128256 * 387 / 10},
    {VLLM, "vocabulary=128257", "activations@0", UINT64_C(1024) * 128320 * 387 / 10},
    {VLLM, "max_num_seqs=1 max_num_batched_tokens=2048", "activations@0", 2048 * L8_FFN},
    {VLLM, "max_num_seqs=1 max_num_batched_tokens=2048 cards=2", "activations@0", 2048 * (L8_FFN - 3 * 14336)},
    {VLLM, "cards=2 pipeline_parallel=2", "activations@0", 8192 * L8_FFN}, /* the sampler is on the last */
    {VLLM, "cards=2 pipeline_parallel=2", "activations@1", UINT64_C(1024) * 128256 * 387 / 10},
    {VLLM_MOE, "max_num_seqs=1 max_num_batched_tokens=2048", "activations@0", UINT64_C(2048) * (8 * (4 * 2048 + 6 * 768) + 4 * 2048)},
    {VLLM_MOE, "max_num_seqs=1 max_num_batched_tokens=2048 cards=4", "activations@0", UINT64_C(2048) * (8 * (4 * 2048 + 6 * 768 / 4) + 4 * 2048)},
    {"vllm", "deepseek-v2-lite", "bfloat16", "max_num_seqs=1 max_num_batched_tokens=2048", "activations@0",
     UINT64_C(2048) * (6 * (4 * 2048 + 6 * 1408) + 4 * 2048)},
    /* the weights of a card */
    {VLLM, "", "weights.0", 2 * L8_ALL + L8_TABLES},
    {VLLM, "", "model", 2 * L8_ALL},
    {VLLM, "cards=8", "weights.7", L8_PART(8, 8)},
    {VLLM, "cards=16", "weights.15", L8_PART(16, 8)},
    {VLLM, "cards=8", "tensor parallel", 8},
    {VLLM, "cards=2 pipeline_parallel=2", "tensor parallel", 1},
    {VLLM, "cards=2 pipeline_parallel=2", "layers.1", 16},
    {"vllm", "gpt2", "bfloat16", "", "weights.0", 2 * (UINT64_C(124439808) + 47 * 768)}, /* 50257 rows, to a multiple of 64 */
    {"vllm", "gpt2", "bfloat16", "", "model", 2 * UINT64_C(124439808)},
    {VLLM, "tower=1000000 cards=2", "weights.1", L8_PART(2, 2) + 2000000}, /* a tower is not cut */
    {VLLM, "tower=1000000 cards=2 pipeline_parallel=2", "model", 2 * (L8_ALL + 1000000)},
    /* fused q, k, v of 32 and 2 heads of 128 on four cards: 8 and one of each */
    {"vllm", "glm-4-9b-chat-hf", "bfloat16", "cards=4", "weights.0",
     2 * (2 * UINT64_C(151552) * 4096 / 4 + 40 * (UINT64_C(4096) * (1280 + 4096 / 4 + 3 * 13696 / 4) + 1280 + 2 * 4096) + 4096) + 131072 * 64 * 2},
    {"vllm", "glm-4-9b-chat-hf", "bfloat16", "cards=2", "weights.0",
     2 * (2 * UINT64_C(151552) * 4096 / 2 + 40 * (UINT64_C(4096) * (2304 + 4096 / 2 + 3 * 13696 / 2) + 2304 + 2 * 4096) + 4096) + 131072 * 64 * 2},
    {"vllm", "llama-3.2-1b", "bfloat16", "cards=2 pipeline_parallel=2", "weights.1",
     2 * (UINT64_C(128256) * 2048 + 8 * (UINT64_C(2048) * (2 * 2048 + 2 * 512 + 3 * 8192) + 2 * 2048) + 2048) + 131072 * 64 * 2}, /* a tied table is on both ends */
    {"vllm", "llama-3.2-1b", "bfloat16", "cards=2 pipeline_parallel=2", "weights.0",
     2 * (UINT64_C(128256) * 2048 + 8 * (UINT64_C(2048) * (2 * 2048 + 2 * 512 + 3 * 8192) + 2 * 2048)) + 131072 * 64 * 2},
    /* a window keeps 1023 tokens, those of a step, and a block */
    {VLLM_WINDOWS, "cards=16 pipeline_parallel=16 context=16384 max_num_batched_tokens=2048", "cache.0", 3 * UINT64_C(8192) * (192 + 1) * 16},
};

/* Defaults by memory: what the server says that it takes. */
static const note_row server_defaults[] = {
    {VLLM, "total=75161927680", true, "vllm: takes up to 0.90 of the card, 1024 sequences and 8192 tokens at once"},
    {VLLM, "total=75161927679", true, "256 sequences and 2048 tokens at once"},
    {VLLM, "capability=80", true, "256 sequences and 2048 tokens at once"}, /* an A100 is none of the large */
    {VLLM, "capability=86", true, "1024 sequences and 8192 tokens at once"},
    {VLLM, "max_num_seqs=7 max_num_batched_tokens=77", true, "7 sequences and 77 tokens at once"},
    {VLLM, "gpu_memory_utilization=987654", true, "up to 0.98 of the card"},
    {VLLM, "parallel=2000 max_num_batched_tokens=4000", true, "2000 sequences and 4000 tokens at once"},
    {VLLM, "cards=4 pipeline_parallel=2", true, "tensor parallel 2, pipeline parallel 2"},
    {VLLM, "", false, "tensor parallel"},
    {VLLM, "desktop=10737418240", true, "vllm refuses to start where its share of a card is not free: --gpu-memory-utilization 0.86 or less"},
    {VLLM, "desktop=8118075393", true, "0.89 or less"}, /* 0.9 of 80 GiB, 450 MiB, and a byte */
    {VLLM, "desktop=8118075392", false, "refuses to start"},
    {VLLM, "desktop=8118075393 gpu_memory_utilization=890000", false, "refuses to start"},
    {VLLM, "", false, "refuses to start"},
    /* SGLang: 512 + 1.5 x tokens + 128 x cards + 2 x graphs MiB stay free, 10 GiB of more than 60 */
    {SGLANG, "total=21474836479", true, "sglang: takes up to 0.81 of the card, 8 sequences and 2048 tokens at once"},
    {SGLANG, "total=21474836480", true, "0.81 of the card, 24 sequences and 2048 tokens"},
    {SGLANG, "total=37580963839", true, "24 sequences and 2048 tokens"},
    {SGLANG, "total=37580963840", true, "0.80 of the card, 32 sequences and 4096 tokens"},
    {SGLANG, "total=64424509439", true, "32 sequences and 4096 tokens"},
    {SGLANG, "total=64424509440", true, "0.78 of the card, 256 sequences and 8192 tokens"},
    {SGLANG, "total=171798691839", true, "256 sequences and 8192 tokens"},
    {SGLANG, "total=171798691840", true, "0.83 of the card, 512 sequences and 16384 tokens"},
    {SGLANG, "cards=3 pipeline_parallel=3", true, "256 sequences and 8192 tokens"},
    {SGLANG, "cards=4", true, "512 sequences and 8192 tokens"},
    {SGLANG, "cards=4 pipeline_parallel=4", true, "256 sequences and 8192 tokens"},
    {SGLANG, "total=64424509440 max_num_seqs=1 max_num_batched_tokens=1024", true, "0.96 of the card"},
    {SGLANG, "total=64424509441 max_num_seqs=1 max_num_batched_tokens=1024", true, "0.83 of the card"},
    {SGLANG, "gpu_memory_utilization=700000", true, "0.70 of the card"},
    {SGLANG, "", true, "sglang: by its rules only"},
    {TRT, "", true, "tensorrt-llm: takes up to 0.90 of the card, 2048 sequences and 8192 tokens at once"},
    {TRT, "max_num_seqs=3 max_num_batched_tokens=33 gpu_memory_utilization=500000", true, "0.50 of the card, 3 sequences and 33 tokens"},
};

static const row planned[] = {
    /* 2 x tokens x width x 14.0 and 15 % of it, and 2 MiB a sequence, where the share leaves no room */
    {SGLANG, SHARE, "activations@0", UINT64_C(8192) * 4096 * 28 * 115 / 100 + 256 * 2 * MIB},
    {SGLANG, SHARE "cards=2", "activations@0", UINT64_C(8192) * 4096 * 17 * 115 / 100 + 256 * 2 * MIB},
    {SGLANG, SHARE "cards=4", "activations@0", UINT64_C(8192) * 4096 * 13 * 115 / 100 + 512 * 2 * MIB},
    {SGLANG, SHARE "cards=8", "activations@0", UINT64_C(8192) * 4096 * 13 * 115 / 100 + 512 * 2 * MIB},
    {SGLANG, SHARE "max_num_batched_tokens=64 max_num_seqs=1", "activations@0", 90 * MIB * 115 / 100 + 2 * MIB},
    {SGLANG, "", "activations@0", 0},
    {SGLANG, "gpu_memory_utilization=990000", "activations@0",
     UINT64_C(8192) * 4096 * 28 * 115 / 100 + 256 * 2 * MIB - (80 * GIB - (80 * GIB / 1000000 * 990000 + 80 * GIB % 1000000 * 990000 / 1000000))},
    {"sglang", "Qwen3-30B-A3B-Instruct-2507", "bfloat16", SHARE, "activations@0", UINT64_C(8192) * 4096 * 56 * 115 / 100 + 256 * 2 * MIB},
    {SGLANG, "", "other libraries@0", 551 * MIB},
    {SGLANG, "cards=2", "other libraries@0", (551 + 342) * MIB},
    {SGLANG, "cards=3 pipeline_parallel=3", "other libraries@0", (551 + 342) * MIB},
    {SGLANG, "cards=4", "other libraries@0", (551 + 392) * MIB},
    {SGLANG, "", "+other libraries@0", 150 * MIB},
    {SGLANG, "context=1001", "cache.0", 1001 * L8_KV}, /* pages of one token */
    {"sglang", "gemma-3-27b-it", "bfloat16", "context=1000", "cache.0", UINT64_C(8192) * 1000 * 10 + UINT64_C(8192) * 52 * 800},
    {"sglang", "gemma-3-27b-it", "bfloat16", "context=1000 cards=16 pipeline_parallel=16", "cache.0", UINT64_C(8192) * 1000 * 3}, /* windows only */
    {TRT, "", "activations@0", UINT64_C(8192) * 4096 * 22},
    {TRT, "cards=2", "activations@0", UINT64_C(8192) * 4096 * 13},
    {TRT, "cards=4", "activations@0", UINT64_C(8192) * 4096 * 10},
    {TRT, "cards=8", "activations@0", UINT64_C(8192) * 4096 * 10},
    {TRT, "max_num_batched_tokens=64", "activations@0", 70 * MIB},
    {"tensorrt-llm", "Qwen3-30B-A3B-Instruct-2507", "bfloat16", "", "activations@0", UINT64_C(8192) * 4096 * 44},
    {"tensorrt-llm", "Qwen3-30B-A3B-Instruct-2507", "bfloat16", "cards=4", "activations@0", UINT64_C(8192) * 4096 * 20},
    {TRT, "", "other libraries@0", 551 * MIB},
    {TRT, "cards=2", "other libraries@1", (551 + 342) * MIB},
    {TRT, "cards=3 pipeline_parallel=3", "other libraries@1", (551 + 342) * MIB},
    {TRT, "cards=4", "other libraries@1", (551 + 392) * MIB},
    {TRT, "context=1001", "cache.0", 1024 * L8_KV}, /* pages of 32 */
    {"tensorrt-llm", "gemma-3-27b-it", "bfloat16", "context=1000", "cache.0", UINT64_C(8192) * (10 * 1024 + 52 * (1024 + 32))},
    {"tensorrt-llm", "gemma-3-27b-it", "bfloat16", "context=4096", "cache.0", UINT64_C(8192) * (10 * 4096 + 52 * (1024 + 32))},
};

/* ---- llama.cpp: what no buffer holds */

#define CPP "llama.cpp", "llama-3.1-8b", "q8_0"
#define SM_MIB (MIB * 291 / 100)
#define NOT_THERE UINT64_MAX

static const row overhead[] = {
    {CPP, "multiprocessors=128", "CUDA context and kernels@0", 8 * MIB + 128 * SM_MIB},
    {CPP, "multiprocessors=1", "CUDA context and kernels@0", 8 * MIB + SM_MIB},
    {CPP, "multiprocessors=128", "+CUDA context and kernels@0", 72 * MIB},
    {CPP, "", "CUDA context and kernels@0", 260 * MIB},
    {CPP, "", "+CUDA context and kernels@0", 160 * MIB},
    {CPP, "capability=89", "cuBLAS workspace@0", 4 * MIB},
    {CPP, "capability=90", "cuBLAS workspace@0", 32 * MIB},
    {CPP, "", "margin.0", 160 * MIB},
    {CPP, "file_spread=7", "margin.0", 160 * MIB + ((L8_TABLE + 32 * (L8_LAYER - 2 * 4096)) * 34 / 32 + 65 * 4096 * 4 + 256) / 100 * 7},
    {CPP, "file_spread=7 from_file=1 kind=0", "margin.0", 160 * MIB}, /* what was read is known */
    /* 14336 wide, 128 columns more: 16128 bytes a row; steps of 2 MiB */
    {CPP, "ubatch=512", "memory pool@0", 10 * MIB},
    {CPP, "ubatch=522", "memory pool@0", 10 * MIB},
    {CPP, "ubatch=523", "memory pool@0", 12 * MIB},
    {CPP, "ubatch=523", "runtime.0", (260 + 32 + 12) * MIB},
    /* of 8 experts of 768 the embedding's 2048 is wider: 2304 bytes, 8 rows a token */
    {"llama.cpp", "Qwen3-30B-A3B-Instruct-2507", "q8_0", "ubatch=1024", "memory pool@0", 20 * MIB},
    {"llama.cpp", "mixtral-8x7b", "q8_0", "ubatch=1024", "memory pool@0", 34 * MIB}, /* 2 experts of 14336 */
    /* other backends */
    {CPP, "backend=1", "runtime.0", (410 + 10) * MIB},
    {CPP, "backend=1", "+HIP context and kernels@0", 160 * MIB},
    {CPP, "backend=2", "runtime.0", 228 * MIB},
    {CPP, "backend=2", "margin.0", 229 * MIB},
    {CPP, "backend=3", "runtime.0", 0},
    {CPP, "backend=3", "+Metal driver@0", 512 * MIB},
    {CPP, "backend=4", "runtime.0", 228 * MIB},
    {CPP, "backend=4", "+kernels and driver@0", 229 * MIB},
    {CPP, "backend=5", "runtime.0", 0},
    {CPP, "backend=5", "margin.0", 0},
    /* --split tensor: 4096 x 4 bytes x tokens, a step for each doubling of the cards */
    {CPP, "split=2 cards=1", "all-reduce@0", NOT_THERE},
    {CPP, "split=2 cards=2", "all-reduce@0", 512 * UINT64_C(16384) + 32 * MIB},
    {CPP, "split=2 cards=2", "+all-reduce@1", 310 * MIB},
    {CPP, "split=2 cards=2", "margin.1", 470 * MIB},
    {CPP, "split=2 cards=3", "all-reduce@0", 2 * 512 * UINT64_C(16384)},
    {CPP, "split=2 cards=3", "+all-reduce@0", 392 * MIB},
    {CPP, "split=2 cards=4", "all-reduce@0", 2 * 512 * UINT64_C(16384)},
    {CPP, "split=2 cards=8", "all-reduce@0", 3 * 512 * UINT64_C(16384)},
    {CPP, "split=2 cards=2 context=256", "all-reduce@0", 256 * UINT64_C(16384) + 32 * MIB},
    {CPP, "split=2 cards=2 context=256 backend=1", "all-reduce@0", 256 * UINT64_C(16384)},
    {CPP, "split=2 cards=2 backend=1", "+all-reduce@0", 0},
    {CPP, "cards=2", "all-reduce@0", NOT_THERE},
    {CPP, "parallel=2", "host output", 2 * UINT64_C(128256) * 4},
    {CPP, "parallel=2 embeddings=1", "host output", 2 * (UINT64_C(128256) + 4096) * 4},
    {CPP, "cards=3", "layers.0", 11},
    {CPP, "split=2 cards=2", "layers.0", 32},
    {CPP, "split=2 cards=2", "layers.1", 32},
    {"llama.cpp", "glm-4.5-air", "q8_0", "cards=1", "layers.0", 46},
    {"llama.cpp", "mamba-2.8b", "q8_0", "parallel=2", "recurrent state@0", UINT64_C(2) * 64 * 5120 * (3 + 16) * 4},
    {"llama.cpp", "mamba-2.8b", "q8_0", "", "cache, full attention@0", NOT_THERE},
    {"llama.cpp", "gemma-3-27b-it", "q8_0", "context=8192", "cache, full attention@0", UINT64_C(8192) * 10 * 8192},
    {"llama.cpp", "gemma-3-27b-it", "q8_0", "context=8192", "cache, sliding window@0", UINT64_C(8192) * 52 * (1024 + 512)},
    {"llama.cpp", "gemma-3-27b-it", "q8_0", "context=8192 cards=2", "cache, sliding window@-1", UINT64_C(8192) * 52 * (1024 + 512)},
    {CPP, "context=8192", "cache, sliding window@0", NOT_THERE},
};

static const note_row said_of_llama_cpp[] = {
    {CPP, "backend=1", true, "rocm: computed as on cuda, whose code it shares"},
    {CPP, "backend=3", true, "metal: buffer sizes by the rules in its source, not measured: 16 % of the compute buffer is in the margin"},
    {CPP, "backend=4", true, "sycl: buffer sizes by the rules in its source"},
    {CPP, "backend=2", false, "by the rules in its source"},
    {CPP, "", false, "rocm"},
    {CPP, "backend=1 cards=0", false, "rocm"},
    {CPP, "context=131072", false, "beyond the trained length"},
    {CPP, "context=131328", true, "context 131328 is beyond the trained length 131072"},
    {CPP, "context=262144 parallel=2", false, "beyond the trained length"},
    {CPP, "context=262144 trained=0", false, "beyond the trained length"},
};

/* ---- Ollama */

#define OLLAMA "ollama", "llama-3.1-8b", "q4_k_m"

static const row ollama[] = {
    /* 47 GiB of all cards, without what the driver holds: 262144 tokens; 23: 32768; else 4096; no more than was trained */
    {OLLAMA, "total=50465865728", "context", 131072},
    {OLLAMA, "total=50465865728 trained=0", "context", 262144},
    {OLLAMA, "total=50465865728 reserved=1", "context", 32768},
    {OLLAMA, "total=25232932864 total1=25232932863 cards=2", "context", 32768},
    {OLLAMA, "total=25232932864 total1=25232932865 cards=2 reserved=1", "context", 131072},
    {OLLAMA, "total=24696061952", "context", 32768},
    {OLLAMA, "total=24696061951", "context", 4096},
    {OLLAMA, "total=24696061952 reserved=24696061952", "context", 4096},
    {OLLAMA, "total=24696061952 reserved=24696061953", "context", 4096},
    {OLLAMA, "cards=0", "context", 4096},
    {OLLAMA, "total=24696061951 trained=4095", "context", 4095},
    {OLLAMA, "total=24696061951 parallel=3", "context", 3 * 4096},
    {OLLAMA, "total=24696061951 parallel=3", "context of one", 4096},
    {OLLAMA, "total=24696061951 parallel=3", "sequences", 3},
    {OLLAMA, "context=131073", "context", 131072},
    {OLLAMA, "context=300000 parallel=2", "context", 262144},
    {OLLAMA, "", "batch", 512},
    {OLLAMA, "batch=100", "micro-batch", 100},
    {OLLAMA, "ubatch=100", "batch", 100},
    {OLLAMA, "batch=100 ubatch=100", "batch", 100},
    {OLLAMA, "capability=60", "flash attention", 1},
    {OLLAMA, "capability=59", "flash attention", 0},
    {OLLAMA, "capability=72", "flash attention", 0},
    {OLLAMA, "capability=0", "flash attention", 1},
    {OLLAMA, "capability=59 flash_attn=1", "flash attention", 1},
    {OLLAMA, "capability=59 backend=2", "flash attention", 1},
    {OLLAMA, "cards=2 capability1=52", "flash attention", 0},
    /* 457 MiB of a card, 512 of Metal's, unless a process takes more */
    {OLLAMA, "capability=86", "runtime.0", 457 * MIB},
    {OLLAMA, "capability=86", "Ollama's reserve@0", (457 - 260 - 4 - 10) * MIB},
    {OLLAMA, "backend=3", "runtime.0", 512 * MIB},
    {OLLAMA, "backend=2 cards=2", "runtime.1", 457 * MIB},
    {OLLAMA, "capability=86 multiprocessors=188", "runtime.0", (8 + 4 + 10) * MIB + 188 * SM_MIB},
    {OLLAMA, "capability=86 multiprocessors=188", "Ollama's reserve@0", 0},
    /* an embedding model: one sequence, a batch of 2048 or its context */
    {"ollama", "bge-m3", "f16", "parallel=4", "sequences", 1},
    {"ollama", "bge-m3", "f16", "", "batch", 2048},
    {"ollama", "bge-m3", "f16", "context=1024", "batch", 1024},
    {"ollama", "bge-m3", "f16", "context=1024 batch=300", "batch", 300},
    {"ollama", "bge-m3", "f16", "context=1024 parallel=4", "context", 256},
};

static const note_row said_of_ollama[] = {
    {OLLAMA, "total=50465865728", true, "no --context: num_ctx 131072, the trained length, below Ollama's default with 48128 MiB of GPU memory (47 GiB and more)"},
    {OLLAMA, "total=24696061952", true, "no --context: num_ctx 32768, Ollama's default with 23552 MiB of GPU memory (23 GiB and more)"},
    {OLLAMA, "total=24696061951", true, "no --context: num_ctx 4096, Ollama's default with 23551 MiB of GPU memory"},
    {OLLAMA, "total=24696061951 trained=4096", false, "below"},
    {OLLAMA, "total=24696061951 trained=4095", true, "num_ctx 4095, the trained length, below Ollama's default"},
    {OLLAMA, "cards=0", true, "no --context: num_ctx 4096, Ollama's default without a GPU"},
    {OLLAMA, "context=4096", false, "no --context"},
    {OLLAMA, "context=131072", false, "cuts"},
    {OLLAMA, "context=262145 trained=0", false, "cuts"},
    {OLLAMA, "context=8192 parallel=2", true, "context 8192 is the total of 2 sequences: num_ctx 4096 for each"},
    {OLLAMA, "context=4096", false, "is the total"},
    {OLLAMA, "parallel=4", false, "with one sequence"},
    {"ollama", "bge-m3", "f16", "parallel=4 pooling=0", true, "Ollama serves an embedding model with one sequence, not 4"},
    {"ollama", "bge-m3", "f16", "parallel=4 context=3", false, "num_ctx"},
    {"ollama", "bge-m3", "f16", "parallel=4", true, "Ollama serves an embedding model with one sequence, not 4"},
    {"ollama", "bge-m3", "f16", "parallel=1", false, "with one sequence"},
    {"ollama", "lfm2-1.2b", "q8_0", "parallel=2", true, "Ollama serves lfm2 with one sequence, not 2"},
    {"ollama", "llama-3.1-8b", "q8_0", "parallel=2 pooling=1", true, "Ollama serves an embedding model with one sequence"},
    {OLLAMA, "capability=59 flash_attn=1", false, "turns flash attention off"},
    {OLLAMA, "", false, "drafts with"},
    {OLLAMA, "parallel=2 known=0", false, "with one sequence"}, /* nobody knows what it is */
    {"ollama", "glm-4.5-air", "q4_k_m", "mtp=1", false, "drafts with"},
    {OLLAMA, "", false, "less than 1024 MiB"},
    {OLLAMA, "context=4096 total=6442450944", true, "less than 1024 MiB would stay free on"},
    {OLLAMA, "context=4096 total=6442450944 gpu_layers=20", false, "less than 1024 MiB"},
    {OLLAMA, "context=4096 cards=2 total=3221225472 total1=3221225472", true, "less than 1024 MiB would stay free on"},
};

/** What llama-server's fit leaves free is not Ollama's reserve: exactly as much, and a byte less. */
static void fit_target(void)
{
    vf_error err;
    char set[96];
    CHECK(ask(OLLAMA, "context=4096 capability=86", &err) == VF_OK, "%s", err.text);
    uint64_t takes = result.device[0].need - of_term("Ollama's reserve", 16, 0, false);
    for (int less = 0; less < 2; less++) {
        bool said = false;
        (void)snprintf(set, sizeof set, "context=4096 capability=86 total=%llu", (unsigned long long)(takes + GIB) - (unsigned)less);
        CHECK(ask(OLLAMA, set, &err) == VF_OK, "%s", err.text);
        for (uint32_t k = 0; k < result.n_notes; k++)
            said = said || strstr(result.note[k], "less than 1024 MiB would stay free");
        CHECK(said == less, "%d bytes less than the target", less);
    }
}

/** 60 experts on eight cards: eight whole ones on the card with the most, or 7.5 parts of each. */
static void whole_experts(void)
{
    vf_error err;
    CHECK(ask("vllm", "qwen1.5-moe-a2.7b", "bfloat16", "cards=8 expert_parallel=1", &err) == VF_OK, "%s", err.text);
    uint64_t most = result.device[0].segment[VF_SEG_WEIGHTS];
    CHECK(ask("vllm", "qwen1.5-moe-a2.7b", "bfloat16", "cards=8", &err) == VF_OK, "%s", err.text);
    CHECK_U64(most - result.device[0].segment[VF_SEG_WEIGHTS], UINT64_C(24) * 3 * 2048 * 1408, "half an expert of every layer");
}

/** On each of two cards lie routers, with their scale, and all vectors; matrices are halved. */
static void whole_routers(void)
{
    vf_error err;
    vf_model *m = NULL;
    uint32_t at;
    uint64_t whole = 0;
    CHECK(ask("vllm", "gemma-4-26b-a4b", "bfloat16", "", &err) == VF_OK, "%s", err.text);
    uint64_t one = result.device[0].segment[VF_SEG_WEIGHTS];
    CHECK(ask("vllm", "gemma-4-26b-a4b", "bfloat16", "cards=2", &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_find(catalog, VF_KIND_MODEL, "gemma-4-26b-a4b", &at, &err) == VF_OK &&
              vf_catalog_model_open(catalog, at, &sample_allocator, &m, &err) == VF_OK, "%s", err.text);
    if (!m)
        return;
    for (size_t i = 0; i < m->n_tensors; i++)
        if (vf_tensor_is_parameter(&m->tensors[i]) && (m->tensors[i].ne[1] == 1 || m->tensors[i].role == VF_ROLE_FFN_GATE_INP))
            whole += 2 * vf_tensor_elements(&m->tensors[i]);
    uint64_t tower = 2 * m->vision_parameters, tables = UINT64_C(262144) * (256 + 512) * 2; /* cos and sin: of layers with a window, and without */
    CHECK_U64(2 * result.device[0].segment[VF_SEG_WEIGHTS] - one, whole + tower + tables, "what each of the cards holds whole");
    vf_model_free(m);
}

int main(void)
{
    vf_error err;
    CHECK(vf_catalog_new(&sample_allocator, &catalog, &err) == VF_OK, "%s", err.text);
    ALL_OF(vllm);
    ALL_OF(planned);
    ALL_OF(overhead);
    NOTES_OF(server_defaults);
    ALL_OF(ollama);
    NOTES_OF(said_of_llama_cpp);
    NOTES_OF(said_of_ollama);
    fit_target();
    whole_experts();
    whole_routers();
    vf_catalog_free(catalog);
    return CHECK_END();
}
