#!/usr/bin/env python3
"""Mutation testing: one small fault at a time in the source, and whether the tests notice.

usage: mutate.py --source DIR [--work DIR] [--folder NAME[,NAME]] [--file PATTERN] [--count N] [--seed S] [--log FILE]
                 [--only NUMBER]

A sample of --count mutants is drawn with --seed from all that can be made in the folders of src/ (default: the
core, load and cli), the same for the same source and seed. Each is built alone in a copy of the source under DIR
of --work (kept, when given: it must be of this source) and tested in steps, the quickest first; the first test that fails kills it. A mutant
whose object file is the same as before is equivalent and not counted; neither is one that does not compile. --log
gets a JSON line for each. --only runs mutant NUMBER of the sample and shows the change. Standard library only.

What is changed: < and <=, > and >=, == and !=, && and ||, + and -, * and /, << and >>, & and |, ++ and --, true and
false, a constant by one, a condition into its opposite or into never, vf_add and vf_mul, a call of an assignment
left out. Exit status 77: cmake, ninja or a compiler is missing.
"""
import argparse
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FOLDERS = "base,model,estimate,runtime,search,load,cli"
SWAPS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&", "+": "-", "-": "+", "*": "/", "/": "*",
         "<<": ">>", ">>": "<<", "&": "|", "|": "&", "++": "--", "--": "++", "+=": "-=", "-=": "+=", "true": "false", "false": "true",
         "vf_add": "vf_mul", "vf_mul": "vf_add", "vf_ceil_div": "vf_mul", "vf_pad": "vf_add", "break": "continue"}
TOKEN = re.compile(r"(?P<call>\bvf_(?:add|mul|ceil_div|pad)\b(?=\())|\b(?P<word>true|false|break)\b|(?P<step>\+\+|--)|"
                   r"(?<= )(?P<binary><<|>>|<=|>=|==|!=|&&|\|\||\+=|-=|[-+*/<>&|])(?= )|"
                   r"(?<![\w.])(?P<number>0x[0-9A-Fa-f]+|\d+)(?=[uUlL]*\b)(?![.\w]*\.)")
# Built and run in this order: (targets, ctest's pattern, rows of the accuracy test: one in so many, 0: none).
STEPS = (
    (("vramfit_cli",), "^cli.(golden|errors|solve|files)$", 0),
    (("vramfit_cli",), "^cli", 40),
    (("all",), "^(unit|data|fuzz|cli.options)", 1),
)
# A header of inline functions is compiled into its own tests alone: the rest of the tree is built from it for minutes.
HEADERS = {"base/checked.h": ("tests/unit/test_checked.c", "tests/fuzz/fuzz_arith.c tests/fuzz/fuzz_replay.c")}
BUILD_SECONDS = 600
NEVER = "cli.exports"  # needs what the build wrote into the source


def blanked(text):
    """Comments, literals and preprocessor lines as blanks of the same length."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', re.S | re.M)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


def closing(text, at):
    """Behind the parenthesis that closes the one at `at`; 0: there is none."""
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] == "(") - (text[i] == ")")
        if depth == 0:
            return i + 1
    return 0


def mutants(path, name):
    """Every change of a file: (name, start, end, new text, what)."""
    text = path.read_text(encoding="utf-8")
    code = blanked(text)
    for m in TOKEN.finditer(code):
        token = m.group(0)
        if m.lastgroup == "number":
            new = str(int(token, 0) + 1) if token != "1" else "0"
        else:
            new = SWAPS[token]
        yield name, m.start(), m.end(), new, m.lastgroup
    for m in re.finditer(r"\b(?:if|while) \(", code):
        end = closing(code, m.end() - 1)
        if end:
            condition = text[m.end():end - 1]
            yield name, m.end(), end - 1, "!(%s)" % condition, "opposite"
            if m.group(0).startswith("if"):
                yield name, m.end(), end - 1, "0", "never"
    for m in re.finditer(r"^[ \t]+[\w>.\[\]()*-]+ (?:[-+|&]|<<)?= [^;{}]*;$", code, re.M):
        yield name, m.start(), m.end(), ";", "left out"


class Tree:
    def __init__(self, o, work):
        self.o, self.source, self.build = o, work / "source", work / "build"
        if not self.source.exists():
            shutil.copytree(o.source, self.source, ignore=shutil.ignore_patterns(".git"))
        run("cmake", "-S", self.source, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DVRAMFIT_HARDEN=OFF",
            "-DCMAKE_C_FLAGS_RELEASE=-O1", *(["-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=gold"] if shutil.which("ld.gold") else []))
        if not self.compiled("all"):
            sys.exit("the source does not build")

    def compiled(self, *targets):
        """The build runs the program that packs the catalog, which a mutant may keep from ending."""
        ninja = subprocess.Popen(["ninja", "-C", str(self.build), "-j1", *targets], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                 start_new_session=True)
        try:
            return ninja.wait(BUILD_SECONDS) == 0
        except subprocess.TimeoutExpired:
            os.killpg(ninja.pid, signal.SIGKILL)
            ninja.wait()
            raise

    def objects(self, name):
        """The object files of a source, by what they contain."""
        found = sorted(p for p in self.build.rglob(Path(name).name + ".o") if p.as_posix().endswith(name + ".o"))
        return [p.relative_to(self.build).as_posix() for p in found], [hashlib.sha256(p.read_bytes()).digest() for p in found]

    def test(self, pattern, every):
        """The name of the test that failed, or None."""
        done = subprocess.run(["ctest", "--test-dir", str(self.build), "-L", "fast", "-R", pattern, "-E", NEVER, "--timeout", "60",
                               "--stop-on-failure"], stdout=subprocess.PIPE, text=True)
        failed = re.search(r"\d+ - (\S+) \(", done.stdout[done.stdout.find("FAILED:"):]) if "FAILED:" in done.stdout else None
        if failed or done.returncode != 0:
            return failed.group(1) if failed else "ctest"
        if every == 0:
            return None
        rows = subprocess.run([sys.executable, "-B", "tests/accuracy/report.py", str(self.build / "vramfit"), "--every", str(every)],
                              cwd=self.source, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return "accuracy" if rows.returncode != 0 else None

    def judge_header(self, name):
        program = self.build / "header-test"
        for sources in HEADERS[name]:
            command = ["cc", "-std=gnu11", "-O1", "-w", "-I", "src", "-I", "include", "-I", "tests/unit", *sources.split(), "-o", str(program),
                       str(self.build / "libvramfit.a"), "-lcjson"]
            if subprocess.run(command, cwd=self.source, stderr=subprocess.DEVNULL).returncode != 0:
                return "not compiled"
            corpus = [str(p) for p in (self.source / "tests/fuzz/corpus/arith").iterdir()] if "fuzz" in sources else []
            try:
                if subprocess.run([str(program), *corpus], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60).returncode != 0:
                    return sources.split()[0]
            except subprocess.TimeoutExpired:
                return sources.split()[0]
        return "survived"

    def judge(self, mutant):
        """-> killed by a test's name, "survived", "equivalent" or "not compiled" """
        name, start, end, new, _ = mutant
        path = self.source / "src" / name
        good = path.read_text(encoding="utf-8")
        objects, before = self.objects(name) if name not in HEADERS else ([], [])
        path.write_text(good[:start] + new + good[end:], encoding="utf-8")
        try:
            if name in HEADERS:
                return self.judge_header(name)
            if not self.compiled(*objects):
                return "not compiled"
            if self.objects(name)[1] == before:
                return "equivalent"
            for targets, pattern, every in STEPS:
                if not self.compiled(*targets):
                    return "the build"  # mkcatalog refuses the data, for one
                failed = self.test(pattern, every)
                if failed:
                    return failed
            return "survived"
        except subprocess.TimeoutExpired:
            return "the build"  # does not end
        finally:
            path.write_text(good, encoding="utf-8")
            if objects:
                self.compiled(*objects)


def run(*command):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(done.stdout[-4000:])


def draw(o):
    pool = []
    for folder in o.folder.split(","):
        for path in sorted((o.source / "src" / folder).rglob("*.[ch]")):
            name = path.relative_to(o.source / "src").as_posix()
            if re.search(o.file, name) and (path.suffix == ".c" or name in HEADERS):
                pool += mutants(path, name)
    return random.Random(o.seed).sample(pool, min(o.count, len(pool))), len(pool)


def shown(o, mutant):
    name, start, end, new, what = mutant
    text = (o.source / "src" / name).read_text(encoding="utf-8")
    line = text.count("\n", 0, start) + 1
    row = text.splitlines()[line - 1].strip()
    return {"where": "%s:%d" % (name, line), "what": what, "old": text[start:end].strip()[:80], "new": new[:80], "line": row[:160]}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--source", type=lambda s: Path(s).resolve(), required=True)
    p.add_argument("--work", type=lambda s: Path(s).resolve())
    p.add_argument("--folder", default=FOLDERS)
    p.add_argument("--file", default="")
    p.add_argument("--count", type=int, default=50)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--only", type=int)
    p.add_argument("--log", type=Path)
    o = p.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that a mutant is taken back
    missing = [t for t in ("cmake", "ninja", "ctest") if not shutil.which(t)]
    if missing:
        print("mutate: skipped, %s is not on this machine" % missing[0])
        return 77
    sample, pool = draw(o)
    counts = {"killed": 0, "survived": 0, "equivalent": 0, "not compiled": 0}
    print("%d of %d mutants, seed %d" % (len(sample), pool, o.seed), flush=True)
    with tempfile.TemporaryDirectory(prefix="vramfit-mutants.") as tmp:
        tree = Tree(o, o.work or Path(tmp))
        for i, mutant in enumerate(sample):
            if o.only is not None and i != o.only:
                continue
            began, row = time.monotonic(), dict(shown(o, mutant), number=i, seed=o.seed)
            row["by"] = tree.judge(mutant)
            row["seconds"] = round(time.monotonic() - began, 1)
            counts[row["by"] if row["by"] in counts else "killed"] += 1
            if row["by"] == "survived" or o.only is not None:
                print("%(number)d %(by)s: %(where)s: %(what)s, '%(old)s' to '%(new)s': %(line)s" % row, flush=True)
            if o.log:
                with open(o.log, "a", encoding="utf-8") as f:
                    f.write(json.dumps(row) + "\n")
    judged = counts["killed"] + counts["survived"]
    print(", ".join("%s %d" % k for k in counts.items()) + "; %.1f %% killed" % (100 * counts["killed"] / max(1, judged)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
