#!/usr/bin/env python3
"""Runs a program over a corpus made by make.py and judges every promise.

usage: run.py BINARY [--corpus DIR] [--kind K[,K]] [--name SUBSTR] [--skip K[,K]] [--quick]
              [--crash-only] [--sanitized] [--valgrind] [--fault SO] [--verbose] [--update]

--corpus DIR   use this one; without it the corpus is made in a temporary folder
--quick        leave out the sweeps, and what takes more than a second; what is said must be what was said the last
               time (said.tsv has the checksums; --update writes it anew)
--crash-only   judge only: no signal, no sanitizer report, time, memory, input unchanged
--sanitized    the binary carries sanitizers: memory and address limits are not judged
--valgrind     every run under valgrind, which must find nothing; implies --sanitized
--fault SO     LD_PRELOAD library (fault.c) for alloc_sweep, read_sweep, write_sweep, open_sweep,
               driven by FAULT_KIND, FAULT_AT, FAULT_STICKY, FAULT_SHAPE; its exit status 99 says
               that call N was never reached
Standard library only. Exit status 0 when every case holds.
"""

import argparse
import collections
import fcntl
import json
import os
import pty
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import zlib

# Classes of exit status. 141 is a SIGPIPE as a shell reports it.
EXITS = {
    "ok": [0, 1, 3],
    "usage": [2],
    "data": [2],
    "io": [2],
    "oom": [2],
    "any": list(range(126)) + [141],
}
SANITIZER_EXIT = 97
SANITIZERS = {
    "ASAN_OPTIONS": "exitcode=97:abort_on_error=0:allocator_may_return_null=1:detect_leaks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:exitcode=97:print_stacktrace=1",
}
VALGRIND = ("valgrind", "-q", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible", "--error-exitcode=97",
            "--exit-on-first-error=no")
CLOSED = {"stdout_closed": [1], "stdin_closed": [0], "stderr_closed": [2], "all_closed": [0, 1, 2]}
FULL = {"stdout_full": 1, "stderr_full": 2}
STDOUT_BROKEN = ("stdout_broken", "stdout_broken_ign")
HIDDEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]")
OUTSIDE = re.compile(r"\.\./|/(dev|etc|proc|sys|root|home)/")  # what is there is this machine's: its answers are not kept
KEPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "said.tsv")
KEEP = 1 << 20  # bytes of output that are kept to be looked at

Result = collections.namedtuple("Result", "rc out err seconds cpu mib")


def argument(text):
    if isinstance(text, dict):
        return bytes.fromhex(text["hex"]) if "hex" in text else text["rep"].encode() * text["n"]
    return text.encode("utf-8", "surrogatepass")


class Runner:
    def __init__(self, corpus, options, tmp):
        self.corpus, self.options, self.tmp = corpus, options, tmp
        self.binary = os.path.abspath(options.binary)
        self.wrapper = VALGRIND if options.valgrind else ()
        self.said = {}

    def argv(self, row, path):
        here = {b"{file}": os.fsencode(path), b"{dir}": os.fsencode(self.corpus)}
        args = [argument(a) for a in row["args"]]
        for mark, value in here.items():
            args = [a.replace(mark, value) for a in args]
        return [os.fsencode(self.binary)] + ([] if row["setup"] == "argc0" else args)

    # ---- one run ------------------------------------------------------------------------------

    def feed(self, pipe, stdin):
        """Writes what the case has for stdin, in a thread of its own."""
        try:
            if stdin and "file" in stdin:
                with open(os.path.join(self.corpus, stdin["file"]), "rb") as f:
                    shutil.copyfileobj(f, pipe)
            elif stdin:
                pipe.write(stdin.get("head", "").encode())
                unit, left = stdin["rep"].encode(), stdin["n"]
                chunk = max(1, 65536 // max(1, len(unit)))
                while left > 0:
                    pipe.write(unit * min(chunk, left))
                    left -= chunk
                pipe.write(stdin.get("tail", "").encode())
        except OSError:
            pass
        try:
            pipe.close()
        except OSError:
            pass

    @staticmethod
    def drain(f, kept, one_line=False, slowly=False):
        """Reads all of an output; keeps the first megabyte."""
        try:
            while True:
                data = f.read1(512 if slowly else 65536)
                if not data:
                    break
                if len(kept) < KEEP:
                    kept += data
                if one_line and b"\n" in data:
                    f.close()
                    break
                if slowly:
                    time.sleep(0.001)
        except (OSError, ValueError):
            pass

    @staticmethod
    def prepare(setup):
        """What the child does between fork and exec."""

        def child():
            signal.signal(signal.SIGPIPE, signal.SIG_IGN if setup == "stdout_broken_ign" else signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if setup == "fsize0":
                resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
            if setup == "stack64k":
                resource.setrlimit(resource.RLIMIT_STACK, (65536, 65536))
            if setup == "as64m":
                resource.setrlimit(resource.RLIMIT_AS, (64 << 20, 64 << 20))
            if setup in FULL:
                os.dup2(os.open("/dev/full", os.O_WRONLY), FULL[setup])
            for fd in CLOSED.get(setup, []):
                os.close(fd)

        return child

    def stdout_for(self, setup):
        """-> (what the child gets, what we read or None)"""
        if setup in STDOUT_BROKEN:
            r, w = os.pipe()
            os.close(r)
            return w, None
        if setup == "stdout_slow":
            r, w = os.pipe()
            fcntl.fcntl(w, fcntl.F_SETFL, os.O_NONBLOCK)
            return w, os.fdopen(r, "rb")
        if setup == "fsize0":
            return os.open(os.path.join(self.tmp, "stdout"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), None
        if setup in ("tty0", "tty80"):
            ours, theirs = pty.openpty()
            columns = 0 if setup == "tty0" else 80
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            return theirs, os.fdopen(ours, "rb")
        return subprocess.PIPE, None

    def once(self, row, path, extra=None, cwd=None, before=()):
        setup, limit = row["setup"], row["expect"]["max_s"]
        env = dict(os.environ, **SANITIZERS)
        for k, v in dict(row["env"], **(extra or {})).items():
            if v is None:
                env.pop(k, None)
            else:
                env[k] = v
        theirs, ours = self.stdout_for(setup)
        start = time.monotonic()
        p = subprocess.Popen(
            [*self.wrapper, *before, *self.argv(row, path)],
            stdin=subprocess.PIPE,
            stdout=theirs,
            stderr=subprocess.PIPE,
            env=env,
            cwd=cwd or os.path.join(self.corpus, row["cwd"]),
            preexec_fn=self.prepare(setup),
        )
        if theirs != subprocess.PIPE:
            os.close(theirs)
        ours = ours or p.stdout
        out, err = bytearray(), bytearray()
        readers = [threading.Thread(target=self.drain, args=(p.stderr, err), daemon=True)]
        if ours:
            how = (ours, out, setup == "stdout_head", setup == "stdout_slow")
            readers.append(threading.Thread(target=self.drain, args=how, daemon=True))
        for t in [threading.Thread(target=self.feed, args=(p.stdin, row["stdin"]), daemon=True)] + readers:
            t.start()
        killer = threading.Timer(max(limit * 10, 10), p.kill)
        killer.start()
        _, status, usage = os.wait4(p.pid, 0)
        killer.cancel()
        seconds = time.monotonic() - start
        p.returncode = os.waitstatus_to_exitcode(status)
        for t in readers:
            t.join(2)
        cpu = usage.ru_utime + usage.ru_stime
        return Result(p.returncode, bytes(out), bytes(err), seconds, cpu, usage.ru_maxrss / 1024)

    # ---- judgement ----------------------------------------------------------------------------

    def judge(self, row, r):
        bad, expect, setup = [], row["expect"], row["setup"] or ""
        if r.rc < 0 and not (r.rc == -signal.SIGPIPE and setup.startswith("stdout_")):
            bad.append("signal %d" % -r.rc)
        if r.rc == SANITIZER_EXIT or re.search(rb"(Address|Leak)Sanitizer|runtime error:", r.err):
            bad.append("sanitizer")
        slack = 60 if self.options.valgrind else 4 if self.options.sanitized else 1
        if min(r.cpu, r.seconds) > expect["max_s"] * slack:
            bad.append("%.1f s" % r.seconds)
        if r.mib > expect["max_mib"] and not self.options.sanitized:
            bad.append("%.0f MiB" % r.mib)
        if self.options.crash_only:
            return bad
        if r.rc >= 0 and r.rc not in EXITS[expect["exit"]]:
            bad.append("exit %d, want %s" % (r.rc, expect["exit"]))
        bad += self.judge_text(row, r)
        if expect["verdict"] == "accept" and (r.rc not in EXITS["ok"] or r.err):
            bad.append("not accepted cleanly: " + r.err[:120].decode("utf-8", "replace").strip())
        if expect["verdict"] == "reject" and setup not in (
            "stdout_full",
            "stdout_closed",
            "stderr_closed",
            "stderr_full",
        ):
            bad += self.judge_message(row, r)
        return bad

    @staticmethod
    def judge_text(row, r):
        bad = []
        if re.search(rb"[\0-\x08\x0b-\x1f\x7f]", r.err):
            bad.append("control byte in stderr")
        for name, data in (("stderr", r.err), ("stdout", r.out)):
            try:
                data.decode("utf-8") if len(data) < KEEP else None
            except UnicodeDecodeError:
                bad.append("%s is not UTF-8" % name)
        if HIDDEN.search(r.out.decode("utf-8", "replace")):
            bad.append("text that turns or hides what is around it in stdout")
        if b"\x1b" in r.out and not (row["setup"] or "").startswith("tty"):
            bad.append("escape in stdout")
        return bad

    @staticmethod
    def judge_message(row, r):
        bad = ["accepted"] if r.rc == 0 else []
        findings = row["args"][:1] == ["check"]
        text = (r.out if findings else r.err).decode("utf-8", "replace")
        if row["kind"] != "list" and not findings:
            if r.out:
                bad.append("text on stdout")
            if text.count("\n") != 1:
                bad.append("%d lines on stderr" % text.count("\n"))
            if len(r.err) > 4096:
                bad.append("long message")
        says = row["expect"]["says"]
        if says and not any(word.lower() in text.lower() for word in says):
            bad.append("says none of %s: %s" % (says[:4], text[:160].strip()))
        return bad

    # ---- cases of more than one run -------------------------------------------------------------

    def sweep_files(self, row):
        """Every file of a case: the one that it names, or one changed copy per step of its sweep."""
        src = os.path.join(self.corpus, row["file"]) if row["file"] else ""
        sweep = row["sweep"]
        if not sweep:
            yield "", src
            return
        with open(src, "rb") as f:
            data = f.read()
        copy = os.path.join(self.tmp, os.path.basename(src))
        for i in range(sweep["from"], sweep["to"], sweep.get("step", 1)):
            if sweep["op"] == "truncate":
                steps = [("@%d" % i, data[:i])]
            else:
                steps = [
                    ("@%d=%02x" % (i, v), data[:i] + bytes([v]) + data[i + 1 :])
                    for v in sweep["values"]
                    if data[i] != v
                ]
            for tag, changed in steps:
                with open(copy, "wb") as f:
                    f.write(changed)
                yield tag, copy

    def fault_sweep(self, row):
        """Call 1, 2, 3 ... of a kind fails, until the program makes fewer calls than that."""
        kind, bad, runs = row["setup"][: -len("_sweep")], [], 0
        path = os.path.join(self.corpus, row["file"])
        shapes = [("0", "0"), ("0", "1")] + ([("1", "0"), ("2", "0")] if kind in ("read", "write") else [])
        for shape, sticky in shapes:
            for n in range(1, 5000):
                fault = {
                    "LD_PRELOAD": os.path.abspath(self.options.fault),
                    "FAULT_KIND": kind,
                    "FAULT_AT": str(n),
                    "FAULT_STICKY": sticky,
                    "FAULT_SHAPE": shape,
                }
                r = self.once(row, path, fault)
                if r.rc == 99:
                    bad += ["no %s is ever made" % kind] if n == 1 else []
                    break
                runs += 1
                tag = "@%d/%s/%s" % (n, sticky, shape)
                bad += ["%s %s" % (tag, b) for b in self.judge(row, r) if re.search("signal|sanit| s$", b)]
                if shape == "0" and r.rc == 0 and kind != "alloc" and kind != "open":
                    bad.append("%s exit 0 after a failed %s" % (tag, kind))
                if shape != "0" and r.rc not in EXITS["ok"]:
                    bad.append("%s exit %d after an interrupted %s" % (tag, r.rc, kind))
        return runs, bad

    def changing_file(self, row):
        """The file grows, or is cut, while it is read. Timing decides what is seen; nothing may crash."""
        src, copy, bad = os.path.join(self.corpus, row["file"]), os.path.join(self.tmp, "changing.gguf"), []
        for delay in (0, 0.0005, 0.001, 0.002, 0.004):
            shutil.copyfile(src, copy)

            def change():
                time.sleep(delay)
                with open(copy, "r+b") as f:
                    f.truncate(0 if row["setup"] == "shrinking" else 1 << 20)

            t = threading.Thread(target=change)
            t.start()
            bad += self.judge(row, self.once(row, copy))
            t.join()
        return 5, bad

    def twice(self, row):
        """Same input, same bytes, in another folder, locale and time zone."""
        path = os.path.join(self.corpus, row["file"])
        a = self.once(row, path)
        b = self.once(row, path, {"LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Tokyo", "LANG": "de_DE.UTF-8"}, cwd="/")
        same = (a.rc, a.out, a.err) == (b.rc, b.out, b.err)
        return 2, self.judge(row, a) + ([] if same else ["two runs differ"])

    def traced(self, row):
        """strace shows what is read from the file, and that nothing is written, started or connected."""
        log = os.path.join(self.tmp, "strace")
        path = os.path.join(self.corpus, row["file"])
        r = self.once(row, path, before=("strace", "-f", "-y", "-o", log))
        bad = self.judge(dict(row, expect=dict(row["expect"], max_s=30, max_mib=1 << 20)), r)
        with open(log, encoding="utf-8", errors="replace") as f:
            calls = f.read().splitlines()
        if row["setup"] == "readcount":
            mine = [c for c in calls if re.search(r"\b(p?read(v|64)?)\(\d+<%s>" % re.escape(path), c)]
            total = sum(int(m.group(1)) for m in (re.search(r"= (\d+)$", c) for c in mine) if m)
            if not 0 < total <= 65536 + 4096:
                bad.append("%d bytes read from the model" % total)
            print("%s: %d bytes read of a model" % (row["name"], total))
            if any("mmap(" in c and "<%s>" % path in c for c in calls):
                bad.append("the model is mapped")
        elif row["setup"] == "inside":
            folder = path.split("/manifests/")[0] if "/manifests/" in path else os.path.dirname(path)
            opened = [m.group(1) for m in (re.search(r'\bopen(?:at)?\((?:AT_FDCWD[^,]*, )?"([^"]*)"', c) for c in calls) if m]
            mine = [p for p in opened if not re.match(r"/(lib|lib64|usr)/|/etc/ld\.so|.*/vramfit(/|$)|/dev/null$", p)]
            bad += ["opened " + p for p in mine if not (os.path.realpath(p) + "/").startswith(os.path.realpath(folder) + "/")]
        else:
            evil = r"\b(socket|connect|unlink\w*|rename\w*|mkdir\w*|fork|vfork|chmod|fchmod)\(|O_(WRONLY|RDWR|CREAT)"
            bad += ["call " + c[:100] for c in calls if re.search(evil, c) and "/dev/tty" not in c]
            bad += ["call " + c[:100] for c in calls[1:] if re.search(r"\bexecve\(", c)]
        return 1, bad

    def special(self, row):
        """-> the function for a set-up of its own, None for the ordinary way, False to skip."""
        setup = row["setup"] or ""
        if setup.endswith("_sweep"):
            return self.fault_sweep if self.options.fault and not self.options.quick else False
        if setup in ("growing", "shrinking"):
            return self.changing_file
        if setup == "twice":
            return self.twice
        if setup in ("readcount", "nowrite", "inside"):
            return self.traced if shutil.which("strace") and not self.options.sanitized else False
        if setup == "unreadable" and os.geteuid() == 0:
            return False
        if setup in ("as64m", "stack64k") and self.options.sanitized:
            return False
        return None

    def remember(self, row, r):
        """The checksum of what it said, wherever the corpus lies."""
        text = r.out + b"\0" + r.err
        for place in (self.corpus, self.tmp, os.path.realpath(self.corpus)):
            text = text.replace(os.fsencode(place), b"CORPUS")
        text = re.sub(rb"cJSON [0-9.]+", b"cJSON", text)  # the system's own
        self.said[row["name"]] = zlib.crc32(text, zlib.crc32(b"%d" % r.rc, self.said.get(row["name"], 0)))

    def compare(self, update):
        """Which cases were answered otherwise than the last time."""
        now = ["%s\t%08x" % case for case in sorted(self.said.items())]
        if update:
            with open(KEPT, "w", encoding="utf-8") as f:
                f.write("# What run.py --quick was answered: case, CRC-32 of exit status and text\n" + "\n".join(now) + "\n")
        with open(KEPT, encoding="utf-8") as f:
            was = f.read().splitlines()[1:]
        moved = sorted(set(now) ^ set(was))
        for row in moved[:20]:
            print("MOVED %s: %s" % ("now" if row in now else "was", row.replace("\t", " ")))
        return len(moved)

    def run(self, row):
        """-> (number of runs or None when skipped, findings)"""
        if self.options.quick and (row["sweep"] or row["expect"]["max_s"] > 1):
            return None, []
        special = self.special(row)
        if special is False:
            return None, []
        if special:
            return special(row)
        if row["setup"] == "fifo":
            fifo = os.path.join(self.corpus, row["file"])
            if not os.path.lexists(fifo):
                os.mkfifo(fifo)
        bad, runs = [], 0
        for tag, path in self.sweep_files(row):
            watched = path and os.path.isfile(path) and not row["sweep"]
            before = os.stat(path) if watched else None
            if row["setup"] == "unreadable":
                os.chmod(path, 0)
            try:
                r = self.once(row, path)
                bad += [(tag + " " + b).strip() for b in self.judge(row, r)]
                if not row["setup"] and not OUTSIDE.search(json.dumps([row["args"], row["stdin"], row["file"], row["env"]])):
                    self.remember(row, r)
            except OSError as e:
                bad.append("%s cannot run: %s" % (tag, e))
            if row["setup"] == "unreadable":
                os.chmod(path, 0o644)
            runs += 1
            if before:
                after = os.stat(path)
                if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                    bad.append("the input was changed")
        return runs, bad


def summary(bad):
    """Findings of a case, alike ones together: at most five."""
    alike = {}
    for b in bad:
        alike.setdefault(b.split(" ", 1)[-1] if b.startswith("@") else b, []).append(b)
    many = ["%s x%d (first %s)" % (k, len(v), v[0].split()[0]) if len(v) > 1 else v[0] for k, v in alike.items()]
    return "; ".join(many[:5])


def check_fault(path):
    """The injector must be loaded, or sweeps prove nothing."""
    env = dict(os.environ, LD_PRELOAD=os.path.abspath(path), FAULT_KIND="open", FAULT_AT="1000000")
    if subprocess.run(["true"], env=env, stderr=subprocess.DEVNULL).returncode != 99:
        sys.exit("%s cannot be preloaded" % path)


def run_all(options, corpus, tmp):
    if options.fault:
        check_fault(options.fault)
    runner = Runner(corpus, options, tmp)
    only, skip = (set(filter(None, s.split(","))) for s in (options.kind, options.skip))
    cases = runs = failed = skipped = 0
    with open(os.path.join(corpus, "manifest.jsonl"), encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    for row in rows:
        if (only and row["kind"] not in only) or options.name not in row["name"]:
            continue
        n, bad = (None, []) if row["kind"] in skip else runner.run(row)
        if n is None:
            skipped += 1
            continue
        cases, runs = cases + 1, runs + n
        if bad:
            failed += 1
            print("FAIL %-38s %s" % (row["name"], summary(bad)), flush=True)
        elif options.verbose:
            print("ok   " + row["name"])
    for kind in sorted(skip):
        print("skipped: %s, no reader for it" % kind)
    kept = options.quick and not (options.sanitized or only or skip or options.name)
    moved = runner.compare(options.update) if kept else 0
    print("cases %d  runs %d  failed %d  skipped %d  moved %d" % (cases, runs, failed, skipped, moved))
    return 1 if failed or moved or not cases else 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("binary")
    p.add_argument("--corpus")
    p.add_argument("--kind", default="")
    p.add_argument("--skip", default="")
    p.add_argument("--name", default="")
    p.add_argument("--fault")
    for flag in ("quick", "crash-only", "sanitized", "valgrind", "verbose", "update"):
        p.add_argument("--" + flag, action="store_true")
    options = p.parse_args()
    options.sanitized |= options.valgrind
    with tempfile.TemporaryDirectory(prefix="hostile.") as tmp:
        corpus = options.corpus and os.path.abspath(options.corpus)
        if not corpus:
            corpus = os.path.join(tmp, "corpus")
            make = os.path.join(os.path.dirname(os.path.abspath(__file__)), "make.py")
            subprocess.run([sys.executable, "-B", make, corpus], check=True, stdout=subprocess.DEVNULL)
        return run_all(options, corpus, tmp)


if __name__ == "__main__":
    sys.exit(main())
