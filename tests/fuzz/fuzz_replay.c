/* Runs a target over files: `fuzz_NAME FILE...` */
#include "fuzz.h"

int main(int argc, char **argv)
{
    static uint8_t buffer[2u << 20];
    for (int i = 1; i < argc; i++) {
        FILE *in = fopen(argv[i], "rb");
        if (!in) {
            perror(argv[i]);
            return 1;
        }
        size_t n = fread(buffer, 1, sizeof buffer, in);
        fclose(in);
        /* a copy of the exact size, so that a sanitizer sees the byte behind it */
        uint8_t *copy = malloc(n + !n);
        if (!copy)
            return 1;
        memcpy(copy, buffer, n);
        LLVMFuzzerTestOneInput(copy, n);
        free(copy);
    }
    printf("%d files\n", argc - 1);
    return argc > 1 ? 0 : 1;
}
