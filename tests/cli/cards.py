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


def main():
    c = Checks(sys.argv[1])
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
