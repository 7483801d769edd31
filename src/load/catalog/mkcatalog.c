/* Compiles data/ into the library: reads the files named, checks everything, and writes a C file with
 * the compiled catalog. A build tool of this project; any error is named with file, line and column, and
 * stops the build.
 *
 * usage: mkcatalog OUT.c FILE.json... */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/catalog/catalog.h"

static void *resize(void *ctx, void *p, size_t old_size, size_t new_size)
{
    (void)ctx;
    (void)old_size;
    if (new_size == 0) {
        free(p);
        return NULL;
    }
    return realloc(p, new_size);
}

static const vf_allocator heap = {resize, NULL};

static bool print_finding(void *ctx, const vf_finding *f)
{
    (void)ctx;
    fprintf(stderr, "%s:%u:%u: %s: %s%s%s [%s]\n", f->error.file, f->error.line, f->error.column,
            f->is_error ? "error" : "warning", f->error.key, f->error.key[0] ? ": " : "", f->error.text, f->id);
    return true;
}

/** Reads a file of at most the size the gate takes, and a byte more to see that it is larger. */
static bool add_file(vf_catalog *c, const char *path)
{
    static char text[VF_JSON_TEXT_LIMIT + 1];
    FILE *in = fopen(path, "rb");
    size_t n = in ? fread(text, 1, sizeof text, in) : 0;
    bool ok = in && !ferror(in);
    if (in)
        fclose(in);
    if (!ok) {
        fprintf(stderr, "mkcatalog: %s: cannot be read\n", path);
        return false;
    }
    vf_error err;
    return vf_catalog_add(c, path, text, n, print_finding, NULL, &err) == VF_OK;
}

/** Numbers, not bytes: a fraction of the tokens for the compiler. */
static bool write_catalog(vf_catalog *c, const char *path)
{
    vf_builder_settle(&c->builder);
    size_t n = vf_builder_size(&c->builder);
    uint64_t *words = malloc(n);
    FILE *out = fopen(path, "wb");
    bool ok = words && out;
    if (ok) {
        vf_builder_write(&c->builder, words);
        fprintf(out, "/* Made of data/ by mkcatalog. */\n#include <stddef.h>\n#include <stdint.h>\n\n"
                     "extern const uint64_t vf_builtin_catalog[];\nextern const size_t vf_builtin_catalog_size;\n\n"
                     "const size_t vf_builtin_catalog_size = %zu;\nconst uint64_t vf_builtin_catalog[] = {", n);
        for (size_t i = 0; i < n / sizeof *words; i++)
            fprintf(out, "%s0x%llx,", i % 8 ? "" : "\n", (unsigned long long)words[i]);
        fprintf(out, "\n};\n");
        ok = !ferror(out);
    }
    if (out && fclose(out) != 0)
        ok = false;
    free(words);
    if (!ok)
        fprintf(stderr, "mkcatalog: %s: cannot be written\n", path);
    return ok;
}

int main(int argc, char **argv)
{
    vf_catalog *c = NULL;
    vf_error err;
    if (argc < 3) {
        fprintf(stderr, "usage: mkcatalog OUT.c FILE.json...\n");
        return 2;
    }
    bool ok = vf_catalog_new(&heap, &c, &err) == VF_OK;
    for (int i = 2; c && i < argc; i++)
        ok = add_file(c, argv[i]) && ok;
    ok = c && vf_catalog_check(c, &heap, print_finding, NULL, &err) == VF_OK && ok && write_catalog(c, argv[1]);
    vf_catalog_free(c);
    return ok ? 0 : 1;
}
