/* Ollama's own lines: time=... level=INFO source=... msg="..." key=value ... Between them stand the lines of
 * the llama.cpp in it, as they are. */
#include <string.h>

#include "load/log/log.h"

typedef struct field {
    const char *text;
    size_t n;
} field;

/** The value behind " KEY=", without its quotes; empty when the key is not there. */
static field find_field(const char *line, const char *key)
{
    size_t m = strlen(key);
    for (const char *p = line; (p = strstr(p, key)); p += m) {
        if (p == line || p[-1] != ' ' || p[m] != '=')
            continue;
        const char *value = p + m + 1;
        if (*value != '"')
            return (field){value, strcspn(value, " ")};
        const char *end = ++value;
        while (*end && *end != '"')
            end += end[0] == '\\' && end[1] ? 2 : 1;
        return (field){value, (size_t)(end - value)};
    }
    return (field){"", 0};
}

static bool is(field f, const char *text)
{
    return f.n == strlen(text) && memcmp(f.text, text, f.n) == 0;
}

static bool starts(field f, const char *text)
{
    return f.n >= strlen(text) && memcmp(f.text, text, strlen(text)) == 0;
}

static uint32_t number(field f)
{
    uint64_t v;
    return f.n && vf_log_number(&f.text, &v) && v < UINT32_MAX ? (uint32_t)v : 0;
}

/** "4.1 GiB": replaces what was said before. */
static void set_size(vf_log_size *size, field f)
{
    static const char *const units[] = {" B", " KiB", " MiB", " GiB", " TiB"};
    uint64_t value;
    unsigned decimals;
    *size = (vf_log_size){0};
    if (f.n == 0 || !vf_log_decimal(&f.text, &value, &decimals))
        return;
    for (unsigned i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strncmp(f.text, units[i], strlen(units[i])) == 0)
            vf_log_add(size, value, decimals, UINT64_C(1) << (10 * i));
}

/** msg="model weights" device=CUDA0 size="4.1 GiB"; until the middle of 2025 buffer=, backend= and buffer_type=. */
static void amount(vf_log_reader *r, const char *line, vf_log_term term)
{
    static const char *const names[] = {"device", "buffer_type", "buffer"};
    vf_log *log = &r->log;
    if (term == VF_LOG_WEIGHTS && (vf_log_says(log, VF_LOG_KV_CACHE) || vf_log_says(log, VF_LOG_COMPUTE)))
        for (int t = 0; t < VF_LOG_TERMS; t++)
            vf_log_forget(log, (vf_log_term)t); /* the next attempt at placing the same model */
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        field name = find_field(line, names[i]);
        vf_log_device *d = name.n ? vf_log_find_device(r, name.text, name.n) : NULL;
        if (!d)
            continue;
        set_size(&d->term[term], find_field(line, "size"));
        log->ollama = true;
        return;
    }
}

/** msg="offload to cuda" layers.model=33 layers.offload=33 memory.required.kv="1.0 GiB" ...: what Ollama expects,
 * as sums; told apart by device only when there is one that takes all. */
static void offload(vf_log_reader *r, const char *line)
{
    vf_log_begin_load(r);
    vf_log *log = &r->log;
    log->estimate = log->ollama = true;
    log->n_offloaded = number(find_field(line, "layers.offload"));
    log->n_offloadable = number(find_field(line, "layers.model"));
    field library = find_field(line, "library");
    if (library.n == 0)
        library = find_field(line, "msg");
    if (log->n_offloaded < log->n_offloadable || find_field(line, "layers.split").n)
        return;
    const char *name = strstr(library.text, "metal") ? "Metal" : strstr(library.text, "rocm") ? "ROCm0" : "CUDA0";
    vf_log_device *d = vf_log_find_device(r, name, strlen(name));
    set_size(&d->term[VF_LOG_KV_CACHE], find_field(line, "memory.required.kv"));
    set_size(&d->term[VF_LOG_COMPUTE], find_field(line, "memory.graph.full"));
}

/** The number behind a word of a launch line or of a request. */
static uint32_t behind(field f, const char *word)
{
    const char *p = strstr(f.text, word);
    uint64_t v;
    if (!p || p >= f.text + f.n)
        return 0;
    p += strlen(word);
    return vf_log_number(&p, &v) && v < UINT32_MAX ? (uint32_t)v : 0;
}

static void set_types(vf_log *log, field f, const char *word)
{
    const char *p = strstr(f.text, word);
    char name[16] = "";
    if (!p || p >= f.text + f.n)
        return;
    p += strlen(word);
    size_t n = strcspn(p, " \"}");
    if (n == 0 || n >= sizeof name)
        return;
    memcpy(name, p, n);
    const vf_type_info *type = vf_type_find(name);
    if (type) {
        log->type_k = log->type_v = (uint32_t)type->type;
        log->has_types = true;
    }
}

/** msg="starting llama server" cmd="... --model PATH --ctx-size 8192 --batch-size 512 --parallel 4 ..." */
static void starting(vf_log_reader *r, const char *line)
{
    field cmd = find_field(line, "cmd");
    if (!r->log.estimate)
        vf_log_begin_load(r);
    vf_log *log = &r->log;
    const char *path = strstr(cmd.text, "--model ");
    if (path && path < cmd.text + cmd.n) {
        path += strlen("--model ");
        vf_log_text(log->path, sizeof log->path, path, strcspn(path, " \"\\"));
    }
    log->n_ctx = behind(cmd, "--ctx-size ");
    log->n_batch = log->n_ubatch = behind(cmd, "--batch-size ");
    log->n_seq_max = behind(cmd, "--parallel ");
    log->kv_unified = log->n_seq_max > 1;
    log->flash_attn = strstr(cmd.text, "--flash-attn") ? VF_ON : VF_AUTO;
    set_types(log, cmd, "--kv-cache-type ");
}

/** msg=load request="{Operation:commit ... Parallel:1 BatchSize:512 FlashAttention:true KvSize:4096 KvCacheType: ..." */
static void load_request(vf_log_reader *r, const char *line)
{
    field f = find_field(line, "request");
    vf_log *log = &r->log;
    if (!behind(f, "KvSize:"))
        return; /* Operation:close */
    for (int t = 0; t < VF_LOG_TERMS; t++)
        vf_log_forget(log, (vf_log_term)t); /* what was said before was the plan */
    log->ollama = true;
    log->estimate = false;
    log->n_ctx = behind(f, "KvSize:");
    log->n_seq_max = behind(f, "Parallel:");
    log->n_batch = log->n_ubatch = behind(f, "BatchSize:");
    log->kv_unified = log->n_seq_max > 1;
    log->flash_attn = strstr(f.text, "FlashAttention:true") || strstr(f.text, "FlashAttention:Enabled") ? VF_ON
                      : strstr(f.text, "FlashAttention:Auto")                                          ? VF_AUTO
                                                                                                       : VF_OFF;
    set_types(log, f, "KvCacheType:");
}

bool vf_log_ollama_line(vf_log_reader *r, char *line)
{
    field msg = find_field(line, "msg"), type;
    if (!strstr(line, "level=") || msg.text[0] == 0)
        return false;
    if (is(msg, "model weights"))
        amount(r, line, VF_LOG_WEIGHTS);
    else if (is(msg, "kv cache"))
        amount(r, line, VF_LOG_KV_CACHE);
    else if (is(msg, "compute graph"))
        amount(r, line, VF_LOG_COMPUTE);
    else if (is(msg, "offload") || starts(msg, "offload to "))
        offload(r, line);
    else if (is(msg, "starting llama server") || is(msg, "starting runner"))
        starting(r, line);
    else if (is(msg, "loading model"))
        r->log.estimate = true; /* what follows is planned; a load request, or llama.cpp's lines, are facts */
    else if (is(msg, "load"))
        load_request(r, line);
    else if (find_field(line, "architecture").n && (type = find_field(line, "file_type")).n) {
        vf_log_quant(r->log.quant, sizeof r->log.quant, type.text, type.n);
        vf_log_text(r->log.name, sizeof r->log.name, find_field(line, "name").text, find_field(line, "name").n);
    } else {
        return false;
    }
    return true;
}
