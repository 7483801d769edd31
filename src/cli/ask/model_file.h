/* Model files and folders: GGUF (split or not), config.json, safetensors. */
#ifndef CLI_MODEL_FILE_H
#define CLI_MODEL_FILE_H

#include "cli/text/io.h"
#include "cli/ask/subject.h"

/** A .gguf, .safetensors, config.json, *.index.json file, or "-" for a GGUF header on standard input. */
bool model_file_open(session *s, const char *path, subject *out, vf_error *err);
/** The GGUF file that `in` reads; `path` tells its other parts, if it is one of several. */
bool model_gguf_open(session *s, const char *path, input *in, subject *out, vf_error *err);
bool model_folder_has_config(const char *path);
bool model_folder_open(session *s, const char *path, subject *out, vf_error *err);

#endif
