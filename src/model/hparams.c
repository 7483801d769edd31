#include "model/hparams.h"

#define KIND_U VF_FIELD_U32
#define KIND_L VF_FIELD_PER_LAYER
#define KIND_F VF_FIELD_FLAG
#define KIND_S VF_FIELD_FACTOR
#define KIND_M VF_FIELD_MILLI

const vf_field vf_hparam_fields[VF_HP_COUNT + 1] = {
#define X(kind, field, key, max) \
    {key, KIND_##kind, offsetof(vf_hparams, field), 0, max, NULL, NULL, false, ""},
    VF_HPARAMS(X)
#undef X
    {NULL, VF_FIELD_U32, 0, 0, 0, NULL, NULL, false, ""},
};

_Static_assert(VF_HP_COUNT <= 128, "vf_hparams.present has 128 bits");
