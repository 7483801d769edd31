#!/usr/bin/env python3
"""Static analysis of src/: no findings but those that are listed here with a reason.

usage: check.py TOOL --source DIR [--file REGEX]

TOOL is gcc (its analyzer, and warnings beyond those of every build), clang (its static analyzer) or cppcheck.
Exit status 0: no finding; 1: one line for each; 77: the tool is missing. Standard library only.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# (tool, file, part of the message): why it is none. One that no longer occurs is a finding itself.
READDIR = "every caller reads a stream of its own, for which POSIX has readdir safe; readdir_r is deprecated"
KNOWN = {
    ("gcc", "src/probe/amdgpu.c", "stack usage"): "64 KiB for a table of names, once: probe/ allocates nothing, so it cannot run out of memory half way",
    ("gcc", "src/probe/files.c", "stack usage"): "32 KiB of numbers to sort, two deep at most (processes, what each has open): probe/ allocates nothing",
    ("clang", "src/cli/args/launch.c", "1st parameter"): "a launch line is read where words are behind -- only (options_parse)",
    ("cppcheck", "src/cli/ask/ollama.c", "readdir"): READDIR,
    ("cppcheck", "src/probe/files.c", "readdir"): READDIR,
}
DEFINED = ["-std=c11", "-D_FILE_OFFSET_BITS=64", "-DVRAMFIT_STATIC", "-DVRAMFIT_BUILDING", '-DVRAMFIT_VERSION="0"',
           "-DVRAMFIT_DATA=\"\"", "-I", "src", "-I", "include"]
STACK = 16384  # bytes of one function, at most


def commands(tool, files):
    if tool == "gcc":
        flags = ["-O2", "-fanalyzer", "-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Wformat=2", "-Wvla",
                 "-Wstrict-prototypes", "-Wwrite-strings", "-Wpointer-arith", "-Wcast-qual", "-Wundef", "-Wstack-usage=%d" % STACK]
        return [["gcc", *DEFINED, *flags, "-c", f, "-o", "/dev/null"] for f in files]
    if tool == "clang":
        return [["clang", "--analyze", "-Xclang", "-analyzer-output=text", *DEFINED, f, "-o", os.devnull] for f in files]
    return [["cppcheck", "--quiet", "--enable=warning,portability,performance", "--std=c11", "--inline-suppr", "--library=posix",
             "--suppress=missingIncludeSystem", "--template={file}:{line}: {severity}: {message} [{id}]", "-j", "1",
             "-DVRAMFIT_STATIC", '-DVRAMFIT_VERSION="0"', "-I", "src", "-I", "include", *files]]


def findings(text):
    """"FILE:LINE: message" of a tool's output, each once."""
    hits = re.findall(r"^(\S+?):(\d+)(?::\d+)?: (?:fatal )?(warning|error|performance|portability): (.*)$", text, re.M)
    return sorted({(name, int(line), message.strip()) for name, line, _, message in hits})


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("tool", choices=("gcc", "clang", "cppcheck"))
    p.add_argument("--source", type=lambda s: Path(s).resolve(), required=True)
    p.add_argument("--file", default="")
    o = p.parse_args()
    if not shutil.which(o.tool):
        print("%s: skipped, it is not on this machine" % o.tool)
        return 77
    files = [f.relative_to(o.source).as_posix() for f in sorted((o.source / "src").rglob("*.c"))]
    files = [f for f in files if re.search(o.file, f)]

    def run(command):
        done = subprocess.run(command, cwd=o.source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        if done.returncode and not findings(done.stdout):  # it did not look at the file
            return "%s:0: error: ends with status %d: %s\n" % (o.tool, done.returncode, done.stdout[-200:].replace("\n", " "))
        return done.stdout

    with ThreadPoolExecutor(max_workers=1 if o.tool == "cppcheck" else max(1, (os.cpu_count() or 1) // 2)) as pool:
        found = findings("\n".join(pool.map(run, commands(o.tool, files))))
    used, bad = set(), []
    for name, line, message in found:
        known = next((k for k in KNOWN if k[0] == o.tool and k[1] == name and k[2] in message), None)
        used.add(known)
        if not known:
            bad.append("%s:%d: %s" % (name, line, message))
    bad += ["%s: %s: no longer found: take it off the list" % k[1:] for k in KNOWN if k[0] == o.tool and k not in used and re.search(o.file, k[1])]
    print("\n".join(bad + ["%s: %d files, %d findings, %d of them known" % (o.tool, len(files), len(bad) + len(used - {None}), len(used - {None}))]))
    return 1 if bad or not files else 0


if __name__ == "__main__":
    sys.exit(main())
