// The public headers read as C++.
#include <vramfit/load.h>
#include <vramfit/probe.h>
#include <vramfit/search.h>
#include <vramfit/speed.h>
#include <vramfit/vramfit.h>

extern "C" const char *version_from_cxx(void);

const char *version_from_cxx(void)
{
    return vf_version();
}
