#!/usr/bin/env python3
"""config.json of every kind against the parameters that Transformers' own model class makes of it.

usage: configs.py PROGRAM

configs.jsonl.gz: one configuration a line, of Transformers 5.23.0, with the class that was built of it without memory
(torch's meta device) and its parameters: each class's defaults, and the same with other layers, vocabulary and widths
where the class takes them. Left out of the count: towers for images and sound, poolers, and the learnt numbers of
Apertus' activation, which GGUF keeps as metadata; put in: the routers' biases, which some classes keep as buffers.
Multi-token prediction, which the classes do not build, is set to none.
"""
import gzip
import json
import pathlib
import sys
import tempfile

from program import Checks


def main():
    c = Checks(sys.argv[1])
    packed = pathlib.Path(__file__).with_name("configs.jsonl.gz")
    rows = [json.loads(line) for line in gzip.open(packed, "rt", encoding="utf-8")]
    with tempfile.TemporaryDirectory() as tmp:
        for i, row in enumerate(rows):
            path = pathlib.Path(tmp) / ("%d" % i)
            path.mkdir()
            (path / "config.json").write_text(json.dumps(row["config"]))
            result, _ = c.ask(str(path), "-r", "transformers", "-q", "bf16", "-g", "16384GiB")
            c.equal(result and result["parameters"], row["parameters"], "%s, line %d" % (row["class"], i + 1))
    c.that(len({row["config"]["model_type"] for row in rows}) >= 80, "80 kinds of models")
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
