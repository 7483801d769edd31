/* Where facts come from: every entry names it, and names of releases are of the one that is described. */
#include "load/catalog/check.h"

#include <string.h>

#include "base/text.h"
#include "load/catalog/lookup.h"

static const vf_field *source_field(const vf_table *table)
{
    for (const vf_field *f = table->fields; f->key; f++)
        if (f->kind == VF_FIELD_STRING && strcmp(f->key, "source") == 0)
            return f;
    return NULL;
}

/** Whether a text is one of the words that people put where they know nothing. */
static bool is_placeholder(const char *text)
{
    static const char *const words[] = {"", "unknown", "todo", "tbd", "na", "none", "source"};
    char normal[VF_NAME_SIZE];
    if (vf_name_normalize(normal, sizeof normal, text, strlen(text)) == SIZE_MAX)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(normal, words[i]) == 0)
            return true;
    return false;
}

/** Bytes of a release such as "v0.5.0" at the start of a text; 0: there is none. */
static size_t release_length(const char *text)
{
    size_t n = text[0] == 'v' && text[1] >= '0' && text[1] <= '9' ? 1 : 0;
    while (n > 0 && ((text[n] >= '0' && text[n] <= '9') || (text[n] == '.' && text[n + 1] >= '0' && text[n + 1] <= '9')))
        n++;
    return n;
}

/** The release of llama.cpp that the catalog describes, "" when it does not say. */
static const char *described_release(const vf_blob *b)
{
    static const char name[] = "llamacpp";
    uint32_t first;
    if (vf_index_range(b, VF_KIND_RUNTIME, name, &first) == 0)
        return "";
    const vf_runtime_row *row = vf_blob_row(b, VF_KIND_RUNTIME, b->names[first].row);
    return vf_blob_text(b, row->version);
}

void vf_check_source(vf_check *k, uint32_t i)
{
    static const char runtime[] = "llama.cpp ";
    const vf_blob *b = &k->c->blob;
    const vf_field *f = source_field(&vf_tables[k->table]);
    vf_str at;
    if (!f)
        return;
    memcpy(&at, (const char *)vf_blob_row(b, k->table, i) + f->offset, sizeof at);
    const char *source = vf_blob_text(b, at), *release = described_release(b);
    if (is_placeholder(source)) {
        vf_check_report(k, true, "source-missing", i, f->offset, 0, "a source that names nothing");
        return;
    }
    size_t n = release_length(release);
    for (const char *p = source; n > 0 && (p = strstr(p, runtime)) != NULL;) {
        p += sizeof runtime - 1;
        size_t m = release_length(p);
        if (m == 0 || (m == n && memcmp(p, release, n) == 0))
            continue;
        vf_check_report(k, false, "source-stale", i, f->offset, 0, "read in llama.cpp %.*s, but the rules here are of %.*s",
                        (int)m, p, (int)n, release);
        return;
    }
}
