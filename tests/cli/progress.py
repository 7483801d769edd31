#!/usr/bin/env python3
"""The line of progress: lists over two seconds, on a terminal only, gone at the end.

usage: progress.py PROGRAM [--sanitized]

A list is made to last by stopping the program (SIGSTOP) for a while, or by feeding it slowly.
"""
import concurrent.futures
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

from program import ENV, Checks

LINE = re.compile(rb"vramfit: (\d+) lines, (\d+) a second(?:, (\d+) %, (\d+) (?:s|min|h) left)?")
LINES = 3000 if "--sanitized" in sys.argv else 20000  # longer than it takes to notice the first answers
ERASE = b"\r\x1b[K"


def drain(fd, p, feed=None):
    """Everything that comes through a terminal until the program ends."""
    got, fed = b"", 0
    while True:
        ready, _, _ = select.select([fd], [], [], 0.02)
        if ready:
            try:
                data = os.read(fd, 65536)
            except OSError:  # Linux: the other side is closed
                return got
            if not data:
                return got
            got += data
        elif p.poll() is not None:
            return got
        if feed and p.poll() is None:
            fed = feed(fed)


def run(c, args, columns=100, stop=0.0, feed=None, both=False, tty=True, env=None):
    """-> (what standard error was given, what standard output was, exit status)"""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        p = subprocess.Popen([c.program, *args], env=dict(ENV, **dict({"TERM": "xterm"}, **(env or {}))), stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
                             stdout=slave if both else out, stderr=slave if tty else err)
        os.close(slave)
        if stop:
            end = time.monotonic() + (5 if "--quiet" not in args else 0.05)
            while os.fstat(out.fileno()).st_size == 0 and p.poll() is None and time.monotonic() < end:
                time.sleep(0.001)  # until the first answers are written: in the middle of the list
            p.send_signal(signal.SIGSTOP)
            time.sleep(stop)
            p.send_signal(signal.SIGCONT)
        step = (lambda n: feed(p, n)) if feed else None
        text = drain(master, p, step)
        if p.stdin and not p.stdin.closed:
            p.stdin.close()
        p.wait(60)
        os.close(master)
        out.seek(0), err.seek(0)
        return text if tty else err.read(), out.read(), p.returncode


def slowly(seconds):
    end = time.monotonic() + seconds

    def feed(p, n):
        if time.monotonic() > end:
            p.stdin.close() if not p.stdin.closed else None
        elif not p.stdin.closed:
            p.stdin.write(b"llama-2-7b q8 %d\n" % (1000 + n))
            p.stdin.flush()
        return n + 1
    return feed


def main():
    c = Checks(sys.argv[1])
    ask = ["--gpu", "24GB", "-f", "tsv", "--models-from"]
    with tempfile.TemporaryDirectory(prefix="vramfit-progress.") as tmp:
        long, short = Path(tmp) / "long.txt", Path(tmp) / "short.txt"
        models = ("llama-2-7b", "qwen2.5-7b", "llama-3.1-8b", "mistral-7b-v0.3")
        long.write_text("".join("%s q4 %d\n" % (models[i % 4], 1000 + i // 2) for i in range(LINES)))
        short.write_text("llama-2-7b q8\n")

        plain = subprocess.run([c.program, *ask, str(short)], env=ENV, capture_output=True).stdout
        file, quiet = [*ask, str(long)], [*ask, str(long), "--quiet"]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:  # they mostly sleep
            def start(*args, **kw):
                return pool.submit(run, c, *args, **kw)
            whole, narrow, pipe, both = start(file, stop=2.3), start(file, stop=2.3, columns=20), start([*ask, "-"], feed=slowly(3.5)), \
                start([*ask, "-"], feed=slowly(2.8), both=True)
            silent = {"a pipe": start(file, stop=2.3, tty=False), "TERM=dumb": start(file, stop=2.3, env={"TERM": "dumb"}),
                      "no TERM": start(file, stop=2.3, env={"TERM": ""}), "--quiet": start(quiet, stop=2.3),
                      "a short list": start([*ask, str(short)])}

        text, out, status = whole.result()
        c.equal((status, out.count(b"\n")), (0, LINES + 1), "the answers are whole")
        seen = LINE.findall(text)
        if c.that(len(seen) > 0, "a file: a line of progress: %r" % text[:200]):
            c.that(all(p and 0 <= int(p) <= 100 for _, _, p, _ in seen), "a file has a known size: %r" % (seen[:3],))
            done = [int(n) for n, _, _, _ in seen]
            c.that(done == sorted(done) and 0 < done[-1] <= LINES, "lines done only grow")
        c.that(text.endswith(ERASE), "erased at the end: %r" % text[-40:])
        c.that(b"\n" not in text, "one line only")
        text = narrow.result()[0]
        c.that(text and all(len(x) < 20 for x in text.split(ERASE)), "no wider than the terminal: %r" % text[:200])

        text = pipe.result()[0]
        seen = LINE.findall(text)
        c.that(0 < len(seen) <= 5 * 3 + 1, "at most five times a second: %d" % len(seen))
        c.that(all(not p for _, _, p, _ in seen), "a pipe has no known size: %r" % (seen[:2],))

        # on one terminal with the answers: what is left when erased lines are taken away are the answers
        text = both.result()[0]
        c.that(LINE.search(text) is not None, "shown beside answers")
        left = re.sub(re.escape(ERASE) + rb"(vramfit: [^\r\n]*(?=\r\x1b\[K))?", b"", text).replace(b"\r\n", b"\n")
        c.that(left.startswith(plain.split(b"\n")[0]) and b"vramfit:" not in left and all(x.count(b"\t") == 14 for x in left.splitlines()),
               "answers stay whole: %r" % left[:300])
        for what, r in silent.items():
            c.equal(r.result()[0], b"", what)
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
