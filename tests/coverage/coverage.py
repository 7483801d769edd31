#!/usr/bin/env python3
"""Lines and branches that the fast tests reach, by folder, from gcov.

usage: coverage.py --source DIR [--work DIR] [--label fast] [--exclude REGEX] [--list FOLDER] [--jobs N] [--keep]

Builds with gcc and --coverage in DIR of --work (default: a temporary folder), runs the tests of a label and
prints a Markdown table. A line counts when it has code; a branch is one way out of a condition, as gcc compiles
it without optimization. --list names every line of a folder with something that was never reached. --keep: the
build in DIR was tested before, only count. Standard library only. Exit status 77: gcc or gcov is missing.
"""
import argparse
import collections
import gzip
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def run(*command, **kw):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw)
    if done.returncode != 0:
        sys.exit("%s\n%s" % (" ".join(map(str, command)), done.stdout[-4000:]))
    return done.stdout


def build_and_test(o, work):
    ninja = ["-G", "Ninja"] if shutil.which("ninja") else []
    run("cmake", "-S", o.source, "-B", work, *ninja, "-DCMAKE_C_COMPILER=gcc", "-DCMAKE_BUILD_TYPE=Debug", "-DVRAMFIT_HARDEN=OFF",
        "-DCMAKE_C_FLAGS=--coverage -O0", "-DCMAKE_EXE_LINKER_FLAGS=--coverage")
    run("cmake", "--build", work, "-j", o.jobs)
    exclude = ["-E", o.exclude] if o.exclude else []
    done = subprocess.run(["ctest", "--test-dir", str(work), "-L", o.label, "-j", str(o.jobs), *exclude],
                          stdout=subprocess.PIPE, text=True)
    print(next((line for line in done.stdout.splitlines() if "tests passed" in line), "no tests"), file=sys.stderr)


def read_gcov(work):
    """{source file: {line: [count, branch counts]}}, all objects of a file together; a header's are also those of tests."""
    seen = collections.defaultdict(dict)
    notes = [p for p in work.rglob("*.gcno") if "CompilerId" not in p.as_posix()]
    with tempfile.TemporaryDirectory() as tmp:
        for i in range(0, len(notes), 40):
            run("gcov", "--json-format", "--branch-probabilities", *notes[i:i + 40], cwd=tmp)
            for packed in Path(tmp).glob("*.gcov.json.gz"):
                with gzip.open(packed) as f:
                    add_files(seen, json.load(f))
                packed.unlink()
    return seen


def add_files(seen, report):
    for file in report["files"]:
        lines = seen[file["file"]]
        for line in file["lines"]:
            branches = [b["count"] for b in line["branches"]]
            old = lines.setdefault(line["line_number"], [0, [0] * len(branches)])
            old[0] += line["count"]
            if len(old[1]) == len(branches):
                old[1] = [a + b for a, b in zip(old[1], branches)]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--source", type=lambda s: Path(s).resolve(), required=True)
    p.add_argument("--work", type=lambda s: Path(s).resolve())
    p.add_argument("--label", default="fast")
    p.add_argument("--exclude", default="readme|accuracy.measured|structure")
    p.add_argument("--list", action="append", default=[])
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--keep", action="store_true")
    o = p.parse_args()
    if not shutil.which("gcc") or not shutil.which("gcov"):
        print("coverage: skipped, gcc or gcov is not on this machine")
        return 77
    with tempfile.TemporaryDirectory(prefix="vramfit-coverage.") as tmp:
        work = o.work or Path(tmp)
        if not o.keep:
            build_and_test(o, work)
        seen = read_gcov(work)
    folders = collections.defaultdict(lambda: [0, 0, 0, 0])
    for file, lines in sorted(seen.items()):
        path = Path(file) if Path(file).is_absolute() else o.source / file
        try:
            name = path.resolve().relative_to(o.source / "src")
        except ValueError:
            continue
        folder = "estimate/graph" if name.as_posix().startswith("estimate/graph/") else name.parts[0]
        for number, (count, branches) in sorted(lines.items()):
            for key in (folder, "all"):
                sums = folders[key]
                sums[0] += 1
                sums[1] += count > 0
                sums[2] += len(branches)
                sums[3] += sum(b > 0 for b in branches)
            if folder in o.list and (count == 0 or 0 in branches):
                print("%s:%d: %s" % (name, number, "never" if count == 0 else "%d of %d branches" % (sum(b > 0 for b in branches), len(branches))))
    print("| folder | lines | reached | branches | reached |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for folder in sorted(folders, key=lambda f: (f == "all", f)):
        lines, hit, branches, taken = folders[folder]
        print("| %s | %d | %.1f %% | %d | %.1f %% |" % (folder, lines, 100 * hit / max(1, lines), branches, 100 * taken / max(1, branches)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
