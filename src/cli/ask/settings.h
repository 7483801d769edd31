/* The options of a run as vf_settings. */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "cli/session.h"

/** Whether the model drafts for itself (--draft mtp). */
bool settings_draft_mtp(const session *s);

/** Puts the options that were given into settings that stand already. */
bool settings_apply(const session *s, vf_settings *out, vf_error *err);

/** Settings as the options give them; --context is left to settings_context. */
bool settings_make(const session *s, vf_settings *out, vf_error *err);

/** Whether every option that was given means something under the runtime. */
bool settings_check(const session *s, const char *runtime, vf_error *err);

#endif
