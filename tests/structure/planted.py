#!/usr/bin/env python3
"""Plants one fault at a time in a copy of the source's base and expects check.py to find it.

usage: planted.py --source DIR --cc CC --cxx CXX --nm NM

A check that cannot fail is worthless. Standard library only.
"""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FAULTS = [
    ("includes", "src/base/planted.h", '#include "model/model.h"\n', "base/ may not include"),
    ("includes", "src/cli/planted.h", '#include "base/checked.h"\n', "cli/ may not include"),
    ("includes", "src/cli/text/planted.h", '#include "base/checked.h"\n', "cli/text/ may not include"),
    ("includes", "src/model/planted.h", "#include <cjson/cJSON.h>\n", "cJSON is seen by load/"),
    ("includes", "src/model/planted.h", "#include <vramfit/load.h>\n", "the core sees"),
    ("purity", "src/base/planted.c", "#include <stdlib.h>\nvoid *p(void);\nvoid *p(void) { return malloc(1); }\n", "malloc"),
    ("purity", "src/base/planted.c", "int planted_state;\n", "state that can change"),
    ("purity", "src/base/planted.c", 'const char planted_format[] = "%.1f";\n', "floating-point"),
    ("sizes", "src/base/planted.c", "\n" * 501, "lines, at most"),
    ("sizes", "src/base/planted.c", "int f(void)\n{\n" + ";\n" * 101 + "}\n", "a function of"),
    ("banned", "src/cli/planted.c", "int f(const char *s) { return atoi(s); }\n", "atoi"),
    ("headers", "include/vramfit/planted.h", "size_t f(void);\n", "planted.h as C11"),
    ("version", "src/base/planted.c", None, "the version once more"),
    ("tracked", "tests/planted.txt", "/ho" + "me/me/file\n", "of one machine"),
    ("tracked", "notes/planted.txt", "hello\n", "the top level has"),
]


def main(options):
    at = options.index("--source") + 1
    source, missed = Path(options[at]), 0
    stated = (source / "CMakeLists.txt").read_text().split("VERSION ")[2].split()[0]
    for check, path, text, says in FAULTS:
        with tempfile.TemporaryDirectory(prefix="vramfit-planted.") as tmp:
            copy = Path(tmp) / "source"
            copy.mkdir()
            for part in ("src/base", "include"):  # a part of the source, so that it is quick
                shutil.copytree(source / part, copy / part)
            shutil.copytree(source / "src/model", copy / "src/model", ignore=shutil.ignore_patterns("*.c"))
            for part in ("src/README.md", "CMakeLists.txt"):
                shutil.copy(source / part, copy / part)
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            (copy / path).write_text(text or '"%s"\n' % stated)
            command = options[:at] + [str(copy)] + options[at + 1:]
            done = subprocess.run([sys.executable, str(Path(__file__).with_name("check.py")), check] + command,
                                  stdout=subprocess.PIPE, text=True)
            if done.returncode == 77:
                continue
            if done.returncode != 1 or not any(says in line and "planted" in line for line in done.stdout.splitlines()):
                print("%s does not see %r in %s:\n%s" % (check, text and text[:40], path, done.stdout))
                missed += 1
    print("%d planted, %d missed" % (len(FAULTS), missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
