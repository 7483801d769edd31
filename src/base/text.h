/* Foreign text and names. */
#ifndef VF_BASE_TEXT_H
#define VF_BASE_TEXT_H

#include "vramfit/vramfit.h"

/** Room for vf_quote at its longest: 80 characters of 4 bytes, the quotes, "..." and the end. */
#define VF_QUOTE_SIZE 328

/** vf_quote of a string, into an array. */
#define VF_QUOTE(array, text) vf_quote((array), sizeof(array), (text), strlen(text))

/** Bytes of the UTF-8 character at `text` (n > 0 bytes are there); 0 when it is none. */
uint32_t vf_utf8_length(const char *text, size_t n);
/** The code point of a character of that length (1 to 4). */
uint32_t vf_utf8_code(const char *text, uint32_t length);

/** Whether a character steers a terminal, or turns or hides the text around it. */
bool vf_text_unsafe(uint32_t code);

/** Longest name that is looked up or compared, in bytes. */
#define VF_NAME_LIMIT 256

/** Room for any normalised name that is looked at. */
#define VF_NAME_SIZE (VF_NAME_LIMIT + 1)

/** The form in which names are compared: lower case; '+' is "plus"; other ASCII than letters and digits
 * are separators, kept (as one '-') only between two digits, where "3-1" is not "31". Returns the length;
 * SIZE_MAX when the name is longer than VF_NAME_LIMIT, or its form does not fit. */
size_t vf_name_normalize(char *out, size_t size, const char *name, size_t n);

/** Insertions, deletions, replacements and swaps of neighbours that make one text of the other; what is
 * beyond `limit` comes out as limit + 1. Texts and limit are at most VF_NAME_LIMIT. */
uint32_t vf_edit_distance(const char *a, size_t na, const char *b, size_t nb, uint32_t limit);

#endif
