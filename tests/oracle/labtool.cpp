// Two questions put to llama.cpp itself about a model file that is only metadata:
//
//   labtool enum  BACKENDS FILE KEEP       every tensor that the loader asks for, a line each: name, shape,
//                                          "required" or "optional"; optional ones where KEEP matches the name
//   labtool types BACKENDS FILE FTYPE[i]   the type that the quantizer gives every tensor (a dry run); FTYPE is a
//                                          number of enum llama_ftype, "i": as if with an importance matrix
#include "ggml-backend.h"
#include "ggml.h"
#include "gguf.h"
#include "llama-model-loader.h"
#include "llama.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <regex>
#include <set>
#include <string>

static std::string g_log, g_errors;
static bool g_types;
static std::regex g_keep;

// The program's definitions of these two take the place of the library's: the dynamic linker finds them first.

// "Is this tensor in the file?" Yes: so layers that real files have or not are asked for.
const llama_model_loader::llama_tensor_weight * llama_model_loader::get_weight(const char *) const {
    alignas(16) static char something[sizeof(llama_tensor_weight)];
    return g_types ? nullptr : (const llama_tensor_weight *) something;
}

ggml_tensor * llama_model_loader::create_tensor(const llama_hparams &, const buft_list_t *, const buft_list_t *,
        const buft_list_t *, const buft_list_t *, const LLM_TN_IMPL & tn, const std::initializer_list<int64_t> & ne, int flags) {
    static ggml_context * ctx = ggml_init({ (size_t) 256 << 20, nullptr, true });
    static std::set<std::string> seen;
    const bool optional = flags & (TENSOR_NOT_REQUIRED | TENSOR_SKIP_IF_VIRTUAL);
    const std::string name = tn.str();
    if ((flags & TENSOR_SKIP) || (optional && !std::regex_search(name, g_keep))) return nullptr;
    int64_t d[GGML_MAX_DIMS] = { 1, 1, 1, 1 };
    int n = 0;
    for (int64_t x : ne) {
        if (x <= 0 && optional) return nullptr;
        d[n++] = x <= 0 ? 1 : x;
    }
    if (seen.insert(name).second) {
        printf("%s\t", name.c_str());
        for (int i = 0; i < n; i++) printf("%s%lld", i ? " " : "", (long long) d[i]);
        printf("\t%s\n", optional ? "optional" : "required");
    }
    ggml_tensor * t = ggml_new_tensor(ctx, GGML_TYPE_F32, n ? n : 1, d);
    ggml_set_name(t, name.c_str());
    return t;
}

// "[   1/ 291]  NAME  - [ ... ], type =  f16, size = ..." and behind it " -> ... (q4_K)" where it changes
static void put_type(const std::string & line) {
    const size_t name = line.find("] "), shape = line.find(" - ["), type = line.find("type = ");
    if (line.empty() || line[0] != '[' || name == std::string::npos || shape == std::string::npos || type == std::string::npos) return;
    const size_t from = line.find_first_not_of(' ', name + 1), is = line.find_first_not_of(' ', type + 7);
    std::string to = line.substr(is, line.find(',', is) - is);
    if (line.find("->") != std::string::npos) {
        const size_t open = line.rfind('(');
        to = line.substr(open + 1, line.rfind(')') - open - 1);
    }
    printf("%s\t%s\n", line.substr(from, line.find(' ', from) - from).c_str(), to.c_str());
}

static void on_log(ggml_log_level level, const char * text, void *) {
    if (level == GGML_LOG_LEVEL_ERROR) g_errors += text;
    if (!g_types) return;
    g_log += text;
    for (size_t n; (n = g_log.find('\n')) != std::string::npos; g_log.erase(0, n + 1)) put_type(g_log.substr(0, n));
}

static void no_data(ggml_tensor *, void *) {}

static bool list_tensors(const char * file, const char * keep) {
    g_keep = std::regex(keep);
    gguf_context * g = gguf_init_from_file(file, { true, nullptr });
    if (!g) return false;
    llama_model_params p = llama_model_default_params();
    p.no_alloc = true;
    p.load_mode = LLAMA_LOAD_MODE_NONE;
    p.use_extra_bufts = false;
    p.load_mtp = true;
    return llama_model_init_from_user(g, no_data, nullptr, p) != nullptr;
}

static bool list_types(const char * file, const char * ftype) {
    g_types = true;
    llama_model_quantize_params p = llama_model_quantize_default_params();
    p.ftype = (llama_ftype) atoi(ftype);
    p.dry_run = true;
    p.nthread = 1;
    p.allow_requantize = true;
    float zero = 0;
    llama_model_imatrix_data matrix[2] = {};
    matrix[0].name = "none";
    matrix[0].data = &zero;
    matrix[0].size = 1;
    if (strchr(ftype, 'i')) p.imatrix = matrix;
    return llama_model_quantize(file, "/dev/null", &p) == 0;
}

int main(int argc, char ** argv) {
    if (argc != 5 || (strcmp(argv[1], "enum") && strcmp(argv[1], "types"))) {
        fprintf(stderr, "usage: labtool enum|types BACKENDS FILE KEEP|FTYPE\n");
        return 2;
    }
    llama_log_set(on_log, nullptr);
    ggml_backend_load_all_from_path(argv[2]);
    llama_backend_init();
    const bool ok = strcmp(argv[1], "enum") ? list_types(argv[3], argv[4]) : list_tensors(argv[3], argv[4]);
    if (!ok) fprintf(stderr, "%s\n", g_errors.c_str());
    fflush(stdout);
    _Exit(ok ? 0 : 1);
}
