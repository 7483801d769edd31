"""Asks hf-mem's own functions one file: the program itself reads repositories over the network only.

usage: hf_mem_local.py FILE CONTEXT    prints weights and KV cache in bytes
"""
import sys

from hf_mem.gguf.metadata import gguf_metadata_to_json, parse_gguf_metadata

with open(sys.argv[1], "rb") as f:
    head = f.read(64 << 20)
answer = gguf_metadata_to_json("local", "main", parse_gguf_metadata(head, experimental=True, max_model_len=int(sys.argv[2])))
print(answer["bytes_count"] + answer["cache_size"])
