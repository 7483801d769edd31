#!/usr/bin/env python3
"""Formats for continuous integration: junit as XML, github as workflow commands.

usage: formats_ci.py PROGRAM
"""
import pathlib
import sys
import tempfile
import xml.etree.ElementTree as xml

from program import Checks

LIST = "llama-3.1-8b q8\nnone<such&\n13B\n70B q4\n13B\n"


def junit(c, path):
    r = c.run("--models-from", str(path), "-g", "12GB", "--format", "junit")
    c.equal(r.exit, 2, "junit: a bad line")
    cases = xml.fromstring(r.out).findall("testsuite/testcase")
    c.equal([[e.tag for e in case] for case in cases], [["system-out"], ["error"], ["skipped"], ["failure"], ["skipped"]],
            "a test case for each line")
    c.equal((cases[0].get("classname"), cases[0].get("name")), ("12GB", "meta-llama/Llama-3.1-8B-Instruct Q8_0, context 4096"), "its name")
    c.that("none<such&" in cases[1][0].get("message") and "list,a:b.txt:2" in cases[1].get("name"), "the bad line's error")
    c.that(cases[3][0].get("message").startswith("no-fit: needs "), "why it fails: %s" % cases[3][0].get("message"))
    one = c.run("8B", "-g", "24GB", "--format", "junit")
    c.equal((one.exit, len(xml.fromstring(one.out).findall("testsuite/testcase"))), (0, 1), "one answer")


def github(c, path):
    r = c.run("--models-from", str(path), "-g", "12GB", "--format", "github")
    lines = r.out.splitlines()
    where = " file=%s,line=" % str(path).replace(",", "%2C").replace(":", "%3A")
    c.equal([line.split("::")[1] for line in lines],
            ["error%s2" % where, "warning%s3" % where, "error%s4" % where, "warning%s5" % where], "what does not fit, by line")
    c.equal(lines[0].split("::", 2)[2], "%s:2: unknown model 'none<such&'" % path, "what is wrong, and where")
    c.that(": no-fit: needs " in lines[2] and "70B" in lines[2], lines[2])
    c.equal(c.run("8B", "-g", "24GB", "--format", "github").out, "", "what fits needs no annotation")
    one = c.run("70B", "-g", "24GB", "--format", "github")
    c.that(one.out.startswith("::error::") and one.out.count("\n") == 1, "without a list: no place: %s" % one.out)


def main():
    c = Checks(sys.argv[1])
    with tempfile.TemporaryDirectory() as tmp:
        path = pathlib.Path(tmp) / "list,a:b.txt"
        path.write_text(LIST)
        junit(c, path)
        github(c, path)
    for command in (["list", "models"], ["show", "3090"], ["check"]):
        r = c.run(*command, "--format", "github")
        c.that(r.exit == 2 and not r.out and "--format" in r.err, " ".join(command))
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
