"""Small faults of C source, found in clang's syntax tree, and source that holds all of them, one switched on at a time.

A fault is a span of a file and the text that takes its place; it is written as `(vf_m(7) ? (new) : (old))`, so one
build holds every fault. Only function bodies are changed, and nothing that must be constant (case labels, array
sizes, static data). Standard library only.
"""
import json
import re
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

SWAPS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&", "+": "-", "-": "+", "*": "/", "/": "*",
         "<<": ">>", ">>": "<<", "&": "|", "|": "&", "+=": "-=", "-=": "+="}
CALLS = {"vf_add": "vf_mul", "vf_mul": "vf_add", "vf_ceil_div": "vf_mul", "vf_pad": "vf_add"}
CONSTANT = {"ConstantExpr", "EnumDecl", "RecordDecl", "StaticAssertDecl", "UnaryExprOrTypeTraitExpr", "OffsetOfExpr", "GenericSelectionExpr",
            "TypedefDecl"}
BODIES = {"CompoundStmt", "IfStmt", "ForStmt", "WhileStmt", "DoStmt", "CaseStmt", "DefaultStmt"}
LOOPS = {"ForStmt", "WhileStmt", "DoStmt"}


@dataclass(frozen=True, order=True)
class Mutant:
    file: str      # below src/
    start: int     # bytes
    end: int
    what: str
    new: str = field(compare=False)
    old: str = field(compare=False)


class Finder:
    """Walks a translation unit. Locations are written as differences, so every one must be seen, in its order."""

    def __init__(self, source, texts, found):
        self.source, self.texts, self.found = source, texts, found
        self.file = None

    def where(self, location):
        """(file, start, end of the token) of a location, a macro's by its use; None: nowhere, or within an argument."""
        if "spellingLoc" in location:
            self.where(location["spellingLoc"])
            place = self.where(location["expansionLoc"])
            if location["expansionLoc"].get("isMacroArgExpansion") or place is None:
                return None
            return place[0], place[1], self.behind_arguments(place)
        if "offset" not in location:
            return None
        self.file = location.get("file", self.file)
        return self.file, location["offset"], location["offset"] + location["tokLen"]

    def behind_arguments(self, place):
        name = self.name(place[0])
        if name is None or self.texts[name][place[2]:place[2] + 1] != b"(":
            return place[2]
        depth, text = 0, self.texts[name]
        for i in range(place[2], len(text)):
            depth += (text[i] == ord("(")) - (text[i] == ord(")"))
            if depth == 0:
                return i + 1
        return place[2]

    def name(self, file):
        """A file's name below src/, its text read; None: it is not ours."""
        try:
            name = Path(file).resolve().relative_to(self.source / "src").as_posix()
        except ValueError:
            return None
        if name not in self.texts:
            self.texts[name] = (self.source / "src" / name).read_bytes()
        return name

    def span(self, node):
        """(name, start, end) of a node, or None."""
        if "range" not in node:
            return None
        begin, end = self.where(node["range"]["begin"]), self.where(node["range"]["end"])
        if begin is None or end is None or begin[0] != end[0] or end[2] <= begin[1]:
            return None
        name = self.name(begin[0])
        return name and (name, begin[1], end[2])

    def add(self, span, what, new):
        if span:
            name, start, end = span
            self.found.add(Mutant(name, start, end, what, new, self.text(span)))

    def text(self, span):
        return self.texts[span[0]][span[1]:span[2]].decode()

    def walk(self, node, inside=(), parent=None):
        """inside: "constant", "body", "loop": what is around."""
        kind = node.get("kind", "")
        if "loc" in node:
            self.where(node["loc"])
        span = self.span(node)
        around = set(inside)
        if kind in CONSTANT or (kind == "VarDecl" and (node.get("storageClass") == "static" or "body" not in inside)):
            around.add("constant")
        if kind == "FunctionDecl":
            around.add("body")
        if kind in LOOPS:
            around.add("loop")
        children = [self.walk(child, around, node) for child in node.get("inner", [])]
        if "body" in inside and "constant" not in around and span:
            self.change(node, kind, span, children, parent or {}, inside)
        return span

    def change(self, node, kind, span, children, parent, inside):
        if kind in ("BinaryOperator", "CompoundAssignOperator"):
            self.operator(node, span, children, parent)
        elif kind == "UnaryOperator" and node["opcode"] in ("++", "--"):
            self.add(span, "step", self.text(span).replace(node["opcode"], {"++": "--", "--": "++"}[node["opcode"]]))
        elif kind == "IntegerLiteral":
            self.literal(span)
        elif kind in ("IfStmt", "WhileStmt") and children and children[0]:
            self.condition(kind, children[0])
        elif kind == "CallExpr" and children[0] and self.text(children[0]) in CALLS:
            self.add(span, "call", CALLS[self.text(children[0])] + self.text((span[0], children[0][2], span[2])))
        elif kind == "CallExpr" and parent.get("kind") in BODIES and node["type"]["qualType"] == "void":
            self.add(span, "left out", "(void)0")
        elif kind == "BreakStmt" and "loop" in inside:
            self.add(span, "jump", "continue")

    def operator(self, node, span, children, parent):
        op, (left, right) = node["opcode"], children[:2]
        if "=" in op and op not in SWAPS or op in ("+=", "-="):
            if parent.get("kind") in BODIES:
                self.add(span, "left out", "(void)0")
        types = [child["type"]["qualType"].rstrip() for child in node["inner"][:2]]
        if op not in SWAPS or not left or not right or (op in "+-" and types[1].endswith("*")):
            return
        between = self.text((span[0], left[2], right[1]))
        if between.strip() == op:
            sides = self.text((span[0], span[1], left[2])), self.text((span[0], right[1], span[2]))
            self.add(span, "binary", "(%s) %s (%s)" % (sides[0], SWAPS[op], sides[1]))

    def literal(self, span):
        text = self.text(span)
        m = re.fullmatch(r"(0x[0-9A-Fa-f]+|\d+)([uUlL]*)", text)
        if text in ("true", "false"):
            self.add(span, "word", "false" if text == "true" else "true")
        elif m:
            self.add(span, "number", ("0" if m[1] == "1" else str(int(m[1], 0) + 1)) + m[2])

    def condition(self, kind, span):
        self.add(span, "opposite", "!(%s)" % self.text(span))
        if kind == "IfStmt":
            self.add(span, "never", "0")


def find(source, commands):
    """Every fault in the function bodies of src/, with its texts, by the commands that compile it (compile_commands.json)."""
    texts, found = {}, set()
    for entry in commands:
        words = shlex.split(entry["command"])
        flags = [w for w in words[1:] if w.startswith(("-D", "-I", "-std"))] + [x for pair in zip(words, words[1:]) if pair[0] == "-isystem" for x in pair]
        tree = subprocess.run(["clang", "-w", "-fsyntax-only", "-Xclang", "-ast-dump=json", *flags, entry["file"]], stdout=subprocess.PIPE,
                              check=True).stdout
        finder = Finder(source, texts, found)
        for node in json.loads(tree)["inner"]:
            finder.walk(node)
    return sorted(found), texts


def rewritten(text, mutants):
    """A file's bytes with its mutants (number, Mutant) in it."""
    def render(start, end, inner):
        out, at = [], start
        while inner:
            (number, m), rest = inner[0], inner[1:]
            within = [x for x in rest if x[1].end <= m.end and x[1].start < m.end]
            inner = [x for x in rest if x[1].start >= m.end]
            out.append(text[at:m.start])
            old, new = render(m.start, m.end, within), m.new.encode()
            if m.what == "jump":
                out.append(b"if (vf_m(%d)) %s; else %s" % (number, new, old))
            elif m.what == "left out":
                out.append(b"(vf_m(%d) ? (void)0 : (void)(%s))" % (number, old))
            else:
                out.append(b"(vf_m(%d) ? (%s) : (%s))" % (number, new, old))
            at = m.end
        out.append(text[at:end])
        return b"".join(out)
    return render(0, len(text), sorted(mutants, key=lambda x: (x[1].start, -x[1].end, x[0])))
