#include <cjson/cJSON.h>

#include "vramfit/load.h"

const char *vf_json_library_version(void)
{
    return cJSON_Version();
}
