/* Starts a program again and again, from a small parent, so that neither the time nor the memory is the
 * parent's: prints the least and the median microseconds, and the most KiB resident.
 *
 * usage: spawn RUNS PROGRAM [ARGUMENT ...]    (stdin is the caller's, stdout goes nowhere)
 */
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static double times[1000];
    posix_spawn_file_actions_t actions;
    long kib = 0;
    int runs = argc > 2 ? atoi(argv[1]) : 0;

    if (runs < 1 || runs > 1000)
        return 2;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    for (int i = 0; i < runs; i++) {
        pid_t pid;
        int status;
        struct rusage usage;
        double start = now_us();
        if (posix_spawnp(&pid, argv[2], &actions, NULL, argv + 2, environ) != 0)
            return 2;
        wait4(pid, &status, 0, &usage);
        times[i] = now_us() - start;
        if (!WIFEXITED(status) || WEXITSTATUS(status) == 2)
            return 2;
        kib = usage.ru_maxrss > kib ? usage.ru_maxrss : kib;
    }
    qsort(times, (size_t)runs, sizeof *times, compare);
    printf("%.1f %.1f %ld\n", times[0], times[runs / 2], kib);
    return 0;
}
