/* What each runtime's rule comes to, in bytes worked out by hand: a row is one question to the library and one figure of its
 * answer. What is counted, and where the rule was read, stands at the rule (src/runtime/). */
#include "figure.h"

/* ---- Transformers */

#define TF "transformers", "llama-3.1-8b", "bfloat16"
#define TF_LAYER "worst layer or logits@0"

static const row transformers[] = {
    {TF, "context=4096", "weights.0", 2 * L8_ALL},
    {TF, "context=4096", "cache.0", 4096 * L8_KV},
    {TF, "context=4096", "runtime.0", 400 * MIB + 32 * MIB},
    {TF, "context=4096", TF_LAYER, 4096 * L8_FFN},
    {TF, "context=4096", "cache growth@0", 2 * UINT64_C(2048) * 4096},
    /* loading holds one tensor twice, which is more than running takes */
    {TF, "context=4096", "loading@0", 2 * L8_TABLE - 4096 * (L8_KV + L8_FFN + 4096)},
    {TF, "context=4096", "allocator slack@0", DIVIDED((2 * L8_ALL + 4096 * L8_KV + 2 * L8_TABLE - 4096 * L8_KV) * 5, 100)},
    {TF, "context=4096", "margin.0", 200 * MIB + DIVIDED((2 * L8_ALL + 2 * L8_TABLE) * 5, 100)},
    {TF, "context=4096", "layers.0", 32},
    {TF, "context=8192", "loading@0", UINT64_MAX},
    {TF, "context=8192 capability=89", "runtime.0", 400 * MIB + 8519680},
    {TF, "", "context", 4096},
    {TF, "prompt=6000", "context", 6000},
    {TF, "prompt=6000", "cache.0", 6000 * L8_KV},
    {TF, "trained=1000", "context", 1000},
    /* 4 bytes an element */
    {"transformers", "llama-3.1-8b", "float32", "context=4096", "weights.0", 4 * L8_ALL},
    {"transformers", "llama-3.1-8b", "float32", "context=4096", "cache.0", 4096 * 2 * L8_KV},
    {"transformers", "llama-3.1-8b", "float32", "context=4096", TF_LAYER, 4096 * (2 * (L8_FFN - 16384) + 16384)},
    {"transformers", "llama-3.1-8b", "float32", "context=4096", "type of K", VF_TYPE_F32},
    /* the last step after a short prompt */
    {TF, "prompt=1024 context=8192", "cache.0", 8192 * L8_KV},
    {TF, "prompt=1024 context=8192", TF_LAYER, UINT64_C(128256) * 6},
    {TF, "prompt=1024 context=8192", "cache growth@0", 2 * UINT64_C(2048) * 8192},
    {TF, "prompt=1024 context=1025", "cache.0", 1024 * L8_KV}, /* the prompt's forward is the peak */
    /* several sequences are padded: a mask, and K and V repeated to one head each */
    {TF, "parallel=2 context=32768", TF_LAYER, 2 * UINT64_C(32768) * (L8_ATTENTION + 32768 * 2 + L8_REPEATED)},
    {TF, "parallel=2 context=32768", "cache.0", 2 * UINT64_C(32768) * L8_KV},
    {TF, "parallel=1 context=32768", TF_LAYER, UINT64_C(32768) * L8_FFN},
    /* steering: scores of all pairs twice in 16 bits and once in fp32, the mask; every hidden state */
    {TF, "workload=1 context=4096 prompt=4096", TF_LAYER,
     4096 * (L8_ATTENTION + UINT64_C(4096) * 32 * 8 + 4096 * 2 + L8_REPEATED)},
    {TF, "workload=1 context=4096 prompt=4096", "hidden states kept@0", 2 * UINT64_C(32) * 4096 * 4096},
    {TF, "workload=1", "cache.0", 2048 * L8_KV}, /* 2048 tokens where nothing is said */
    {TF, "workload=1 context=1000", "cache.0", 1000 * L8_KV},
    {TF, "workload=1 trained=1000", "cache.0", 1000 * L8_KV},
    {TF, "workload=1 context=3000", "context", 3000},
    {TF, "workload=1 prompt=3000", "context", 3000},
    {TF, "workload=1 context=4096 prompt=1024", TF_LAYER, UINT64_C(128256) * 1024 * 6}, /* logits of every position */
    /* scoring: logits of every position, and a loss in fp32 */
    {TF, "workload=2 context=4096", TF_LAYER, UINT64_C(128256) * 4096 * 10},
    {TF, "workload=2 prompt=512", TF_LAYER, UINT64_C(128256) * 512 * 10},
    {TF, "workload=2 prompt=512", "context", 512},
    {TF, "workload=2 context=4096", "hidden states kept@0", UINT64_MAX},
    /* soft-capped logits are a tensor more */
    {TF, "workload=2 context=4096 softcap=1", TF_LAYER, UINT64_C(128256) * 4096 * 12},
    {TF, "workload=3 context=4096 softcap=1", TF_LAYER, 4096 * L8_FFN}, /* states only */
    {TF, "prompt=1 context=8192 softcap=1", TF_LAYER, UINT64_C(128256) * 8},
    /* system memory */
    {TF, "cards=0 context=8192", "host weights", 2 * L8_ALL},
    {TF, "cards=0 context=8192", "host cache", 8192 * L8_KV},
    {TF, "cards=0 context=8192", "host compute", 8192 * (L8_FFN + 4096) + DIVIDED((2 * L8_ALL + 8192 * (L8_KV + L8_FFN + 4096)) * 5, 100)},
    {TF, "cards=0 context=8192", "weights@-1", 2 * L8_ALL},
    /* a tower for images comes with the model, in 16 bits, in fp32 where all is */
    {TF, "tower=1000000", "weights.0", 2 * (L8_ALL + 1000000)},
    {TF, "tower=1000000", "parameters", L8_ALL + 1000000},
    {"transformers", "llama-3.1-8b", "float32", "tower=1000000", "weights.0", 4 * (L8_ALL + 1000000)},
    {"transformers", "llama-3.1-8b", "nf4", "tower=1000000", "model",
     2 * (2 * L8_TABLE + 65 * 4096 + 1000000) + 32 * (L8_LAYER - 2 * 4096) * 9 / 16 + 32 * 7 * 64},
};

/* What a quantized layer's forward takes beside its activations, for a prompt of 16 tokens: the largest matrix unpacked. */
#define UNPACKED(quant, bytes) {"transformers", "llama-3.1-8b", quant, "context=16", TF_LAYER, 16 * L8_FFN + (bytes)}

static const row unpacked[] = {
    UNPACKED("nf4", 2 * L8_MATRIX),     UNPACKED("nf4-dq", 2 * L8_MATRIX), UNPACKED("gptq", 2 * L8_MATRIX), UNPACKED("awq", 2 * L8_MATRIX),
    UNPACKED("w4a16", 2 * L8_MATRIX),   UNPACKED("bitnet", 2 * L8_MATRIX), UNPACKED("aqlm", 2 * L8_MATRIX), UNPACKED("hqq", 3 * L8_MATRIX),
    UNPACKED("int8", 2 * L8_MATRIX),    UNPACKED("torchao-int4", 0),       UNPACKED("fp8", 0),              UNPACKED("fp8-block", 0),
    UNPACKED("quanto-int4", 2 * L8_MATRIX),
    /* LLM.int8 casts its inputs, as wide as the feed-forward */
    {"transformers", "llama-3.1-8b", "int8", "context=16384", TF_LAYER, 16384 * (L8_FFN + 14336)},
    {"transformers", "llama-3.1-8b", "int8", "context=8192", TF_LAYER, 8192 * L8_FFN + 2 * L8_MATRIX},
    /* quantized on loading: the matrix in hand in 16 bits, or in 16 and fp32, beside those that are done. Llama-2-7B: 4096 x 11008,
     * a table of 32000 in 16 bits; a token of context takes 524288 of cache, 98816 in a feed-forward, 32768 of growth */
    {"transformers", "llama-2-7b", "hqq", "context=16", "loading@0",
     UINT64_C(6) * 4096 * 11008 - 16 * (UINT64_C(524288) + 98816 + 16384) - UINT64_C(3) * 4096 * 11008},
    {"transformers", "llama-2-7b", "torchao-int4", "context=16", "loading@0",
     UINT64_C(6) * 4096 * 11008 - 16 * (UINT64_C(524288) + 98816 + 16384)},
    {"transformers", "llama-2-7b", "nf4", "context=16", "loading@0",
     UINT64_C(2) * 4096 * 32000 - 16 * (UINT64_C(524288) + 98816 + 16384) - UINT64_C(2) * 4096 * 11008},
};

/* Other shapes: a mixture (48 layers of 2048, 32 and 4 heads of 128, 8 of 128 experts of 768), windows of 1024 in 52 of 62 layers
 * (5376, 32 and 16 heads of 128, 21504), latent attention (27 layers of 2048, 16 heads of 192 and 128). */
#define TF_MOE "transformers", "Qwen3-30B-A3B-Instruct-2507", "bfloat16"
#define TF_WINDOWS "transformers", "gemma-3-27b-it", "bfloat16"
#define TF_LATENT "transformers", "deepseek-v2-lite", "bfloat16"

static const row shapes[] = {
    {TF_MOE, "context=32768", "cache.0", UINT64_C(32768) * 98304},
    {TF_MOE, "context=32768", TF_LAYER, UINT64_C(32768) * (8 * (2 * 2048 + 3 * 768) * 2 + 4 * 2048)},
    {TF_WINDOWS, "prompt=512 context=8192", "cache.0", UINT64_C(8192) * (10 * 8192 + 52 * 1024)},
    {TF_WINDOWS, "prompt=512 context=8192", TF_LAYER, 79872 + 8192 * (2 + UINT64_C(16384))},
    {TF_WINDOWS, "prompt=512 context=8192", "cache growth@0", UINT64_C(8192) * 8192},
    {TF_WINDOWS, "prompt=16 context=1024", TF_LAYER, UINT64_C(262208) * (2 + 4)}, /* no mask up to the window */
    {TF_WINDOWS, "prompt=16 context=1025", TF_LAYER, 79872 + UINT64_C(1025) * (2 + 16384)},
    {TF_WINDOWS, "prompt=2000 context=2000", "cache.0", UINT64_C(2000) * 62 * 8192}, /* the first forward keeps all */
    {TF_WINDOWS, "prompt=2000 context=2000", TF_LAYER, UINT64_C(2000) * 172032},
    {TF_LATENT, "context=8192", "cache.0", UINT64_C(8192) * 27 * 16 * (192 + 128) * 2},
    {TF_LATENT, "context=32768 parallel=2", TF_LAYER, UINT64_C(65536) * (75136 + 32768 * 2)}, /* a mask, and nothing to repeat */
    {TF_LATENT, "context=8192", TF_LAYER, UINT64_C(8192) * (6 * (2 * 2048 + 3 * 1408) * 2 + 4 * 2048)},
    /* 64 layers of 5120 channels, 3 columns and 16 states each, all in fp32 */
    {"transformers", "mamba-2.8b", "bfloat16", "context=2048 parallel=2", "cache.0", UINT64_C(2) * 64 * 5120 * (3 + 16) * 4},
};

/* device_map "auto": blocks in order, up to an even share and 1.25 of the largest block, on the first without one such block. */
#define L8_BLOCK (2 * L8_LAYER)

static const row dealt[] = {
    {TF, "cards=2", "layers.0", 16},
    {TF, "cards=2", "layers.1", 16},
    {TF, "cards=2", "weights.0", 2 * L8_TABLE + 16 * L8_BLOCK},
    {TF, "cards=2", "weights.1", 2 * L8_TABLE + 2 * 4096 + 16 * L8_BLOCK},
    {TF, "cards=2 context=8192", "cache.0", 4096 * L8_KV},
    {TF, "cards=2 context=8192", "compute.0", 8192 * (L8_FFN + 4096) + DIVIDED(DIVIDED((2 * L8_ALL + 8192 * (L8_KV + L8_FFN + 4096)) * 5, 100), 2)},
    {TF, "cards=2 context=8192", "compute.1", 8192 * (L8_FFN + 4096) + DIVIDED(DIVIDED((2 * L8_ALL + 8192 * (L8_KV + L8_FFN + 4096)) * 5, 100), 2)},
    {TF, "cards=2 capability=90", "runtime.0", 432 * MIB},
    {TF, "cards=2 capability1=86", "runtime.1", 400 * MIB + 8519680},
    {TF, "cards=2", "weights@-1", 2 * L8_ALL},
    /* 4 GiB: 400 MiB of context, one block less, 1002 MiB of table: five layers */
    {TF, "cards=2 total=4294967296", "layers.0", 5},
    {TF, "cards=2 total=4294967296", "layers.1", 27},
    {TF, "cards=2 total=419430400", "layers.0", 0}, /* nothing but the context */
    {TF, "cards=2 total=419430400", "weights.0", 0},
    {TF, "cards=3 total=1073741824 total1=1073741824 total2=1073741824", "layers.2", 32}, /* what finds no room is on the last */
    {TF, "cards=3 total=1073741824 total1=1073741824 total2=1073741824", "weights.1", 0}, /* blocks go in order: the table has no room */
    {TF, "cards=2 tower=1000000000", "weights.0", 2 * (L8_TABLE + 1000000000) + 13 * L8_BLOCK},
    {"transformers", "glm-4.5-air", "bfloat16", "cards=1", "layers.0", 46}, /* the block that predicts is not loaded */
};

/* ---- training: what a layer keeps of a token: 2 x (4 h + 2 (heads + KV heads) d + 4 f) + 8 h + 4 heads */

#define L2_KEPT UINT64_C(186496) /* Llama-2-7B: h 4096, 32 and 32 heads of 128, f 11008 */
#define L2_TRAINED UINT64_C(4194304)
#define TRAIN "transformers", "llama-2-7b", "bfloat16"

static const row training[] = {
    {TRAIN, "train=2 context=512", "activations kept@0", 512 * 32 * L2_KEPT},
    {TRAIN, "train=2 context=512 parallel=3", "activations kept@0", 3 * 512 * 32 * L2_KEPT},
    {TRAIN, "train=2 context=512", "loss@0", UINT64_C(512) * 32000 * 10},
    {TRAIN, "train=2 context=512", "adapters, gradients and optimizer@0", 16 * L2_TRAINED},
    {TRAIN, "train=2 context=512", "unpacked matrix@0", UINT64_MAX},
    {TRAIN, "train=2 context=512", "allocator slack@0",
     DIVIDED((UINT64_C(2) * 6738415616 + 16 * L2_TRAINED + 512 * (32 * L2_KEPT + 320000)) * 10, 100)},
    {TRAIN, "train=2 context=512", "margin.0",
     200 * MIB + DIVIDED((UINT64_C(2) * 6738415616 + 16 * L2_TRAINED + 512 * (32 * L2_KEPT + 320000)) * 20, 100)},
    {TRAIN, "train=2 context=512", "layers.0", 32},
    {TRAIN, "train=2 context=512 capability=90", "runtime.0", 432 * MIB},
    {TRAIN, "train=2", "context", 4096},
    {TRAIN, "train=1 context=512", "gradients and optimizer@0", UINT64_C(6) * 6738415616},
    {TRAIN, "train=1 context=512 cards=0", "gradients and optimizer@-1", UINT64_C(6) * 6738415616},
    {"transformers", "llama-2-7b", "float32", "train=2 context=512", "activations kept@0", UINT64_C(512) * 32 * (76800 * 4 + 32896)},
    {"transformers", "llama-2-7b", "float32", "train=2 context=512", "loss@0", UINT64_C(512) * 32000 * 12},
    {"transformers", "llama-2-7b", "nf4", "train=3 context=512", "unpacked matrix@0", UINT64_C(2) * 4096 * 11008},
    {"transformers", "phi-3-mini-4k", "bfloat16", "train=2 context=512", "adapters, gradients and optimizer@0",
     UINT64_C(16) * 32 * 8 * (3072 + 9216)}, /* q, k and v are one matrix */
    {TF_MOE, "train=2 context=512", "activations kept@0", UINT64_C(512) * 48 * 133248},
    /* of 47 blocks one predicts, and is not loaded: 96 and 8 heads of 128, h 4096 */
    {"transformers", "glm-4.5-air", "bfloat16", "train=2 context=512", "adapters, gradients and optimizer@0",
     UINT64_C(16) * 46 * 8 * (4096 + 12288 + 4096 + 1024)},
    {"transformers", "glm-4.5-air", "bfloat16", "train=2 context=512", "layers.0", 46},
};

static const note_row said_of_training[] = {
    {TRAIN, "train=2 context=512", true, "with gradient checkpointing activations take 219 MiB instead of 2914"},
    {TRAIN, "train=2 context=512 parallel=3", true, "training: 3 sequences of 512 tokens at once, AdamW, adapters of rank 8 on q and v"},
    {TRAIN, "train=1 context=512", false, "adapters"},
    {TF, "workload=1 context=3000", true, "steering: one forward over 2048 tokens, eager attention"},
    {TF, "", false, "steering"},
    {TF, "cards=2", true, "several cards: whole layers by device_map auto"},
    {TF, "", false, "several cards"},
    {TF, "tower=1000000", true, "counts with 1000000 parameters in 16 bits"},
    {TF_MOE, "", false, "experts are counted"},
    {"transformers", "Qwen3-30B-A3B-Instruct-2507", "nf4", "", true, "experts are counted as linear layers of their own"},
    {"transformers", "llama-3.1-8b", "nf4", "", false, "experts are counted"},
    {"transformers", "Qwen3-30B-A3B-Instruct-2507", "awq", "", false, "experts are counted"},
    {"transformers", "gpt-oss-20b", "mxfp4-moe-safetensors", "", true, "transformers unpacks the experts to 16 bits"},
};

/* ---- generic: parameters x bits, cache in 16 bits, a fifth */

#define GENERIC "generic", "llama-3.1-8b", "q8_0"

static const row thumb[] = {
    {GENERIC, "context=4096", "weights.0", L8_ALL},
    {GENERIC, "context=4096 parallel=3", "cache.0", 3 * 4096 * L8_KV},
    {GENERIC, "", "context", 4096},
    {GENERIC, "", "sequences", 1},
    {GENERIC, "context=4096", "compute.0", DIVIDED(L8_ALL, 5)},
    {GENERIC, "context=4096", "runtime.0", 0},
    {GENERIC, "cards=3 context=4096", "weights.2", DIVIDED(L8_ALL, 3)},
    {GENERIC, "cards=3 context=4096", "cache.0", DIVIDED(4096 * L8_KV, 3)},
    {GENERIC, "cards=3 context=4096", "weights@-1", L8_ALL}, /* no card's own */
    {GENERIC, "cards=1 context=4096", "weights@0", L8_ALL},
    {GENERIC, "cards=0 context=4096", "host weights", L8_ALL},
    {GENERIC, "cards=0 context=4096", "host cache", 4096 * L8_KV},
    {GENERIC, "cards=0 context=4096", "host compute", DIVIDED(L8_ALL, 5)},
    {GENERIC, "cards=1 context=4096", "host weights", 0},
    {GENERIC, "millibits=4501", "weights.0", DIVIDED(L8_ALL * 4501, 8000)},
    {GENERIC, "type_k=8", "type of K", VF_TYPE_F16},
    {"generic", "deepseek-v2-lite", "q8_0", "context=4096", "cache.0", UINT64_C(4096) * 27 * 576 * 2}, /* one latent row */
    {"generic", "glm-4.5-air", "q8_0", "context=4096", "cache.0", UINT64_C(4096) * 46 * 8 * 256 * 2},
};

/* ---- runtimes that hold each layer whole */

#define EXL2 "exllamav2", "llama-3.1-8b", "exl2-4.0bpw"
#define EXL3 "exllamav3", "llama-3.1-8b", "exl3-4.0bpw"
#define MLX "mlx", "llama-3.1-8b", "mlx-4bit"
#define L8_LOGITS (UINT64_C(128256) * 2048)

static const row whole[] = {
    /* the largest matrix in 16 bits; logits of an input in fp32, which are more than a layer's activations */
    {EXL2, "context=4096", "compute.0", 2 * L8_MATRIX + 4 * L8_LOGITS},
    {EXL2, "context=4096", "cache.0", 4096 * L8_KV},
    {EXL2, "context=4097", "cache.0", 4352 * L8_KV}, /* pages of 256 */
    {EXL2, "context=4097", "context", 4097},
    {EXL2, "context=4096 parallel=2", "cache.0", 2 * 4096 * L8_KV},
    {EXL2, "context=4096", "runtime.0", 450 * MIB},
    {EXL2, "context=4096", "margin.0", 400 * MIB},
    {EXL2, "context=4096", "host weights", 2 * L8_TABLE},
    {EXL2, "context=4096", "layers.0", 32},
    {EXL2, "context=4096", "embeddings@-1", 2 * L8_TABLE},
    {MLX, "backend=3 context=4096", "embeddings@-1", UINT64_MAX},
    /* fp8, 4 and 8 bits with a scale for 32: one layer of 4096 tokens is 16 MiB in 16 bits */
    {EXL2, "context=4096 type_kv_set=1 type_k=261 type_v=261", "compute.0", 2 * L8_MATRIX + 4 * L8_LOGITS + 16 * MIB},
    {EXL2, "context=4096 type_kv_set=1 type_k=2 type_v=2", "compute.0", 2 * L8_MATRIX + 4 * L8_LOGITS + 16 * MIB},
    {EXL2, "context=4096 type_kv_set=1 type_k=2 type_v=2", "cache.0", 4096 * L8_KV * 9 / 32},
    {EXL2, "context=4096 type_kv_set=1 type_k=30 type_v=30", "compute.0", 2 * L8_MATRIX + 4 * L8_LOGITS},
    {EXL2, "cards=2 context=4096 total=4294967296", "compute.0", 2 * L8_MATRIX + 2048 * L8_FFN}, /* no head there */
    {EXL2, "cards=2 context=4096 total=4294967296", "compute.1", 2 * L8_MATRIX + 4 * L8_LOGITS},
    {"exllamav2", "llama-3.1-8b", "float16", "context=4096", "compute.0", 4 * L8_LOGITS},
    /* 16384 x 53248: in parts of 512 Mi */
    {"exllamav2", "llama-3.1-405b", "exl2-4.0bpw", "context=4096", "compute.0", 2 * 512 * MIB + 4 * L8_LOGITS},
    {EXL3, "context=4096", "compute.0", 2 * L8_MATRIX + 2048 * L8_FFN},
    {EXL3, "context=16", "compute.0", 2 * L8_MATRIX + 2048 * L8_FFN}, /* sized for 2048 tokens */
    {EXL3, "context=4096", "margin.0", 400 * MIB},
    {EXL3, "context=4096 type_kv_set=1 type_k=6 type_v=6", "compute.0", 2 * L8_MATRIX + 2048 * L8_FFN + 16 * MIB},
    {EXL3, "context=4096 type_kv_set=1 type_k=6 type_v=6", "cache.0", 4096 * L8_KV * 22 / 64},
    /* a step of a prompt: a layer's activations and the logits of all its tokens */
    {MLX, "backend=3 context=4096", "compute.0", 2048 * L8_FFN + 2 * L8_LOGITS},
    {MLX, "backend=3 context=4096 parallel=2", "compute.0", 2 * (2048 * L8_FFN + 2 * L8_LOGITS)},
    {MLX, "backend=3 context=1000", "compute.0", 1000 * (L8_FFN + UINT64_C(128256) * 2)},
    {MLX, "backend=3 context=131072 prompt=1", "compute.0", UINT64_C(131072) * 4096}, /* one layer's cache copied */
    {MLX, "backend=3 prompt=6000", "context", 6000},
    {MLX, "backend=3 context=4096", "runtime.0", 0},
    {MLX, "backend=3 context=4096", "margin.0", 512 * MIB},
    {MLX, "backend=0 context=4096", "runtime.0", 450 * MIB},
    {MLX, "backend=0 context=4096", "margin.0", 200 * MIB},
    {MLX, "backend=3 context=4096", "host weights", 0},
    /* windows keep 1024 tokens and a step; all of a short context */
    {"mlx", "gemma-3-27b-it", "mlx-4bit", "backend=3 context=8192", "cache.0", UINT64_C(8192) * (10 * 8192 + 52 * (1024 + 2048))},
    {"mlx", "gemma-3-27b-it", "mlx-4bit", "backend=3 context=3072", "cache.0", UINT64_C(8192) * 62 * 3072},
    {"mlx", "gemma-3-27b-it", "mlx-4bit", "backend=3 context=8192 prompt=100", "cache.0", UINT64_C(8192) * (10 * 8192 + 52 * (1024 + 100))},
    {"exllamav3", "gemma-3-27b-it", "exl3-4.0bpw", "context=8192", "cache.0", UINT64_C(8192) * 62 * 8192}, /* no windows there */
    {"mlx", "deepseek-v2-lite", "mlx-4bit", "backend=3 context=4096", "cache.0", UINT64_C(4096) * 27 * 576 * 2},
    {"mlx", "glm-4.5-air", "mlx-4bit", "backend=3 context=4096", "cache.0", UINT64_C(4096) * 46 * 8 * 256 * 2},
    {"mlx", "glm-4.5-air", "mlx-4bit", "backend=3 context=4096", "layers.0", 46},
    /* shares: 32 layers for three machines alike, the remainder to the first of them; one for the smallest, from the largest */
    {"exo", "llama-3.1-8b", "mlx-4bit", "backend=3 cards=3", "layers.0", 11},
    {"exo", "llama-3.1-8b", "mlx-4bit", "backend=3 cards=3", "layers.1", 11},
    {"exo", "llama-3.1-8b", "mlx-4bit", "backend=3 cards=3", "layers.2", 10},
    {"exo", "llama-3.1-8b", "mlx-4bit", "backend=3 cards=3 total1=1048576 total2=1048576", "layers.0", 30},
    {"exo", "llama-3.1-8b", "mlx-4bit", "backend=3 cards=3 total1=1048576 total2=1048576", "layers.2", 1},
    {"exo", "llama-3.1-8b", "mlx-4bit", "backend=3 cards=2 total=0 total1=0", "layers.1", 1}, /* nothing free: one at least */
    {"exo", "llama-3.1-8b", "mlx-4bit", "backend=3 cards=2", "runtime.1", 0},
    {"exo", "llama-3.1-8b", "mlx-4bit", "backend=3 cards=3 layers=1", "layers.0", 1}, /* more machines than layers */
    {"exo", "llama-3.1-8b", "mlx-4bit", "backend=3 cards=3 layers=1", "layers.1", 0},
};

/* What just fits comes with what may help. */
static void advice(void)
{
    vf_error err;
    char set[64];
    for (int tight = 0; tight < 2; tight++) {
        uint32_t said = 0;
        CHECK(ask(TF, "context=4096", &err) == VF_OK, "%s", err.text);
        (void)snprintf(set, sizeof set, "context=4096 total=%llu", (unsigned long long)(result.need + (tight ? result.margin / 2 : result.margin)));
        CHECK(ask(TF, set, &err) == VF_OK && result.verdict == (tight ? VF_FRAGILE : VF_FIT), "%s", err.text);
        for (uint32_t k = 0; k < result.n_notes; k++)
            said += strstr(result.note[k], "expandable_segments:True") || strstr(result.note[k], "torch.cuda.empty_cache()");
        CHECK(said == (tight ? 2 : 0), "%u pieces of advice", said);
    }
}

int main(void)
{
    vf_error err;
    CHECK(vf_catalog_new(&sample_allocator, &catalog, &err) == VF_OK, "%s", err.text);
    ALL_OF(transformers);
    ALL_OF(unpacked);
    ALL_OF(shapes);
    ALL_OF(dealt);
    ALL_OF(training);
    ALL_OF(thumb);
    ALL_OF(whole);
    NOTES_OF(said_of_training);
    advice();
    vf_catalog_free(catalog);
    return CHECK_END();
}
