#!/usr/bin/env python3
"""The man page and the completions in data/ are what the option table says now.

usage: exports.py PROGRAM ROOT [--update]
"""
import shutil
import subprocess
import sys
from pathlib import Path

from program import Checks

FILES = {"man": "data/man/vramfit.1", "bash": "data/completions/vramfit.bash", "zsh": "data/completions/_vramfit",
         "fish": "data/completions/vramfit.fish"}


def complete(c, root, words):
    """What bash offers for the last word."""
    script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vramfit; printf "%s\\n" "${COMPREPLY[@]}"'
    env = {"PATH": "%s:/usr/bin:/bin" % Path(c.program).parent, "HOME": "/nonexistent"}
    p = subprocess.run(["bash", "-c", script, "bash", str(root / FILES["bash"]), *words], capture_output=True, text=True, env=env)
    return set(p.stdout.split("\n")) - {""}


def main():
    c, root = Checks(str(Path(sys.argv[1]).resolve())), Path(sys.argv[2]).resolve()
    for topic, name in FILES.items():
        text = c.run("help", topic).out
        if "--update" in sys.argv:
            (root / name).write_text(text, encoding="utf-8")
        c.that((root / name).read_text(encoding="utf-8") == text, name + ": not what 'help %s' says (--update)" % topic)
    if shutil.which("mandoc"):
        p = subprocess.run(["mandoc", "-Tlint", str(root / FILES["man"])], capture_output=True, text=True)
        c.equal(p.stdout + p.stderr, "", "mandoc -Tlint")
    if shutil.which("bash"):
        c.equal(complete(c, root, ["vramfit", "--flash"]), {"--flash-attn"}, "bash: an option")
        c.equal(complete(c, root, ["vramfit", "--format", "json"]), {"json", "jsonl"}, "bash: choices")
        c.equal(complete(c, root, ["vramfit", "--format", "sv"]), {"svg"}, "bash: formats")
        c.that("Q4_K_M" in complete(c, root, ["vramfit", "-q", "Q4"]), "bash: quantizations")
        c.equal(complete(c, root, ["vramfit", "list", "g"]), {"gpus"}, "bash: what list lists")
    for shell, name in (("zsh", FILES["zsh"]), ("fish", FILES["fish"])):
        if shutil.which(shell):
            p = subprocess.run([shell, "-n", str(root / name)], capture_output=True, text=True)
            c.equal((p.returncode, p.stderr), (0, ""), shell + " -n")
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
