#!/usr/bin/env python3
"""--format svg and html: well-formed, complete, to scale, alone, and with colours that can be told apart.

usage: pictures.py PROGRAM
"""
import html.parser
import itertools
import json
import re
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from program import Checks

QUESTIONS = [["13B", "-q", "q8", "-g", "24GB"], ["13B", "-q", "f16,q8,q4", "-g", "24GB"], ["70B", "-q", "q4", "-g", "2x24GB"],
             ["70B", "-q", "q4", "-g", "24GB"], ["8B", "-q", "q4", "-g", "none"], ["8B", "-q", "awq", "-g", "24GB"],
             ["8B", "-q", "awq", "-g", "24GB", "-c", "128k"], ["8B", "-q", "q4", "-g", "8GB", "-c", "16k"],
             ["13B", "-q", "fp16,int8,q4", "-g", "24GB", "--reserve", "1GB"], ["8B", "-q", "q8,q4", "-g", "none"],
             ["-m", "8B", "-m", "70B", "-q", "q4", "-g", "8GB,24GB,80GB"], ["30B-A3B", "-q", "q4", "-g", "12GB", "--cpu-moe", "all"],
             ["8B", "-q", "q4", "-g", "2x24GB", "--also", "qwen2.5-7b@q8"], ["70B", "-q", "q4,q3", "-g", "3090+4090", "--draft", "1B@q4"]]
SVG = "{http://www.w3.org/2000/svg}"
PORTIONS = {"weights": "weights_bytes", "KV cache": "kv_cache_bytes", "compute": "compute_bytes", "runtime": "runtime_bytes",
            "desktop": "desktop_bytes", "reserved": "reserved_bytes", "held back": "other_bytes"}


class Page(html.parser.HTMLParser):
    """Tags that are open, in order; what refers to elsewhere; portions of bars; words."""
    VOID = {"meta", "br", "link", "img"}

    def __init__(self, text):
        super().__init__()
        self.open, self.wrong, self.outside, self.pieces, self.words, self.tags = [], [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        self.outside += [(tag, k, v) for k, v in attrs.items() if k in ("src", "href", "srcset", "action") or k.startswith("on")]
        if tag == "div" and attrs.get("class") == "bar":
            self.pieces.append({})
        if tag == "span" and "data-portion" in attrs:
            name, width = attrs["data-portion"], float(re.search(r"width:([0-9.]+)%", attrs["style"]).group(1))
            before = self.pieces[-1].get(name, (0, 0))
            self.pieces[-1][name] = (before[0] + int(attrs["data-bytes"]), before[1] + width)
        if tag in ("script", "link", "iframe", "object"):
            self.outside.append((tag, "", ""))

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "title"):
            self.words.append(data)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def answers(c, question):
    return c.run(*question, "-f", "json").json()["results"]


def extent(d):
    """What a bar stands for: the card, or what is held and needed and kept as a margin."""
    return d["total_bytes"] + max(0, -d["headroom_bytes"] if d["headroom_bytes"] < 0 else d["margin_bytes"] - d["headroom_bytes"])


def drawn(c, question):
    """Every portion as wide as its bytes say, to the rounding of a tenth of a pixel."""
    text, again = c.run(*question, "-f", "svg"), c.run(*question, "-f", "svg")
    c.equal(text.out, again.out, "%s: the same question, the same bytes" % question)
    root = ET.fromstring(text.out)
    c.that(not re.search(r"<script|href|@import|url\((?!#vf-)|<image|<foreignObject", text.out), "%s: svg refers to nothing outside" % question)
    c.equal(root.get("role"), "img", "%s: a picture with a name" % question)
    results = answers(c, question)
    description = root.find(SVG + "desc").text
    for r in results:
        c.that("%s, %s on %s: %s" % (r["model"], r["quant"], r["gpu"], r["verdict"]) in description, "%s: described" % question)
    c.that("prefers-color-scheme:dark" in text.out, "%s: light and dark" % question)
    devices = [d for r in results for d in r["devices"]]
    groups = [g for g in root.iter(SVG + "g") if g.get("data-portion")]
    cards = [e for e in root.iter(SVG + "rect") if e.get("class") == "card"]
    over = [e for e in root.iter(SVG + "rect") if e.get("class", "").startswith("over") and float(e.get("height")) > 20]
    c.equal(len(cards), len(devices), "%s: a block for each card" % question)
    c.equal(len(over), len([d for d in devices if extent(d) > d["total_bytes"]]), "%s: what lies beyond a card is marked" % question)
    for name, key in PORTIONS.items():
        found = [int(g.get("data-bytes")) for g in groups if g.get("data-portion") == name]
        c.equal(found, [d[key] for d in devices if d[key]], "%s: %s" % (question, name))
    if not devices:
        return
    scale = max(map(extent, devices))
    full = 752 if len(results) == 1 else 584
    for g in groups:
        width = float(g.find(SVG + "rect").get("width"))
        c.that(abs(width - full * int(g.get("data-bytes")) / scale) <= 0.11, "%s: %s is %s wide" % (question, g.get("data-portion"), width))
    at = 0
    for d, card in zip(devices, cards):
        c.that(abs(float(card.get("width")) - full * d["total_bytes"] / scale) <= 0.11, "%s: the card's own width" % question)
        sum_bytes, first = 0, at
        while at < len(groups) and sum_bytes < extent(d):
            sum_bytes += int(groups[at].get("data-bytes"))
            at += 1
        c.equal(sum_bytes, extent(d), "%s: the portions are the card" % question)
        x = float(card.get("x"))
        for g in groups[first:at]:
            rect = g.find(SVG + "rect")
            c.that(abs(float(rect.get("x")) - x) < 0.01, "%s: %s begins where the one before ends" % (question, g.get("data-portion")))
            x += float(rect.get("width"))
    c.equal(at, len(groups), "%s: no portion is left over" % question)


def written(c, question):
    out = c.run(*question, "-f", "html").out
    page, results = Page(out), answers(c, question)
    c.that(not page.open and not page.wrong, "%s: every tag is closed: %s %s" % (question, page.open, page.wrong))
    c.equal(page.outside, [], "%s: html refers to nothing outside" % question)
    c.that(not re.search(r"@import|url\((?!#vf-)", out), "%s: nor does its style" % question)
    c.equal(c.run(*question, "-f", "html").out, out, "%s: the same question, the same bytes" % question)
    devices = [d for x in results for d in x["devices"]]
    c.equal(len(page.pieces), len(devices), "%s: a bar for each card" % question)
    for bar, d in zip(page.pieces, devices):
        for name, key in PORTIONS.items():
            c.equal(bar.get(name, (0, 0))[0], d[key], "%s: %s" % (question, name))
        c.equal(sum(b for b, _ in bar.values()), extent(d), "%s: the portions are the card" % question)
        for name, (size, width) in bar.items():
            c.that(abs(width - 100 * size / max(map(extent, devices))) < 0.01, "%s: %s is %s %% wide" % (question, name, width))
    words = " ".join(page.words)
    for r in results:
        c.that(all(s["change"] in words for s in r["suggestions"]), "%s: suggestions" % question)
        c.that(all(n in words for n in r["notes"]), "%s: notes" % question)
        c.that(all(m["model"] in words for m in r["members"]) or len(results) > 1, "%s: what is beside it" % question)
        if len(results) == 1:
            sizes = [d[k] for d in devices for k in (*PORTIONS.values(), "need_bytes", "total_bytes", "headroom_bytes")]
            c.that(all(str(n) in words for n in sizes if n), "%s: numbers to the byte" % question)
    for tag, attrs in page.tags:
        c.that(tag != "svg" or attrs.get("aria-label"), "%s: a chart has a name" % question)
        c.that(tag != "th" or attrs.get("scope"), "%s: a heading has a scope" % question)


def curve(c):
    """The chart's points are answers at those contexts; its mark is --context max."""
    for question in (["8B", "-q", "q4", "-g", "24GB"], ["8B", "-q", "awq", "-g", "24GB"], ["8B", "-q", "q4", "-g", "8GB"],
                     ["8B", "-q", "q4", "-g", "24GB", "--parallel", "4"]):
        page = c.run(*question, "-f", "html").out
        rows = re.findall(r'<tr><th class="n" scope="row">(\d+)</th>(.*?)</tr>', page)
        c.that(len(rows) >= 10, "%s: %d points" % (question, len(rows)))
        for context, cells in (rows[0], rows[3], rows[len(rows) // 2], rows[-1]):
            want, _ = c.ask(*question, "-c", context)
            got = re.findall(r"<td[^>]*>(.*?)</td>", cells)
            c.equal(got[-1].split(" ", 1)[1].replace(" ", "-"), want["verdict"], "%s: verdict at %s" % (question, context))
            need = want["need_bytes"]
            for unit, factor in (("GiB", 2 ** 30), ("MiB", 2 ** 20)):
                if got[2].endswith(unit):
                    c.that(abs(float(got[2].split()[0]) - need / factor) < 0.006, "%s: need at %s: %s" % (question, context, got[2]))
        best, _ = c.ask(*question, "-c", "max")
        picture = c.run(*question, "-f", "svg").out
        c.that("%d tokens" % best["context"] in picture, "%s: the largest context, %d" % (question, best["context"]))
    c.that("no context fits" in c.run("70B", "-q", "q4", "-g", "24GB", "-f", "svg").out, "none fits, and it says so")
    c.that("Memory over context" not in c.run("8B", "-q", "q4", "-g", "none", "-f", "svg").out, "no card, no limit, no chart")


def hostile(c, folder):
    """Names stay text: markup, quotes, control and non-characters, long ones of many bytes."""
    name = 'a<b>&"\'\u202e\uffff]]>--><script>x</script>' + "\u6a21\u578b" * 20
    config = folder / name.replace("/", "_")
    config.mkdir()
    (config / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 256,
        "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 512, "vocab_size": 1000, "max_position_embeddings": 2048}))
    card = {"name": "<script>\u30ab" + "\u30fc\u30c9" * 9, "vendor": "nvidia", "class": "consumer", "memory_mib": 8192,
            "memory_type": "GDDR6", "compute_capability": "8.6", "unified_memory": False, "desktop": "typical", "source": "test"}
    (folder / "gpus.json").write_text(json.dumps({"schema": 1, "gpus": [card]}))
    one = [str(config), "-q", "f16", "-g", card["name"], "--catalog", str(folder / "gpus.json")]
    for question in (one, one + ["-q", "q8", "-g", "24GB"], one[:1] + ["-q", "f16,q4", *one[3:]]):
        r = c.run(*question, "-f", "svg")
        c.that(r.exit in (0, 1, 3), "a name with markup: %s" % r.err)
        root = ET.fromstring(r.out)
        c.that(not [e for e in root.iter() if e.tag.endswith("script")], "stays text in svg")
        c.that("\ufffd" not in r.out, "no character is cut in two")
        page = Page(c.run(*question, "-f", "html").out)
        c.that(not page.outside and not page.open and not page.wrong, "and in html: %s" % page.outside)
        c.that(any("<b>&\"'" in w for w in page.words), "the name is there as it is")


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


# ---- colours -------------------------------------------------------------------------------------

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
SIGHT = {"common": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
         "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
         "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
         "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900))}


def linear(color):
    values = [int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    return [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]


def contrast(a, b):
    """WCAG 2's contrast ratio."""
    light = sorted(sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear(x))) + 0.05 for x in (a, b))
    return light[1] / light[0]


def lab(rgb):
    x, y, z = (sum(m * min(max(v, 0), 1) for m, v in zip(row, rgb)) for row in
               ((0.4124 / 0.9505, 0.3576 / 0.9505, 0.1805 / 0.9505), (0.2126, 0.7152, 0.0722), (0.0193 / 1.089, 0.1192 / 1.089, 0.9505 / 1.089)))
    fx, fy, fz = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def colours(c):
    """Text is readable on what is behind it; portions differ for every kind of colour vision, and by pattern besides."""
    style = c.run("13B", "-q", "q8", "-g", "24GB", "-f", "svg").out
    schemes = [dict(re.findall(r"--([a-z0-9]+):(#[0-9a-f]{6})", block)) for block in re.findall(r"\.vf\{(--bg.*?)\}", style, re.S)]
    c.equal(len(schemes), 2, "a light and a dark scheme")
    fill = dict(re.findall(r"\.vf \.(p[wkcr])\{fill:(#[0-9a-f]{6})\}", style))
    c.equal(sorted(fill), ["pc", "pk", "pr", "pw"], "four colours of portions")
    for s in schemes:
        for text, behind in itertools.product(("ink", "soft", "good", "warn", "bad"), ("bg", "free")):
            c.that(contrast(s[text], s[behind]) >= 4.5, "%s on %s: %.1f" % (text, behind, contrast(s[text], s[behind])))
        c.that(contrast(s["ink"], s["held"]) >= 4.5, "text on what is held")
        for name, color in s.items():
            if re.fullmatch(r"c\d", name):
                c.that(contrast(color, s["bg"]) >= 3, "curve %s: %.1f" % (name, contrast(color, s["bg"])))
    for name, color in fill.items():
        c.that(contrast("#ffffff" if name == "pw" else "#111111", color) >= 4.5, "text on %s" % name)
    for kind, matrix in SIGHT.items():
        seen = {n: lab([sum(m * v for m, v in zip(row, linear(color))) for row in matrix]) for n, color in fill.items()}
        for a, b in itertools.combinations(sorted(seen), 2):
            apart = sum((x - y) ** 2 for x, y in zip(seen[a], seen[b])) ** 0.5
            c.that(apart >= 15, "%s and %s with %s: %.0f apart" % (a, b, kind, apart))


def main():
    c = Checks(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="vramfit-pictures.") as tmp:
        for question in QUESTIONS:
            drawn(c, question)
            written(c, question)
        curve(c)
        hostile(c, Path(tmp))
        refused(c, Path(tmp))
        colours(c)
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
