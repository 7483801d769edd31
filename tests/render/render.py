#!/usr/bin/env python3
"""Draws svg and html in a browser: no text over another or out of its place, light and dark, wide and narrow.

usage: render.py PROGRAM [FOLDER]

FOLDER keeps the pages and a screenshot of each. Exit status 77 without Chromium. Standard library only.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import browser

QUESTIONS = {
    "one": ["13B", "-q", "q8", "-g", "24GB"],
    "quantizations": ["13B", "-q", "fp16,int8,q4", "-g", "24GB"],
    "no-fit": ["70B", "-q", "q4", "-g", "24GB"],
    "fragile": ["8B", "-q", "q4", "-g", "8GB", "-c", "16k"],
    "two-cards": ["70B", "-q", "q4,q3", "-g", "3090+4090"],
    "beside": ["8B", "-q", "q4", "-g", "2x24GB", "--also", "qwen2.5-7b@q8"],
    "long": ["llama3.1:8b", "-q", "q4", "-g", "24GB", "-c", "max"],
    "server": ["8B", "-q", "awq", "-g", "24GB", "-c", "8k", "--reserve", "1GB"],
    "cpu": ["8B", "-q", "q4", "-g", "none"],
    "tiny": ["gemma-3-270m-it", "-q", "q4", "-g", "16x80GB"],
    "matrix": ["-m", "8B", "-m", "14B", "-m", "70B", "-m", "30B-A3B", "-q", "q4", "-g", "3090,4090,h100-80gb,8GB,RTX 2070 SUPER"],
    "matrix-wide": ["-m", "qwen3-235b-a22b", "-m", "0.5B", "-q", "q4,iq4_xs", "-g", "8GB,16GB,24GB,2x24GB,4x80GB,rtx pro 6000,2070 super"],
}
HOSTILE = 'name with <b>&"\'<i>, ' + "\u6a21\u578b" * 24  # wider characters than the Latin ones, and many
CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 256, "num_hidden_layers": 2,
          "num_attention_heads": 4, "intermediate_size": 512, "vocab_size": 1000, "max_position_embeddings": 2048}
WIDTHS = {"wide": 1000, "narrow": 400}
# Boxes of all texts that are to be seen. Two that overlap by more than a pixel both ways, one beyond its picture, its portion or
# the page, and one that the end of a card runs through, is wrong.
SCRIPT = r"""
(() => {
  const wrong = [], seen = [];
  document.querySelectorAll('details').forEach(d => d.open = true);
  const bounds = e => e && e.getBoundingClientRect();
  const ends = [...document.querySelectorAll('rect.over, .bar u')].map(bounds);
  const walker = document.createTreeWalker(document.body || document.documentElement, NodeFilter.SHOW_TEXT);
  for (let n; (n = walker.nextNode());) {
    const parent = n.parentNode, text = n.data.trim();
    if (!text || parent.closest('defs,title,desc,style,script')) continue;
    const range = document.createRange();
    range.selectNodeContents(n);
    for (const r of range.getClientRects()) {
      if (!r.width || !r.height) continue;
      const portion = parent.closest('[data-portion]'); // in svg a group, whose own box would grow with its text
      for (const c of [bounds(portion && (portion.querySelector('rect') || portion)), bounds(parent.closest('svg'))])
        if (c && (r.right > c.right + 1 || r.left < c.left - 1 || r.bottom > c.bottom + 2 || r.top < c.top - 2)) wrong.push('out of its place: ' + text);
      for (const e of ends)
        if (r.left < e.left - 1 && r.right > e.left + 1 && r.top < e.bottom && r.bottom > e.top) wrong.push('cut by the end of a card: ' + text);
      const scrolls = parent.closest('.wide,pre');
      if (document.body && !scrolls && (r.left < -1 || r.right > document.documentElement.clientWidth + 1)) wrong.push('beyond the page: ' + text);
      for (const s of seen)
        if (Math.min(r.right, s.r.right) - Math.max(r.left, s.r.left) > 1 && Math.min(r.bottom, s.r.bottom) - Math.max(r.top, s.r.top) > 3)
          wrong.push(s.t + ' | ' + text);
      seen.push({r, t: text});
    }
  }
  if (document.body && document.documentElement.scrollWidth > document.documentElement.clientWidth + 1) wrong.push('the page is wider than its window');
  const ink = getComputedStyle(document.querySelector('.vf') || document.documentElement).getPropertyValue('--ink').trim();
  return {texts: seen.length, ink, wrong};
})()
"""


BROKEN = """<!doctype html><body class="vf" style="--ink:#000;margin:0">
<p style="position:absolute;top:100px;left:10px">one text</p><p style="position:absolute;top:104px;left:20px">over another</p>
<p style="position:absolute;top:200px;left:960px;white-space:nowrap">off the right edge of the page</p>
<svg width="300" height="80" style="position:absolute;top:300px;left:0"><g data-portion="x"><rect width="20" height="30"/>
<text x="5" y="20">longer than its box</text></g><rect class="over" x="40" y="40" width="50" height="30"/><text x="20" y="60">cut by it</text></svg>"""


def sees(chromium, folder):
    """-> what of a page with every mistake was not seen"""
    page = folder / "broken.html"
    page.write_text(BROKEN)
    chromium.open(page, 1000, False)
    found = "; ".join(chromium.run(SCRIPT)["wrong"])
    return [x for x in ("one text | over another", "beyond the page: off the right", "wider than its window", "out of its place: longer",
                        "cut by the end of a card: cut by it") if x not in found]


def look(page, name, kind, chromium, keep):
    """-> how many views of a page were drawn, and what is wrong with them"""
    wrong, inks, n = [], set(), 0
    for size, width in WIDTHS.items():
        if kind == "svg" and size == "narrow":
            continue  # a picture has its own width
        for dark in (False, True):
            view = "%s %s %s %s" % (name, kind, size, "dark" if dark else "light")
            chromium.open(page, width, dark)
            if keep:
                chromium.shot(keep / (view.replace(" ", "-") + ".png"))
            found = chromium.run(SCRIPT)
            inks.add(found["ink"])
            n += 1
            if found["wrong"] or found["texts"] < 6:
                wrong.append("%s: %d texts; %s" % (view, found["texts"], "; ".join(found["wrong"][:6])))
    if len(inks) != 2:
        wrong.append("%s %s: light and dark look alike: %s" % (name, kind, inks))
    return n, wrong


def main():
    vramfit, program, drawn, failed = sys.argv[1], browser.find(), 0, 0
    keep = Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
    if not program:
        print("skipped: no Chromium on this machine")
        return 77
    with tempfile.TemporaryDirectory(prefix="vramfit-render.") as tmp:
        config = Path(tmp) / HOSTILE
        config.mkdir()
        (config / "config.json").write_text(json.dumps(CONFIG))
        questions = {**QUESTIONS, "hostile": [str(config), "-q", "f16,q4", "-g", "8GB"], "hostile-one": [str(config), "-q", "q4", "-g", "8GB"]}
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
        try:
            chromium = browser.Browser(program)
        except OSError as problem:  # a stand-in that would install it first
            print("skipped: %s does not start: %s" % (program, problem))
            return 77
        for mistake in sees(chromium, Path(tmp)):
            failed += 1
            print("FAILED not seen: " + mistake)
        for name, question in questions.items():
            for kind in ("html", "svg"):
                page = (keep or Path(tmp)) / ("%s.%s" % (name, kind))
                page.write_bytes(subprocess.run([vramfit, *question, "-f", kind], stdout=subprocess.PIPE).stdout)
                n, wrong = look(page, name, kind, chromium, keep)
                drawn += n
                failed += len(wrong)
                for w in wrong:
                    print("FAILED " + w)
        chromium.close()
    print("%d pages drawn, %d failed" % (drawn, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
