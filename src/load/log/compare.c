/* A log as a question, and the answer beside the log. */
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "load/log/log.h"

const char *vf_log_match_name(vf_log_match match)
{
    static const char *const names[] = {"not said", "equal", "within margin", "mapped", "differs"};
    return (unsigned)match < sizeof names / sizeof names[0] ? names[match] : "";
}

const char *vf_log_term_name(vf_log_term term)
{
    static const char *const names[VF_LOG_TERMS] = {"weights", "KV cache", "compute", "output"};
    return (unsigned)term < VF_LOG_TERMS ? names[term] : "";
}

static vf_backend backend_of(const vf_log *log)
{
    static const struct {
        const char *prefix;
        vf_backend backend;
    } prefixes[] = {{"CUDA", VF_BACKEND_CUDA}, {"ROCm", VF_BACKEND_ROCM}, {"Vulkan", VF_BACKEND_VULKAN},
                    {"SYCL", VF_BACKEND_SYCL}, {"Metal", VF_BACKEND_METAL}, {"MTL", VF_BACKEND_METAL}};
    for (size_t i = 0; log->n_devices && i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncmp(log->device[0].name, prefixes[i].prefix, strlen(prefixes[i].prefix)) == 0)
            return prefixes[i].backend;
    return log->n_devices ? VF_BACKEND_CUDA : VF_BACKEND_CPU;
}

/** Shares of the cards, when the log names the device of every layer that was offloaded. */
static void set_split(const vf_log *log, vf_settings *s)
{
    uint64_t assigned = 0;
    for (uint32_t i = 0; i < log->n_devices; i++)
        assigned += log->device[i].layers;
    if (log->n_devices < 2 || assigned == 0 || assigned != log->n_offloaded)
        return;
    s->n_tensor_split = log->n_devices;
    for (uint32_t i = 0; i < log->n_devices; i++)
        s->tensor_split[i] = log->device[i].layers;
}

/** Until the end of 2025 `-ngl 20` meant the last 20 blocks, and the output only when all of them were on the
 * cards: today's 21 with the output, and its tied copy, kept back. */
static void keep_output_back(vf_settings *s)
{
    static const vf_override output[] = {{"^(output|token_embd)", VF_DEVICE_CPU}};
    s->gpu_layers++;
    s->override = output;
    s->n_override = 1;
}

void vf_log_request(const vf_log *log, vf_request *q)
{
    vf_settings *s = &q->settings;
    bool on_device = false;
    s->context = log->n_ctx ? log->n_ctx : s->context;
    s->parallel = log->n_seq_max ? log->n_seq_max : s->parallel;
    s->batch = log->n_batch ? log->n_batch : s->batch;
    s->ubatch = log->n_ubatch ? log->n_ubatch : s->ubatch;
    /* before the number was printed, rows for all tokens were reserved */
    s->outputs = log->n_outputs_max ? log->n_outputs_max : VF_OUTPUTS_ALL;
    s->flash_attn = log->flash_attn;
    if (log->has_types) {
        s->type_k = (vf_type)log->type_k;
        s->type_v = (vf_type)log->type_v;
        s->type_kv_set = true;
    }
    s->kv_unified = log->kv_unified;
    s->swa_full = log->swa_full;
    s->cpu_moe = log->cpu_moe;
    s->backend = backend_of(log);
    if (log->n_offloadable)
        s->gpu_layers = log->n_offloaded == log->n_offloadable ? VF_LAYERS_ALL : log->n_offloaded;
    if (log->output_on_host)
        keep_output_back(s);
    set_split(log, s);
    q->n_devices = log->n_devices;
    for (uint32_t i = 0; i < log->n_devices; i++) {
        const vf_log_device *d = &log->device[i];
        q->device[i] = (vf_device){.total = d->free ? d->free : d->total, .compute_capability = d->compute_capability};
        vf_set_text(q->device[i].name, sizeof q->device[i].name, d->name);
        on_device = on_device || d->term[VF_LOG_KV_CACHE].n > 0;
    }
    s->no_kv_offload = log->n_devices > 0 && !on_device && log->host.term[VF_LOG_KV_CACHE].n > 0 && s->gpu_layers > 1;
}

/** What the estimate itself says a term may be off by. */
static uint64_t margin_of(const vf_result *r, int32_t device, vf_log_term term)
{
    static const vf_segment segments[] = {VF_SEG_WEIGHTS, VF_SEG_KV_CACHE, VF_SEG_COMPUTE};
    uint64_t sum = 0;
    for (uint32_t i = 0; term != VF_LOG_OUTPUT && i < r->n_terms; i++)
        if (r->term[i].device == device && r->term[i].segment == segments[term])
            sum = vf_add(sum, r->term[i].spread);
    return sum;
}

static vf_log_match judge(const vf_log *log, const vf_log_row *row)
{
    const vf_log_size *a = &row->allocated;
    uint64_t low = a->low > row->margin ? a->low - row->margin : 0;
    if (!vf_log_says(log, row->term))
        return VF_LOG_UNSAID;
    if (row->predicted >= a->low && row->predicted <= a->high)
        return VF_LOG_EQUAL;
    if (row->predicted >= low && row->predicted <= vf_add(a->high, row->margin))
        return VF_LOG_WITHIN;
    bool mapped = row->device < 0 && row->term == VF_LOG_WEIGHTS && log->mapped;
    return mapped && row->predicted <= a->high ? VF_LOG_MAPPED : VF_LOG_DIFFERS;
}

uint32_t vf_log_compare(const vf_log *log, const vf_result *result, vf_log_row rows[VF_LOG_ROWS])
{
    uint32_t n = 0;
    uint32_t n_devices = log->n_devices > result->n_devices ? log->n_devices : result->n_devices;
    for (uint32_t i = 0; i <= n_devices; i++) {
        bool host = i == n_devices;
        for (int t = 0; t < (host ? VF_LOG_TERMS : VF_LOG_OUTPUT); t++) {
            const uint64_t on_host[] = {result->host.weights, result->host.kv_cache, result->host.compute, result->host.output};
            vf_log_row row = {.device = host ? -1 : (int32_t)i, .term = (vf_log_term)t};
            row.predicted = host ? on_host[t] : i < result->n_devices ? result->device[i].segment[t] : 0;
            row.margin = margin_of(result, row.device, row.term);
            if (host)
                row.allocated = log->host.term[t];
            else if (i < log->n_devices)
                row.allocated = log->device[i].term[t];
            row.match = judge(log, &row);
            if (row.predicted || row.allocated.bytes)
                rows[n++] = row;
        }
    }
    return n;
}
