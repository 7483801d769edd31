/* Ollama's store: a manifest (as container registries have them) lists layers by digest, and each layer is
 * a file of the store. Sources: ollama/ollama manifest/manifest.go, manifest/paths.go, server/images.go. */
#include <string.h>

#include "base/text.h"
#include "load/json/json.h"
#include "load/try.h"
#include "vramfit/load.h"

#define DIGEST_BYTES 71 /* "sha256:" and 64 hexadecimal digits */
#define LIST_TYPE "application/vnd.ollama.manifest.list.v2+json"
#define LAYER_BYTES_LIMIT (UINT64_C(1) << 48)
#define NUM_CTX_LIMIT (UINT64_C(1) << 31)
#define NUM_BATCH_LIMIT (1u << 20)
#define NUM_GPU_LIMIT 65536

static vf_status wrong(const vf_json *j, const cJSON *node, const char *wanted, vf_error *err)
{
    char found[VF_QUOTE_SIZE + 16];
    return vf_json_fail(j, node, err, VF_ERR_DATA, "found %s, expected %s", vf_json_what(j, node, found, sizeof found),
                        wanted);
}

static vf_status missing(const vf_json *j, const cJSON *object, const char *key, const char *wanted, vf_error *err)
{
    return vf_json_fail(j, object, err, VF_ERR_DATA, "%s is missing: %s is needed", key, wanted);
}

/* ---- digests -------------------------------------------------------------------------------------- */

/** A digest becomes the name of a file: nothing but its own pattern may pass. */
static bool is_digest(const char *text)
{
    static const char start[] = "sha256:";
    if (strlen(text) != DIGEST_BYTES || memcmp(text, start, sizeof start - 1) != 0)
        return false;
    for (const char *p = text + sizeof start - 1; *p; p++)
        if (!((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f')))
            return false;
    return true;
}

static vf_status read_digest(const vf_json *j, const cJSON *layer, vf_ollama_blob *out, vf_error *err)
{
    static const char wanted[] = "a digest, sha256: and 64 digits 0-9a-f";
    const cJSON *node = vf_json_member(layer, "digest");
    if (!node)
        return missing(j, layer, "digest", wanted, err);
    if (!cJSON_IsString(node) || !is_digest(node->valuestring))
        return wrong(j, node, wanted, err);
    memcpy(out->name, node->valuestring, DIGEST_BYTES + 1);
    out->name[6] = '-';
    return VF_OK;
}

/* ---- layers --------------------------------------------------------------------------------------- */

static vf_status read_layer(const vf_json *j, const cJSON *layer, vf_ollama_manifest *m, vf_error *err)
{
    static const char start[] = "application/vnd.ollama.image.";
    vf_ollama_blob blob = {.bytes = 0};
    const char *type = NULL;
    if (!cJSON_IsObject(layer))
        return wrong(j, layer, "a layer, an object", err);
    VF_TRY(vf_json_get_string(j, layer, "mediaType", &type, err));
    if (!type)
        return missing(j, layer, "mediaType", "a string", err);
    VF_TRY(read_digest(j, layer, &blob, err));
    if (!vf_json_member(layer, "size") || cJSON_IsNull(vf_json_member(layer, "size")))
        return missing(j, layer, "size", "an integer", err);
    VF_TRY(vf_json_get_u64(j, layer, "size", 0, LAYER_BYTES_LIMIT, &blob.bytes, err));
    if (strncmp(type, start, sizeof start - 1) != 0)
        return VF_OK;
    type += sizeof start - 1;
    if (strcmp(type, "model") == 0) {
        if (m->model.name[0])
            return vf_json_fail(j, layer, err, VF_ERR_DATA, "a second model layer: one is expected");
        m->model = blob;
    } else if (strcmp(type, "params") == 0) {
        m->params = blob;
    } else if (strcmp(type, "projector") == 0) {
        if (!m->projector.name[0])
            m->projector = blob;
    } else if (strcmp(type, "adapter") == 0) {
        if (m->n_adapters == VF_OLLAMA_ADAPTERS)
            return vf_json_fail(j, layer, err, VF_ERR_DATA, "more than %d adapter layers (limit)", VF_OLLAMA_ADAPTERS);
        m->adapter[m->n_adapters++] = blob;
    } else if (strcmp(type, "tensor") == 0) {
        m->n_tensors++;
    }
    return VF_OK;
}

static vf_status read_layers(const vf_json *j, const cJSON *manifest, vf_ollama_manifest *m, vf_error *err)
{
    const cJSON *layers, *layer;
    VF_TRY(vf_json_get_array(j, manifest, "layers", &layers, err));
    if (!layers)
        return missing(j, manifest, "layers", "an array", err);
    cJSON_ArrayForEach(layer, layers)
        VF_TRY(read_layer(j, layer, m, err));
    if (m->model.name[0])
        return VF_OK;
    return vf_json_fail(j, layers, err, VF_ERR_DATA, "no model layer (application/vnd.ollama.image.model): %s",
                        m->n_tensors ? "the weights are safetensors, for Ollama's MLX runner"
                                     : "no weights are kept here, as with a cloud model");
}

/* ---- manifests and lists of them ------------------------------------------------------------------ */

/** The entry of a list for the runner that serves GGUF: its layers, or the digest of its own manifest. */
static vf_status read_list(const vf_json *j, vf_ollama_manifest *m, vf_error *err)
{
    static const char *const runners[] = {"ollama", "llamacpp"};
    const cJSON *entries, *entry;
    VF_TRY(vf_json_get_array(j, j->root, "manifests", &entries, err));
    if (!entries)
        return missing(j, j->root, "manifests", "an array", err);
    for (size_t i = 0; i < sizeof runners / sizeof runners[0]; i++) {
        cJSON_ArrayForEach(entry, entries) {
            const char *runner = "";
            if (!cJSON_IsObject(entry))
                return wrong(j, entry, "a manifest, an object", err);
            VF_TRY(vf_json_get_string(j, entry, "runner", &runner, err));
            if (strcmp(runner, runners[i]) != 0)
                continue;
            return vf_json_member(entry, "layers") ? read_layers(j, entry, m, err) : read_digest(j, entry, &m->manifest, err);
        }
    }
    return vf_json_fail(j, entries, err, VF_ERR_DATA, "no manifest for the runner ollama: no model layer for llama.cpp");
}

static vf_status read_manifest(const vf_json *j, vf_ollama_manifest *m, vf_error *err)
{
    uint64_t version;
    const char *type = "";
    if (!cJSON_IsObject(j->root))
        return wrong(j, j->root, "a manifest, an object", err);
    const cJSON *schema = vf_json_member(j->root, "schemaVersion");
    if (!schema)
        return missing(j, j->root, "schemaVersion", "2", err);
    if (!vf_json_u64(schema, &version) || version != 2)
        return wrong(j, schema, "2, the version of manifests that is read", err);
    VF_TRY(vf_json_get_string(j, j->root, "mediaType", &type, err));
    return strcmp(type, LIST_TYPE) == 0 ? read_list(j, m, err) : read_layers(j, j->root, m, err);
}

vf_status vf_ollama_manifest_read(const char *file, const char *text, size_t n, const vf_allocator *a,
                                  vf_ollama_manifest *out, vf_error *err)
{
    vf_json j;
    memset(out, 0, sizeof *out);
    VF_TRY(vf_json_open(&j, file, text, n, false, a, err));
    vf_status status = read_manifest(&j, out, err);
    vf_json_close(&j);
    return status;
}

/* ---- parameters ----------------------------------------------------------------------------------- */

static vf_status read_params(const vf_json *j, vf_ollama_params *out, vf_error *err)
{
    if (!cJSON_IsObject(j->root))
        return wrong(j, j->root, "parameters, an object", err);
    VF_TRY(vf_json_get_u64(j, j->root, "num_ctx", 0, NUM_CTX_LIMIT, &out->num_ctx, err));
    VF_TRY(vf_json_get_u32(j, j->root, "num_batch", 0, NUM_BATCH_LIMIT, &out->num_batch, err));
    const cJSON *layers = vf_json_member(j->root, "num_gpu");
    if (!layers || (cJSON_IsNumber(layers) && layers->valuedouble < 0)) /* -1: as many as fit */
        return VF_OK;
    out->has_num_gpu = !cJSON_IsNull(layers);
    return vf_json_get_u32(j, j->root, "num_gpu", 0, NUM_GPU_LIMIT, &out->num_gpu, err);
}

vf_status vf_ollama_params_read(const char *file, const char *text, size_t n, const vf_allocator *a,
                                vf_ollama_params *out, vf_error *err)
{
    vf_json j;
    memset(out, 0, sizeof *out);
    VF_TRY(vf_json_open(&j, file, text, n, false, a, err));
    vf_status status = read_params(&j, out, err);
    vf_json_close(&j);
    return status;
}
