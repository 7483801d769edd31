/* Hands a failure on. */
#ifndef VF_LOAD_TRY_H
#define VF_LOAD_TRY_H

#define VF_TRY(call) \
    do { \
        vf_status try_ = (call); \
        if (try_ != VF_OK) \
            return try_; \
    } while (0)

#endif
