#!/usr/bin/env python3
"""Builds the project in other ways, and uses what comes of it.

usage: check.py WAY --source DIR [--cmake CMAKE] [--cjson DIR]

Each function below named after a WAY is one. Exit status 0: it holds; 1: it does not, with what was
seen; 77: a tool is missing, with its name. DIR of --cjson has cJSON.c (default: $VRAMFIT_CJSON_SOURCE); it
is what a static binary and another machine need, as distributions have cJSON as a shared library only.
Standard library only.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

QUESTION = ["--model", "13B", "--quant", "q8", "--gpu", "24GB"]
NEED = 17419843712


class Skip(Exception):
    pass


def run(*command, **kw):
    """Runs a command and returns its output, which is shown when it fails."""
    command = [str(c) for c in command]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw)
    if done.returncode != 0:
        sys.exit("%s\n%s\nexit status %d" % (" ".join(command), done.stdout[-6000:], done.returncode))
    return done.stdout


def tool(*names):
    for name in names:
        if not shutil.which(name):
            raise Skip("%s is not on this machine" % name)
    return shutil.which(names[0])


def cjson(o):
    if not o.cjson or not (Path(o.cjson) / "cJSON.c").is_file():
        raise Skip("no folder with cJSON.c (--cjson, VRAMFIT_CJSON_SOURCE)")
    return "-DVRAMFIT_CJSON=%s" % Path(o.cjson).resolve()


def build(o, name, *options, env=None, targets=(), tests=False):
    folder = o.work / name
    run(o.cmake, "-S", o.source, "-B", folder, "-G", "Ninja" if shutil.which("ninja") else "Unix Makefiles",
        "-DCMAKE_BUILD_TYPE=Release", "-DVRAMFIT_WERROR=ON", "-DVRAMFIT_TESTS=%s" % ("ON" if tests else "OFF"), *options, env=env)
    run(o.cmake, "--build", folder, "-j", "2", *(["--target", *targets] if targets else []), env=env)
    return folder


def ask(*program):
    """The README's first question: the same bytes wherever it is asked."""
    answer = json.loads(run(*program, *QUESTION, "--format", "json"))["results"][0]
    if answer["devices"][0]["need_bytes"] != NEED:
        sys.exit("%s: need is %s bytes, not %d" % (program[-1], answer["devices"][0]["need_bytes"], NEED))


def static(o):
    """One file that needs no library."""
    program = build(o, "static", cjson(o), "-DCMAKE_EXE_LINKER_FLAGS=-static") / "vramfit"
    ask(program)
    if "dynamic section" not in run("readelf", "-d", program).lower():
        sys.exit("readelf: no word on the dynamic section")
    if "NEEDED" in run("readelf", "-d", program):
        sys.exit("the static program needs libraries")


def foreign(o, name, compiler, processor, emulator):
    """Built for another machine, its tests under emulation."""
    options = ["-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=" + processor, "-DCMAKE_C_COMPILER=" + tool(compiler),
               "-DCMAKE_EXE_LINKER_FLAGS=-static", "-DCMAKE_CROSSCOMPILING_EMULATOR=" + emulator, cjson(o)]
    folder = build(o, name, *options, tests=True)
    text = run("ctest", "--test-dir", folder, "-L", "fast", "-R", "^(unit|data|fuzz|cli.options)", "-j", "2", "--output-on-failure")
    print(re.search(r"\d+% tests passed.*", text).group(0))
    # what runs the program by its path gets it with its emulator before it
    wrapper = folder / "vramfit-emulated"
    wrapper.write_text('#!/bin/sh\nexec %s %s/vramfit "$@"\n' % (emulator, folder))
    wrapper.chmod(0o755)
    ask(wrapper)
    print(run(sys.executable, o.source / "tests/cli/golden.py", wrapper).strip().splitlines()[-1])


def bits32(o):
    foreign(o, "bits32", "i686-linux-gnu-gcc", "i686", shutil.which("qemu-i386-static") or "/usr/bin/env")


def big_endian(o):
    foreign(o, "big-endian", "s390x-linux-gnu-gcc", "s390x", tool("qemu-s390x-static"))


def windows(o):
    """The library compiles for Windows. Nobody ran it there: this proves nothing more."""
    build(o, "windows", "-DCMAKE_SYSTEM_NAME=Windows", "-DCMAKE_C_COMPILER=" + tool("x86_64-w64-mingw32-gcc"), cjson(o),
          "-DVRAMFIT_WERROR=OFF", targets=("vf_core", "vf_load", "vf_probe"))


def only(o, name, hidden):
    """With nothing but one compiler in PATH, found by CMake itself."""
    tool(name)
    path = o.work / "bin"
    path.mkdir()
    for folder in os.environ["PATH"].split(":")[::-1]:
        for p in Path(folder).iterdir() if Path(folder).is_dir() else ():
            if not p.name.startswith(hidden):
                link = path / p.name
                link.unlink(missing_ok=True)
                link.symlink_to(p)
    env = dict(os.environ, PATH=str(path))
    for name_of_it in ("CC", "CXX"):
        env.pop(name_of_it, None)
    folder = build(o, "only-" + name, env=env)
    ask(folder / "vramfit")
    found = next(line for line in (folder / "CMakeCache.txt").read_text().splitlines() if line.startswith("CMAKE_C_COMPILER:"))
    print(found.split("=")[1].rsplit("/", 1)[-1])


def only_gcc(o):
    only(o, "gcc", ("clang", "c++", "g++", "tcc", "icx"))


def only_clang(o):
    only(o, "clang", ("gcc", "g++", "cc", "c++", "c89", "c99", "x86_64-linux-gnu-gcc", "x86_64-linux-gnu-g++", "tcc"))


def no_program(o):
    """The library alone: nothing of the program is built or installed."""
    folder = build(o, "no-program", "-DVRAMFIT_BUILD_CLI=OFF")
    prefix = o.work / "prefix"
    run(o.cmake, "--install", folder, "--prefix", prefix)
    names = [p.relative_to(prefix).as_posix() for p in prefix.rglob("*") if p.is_file()]
    if [n for n in names if n.startswith("bin/") or "/man/" in n or "completion" in n] or not any(n.endswith("libvramfit.a") for n in names):
        sys.exit("installed: %s" % names)


def fetched(o):
    """As a part of another project, by FetchContent."""
    folder = o.work / "user"
    folder.mkdir()
    (folder / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.24)\nproject(user C CXX)\ninclude(FetchContent)\n"
        "FetchContent_Declare(vramfit SOURCE_DIR %s)\nset(VRAMFIT_BUILD_CLI OFF)\nFetchContent_MakeAvailable(vramfit)\n"
        "add_executable(user %s/main.c %s/headers.cpp)\ntarget_link_libraries(user vramfit::vramfit)\n"
        % (o.source, *[o.source / "tests/consumer"] * 2))
    run(o.cmake, "-S", folder, "-B", folder / "build")
    run(o.cmake, "--build", folder / "build", "-j", "2")
    print(run(folder / "build/user").strip())


def hardened(o):
    """What readelf says of the flags (src/install/harden.cmake)."""
    tool("readelf")
    folder = build(o, "hardened", "-DVRAMFIT_BOTH_LIBRARIES=ON")
    for path in (folder / "vramfit", folder / "libvramfit.so"):
        seen = run("readelf", "-hldW", path) + run("readelf", "--dyn-syms", "-W", path)
        missing = [what for what in ("GNU_RELRO", "BIND_NOW", "GNU_STACK", "__stack_chk_fail") if what not in seen]
        stack = next(line for line in seen.splitlines() if "GNU_STACK" in line)
        if "RWE" in stack:
            missing.append("a stack that cannot be executed")
        if path.name == "vramfit" and ("Flags: NOW PIE" not in seen or "_chk@" not in seen):
            missing.append("PIE and fortified calls")
        if missing:
            sys.exit("%s: %s" % (path.name, ", ".join(missing)))
    if os.uname().machine == "x86_64" and "IBT" not in run("readelf", "-nW", folder / "vramfit"):
        print("note: no IBT mark, as a library or start file of the system has none")


def listing(root):
    skip = ("proc", "sys", "dev", "tmp", "run", "var/cache", "var/log", "var/lib/apt", "var/lib/dpkg")
    names = set()
    for p in root.rglob("*"):
        name = p.relative_to(root).as_posix()
        if not any(name == s or name.startswith(s + "/") for s in skip):
            names.add(name)
    return names


def debian(o):
    """Packages into a fresh Debian, and out of it again."""
    tool("debootstrap", "dpkg-deb", "cpack", "chroot")
    if os.geteuid() != 0:
        raise Skip("a Debian root is made by root only")
    folder = build(o, "deb", "-DVRAMFIT_BOTH_LIBRARIES=ON", "-DCMAKE_INSTALL_PREFIX=/usr")
    run("cpack", "-G", "DEB", cwd=folder)
    packages = sorted(folder.glob("*.deb"))
    print("packages: " + ", ".join(p.name for p in packages))
    root = o.work / "root"
    run("debootstrap", "--variant=minbase", "bookworm", root)

    def inside(*command):
        return run("chroot", root, "/usr/bin/env", "DEBIAN_FRONTEND=noninteractive", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *command)

    inside("apt-get", "update", "-qq")
    inside("apt-get", "install", "-qq", "-y", "--no-install-recommends", "libcjson-dev")
    before = listing(root)
    for p in packages:
        shutil.copy(p, root / "tmp")
    print(inside("dpkg", "-i", *["/tmp/" + p.name for p in packages]).strip())
    ask("chroot", root, "/usr/bin/vramfit")
    print("installed: %d files; %s" % (len(listing(root) - before), inside("vramfit", "--version").splitlines()[0]))
    inside("ldconfig", "-p")
    if "libvramfit.so.0" not in inside("ldconfig", "-p"):
        sys.exit("the linker does not know libvramfit")
    print(inside("dpkg", "--purge", "vramfit", "libvramfit-dev", "libvramfit0.1").strip())
    left = {n for n in listing(root) ^ before if n != "etc/ld.so.cache"}
    if left:
        sys.exit("left or lost: %s" % sorted(left))
    print("nothing is left")


def main():
    ways = {f.__name__: f for f in (static, bits32, big_endian, windows, only_gcc, only_clang, no_program, fetched, hardened, debian)}
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("way", choices=sorted(ways))
    p.add_argument("--source", type=lambda s: Path(s).resolve(), required=True)
    p.add_argument("--cmake", default="cmake")
    p.add_argument("--cjson", default=os.environ.get("VRAMFIT_CJSON_SOURCE"))
    o = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="vramfit-package.") as tmp:
        o.work = Path(tmp)
        try:
            ways[o.way](o)
        except Skip as why:
            print("%s: skipped, %s" % (o.way, why))
            return 77
    print("%s: holds" % o.way)
    return 0


if __name__ == "__main__":
    sys.exit(main())
