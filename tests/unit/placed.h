/* Layers and tensors placed on cards of 24 GiB, the second of another generation, and the words of a refusal. */
#ifndef VF_TESTS_PLACED_H
#define VF_TESTS_PLACED_H

#include "subject.h"

static vf_error failure;

static inline vf_status place(const subject *x, uint32_t n_cards, vf_placement *p)
{
    vf_device device[VF_MAX_DEVICES] = {0};
    uint64_t available[VF_MAX_DEVICES];

    for (uint32_t i = 0; i < n_cards; i++) {
        device[i].total = available[i] = UINT64_C(24) << 30;
        device[i].compute_capability = i == 1 ? 75 : 86;
    }
    failure = (vf_error){0};
    return vf_placement_build(x->m, x->types, &x->s, n_cards, device, available, &heap, p, &failure);
}

static inline void check_failure(const char *name, vf_status st, vf_status want, const char *key, const char *text)
{
    CHECK(st == want && failure.status == want, "%s: status %d", name, (int)st);
    CHECK_STR(failure.key, key, name);
    CHECK_STR(failure.text, text, name);
}

static inline int16_t device_of(const subject *x, const vf_placement *p, vf_role role, int32_t layer)
{
    for (size_t i = 0; i < x->m->n_tensors; i++)
        if (x->m->tensors[i].role == role && x->m->tensors[i].part == VF_PART_WEIGHT && x->m->tensors[i].layer == layer)
            return p->tensor_device[i];
    return -100;
}

static inline vf_tensor *tensor_of(const subject *x, vf_role role, int32_t layer)
{
    for (size_t i = 0; i < x->m->n_tensors; i++)
        if (x->m->tensors[i].role == role && x->m->tensors[i].layer == layer)
            return &x->m->tensors[i];
    printf("no tensor %d in layer %d\n", (int)role, layer);
    exit(EXIT_FAILURE);
}

#endif
