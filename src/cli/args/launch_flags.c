/* Sources: llama.cpp v0.5.0 common/arg.cpp, tools/server/server.cpp; Ollama cmd/cmd.go; vLLM v0.11 engine/arg_utils.py. */
#include "cli/args/launch_flags.h"

#define SKIPS(names) {names, FLAG_SKIPS, OPT_COUNT, NULL}
#define IGNORED(names) {names, FLAG_IGNORED, OPT_COUNT, NULL}
#define REFUSED(names, why) {names, FLAG_REFUSED, OPT_COUNT, why}

static const launch_flag llama_flags[] = {
    {"-m --model", FLAG_VALUE, OPT_MODEL, NULL},
    {"-hf -hfr --hf-repo", FLAG_REPOSITORY, OPT_MODEL, NULL},
    {"-c --ctx-size", FLAG_CONTEXT, OPT_CONTEXT, NULL},
    {"-b --batch-size", FLAG_VALUE, OPT_BATCH, NULL},
    {"-ub --ubatch-size", FLAG_VALUE, OPT_UBATCH, NULL},
    {"-np --parallel", FLAG_SEQUENCES, OPT_PARALLEL, NULL},
    {"-kvu --kv-unified", FLAG_GIVES, OPT_KV_UNIFIED, ""},
    {"-fa --flash-attn", FLAG_SWITCH, OPT_FLASH_ATTN, NULL},
    {"-ctk --cache-type-k", FLAG_VALUE, OPT_TYPE_K, NULL},
    {"-ctv --cache-type-v", FLAG_VALUE, OPT_TYPE_V, NULL},
    {"-ngl --gpu-layers --n-gpu-layers", FLAG_LAYERS, OPT_GPU_LAYERS, NULL},
    {"-cmoe --cpu-moe", FLAG_GIVES, OPT_CPU_MOE, "all"},
    {"-ncmoe --n-cpu-moe", FLAG_VALUE, OPT_CPU_MOE, NULL},
    {"-ot --override-tensor", FLAG_OVERRIDES, OPT_OVERRIDE_TENSOR, NULL},
    {"-sm --split-mode", FLAG_VALUE, OPT_SPLIT, NULL},
    {"-ts --tensor-split", FLAG_VALUE, OPT_TENSOR_SPLIT, NULL},
    {"-nkvo --no-kv-offload", FLAG_GIVES, OPT_NO_KV_OFFLOAD, ""},
    {"--no-op-offload", FLAG_GIVES, OPT_NO_OP_OFFLOAD, ""},
    {"--no-mmap", FLAG_GIVES, OPT_NO_MMAP, ""},
    {"--swa-full", FLAG_GIVES, OPT_SWA_FULL, ""},
    {"--embedding --embeddings --rerank --reranking", FLAG_GIVES, OPT_EMBEDDINGS, ""},
    {"-md --model-draft --spec-draft-model", FLAG_VALUE, OPT_DRAFT, NULL},
    {"-mm --mmproj", FLAG_VALUE, OPT_MMPROJ, NULL},
    {"--lora", FLAG_VALUE, OPT_LORA, NULL},
    {"-fit --fit", FLAG_FIT, OPT_COUNT, NULL},
    REFUSED("-dev --device", "the cards are what --gpu says"),
    REFUSED("--rpc", "cards of other machines are not judged"),
    REFUSED("-mg --main-gpu", "the cards are what --gpu says"),
    REFUSED("-mu --model-url -dr --docker-repo -hff --hf-file", "name the model (--model, -hf)"),
    REFUSED("--kv-unified-per-slot", "give the whole context (-c)"),
    REFUSED("-ncffn --n-cpu-ffn --no-mmproj-offload", "this placement is not judged"),
    {"--spec-type", FLAG_SPECULATION, OPT_COUNT, NULL},
    {"--spec-draft-n-max --draft --draft-n --draft-max", FLAG_VALUE, OPT_DRAFT_MAX, NULL},
    REFUSED("--eagle3 --dflash", "of speculation only a draft model (-md) and draft-mtp are judged"),
    REFUSED("-ngld --gpu-layers-draft --n-gpu-layers-draft --spec-draft-ngl -ctkd --cache-type-k-draft -ctvd "
            "--cache-type-v-draft -devd --device-draft -otd --override-tensor-draft -cmoed --cpu-moe-draft",
            "a draft model is judged with its defaults"),
    REFUSED("--models-dir --models-preset", "a router loads no model of its own: name one (-m)"),
    SKIPS("-t --threads -tb --threads-batch -C --cpu-mask -Cr --cpu-range --cpu-strict --prio --poll -Cb --cpu-mask-batch "
          "-Crb --cpu-range-batch --cpu-strict-batch --prio-batch --poll-batch --threads-http --numa"),
    SKIPS("-n --predict --n-predict --keep -p --prompt -sys --system-prompt -f --file -sysf --system-prompt-file "
          "-bf --binary-file -r --reverse-prompt --in-prefix --in-suffix --image --audio --video -s --seed"),
    SKIPS("--samplers --sampler-seq --sampling-seq --temp --temperature --top-k --top-p --min-p --top-nsigma --top-n-sigma "
          "--xtc-probability --xtc-threshold --typical --typical-p --repeat-last-n --repeat-penalty --presence-penalty "
          "--frequency-penalty --dry-multiplier --dry-base --dry-allowed-length --dry-penalty-last-n "
          "--dry-sequence-breaker --dynatemp-range --dynatemp-exp --mirostat --mirostat-lr --mirostat-ent -l --logit-bias "
          "--grammar --grammar-file -j --json-schema -jf --json-schema-file --adaptive-target --adaptive-decay"),
    SKIPS("--rope-scaling --rope-scale --rope-freq-base --rope-freq-scale --yarn-orig-ctx --yarn-ext-factor "
          "--yarn-attn-factor --yarn-beta-slow --yarn-beta-fast -gan --grp-attn-n -gaw --grp-attn-w --override-kv"),
    SKIPS("--host --port --path --api-prefix --api-key --api-key-file --ssl-key-file --ssl-cert-file -to --timeout "
          "--cors-origins --cors-methods --cors-headers --slot-save-path --media-path --cache-reuse -cram --cache-ram "
          "-ctxcp --ctx-checkpoints --swa-checkpoints -cms --checkpoint-min-step -sps --slot-prompt-similarity "
          "--sse-ping-interval --sleep-idle-seconds --ui-config --webui-config --tools --mcp-servers-config"),
    SKIPS("-a --alias --tags -hft --hf-token --chat-template --chat-template-file --chat-template-kwargs "
          "--reasoning-format -rea --reasoning --reasoning-effort --reasoning-budget --reasoning-budget-message --pooling "
          "--attention -co --color --log-file -lv --verbosity --log-verbosity --log-prompts-dir -fitt --fit-target "
          "-fitc --fit-ctx -lm --load-mode -lzm --lazy-mode --spec-draft-n-min "
          "--draft-min --draft-n-min --spec-draft-p-min --draft-p-min --spec-draft-p-split --draft-p-split "
          "-td --threads-draft -tbd --threads-batch-draft --image-min-tokens --image-max-tokens -dt --defrag-thold"),
    IGNORED("-cnv --conversation -no-cnv --no-conversation -st --single-turn -i --interactive -if --interactive-first "
            "-mli --multiline-input -e --escape --no-escape -sp --special --ignore-eos --in-prefix-bos --verbose-prompt "
            "--display-prompt --no-display-prompt --simple-io -v --verbose --log-verbose --log-disable --log-prefix "
            "--no-log-prefix --log-timestamps --no-log-timestamps --log-colors --perf --no-perf --show-timings "
            "--no-show-timings --warmup --no-warmup --check-tensors --offline --spm-infill -bs --backend-sampling"),
    IGNORED("--jinja --no-jinja -cb --cont-batching -nocb --no-cont-batching --context-shift --no-context-shift --metrics "
            "--props --slots --no-slots --ui --webui --no-ui --no-webui --cache-prompt --no-cache-prompt "
            "--cache-idle-slots --no-cache-idle-slots --reuse-port --prefill-assistant --no-prefill-assistant "
            "--lora-init-without-apply --reasoning-preserve --no-reasoning-preserve -no-kvu --no-kv-unified "
            "-kvo --kv-offload --op-offload --repack -nr --no-repack --no-host --mlock --mmap --no-mmproj "
            "--mmproj-auto --no-mmproj-auto --mmproj-offload"),
    {NULL, FLAG_IGNORED, OPT_COUNT, NULL},
};

static const launch_flag ollama_flags[] = {
    IGNORED("--verbose --nowordwrap --insecure --hidethinking --think"),
    SKIPS("--format --keepalive"),
    {NULL, FLAG_IGNORED, OPT_COUNT, NULL},
};

static const launch_flag vllm_flags[] = {
    {"--model", FLAG_VALUE, OPT_MODEL, NULL},
    {"-q --quantization", FLAG_VALUE, OPT_QUANT, NULL},
    {"--dtype", FLAG_DTYPE, OPT_QUANT, NULL},
    {"--max-model-len", FLAG_CONTEXT, OPT_CONTEXT, NULL},
    {"-tp --tensor-parallel-size", FLAG_VALUE, OPT_TENSOR_PARALLEL, NULL},
    {"-pp --pipeline-parallel-size", FLAG_VALUE, OPT_PIPELINE_PARALLEL, NULL},
    {"--enable-expert-parallel -ep", FLAG_GIVES, OPT_EXPERT_PARALLEL, ""},
    {"--gpu-memory-utilization", FLAG_VALUE, OPT_UTILIZATION, NULL},
    {"--max-num-seqs", FLAG_VALUE, OPT_MAX_NUM_SEQS, NULL},
    {"--max-num-batched-tokens", FLAG_VALUE, OPT_MAX_BATCHED, NULL},
    {"--kv-cache-dtype", FLAG_VALUE, OPT_KV_TYPE, NULL},
    REFUSED("--cpu-offload-gb --swap-space --kv-transfer-config", "memory outside the cards is not judged"),
    REFUSED("--speculative-config", "a draft model of vLLM is not judged"),
    REFUSED("-dp --data-parallel-size", "ask for one replica: its cards are what --gpu says"),
    REFUSED("--config", "the settings of a file are not read"),
    SKIPS("--host --port --uvicorn-log-level --api-key --served-model-name --tokenizer --tokenizer-mode --revision "
          "--tokenizer-revision --code-revision --download-dir --load-format --seed --chat-template "
          "--chat-template-content-format --response-role --tool-call-parser --tool-parser-plugin --reasoning-parser "
          "--max-log-len --max-logprobs --distributed-executor-backend --block-size --scheduling-policy --generation-config "
          "--override-generation-config --ssl-keyfile --ssl-certfile --root-path --middleware --allowed-origins "
          "--limit-mm-per-prompt --guided-decoding-backend --runner --task --hf-token --rope-scaling --rope-theta"),
    IGNORED("--trust-remote-code --enable-prefix-caching --no-enable-prefix-caching --enable-chunked-prefill "
            "--no-enable-chunked-prefill --disable-log-requests --disable-log-stats --enable-auto-tool-choice "
            "--disable-custom-all-reduce --enable-reasoning --disable-fastapi-docs --enable-log-requests "
            "--async-scheduling --no-async-scheduling --enable-request-id-headers"),
    {NULL, FLAG_IGNORED, OPT_COUNT, NULL},
};

const launch_program launch_programs[] = {
    {.name = "llama-server", .runtime = "llama.cpp", .fits = true, .trained = true, .slots = true, .flags = llama_flags},
    {.name = "llama-cli", .runtime = "llama.cpp", .fits = true, .trained = true, .flags = llama_flags},
    {.name = "llama-completion", .runtime = "llama.cpp", .fits = true, .trained = true, .flags = llama_flags},
    {.name = "llama-mtmd-cli", .runtime = "llama.cpp", .fits = true, .trained = true, .flags = llama_flags},
    {.name = "ollama", .word = "run", .runtime = "ollama", .model_is_plain = true, .flags = ollama_flags},
    {.name = "vllm", .word = "serve", .runtime = "vllm", .model_is_plain = true, .trained = true, .flags = vllm_flags},
    {.name = "python -m vllm.entrypoints.openai.api_server", .runtime = "vllm", .trained = true, .flags = vllm_flags},
    {.name = NULL},
};
