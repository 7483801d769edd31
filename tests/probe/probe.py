#!/usr/bin/env python3
"""--gpu auto and list gpus auto, on machines made for it.

usage: probe.py PROGRAM NVML
"""
import json
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
from program import Checks  # noqa: E402

MIB, GIB = 1 << 20, 1 << 30
ASK = ["8B", "-q", "q4", "--gpu", "auto"]


def put(root, path, text):
    p = root / path
    p.parent.mkdir(parents=True, exist_ok=True)
    p.write_bytes(text if isinstance(text, bytes) else str(text).encode() + b"\n")


def amd(root, n, vram, used, gtt=8 * GIB, device="0x744c", revision="0xc8", gfx=110000, **more):
    at = "sys/class/drm/card%d/device/" % n
    for name, value in dict({"vendor": "0x1002", "device": device, "revision": revision, "mem_info_vram_total": vram, "mem_info_vram_used": used,
                             "mem_info_gtt_total": gtt, "mem_info_gtt_used": 0}, **more).items():
        put(root, at + name, value)
    put(root, "sys/class/drm/card%d-DP-1/status" % n, "connected")
    put(root, "sys/class/kfd/kfd/topology/nodes/%d/properties" % (n + 1),
        "cpu_cores_count 0\nsimd_count 192\nvendor_id 4098\ndevice_id %d\ngfx_target_version %d" % (int(device, 16), gfx))


class Machine:
    def __init__(self, c, library, folder):
        self.c, self.library, self.folder, self.n = c, library, folder, 0

    def root(self):
        self.n += 1
        root = self.folder / ("m%d" % self.n)
        root.mkdir()
        return root

    def ask(self, args=ASK, nvml=None, root=None, **env):
        env = dict({"VRAMFIT_PROBE_ROOT": str(root or self.root())}, **env)
        if nvml:
            env.update(VRAMFIT_NVML=self.library, NVML_MACHINE=nvml)
        return self.c.run(*args, "-f", "json", env=env)


def nvidia(c, m):
    root = m.root()
    put(root, "proc/100/comm", "python3")
    put(root, "proc/101/comm", "Xorg")
    r = m.ask(nvml="one", root=root).result()
    d = r["devices"][0]
    c.equal((r["gpu"], r["backend"], d["total_bytes"], d["reserved_bytes"], d["desktop_bytes"]),
            ("GeForce RTX 3090", "cuda", 24576 * MIB, 464 * MIB, 1500 * MIB), "one card, as its driver says")
    c.equal(d["available_bytes"], (24576 - 464 - 1500) * MIB, "what is free now is what there is")
    c.that(any("python3" in n and "Xorg" in n and "free" in n for n in r["notes"]), "and who holds the rest: %s" % r["notes"])
    named = c.run("8B", "-q", "q4", "--gpu", "3090", "--desktop", "none", "-f", "json").result()
    c.equal(d["runtime_bytes"], named["devices"][0]["runtime_bytes"], "the catalog's card for what the driver does not say")
    r = m.ask(nvml="two").result()
    c.equal((r["gpu"], [x["total_bytes"] for x in r["devices"]], [x["desktop_bytes"] for x in r["devices"]]),
            ("GeForce RTX 4090+GeForce RTX 3060 12GB", [24564 * MIB, 12288 * MIB], [2 * GIB, 0]), "two cards, uneven")
    r = m.ask(nvml="two", CUDA_VISIBLE_DEVICES="1").result()
    c.equal(r["gpu"], "GeForce RTX 3060 12GB", "CUDA_VISIBLE_DEVICES by number")
    r = m.ask(nvml="two", CUDA_VISIBLE_DEVICES="GPU-333,GPU-2222").result()
    c.equal(r["gpu"], "GeForce RTX 3060 12GB+GeForce RTX 4090", "by UUID, in its order")
    c.equal(m.ask(nvml="two", CUDA_VISIBLE_DEVICES="").exit, 2, "none visible")
    r = m.ask(nvml="old").result()
    c.equal((r["devices"][0]["reserved_bytes"], r["devices"][0]["desktop_bytes"]), (0, 1964 * MIB), "an older driver: its reserve is in use")
    r = m.ask(nvml="lost").result()
    c.equal(r["gpu"], "GeForce RTX 3060 12GB", "a lost card is left out")
    c.that(any("does not answer" in n for n in r["notes"]), "and said: %s" % r["notes"])
    c.that(any("MIG" in n for n in m.ask(nvml="mig").result()["notes"]), "MIG is said")
    for bad in ("dead", "none", "errors"):
        r = m.ask(nvml=bad)
        c.that(r.exit == 2 and not r.out and r.err.count("\n") == 1 and "auto" in r.err, "%s: %s" % (bad, r.err))
    r = m.ask(nvml="odd")
    c.that(r.exit in (0, 1, 3) and "H100" in r.result()["gpu"] and "\x1b" not in r.out, "garbage names and sizes: %s %s" % (r.out[:200], r.err))
    c.that(m.ask(nvml="long").exit in (0, 1, 3), "a name without an end")
    r = m.ask(["list", "gpus", "auto"], nvml="busy", root=root)
    held = json.loads(r.out)["gpus"][0]
    c.equal(len(held["held_by"].split(", ")), 8, "at most eight holders: %s" % held["held_by"])
    c.that(held["held_by"].startswith("a process 400.00 MiB"), "the largest first")
    c.equal((held["total_bytes"], held["free_bytes"]), (24576 * MIB, (24576 - 464 - 1500) * MIB), "list gpus auto")
    r = m.ask([*ASK, "--desktop", "1GiB"], nvml="two").result()
    c.equal([d["desktop_bytes"] for d in r["devices"]], [GIB, 0], "--desktop says better")
    r = m.ask(["8B", "-q", "q4", "--gpu", "auto,24GB"], nvml="one")
    c.equal([x["gpu"] for x in json.loads(r.out)["results"]], ["GeForce RTX 3090", "24GB"], "beside another")
    r = c.run("8B", "--gpu", "auto+3090")
    c.that(r.exit == 2 and "alone" in r.err, "not with others: %s" % r.err)


def kernel(c, m):
    root = m.root()
    amd(root, 0, 24 * GIB - 16 * MIB, GIB)
    put(root, "usr/share/libdrm/amdgpu.ids", b"# list\n1.0.0\n744C,\tC8,\tAMD Radeon RX 7900 XTX\n744C,\tCC,\tAMD Radeon RX 7900 XT\n")
    r = m.ask(root=root).result()
    c.equal((r["gpu"], r["backend"], r["devices"][0]["total_bytes"], r["devices"][0]["desktop_bytes"]),
            ("Radeon RX 7900 XTX", "rocm", 24 * GIB - 16 * MIB, GIB), "an AMD card with its name")
    root = m.root()
    amd(root, 0, 512 * MIB, 100 * MIB, gtt=110 * GIB, device="0x1586", revision="0xc1", gfx=110501, mem_info_gtt_used=2 * GIB)
    r = m.ask(root=root).result()
    c.equal((r["devices"][0]["total_bytes"], r["devices"][0]["desktop_bytes"]), (110 * GIB + 512 * MIB, 2 * GIB + 100 * MIB), "an APU: carve-out and GTT")
    root = m.root()
    amd(root, 1, 16 * GIB, 0)
    amd(root, 0, 512 * MIB, 0, gtt=30 * GIB, device="0x164e", gfx=100306)
    r = m.ask(root=root).result()
    c.equal([d["total_bytes"] for d in r["devices"]], [512 * MIB + 30 * GIB, 16 * GIB], "in the order of their numbers")
    r = m.ask(root=root, nvml="one").result()
    c.equal(r["gpu"], "GeForce RTX 3090", "cards of one maker work together")
    c.that(any("another maker" in n for n in r["notes"]), "the others are named: %s" % r["notes"])
    root = m.root()
    for name, value in {"device/vendor": "0x8086", "device/device": "0x56a0", "lmem_total_bytes": 16 * GIB, "lmem_avail_bytes": 15 * GIB}.items():
        put(root, "sys/class/drm/card0/" + name, value)
    r = m.ask(root=root).result()
    c.equal((r["backend"], r["devices"][0]["total_bytes"], r["devices"][0]["desktop_bytes"]), ("sycl", 16 * GIB, GIB), "Intel where i915 tells")
    root = m.root()
    for name, value in {"vendor": "0x8086", "device": "0xe20b", "tile0/physical_vram_size_bytes": hex(12 * GIB)}.items():
        put(root, "sys/class/drm/card0/device/" + name, value)
    c.equal(m.ask(root=root).result()["devices"][0]["total_bytes"], 12 * GIB, "and where xe does")
    root = m.root()
    put(root, "sys/class/drm/card0/device/vendor", "0x8086")
    r = m.ask(root=root)
    c.that(r.exit == 2 and "Intel" in r.err and r.err.count("\n") == 1, "an integrated one: %s" % r.err)


def broken(c, m):
    for value in ("", "-1", "99999999999999999999", "1e9", "0x", "12 34", b"\0\0", b"\xff" * 5000, "0"):
        root = m.root()
        amd(root, 0, 16 * GIB, 0)
        put(root, "sys/class/drm/card0/device/mem_info_vram_total", value)
        r = m.ask(root=root)
        c.that(r.exit == 2 and not r.out and r.err.count("\n") == 1, "a total of %r: %s" % (value[:20], r.err))
        root = m.root()
        amd(root, 0, 16 * GIB, 0)
        put(root, "sys/class/drm/card0/device/mem_info_vram_used", value)
        r = m.ask(root=root)
        c.that(r.exit in (0, 1, 3) and r.result()["devices"][0]["total_bytes"] == 16 * GIB, "a use of %r: %s" % (value[:20], r.err))
    root = m.root()
    amd(root, 0, 16 * GIB, 17 * GIB)
    d = m.ask(root=root).result()["devices"][0]
    c.equal((d["desktop_bytes"], d["available_bytes"]), (16 * GIB, 0), "more in use than there is")
    root = m.root()
    for n in range(40):
        amd(root, n, 16 * GIB, 0)
    c.equal(len(m.ask(root=root).result()["devices"]), 16, "more cards than are used together")
    r = c.run(*ASK, env={"VRAMFIT_NVML": "/nonexistent.so", "VRAMFIT_PROBE_ROOT": str(m.root())})
    c.that(r.exit == 2 and "libnvidia-ml" in r.err, "no card: what was looked for: %s" % r.err)
    r = c.run(*ASK, env={"VRAMFIT_PROBE_ROOT": "x" * 5000})
    c.equal(r.exit, 2, "a root without end")


def main():
    c = Checks(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="vramfit-probe.") as tmp:
        m = Machine(c, os.path.abspath(sys.argv[2]), Path(tmp))
        nvidia(c, m)
        kernel(c, m)
        broken(c, m)
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
