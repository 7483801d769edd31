#!/usr/bin/env python3
"""lock and lock --verify: what is written, what counts as a change, what is refused.

usage: lock.py PROGRAM
"""
import pathlib
import sys
import tempfile

from program import Checks

LIST = "llama-3.1-8b q8\n# a comment\nqwen2.5-14b q4 16k  # mine\n\n13B\n13B\n"


def main():
    c = Checks(sys.argv[1])
    with tempfile.TemporaryDirectory() as tmp:
        lock = pathlib.Path(tmp) / "models.lock"
        r = c.run("lock", "-", "-g", "24GB,12GB", "--parallel", "2", stdin=LIST.encode())
        lines = r.out.splitlines()
        c.equal(r.exit, 0, "lock")
        c.equal(lines[0], "#! vramfit lock 1", "its first line")
        c.that({"#! --parallel 2", "#! --gpu 24GB,12GB"} <= set(lines), "the settings")
        c.equal([line.split(" #")[0] for line in lines if not line.startswith("#!")],
                ["llama-3.1-8b q8", "qwen2.5-14b q4 16k", "13B", "13B"], "the list")
        lock.write_text(r.out)

        def verify(text=r.out, *more):
            lock.write_text(text)
            return c.run("lock", "--verify", str(lock), *more)

        got = verify()
        c.equal((got.exit, got.out), (0, "nothing differs\n"), "nothing changed")
        listed = c.run("--models-from", str(lock), "-g", "24GB", "--parallel", "2", "--format", "tsv")
        c.equal((listed.exit, listed.out.count("\n")), (0, 5), "a lock is a list")
        need = r.out.split("24GB, context 4096: fit, needs ")[1].split(",")[0]
        got = verify(r.out.replace("needs " + need, "needs %d" % (int(need) + 1000), 1))
        c.equal(got.exit, 0, "a change within the margin")
        got = verify(r.out.replace("needs " + need, "needs %d" % (2 * int(need)), 1))
        c.that(got.exit == 1 and "needs " + need in got.out and "1 of 8 differ" in got.out, "one beyond it: %s" % got.out)
        got = verify(r.out.replace(": no-fit", ": fit", 1))
        c.that(got.exit == 1 and "the lock says fit" in got.out, "another verdict: %s" % got.out)
        got = verify(r.out.replace("#! --parallel 2\n", "#! --parallel 4\n"))
        c.equal(got.exit, 0, "settings are the lock's: so little does a sequence change")
        got = verify(r.out.replace("Q8_0 on 24GB", "Q6_K on 24GB"))
        c.that(got.exit == 1 and "not in the lock" in got.out, "a row that it lacks: %s" % got.out)
        got = verify(r.out, "--gpu", "8GB")
        c.that(got.exit == 2 and "gpu: the lock holds the settings" in got.err, "settings beside a lock: %s" % got.err)
        for text, word in (("x\n", "no lock"), ("#! vramfit lock 1\n#! --frob 1\n", "unknown option"),
                           ("#! vramfit lock 1\n#! what\n", "line 2"), ("", "no lock")):
            got = verify(text)
            c.that(got.exit == 2 and word in got.err and got.err.count("\n") == 1 and not got.out, "%r: %s" % (text, got.err))
        for args in (["lock"], ["lock", "--verify", "-"], ["lock", "x", "--verify", str(lock)], ["lock", "-", "-m", "8B", "-g", "8GB"]):
            got = c.run(*args)
            c.that(got.exit == 2 and got.err.count("\n") == 1 and not got.out, " ".join(args))
        bad = c.run("lock", "-", "-g", "24GB", stdin=b"13B\nnonesuch\n")
        c.that(bad.exit == 2 and "line 2" in bad.err and "13B" in bad.out, "a bad line is told of, the others are kept")
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
