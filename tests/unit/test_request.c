/* What is refused of a question, by whom and with which words: each row is one question to the library, with fields of its
 * request (and of its model) set by name, beside what makes it one that is answered. */
#include "ask.h"
#include "memory.h"

/* Enumerators as numbers: backend 2 is Vulkan, 3 Metal, 5 the CPU; split 1 by row, 2 by tensor; kind 0 the types of the file, 3 nominal
 * bits; type 0 F32, 1 F16, 2 Q4_0, 8 Q8_0, 12 Q4_K, 30 BF16; train 1 full, 2 LoRA, 3 QLoRA;
 * workload 1 steering, 2 eval. */
static const struct {
    const char *runtime, *model, *quant, *set;
    vf_status status;
    const char *key, *says;
} rows[] = {
    /* every runtime */
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "cards=17", VF_ERR_RANGE, "--gpu", "17 devices: at most 16"},
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "total=1152921504606846977", VF_ERR_RANGE, "--gpu", "more than 2^60 bytes"},
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "type_k=9999", VF_ERR_USAGE, "--kv-type", "9999 is no storage type"},
    {"ollama", "llama-3.1-8b", "q4_k_m", "type_k=9999", VF_ERR_USAGE, "--kv-type", "9999 is no storage type"},
    {"vllm", "llama-3.1-8b", "bf16", "type_kv_set=1 type_v=4", VF_ERR_USAGE, "--kv-type", "4 is no storage type"},
    {"mlx", "llama-3.1-8b", "mlx-4bit", "backend=3 type_kv_set=1 type_v=4", VF_ERR_USAGE, "--kv-type", "4 is no storage type"},
    {"mlx", "llama-3.1-8b", "mlx-4bit", "backend=33", VF_ERR_USAGE, "--backend", "33 is no backend"},
    {"vllm", "llama-3.1-8b", "bf16", "batch=512", VF_ERR_USAGE, "--batch", "not of vllm"},
    {"vllm", "llama-3.1-8b", "bf16", "ubatch=512", VF_ERR_USAGE, "--ubatch", "not of vllm"},
    {"vllm", "llama-3.1-8b", "bf16", "gpu_layers=5", VF_ERR_USAGE, "--gpu-layers", "not a setting of vllm"},
    {"vllm", "llama-3.1-8b", "bf16", "workload=2", VF_ERR_USAGE, "--workload", "only chat is a workload of vllm"},
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "train=1", VF_ERR_USAGE, "--train", "not judged with llama.cpp"},
    {"llama.cpp", "llama-3.1-8b", "awq", "", VF_ERR_USAGE, "--quant", "is no format of llama.cpp"},
    /* llama.cpp */
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "type_k=12", VF_ERR_USAGE, "--kv-type", "not a cache type of llama.cpp"},
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "type_v=12", VF_ERR_USAGE, "--kv-type", "not a cache type of llama.cpp"},
    {"llama.cpp", "deepseek-v2-lite", "q4_k_m", "type_v=8", VF_ERR_REFUSED, "--kv-type", "different K and V types"},
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "context=2147483649", VF_ERR_RANGE, "--context", "more than 2^31 tokens"},
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "parallel=257", VF_ERR_REFUSED, "--parallel", "at most 256 sequences"},
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "parallel=4 outputs=3", VF_ERR_REFUSED, "--outputs", "3: llama.cpp needs at least one row of outputs for each sequence (4)"},
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "parallel=4 batch=3", VF_ERR_REFUSED, "--batch", "3: llama.cpp needs at least one row"},
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "embeddings=1 pooling=1 outputs=4", VF_ERR_REFUSED, "--outputs", "4: llama.cpp aborts at a mean over 512 tokens of 1"},
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "embeddings=1 pooling=1 parallel=3", VF_ERR_REFUSED, "--ubatch", "512: llama.cpp aborts at a mean over 513 tokens of 3"},
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "flash_attn=2 type_v=8", VF_ERR_REFUSED, "--flash-attn", "quantized V cache without flash attention"},
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "split=1 cards=2", VF_ERR_REFUSED, "--split", "row: llama.cpp's cuda backend has no row split"},
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "draft_mtp=1 draft_max=2", VF_ERR_REFUSED, "--draft", "the model has no prediction layers"},
    {"llama.cpp", "glm-4.5-air", "q4_k_m", "draft_mtp=1 draft_max=2 mtp=1 members=16", VF_ERR_RANGE, "", "more than 16 models beside the model"},
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "members=1", VF_ERR_USAGE, "", "a draft without a model"},
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "members=17", VF_ERR_RANGE, "", "more than 16 models beside the model"},
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "ftype=6", VF_ERR_USAGE, "", "file type 6 is none that llama-quantize can make"},
    {"llama.cpp", "llama-3.1-8b", "q4_k_m", "kind=3", VF_ERR_USAGE, "", "'Q4_K_M' gives no storage type to each tensor"},
    {"llama.cpp", "llama-3.1-8b", "bf16", "kind=2 type=9999", VF_ERR_USAGE, "", "unknown storage type 9999"},
    {"vllm", "llama-3.2-1b", "bfloat16", "cards=16 pipeline_parallel=17 tensor_parallel=1", VF_ERR_USAGE, "--pipeline-parallel", "17: 1 x 17 cards, and --gpu has 16"},
    {"vllm", "smollm2-135m", "bfloat16", "cards=9 tensor_parallel=9", VF_ERR_REFUSED, "--tensor-parallel", "9: "},
    {"vllm", "llama-3.2-1b", "bfloat16", "layers=3 cards=4 pipeline_parallel=4", VF_ERR_REFUSED, "--pipeline-parallel", "4: the model has 3 layers"},
    {"vllm", "gpt2", "bfloat16", "vocabulary=60 cards=3", VF_ERR_REFUSED, "--tensor-parallel", "3: the vocabulary, 60 padded to a multiple of 64"},
    {"vllm", "gpt2", "bfloat16", "cards=8 tensor_parallel=8", VF_ERR_REFUSED, "--tensor-parallel", "8: "},
    /* Ollama */
    {"ollama", "llama-3.1-8b", "q4_k_m", "type_v=8", VF_ERR_REFUSED, "--kv-type", "F16/Q8_0: Ollama has one cache type"},
    {"ollama", "llama-3.1-8b", "q4_k_m", "batch=512 ubatch=256", VF_ERR_REFUSED, "--ubatch", "256 beside --batch 512"},
    /* generic */
    {"generic", "llama-3.1-8b", "q4_k_m", "millibits=0", VF_ERR_USAGE, "--quant", "no nominal bits"},
    {"generic", "llama-3.1-8b", "q4_k_m", "context=18446744073709551614", VF_ERR_RANGE, "", "over 2^60 bytes"},
    {"generic", "llama-3.1-8b", "q4_k_m", "nominal=2305843009213693952 millibits=8000", VF_ERR_RANGE, "", "over 2^60 bytes"},
    /* LM Studio: its MLX engine */
    {"lm-studio", "llama-3.1-8b", "mlx-4bit", "backend=3 batch=512", VF_ERR_USAGE, "--batch", "no setting of LM Studio's MLX engine"},
    {"lm-studio", "llama-3.1-8b", "mlx-4bit", "backend=3 ubatch=512", VF_ERR_USAGE, "--ubatch", "no setting of LM Studio's MLX engine"},
    {"lm-studio", "llama-3.1-8b", "mlx-4bit", "backend=3 gpu_layers=5", VF_ERR_USAGE, "--gpu-layers", "no setting of LM Studio's MLX engine"},
    {"lm-studio", "llama-3.1-8b", "bf16", "backend=3 kind=0 from_file=1 file_type=4294967295 batch=512", VF_ERR_USAGE, "--batch", "LM Studio's MLX engine"},
    /* runtimes that hold each layer whole */
    {"exllamav2", "smollm2-135m", "exl2-4.0bpw", "type_kv_set=1 type_k=15 type_v=15", VF_ERR_REFUSED, "--kv-type", "Q8_K/Q8_K: no cache of exllamav2"},
    {"exllamav2", "llama-3.1-8b", "exl2-4.0bpw", "members=1", VF_ERR_USAGE, "--draft", "not judged with exllamav2"},
    {"exllamav2", "llama-3.1-8b", "float16", "context=4503599627370496", VF_ERR_RANGE, "", "over 2^60 bytes"}, /* its cache alone */
    {"exllamav3", "llama-3.1-8b", "float16", "cards=0", VF_ERR_USAGE, "--gpu", "none: exllamav3"},
    {"mlx", "llama-3.1-8b", "mlx-4bit", "backend=3 cards=0", VF_ERR_USAGE, "--gpu", "none: mlx is judged on cards"},
    {"mlx", "llama-3.1-8b", "mlx-4bit", "backend=3 cards=2", VF_ERR_USAGE, "--gpu", "2 devices: mlx runs on one (exo joins several)"},
    {"exllamav3", "llama-3.1-8b", "exl3-4.0bpw", "backend=2", VF_ERR_USAGE, "--backend", "vulkan: exllamav3 runs on"},
    {"mlx", "llama-3.1-8b", "bf16", "backend=3 kind=0 from_file=1 file_type=15", VF_ERR_USAGE, "--runtime", "mlx: GGUF files are judged under llama.cpp"},
    {"mlx", "llama-3.1-8b", "mlx-4bit", "backend=3 pack_bits=4", VF_ERR_REFUSED, "--quant", "the files hold weights that are quantized already"},
    {"mlx", "llama-3.1-8b", "q4_k_m", "backend=3", VF_ERR_USAGE, "--quant", "Q4_K_M is no format of mlx"},
    {"mlx", "llama-3.1-8b", "awq", "backend=3", VF_ERR_USAGE, "--quant", "is no format of mlx"},
    {"mlx", "llama-3.1-8b", "awq", "backend=3 kind=0 from_file=1 file_type=4294967295 pack_bits=4", VF_ERR_USAGE, "--quant", "is no format of mlx"}, /* files packed so */
    {"mlx", "llama-3.1-8b", "mlx-4bit", "backend=3 members=1", VF_ERR_USAGE, "--draft", "not judged with mlx"},
    {"mlx", "llama-3.1-8b", "mlx-4bit", "backend=3 context=100 prompt=101", VF_ERR_USAGE, "--prompt", "101 tokens are more than the context of 100"},
    {"mlx", "llama-3.1-8b", "mlx-4bit", "backend=3 type_kv_set=1 type_k=12", VF_ERR_REFUSED, "--kv-type", "Q4_K/F16: no cache of mlx"},
    {"mlx", "llama-3.1-8b", "mlx-4bit", "backend=3 type_kv_set=1 type_v=12", VF_ERR_REFUSED, "--kv-type", "F16/Q4_K: no cache of mlx"},
    {"mlx", "llama-3.1-8b", "mlx-4bit", "backend=3 context=18446744073709551614", VF_ERR_RANGE, "", "over 2^60 bytes"},
    /* servers that fill the card */
    {"vllm", "llama-3.1-8b", "bf16", "cards=0", VF_ERR_USAGE, "--gpu", "none: vllm is judged on cards"},
    {"vllm", "llama-3.1-8b", "bf16", "backend=2", VF_ERR_USAGE, "--backend", "vulkan: vllm runs on cuda or rocm"},
    {"vllm", "llama-3.1-8b", "bf16", "kind=0 from_file=1 file_type=15", VF_ERR_USAGE, "--runtime", "vllm: GGUF files are judged under llama.cpp"},
    {"vllm", "llama-3.1-8b", "awq", "pack_bits=4", VF_ERR_REFUSED, "--quant", "the files hold weights that are quantized already"},
    {"vllm", "llama-3.1-8b", "bf16", "members=1", VF_ERR_USAGE, "--draft", "not judged with vllm"},
    {"vllm", "llama-3.1-8b", "bf16", "type_kv_set=1 type_v=30", VF_ERR_REFUSED, "--kv-type", "F16/BF16: a cache of vllm is bf16, f16 or fp8"},
    {"vllm", "llama-3.1-8b", "bf16", "type_kv_set=1 type_k=8 type_v=8", VF_ERR_REFUSED, "--kv-type", "Q8_0/Q8_0: a cache of vllm"},
    {"vllm", "llama-3.1-8b", "bf16", "cards=4 pipeline_parallel=3", VF_ERR_USAGE, "--pipeline-parallel", "3: 1 x 3 cards, and --gpu has 4"},
    {"vllm", "llama-3.1-8b", "bf16", "cards=4 tensor_parallel=2", VF_ERR_USAGE, "--tensor-parallel", "2: 2 x 1 cards, and --gpu has 4"},
    {"vllm", "llama-3.1-8b", "bf16", "cards=4 tensor_parallel=1", VF_ERR_USAGE, "--tensor-parallel", "1: 1 x 1 cards, and --gpu has 4"},
    {"vllm", "llama-3.1-8b", "bf16", "cards=4 tensor_parallel=1 pipeline_parallel=2", VF_ERR_USAGE, "--pipeline-parallel", "2: 1 x 2 cards, and --gpu has 4"},
    {"vllm", "llama-3.1-8b", "bf16", "cards=4 tensor_parallel=3 pipeline_parallel=2", VF_ERR_USAGE, "--tensor-parallel", "3: 3 x 2 cards, and --gpu has 4"},
    {"vllm", "smollm2-135m", "bf16", "cards=2", VF_ERR_REFUSED, "--tensor-parallel", "2: the model's 9 attention heads are no multiple of it"},
    {"vllm", "llama-3.1-8b", "bf16", "expert_parallel=1", VF_ERR_USAGE, "--expert-parallel", "the model has no experts"},
    {"vllm", "llama-3.1-8b", "bf16", "cards=16 pipeline_parallel=16 context=131073", VF_ERR_REFUSED, "--context", "131073: vllm refuses more than the model's 131072 tokens"},
    {"vllm", "llama-3.1-8b", "bf16", "trained=0 context=18446744073709551614", VF_ERR_RANGE, "", "over 2^60 bytes"},
    {"vllm", "llama-3.1-8b", "bf16", "tower=576460752303423489", VF_ERR_RANGE, "", "the weights would be over 2^60 bytes"},
    {"vllm", "llama-3.1-8b", "bf16", "max_num_seqs=256 max_num_batched_tokens=255", VF_ERR_REFUSED, "--max-num-batched-tokens", "255: vllm refuses less than max_num_seqs, 256"},
    {"vllm", "llama-3.1-8b", "bf16", "max_num_seqs=2 parallel=3", VF_ERR_USAGE, "--parallel", "3: more than --max-num-seqs 2"},
    {"sglang", "llama-3.1-8b", "bf16", "backend=3", VF_ERR_USAGE, "--backend", "metal: sglang runs on cuda or rocm"},
    /* Transformers */
    {"transformers", "llama-3.1-8b", "q4_k_m", "", VF_ERR_USAGE, "--quant", "Q4_K_M: transformers reads no such types"},
    {"transformers", "llama-3.1-8b", "bf16", "pack_bits=4 kind=2", VF_ERR_REFUSED, "--quant", "the files hold weights that are quantized already"},
    {"transformers", "llama-3.1-8b", "bf16", "kind=2 type_kv_set=1", VF_ERR_USAGE, "--kv-type", "not a setting of transformers"},
    {"transformers", "llama-3.1-8b", "bf16", "kind=2 context=100 prompt=101", VF_ERR_USAGE, "--prompt", "101 tokens are more than the context of 100"},
    {"transformers", "llama-3.1-8b", "bf16", "kind=2 workload=1 parallel=2", VF_ERR_USAGE, "--parallel", "2: the workload steering is one sequence"},
    {"transformers", "llama-2-7b", "bfloat16", "train=2 context=165000000000", VF_ERR_RANGE, "", "over 2^60 bytes"}, /* the spread of such a need alone */
    {"transformers", "llama-3.1-8b", "bf16", "kind=2 context=18446744073709551614", VF_ERR_RANGE, "", "over 2^60 bytes"},
    {"transformers", "llama-3.1-8b", "bf16", "kind=2 prompt=1 context=17592186044416", VF_ERR_RANGE, "", "over 2^60 bytes"}, /* its cache */
    {"transformers", "llama-3.1-8b", "bf16", "kind=2 workload=2 context=4398046511104", VF_ERR_RANGE, "", "over 2^60 bytes"}, /* its logits */
    {"transformers", "llama-3.1-8b", "bf16", "kind=2 tower=576460752303423489", VF_ERR_RANGE, "", "the weights would be over 2^60 bytes"},
    {"transformers", "llama-3.1-8b", "bf16", "kind=2 train=1 cards=2", VF_ERR_USAGE, "--gpu", "2 cards: training is judged on one"},
    {"transformers", "llama-3.1-8b", "bf16", "kind=2 train=1 workload=2", VF_ERR_USAGE, "--workload", "given beside --train"},
    {"transformers", "llama-3.1-8b", "bf16", "kind=2 train=1 prompt=10", VF_ERR_USAGE, "--prompt", "given beside --train"},
    {"transformers", "llama-3.1-8b", "bf16", "kind=2 train=3", VF_ERR_USAGE, "--train", "qlora: trains beside quantized weights"},
    {"transformers", "llama-3.1-8b", "nf4", "train=1", VF_ERR_USAGE, "--train", "full: trains weights in 16 or 32 bits, not nf4"},
    {"transformers", "llama-3.1-8b", "nf4", "train=2", VF_ERR_USAGE, "--train", "lora: trains weights in 16 or 32 bits"},
    {"transformers", "llama-3.1-8b", "bf16", "kind=2 train=1 context=18446744073709551614", VF_ERR_RANGE, "", "over 2^60 bytes"},
};

static const struct {
    const char *runtime, *model, *quant, *set, *says;
} notes[] = {
    {"ollama", "llama-3.1-8b", "q4_k_m", "context=262144 parallel=2", "context 262144 is the total of 2 sequences: num_ctx 131072 for each"},
    {"ollama", "llama-3.1-8b", "q4_k_m", "context=131073", "Ollama cuts num_ctx to the trained length, 131072"},
    {"ollama", "llama-3.1-8b", "q4_k_m", "capability=52", "turns flash attention off"},
    {"ollama", "llama-3.1-8b", "q4_k_m", "capability=72", "turns flash attention off"},
    {"ollama", "glm-4.5-air", "q4_k_m", "", "Ollama drafts with the model's MTP layers"},
    {"exo", "llama-3.1-8b", "mlx-4bit", "backend=3 cards=2", "exo deals layers in proportion to free memory"},
};

/* Formats that are answered where bf16 is not the runtime's. */
static const struct {
    const char *runtime, *quant;
} answered[] = {{"exllamav2", "exl2-4.0bpw"}, {"exllamav3", "exl3-4.0bpw"}, {"mlx", "mlx-4bit"}, {"exo", "mlx-4bit"},
                {"vllm", "bfloat16"}, {"sglang", "bfloat16"}, {"tensorrt-llm", "bfloat16"}, {"transformers", "bfloat16"}};

/* Settings next to those that are refused. */
static const struct {
    const char *runtime, *model, *quant, *set;
} taken[] = {
    {"vllm", "llama-3.1-8b", "bf16", "max_num_seqs=256 max_num_batched_tokens=256"},
    {"vllm", "llama-3.1-8b", "bf16", "max_num_seqs=2 parallel=2"},
    {"vllm", "llama-3.1-8b", "bf16", "context=131072"},
    {"vllm", "llama-3.1-8b", "bf16", "trained=0 context=131073"},
    {"vllm", "llama-3.1-8b", "bf16", "backend=1"},
    {"vllm", "llama-3.1-8b", "bf16", "kind=0 from_file=1 file_type=4294967295"}, /* safetensors */
    {"vllm", "llama-3.1-8b", "bf16", "kind=0 from_file=1 file_type=4294967295 pack_bits=4"},
    {"vllm", "llama-3.1-8b", "bf16", "type_kv_set=1 type_k=30 type_v=30"},
    {"vllm", "llama-3.1-8b", "bf16", "type_kv_set=1 type_k=1 type_v=1"},
    {"vllm", "llama-3.1-8b", "bf16", "layers=3 cards=2"}, /* tensors of layers that the model has not */
    {"mlx", "llama-3.1-8b", "bf16", "backend=3 kind=0 from_file=1 file_type=4294967295 layers=3"},
    {"mlx", "llama-3.1-8b", "mlx-4bit", "backend=3 kind=0 from_file=1 file_type=4294967295 pack_bits=4"},
    {"transformers", "llama-3.1-8b", "bf16", "kind=2 layers=3 cards=2"},
    {"transformers", "llama-3.1-8b", "nf4", "train=3"},
    {"transformers", "llama-3.1-8b", "bf16", "kind=0 from_file=1 pack_bits=4 train=3"}, /* packed in the files */
    {"transformers", "llama-3.1-8b", "bf16", "kind=2 context=100 prompt=100"},
    {"transformers", "llama-3.1-8b", "bf16", "kind=2 workload=1 parallel=1"},
    {"transformers", "llama-3.1-8b", "bf16", "kind=2 workload=2 parallel=2"},
    {"mlx", "llama-3.1-8b", "mlx-4bit", "backend=3 context=100 prompt=100"},
    {"mlx", "llama-3.1-8b", "mlx-4bit", "backend=3 type_kv_set=1 type_k=30 type_v=1"},
    {"lm-studio", "llama-3.1-8b", "bf16", "backend=3 kind=0 from_file=1 file_type=15 batch=512 gpu_layers=4"}, /* a GGUF file: its llama.cpp */
    {"lm-studio", "llama-3.1-8b", "bf16", "backend=3 kind=0 from_file=1 file_type=4294967295"},
    {"ollama", "llama-3.1-8b", "q4_k_m", "batch=512 ubatch=512"},
    {"llama.cpp", "glm-4.5-air", "q4_k_m", "draft_mtp=1 draft_max=2 mtp=1"},
};

static void answered_beside(void)
{
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        vf_error err = {0};
        CHECK(ask(taken[i].runtime, taken[i].model, taken[i].quant, taken[i].set, &err) == VF_OK && result.need > 0, "%s, %s: %s", taken[i].runtime,
              taken[i].set, err.text);
    }
}

static void refused(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_error err = {0};
        vf_status st = ask(rows[i].runtime, rows[i].model, rows[i].quant, rows[i].set, &err);
        CHECK(st == rows[i].status && err.status == st && strcmp(err.key, rows[i].key) == 0 && strstr(err.text, rows[i].says),
              "%s, %s %s, %s: status %d, %s: %s; expected %d, %s: %s", rows[i].runtime, rows[i].model, rows[i].quant, rows[i].set,
              (int)st, err.key, err.text, (int)rows[i].status, rows[i].key, rows[i].says);
    }
}

static void noted(void)
{
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        vf_error err = {0};
        bool found = false;
        vf_status st = ask(notes[i].runtime, notes[i].model, notes[i].quant, notes[i].set, &err);
        for (uint32_t k = 0; st == VF_OK && k < result.n_notes; k++)
            found = found || strstr(result.note[k], notes[i].says);
        CHECK(found, "%s, %s %s, %s: no note '%s' (%s)", notes[i].runtime, notes[i].model, notes[i].quant, notes[i].set, notes[i].says, err.text);
    }
}

/* What is loaded and what is not: blocks of multi-token prediction, a tied table of two cards, system memory. */
static void loaded(void)
{
    vf_error err;
    vf_model *m = NULL;
    uint32_t i;
    uint64_t mtp = 0;
    CHECK(vf_catalog_find(catalog, VF_KIND_MODEL, "glm-4.5-air", &i, &err) == VF_OK &&
              vf_catalog_model_open(catalog, i, &sample_allocator, &m, &err) == VF_OK, "%s", err.text);
    for (size_t t = 0; t < m->n_tensors; t++)
        if (m->tensors[t].layer >= 0 && m->layers[m->tensors[t].layer].mtp)
            mtp += 2 * vf_tensor_elements(&m->tensors[t]);
    uint32_t trunk = m->n_layers - m->hp.nextn_predict_layers;
    vf_model_free(m);
    CHECK(mtp > 0, "the model predicts several tokens");
    CHECK(ask("transformers", "glm-4.5-air", "bfloat16", "context=1024", &err) == VF_OK, "%s", err.text);
    CHECK_U64(sum_of(VF_SEG_WEIGHTS), result.model_bytes - mtp, "transformers, one card");
    CHECK(ask("transformers", "glm-4.5-air", "bfloat16", "context=1024 cards=4", &err) == VF_OK, "%s", err.text);
    CHECK_U64(sum_of(VF_SEG_WEIGHTS), result.model_bytes - mtp, "transformers, four cards");
    CHECK(ask("vllm", "glm-4.5-air", "bfloat16", "context=1024 cards=4 pipeline_parallel=4", &err) == VF_OK, "%s", err.text);
    CHECK_U64(result.device[0].layers + result.device[1].layers + result.device[2].layers + result.device[3].layers, trunk, "stages");
    CHECK(ask("transformers", "glm-4.5-air", "bfloat16", "context=1024 train=2", &err) == VF_OK, "%s", err.text);

    CHECK(ask("exo", "llama-3.2-1b", "mlx-bf16", "backend=3", &err) == VF_OK, "%s", err.text);
    uint64_t one = sum_of(VF_SEG_WEIGHTS);
    CHECK(ask("exo", "llama-3.2-1b", "mlx-bf16", "backend=3 cards=2", &err) == VF_OK, "%s", err.text);
    CHECK_U64(sum_of(VF_SEG_WEIGHTS), one + UINT64_C(128256) * 2048 * 2, "the table of the first and of the last machine");

    CHECK(ask("transformers", "llama-3.2-1b", "bfloat16", "train=2 cards=0", &err) == VF_OK, "%s", err.text);
    CHECK(result.n_devices == 0 && result.host.weights >= result.model_bytes && result.host.compute > 0, "training in system memory: %llu of %llu",
          (unsigned long long)result.host.weights, (unsigned long long)result.model_bytes);
}

/* A question about Llama 3.1 8B in Q4_K_M, without cards; *m is the caller's. */
static vf_request of_llama(vf_model **m)
{
    vf_error err = {0};
    vf_quant_entry e = {0};
    uint32_t i;
    CHECK(vf_catalog_find(catalog, VF_KIND_QUANT, "q4_k_m", &i, &err) == VF_OK && vf_catalog_quant(catalog, i, &e) == VF_OK, "q4_k_m");
    CHECK(vf_catalog_find(catalog, VF_KIND_MODEL, "llama-3.1-8b", &i, &err) == VF_OK &&
              vf_catalog_model_open(catalog, i, &sample_allocator, m, &err) == VF_OK, "%s", err.text);
    vf_request q = {.runtime = "llama.cpp", .model = *m, .quant = e.quant};
    vf_settings_init(&q.settings);
    return q;
}

/* Sums over what is in range each: cards, and what is in system memory. */
static void together(void)
{
    vf_error err = {0};
    vf_model *m = NULL;
    vf_request q = of_llama(&m);
    q.n_devices = 16;
    for (int i = 0; i < 16; i++)
        q.device[i].total = UINT64_C(1) << 60;
    CHECK(vf_estimate(&q, &sample_allocator, &result, &err) == VF_ERR_RANGE && strstr(err.text, "over 2^64 bytes"), "2^64 bytes: %s", err.text);
    q.device[15].total -= 2;
    CHECK(vf_estimate(&q, &sample_allocator, &result, &err) == VF_OK && result.available == UINT64_MAX - 1, "2^64 - 2 bytes: %s", err.text);
    const vf_member half = {.kind = VF_MEMBER_MMPROJ, .name = "mmproj", .bytes = UINT64_C(3) << 58};
    const vf_member members[] = {half, half};
    q.n_devices = 0;
    q.member = members;
    q.n_members = 1;
    CHECK(vf_estimate(&q, &sample_allocator, &result, &err) == VF_OK && result.host.weights > half.bytes, "%s", err.text);
    q.n_members = 2;
    CHECK(vf_estimate(&q, &sample_allocator, &result, &err) == VF_ERR_RANGE && strstr(err.text, "over 2^60 bytes"), "twice as much: %s", err.text);
    vf_model_free(m);
}

/* A projector of which only the size is known, on a card and in system memory. */
static void projectors(void)
{
    static const vf_member member = {.kind = VF_MEMBER_MMPROJ, .name = "mmproj", .bytes = 800000000};
    static vf_result without;
    vf_error err = {0};
    vf_model *m = NULL;
    vf_request q = of_llama(&m);
    q.member = &member;
    q.device[0].total = 24 * GIB;
    for (uint32_t cards = 0; cards < 2; cards++) {
        q.n_devices = cards;
        q.n_members = 0;
        CHECK(vf_estimate(&q, &sample_allocator, &without, &err) == VF_OK, "%s", err.text);
        q.n_members = 1;
        CHECK(vf_estimate(&q, &sample_allocator, &result, &err) == VF_OK && result.n_members == 1, "%s", err.text);
        CHECK_U64(result.host.weights - without.host.weights, cards ? 0 : member.bytes, "system memory");
        CHECK_U64(result.device[0].segment[VF_SEG_WEIGHTS] * cards, (without.device[0].segment[VF_SEG_WEIGHTS] + member.bytes) * cards, "the card");
        CHECK_U64(cards ? result.member[0].weights : result.member[0].host_weights, member.bytes, "its own");
    }
    vf_model_free(m);
}

/* Each allocation of an answer fails once: an error, or the same answer where it can do without; nothing lost. */
static void no_memory(void)
{
    static const struct {
        const char *runtime, *model, *quant, *set;
    } asked[] = {
        {"transformers", "llama-3.2-1b", "bfloat16", "cards=4"},
        {"exo", "llama-3.2-1b", "mlx-4bit", "backend=3 cards=2"},
        {"vllm", "llama-3.2-1b", "bfloat16", "cards=2"},
        {"ollama", "llama-3.2-1b", "q8_0", ""},
        {"generic", "llama-3.2-1b", "q8_0", ""},
        {"llama.cpp", "glm-4.5-air", "q4_k_m", "mtp=1 draft_mtp=1 draft_max=2"},
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        vf_error err;
        CHECK(ask(asked[i].runtime, asked[i].model, asked[i].quant, asked[i].set, &err) == VF_OK, "%s: %s", asked[i].runtime, err.text);
        uint64_t need = result.need;
        for (uint64_t at = 1;; at++) {
            memory_allocator counted = {.fail_at = at};
            const vf_allocator failing = {memory_resize, &counted};
            scratch = &failing;
            vf_status st = ask(asked[i].runtime, asked[i].model, asked[i].quant, asked[i].set, &err);
            scratch = &sample_allocator;
            CHECK(counted.in_use == 0 && counted.wrong_sizes == 0, "%s, allocation %llu: given back", asked[i].runtime, (unsigned long long)at);
            CHECK(st == VF_ERR_NOMEM || (st == VF_OK && result.need == need), "%s, allocation %llu: status %d", asked[i].runtime,
                  (unsigned long long)at, (int)st);
            if (counted.calls < at) {
                CHECK(st == VF_OK, "%s without a failure: %s", asked[i].runtime, err.text);
                break;
            }
        }
    }
}

/* LM Studio may refuse what just fits. */
static void guardrails(void)
{
    char set[64];
    vf_error err;
    bool said = false;
    CHECK(ask("lm-studio", "llama-3.1-8b", "q4_k_m", "", &err) == VF_OK && result.verdict == VF_FIT, "%s", err.text);
    for (uint32_t k = 0; k < result.n_notes; k++)
        said = said || strstr(result.note[k], "guardrails");
    CHECK(!said, "no note where there is room");
    (void)snprintf(set, sizeof set, "total=%llu", (unsigned long long)(result.need + result.margin / 2));
    CHECK(ask("lm-studio", "llama-3.1-8b", "q4_k_m", set, &err) == VF_OK && result.verdict == VF_FRAGILE, "%s: %s", set, err.text);
    for (uint32_t k = 0; k < result.n_notes; k++)
        said = said || strstr(result.note[k], "guardrails may refuse");
    CHECK(said, "a note where there is little");
}

/* Questions without a model or a runtime, and one that nothing fails of, so that rows fail for what they set. */
static void whole_questions(void)
{
    vf_error err = {0};
    vf_request q = {.runtime = "llama.cpp"};
    vf_settings_init(&q.settings);
    CHECK(vf_estimate(&q, &sample_allocator, &result, &err) == VF_ERR_USAGE && strstr(err.text, "no model"), "%s", err.text);
    CHECK(ask("llama.ccp", "llama-3.1-8b", "q4_k_m", "", &err) == VF_ERR_NOT_FOUND && strstr(err.text, "'llama.ccp' is no runtime"), "%s", err.text);
    CHECK(ask(NULL, "llama-3.1-8b", "q4_k_m", "", &err) == VF_ERR_NOT_FOUND && strstr(err.text, "'' is no runtime"), "%s", err.text);
    for (uint32_t i = 0; vf_runtime_name(i); i++) {
        const char *runtime = vf_runtime_name(i), *quant = "bf16";
        for (size_t k = 0; k < sizeof answered / sizeof answered[0]; k++)
            quant = strcmp(answered[k].runtime, runtime) == 0 ? answered[k].quant : quant;
        bool apple = strcmp(runtime, "mlx") == 0 || strcmp(runtime, "exo") == 0;
        CHECK(ask(runtime, "llama-3.1-8b", quant, apple ? "backend=3" : "", &err) == VF_OK, "%s: %s", runtime, err.text);
    }
}

int main(void)
{
    vf_error err;
    CHECK(vf_catalog_new(&sample_allocator, &catalog, &err) == VF_OK, "%s", err.text);
    whole_questions();
    refused();
    answered_beside();
    noted();
    loaded();
    projectors();
    together();
    guardrails();
    no_memory();
    vf_catalog_free(catalog);
    return CHECK_END();
}
