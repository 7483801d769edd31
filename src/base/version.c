#include "vramfit/vramfit.h"

const char *vf_version(void)
{
    return VRAMFIT_VERSION;
}

const char *vf_verdict_name(vf_verdict verdict)
{
    static const char *const names[] = {"fit", "fragile", "no-fit"};
    return (unsigned)verdict < sizeof names / sizeof names[0] ? names[verdict] : "";
}

const char *vf_backend_name(vf_backend backend)
{
    static const char *const names[] = {"cuda", "rocm", "vulkan", "metal", "sycl", "cpu"};
    return (unsigned)backend < sizeof names / sizeof names[0] ? names[backend] : "";
}
