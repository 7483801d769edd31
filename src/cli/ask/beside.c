#include "cli/ask/beside.h"
#include "cli/text/io.h"
#include "cli/ask/quant.h"
#include "cli/ask/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- --override-tensor ---------------------------------------------------------------------- */

/* "CPU", or a card by its number: 0, CUDA0, Vulkan1. */
static bool read_device(const char *text, int32_t *out)
{
    size_t letters = 0;
    uint64_t number;
    while ((text[letters] >= 'A' && text[letters] <= 'Z') || (text[letters] >= 'a' && text[letters] <= 'z'))
        letters++;
    *out = VF_DEVICE_CPU;
    if (strcmp(text, "CPU") == 0 || strcmp(text, "cpu") == 0)
        return true;
    size_t digits = strlen(text + letters);
    if (!digits || digits > 2 || !parse_digits(text + letters, digits, &number))
        return false;
    *out = (int32_t)number;
    return true;
}

static bool add_override(beside *b, const char *text, vf_error *err)
{
    const char *equals = strrchr(text, '=');
    if (b->n_overrides == BESIDE_OVERRIDES)
        return fail(err, "--override-tensor", "more than %d", BESIDE_OVERRIDES);
    vf_override *o = &b->override[b->n_overrides];
    if (!equals || equals == text || !read_device(equals + 1, &o->device))
        return fail_value(err, "--override-tensor", text, "not REGEX=CPU or REGEX=CUDA0 (a card by its number)");
    size_t n = (size_t)(equals - text);
    char *pattern = malloc(n + 1);
    if (!pattern)
        return fail_nomem(err);
    memcpy(pattern, text, n);
    pattern[n] = 0;
    b->pattern[b->n_overrides++] = pattern;
    o->pattern = pattern;
    return true;
}

/* ---- models --------------------------------------------------------------------------------- */

static subject *subject_of(beside *b, const vf_member *m)
{
    return &b->sub[m - b->member];
}

/* Room for one more, with its subject at the same index of b->sub; NULL with err when there is none. */
static vf_member *next_member(beside *b, vf_member_kind kind, const char *name, vf_error *err)
{
    if (b->n_members == VF_MAX_MEMBERS) {
        (void)fail(err, name, "more than %d models beside the model", VF_MAX_MEMBERS);
        return NULL;
    }
    vf_member *m = &b->member[b->n_members++];
    *m = (vf_member){0};
    *subject_of(b, m) = (subject){0};
    m->kind = kind;
    return m;
}

static bool add_draft(session *s, const char *runtime, beside *b, const char *text, vf_error *err)
{
    choice c;
    const char *quant;
    vf_member *m = next_member(b, VF_MEMBER_DRAFT, "--draft", err);
    if (!m)
        return false;
    subject *sub = subject_of(b, m);
    if (!subject_open_at(s, "--draft", text, sub, &quant, err) || !choice_make(s, sub, quant, runtime, &c, err))
        return false;
    m->model = sub->model;
    m->quant = c.quant;
    m->name = sub->title;
    return true;
}

/* A file, all of it loaded. */
static bool add_file(session *s, beside *b, vf_member_kind kind, const char *name, const char *text, vf_error *err)
{
    vf_member *m = next_member(b, kind, name, err);
    if (!m)
        return false;
    subject *sub = subject_of(b, m);
    if (!subject_open(s, text, sub, err))
        return fail_at(err, name);
    sub->asked = text;
    if (!sub->typed || sub->facts.n_layer > 0)
        return fail_value(err, name, text, kind == VF_MEMBER_LORA ? "no adapter" : "no projector");
    m->model = sub->model;
    m->quant.kind = VF_QUANT_AS_FILE;
    m->name = sub->title;
    return true;
}

/* A projector by the name of its model: the catalog knows the parameters of its tower, kept at 16 bits. */
static bool add_projector(session *s, beside *b, const char *text, vf_error *err)
{
    uint32_t index;
    vf_model_entry e;
    if (io_kind(text) != FILE_MISSING)
        return add_file(s, b, VF_MEMBER_MMPROJ, "--mmproj", text, err);
    const char *why = io_why_missing(text);
    if (why)
        return fail_value(err, "--mmproj", text, "%s", why);
    if (session_find(s, VF_KIND_MODEL, text, &index, err) != VF_OK || vf_catalog_model(s->catalog, index, &e) != VF_OK)
        return fail_at(err, "--mmproj");
    if (!e.parameters_vision)
        return fail_value(err, "--mmproj", text, "no vision tower is known of this model (give its file)");
    vf_member *m = next_member(b, VF_MEMBER_MMPROJ, "--mmproj", err);
    if (!m)
        return false;
    m->bytes = 2 * e.parameters_vision;
    m->name = e.id;
    return true;
}

bool beside_open(session *s, const char *runtime, beside *out, vf_error *err)
{
    const char *draft = s->opts.value[OPT_DRAFT].text, *projector = s->opts.value[OPT_MMPROJ].text;
    size_t at = 0;
    out->n_members = out->n_overrides = 0; /* the rest is room */
    for (const char *v; (v = options_next(&s->opts, OPT_OVERRIDE_TENSOR, &at));)
        if (!add_override(out, v, err))
            return false;
    if (draft && !settings_draft_mtp(s) && !add_draft(s, runtime, out, draft, err))
        return false;
    if (projector && !add_projector(s, out, projector, err))
        return false;
    at = 0;
    for (const char *v; (v = options_next(&s->opts, OPT_LORA, &at));)
        if (!add_file(s, out, VF_MEMBER_LORA, "--lora", v, err))
            return false;
    return true;
}

void beside_close(beside *b)
{
    for (uint32_t i = 0; i < b->n_overrides; i++)
        free(b->pattern[i]);
    for (uint32_t i = 0; i < b->n_members; i++)
        subject_close(&b->sub[i]);
    b->n_members = b->n_overrides = 0;
}
