#!/usr/bin/env python3
"""--format svg and html: well-formed, complete, to scale, and alone.

usage: pictures.py PROGRAM
"""
import html.parser
import json
import re
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from program import Checks

QUESTIONS = [["13B", "-q", "q8", "-g", "24GB"], ["13B", "-q", "f16,q8,q4", "-g", "24GB"], ["70B", "-q", "q4", "-g", "2x24GB"],
             ["70B", "-q", "q4", "-g", "24GB"], ["8B", "-q", "q4", "-g", "none"], ["8B", "-q", "awq", "-g", "24GB"],
             ["-m", "8B", "-m", "70B", "-q", "q4", "-g", "8GB,24GB,80GB"], ["30B-A3B", "-q", "q4", "-g", "12GB", "--cpu-moe", "all"]]
SVG = "{http://www.w3.org/2000/svg}"
PORTIONS = {"weights": "weights_bytes", "KV cache": "kv_cache_bytes", "compute": "compute_bytes", "runtime": "runtime_bytes",
            "desktop": "desktop_bytes", "reserved": "reserved_bytes"}


class Page(html.parser.HTMLParser):
    """Tags that are open, in order; what refers to elsewhere; bars."""
    VOID = {"meta", "br", "link", "img"}

    def __init__(self, text):
        super().__init__()
        self.open, self.wrong, self.outside, self.bytes = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        for k, v in attrs:
            if k in ("src", "href", "srcset", "action") or k.startswith("on"):
                self.outside.append((tag, k, v))
            if k == "data-bytes":
                self.bytes.append(int(v))
        if tag in ("script", "link", "iframe", "object"):
            self.outside.append((tag, "", ""))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def answers(c, question):
    r = c.run(*question, "-f", "json")
    return json.loads(r.out)["results"]


def drawn(c, question):
    """Every portion as wide as its bytes say, to the rounding of a tenth of a pixel."""
    text, again = c.run(*question, "-f", "svg"), c.run(*question, "-f", "svg")
    c.equal(text.out, again.out, "%s: the same question, the same bytes" % question)
    root = ET.fromstring(text.out)
    c.that(not re.search(r"<script|href|@import|url\((?!#vf-)", text.out), "%s: svg refers to nothing outside" % question)
    c.equal(root.get("role"), "img", "%s: a picture with a name" % question)
    c.that(root.find(SVG + "title") is not None and root.find(SVG + "desc").text, "%s: title and description" % question)
    results = answers(c, question)
    groups = [(g.get("data-portion"), int(g.get("data-bytes")), g.find(SVG + "rect")) for g in root.iter(SVG + "g")]
    cards = [e for e in root.iter(SVG + "rect") if e.get("class") == "card"]
    devices = [d for r in results for d in r["devices"]]
    c.equal(len(cards), len(devices), "%s: a block for each card" % question)
    for name, key in PORTIONS.items():
        c.equal([b for n, b, _ in groups if n == name], [d[key] for d in devices if d[key]], "%s: %s" % (question, name))
    if devices:
        scale = max(max(d["total_bytes"], sum(d[k] for k in PORTIONS.values()) + d["other_bytes"]) for d in devices)
        for name, size, rect in groups:
            c.that(abs(float(rect.get("width")) - 752 * size / scale) <= 0.11, "%s: %s is %s wide" % (question, name, rect.get("width")))
        for d, card in zip(devices, cards):
            c.that(abs(float(card.get("width")) - 752 * d["total_bytes"] / scale) <= 0.11, "%s: the card's own width" % question)


def written(c, question):
    r = c.run(*question, "-f", "html")
    page = Page(r.out)
    c.that(not page.open and not page.wrong, "%s: every tag is closed: %s %s" % (question, page.open, page.wrong))
    c.equal(page.outside, [], "%s: html refers to nothing outside" % question)
    devices = [d for x in answers(c, question) for d in x["devices"]]
    for key in PORTIONS.values():
        for d in devices:
            c.that(not d[key] or d[key] in page.bytes, "%s: %s %d" % (question, key, d[key]))


def curve(c):
    """The chart's points are answers at those contexts."""
    r = c.run("8B", "-q", "q4", "-g", "24GB", "-f", "svg")
    texts = [t.text for t in ET.fromstring(r.out).iter(SVG + "text")]
    best, _ = c.ask("8B", "-q", "q4", "-g", "24GB", "-c", "max")
    c.that(best and any(str(best["context"]) in (t or "") or "all" in (t or "") for t in texts if t and "tokens fit" in t), "the largest context: %s" % texts[-2:])


def hostile(c, folder):
    name = 'a<b>&"\'\u202e]]>--><script>x</script>'
    entry = {"schema": 1, "family": "t", "models": [{"id": "t/" + name, "arch": "llama", "confidence": "read", "source": "test",
             "hparams": {"block_count": 2, "embedding_length": 256, "feed_forward_length": 512, "attention.head_count": 4,
                         "vocab_size": 1000, "context_length": 2048}}]}
    path = folder / "hostile.json"
    path.write_text(json.dumps(entry))
    r = c.run("--catalog", path, "-m", "t/" + name, "-q", "f16", "-g", "8GB", "-f", "svg")
    if r.exit == 2:  # the catalog does not take such names; a file's name it must
        config = folder / name.replace("/", "_")
        config.mkdir()
        (config / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 256,
            "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 512, "vocab_size": 1000, "max_position_embeddings": 2048}))
        question = [str(config), "-q", "f16", "-g", "8GB"]
    else:
        question = ["--catalog", path, "-m", "t/" + name, "-q", "f16", "-g", "8GB"]
    r = c.run(*question, "-f", "svg")
    c.that(r.exit in (0, 1, 3), "a name with markup: %s" % r.err)
    root = ET.fromstring(r.out)
    c.that(not [e for e in root.iter() if e.tag.endswith("script")], "stays text in svg")
    page = Page(c.run(*question, "-f", "html").out)
    c.that(not page.outside and not page.open and not page.wrong, "and in html: %s" % page.outside)


def refused(c, folder):
    r = c.run("list", "gpus", "-f", "svg")
    c.that(r.exit == 2 and not r.out and "svg" in r.err, "not of list: %s" % r.err)
    many = folder / "many.txt"
    many.write_text("8B q4\n" * 1025)
    r = c.run("--models-from", many, "-g", "24GB", "-f", "html")
    c.that(r.exit == 2 and not r.out and "1024" in r.err, "a picture has its limit: %s" % r.err)
    many.write_text("8B q4\n70B q4\nnone-such\n")
    r = c.run("--models-from", many, "-g", "24GB", "-f", "svg")
    c.equal(r.exit, 2, "a list with a bad line")
    c.equal(len([e for e in ET.fromstring(r.out).iter(SVG + "rect") if e.get("class") == "card"]), 2, "draws its good ones")


def main():
    c = Checks(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="vramfit-pictures.") as tmp:
        for question in QUESTIONS:
            drawn(c, question)
            written(c, question)
        curve(c)
        hostile(c, Path(tmp))
        refused(c, Path(tmp))
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
