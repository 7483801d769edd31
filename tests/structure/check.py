#!/usr/bin/env python3
"""Checks that hold for the source as a whole.

usage: check.py CHECK --source DIR [--cc CC] [--cxx CXX] [--nm NM] [--program PROGRAM]

Each function below named after a CHECK returns the number of things that it looked at and a list
of findings. Exit status 0: none; 1: some, one line each; 77: a tool is missing. Standard library
only.
"""
import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CORE_HEADERS = ("vramfit/vramfit.h", "vramfit/search.h", "vramfit/speed.h")
CORE = ("base", "model", "estimate", "runtime", "search")


class Skip(Exception):
    pass


def sources(root, *suffixes):
    return sorted(p for p in root.rglob("*") if p.suffix in suffixes)


def without_comments(text, strings=True):
    """C source with comments (and, if asked, the insides of literals) blanked; line numbers stay."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(m):
        t = m.group(0)
        if t[0] in "\"'":
            return t if strings else t[0] + t[0]
        return " " + "\n" * t.count("\n")

    return token.sub(blank, text)


# ---- includes: src/README.md says who may include whom ---------------------------------------

def include_table(source):
    """{folder: {folders that it may include}} from the tables in src/README.md; a folder within another has a row of its own
    where it has a rule of its own."""
    rules = {}
    for line in (source / "src/README.md").read_text(encoding="utf-8").splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        m = re.fullmatch(r"`([\w/]+)/`", cells[0]) if len(cells) == 3 else None
        if m:
            rules[m.group(1)] = set(re.findall(r"`([\w/]+)/`", cells[2]))
    return rules


def room(rules, parts):
    """The innermost folder of a file (its path's parts) that has a rule."""
    names = ["/".join(parts[:n]) for n in range(len(parts) - 1, 0, -1)]
    return next((name for name in names if name in rules), parts[0])


def includes(o):
    rules = include_table(o.source)
    src, found, n = o.source / "src", [], 0
    folders = {p.name for p in src.iterdir() if p.is_dir() and sources(p, ".c", ".h")}
    found += ["src/README.md: no rule for %s/" % f for f in sorted(folders - set(rules))]
    for path in sources(src, ".c", ".h"):
        parts, name = path.relative_to(src).parts, path.relative_to(o.source)
        folder, own = parts[0], room(rules, parts)
        allowed = rules.get(own, set()) | {own} | {r for r in rules if r.startswith(own + "/")}
        for i, line in enumerate(without_comments(path.read_text(encoding="utf-8")).splitlines(), 1):
            m = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if not m:
                if re.match(r"\s*#\s*include\b", line):
                    found.append("%s:%d: an include that is not a literal" % (name, i))
                continue
            n += 1
            what = m.group(2)
            if what.startswith("cjson/") or what == "cJSON.h":
                if folder != "load":
                    found.append("%s:%d: cJSON is seen by load/ only" % (name, i))
            elif what.startswith("vramfit/"):
                if folder in CORE and what not in CORE_HEADERS:
                    found.append("%s:%d: the core sees %s only, not %s" % (name, i, ", ".join(CORE_HEADERS), what))
            elif m.group(1) == '"':
                beside = (path.parent / what).is_file()
                target = (path.parent / what if beside else src / what).resolve()
                try:
                    to = room(rules, target.relative_to(src.resolve()).parts)
                except ValueError:
                    to = None
                if not target.is_file() and not beside:
                    continue  # made by the build
                if to not in allowed:
                    found.append("%s:%d: %s/ may not include %s" % (name, i, own, what))
    return n, found


# ---- purity: what the core's objects import, and whether they hold state ----------------------

IMPORTS = set("memcpy memmove memset memcmp memchr strlen strcmp strncmp strchr vsnprintf".split())
HELPER = re.compile(r"__(u?(div|mod|divmod|mul)|ashl|ashr|lshr|popcount|clz|ctz)[sdt]i[234]?|__mulo[dt]i4")


def purity(o):
    if not o.nm or not shutil.which(o.nm):
        raise Skip("nm is not on this machine")
    found, undefined, defined, n = [], {}, set(), 0
    src = o.source / "src"
    files = [p for folder in CORE for p in sources(src / folder, ".c")]
    with tempfile.TemporaryDirectory(prefix="vramfit-core.") as tmp:
        for path in files:
            name = path.relative_to(o.source).as_posix()
            obj = Path(tmp) / (name.replace("/", "_") + ".o")
            # Neither fortified nor position independent: the first changes the imports, the second
            # puts constant tables of pointers among the data. clang would make bcmp of memcmp.
            subprocess.run([o.cc, "-std=c11", "-O2", "-w", "-fno-stack-protector", "-U_FORTIFY_SOURCE", "-fno-builtin-bcmp",
                            "-fno-pic", "-fno-pie", "-DVRAMFIT_STATIC", '-DVRAMFIT_VERSION="0"', "-I", str(src), "-I",
                            str(o.source / "include"), "-c", str(path), "-o", str(obj)], check=True)
            table = subprocess.run([o.nm, "-p", str(obj)], stdout=subprocess.PIPE, text=True, check=True).stdout
            n += 1
            for line in table.splitlines():
                kind, symbol = line.split()[-2:]
                if kind in "Uwv":
                    undefined.setdefault(symbol, name)
                else:
                    defined.add(symbol)
                if kind in "DdBbCSsGg":
                    found.append("%s: %s is state that can change" % (name, symbol))
    for symbol, name in sorted(undefined.items()):
        if symbol not in defined | IMPORTS and not HELPER.fullmatch(symbol):
            found.append("%s: the core imports %s" % (name, symbol))
    floating = re.compile(r"%[-+#0]*[0-9*]*(\.[0-9*]*)?[lL]?[aAeEfFgG]")
    for path in files:
        for i, line in enumerate(without_comments(path.read_text(encoding="utf-8")).splitlines(), 1):
            for literal in re.findall(r'"(?:\\.|[^"\\])*"', line):
                if floating.search(literal.replace("%%", "")):
                    found.append("%s:%d: a floating-point format" % (path.relative_to(o.source), i))
    return n, found


# ---- sizes -----------------------------------------------------------------------------------

FILE_LINES, FUNCTION_LINES, FUNCTION_WISH = 500, 100, 60


def sizes(o):
    found, wishes, n = [], [], 0
    for path in sources(o.source / "src", ".c", ".h"):
        lines, name = path.read_text(encoding="utf-8").splitlines(), path.relative_to(o.source)
        if len(lines) > FILE_LINES:
            found.append("%s: %d lines, at most %d" % (name, len(lines), FILE_LINES))
        start = None
        for i, line in enumerate(lines, 1):  # a function's braces stand alone in column 1
            if line == "{":
                start = i
            elif line == "}" and start:
                n, length = n + 1, i - start - 1
                if length > FUNCTION_WISH:
                    (found if length > FUNCTION_LINES else wishes).append(
                        "%s:%d: a function of %d lines, at most %d" % (name, start, length, FUNCTION_WISH))
                start = None
    for w in wishes:
        print("wish: " + w)
    return n, found


# ---- banned: functions that are unsafe, depend on the locale, or start processes --------------

BANNED = ("sprintf vsprintf strcpy strncpy strcat strncat atoi atol atoll atof strtol strtoll strtoul strtoull strtod "
          "strtof sscanf scanf fscanf gets system popen setlocale alloca strtok rand asctime ctime tmpnam mktemp")


def banned(o):
    call = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(BANNED.split()))
    found, n = [], 0
    for path in sources(o.source / "src", ".c", ".h"):
        n += 1
        text = without_comments(path.read_text(encoding="utf-8"), strings=False)
        for i, line in enumerate(text.splitlines(), 1):
            for m in call.finditer(line):
                found.append("%s:%d: %s is not used here" % (path.relative_to(o.source), i, m.group(1)))
    return n, found


# ---- linked: what the program can ask of the system -------------------------------------------

# No network, no child process, nothing written but to descriptors that are open. execvp is --exec: the program becomes
# the one that it judged; clock_gettime is the line of progress on a terminal, no answer.
ASKS = ("socket connect bind listen accept send recv sendto recvfrom getaddrinfo gethostbyname system popen fork vfork clone "
        "posix_spawn posix_spawnp execve execl execlp execle execv fexecve fopen freopen fdopen creat unlink unlinkat rename "
        "renameat mkdir mkdirat rmdir link symlink chmod fchmod chown truncate ftruncate mmap setlocale time clock "
        "gettimeofday rand random srand getpwnam getpwuid")


def linked(o):
    if not o.program:
        raise Skip("no program")
    if not o.nm or not shutil.which(o.nm):
        raise Skip("nm is not on this machine")
    table = subprocess.run([o.nm, "-D", "--undefined-only", str(o.program)], stdout=subprocess.PIPE, text=True, check=True).stdout
    names = {line.split()[-1].split("@")[0] for line in table.splitlines()}
    plain = {re.sub(r"^_*|(64)?(_chk|_2)?$", "", n) for n in names} | names
    return len(names), ["the program uses %s" % n for n in ASKS.split() if n in plain]


# ---- headers: each public header is complete and strict, as C and as C++ ----------------------

def headers(o):
    common = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-fsyntax-only",
              "-I", str(o.source / "include")]
    ways = [("C11", [o.cc, "-xc", "-std=c11", "-Wstrict-prototypes", "-Wmissing-prototypes", "-Wc++-compat"])]
    if o.cxx and shutil.which(o.cxx):
        ways.append(("C++17", [o.cxx, "-xc++", "-std=c++17"]))
    else:
        print("C++17: skipped, no C++ compiler on this machine")
    found, n = [], 0
    for path in sources(o.source / "include", ".h"):
        name = path.relative_to(o.source / "include").as_posix()
        for way, command in ways:
            n += 1
            # Twice: the include guard is part of what is checked.
            text = '#include "%s"\n#include "%s"\nint vf_probe(void);\nint vf_probe(void) { return VF_OK; }\n' % (name, name)
            done = subprocess.run(command + common + ["-"], input=text, stderr=subprocess.PIPE, text=True)
            if done.returncode != 0:
                found.append("%s as %s: %s" % (name, way, done.stderr.strip()))
    return n, found


# ---- version: in one place --------------------------------------------------------------------

def version(o):
    stated = re.search(r"project\(vramfit VERSION (\d+)\.(\d+)\.(\d+)", (o.source / "CMakeLists.txt").read_text())
    header = (o.source / "include/vramfit/vramfit.h").read_text(encoding="utf-8")
    found = []
    for part, want in zip(("MAJOR", "MINOR", "PATCH"), stated.groups()):
        m = re.search(r"#define VF_VERSION_%s (\d+)" % part, header)
        if not m or m.group(1) != want:
            found.append("vramfit.h: VF_VERSION_%s is not the %s of CMakeLists.txt" % (part, want))
    literal = '"%s"' % ".".join(stated.groups())
    for path in sources(o.source / "src", ".c", ".h"):
        if literal in without_comments(path.read_text(encoding="utf-8")):
            found.append("%s: the version once more" % path.relative_to(o.source))
    return 3, found


# ---- tracked: the repository speaks of nothing but itself -------------------------------------

def tracked_files(source):
    git = subprocess.run(["git", "-C", str(source), "ls-files", "-z"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if git.returncode == 0 and git.stdout:
        return [source / f for f in git.stdout.decode().split("\0") if f]
    skip = re.compile(r"build.*|\.git")
    return [p for p in source.rglob("*") if p.is_file() and not skip.fullmatch(p.relative_to(source).parts[0])]


def tracked(o):
    paths = r"(?<![\w.~-])/(home|root|work|Users|mnt|srv)/\w"
    outside = r"\.\./" + "shared"
    hosts = r"(registry\.%s|%s\.org/simple|files\.%s|proxy\.%s\.org|(deb|archive|ports)\.(%s|%s)\.)" % (
        "npmjs", "pypi", "pythonhosted", "golang", "debian", "ubuntu")
    forbidden = re.compile("%s|%s|%s" % (paths, outside, hosts))
    top = {"src", "include", "data", "tests", "CMakeLists.txt", "README.md", "LICENSE"}
    found, n = [], 0
    for path in tracked_files(o.source):
        if not path.is_file():
            continue
        n += 1
        name = path.relative_to(o.source)
        if name.parts[0] not in top and not name.parts[0].startswith("."):
            found.append("%s: the top level has %s only" % (name, ", ".join(sorted(top))))
        data = path.read_bytes()
        if b"\0" in data[:4096]:
            continue
        for i, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
            m = forbidden.search(line)
            if m:
                found.append("%s:%d: '%s' is of one machine or service" % (name, i, m.group(0)))
    return n, found


def main():
    checks = {f.__name__: f for f in (includes, purity, sizes, banned, linked, headers, version, tracked)}
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("check", choices=sorted(checks))
    p.add_argument("--source", type=Path, required=True)
    p.add_argument("--cc", default="cc")
    p.add_argument("--cxx", default="c++")
    p.add_argument("--nm", default="nm")
    p.add_argument("--program", type=Path)
    o = p.parse_args()
    try:
        n, found = checks[o.check](o)
    except Skip as why:
        print("%s: skipped, %s" % (o.check, why))
        return 77
    for line in found:
        print(line)
    print("%s: %d looked at, %d findings" % (o.check, n, len(found)))
    return 1 if found or n == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
