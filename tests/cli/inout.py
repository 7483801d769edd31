#!/usr/bin/env python3
"""Descriptors, pipes and disks; lists.

usage: inout.py PROGRAM
"""
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from program import ENV, Checks

Q = ["13B", "-q", "q8", "-g", "24GB"]


def writing(c):
    for args in (Q, Q + ["-f", "json"], ["--help"], ["--version"], ["list", "models"]):
        with open("/dev/full", "wb") as full:
            p = subprocess.run([c.program, *args], env=ENV, stdout=full, stderr=subprocess.PIPE)
        c.equal(p.returncode, 2, "%s > /dev/full: exit status" % args)
        c.that(b"standard output" in p.stderr and p.stderr.count(b"\n") == 1, "%s > /dev/full: %r" % (args, p.stderr))
        p = subprocess.run([c.program, *args], env=ENV, stderr=subprocess.PIPE, preexec_fn=lambda: os.close(1))
        c.equal(p.returncode, 2, "%s >&-: exit status" % args)
    p = subprocess.run([c.program, "zzz", "-g", "24GB"], env=ENV, stdout=subprocess.PIPE, preexec_fn=lambda: os.close(2))
    c.equal((p.returncode, p.stdout), (2, b""), "2>&-")
    for args in (["--models-from", "-", "-f", "tsv"], ["-"]):
        p = subprocess.run([c.program, *args, "-g", "24GB"], env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           preexec_fn=lambda: os.close(0))
        c.that(p.returncode == 2 and b"standard input is closed" in p.stderr, "%s <&-: %d, %r" % (args, p.returncode, p.stderr))
    for sig in (signal.SIG_DFL, signal.SIG_IGN):
        read, write = os.pipe()
        os.close(read)
        p = subprocess.run([c.program, "list", "models"], env=ENV, stdout=write, stderr=subprocess.PIPE,
                           preexec_fn=lambda s=sig: signal.signal(signal.SIGPIPE, s))
        os.close(write)
        c.equal(p.stderr, b"", "a pipe without reader is quiet")
        c.that(p.returncode in (2, -signal.SIGPIPE), "a pipe without reader: exit %d" % p.returncode)

    def no_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with tempfile.TemporaryFile() as out:
        p = subprocess.run([c.program, *Q], env=ENV, stdout=out, stderr=subprocess.PIPE, preexec_fn=no_files)
    c.equal(p.returncode, 2, "RLIMIT_FSIZE 0")


def no_arguments(c):
    """argc 0: argv[0] is NULL."""
    script = "import os; os.execve(%r, [], {})" % c.program
    p = subprocess.run([sys.executable, "-c", script], capture_output=True)
    c.that(p.returncode in (1, 2), "an empty argument vector: %d" % p.returncode)


def slow_reader(c):
    """A non-blocking pipe loses nothing."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    p = subprocess.Popen([c.program, "list", "models", "-f", "json"], env=ENV, stdout=write)
    os.close(write)
    time.sleep(0.2)
    got = b""
    while chunk := os.read(read, 4096):
        got += chunk
    c.equal(p.wait(), 0, "a slow reader: exit status")
    c.equal(got.decode(), c.run("list", "models", "-f", "json").out, "a slow reader: everything arrives")


def same_everywhere(c):
    first = c.run(*Q, "-f", "json").out
    for env in ({"LC_ALL": "de_DE.UTF-8"}, {"LC_ALL": "tr_TR.UTF-8"}, {"TZ": "Asia/Tokyo"}, {"HOME": "x/../.."}, {"TERM": "../x"}):
        c.equal(c.run(*Q, "-f", "json", env=env).out, first, "the same bytes under %s" % env)
    c.equal(c.run(*Q, "-f", "json", cwd="/").out, first, "the same bytes in another folder")


def lists(c, tmp):
    tsv = ["-g", "24GB", "-f", "tsv"]
    r = c.run("--models-from", "-", *tsv, stdin=b"13B q8\n70B q4_k_m 8192\nnonsense\n")
    rows = r.out.splitlines()
    c.equal(r.exit, 2, "a list with a bad line: exit status")
    c.equal(len(rows), 3, "a header and two rows")
    c.equal([x.split("\t")[5] for x in rows], ["verdict", "fit", "no-fit"], "their verdicts")
    c.that(r.err.count("\n") == 1 and "line 3" in r.err and "nonsense" in r.err, "the bad line is named: " + r.err)
    same = b"# a comment\r\n\r\n\t13B q8 # note\r\n  70B\tq4_k_m  8k"
    again = c.run("--models-from", "-", *tsv, stdin=b"\xef\xbb\xbf" + same)
    c.equal((again.out, again.exit), (r.out, 1), "comments, CRLF, tabs, a byte order mark, no last newline")
    train = c.run("--models-from", "-", *tsv, stdin=b"llama-3.1-8b q4 train\n13B q4 train\n")
    c.equal([x.split("\t")[4] for x in train.out.splitlines()[1:]], ["131072", "4096"], "train in a list")
    null = c.run("--models-from", "-", "--null", "-q", "q8", *tsv, stdin=b"13B\0llama 2 13b\0")
    c.equal((null.out.count("\n"), null.exit), (3, 0), "--null")
    (tmp / "list.txt").write_text("13B q8\n13B q8 x\n13B q8 4096 y\n-\n13B nosuch\n")
    named = c.run("--models-from", "list.txt", *tsv, cwd=tmp)
    c.equal([x.split(": ")[1] for x in named.err.splitlines()], ["list.txt:%d" % i for i in (2, 3, 4, 5)], "lines of a file")
    c.equal(c.run("--models-from", "-", *tsv, stdin=b"").exit, 0, "an empty list")
    for data, word in ((b"13B\0q8\n", "NUL"), (b"\xff\xfe1\n", "line 1"), (b"a" * 70000 + b"\n", "too long"),
                       (b" " * 70000 + b"\n", "too long")):
        bad = c.run("--models-from", "-", *tsv, stdin=data)
        c.that(bad.exit == 2 and word in bad.err and "line 1" in bad.err, "a bad line: %r" % bad.err[:200])
    c.equal(c.run("--models-from", "-", *tsv, stdin=b"a" * 65536).err.count("too long"), 0, "a line at the limit")
    many = c.run("--models-from", "-", *tsv, stdin=b"lama-3.1-8b\n" * 12)
    c.equal(many.err.count("did you mean"), 10, "suggestions for the first ten bad lines")
    c.equal(c.run("--models-from", str(tmp), *tsv).exit, 2, "a folder as a list")


def streaming(c):
    """A row is there before the next line is."""
    p = subprocess.Popen([c.program, "--models-from", "-", "-g", "24GB", "-f", "tsv"], env=ENV, stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE)
    p.stdin.write(b"13B q8\n")
    p.stdin.flush()
    header, row = p.stdout.readline(), p.stdout.readline()
    c.that(header.startswith(b"model\t") and b"\tfit\t" in row, "a row before the end of the list")
    p.stdin.close()
    c.equal(p.wait(), 0, "a streamed list")
    p.stdout.close()


def long_list(c, tmp):
    models = [x.split("\t")[0] for x in c.run("list", "models", "-f", "tsv").out.splitlines()[1:]]
    lines = ["%s q%d" % (models[i % len(models)], (4, 5, 6, 8)[i // len(models) % 4]) for i in range(20000)]
    (tmp / "long.txt").write_text("\n".join(lines) + "\n")
    with open(tmp / "out", "wb") as out:
        p = subprocess.Popen([c.program, "--models-from", str(tmp / "long.txt"), "-g", "24GB", "-f", "tsv"], env=ENV,
                             stdout=out, stderr=subprocess.PIPE)
        err = p.stderr.read()
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        p.stderr.close()
    c.that(p.returncode in (0, 1, 2, 3), "a long list: exit %d" % p.returncode)
    rows = (tmp / "out").read_bytes().count(b"\n") - 1
    c.equal(rows + err.count(b"\n"), len(lines), "a long list: every line is answered")
    c.that(usage.ru_maxrss < 64 * 1024 or "--sanitized" in sys.argv, "a long list: %d KiB resident" % usage.ru_maxrss)


def main():
    c = Checks(str(Path(sys.argv[1]).resolve()))
    with tempfile.TemporaryDirectory() as tmp:
        for check in (writing, no_arguments, slow_reader, same_everywhere, streaming):
            check(c)
        lists(c, Path(tmp))
        long_list(c, Path(tmp))
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
