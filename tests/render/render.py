#!/usr/bin/env python3
"""Draws svg and html in a browser: no text over another or out of its place, light and dark, wide and narrow.

usage: render.py PROGRAM [FOLDER]

FOLDER keeps the pages and a screenshot of each. Exit status 77 without Chromium. Standard library only.
"""
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

QUESTIONS = {
    "one": ["13B", "-q", "q8", "-g", "24GB"],
    "quantizations": ["13B", "-q", "f16,q8,q4", "-g", "24GB"],
    "no-fit": ["70B", "-q", "q4", "-g", "24GB"],
    "two-cards": ["70B", "-q", "q4", "-g", "2x24GB"],
    "long": ["llama3.1:8b", "-q", "q4", "-g", "24GB", "-c", "max"],
    "server": ["8B", "-q", "awq", "-g", "24GB", "-c", "8k"],
    "matrix": ["-m", "8B", "-m", "14B", "-m", "70B", "-m", "30B-A3B", "-q", "q4", "-g", "3090,4090,h100-80gb,8GB,RTX 2070 SUPER"],
}
WIDTHS = {"wide": 1000, "narrow": 400}
# Boxes of all texts that are to be seen. Two that overlap by more than a pixel both ways, or one beyond the page, is wrong.
SCRIPT = r"""
<script>
addEventListener('load', () => {
  const wrong = [], seen = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n; (n = walker.nextNode());) {
    if (!n.data.trim() || ['TITLE', 'DESC', 'STYLE', 'SCRIPT'].includes(n.parentNode.nodeName.toUpperCase())) continue;
    if (n.parentNode.closest('defs,title,desc')) continue;
    const range = document.createRange();
    range.selectNodeContents(n);
    for (const r of range.getClientRects()) {
      if (!r.width || !r.height) continue;
      const clip = n.parentNode.closest('.bar > span');
      if (clip) {
        const c = clip.getBoundingClientRect();
        if (r.right > c.right + 1 || r.left < c.left - 1) wrong.push('cut: ' + n.data.trim());
      }
      const scrolls = n.parentNode.closest('.wide,.chart');
      if (!scrolls && (r.left < -1 || r.right > document.documentElement.clientWidth + 1)) wrong.push('beyond the page: ' + n.data.trim());
      for (const s of seen)
        if (Math.min(r.right, s.r.right) - Math.max(r.left, s.r.left) > 1 && Math.min(r.bottom, s.r.bottom) - Math.max(r.top, s.r.top) > 3)
          wrong.push(s.t + ' | ' + n.data.trim());
      seen.push({r, t: n.data.trim()});
    }
  }
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth + 1) wrong.push('the page is wider than its window');
  const ink = getComputedStyle(document.querySelector('.vf')).getPropertyValue('--ink').trim();
  document.body.innerHTML = '<pre id="found">' + JSON.stringify({texts: seen.length, ink, wrong}).replace(/[<&]/g, '?') + '</pre>';
});
</script>
"""


def browser():
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if shutil.which(name):
            return shutil.which(name)
    return None


def draw(program, page, width, dark, *more):
    scheme = ["--blink-settings=preferredColorScheme=%d" % (0 if dark else 1)]
    command = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=%d,1400" % width,
               *scheme, *more, page.as_uri()]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=120).stdout


def look(program, page, width, dark):
    """-> what the script in the page found"""
    found = re.search(r'<pre id="found">(.*?)</pre>', draw(program, page, width, dark, "--dump-dom"), re.S)
    if not found:
        return {"texts": 0, "ink": "", "wrong": ["the page was not drawn"]}
    return json.loads(found.group(1).replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))


def main():
    vramfit, program, failed, passed = sys.argv[1], browser(), 0, 0
    if not program:
        print("skipped: no Chromium on this machine")
        return 77
    with tempfile.TemporaryDirectory(prefix="vramfit-render.") as tmp:
        keep = Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
        folder = keep or Path(tmp)
        folder.mkdir(parents=True, exist_ok=True)
        for name, question in QUESTIONS.items():
            for kind in ("html", "svg"):
                text = subprocess.run([vramfit, *question, "-f", kind], stdout=subprocess.PIPE, text=True).stdout
                if kind == "svg":
                    text = "<!doctype html><body style='margin:0'>%s</body>" % text
                page = folder / ("%s-%s.html" % (name, kind))
                page.write_text(text.replace("</body>", SCRIPT + "</body>"))
                inks = set()
                for size, width in WIDTHS.items():
                    if kind == "svg" and size == "narrow":
                        continue  # a picture has its own width
                    for dark in (False, True):
                        found = look(program, page, width, dark)
                        inks.add(found["ink"])
                        passed += 1
                        if found["wrong"] or found["texts"] < 8:
                            failed += 1
                            print("FAILED %s %s %s %s: %d texts; %s" % (name, kind, size, "dark" if dark else "light", found["texts"],
                                                                      "; ".join(found["wrong"][:6])))
                if len(inks) != 2:
                    failed += 1
                    print("FAILED %s %s: light and dark look alike: %s" % (name, kind, inks))
                page.write_text(text)
                if keep:
                    draw(program, page, 1000, False, "--screenshot=%s" % page.with_suffix(".png"))
    print("%d pages drawn, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
