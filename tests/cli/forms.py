#!/usr/bin/env python3
"""Hundreds of commands in every form of output, and what they wrote when somebody last looked.

usage: forms.py PROGRAM [--update] [--draw SEED] [--show NUMBER]

golden/ holds output to read; this holds only its checksums, over many more commands, so that no byte moves unseen.
forms.tsv has a command a line (behind COLUMNS= it has a terminal of so many), its exit status, the bytes and the CRC-32 of
its output, and the CRC-32 of its errors. --show runs one and shows what it writes; run it with the program of before,
too. --update writes the checksums anew; --draw makes other commands (same seed, same commands).
"""
import argparse
import concurrent.futures
import random
import shlex
import sys
import zlib
from pathlib import Path

from answers import SETS, drawn_settings, listed, quants_of
from program import Run, on_terminal

FILE = Path(__file__).resolve().parent / "forms.tsv"
COMMANDS = 700  # drawn
FORMATS = "table json jsonl csv tsv markdown svg html sarif junit github".split()
TOPICS = "options commands models quants gpus verdict lists limits check diff".split()
FIXED = (  # names that mean several things, or nearly something
    "show v100", "show 3060", "show 4070", "show llama", "show llama-3.1", "show qwen3-8", "show q4", "show q4_k", "show 40", "show int", "show vlm",
    "show ollamma", "show radeon", "show 7900xtxx", "show gemma", "show zzzz", "show 8B", "show 70B", "show ''", "show a b",
    "-m llama -g 24GB", "-m llama-3.1 -g 24GB", "-m qwen3-8 -g 24GB", "-m 8B -g v100", "-m 8B -g 3060", "-m 8B -g 4070 --explain",
    "-m 8B -q q4_ -g 24GB", "-m 8B -q int -g 24GB", "-m 8B -g 24GB --runtime vlm", "-m 9999B -g 24GB", "-m 8B -g 24GB,48GB",
    "-m 8B -g 24GB+24GB,2x12GB", "-m 70B -g smallest", "-m 8B -g smallest -f json", "-m 405B -g smallest -q q8", "-m 8B -g none",
    "-m 8B -g 24GB -c max -f json", "-m 70B -g 24GB --gpu-layers max", "-m mixtral -g 24GB --cpu-moe auto", "-m 8B -g 24GB --parallel max",
    "-m 8B -q auto -g 12GB", "-m 8B -q max -g 12GB", "-m 70B -g 24GB -c 1k -f markdown --explain", "list models 8B", "list quants int", "help nothing",
)
HEAD = "# The commands of forms.py; exit status, bytes of output, CRC-32 of the output and of the errors\n"


def run(program, command):
    words = shlex.split(command)
    if words[0].startswith("COLUMNS="):
        return on_terminal(program, words[1:], int(words[0].partition("=")[2]), {})
    return Run(program, words)


def told(r):
    if isinstance(r, str):
        return "-\t%d\t%08x\t-" % (len(r.encode()), zlib.crc32(r.encode()))
    return "%d\t%d\t%08x\t%08x" % (r.exit, len(r.out.encode()), zlib.crc32(r.out.encode()), zlib.crc32(r.err.encode()))


def question(rng, models, quants, cards):
    """One question, or several in one command; some with curves, terms, several models, typing errors."""
    runtime = rng.choice(["llama.cpp"] * 8 + sorted(quants))
    several = rng.random() < 0.3
    some = lambda values, most: [rng.choice(values) for _ in range(rng.randint(1, most) if several else 1)]
    words = [w for m in dict.fromkeys(some(models, 4)) for w in ("-m", m)] + [w for q in dict.fromkeys(some(quants[runtime], 3)) for w in ("-q", q)] + \
        [w for g in dict.fromkeys(some(list(SETS) + cards, 3)) for w in ("-g", g)]
    words += ["-c", str(rng.choice([512, 8192, "32k", 100000, "train", "max"]))] if rng.random() < 0.6 else []
    words += ["--runtime", runtime] if rng.random() < 0.8 else []
    words += ["--explain"] if rng.random() < 0.3 else []
    words += ["--also", rng.choice(models)] if rng.random() < 0.1 else []
    words += shlex.split(drawn_settings(rng, runtime)) if rng.random() < 0.4 else []
    words += ["--draft", "llama-3.2-1b"] if rng.random() < 0.05 else []
    if rng.random() < 0.08:
        at = rng.randrange(len(words))
        words[at] = words[at][:-1] if rng.random() < 0.5 else words[at] + rng.choice("x0-")
    return words


def draw(program, seed):
    rng = random.Random(seed)
    models, cards = [r[0] for r in listed(program, "models")], [r[0] for r in listed(program, "gpus")]
    quants = quants_of(program)
    names = models + cards + [r[0] for r in listed(program, "quants")] + sorted(quants)
    drawn = 0
    while drawn < COMMANDS:
        kind, form = rng.random(), rng.choice(FORMATS + ["table", "table", "table", "table", "svg", "html"])
        if kind < 0.8:
            words = question(rng, models, quants, cards) + ["-f", form]
        elif kind < 0.9:
            words = ["show", rng.choice(names)] + (["-f", form] if rng.random() < 0.5 else [])
        elif kind < 0.97:
            words = ["list", rng.choice(["models", "quants", "gpus", "runtimes", "desktops"])] + \
                ([rng.choice(["llama", "40", "q4", "a", "RTX*", "zzz"])] if rng.random() < 0.6 else []) + ["-f", form]
        else:
            words = ["help", rng.choice(TOPICS)]
        if kind < 0.97 and form == "table":
            words += rng.choice([[], ["--color", "always"]])
        columns = "COLUMNS=%d " % rng.choice([40, 60, 80, 100, 200]) if rng.random() < 0.4 and form == "table" else ""
        command = columns + " ".join(shlex.quote(w) for w in words)
        if Run(program, words).exit != 2 or rng.random() < 0.2:  # most answer
            drawn += 1
            yield command
    yield from FIXED


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("program")
    p.add_argument("--update", action="store_true")
    p.add_argument("--draw", type=int)
    p.add_argument("--show", type=int)
    o = p.parse_args()
    program = str(Path(o.program).resolve())
    if o.draw is not None:
        rows = [[command, ""] for command in draw(program, o.draw)]
    else:
        rows = [line.split("\t", 1) for line in FILE.read_text(encoding="utf-8").splitlines()[1:]]
    if o.show is not None:
        r = run(program, rows[o.show][0])
        print(rows[o.show][0] + "\n" + (r if isinstance(r, str) else "%s%sexit status %d" % (r.out, r.err, r.exit)))
        return 0
    shown = {i: told(run(program, row[0])) for i, row in enumerate(rows) if row[0].startswith("COLUMNS=")}  # a terminal needs a fork: no threads yet
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        got = list(pool.map(lambda x: shown.get(x[0]) or told(run(program, x[1][0])), enumerate(rows)))
    moved = [(i, row, now) for i, (row, now) in enumerate(zip(rows, got)) if row[1] != now]
    if o.update or o.draw is not None:
        FILE.write_text(HEAD + "".join("%s\t%s\n" % (row[0], now) for row, now in zip(rows, got)), encoding="utf-8")
        moved = []
    for i, row, now in moved[:20]:
        print("%d: %s\n  was %s\n  is  %s" % (i, row[0], row[1].replace("\t", " "), now.replace("\t", " ")))
    print("%d commands, %d moved" % (len(rows), len(moved)))
    return 1 if moved or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
