#!/usr/bin/env python3
"""mkcatalog, the program of the build that compiles data/: the same data gives the same file, and what goes wrong is said.

usage: mkcatalog.py MKCATALOG BUILTIN_CATALOG_C SOURCE
"""
import subprocess
import sys
import tempfile
from pathlib import Path

failed = checks = 0


def check(good, what):
    global failed, checks
    checks += 1
    failed += not good
    if not good:
        print("FAILED " + what)


def main(program, built, source):
    source = Path(source)
    names = sorted(p.relative_to(source).as_posix() for folder in ("data", "data/architectures", "data/models")
                   for p in (source / folder).glob("*.json"))

    def run(*args):
        return subprocess.run([program, *map(str, args)], cwd=source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    with tempfile.TemporaryDirectory(prefix="vramfit-mkcatalog.") as tmp:
        out = Path(tmp) / "catalog.c"
        r = run(out, *names)
        check(r.returncode == 0 and r.stdout == "", "the data: exit %d: %s" % (r.returncode, r.stdout[:300]))
        check(out.exists() and out.read_bytes() == Path(built).read_bytes(), "the same data give the same file")
        r = run(out)
        check(r.returncode == 2 and r.stdout.startswith("usage: "), "no data: exit %d: %s" % (r.returncode, r.stdout))
        r = run(out, "data/none.json", *names)
        check(r.returncode == 1 and r.stdout == "mkcatalog: data/none.json: cannot be read\n", "a file that is not there: exit %d: %s" % (r.returncode, r.stdout))
        r = run(Path(tmp) / "none" / "catalog.c", *names)
        check(r.returncode == 1 and r.stdout.endswith("catalog.c: cannot be written\n"), "a folder that is not there: exit %d: %s" % (r.returncode, r.stdout))
        if Path("/dev/full").exists():
            r = run("/dev/full", *names)
            check(r.returncode == 1 and r.stdout == "mkcatalog: /dev/full: cannot be written\n", "a full disk: exit %d: %s" % (r.returncode, r.stdout))
        r = run(out, tmp, *names)
        check(r.returncode == 1 and r.stdout == "mkcatalog: %s: cannot be read\n" % tmp, "a folder: exit %d: %s" % (r.returncode, r.stdout))
        own = Path(tmp) / "own.json"
        own.write_text('{"schema":1,"gpus":[{"name":"G","vendor":"nvidia","class":"c","memory_mib":1024,"source":"s"}]}')
        r = run(out, own, *names)
        check(r.returncode == 0 and "own.json:1:29: warning: /gpus/0/name: key 'compute_capability' is missing [compute-capability]\n" in r.stdout,
              "a warning: exit %d: %s" % (r.returncode, r.stdout))
        own.write_text("[")
        r = run(out, own, *names)
        check(r.returncode == 1 and r.stdout == "%s:1:2: error: JSON ends early, expected a value [json-syntax]\n" % own,
              "no JSON: exit %d: %s" % (r.returncode, r.stdout))
        first = next(n for n in names if n.startswith("data/models/"))
        r = run(out, first, first)
        check(r.returncode == 1 and first + ":" in r.stdout, "a file twice: exit %d: %s" % (r.returncode, r.stdout[:300]))
    print("%d checks, %d failed" % (checks, failed))
    return 1 if failed or not checks else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
