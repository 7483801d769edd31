#!/usr/bin/env python3
"""--gpu as people type it: which cards come out, or what is said.

usage: cards.py PROGRAM
"""
import sys

from program import Checks

CARDS = [
    ("7900XTX", ["Radeon RX 7900 XTX"]),  # no 7900 cards called "TX"
    ("7900xt", ["Radeon RX 7900 XT"]),
    ("9070XT", ["Radeon RX 9070 XT"]),
    ("2x7900XTX", ["Radeon RX 7900 XTX"] * 2),
    ("2x3090", ["GeForce RTX 3090"] * 2),
    ("2X 3090", ["GeForce RTX 3090"] * 2),
    ("2 x 3090", ["GeForce RTX 3090"] * 2),
    ("3090+4090", ["GeForce RTX 3090", "GeForce RTX 4090"]),
    ("4070 Ti+2x24GB", ["GeForce RTX 4070 Ti", "24GB", "24GB"]),
    ("Ryzen AI Max+ 395 128GB", ["Ryzen AI Max+ 395 (Radeon 8060S) 128GB"]),  # a plus sign of its own
    ("w7900", ["Radeon PRO W7900"]),
    ("4060ti16gb", ["GeForce RTX 4060 Ti 16GB"]),
    ("rtx 3060 laptop", ["GeForce RTX 3060 Laptop GPU"]),
    ("dgx spark", ["GB10"]),
    ("Tesla M4", ["Tesla M4 4GB"]),
]
REFUSED = [
    ("100x3090", ["more than 16 cards"]),
    ("0x3090", ["0x3090"]),
    ("3090+", ["a name is missing"]),
    ("+24GB", ["not a size"]),
    ("ryzen ai max+ 395", ["ambiguous", "Ryzen AI Max+ 395 (Radeon 8060S) 64GB"]),
    ("3090+4060 ti", ["ambiguous", "GeForce RTX 4060 Ti 16GB"]),
    ("A770", ["ambiguous", "Arc A770 16GB"]),
]


def told(answer):
    """What does not depend on who else is asked about."""
    return dict(answer or {}, line=None, suggestions=None, notes=[n for n in (answer or {}).get("notes", ()) if "--mmproj" not in n])


def together(c):
    """Cards asked about together get the answers that each gets alone, whatever is kept from one to the next."""
    cards = ["3090", "4090", "3060", "RTX 3080", "12GB", "24GB", "2x24GB", "7900XTX", "T4", "h100", "M4 Max 64GB", "none", "RTX 2070 SUPER"]
    models = ["llama-3.1-8b", "gemma-3-12b", "qwen3-30b-a3b", "bge-m3"]
    for more in (["-q", "q4,q8"], ["-q", "q4", "-c", "max"], ["-q", "nf4"], ["-q", "q4", "--draft", "1B@q4", "--desktop", "heavy"], ["-q", "q8,q4", "--ubatch", "2048", "-c", "16k"]):
        r = c.run("--models-from", "-", "-g", ",".join(cards), *more, "--explain", "-f", "json", stdin="\n".join(models).encode())
        answers = {(a["model"], a["quant"], a["gpu"]): told(a) for a in r.json()["results"]}
        for (model, quant, gpu), a in answers.items():
            words = ["-q", quant.lower(), *more[2:]]
            alone, _ = c.ask(model, *words, "-g", gpu, "--explain")
            c.equal(told(alone), a, "%s %s on %s, %s" % (model, quant, gpu, " ".join(more)))
        c.that(len(answers) > 20, "%s: %d answers" % (" ".join(more), len(answers)))


def main():
    c = Checks(sys.argv[1])
    together(c)
    for typed, names in CARDS:
        r = c.run("1B", "-q", "q4", "--gpu", typed, "-f", "json")
        found = [d["name"] for d in r.result()["devices"]] if r.out else r.err
        c.equal(found, names, "--gpu %r" % typed)
    for typed, said in REFUSED:
        r = c.run("1B", "--gpu", typed)
        c.that(r.exit == 2 and not r.out and all(w in r.err for w in said), "--gpu %r: %s %s" % (typed, r.exit, r.err))
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
