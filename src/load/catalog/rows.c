#include "load/catalog/rows.h"

#include "model/model.h"

static const vf_choice confidences[] = {
    {"read", VF_CONFIDENCE_READ},
    {"recalled", VF_CONFIDENCE_RECALLED},
    {NULL, 0},
};

static const vf_choice quant_kinds[] = {
    {"gguf", VF_QUANT_GGUF},
    {"cast", VF_QUANT_CAST},
    {"nominal", VF_QUANT_NOMINAL},
    {"scheme", VF_QUANT_SCHEME},
    {NULL, 0},
};

static const vf_choice packings[] = {
    {"row", VF_PACK_ROW},
    {"tensor", VF_PACK_TENSOR},
    {"block", VF_PACK_BLOCK},
    {"bnb4", VF_PACK_BNB4},
    {"bnb4-double", VF_PACK_BNB4_DOUBLE},
    {"gptq", VF_PACK_GPTQ},
    {"awq", VF_PACK_AWQ},
    {"affine", VF_PACK_AFFINE},
    {"hqq", VF_PACK_HQQ},
    {"tile", VF_PACK_TILE},
    {"words", VF_PACK_WORDS},
    {"micro", VF_PACK_MICRO},
    {"micro-global", VF_PACK_MICRO_GLOBAL},
    {"trellis", VF_PACK_TRELLIS},
    {"mixed", VF_PACK_MIXED},
    {"ternary", VF_PACK_TERNARY},
    {"codebook", VF_PACK_CODEBOOK},
    {NULL, 0},
};

static const vf_choice coverings[] = {
    {"decoder", VF_COVERS_DECODER}, {"linear", VF_COVERS_LINEAR},   {"head", VF_COVERS_HEAD},
    {"all", VF_COVERS_ALL},         {"experts", VF_COVERS_EXPERTS}, {NULL, 0},
};

static const char *choice_name(const vf_choice *choices, uint8_t value)
{
    for (; choices->name; choices++)
        if (choices->value == value)
            return choices->name;
    return "";
}

const char *vf_confidence_name(uint8_t confidence)
{
    return choice_name(confidences, confidence);
}

const char *vf_quant_kind_name(uint8_t kind)
{
    return choice_name(quant_kinds, kind);
}

const char *vf_packing_name(uint8_t packing)
{
    return choice_name(packings, packing);
}

const char *vf_covers_name(uint8_t covers)
{
    return choice_name(coverings, covers);
}

#define PARAMETERS_MAX (UINT64_C(1) << 48)
#define MIB_MAX (1u << 24) /* 16 TiB */
#define END {NULL, VF_FIELD_U32, 0, 0, 0, NULL, NULL, false, ""}
#define TEXT(row, key, field, required, doc) \
    {key, VF_FIELD_STRING, offsetof(row, field), required, 0, NULL, NULL, required, doc}
#define TEXTS(row, key, field, doc) {key, VF_FIELD_STRINGS, offsetof(row, field), 0, 0, NULL, NULL, false, doc}
#define NAME(row, key, field) \
    {key, VF_FIELD_STRING, offsetof(row, field), 1, 200, NULL, NULL, true, "the name, as shown"}
#define ALIASES(row) \
    {"aliases", VF_FIELD_STRINGS, offsetof(row, aliases), 0, 200, NULL, NULL, false, "further names, in any spelling"}
#define SOURCE(row) TEXT(row, "source", source, true, "where the facts were read")
#define NOTE(row) TEXT(row, "note", note, false, "a remark, as shown")
#define COUNT(row, key, field, min, max, required, doc) \
    {key, VF_FIELD_U32, offsetof(row, field), min, max, NULL, NULL, required, doc}
#define COUNT64(row, key, field, min, max, required, doc) \
    {key, VF_FIELD_U64, offsetof(row, field), min, max, NULL, NULL, required, doc}
#define MILLI(row, key, field, min, max, required, doc) \
    {key, VF_FIELD_MILLI, offsetof(row, field), min, max, NULL, NULL, required, doc}
#define FLAG(row, key, field, doc) {key, VF_FIELD_BOOL, offsetof(row, field), 0, 1, NULL, NULL, false, doc}
#define CHOICE(row, key, field, choices, required, doc) \
    {key, VF_FIELD_ENUM, offsetof(row, field), 0, 0, choices, NULL, required, doc}
#define CONFIDENCE(row) \
    CHOICE(row, "confidence", confidence, confidences, false, "seen in the source, or known without having it at hand")

static const vf_field model_fields[] = {
    NAME(vf_model_row, "id", id),
    ALIASES(vf_model_row),
    TEXT(vf_model_row, "arch", arch, true, "llama.cpp's architecture string"),
    TEXT(vf_model_row, "release", release, false, "year and month"),
    TEXT(vf_model_row, "license", license, false, "name of the licence"),
    COUNT64(vf_model_row, "parameters", parameters, 1, PARAMETERS_MAX, true, "of the language model"),
    COUNT64(vf_model_row, "parameters_active", parameters_active, 0, PARAMETERS_MAX, false, "used for one token"),
    COUNT64(vf_model_row, "parameters_vision", parameters_vision, 0, PARAMETERS_MAX, false,
            "of vision and audio towers"),
    COUNT64(vf_model_row, "parameters_published", parameters_published, 0, PARAMETERS_MAX, false,
            "of the published files, with towers and whatever else they have"),
    TEXT(vf_model_row, "published_differs", published_differs, false,
         "why that is neither 'parameters' nor these with the towers"),
    COUNT(vf_model_row, "context_extended", context_extended, 1, 0x80000000u, false, "context that scaled positions reach"),
    TEXT(vf_model_row, "published_quant", published_quant, false, "quantization that the weights come in"),
    FLAG(vf_model_row, "tied", tied, "the output matrix is the embedding's"),
    {"optional", VF_FIELD_BITS, offsetof(vf_model_row, options), 0, 0, vf_option_choices, NULL, false,
     "blocks it has of those that its architecture calls optional"},
    {"hparams", VF_FIELD_OBJECT, offsetof(vf_model_row, hparams), 0, 0, NULL, vf_hparam_fields, true,
     "GGUF keys without the architecture's prefix"},
    NOTE(vf_model_row),
    SOURCE(vf_model_row),
    CONFIDENCE(vf_model_row),
    TEXT(vf_model_row, "unchecked", unchecked, false, "why the parameters need not be those of the shape"),
    END,
};

static const vf_field quant_fields[] = {
    NAME(vf_quant_row, "name", name),
    ALIASES(vf_quant_row),
    CHOICE(vf_quant_row, "kind", kind, quant_kinds, true, "what rule makes storage types of tensors"),
    COUNT(vf_quant_row, "ftype", ftype, 0, 1024, false, "gguf: llama_ftype"),
    TEXT(vf_quant_row, "type", type, false, "storage type of most weights"),
    TEXT(vf_quant_row, "output_type", output_type, false, "storage type of output matrix and token embeddings, if set"),
    TEXT(vf_quant_row, "approximate", approximate, false, "why sizes need not be those of the mix, and by how much"),
    COUNT(vf_quant_row, "spread_percent", spread_percent, 0, 400, false, "how much more published files hold than computed"),
    MILLI(vf_quant_row, "bits", bits, 250, 64000, true, "bits of a weight, scales included"),
    MILLI(vf_quant_row, "nominal_bits", nominal_bits, 250, 64000, false, "bits of a weight, as the name says"),
    CHOICE(vf_quant_row, "packing", packing, packings, false, "scheme: how a quantized matrix is stored"),
    CHOICE(vf_quant_row, "covers", covers, coverings, false, "scheme: which matrices are quantized"),
    COUNT(vf_quant_row, "group", group, 0, 65536, false, "scheme: elements that share a scale; 0: a whole row"),
    MILLI(vf_quant_row, "head_bits", head_bits, 250, 16000, false, "scheme: bits of the output matrix, where they are others"),
    FLAG(vf_quant_row, "imatrix", imatrix, "only made with an importance matrix"),
    TEXT(vf_quant_row, "runtime", runtime, true, "the runtime that the name implies"),
    TEXTS(vf_quant_row, "runtimes", runtimes, "runtimes that load it"),
    TEXT(vf_quant_row, "quality", quality, false, "what it costs in quality, and where that was measured"),
    NOTE(vf_quant_row),
    SOURCE(vf_quant_row),
    CONFIDENCE(vf_quant_row),
    END,
};

static const vf_field gpu_fields[] = {
    NAME(vf_gpu_row, "name", name),
    ALIASES(vf_gpu_row),
    TEXT(vf_gpu_row, "vendor", vendor, true, "maker, lower case"),
    TEXT(vf_gpu_row, "class", class_, true, "consumer, laptop, workstation, datacenter ..."),
    TEXT(vf_gpu_row, "architecture", architecture, false, "maker's name of the generation"),
    COUNT(vf_gpu_row, "year", year, 1999, 2100, false, "of release"),
    COUNT(vf_gpu_row, "memory_mib", memory_mib, 1, MIB_MAX, true, "as sold"),
    COUNT(vf_gpu_row, "driver_total_mib", driver_total_mib, 1, MIB_MAX, false, "as the driver reports it"),
    COUNT(vf_gpu_row, "reserved_linux_mib", reserved_linux_mib, 0, MIB_MAX, false, "held by the driver, Linux"),
    COUNT(vf_gpu_row, "reserved_windows_mib", reserved_windows_mib, 0, MIB_MAX, false, "held back, Windows"),
    TEXT(vf_gpu_row, "memory_type", memory_type, false, "GDDR6X, HBM3 ..."),
    TEXT(vf_gpu_row, "bus", bus, false, "connection to the host"),
    TEXT(vf_gpu_row, "link", link, false, "connection between cards, both directions together"),
    MILLI(vf_gpu_row, "bandwidth_gbs", bandwidth_mbs, 1000, 100000000, false, "memory bandwidth, 10^9 bytes/s"),
    COUNT(vf_gpu_row, "bus_width_bits", bus_width_bits, 16, 65536, false, "width of the memory bus"),
    MILLI(vf_gpu_row, "data_rate_gbps", data_rate_mbps, 100, 100000, false, "per pin, 10^9 bit/s"),
    TEXT(vf_gpu_row, "compute_capability", compute_capability, false, "CUDA: MAJOR.MINOR"),
    COUNT(vf_gpu_row, "multiprocessors", multiprocessors, 1, 4096, false, "streaming multiprocessors (CUDA)"),
    TEXT(vf_gpu_row, "gfx", gfx, false, "AMD: name of the instruction set"),
    FLAG(vf_gpu_row, "unified_memory", unified_memory, "shares the host's memory"),
    TEXT(vf_gpu_row, "desktop", desktop, false, "default of --desktop"),
    NOTE(vf_gpu_row),
    SOURCE(vf_gpu_row),
    CONFIDENCE(vf_gpu_row),
    END,
};

static const vf_field runtime_fields[] = {
    NAME(vf_runtime_row, "name", name),
    ALIASES(vf_runtime_row),
    TEXT(vf_runtime_row, "version", version, false, "the version that the profile describes"),
    NOTE(vf_runtime_row),
    SOURCE(vf_runtime_row),
    END,
};

static const vf_field desktop_fields[] = {
    NAME(vf_desktop_row, "name", name),
    COUNT64(vf_desktop_row, "bytes", bytes, 0, UINT64_C(1) << 40, true, "held by the desktop"),
    COUNT64(vf_desktop_row, "spread", spread, 0, UINT64_C(1) << 40, true, "by how much it may be more"),
    NOTE(vf_desktop_row),
    SOURCE(vf_desktop_row),
    END,
};

static const vf_field size_class_fields[] = {
    NAME(vf_size_class_row, "name", name),
    TEXT(vf_size_class_row, "model", model, true, "id of the model that stands in"),
    COUNT64(vf_size_class_row, "parameters", parameters, 1, PARAMETERS_MAX, true, "nominal"),
    END,
};

#define TABLE(key, noun, row, fields, name) {key, noun, sizeof(row), fields, offsetof(row, name), offsetof(row, aliases)}
#define PLAIN(key, noun, row, fields, name) {key, noun, sizeof(row), fields, offsetof(row, name), SIZE_MAX}

const vf_table vf_tables[VF_TABLE_COUNT] = {
    [VF_KIND_MODEL] = TABLE("models", "model", vf_model_row, model_fields, id),
    [VF_KIND_ARCH] = PLAIN("arch", "architecture", vf_arch, vf_arch_fields, name),
    [VF_KIND_QUANT] = TABLE("quants", "quantization", vf_quant_row, quant_fields, name),
    [VF_KIND_GPU] = TABLE("gpus", "GPU", vf_gpu_row, gpu_fields, name),
    [VF_KIND_RUNTIME] = TABLE("runtimes", "runtime", vf_runtime_row, runtime_fields, name),
    [VF_KIND_DESKTOP] = PLAIN("desktops", "desktop", vf_desktop_row, desktop_fields, name),
    [VF_TABLE_SIZE_CLASS] = PLAIN("size_classes", "size class", vf_size_class_row, size_class_fields, name),
};
