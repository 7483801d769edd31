/* The only place of the program that touches descriptors: files come in here, text goes out. */
#ifndef CLI_IO_H
#define CLI_IO_H

#include "cli/text/fail.h"
#include "vramfit/load.h"

/** Opens /dev/null for those of descriptors 0, 1 and 2 that are closed, so that no file that is opened
 * later becomes standard output; makes a limit on file sizes an error of write. A closed standard output is remembered as unwritable. */
bool io_guard_descriptors(vf_error *err);

/** Writes everything, through short writes and interruptions; false with errno. */
bool write_all(int fd, const char *text, size_t n);
/** Writes the buffer to standard output and empties it. A reader that went away is quiet
 * (err->text empty). */
bool io_flush(buf *b, vf_error *err);
/** Closes standard output; reports what the system kept back until now. */
bool io_close_stdout(vf_error *err);

typedef enum file_kind { FILE_MISSING = 0, FILE_REGULAR, FILE_FOLDER, FILE_OTHER } file_kind;
file_kind io_kind(const char *path);

/** Why a path that cannot be a name is missing, in words; NULL for what may be a name. */
const char *io_why_missing(const char *path);

/** A file that is read forward through a buffer. `source` points into it: not to be moved. */
typedef struct input {
    int fd;
    bool seekable;
    char shown[240]; /**< the name, safe to print */
    uint64_t size;   /**< UINT64_MAX: unknown */
    size_t at, n;    /**< unread part of `chunk` */
    int error;       /**< errno of a failed read */
    vf_source source;
    char chunk[65536];
} input;

/** Opens a regular file, or standard input for "-". Heap-allocated (64 KiB); close with input_close. */
input *input_open(const char *path, vf_error *err);
void input_close(input *in);
/** Up to n bytes; 0 at the end, −1 on error (message in err). */
int64_t input_read(input *in, void *buffer, size_t n, vf_error *err);

/** A whole file of at most `limit` bytes, with a NUL behind it; free() it. NULL with err. */
char *io_read_file(const char *path, size_t limit, size_t *n, vf_error *err);

/** Path of `name` in the folder of `path` (in_folder false) or in the folder `path` itself. */
bool io_join(const char *path, bool in_folder, const char *name, char *out, size_t size);

#endif
