/* Ollama's manifests and parameters: a name of a blob is made of a digest alone, and a manifest that is
 * taken names a model or another manifest. */
#include "fuzz.h"

static void check_blob(const vf_ollama_blob *blob)
{
    if (!blob->name[0])
        return;
    PROMISE(strlen(blob->name) == 71 && memcmp(blob->name, "sha256-", 7) == 0);
    PROMISE(strspn(blob->name + 7, "0123456789abcdef") == 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vf_ollama_manifest m;
    vf_ollama_params p;
    vf_error err = {0};
    if (vf_ollama_manifest_read("f", (const char *)data, size, &fuzz_heap, &m, &err) == VF_OK) {
        check_blob(&m.model);
        check_blob(&m.params);
        check_blob(&m.manifest);
        PROMISE((m.model.name[0] != 0) != (m.manifest.name[0] != 0));
    } else {
        fuzz_check_error(&err);
    }
    PROMISE(fuzz_held == 0);
    err = (vf_error){0};
    if (vf_ollama_params_read("f", (const char *)data, size, &fuzz_heap, &p, &err) != VF_OK)
        fuzz_check_error(&err);
    PROMISE(fuzz_held == 0);
    return 0;
}
