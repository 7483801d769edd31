/* JSON texts as trees. This and the files that read a node are the only ones that see cJSON.
 *
 * The tree itself lies in cJSON's memory (malloc, unless the application gave cJSON other hooks): cJSON
 * knows one allocator per process, and setting it here would be a global effect and a data race. It is
 * bounded by the gate's limits (gate.h) and freed with the document. All else is the caller's allocator.
 * cJSON also notes the place of its last error in a global variable; nothing here reads it. */
#ifndef VF_LOAD_JSON_H
#define VF_LOAD_JSON_H

#include <cjson/cJSON.h>

#include "base/error.h"
#include "load/json/gate.h"

typedef struct vf_json {
    const vf_allocator *a;
    const char *file; /**< for messages */
    char *text;       /**< a copy, a NUL behind it */
    size_t n;
    cJSON *root;
} vf_json;

/** Passes the text through the gate and parses it. With `non_finite` bare NaN and Infinity are read as
 * null. On error nothing is kept, and *err has file, line and column. `file` must outlive `j`. */
vf_status vf_json_open(vf_json *j, const char *file, const char *text, size_t n, bool non_finite,
                       const vf_allocator *a, vf_error *err);
void vf_json_close(vf_json *j);

/** The member of that key, letter for letter, or NULL. */
const cJSON *vf_json_member(const cJSON *object, const char *key);

/** Byte of a node in the text (of its key, when it has one and `key` is set). */
size_t vf_json_at(const vf_json *j, const cJSON *node, bool key);

/** The path of a node, "/models/3/hparams/block_count"; returns `out`. */
char *vf_json_path(const vf_json *j, const cJSON *node, char *out, size_t size);

/** Sets file, line, column and path of an error about a node (`key`: about its key). */
void vf_json_locate(const vf_json *j, const cJSON *node, bool key, vf_error *err);

/** Fills *err about a node: file, line, column, path, text. Returns the status. `node` may be NULL: the
 * whole document. */
vf_status vf_json_fail(const vf_json *j, const cJSON *node, vf_error *err, vf_status status, const char *format, ...)
    VF_PRINTF(5, 6);

/** "the string 'x'", "null", "1.5", "an array" ...: for "found ..., expected ...". Returns `out`. */
char *vf_json_what(const vf_json *j, const cJSON *node, char *out, size_t size);

/** An integer from 0 to 2^53 without fraction; false when it is anything else. */
bool vf_json_u64(const cJSON *node, uint64_t *value);

/* Typed reading of members, for formats whose unknown keys are ignored (config.json). An absent member,
 * or null, leaves *value as it was. A member of another type, or out of range, is VF_ERR_DATA. */
vf_status vf_json_get_u64(const vf_json *j, const cJSON *object, const char *key, uint64_t min, uint64_t max,
                          uint64_t *value, vf_error *err);
vf_status vf_json_get_u32(const vf_json *j, const cJSON *object, const char *key, uint32_t min, uint32_t max,
                          uint32_t *value, vf_error *err);
vf_status vf_json_get_bool(const vf_json *j, const cJSON *object, const char *key, bool *value, vf_error *err);
/** The string lives as long as the document. */
vf_status vf_json_get_string(const vf_json *j, const cJSON *object, const char *key, const char **value,
                             vf_error *err);
/** The member when it is an object (array), NULL when absent or null. */
vf_status vf_json_get_object(const vf_json *j, const cJSON *object, const char *key, const cJSON **value,
                             vf_error *err);
vf_status vf_json_get_array(const vf_json *j, const cJSON *object, const char *key, const cJSON **value,
                            vf_error *err);

#endif
