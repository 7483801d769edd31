#include "cli/ask/smaller.h"

#include <string.h>

typedef struct candidate {
    uint32_t index, shared;
    uint64_t parameters;
} candidate;

static const char *without_owner(const char *id)
{
    const char *slash = strrchr(id, '/');
    return slash ? slash + 1 : id;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* How many words, separated by "-", two names have in common at their beginning. */
static uint32_t shared_words(const char *a, const char *b)
{
    uint32_t n = 0;
    for (; lower(*a) == lower(*b); a++, b++) {
        if (*a == 0)
            return n + 1;
        n += *a == '-';
    }
    return n + ((*a == 0 && *b == '-') || (*b == 0 && *a == '-'));
}

static bool before(const candidate *a, const candidate *b)
{
    return a->shared != b->shared ? a->shared > b->shared : a->parameters > b->parameters;
}

uint32_t smaller_models(const session *s, const char *id, uint32_t found[SMALLER_MODELS])
{
    candidate best[SMALLER_MODELS];
    vf_model_entry self, e;
    uint32_t index, n = 0;
    if (vf_catalog_find(s->catalog, VF_KIND_MODEL, id, &index, NULL) != VF_OK)
        return 0;
    (void)vf_catalog_model(s->catalog, index, &self);
    for (uint32_t i = 0, all = vf_catalog_count(s->catalog, VF_KIND_MODEL); i < all; i++) {
        (void)vf_catalog_model(s->catalog, i, &e);
        if (e.parameters == 0 || e.parameters >= self.parameters || strcmp(e.family, self.family) != 0)
            continue;
        candidate c = {i, shared_words(without_owner(self.id), without_owner(e.id)), e.parameters};
        uint32_t at = n;
        while (at > 0 && before(&c, &best[at - 1]))
            at--;
        if (at == SMALLER_MODELS)
            continue;
        uint32_t last = n < SMALLER_MODELS ? n++ : SMALLER_MODELS - 1;
        memmove(best + at + 1, best + at, (last - at) * sizeof *best);
        best[at] = c;
    }
    for (uint32_t i = 0; i < n; i++)
        found[i] = best[i].index;
    return n;
}
