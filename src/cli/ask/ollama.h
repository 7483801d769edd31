/* Models of Ollama's local store: "ollama:NAME[:TAG]", or the path of a manifest in it. The store is
 * looked at only when it is asked for, so that answers do not differ by machine. */
#ifndef CLI_OLLAMA_H
#define CLI_OLLAMA_H

#include "cli/report/report.h"
#include "cli/ask/subject.h"

/** Opens "ollama:[HOST/][NAMESPACE/]NAME[:TAG]". The store is OLLAMA_MODELS, else ~/.ollama/models, else
 * that of Ollama's own user, /usr/share/ollama/.ollama/models. */
bool ollama_open(session *s, const char *text, subject *out, vf_error *err);

/** Whether a path is .../manifests/HOST/NAMESPACE/NAME/TAG; the store is then what lies above. */
bool ollama_is_manifest(const char *path);
bool ollama_open_manifest(session *s, const char *path, subject *out, vf_error *err);

/** What the model's own parameters say where neither option nor line did. */
void ollama_settings(const session *s, const subject *sub, vf_settings *out);
/** Adds the projector and the adapters of the model, as Ollama loads them, to what is loaded beside it. */
bool ollama_members(const session *s, const subject *sub, vf_member member[VF_MAX_MEMBERS], uint32_t *n, vf_error *err);
/** Tells of the parameters that were taken (`before`: the settings without them), and of what is left out. */
void ollama_notes(const subject *sub, const vf_settings *before, const vf_request *q, row *w);

#endif
