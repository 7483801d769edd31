// Asks llama.cpp itself how many bytes a model and a context take, without the model's weights.
//
//   measure --backends DIR        reads jobs from stdin, a line of TAB-separated key=value pairs each (KEYS),
//                                 and prints a JSON object a line: bytes of each buffer type (model, context,
//                                 compute), the output buffer; or an error
//   measure --backends DIR -v     with llama.cpp's log on stderr
//
// Weights are not allocated (no_alloc). Context and compute buffers are: llama.cpp's own estimate of those
// is not what it allocates on several devices. Bytes come from llama_get_memory_breakdown; the output buffer,
// which that leaves out, is the first allocation while the context is made.
#include "ggml-backend.h"
#include "ggml.h"
#include "llama-ext.h"
#include "llama-model.h"
#include "llama.h"
#include <dlfcn.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

static bool g_verbose, g_retried;
static std::string g_errors;
static std::pair<std::string, size_t> g_first; // the first allocation
static bool g_in_cache;                        // while the tensors of a cache get their buffers ...
static std::map<std::string, size_t> g_cache;  // ... by buffer type: what they took

// The program's definitions of these two take the place of the library's: the dynamic linker finds them first.

extern "C" ggml_backend_buffer_t ggml_backend_buft_alloc_buffer(ggml_backend_buffer_type_t buft, size_t size) {
    using function = ggml_backend_buffer_t (*)(ggml_backend_buffer_type_t, size_t);
    static function real = (function) dlsym(RTLD_NEXT, "ggml_backend_buft_alloc_buffer");
    if (size > 0 && g_first.second == 0) g_first = { ggml_backend_buft_name(buft), size };
    if (g_in_cache) g_cache[ggml_backend_buft_name(buft)] += size;
    return real(buft, size);
}

extern "C" ggml_backend_buffer_t ggml_backend_alloc_ctx_tensors_from_buft(ggml_context * ctx, ggml_backend_buffer_type_t buft) {
    using function = ggml_backend_buffer_t (*)(ggml_context *, ggml_backend_buffer_type_t);
    static function real = (function) dlsym(RTLD_NEXT, "ggml_backend_alloc_ctx_tensors_from_buft");
    const bool outer = !g_in_cache;
    g_in_cache = true;
    ggml_backend_buffer_t buffer = real(ctx, buft);
    if (outer) g_in_cache = false;
    return buffer;
}

// Big host buffers are left untouched: they then take no memory.
extern "C" void ggml_backend_buffer_clear(ggml_backend_buffer_t buffer, uint8_t value) {
    using function = void (*)(ggml_backend_buffer_t, uint8_t);
    static function real = (function) dlsym(RTLD_NEXT, "ggml_backend_buffer_clear");
    if (ggml_backend_buffer_get_size(buffer) < ((size_t) 16 << 20)) real(buffer, value);
}

static void on_log(ggml_log_level level, const char * text, void *) {
    if (g_verbose) fputs(text, stderr);
    if (level == GGML_LOG_LEVEL_ERROR) g_errors += text;
    if (strstr(text, "retrying without pipeline parallelism")) g_retried = true;
}

static const std::set<std::string> KEYS = { "model", "n_ctx", "n_batch", "n_ubatch", "n_seq_max", "n_outputs_max", "fa",
    "ctk", "ctv", "offload_kqv", "op_offload", "swa_full", "kv_unified", "embeddings", "ngl", "sm", "ts", "ot", "draft_mtp" };

struct job {
    std::map<std::string, std::string> pairs;

    std::string text(const char * key, const char * unset) const {
        auto it = pairs.find(key);
        return it == pairs.end() ? unset : it->second;
    }
    long number(const char * key, long unset) const {
        auto it = pairs.find(key);
        return it == pairs.end() ? unset : strtol(it->second.c_str(), nullptr, 10);
    }
};

static bool type_by_name(const std::string & name, ggml_type & type) {
    for (int t = 0; t < GGML_TYPE_COUNT; t++) {
        const char * s = ggml_type_name((ggml_type) t);
        if (s && name == s) return type = (ggml_type) t, true;
    }
    g_errors = "unknown type " + name;
    return false;
}

// The last model stays loaded for jobs that only differ in the context.
static llama_model * load(const job & j) {
    static llama_model * model;
    static std::string loaded, pattern;
    static float split[128];
    static llama_model_tensor_buft_override override[2];
    const std::string key = j.text("model", "") + "|" + j.text("ngl", "-1") + "|" + j.text("ts", "") + "|" + j.text("ot", "") + "|" + j.text("sm", "") + "|" + j.text("draft_mtp", "");
    if (model && key == loaded) return model;
    if (model) llama_model_free(model);
    llama_model_params p = llama_model_default_params();
    std::stringstream shares(j.text("ts", ""));
    memset(split, 0, sizeof split);
    std::string share;
    for (int n = 0; n < 128 && std::getline(shares, share, ','); n++) split[n] = strtof(share.c_str(), nullptr);
    if (j.pairs.count("ts")) p.tensor_split = split;
    if (j.text("sm", "layer") == "tensor") p.split_mode = LLAMA_SPLIT_MODE_TENSOR;
    p.n_gpu_layers = (int) j.number("ngl", -1);
    p.no_alloc = true;
    p.load_mtp = j.number("draft_mtp", 0) != 0;
    p.load_mode = LLAMA_LOAD_MODE_NONE;
    if (j.pairs.count("ot")) {
        pattern = j.text("ot", "");
        override[0].pattern = pattern.c_str();
        override[0].buft = ggml_backend_cpu_buffer_type();
        p.tensor_buft_overrides = override;
    }
    loaded = key;
    return model = llama_model_load_from_file(j.text("model", "").c_str(), p);
}

static bool context_params(const job & j, llama_context_params & p) {
    const std::string fa = j.text("fa", "auto");
    p = llama_context_default_params();
    p.n_ctx = (uint32_t) j.number("n_ctx", 4096);
    p.n_batch = (uint32_t) j.number("n_batch", 2048);
    p.n_ubatch = (uint32_t) j.number("n_ubatch", 512);
    p.n_seq_max = (uint32_t) j.number("n_seq_max", 1);
    p.n_outputs_max = (uint32_t) j.number("n_outputs_max", 0);
    p.n_outputs_max_per_seq = 0;
    p.flash_attn_type = fa == "on" ? LLAMA_FLASH_ATTN_TYPE_ENABLED : fa == "off" ? LLAMA_FLASH_ATTN_TYPE_DISABLED : LLAMA_FLASH_ATTN_TYPE_AUTO;
    p.offload_kqv = j.number("offload_kqv", 1) != 0;
    p.op_offload = j.number("op_offload", 1) != 0;
    p.swa_full = j.number("swa_full", 0) != 0;
    p.kv_unified = j.number("kv_unified", 0) != 0;
    p.embeddings = j.number("embeddings", 0) != 0;
    p.no_perf = true;
    p.n_rs_seq = (uint32_t) j.number("draft_mtp", 0);
    return type_by_name(j.text("ctk", "f16"), p.type_k) && type_by_name(j.text("ctv", "f16"), p.type_v);
}

static void put_error(const char * where) {
    std::string s;
    for (unsigned char c : g_errors) s += c == '"' || c == '\\' ? '\'' : c < 32 ? ' ' : (char) c;
    printf("{\"error\":\"%s: %s\"}\n", where, s.c_str());
    fflush(stdout);
}

using breakdown = std::map<std::string, llama_memory_breakdown_data>;

// What a card of a tensor split holds of a tensor: llama.cpp's own cut, the card's own size of it.
static size_t slice_size(const ggml_tensor * t, const ggml_backend_meta_split_state & state, size_t n_cards, size_t card, ggml_backend_buffer_type_t buft) {
    ggml_tensor slice = *t;
    if (state.axis >= 0 && state.axis < GGML_MAX_DIMS) {
        slice.ne[state.axis] = 0;
        for (size_t s = 0; s < state.n_segments; s++) slice.ne[state.axis] += state.ne[s * n_cards + card] * state.nr[s];
        for (int i = 0; i < GGML_MAX_DIMS; i++)
            if (t->nb[i] > t->nb[state.axis]) slice.nb[i] = t->nb[i] * slice.ne[state.axis] / t->ne[state.axis];
    }
    const size_t align = ggml_backend_buft_get_alignment(buft);
    return (ggml_backend_buft_get_alloc_size(buft, &slice) + align - 1) / align * align;
}

// The one device of a tensor split, "Meta", says the largest of its cards: each card's own bytes in its place.
static void open_meta(llama_model * model, breakdown & by) {
    breakdown::iterator meta = by.begin();
    while (meta != by.end() && meta->first.rfind("Meta", 0)) ++meta;
    if (meta == by.end()) return;
    std::vector<ggml_backend_buffer_type_t> cards;
    for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
        ggml_backend_buffer_type_t buft = ggml_backend_dev_buffer_type(ggml_backend_dev_get(i));
        if (buft != ggml_backend_cpu_buffer_type()) cards.push_back(buft);
    }
    for (size_t c = 0; c < cards.size(); c++) {
        llama_memory_breakdown_data & card = by[ggml_backend_buft_name(cards[c])];
        card.context = g_cache[ggml_backend_buft_name(cards[c])];
        card.compute = meta->second.compute; // every card gets the whole buffer
        for (auto & e : model->tensors_by_name) {
            if (!e.second->buffer || strncmp(ggml_backend_buffer_name(e.second->buffer), "Meta", 4)) continue;
            card.model += slice_size(e.second, llama_meta_device_get_split_state(e.second, &model->get_split_state_ud), cards.size(), c, cards[c]);
        }
    }
    by.erase(meta);
}

static void add_context(llama_context * ctx, breakdown & by) {
    for (auto & e : llama_get_memory_breakdown(ctx)) {
        by[ggml_backend_buft_name(e.first)].context += e.second.context;
        by[ggml_backend_buft_name(e.first)].compute += e.second.compute;
    }
}

// The second context, in which a model's prediction layers draft for it (common/speculative.cpp).
static llama_context * draft_context(llama_model * model, llama_context * target, llama_context_params p) {
    p.ctx_type = LLAMA_CONTEXT_TYPE_MTP;
    p.ctx_other = target;
    p.n_ctx = llama_n_ctx(target);
    p.n_rs_seq = 0;
    p.n_outputs_max = p.n_seq_max;
    p.n_outputs_max_per_seq = 1;
    p.type_k = p.type_v = GGML_TYPE_F16;
    p.embeddings = false;
    return llama_init_from_model(model, p);
}

static void put_buffers(llama_model * model, llama_context * ctx, llama_context * draft) {
    breakdown by;
    add_context(ctx, by);
    if (draft) add_context(draft, by);
    model->hparams.no_alloc = true; // asks for what the weights would take: their buffers are empty
    for (auto & e : model->memory_breakdown()) by[ggml_backend_buft_name(e.first)].model += e.second;
    open_meta(model, by);
    printf("{\"buffers\":{");
    const char * comma = "";
    for (auto & e : by) {
        printf("%s\"%s\":{\"model\":%zu,\"context\":%zu,\"compute\":%zu}", comma, e.first.c_str(), e.second.model, e.second.context, e.second.compute);
        comma = ",";
    }
    printf("},\"output\":{\"%s\":%zu}}\n", g_first.first.c_str(), g_first.second);
    fflush(stdout);
}

static void run(const job & j) {
    llama_context_params p;
    g_errors.clear();
    for (auto & e : j.pairs) if (!KEYS.count(e.first)) g_errors += " " + e.first;
    if (!g_errors.empty()) return put_error("unknown key");
    llama_model * model = load(j);
    if (!model) return put_error("load");
    if (!model->hparams.no_alloc) { // the headers this was built with are not the library's
        fprintf(stderr, "the layout of llama_model is another\n");
        _exit(3);
    }
    if (!context_params(j, p)) return put_error("unknown value");
    g_first = {};
    g_cache.clear();
    g_retried = false;
    model->hparams.no_alloc = false;
    llama_context * ctx = llama_init_from_model(model, p);
    const size_t output = g_first.second;
    llama_context * draft = ctx && j.number("draft_mtp", 0) ? draft_context(model, ctx, p) : nullptr;
    g_first.second = output;
    if (!ctx || (!draft && j.number("draft_mtp", 0))) put_error("ctx");
    else if (g_retried) put_error("insufficient memory");
    else put_buffers(model, ctx, draft);
    model->hparams.no_alloc = true;
    if (draft) llama_free(draft);
    if (ctx) llama_free(ctx);
}

int main(int argc, char ** argv) {
    g_verbose = argc == 4 && !strcmp(argv[3], "-v");
    if ((argc != 3 && !g_verbose) || strcmp(argv[1], "--backends")) {
        fprintf(stderr, "usage: measure --backends DIR [-v] <jobs\n");
        return 2;
    }
    llama_log_set(on_log, nullptr);
    ggml_backend_load_all_from_path(argv[2]);
    llama_backend_init();
    for (std::string line; std::getline(std::cin, line);) {
        job j;
        std::stringstream fields(line);
        for (std::string field; std::getline(fields, field, '\t');) {
            const size_t sign = field.find('=');
            if (sign != std::string::npos) j.pairs[field.substr(0, sign)] = field.substr(sign + 1);
        }
        run(j);
    }
    fflush(stdout);
    _exit(0); // the pretend driver cannot be unloaded
}
