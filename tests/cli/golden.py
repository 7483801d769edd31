#!/usr/bin/env python3
"""Commands and their exact output.

usage: golden.py PROGRAM [--update] [NAME ...]

Each folder of golden/ is one case: cmd (the arguments, as a shell would split them), stdin, and what
comes of it: stdout, stderr, exit. A file that is missing is empty, exit is then 0. It runs in its own
folder. --update writes the output anew: read the difference before it is committed.
"""
import argparse
import difflib
import shlex
import sys
from pathlib import Path

from program import Run

HERE = Path(__file__).resolve().parent / "golden"


def read(path):
    return path.read_text(encoding="utf-8") if path.exists() else ""


def write(path, text):
    if text:
        path.write_text(text, encoding="utf-8")
    elif path.exists():
        path.unlink()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("program")
    p.add_argument("--update", action="store_true")
    p.add_argument("names", nargs="*")
    o = p.parse_args()
    program, failed = str(Path(o.program).resolve()), 0
    cases = sorted(d for d in HERE.iterdir() if (d / "cmd").exists() and (not o.names or d.name in o.names))
    for case in cases:
        args = shlex.split(read(case / "cmd"))
        r = Run(program, args, stdin=read(case / "stdin").encode(), cwd=case)
        got = {"stdout": r.out, "stderr": r.err, "exit": "%d\n" % r.exit if r.exit else ""}
        for name, text in got.items():
            want = read(case / name)
            if o.update:
                write(case / name, text)
            elif text != want:
                failed += 1
                print("FAILED %s: %s" % (case.name, name))
                sys.stdout.writelines(difflib.unified_diff(want.splitlines(True), text.splitlines(True), "want", "got"))
    print("%d cases, %d differences" % (len(cases), failed))
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
