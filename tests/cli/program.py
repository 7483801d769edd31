"""Runs the program as the tests of the command line need it: a fixed environment, nothing inherited."""
import json
import os
import pty
import subprocess

ENV = {"PATH": os.environ.get("PATH", ""), "HOME": "/nonexistent", "LC_ALL": "C"}


class Run:
    def __init__(self, program, args, stdin=b"", env=None, cwd=None, **kw):
        full = dict(ENV, **(env or {}))
        p = subprocess.run([program, *args], input=stdin, env=full, cwd=cwd, capture_output=True, timeout=60, **kw)
        self.args, self.exit, self.out, self.err = args, p.returncode, p.stdout.decode(), p.stderr.decode()

    def json(self):
        return json.loads(self.out)

    def result(self):
        results = self.json()["results"]
        assert len(results) == 1, "%d results for %s" % (len(results), self.args)
        return results[0]


def on_terminal(program, args, columns, env):
    """What the program writes to a terminal of so many columns."""
    env = {**ENV, "TERM": "xterm", "COLUMNS": str(columns), **env}
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(program, [program, *args], env)
    out = b""
    while True:
        try:
            chunk = os.read(fd, 65536)
        except OSError:
            break
        if not chunk:
            break
        out += chunk
    os.waitpid(pid, 0)
    os.close(fd)
    return out.decode().replace("\r\n", "\n")


class Checks:
    """Counts what was compared; a script ends with sys.exit(checks.end())."""

    def __init__(self, program):
        self.program, self.passed, self.failed = program, 0, 0

    def run(self, *args, **kw):
        return Run(self.program, list(args), **kw)

    def ask(self, *args, **kw):
        """The one result of a question, from its JSON."""
        r = self.run(*args, "--format", "json", **kw)
        if not r.out:
            self.that(False, "%s: no answer: %s" % (" ".join(args), r.err.strip()))
            return None, r.exit
        return r.result(), r.exit

    def that(self, good, what):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print("FAILED " + what)
        return good

    def equal(self, got, want, what):
        return self.that(got == want, "%s: got %r, want %r" % (what, got, want))

    def end(self):
        print("%d passed, %d failed" % (self.passed, self.failed))
        return 1 if self.failed or not self.passed else 0
