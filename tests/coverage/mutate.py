#!/usr/bin/env python3
"""Mutation testing: one small fault at a time in the source, and whether the tests notice.

usage: mutate.py --source DIR [--work DIR] [--folder NAME[,NAME]] [--file PATTERN] [--count N] [--seed S] [--log FILE]
                 [--jobs N] [--again LOG]

From each folder of src/ (default: all with code) --count faults are drawn with --seed, the same for the same source
and seed. All are built into one program, each switched on by a number that is written into the programs built; which
of the fast tests come by a fault is recorded first, and only those judge it, first what is quick and noticed others in
the same file: the first one that fails, crashes or does not end kills it. Left out are tests of the source; of
accuracy's rows one in ten is asked, and all of them where no test noticed. Not counted: a fault that does not compile,
one after which the compiler makes the same code, and those in equivalent.tsv, each with its reason. --log gets a JSON
line for each; --again judges those of a log that survived, where their line is still there. The work (--work: kept) is
some hundred MB. Needs clang, cmake and ninja; status 77: one is missing.

What is changed: < and <=, > and >=, == and !=, && and ||, + and -, * and /, << and >>, & and |, ++ and --, true and
false, a constant by one, a condition into its opposite or into never, vf_add and vf_mul, a break into a continue, an
assignment or a call without a result left out.
"""
import argparse
import concurrent.futures
import json
import os
import queue
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import mutants

FOLDERS = "base,model,estimate,runtime,search,load,probe,cli"
NEVER = "^(structure|readme|accuracy.measured)"  # these judge the source
TRAPS = "-fsanitize=undefined -fsanitize-trap=undefined -ftrivial-auto-var-init=pattern"  # the fast tests run under sanitizers too: this is the part of them that costs little
ROWS = "10"  # one in so many of accuracy's rows at first: all of them are most of the fast tests' time
MARK = b"vf-mutant-mark:"
HEADER = r"""
#ifndef VF_MUTANT
#define VF_MUTANT
/* No header is included: the sources choose what theirs declare. One for the program: weak. The number is patched into the file; -2 records which faults are come by. */
__attribute__((weak)) volatile struct { char mark[16]; int on; } vf_mutant = {"%(mark)s", -1};
__attribute__((weak)) unsigned char vf_mutants_met[%(count)d];
static inline int vf_m(int n)
{
    if (vf_mutant.on == -2)
        vf_mutants_met[n] = 1;
    return n == vf_mutant.on;
}
int vf_m_open(const char *, int, ...) __asm__("open");
long vf_m_write(int, const void *, unsigned long) __asm__("write");
int vf_m_close(int) __asm__("close");
__attribute__((weak, destructor)) void vf_mutants_record(void);
__attribute__((weak, destructor)) void vf_mutants_record(void)
{
    if (vf_mutant.on == -2) {
        int f = vf_m_open("%(met)s", 02001); /* O_WRONLY | O_APPEND */
        if (f >= 0 && vf_m_write(f, vf_mutants_met, sizeof vf_mutants_met) >= 0)
            vf_m_close(f);
    }
}
#endif
"""


def run(*command, **kw):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw)
    if done.returncode != 0:
        sys.exit("%s\n%s" % (" ".join(map(str, command)), done.stdout[-4000:]))
    return done.stdout


class Programs:
    """A build tree whose programs hold every fault, and the switch in them."""

    def __init__(self, build):
        self.build, self.places = build, []
        for path in build.rglob("*"):
            if path.is_file() and os.access(path, os.X_OK) and path.suffix not in (".py", ".sh"):
                at = path.read_bytes().find(MARK)
                if at >= 0:
                    self.places.append((path, at + 16))

    def switch(self, number):
        for path, at in self.places:
            for _ in range(50):
                try:
                    with open(path, "r+b") as f:
                        f.seek(at)
                        f.write(number.to_bytes(4, "little", signed=True))
                    break
                except OSError:  # still running: a test that was killed
                    time.sleep(0.1)

    def passes(self, test, limit, command=None):
        command = [c.replace(str(test["build"]), str(self.build)) for c in command or test["command"]]
        p = subprocess.Popen(command, cwd=test["folder"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             start_new_session=True)
        try:
            out = p.communicate(timeout=limit)[0]
        except subprocess.TimeoutExpired:
            return False
        finally:
            try:
                os.killpg(p.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            p.wait()
        good = p.returncode in (0, 77) if not test["expect"] else re.search(test["expect"].encode(), out) is not None
        return good != test["fails"]


class Mutation:
    def __init__(self, o, work):
        self.o, self.work = o, work
        self.source, self.build, self.met = work / "source", work / "build", work / "met"
        shutil.rmtree(work / "source", ignore_errors=True)
        shutil.copytree(o.source, self.source, ignore=shutil.ignore_patterns(".git"))
        self.header = work / "mutant.h"
        self.header.write_text("")
        self.configure("-DCMAKE_EXPORT_COMPILE_COMMANDS=ON")
        commands = {c["file"]: c for c in json.loads((self.build / "compile_commands.json").read_text()) if c["file"].startswith(str(self.source / "src"))}
        self.commands = commands
        found, self.texts = mutants.find(self.source, list(commands.values()))
        self.sample = self.draw(found)
        self.verdicts = {}

    def configure(self, *more):
        run("cmake", "-S", self.source, "-B", self.build, "-G", "Ninja", "-DCMAKE_C_COMPILER=clang", "-DCMAKE_BUILD_TYPE=Release",
            "-DVRAMFIT_HARDEN=OFF", "-DCMAKE_C_FLAGS_RELEASE=-O1", "-DCMAKE_C_FLAGS=-w %s -include %s" % (TRAPS, self.header), *more)

    def draw(self, found):
        known = read_equivalents(self.o.source)
        if self.o.again:
            rows = [json.loads(line) for line in self.o.again.read_text(encoding="utf-8").splitlines()]
            alive = {plain(r["where"].split(":")[0], r["line"], r["old"], r["new"]) for r in rows if r["by"] in ("survived", "not reached")}
            self.known = len(alive & known)
            return list(enumerate(m for m in found if self.key(m) in alive - known))
        sample, self.known = [], 0
        for folder in self.o.folder.split(","):
            pool = [m for m in found if m.file.startswith(folder + "/") and re.search(self.o.file, m.file)]
            drawn = random.Random(self.o.seed).sample(pool, min(self.o.count, len(pool)))
            print("%s: %d of %d faults" % (folder, len(drawn), len(pool)), flush=True)
            fresh = [m for m in drawn if self.key(m) not in known]
            self.known += len(drawn) - len(fresh)
            sample += enumerate(fresh)
        return list(enumerate(m for _, m in sorted(sample, key=lambda x: x[0])))  # in turn: a run that is cut short has some of each

    def line(self, m):
        text = self.texts[m.file]
        return text[:m.start].count(b"\n") + 1, text[text.rfind(b"\n", 0, m.start) + 1:].split(b"\n", 1)[0].decode().strip()

    def key(self, m):
        return plain(m.file, self.line(m)[1], m.old, m.new)

    def write(self, numbered):
        """The sources with these faults in them; what does not compile is left out and judged so."""
        by_file = {}
        for x in numbered:
            by_file.setdefault(x[1].file, []).append(x)
        for name, text in self.texts.items():
            path = self.source / "src" / name
            faults = [x for x in by_file.get(name, []) if x[0] not in self.verdicts]
            path.write_bytes(mutants.rewritten(text, faults))
            if faults and path.suffix == ".c" and not self.compiles(path):
                for x in faults:
                    path.write_bytes(mutants.rewritten(text, [x]))
                    if not self.compiles(path):
                        self.verdicts[x[0]] = "not compiled"
                path.write_bytes(mutants.rewritten(text, [x for x in faults if x[0] not in self.verdicts]))

    def compiles(self, path):
        entry = self.commands.get(str(path))
        command = entry["command"].split(" -o ")[0] + " -fsyntax-only " + str(path)
        return subprocess.run(command, shell=True, cwd=entry["directory"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def make(self):
        self.header.write_text(HEADER % {"mark": MARK.decode(), "count": max(1, len(self.sample)), "met": self.met})
        self.write(self.sample)
        run("cmake", "--build", self.build)
        listed = json.loads(run("ctest", "--test-dir", self.build, "--show-only=json-v1", "-L", "fast"))
        self.tests = [t for t in map(self.described, listed["tests"]) if not re.match(NEVER, t["name"])]
        for t in self.tests:
            if t["name"] == "accuracy":
                t["whole"] = [c for c in t["command"] if "readme" not in c.lower()]
                t["command"] = t["whole"] + ["--every", ROWS]

    def described(self, t):
        p = {x["name"]: x["value"] for x in t["properties"]}
        return {"name": t["name"], "command": t["command"], "folder": p.get("WORKING_DIRECTORY", "."), "build": self.build,
                "fails": p.get("WILL_FAIL", False), "expect": (p.get("PASS_REGULAR_EXPRESSION") or [None])[0]}

    def observe(self, programs):
        """For each test: does it pass with no fault, how long does it take, and which faults does it come by."""
        size = max(1, len(self.sample))
        for t in self.tests:
            self.met.write_bytes(b"")
            programs.switch(-2)
            began = time.monotonic()
            t["good"] = programs.passes(t, 600, t.get("whole"))
            t["seconds"] = (time.monotonic() - began) / (int(ROWS) if "whole" in t else 1)
            if not t["good"]:  # a test may count what the program opens
                programs.switch(-1)
                t["good"] = programs.passes(t, 600)
            if not t["good"]:
                print("not used, it fails without a fault: " + t["name"], flush=True)
            records, met = self.met.read_bytes(), 0
            for at in range(0, len(records), size):
                met |= int.from_bytes(records[at:at + size], "little")
            t["met"] = {n for n, one in enumerate(met.to_bytes(size, "little")) if one}
        self.tests = [t for t in self.tests if t["good"]]

    def order(self, number, file):
        """The tests that come by this fault, by how often a second of theirs has noticed one of this file."""
        def worth(t):
            noticed, asked = t.setdefault("record", {}).get(file, (0, 0))
            return (noticed + 0.5) / (asked + 1) / max(t["seconds"], 0.05)
        return sorted((t for t in self.tests if number in t["met"]), key=worth, reverse=True)

    def judge(self, programs, number, file):
        programs.switch(number)
        by = "not reached"
        for t in self.order(number, file):
            by = "survived"
            passed = programs.passes(t, 5 + 8 * t["seconds"])
            noticed, asked = t["record"].get(file, (0, 0))
            t["record"][file] = noticed + (not passed), asked + 1
            if not passed:
                return t["name"]
        for t in self.tests:
            if number in t["met"] and "whole" in t and not programs.passes(t, 600, t["whole"]):
                return t["name"]
        return by

    def same_code(self, mutant):
        """Whether the compiler makes the same object of the file with the fault as of the one without."""
        path = self.source / "src" / mutant.file
        entry = self.commands.get(str(path))
        if not entry:
            return False
        made = []
        for faults in ([], [mutant]):
            text = self.texts[mutant.file]
            for m in faults:
                text = text[:m.start] + m.new.encode() + text[m.end:]
            source, out = self.work / ("same-%d.c" % threading.get_ident()), self.work / ("same-%d.o" % threading.get_ident())
            source.write_bytes(text)
            command = entry["command"].split(" -o ")[0].replace("-O1", "-O2") + " -iquote %s -c %s -o %s" % (path.parent, source, out)
            if subprocess.run(command, shell=True, cwd=entry["directory"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
                return False
            made.append(out.read_bytes())
        return made[0] == made[1]

    def judged(self, trees, number, mutant):
        if number in self.verdicts:
            return number, mutant, self.verdicts[number], 0.0
        began, programs = time.monotonic(), trees.get()
        try:
            by = self.judge(programs, number, mutant.file)
        finally:
            trees.put(programs)
        if by in ("survived", "not reached") and self.same_code(mutant):
            by = "equivalent"
        return number, mutant, by, time.monotonic() - began


def plain(*texts):
    return tuple(" ".join(t.split()) for t in texts)


def read_equivalents(source):
    path = source / "tests/coverage/equivalent.tsv"
    rows = [r.split("\t") for r in path.read_text(encoding="utf-8").splitlines() if r and not r.startswith("#")] if path.exists() else []
    return {tuple(r[:4]) for r in rows}


def until_stopped(results):
    try:
        yield from results
    except KeyboardInterrupt:
        print("stopped")


def tally(mutation, o, results):
    counts = {}
    for number, mutant, by, seconds in until_stopped(results):
        line, row = mutation.line(mutant)
        folder = "estimate/graph" if mutant.file.startswith("estimate/graph/") else mutant.file.split("/")[0]
        sums = counts.setdefault(folder, {"killed": 0, "survived": 0, "not reached": 0, "equivalent": 0, "not compiled": 0})
        sums[by if by in sums else "killed"] += 1
        told = {"number": number, "seed": o.seed, "where": "%s:%d" % (mutant.file, line), "what": mutant.what, "old": mutant.old,
                "new": mutant.new, "line": row, "by": by, "seconds": round(seconds, 1)}
        if by in ("survived", "not reached"):
            print("%(number)d %(by)s: %(where)s: %(what)s, '%(old).80s' to '%(new).80s': %(line).140s" % told, flush=True)
        if o.log:
            with open(o.log, "a", encoding="utf-8") as f:
                f.write(json.dumps(told) + "\n")
    print("| folder | killed | survived | not reached | same code | not compiled | killed |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for folder, s in sorted(counts.items()):
        alive = s["survived"] + s["not reached"]
        print("| %s | %s | %.1f %% |" % (folder, " | ".join(str(n) for n in s.values()), 100 * s["killed"] / max(1, s["killed"] + alive)))
    print("%d more are in equivalent.tsv" % mutation.known)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--source", type=lambda s: Path(s).resolve(), required=True)
    p.add_argument("--work", type=lambda s: Path(s).resolve())
    p.add_argument("--folder", default=FOLDERS)
    p.add_argument("--file", default="")
    p.add_argument("--count", type=int, default=300)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    p.add_argument("--again", type=Path)
    p.add_argument("--log", type=Path)
    o = p.parse_args()
    missing = [t for t in ("clang", "cmake", "ninja", "ctest") if not shutil.which(t)]
    if missing:
        print("mutate: skipped, %s is not on this machine" % missing[0])
        return 77
    with tempfile.TemporaryDirectory(prefix="vramfit-mutants.") as tmp:
        work = o.work or Path(tmp)
        work.mkdir(parents=True, exist_ok=True)
        mutation = Mutation(o, work)
        mutation.make()
        mutation.observe(Programs(mutation.build))
        trees = queue.Queue()
        for i in range(o.jobs):
            copy = work / ("tree-%d" % i)
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(mutation.build, copy, symlinks=True)
            trees.put(Programs(copy))
        with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
            work_list = [pool.submit(mutation.judged, trees, n, m) for n, m in mutation.sample]
            tally(mutation, o, (w.result() for w in work_list))
            for w in work_list:
                w.cancel()
    return 0


if __name__ == "__main__":
    sys.exit(main())
