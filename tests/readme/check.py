#!/usr/bin/env python3
"""Runs what the README shows, as written, and compares the output where it is shown.

usage: check.py --build DIR [--cc CC] [--update]      the examples
       check.py --commands DIR                        the commands that build and test, in a fresh copy

A console block is one shell session in a folder of its own, with the program in PATH: lines that begin
with "$ " are commands (continued by a backslash), the lines behind them their output, stdout and stderr
together. "..." stands for any lines. A C block is compiled against the library and kept as fits.c and
./fits, a JSON block is mine.json. The folder has Llama-3.1-8B-Instruct-Q4_K_M.gguf, a header and a
hole, and llama-server.log. --update writes the output anew. Standard library only.
"""
import argparse
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"(?ms)^```(\w+)\n(.*?)^```$")
HEADERS = ROOT / "tests/accuracy/headers"
LOG, LOG_FILE = ROOT / "tests/cli/golden/verify-unified/log", "llama-server.log"
HEADER, MODEL_FILE = "llama-3.1-8b.Q4_K_M.gguf", "Llama-3.1-8B-Instruct-Q4_K_M.gguf"


def commands(text):
    """A console block as [(command, expected output)]."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif found and found[-1][0].endswith("\\") and not found[-1][1]:
            found[-1][0] += "\n" + line
        elif found:
            found[-1][1].append(line)
        else:
            sys.exit("README: a console block that does not begin with '$ ': " + line)
    return [(c, "".join(x + "\n" for x in out)) for c, out in found]


def same(want, got):
    pattern = "".join(".*" if part == "...\n" else re.escape(part) for part in re.split(r"(?m)^(\.\.\.\n)", want))
    return re.fullmatch(pattern, got, re.S) is not None


class Session:
    """One block's commands share variables only through files, as separate lines of a terminal would."""

    def __init__(self, folder, env):
        self.folder, self.env, self.last = folder, env, 0

    def run(self, command):
        # $? of the command before, as in a terminal.
        script = "(exit %d)\n%s" % (self.last, command)
        done = subprocess.run(["bash", "-c", script], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.last = done.returncode
        return done.stdout


def prepare(folder, o):
    sizes = json.loads((HEADERS / "sizes.json").read_text(encoding="utf-8"))
    (folder / MODEL_FILE).write_bytes(gzip.decompress((HEADERS / (HEADER + ".gz")).read_bytes()))
    os.truncate(folder / MODEL_FILE, sizes[HEADER])
    (folder / LOG_FILE).write_bytes(LOG.read_bytes())
    return dict(os.environ, PATH="%s:%s" % (o.build, os.environ["PATH"]), LC_ALL="C.UTF-8", COLUMNS="100")


def compile_c(text, folder, o):
    (folder / "fits.c").write_text(text, encoding="utf-8")
    command = [o.cc, "-std=c11", "-Wall", "-Wextra", "-Werror", "-DVRAMFIT_STATIC", "-I", str(ROOT / "include"), "fits.c",
               "-o", "fits", str(next(p for p in sorted(o.build.glob("libvramfit.*")) if p.suffix in (".a", ".so"))),
               "-lcjson", "-Wl,-rpath," + str(o.build)]
    done = subprocess.run(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    return [] if done.returncode == 0 else ["the C example does not compile:\n" + done.stderr]


def examples(o):
    text, bad, n = README.read_text(encoding="utf-8"), [], 0
    with tempfile.TemporaryDirectory(prefix="vramfit-readme.") as tmp:
        folder = Path(tmp)
        env = prepare(folder, o)

        def check(m):
            nonlocal n
            kind, body = m.groups()
            if kind == "json":
                (folder / "mine.json").write_text(body, encoding="utf-8")
            if kind != "console":
                return m.group(0)
            session, fresh = Session(folder, env), ""
            for command, want in commands(body):
                n, got = n + 1, session.run(command)
                ok = same(want, got)
                if not ok and not o.update:
                    bad.append("$ %s\n--- README\n%s--- now\n%s" % (command, want, got))
                fresh += "$ %s\n%s" % (command, want if ok else got)
            return "```console\n%s```" % fresh

        # C first: a block above may use what one below compiles.
        for m in BLOCK.finditer(text):
            if m.group(1) == "c":
                bad += compile_c(m.group(2), folder, o)
        new = BLOCK.sub(check, text)
    if o.update:
        README.write_text(new, encoding="utf-8")
    for line in bad:
        print(line)
    print("%d commands, %d differ" % (n, len(bad)))
    return 1 if bad or n == 0 else 0


def build_commands(folder):
    """The two commands under "<!-- commands -->": build and first answer, tests."""
    marked = re.findall(r"(?s)<!-- command: \w+ -->\n```sh\n(.*?)```", README.read_text(encoding="utf-8"))
    if len(marked) != 2:
        sys.exit("README: two marked commands expected, %d found" % len(marked))
    for command in marked:
        print("$ " + command.strip(), flush=True)
        done = subprocess.run(["bash", "-c", command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        lines = done.stdout.splitlines()
        print("\n".join(lines if done.returncode else lines[-12:]), flush=True)
        if done.returncode != 0:
            sys.exit("exit status %d" % done.returncode)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", type=lambda d: Path(d).resolve())
    p.add_argument("--cc", default="cc")
    p.add_argument("--update", action="store_true")
    p.add_argument("--commands")
    o = p.parse_args()
    if o.commands:
        return build_commands(o.commands)
    return examples(o)


if __name__ == "__main__":
    sys.exit(main())
