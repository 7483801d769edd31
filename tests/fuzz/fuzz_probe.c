/* What the kernel's files and drivers say, and CUDA_VISIBLE_DEVICES: numbers, key and value, names, addresses. */
#include "fuzz.h"
#include "base/text.h"
#include "probe/files.h"
#include "probe/machine.h"

static void check_clean(const char *out, size_t size)
{
    size_t n = strlen(out);
    PROMISE(n < size);
    for (size_t i = 0; i < n;) {
        uint32_t length = vf_utf8_length(out + i, n - i);
        PROMISE(length > 0 && !vf_text_unsafe(vf_utf8_code(out + i, length)));
        i += length;
    }
}

static void check_text(const char *text, size_t n)
{
    static const char *const keys[] = {"MemTotal", "DRIVER", "drm-memory-vram", "location_id", "a", ""};
    char out[24];
    uint64_t v;
    size_t length;
    uint32_t domain, location;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *value = vf_text_value(text, keys[i], &length);
        PROMISE(!value || (value >= text && value + length <= text + n && !memchr(value, '\n', length)));
        (void)vf_text_bytes(text, keys[i], &v);
    }
    (void)vf_text_number(text, n, &v);
    vf_text_clean(out, sizeof out, text, n);
    check_clean(out, sizeof out);
    if (vf_text_amd_name(text, 0x744c, 0xc8, out, sizeof out))
        check_clean(out, sizeof out);
    if (vf_text_slot(text, &domain, &location))
        PROMISE(location <= 0xFFFF);
}

static void check_visible(const char *list)
{
    static vf_machine m;
    uint32_t seen = 0, hidden = 0;
    m.n_cards = VF_MACHINE_CARDS;
    for (uint32_t i = 0; i < m.n_cards; i++) {
        m.card[i] = (vf_machine_card){.gfx = i, .maker = i < 10 ? VF_MAKER_NVIDIA : VF_MAKER_AMD};
        (void)snprintf(m.card[i].uuid, sizeof m.card[i].uuid, "GPU-%u", i);
    }
    vf_probe_visible(&m, list);
    for (uint32_t i = 0; i < m.n_cards; i++) {
        seen |= 1u << m.card[i].gfx;
        PROMISE(!m.card[i].hidden || m.card[i].maker == VF_MAKER_NVIDIA);
        PROMISE(hidden == 0 || m.card[i].hidden || m.card[i].maker != VF_MAKER_NVIDIA); /* those that are seen come first */
        hidden += m.card[i].hidden;
    }
    PROMISE(seen == (1u << VF_MACHINE_CARDS) - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    PROMISE(text);
    memcpy(text, data, size);
    text[size] = 0;
    check_text(text, strlen(text));
    check_visible(text);
    free(text);
    return 0;
}
