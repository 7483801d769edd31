/* Models of Ollama's local store: "ollama:NAME[:TAG]", or the path of a manifest in it. The store is
 * looked at only when it is asked for, so that answers do not differ by machine. */
#ifndef CLI_OLLAMA_H
#define CLI_OLLAMA_H

#include "cli/report.h"
#include "cli/subject.h"

/** Opens "ollama:[HOST/][NAMESPACE/]NAME[:TAG]". The store is OLLAMA_MODELS, else ~/.ollama/models, else
 * that of Ollama's own user, /usr/share/ollama/.ollama/models. */
bool ollama_open(session *s, const char *text, subject *out, vf_error *err);

/** Whether a path is .../manifests/HOST/NAMESPACE/NAME/TAG; the store is then what lies above. */
bool ollama_is_manifest(const char *path);
bool ollama_open_manifest(session *s, const char *path, subject *out, vf_error *err);

/** What the model's own parameters say where neither option nor line did. */
void ollama_settings(const session *s, const subject *sub, vf_settings *out);
/** Tells of them, and of the layers that are not counted. `before`: the settings without them. */
void ollama_notes(const subject *sub, const vf_settings *before, const vf_settings *after, row *w);

#endif
