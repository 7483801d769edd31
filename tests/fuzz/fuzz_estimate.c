/* Estimates: any hyperparameters that a reader lets pass, any settings. The answer adds up or the question is
 * refused in one line. */
#include "fuzz_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_take t = {data, size, 0};
    if (size < 8)
        return 0;
    vf_model *m = fuzz_model(&t);
    if (m)
        fuzz_ask(&t, m);
    vf_model_free(m);
    return 0;
}
