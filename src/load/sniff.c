#include "load/sniff.h"

#include <string.h>

static const struct {
    const char *start;
    const char *is;
} kinds[] = {
    {"GGUF", "a GGUF file"},
    {"version https://git-lfs", "a Git LFS pointer: the model itself was not downloaded (git lfs pull)"},
    {"PK\x03\x04", "a zip archive (a PyTorch file?)"},
    {"<!DOCTYPE", "a web page"},
    {"<!doctype", "a web page"},
    {"<html", "a web page"},
    {"lmgg", "an old GGML file; convert it to GGUF"},
    {"fmgg", "an old GGMF file; convert it to GGUF"},
    {"tjgg", "an old GGJT file; convert it to GGUF"},
    {"\x1f\x8b", "gzip data; unpack it first"},
    {"\x80\x02", "a Python pickle"},
    {"{", "JSON"},
};

const char *vf_sniff(const char *start, size_t n)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t length = strlen(kinds[i].start);
        if (length <= n && memcmp(start, kinds[i].start, length) == 0)
            return kinds[i].is;
    }
    /* The length of a safetensors header below 2^32, and the header. */
    if (n > 8 && start[8] == '{' && memcmp(start + 4, "\0\0\0", 4) == 0)
        return "a safetensors file";
    return NULL;
}
