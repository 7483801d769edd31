/* Feature test macro: POSIX calls under -std=c11. */
#define _POSIX_C_SOURCE 200809L
#include "cli/text/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool stdout_closed, stdin_closed;

bool io_guard_descriptors(vf_error *err)
{
    /* A file that may not grow is an error of write, not the end of the program. */
    (void)signal(SIGXFSZ, SIG_IGN);
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) != -1 || errno != EBADF)
            continue;
        stdin_closed = stdin_closed || fd == 0;
        stdout_closed = stdout_closed || fd == 1;
        /* The lowest free number is the closed one, as those below it are open. */
        if (open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) != fd)
            return fail(err, "", "standard input, output and error are closed, and /dev/null cannot be opened");
    }
    return true;
}

bool write_all(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, text, n);
        if (done > 0) {
            text += done;
            n -= (size_t)done;
        } else if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            struct pollfd p = {.fd = fd, .events = POLLOUT};
            if (poll(&p, 1, -1) < 0 && errno != EINTR)
                return false;
        } else if (done < 0 && errno != EINTR) {
            return false;
        }
    }
    return true;
}

static bool fail_write(vf_error *err, int error)
{
    (void)fail(err, "standard output", "cannot write: %s", strerror(error));
    err->status = VF_ERR_IO;
    if (error == EPIPE)
        err->text[0] = 0;
    return false;
}

bool io_flush(buf *b, vf_error *err)
{
    if (b->failed)
        return fail_nomem(err);
    if (b->n > 0 && stdout_closed)
        return fail_write(err, EBADF);
    if (!write_all(1, b->p, b->n))
        return fail_write(err, errno);
    b->n = 0;
    return true;
}

bool io_close_stdout(vf_error *err)
{
    if (close(1) != 0 && errno != EINTR && errno != EBADF)
        return fail_write(err, errno);
    return true;
}

file_kind io_kind(const char *path)
{
    struct stat st;
    errno = 0;
    if (stat(path, &st) != 0)
        return errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG ? FILE_MISSING : FILE_OTHER;
    return S_ISREG(st.st_mode) ? FILE_REGULAR : S_ISDIR(st.st_mode) ? FILE_FOLDER : FILE_OTHER;
}

const char *io_why_missing(const char *path)
{
    bool is_path = path[0] == '/' || strncmp(path, "./", 2) == 0 || strncmp(path, "../", 3) == 0;
    bool missing = io_kind(path) == FILE_MISSING;
    return missing && (is_path || (strchr(path, '/') && errno != ENOENT)) ? strerror(errno) : NULL;
}

static bool show_name(char *out, size_t size, const char *path)
{
    buf b = {0};
    buf_plain(&b, path);
    size_t n = b.failed ? 0 : b.n, most = size - 1 < 200 ? size - 1 : 200;
    if (n > most) {
        n = most;
        while (n > 0 && ((unsigned char)b.p[n] & 0xC0u) == 0x80u)
            n--;
    }
    if (n)
        memcpy(out, b.p, n);
    out[n] = 0;
    bool good = !b.failed;
    buf_free(&b);
    return good;
}

static bool fail_file(vf_error *err, const char *shown, const char *what)
{
    *err = (vf_error){.status = VF_ERR_IO};
    text_set(err->file, sizeof err->file, shown);
    text_set(err->text, sizeof err->text, what);
    return false;
}

static int64_t source_read(void *ctx, void *buffer, size_t n)
{
    input *in = ctx;
    vf_error ignored;
    return input_read(in, buffer, n, &ignored);
}

/* Seeking past the end succeeds, so the size is checked by hand. */
static bool source_skip(void *ctx, uint64_t n)
{
    input *in = ctx;
    uint64_t buffered = in->n - in->at;
    if (n <= buffered) {
        in->at += (size_t)n;
        return true;
    }
    n -= buffered;
    in->at = in->n = 0;
    if (in->seekable) {
        off_t here = lseek(in->fd, 0, SEEK_CUR);
        if (here < 0 || (uint64_t)here > in->size || n > in->size - (uint64_t)here)
            return false;
        return lseek(in->fd, (off_t)n, SEEK_CUR) >= 0;
    }
    while (n > 0) {
        size_t want = n < sizeof in->chunk ? (size_t)n : sizeof in->chunk;
        ssize_t got = read(in->fd, in->chunk, want);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        n -= (uint64_t)got;
    }
    return true;
}

input *input_open(const char *path, vf_error *err)
{
    input *in = malloc(sizeof *in);
    if (!in) {
        (void)fail_nomem(err);
        return NULL;
    }
    bool is_stdin = strcmp(path, "-") == 0;
    in->at = in->n = 0;
    in->error = 0;
    in->size = UINT64_MAX;
    if (!show_name(in->shown, sizeof in->shown, is_stdin ? "standard input" : path)) {
        (void)fail_nomem(err);
        free(in);
        return NULL;
    }
    struct stat st = {0};
    in->fd = is_stdin ? 0 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const char *wrong = NULL;
    if (in->fd < 0)
        wrong = strerror(errno);
    else if (is_stdin && stdin_closed)
        wrong = "standard input is closed";
    else if (fstat(in->fd, &st) != 0)
        wrong = strerror(errno);
    else if (S_ISDIR(st.st_mode))
        wrong = "a directory, not a regular file";
    else if (!is_stdin && !S_ISREG(st.st_mode))
        wrong = "not a regular file";
    if (wrong) {
        (void)fail_file(err, in->shown, wrong);
        input_close(in);
        return NULL;
    }
    /* What comes through standard input may be the beginning of a file: a header is enough. */
    in->seekable = !is_stdin && S_ISREG(st.st_mode);
    if (in->seekable)
        in->size = (uint64_t)st.st_size;
    in->source = (vf_source){in->shown, source_read, source_skip, in, in->size};
    return in;
}

void input_close(input *in)
{
    if (!in)
        return;
    if (in->fd > 2)
        (void)close(in->fd);
    free(in);
}

int64_t input_read(input *in, void *buffer, size_t n, vf_error *err)
{
    if (in->at == in->n) {
        ssize_t got;
        for (;;) {
            got = read(in->fd, in->chunk, sizeof in->chunk);
            if (got >= 0 || (errno != EINTR && errno != EAGAIN))
                break;
            if (errno == EAGAIN) {
                struct pollfd p = {.fd = in->fd, .events = POLLIN};
                (void)poll(&p, 1, -1);
            }
        }
        if (got < 0) {
            in->error = errno;
            (void)fail_file(err, in->shown, strerror(errno));
            return -1;
        }
        in->at = 0;
        in->n = (size_t)got;
    }
    size_t have = in->n - in->at, take = n < have ? n : have;
    memcpy(buffer, in->chunk + in->at, take);
    in->at += take;
    return (int64_t)take;
}

char *io_read_file(const char *path, size_t limit, size_t *n, vf_error *err)
{
    input *in = input_open(path, err);
    if (!in)
        return NULL;
    char *text = NULL;
    size_t cap = 0, used = 0;
    bool good = in->size == UINT64_MAX || in->size <= limit;
    if (!good)
        (void)fail_file(err, in->shown, "larger than 1 MiB, the limit for JSON files");
    while (good) {
        if (cap - used < 2) {
            size_t more = cap ? cap * 2 : in->size != UINT64_MAX ? (size_t)in->size + 2 : 65536;
            char *p = realloc(text, more);
            if (!p) {
                (void)fail_nomem(err);
                good = false;
                break;
            }
            text = p;
            cap = more;
        }
        int64_t got = input_read(in, text + used, cap - used - 1, err);
        if (got <= 0) {
            good = got == 0;
            break;
        }
        used += (size_t)got;
        if (used > limit)
            good = fail_file(err, in->shown, "larger than 1 MiB, the limit for JSON files");
    }
    input_close(in);
    if (!good) {
        free(text);
        return NULL;
    }
    text[used] = 0;
    *n = used;
    return text;
}

bool io_join(const char *path, bool in_folder, const char *name, char *out, size_t size)
{
    const char *slash = strrchr(path, '/');
    size_t n = in_folder ? strlen(path) : slash ? (size_t)(slash - path) + 1 : 0;
    bool add = in_folder && n > 0 && path[n - 1] != '/';
    int used = n < size ? snprintf(out, size, "%.*s%s%s", (int)n, path, add ? "/" : "", name) : -1;
    return used > 0 && (size_t)used < size;
}
