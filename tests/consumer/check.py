#!/usr/bin/env python3
"""Installs a build into an empty prefix and uses it as a stranger would.

usage: check.py --source DIR --build DIR --cmake CMAKE --generator NAME --cc CC --cxx CXX

The library is consumed with find_package, with pkg-config, as a shared library, and with
add_subdirectory. Standard library only.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def run(*command, **kw):
    """Runs a command; its output is shown only when it fails."""
    command = [str(c) for c in command]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw)
    if done.returncode != 0:
        sys.exit("%s\n%s\nexit status %d" % (" ".join(command), done.stdout, done.returncode))
    return done.stdout


def installed(prefix, pattern):
    found = sorted(p.relative_to(prefix).as_posix() for p in prefix.rglob("*") if p.match(pattern))
    if not found:
        sys.exit("nothing like %s was installed" % pattern)
    return found


def configure(o, source, build, *options):
    return [o.cmake, "-G", o.generator, "-S", source, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_C_COMPILER=" + o.cc,
            "-DCMAKE_CXX_COMPILER=" + o.cxx, *options]


def by_cmake(o, work, name, *options):
    build = work / name
    run(*configure(o, HERE, build, *options))
    run(o.cmake, "--build", build, "-j", "2")
    print("%s: %s" % (name, run(build / "consumer").strip()))
    return build


def by_pkg_config(o, work, prefix, env):
    if not shutil.which("pkg-config"):
        print("pkg-config: skipped, not on this machine")
        return
    flags = run("pkg-config", "--cflags", "--libs", "vramfit", env=env).split()
    run(o.cxx, "-c", HERE / "headers.cpp", "-o", work / "headers.o", *[f for f in flags if f.startswith(("-I", "-D"))])
    run(o.cc, "-std=c11", "-Wall", "-Wextra", "-Werror", HERE / "main.c", work / "headers.o", "-o", work / "by-pc", *flags)
    print("pkg-config: " + run(work / "by-pc", env=env).strip())


def exports_only_vf(prefix):
    if not shutil.which("nm"):
        print("exports: skipped, nm is not on this machine")
        return
    so = next(prefix.rglob("libvramfit.so"))
    names = [line.split()[-1] for line in run("nm", "-D", "--defined-only", so).splitlines()]
    foreign = [n for n in names if not n.startswith("vf_")]
    if foreign or not names:
        sys.exit("libvramfit.so exports %s" % (foreign or "nothing"))


def environment(prefix):
    lib = next(prefix.rglob("vramfit.pc")).parent
    paths = [str(lib)] + [p for p in [os.environ.get("PKG_CONFIG_PATH")] if p]
    return dict(os.environ, PKG_CONFIG_PATH=":".join(paths), LD_LIBRARY_PATH=str(lib.parent))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("source", "build", "cmake", "generator", "cc", "cxx"):
        p.add_argument("--" + name, required=True)
    o = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="vramfit-install.") as tmp:
        work = Path(tmp)
        prefix = work / "prefix"
        run(o.cmake, "--install", o.build, "--prefix", prefix)
        for pattern in ("vramfit/vramfit.h", "vramfit/search.h", "vramfit/speed.h", "vramfit/load.h", "vramfit/probe.h", "vramfitConfig.cmake", "vramfitConfigVersion.cmake",
                        "vramfit.pc", "LICENSE", "share/vramfit/gpus.json", "share/vramfit/models/*.json",
                        "bin/vramfit"):
            installed(prefix, pattern)
        run(next(prefix.rglob("bin/vramfit")), "--version")
        by_cmake(o, work, "find_package", "-DCMAKE_PREFIX_PATH=%s" % prefix)
        by_pkg_config(o, work, prefix, environment(prefix))

        # The whole tree, moved elsewhere, still works.
        moved = work / "moved"
        prefix.rename(moved)
        by_cmake(o, work, "relocated", "-DCMAKE_PREFIX_PATH=%s" % moved)

        shared = work / "shared-prefix"
        run(*configure(o, o.source, work / "shared-build", "-DBUILD_SHARED_LIBS=ON", "-DVRAMFIT_TESTS=OFF"))
        run(o.cmake, "--build", work / "shared-build", "-j", "2")
        run(o.cmake, "--install", work / "shared-build", "--prefix", shared)
        exports_only_vf(shared)
        run(next(shared.rglob("bin/vramfit")), "--version")
        by_cmake(o, work, "shared", "-DCMAKE_PREFIX_PATH=%s" % shared)
        by_pkg_config(o, work, shared, environment(shared))

        # As a part of another project: nothing of ours is installed or tested there.
        sub = by_cmake(o, work, "add_subdirectory", "-DVRAMFIT_SOURCE=%s" % o.source, "-DVRAMFIT_BUILD_CLI=OFF")
        empty = work / "empty"
        run(o.cmake, "--install", sub, "--prefix", empty)
        if empty.exists() and any(p.is_file() for p in empty.rglob("*")):
            sys.exit("a subproject installs files")


if __name__ == "__main__":
    main()
