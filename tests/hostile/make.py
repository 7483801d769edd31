#!/usr/bin/env python3
"""Builds a deterministic corpus of hostile and sloppy inputs.

usage: make.py OUTDIR

OUTDIR gets one folder per kind and manifest.jsonl, one JSON object a line:

  name      unique id, "kind/slug"
  kind      argv catalog gguf safetensors config ollama index list log output env oom
  file      path under OUTDIR ("" where the case needs no file)
  args      argument template; "{file}" and "{dir}" stand for absolute paths,
            {"rep": TEXT, "n": N} for TEXT repeated N times,
            {"hex": H} for raw bytes that are not valid UTF-8
  stdin     null, {"file": PATH} or {"rep": TEXT, "n": N, "head": TEXT, "tail": TEXT}
  setup     null or one named set-up that the runner performs (SETUPS in corpus/base.py)
  sweep     null or {"op": "truncate"|"setbyte", "from": A, "to": B, "values": [...]};
            the runner makes one copy of the file per step and runs each
  env       extra environment (a null value unsets)
  cwd       folder under OUTDIR to run in ("" = OUTDIR)
  expect    verdict  accept | reject | either | stream
            exit     ok usage data io oom any   (a class, EXITS in run.py)
            says     words of which the one stderr line must hold at least one
            max_s    seconds of wall time, max_mib  resident memory
  why       the mistake or the attack
  prior     the public bug that the case comes from, if any

Standard library only. No randomness, no clock, no network: two runs give the same bytes. Huge
files are sparse; a run uses less than 20 MB of disk.
"""

import collections
import json
import os
import sys

from corpus import argv, base, catalog, config, gguf, gguf_shapes, lists, logs, ollama, output, safetensors

MAKERS = (
    gguf.make_gguf,
    gguf_shapes.make_gguf_shapes,
    safetensors.make_safetensors,
    config.make_config,
    catalog.make_catalog,
    ollama.make_ollama,
    lists.make_list,
    logs.make_log,
    argv.make_argv,
    output.make_output,
)


def main(args):
    if len(args) != 2 or args[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if len(args) == 2 else 2
    base.FOLDER = os.path.abspath(args[1])
    os.makedirs(base.FOLDER, exist_ok=True)
    for make in MAKERS:
        make()
    with open(base.out("manifest.jsonl"), "w", encoding="utf-8") as f:
        for row in base.ROWS:
            f.write(json.dumps(row, sort_keys=True) + "\n")
    kinds = collections.Counter(row["kind"] for row in base.ROWS)
    print("cases %d  %s" % (len(base.ROWS), " ".join("%s=%d" % k for k in sorted(kinds.items()))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
