#!/usr/bin/env python3
"""The GPUs of this machine, played: NVML by a stand-in, the kernel's files by trees made here.

usage: probe.py PROGRAM (--nvml NEW OLD BROKEN | --sysfs | --without-nvml) [--update]

README.md says how. Everything that the program says here is also kept by its checksum, in said.tsv, so that nothing
moves unseen; --update writes it anew. Standard library only.
"""
import argparse
import json
import os
import sys
import tempfile
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
from program import Checks  # noqa: E402

MIB, GIB = 1 << 20, 1 << 30
KEPT, SAID = Path(__file__).resolve().parent / "said.tsv", []
QUESTION = ["8B", "-q", "q4", "-c", "4096"]


class Machine:
    """A tree in place of /, a library in place of NVML, and the program run there."""

    def __init__(self, checks, root, nvml="", scene=None, **env):
        self.c, self.root = checks, Path(root)
        self.env = dict(VRAMFIT_PROBE_ROOT=str(root), VRAMFIT_NVML=nvml, **env)
        if scene:
            self.env["VRAMFIT_STAND_IN"] = scene

    def file(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else str(text).encode())

    def run(self, *args, **env):
        r = self.c.run(*args, env=dict(self.env, **env))
        text = ("%d\n%s%s" % (r.exit, r.out, r.err)).replace(str(self.root), "ROOT").replace(self.env["VRAMFIT_NVML"] or "\0", "NVML")
        SAID.append("%s\t%s\t%08x" % (self.env.get("VRAMFIT_STAND_IN", "-"), " ".join(args).replace(str(self.root), "ROOT"), zlib.crc32(text.encode())))
        return r

    def ask(self, *args, **env):
        r = self.run(*QUESTION, "--gpu", "auto", "--format", "json", *args, **env)
        if not r.out:
            self.c.that(False, "no answer: " + r.err.strip())
            return {"devices": [{}] * 16, "notes": [], "gpu": ""}
        return r.result()

    def show(self, **env):
        r = self.run("show", "auto", "-f", "json", **env)
        found = r.json()["found"] if r.out else []
        return [x for x in found if x["kind"] == "GPU of this machine"]

    def fails(self, what, *words, args=(), **env):
        """One line on standard error with the words, nothing on standard output, status 2."""
        for command in ([*QUESTION, "--gpu", "auto", *args], *([["show", "auto"]] if not args and not env.pop("fit_only", 0) else [])):
            r = self.run(*command, **env)
            self.c.equal((r.exit, r.out, r.err.count("\n")), (2, "", 1), "%s: %s" % (what, command[0]))
            for w in words:
                self.c.that(w in r.err, "%s: %r not in %r" % (what, w, r.err))

    def note(self, result, *words, what=""):
        notes = [n for n in result["notes"] if n.startswith("this machine:")]
        self.c.that(any(all(w in n for w in words) for n in notes), "%s: no note with %s in %s" % (what, words, notes))


def sizes(device):
    return tuple(device.get(k) for k in ("total_bytes", "reserved_bytes", "desktop_bytes"))


# ---- NVML ----------------------------------------------------------------------------------------

def nvml_sizes(c, root, new, old):
    m = Machine(c, root, new, "one")
    for pid, name in ((101, "Xorg\n"), (102, "gnome-shell\n"), (103, "\x1b]0;evil\x07\n")):
        m.file("proc/%d/comm" % pid, name)
    r = m.ask()
    c.equal(r["gpu"], "GeForce RTX 3090", "the catalog's name")
    c.equal(r["backend"], "cuda", "backend by the maker")
    c.equal(sizes(r["devices"][0]), (24576 * MIB, 464 * MIB, 900 * MIB), "sizes of the driver")
    c.equal(r["devices"][0]["available_bytes"], (24576 - 464 - 900) * MIB, "available is what is free")
    m.note(r, "GeForce RTX 3090, 22.67 GiB of 24.00 GiB free now", "Xorg (500.00 MiB), gnome-shell (100.00 MiB), ?]0;evil? (30.00 MiB)")
    named = m.run(*QUESTION, "--gpu", "3090", "--desktop", "none", "-f", "json").result()
    c.equal(r["need_bytes"], named["need_bytes"], "what is needed is that of the card by name")
    c.equal(r["speed"], named["speed"], "bandwidth is the catalog's")
    c.equal(sizes(m.ask("--desktop", "2GB")["devices"][0])[2], 2 * 10**9, "--desktop overrides")
    c.equal(sizes(m.ask("--desktop", "none")["devices"][0])[2], 0, "--desktop none")
    c.that(m.ask("--desktop", "typical")["margin_bytes"] > r["margin_bytes"], "a profile has a spread, a measured use none")
    c.equal(m.ask("--reserve", "1GiB")["devices"][0]["other_bytes"], GIB, "--reserve")
    card = m.show()[0]
    c.equal([(h["pid"], h["name"], h["bytes"] // MIB) for h in card["in_use_by"]],
            [(101, "Xorg", 500), (102, "gnome-shell", 100), (103, "?]0;evil?", 30)], "holders, the largest first, each once")
    c.equal((card["free_bytes"], card["uuid"], card["pci_address"], card["compute_capability"], card["driver"]),
            ((24576 - 464 - 900) * MIB, "GPU-11111111-aaaa", "0000:01:00.0", "8.6", "nvidia 580.65.06"), "show auto")
    rows = m.run("list", "gpus", "auto", "-f", "json").json()["gpus"]
    c.equal(rows, [{"gpu": "GeForce RTX 3090", "total_bytes": 24576 * MIB, "reserved_bytes": 464 * MIB, "used_bytes": 900 * MIB,
                    "free_bytes": (24576 - 464 - 900) * MIB, "backend": "cuda",
                    "held_by": "Xorg (500.00 MiB), gnome-shell (100.00 MiB), ?]0;evil? (30.00 MiB)"}], "list gpus auto")
    c.equal(m.run("list", "gpus", "auto", "-f", "tsv").out.count("\n"), 2, "list gpus auto as tsv")
    text = m.run("show", "auto").out
    c.that("Xorg 101, 500.00 MiB" in text and "\x1b" not in text, "show auto as lines")

    was = Machine(c, root, old, "one")
    r = was.ask()
    c.equal(sizes(r["devices"][0]), (24576 * MIB, 0, 1364 * MIB), "an old driver: its reserve is in use")
    was.note(r, "an old driver")
    c.equal([h["pid"] for h in was.show()[0]["in_use_by"]], [101, 102, 103], "the first version's list of processes")


def nvml_sets(c, root, new):
    m = Machine(c, root, new, "two")
    r = m.ask()
    c.equal(r["gpu"], "GeForce RTX 3080 12GB+GeForce RTX 3090", "two cards, the one with 12 GB by its size")
    c.equal([sizes(d) for d in r["devices"]], [(12288 * MIB, 450 * MIB, 700 * MIB), (24576 * MIB, 464 * MIB, 8 * MIB)], "each its own sizes")
    head, row = (line.split(",") for line in m.run(*QUESTION, "--gpu", "auto", "-f", "csv").out.splitlines())
    c.equal(dict(zip(head, row))["desktop_bytes"], str(708 * MIB), "a row has what is held of both")
    c.equal([sizes(d)[2] for d in m.ask("--desktop", "1GiB")["devices"]], [GIB, 8 * MIB], "--desktop is for the first card")
    both = m.run(*QUESTION, "--gpu", "auto+24GB", "-f", "json").result()
    c.equal([d["name"] for d in both["devices"]], ["GeForce RTX 3080 12GB", "GeForce RTX 3090", "24GB"], "auto+24GB: one more card")
    c.equal(len(m.run(*QUESTION, "--gpu", "auto,24GB", "-f", "json").json()["results"]), 2, "auto among alternatives")
    c.equal(m.run(*QUESTION, "--gpu", "2xauto").exit, 2, "2xauto")
    c.equal(m.run(*QUESTION, "--gpu", "24GB", "-f", "json").result()["notes"],
            [n for n in both["notes"] if not n.startswith("this machine")], "no note without auto")

    def names(value, **env):
        r = m.run(*QUESTION, "--gpu", "auto", "-f", "json", CUDA_VISIBLE_DEVICES=value, **env)
        return [d["name"][-4:] for d in r.result()["devices"]] if r.out else r.err
    for value, want in (("1", ["3090"]), ("1,0", ["3090", "12GB"]), ("0,1", ["12GB", "3090"]), (" 1 , 0 ", ["3090", "12GB"]),
                        ("GPU-33333333-bbbb", ["3090"]), ("GPU-3,GPU-2", ["3090", "12GB"]), ("1,7,0", ["3090"]), ("1,-1,0", ["3090"]),
                        ("1,1", ["3090"]), ("1,GPU-zzz", ["3090"])):
        c.equal(names(value), want, "CUDA_VISIBLE_DEVICES=%r" % value)
    m.note(m.ask(CUDA_VISIBLE_DEVICES="1"), "left out: NVIDIA GeForce RTX 3080 (CUDA_VISIBLE_DEVICES)")
    for value in ("", "-1", "7", "NoDevFiles", "GPU-", "99999999999999999999"):
        m.fails("CUDA_VISIBLE_DEVICES=%r" % value, "CUDA_VISIBLE_DEVICES hides every card", CUDA_VISIBLE_DEVICES=value, fit_only=1)
    c.equal(sum(x["hidden"] == "yes" for x in m.show(CUDA_VISIBLE_DEVICES="")), 2, "show auto shows hidden cards")

    c.equal([x["with_gpu_auto"] for x in m.show()], ["yes", "yes"], "both are taken")
    c.equal(sorted(x["with_gpu_auto"] for x in m.show(CUDA_VISIBLE_DEVICES="1")), ["no", "yes"], "one of them")
    twins = Machine(c, root, new, "twins").ask()
    c.equal(twins["gpu"], "2xGeForce RTX 3090", "two of a kind")
    c.equal([sizes(d)[2] for d in twins["devices"]], [700 * MIB, 8 * MIB], "each with what is in use on it")
    many = Machine(c, root, new, "many").ask()
    c.equal((many["gpu"], len(many["devices"])), ("16xL4", 16), "more cards than there is room for")
    Machine(c, root, new, "many").note(many, "4 cards beyond 16")
    for scene in ("many-more", "many-parts"):
        whole = Machine(c, root, new, scene).run("show", "auto", "-f", "json").json()["found"]
        c.equal((len(whole), whole[-1]["more_cards"]), (17, 48), "%s: of 100 that there are 64 are asked" % scene)


def nvml_faults(c, root, new, old, broken):
    def play(scene, library=new, **env):
        return Machine(c, root, library, scene, **env)
    play("zero").fails("no card", "no GPU found", "NVML (NVIDIA) tells of no card", "/sys/class/drm")
    play("not-loaded").fails("no driver", "does not start: Driver Not Loaded")
    play("no-count").fails("no count", "does not count its cards: Unknown ?[1mError")
    play("one", broken).fails("a function is missing", "has no nvmlDeviceGetCount_v2")
    play("one", "/nonexistent/library.so").fails("no library", "libnvidia-ml.so.1 (NVIDIA) is not there")
    play("one", __file__).fails("no library, but a file", "is not there")
    play("errors").fails("every call fails", "NVIDIA card: no word on its memory: Unknown ?[1mError", fit_only=1)
    play("absurd").fails("absurd sizes", "no word on its memory: absurd sizes", fit_only=1)
    c.equal(play("absurd").show()[0]["total_bytes"], None, "an absurd size is an unknown one")
    lost = play("lost")
    r = lost.ask()
    c.equal(len(r["devices"]), 1, "a lost card is left out")
    lost.note(r, "left out: NVIDIA card (no word on its memory: GPU is lost)")
    r = play("garbage").ask()
    c.equal(sizes(r["devices"][0]), (24576 * MIB, 0, 24576 * MIB), "more than all in use is all")
    c.that("\x1b" not in json.dumps(r, ensure_ascii=False) and "\u202e" not in json.dumps(r, ensure_ascii=False), "a name is made safe")
    holders = play("garbage").show()[0]["in_use_by"]
    c.equal([(h["pid"], h["bytes"]) for h in holders], [(4294967295, 5), (104, None)], "a process of which nothing is told comes last")
    lies = play("lies")
    c.equal(len(lies.ask()["devices"]), 1, "4 billion cards, of which one answers")
    c.that(lies.show()[0]["more_processes"] > 0, "a million processes in room for fewer")
    crowd = play("crowd").show()[0]
    c.equal(([h["pid"] for h in crowd["in_use_by"]], crowd["more_processes"]), ([1199 - i for i in range(12)], 188), "200 processes")
    crowd = play("crowd", old).show()[0]
    c.equal(([h["pid"] for h in crowd["in_use_by"]], crowd["more_processes"]), ([1199 - i for i in range(12)], 188), "200 of an old driver's first list")
    c.that(crowd["note"].startswith("an old driver: what it reserves"), "and its note: %s" % crowd["note"])
    crowded = play("crowded")
    crowded.note(crowded.ask(), "in use by 300 processes")
    c.equal([x["more_processes"] for x in play("swarm").show()], [999999, 0], "a million are not believed")
    c.equal([(len(x["in_use_by"]), x["more_processes"]) for x in play("room").show()], [(12, 244), (0, 257)], "as many as there is room for, and one more")
    shown = play("capabilities").show()
    c.equal([x["compute_capability"] for x in shown], [None, "1.0", "99.9", None, None, None], "compute capabilities that there can be")
    c.equal([x["pci_address"] for x in shown][:4], ["0000:01:00.0", "0000:ff:1f.7", "0000:03:01.0", "0000:04:00.0"], "PCI addresses")
    play("no-words").fails("no words", "does not start: error 17;", fit_only=1)
    play("null-words").fails("not even none", "does not start: error 18;", fit_only=1)
    play("long-words").fails("many words", "so many that they do not all find room in what the; in /sys", fit_only=1)


def nvml_special(c, root, new, old):
    m = Machine(c, root, new, "shared")
    m.fails("a chip without memory, nothing known of the system's", "no word on its memory: Not Supported", fit_only=1)
    m.file("proc/meminfo", "MemTotal:       125512345 kB\nMemFree: 1 kB\nMemAvailable:   100000000 kB\n")
    r = m.ask()
    c.equal(sizes(r["devices"][0]), (125512345 * 1024, 0, 25512345 * 1024), "the system's memory")
    c.equal(r["gpu"], "GB10", "and the catalog's name")
    m.note(r, "its memory is the system's")
    m.file("proc/meminfo", "MemTotal:       125512345 kB\n")
    shown = m.show()[0]
    c.equal([shown[k] for k in ("total_bytes", "in_use_bytes", "free_bytes")], [125512345 * 1024, None, None], "what is in use is not told")
    os.remove(m.root / "proc/meminfo")
    shown = m.show()[0]
    c.equal([shown[k] for k in ("total_bytes", "memory_of_the_system")], [None, "no"], "what it has is not told")
    parts = Machine(c, root, new, "divided")
    r = parts.ask()
    c.equal((r["gpu"], sizes(r["devices"][0])), ("NVIDIA A100-SXM4-40GB MIG 3g.20gb", (19968 * MIB, 0, 37 * MIB)), "the first part")
    parts.note(r, "left out: NVIDIA A100-SXM4-40GB MIG 1g.5gb (CUDA sees one part of a divided card)")
    c.equal(parts.ask(CUDA_VISIBLE_DEVICES="MIG-bbbb-2")["gpu"], "NVIDIA A100-SXM4-40GB MIG 1g.5gb", "a part by its id")
    c.equal(parts.show()[0]["compute_capability"], "8.0", "a part has the card's capability")
    c.equal(Machine(c, root, new, "divided-and-not").ask()["gpu"], "L4", "whole cards before parts")
    Machine(c, root, old, "divided").fails("parts that cannot be asked for", "is divided (MIG) and no part of it can be used")
    # a card of the kernel that NVML does not tell of is spoken of where NVML tells of none
    for scene, count in (("one", 0), ("zero", 1)):
        m = fresh(c)
        m.env.update(VRAMFIT_NVML=new, VRAMFIT_STAND_IN=scene)
        m.file("sys/class/drm/card0/device/uevent", "DRIVER=nouveau\nPCI_SLOT_NAME=0000:09:00.0\n")
        m.file("sys/class/drm/card0/device/vendor", "0x10de\n")
        amd(m, 1)
        whole = m.run("show", "auto", "-f", "json").json()["found"]
        c.equal([n for n in whole[-1]["notes"] if "an NVIDIA card is there" in n],
                ["an NVIDIA card is there, under the driver nouveau, but NVML (NVIDIA) tells of no card"] * count, "NVML with %s, and nouveau" % scene)
    Machine(c, root, new, "no-parts").fails("divided into nothing", "is divided (MIG) and no part of it can be used")


# ---- the kernel's files ---------------------------------------------------------------------------

IDS = "# comment\n1.0.0\n744C,\tC8,\tAMD Radeon RX 7900 XTX\n1586,\tC1,\tAMD Radeon 8060S Graphics\n164E,\tC1,\tAMD Radeon 610M\n"


def amd(m, n, device=0x744c, revision=0xc8, vram=24560 * MIB, used=600 * MIB, slot="0000:03:00.0", gtt=(64 * GIB, 20 * MIB), dgpu=True):
    d = "sys/class/drm/card%d/device/" % n
    m.file(d + "uevent", "DRIVER=amdgpu\nPCI_CLASS=38000\nPCI_ID=1002:%04X\nPCI_SLOT_NAME=%s\n" % (device, slot))
    m.file(d + "vendor", "0x1002\n")
    m.file(d + "device", "0x%04x\n" % device)
    m.file(d + "revision", "0x%02x\n" % revision)
    m.file(d + "mem_info_vram_total", "%d\n" % vram)
    m.file(d + "mem_info_vram_used", "%d\n" % used)
    m.file(d + "mem_info_gtt_total", "%d\n" % gtt[0])
    m.file(d + "mem_info_gtt_used", "%d\n" % gtt[1])
    m.file(d + "gpu_busy_percent", "0\n")
    if dgpu:
        m.file(d + "mem_busy_percent", "0\n")
    m.file("usr/share/libdrm/amdgpu.ids", IDS)
    return d


def kfd(m, node, gfx, location, gpu_id):
    d = "sys/class/kfd/kfd/topology/nodes/%d/" % node
    m.file(d + "properties", "cpu_cores_count 0\nsimd_count 192\ngfx_target_version %d\nlocation_id %d\ndomain 0\nunique_id 9\n" % (gfx, location))
    m.file(d + "gpu_id", "%d\n" % gpu_id)


def fdinfo(m, pid, fd, text, name=None, target="/dev/dri/renderD128"):
    link = m.root / ("proc/%d/fd/%d" % (pid, fd))
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)
    m.file("proc/%d/fdinfo/%d" % (pid, fd), text)
    if name:
        m.file("proc/%d/comm" % pid, name + "\n")


def intel(m, n, device, driver="xe", slot="0000:04:00.0"):
    d = "sys/class/drm/card%d/device/" % n
    m.file(d + "uevent", "DRIVER=%s\nPCI_SLOT_NAME=%s\n" % (driver, slot))
    m.file(d + "vendor", "0x8086\n")
    m.file(d + "device", "0x%04x\n" % device)
    m.file(d + "revision", "0x08\n")
    return d


def fresh(c, **env):
    folder = tempfile.TemporaryDirectory(prefix="vramfit-probe.")
    m = Machine(c, folder.name, **env)
    m.folder = folder
    return m


def sysfs_amd(c):
    m = fresh(c)
    m.file("sys/class/drm/card1-DP-1/status", "connected\n")
    m.file("sys/class/drm/version", "drm 1.1.0\n")
    amd(m, 1)
    kfd(m, 0, 0, 0, 0)
    kfd(m, 1, 110000, 0x300, 4711)
    m.file("sys/class/kfd/kfd/proc/77/vram_4711", "2147483648\n")
    m.file("proc/77/comm", "llama-server\n")
    text = "pos:\t0\ndrm-driver:\tamdgpu\ndrm-client-id:\t%d\ndrm-pdev:\t0000:03:00.0\ndrm-memory-vram:\t%d KiB\n"
    fdinfo(m, 88, 5, text % (12, 100 * 1024), "kwin_wayland")
    fdinfo(m, 88, 6, text % (12, 100 * 1024))
    fdinfo(m, 88, 7, text % (13, 50 * 1024))
    fdinfo(m, 88, 8, text % (14, 9 * 1024), target="/dev/null")
    fdinfo(m, 88, 9, text.replace(":03:", ":09:") % (15, 9 * 1024))
    r = m.ask()
    c.equal((r["gpu"], r["backend"]), ("Radeon RX 7900 XTX", "rocm"), "amdgpu")
    c.equal(sizes(r["devices"][0]), (24560 * MIB, 0, 600 * MIB), "amdgpu: sizes")
    m.note(r, "llama-server (2.00 GiB), kwin_wayland (150.00 MiB)")
    c.equal((m.show()[0]["instruction_set"], m.show()[0]["pci_number"]), ("gfx1100", "1002:744c"), "amdkfd")
    os.remove(m.root / "usr/share/libdrm/amdgpu.ids")
    r = m.ask()
    c.equal((r["gpu"], sizes(r["devices"][0])[0]), ("AMD 1002:744c", 24560 * MIB), "without libdrm's names: a number, and the sizes")
    m.file("sys/class/drm/card1/device/product_name", "AMD Instinct MI300X\n")
    m.file("sys/class/drm/card1/device/mem_info_vram_total", 196592 * MIB)
    c.equal(m.ask()["gpu"], "Radeon Instinct MI300X", "a card that carries its name")

    m = fresh(c)
    amd(m, 0)
    amd(m, 1, slot="0000:43:00.0", used=8 * MIB)
    amd(m, 2, device=0x164e, revision=0xc1, vram=512 * MIB, slot="0000:0f:00.0", dgpu=False)
    r = m.ask()
    c.equal((r["gpu"], [sizes(d)[2] for d in r["devices"]]), ("2xRadeon RX 7900 XTX", [600 * MIB, 8 * MIB]), "two and the processor's")
    m.note(r, "left out: AMD Radeon 610M (in the processor)")


def sysfs_apu(c):
    m = fresh(c)
    m.file("proc/meminfo", "MemTotal:  130000000 kB\nMemAvailable:  120000000 kB\n")
    d = amd(m, 1, device=0x1586, revision=0xc1, vram=512 * MIB, used=300 * MIB, slot="0000:c4:00.0", gtt=(62 * GIB, 2 * GIB), dgpu=False)
    kfd(m, 1, 110501, 0xc400, 5)
    r = m.ask()
    c.equal(sizes(r["devices"][0]), (62 * GIB, 0, 2 * GIB), "Strix Halo: the system's memory")
    c.equal(r["gpu"], "Ryzen AI Max+ 395 (Radeon 8060S) 128GB", "by name and the system's memory")
    m.note(r, "the 512 MiB that the firmware set apart are left out")
    c.equal((m.show()[0]["instruction_set"], m.show()[0]["memory_of_the_system"]), ("gfx1151", "yes"), "show")
    m.file("proc/meminfo", "MemTotal:  130000000 kB\nMemAvailable:  10485760 kB\n")
    c.equal(sizes(m.ask()["devices"][0])[2], 52 * GIB, "there is no more than the system has left")
    m.file(d + "mem_info_vram_total", 96 * GIB)
    c.equal(sizes(m.ask()["devices"][0]), (96 * GIB, 0, 300 * MIB), "set apart by the firmware: that part")
    # without amdkfd: a card that cannot say how busy its memory is has none of its own
    m = fresh(c)
    amd(m, 0, device=0x1586, vram=512 * MIB, slot="0000:c4:00.0", gtt=(15 * GIB, GIB), dgpu=False)
    c.equal(sizes(m.ask()["devices"][0])[0], 15 * GIB, "without amdkfd")


def sysfs_intel(c):
    m = fresh(c)
    d = intel(m, 0, 0xe20b)
    m.file(d + "tile0/physical_vram_size_bytes", 12216 * MIB)
    fdinfo(m, 9, 3, "drm-driver:\txe\ndrm-client-id:\t1\ndrm-pdev:\t0000:04:00.0\ndrm-total-vram0:\t100 MiB\ndrm-resident-vram0:\t90 MiB\n", "sway")
    r = m.ask()
    c.equal((r["gpu"], r["backend"]), ("Arc B580", "sycl"), "xe, by its number")
    c.equal(sizes(r["devices"][0]), (12216 * MIB, 0, 500000000), "the size is the kernel's, the desktop a guess")
    m.note(r, "xe does not tell how much of the memory is in use", "sway (90.00 MiB)")
    c.equal((m.show()[0]["in_use_bytes"], m.show()[0]["free_bytes"]), (None, None), "unknown is null")
    m.file(d + "tile1/physical_vram_size_bytes", 12216 * MIB)
    c.equal(m.ask()["gpu"], "Intel 8086:e20b", "two tiles: no card of that size in the catalog")

    m = fresh(c)
    intel(m, 0, 0x56a1, "i915")
    r = m.ask()
    c.equal((r["gpu"], sizes(r["devices"][0])[0]), ("Arc A750", 8 * GIB), "i915 tells nothing: the catalog's size")
    m.note(r, "i915 does not tell how much memory it has", "the size is the catalog's")
    m.file("sys/class/drm/card0/lmem_total_bytes", 8096 * MIB)
    m.file("sys/class/drm/card0/lmem_avail_bytes", 7000 * MIB)
    c.equal(sizes(m.ask()["devices"][0]), (8096 * MIB, 0, 1096 * MIB), "Intel's own i915")
    m = fresh(c)
    intel(m, 0, 0x46a6, "i915", "0000:00:02.0")
    m.fails("a processor's graphics of unknown memory", "Intel 8086:46a6: i915 does not tell how much memory it has", fit_only=1)
    intel(m, 0, 0x56a0, "i915")
    m.fails("a card of two sizes, neither told", "Intel 8086:56a0", fit_only=1)


def sysfs_mixed(c):
    m = fresh(c)
    amd(m, 0)
    d = intel(m, 1, 0xe20b)
    m.file(d + "tile0/physical_vram_size_bytes", 12216 * MIB)
    r = m.ask()
    c.equal(r["gpu"], "Radeon RX 7900 XTX", "cards of one maker")
    m.note(r, "left out: Intel 8086:e20b")
    c.equal(m.ask("--backend", "sycl")["gpu"], "Arc B580", "--backend asks for a maker")
    c.equal(m.ask("--backend", "vulkan")["backend"], "vulkan", "a backend of all makers")
    m.fails("no such maker", "no card of this machine is one for --backend cuda", args=("--backend", "cuda"))

    m = fresh(c)
    m.file("sys/class/drm/card0/device/uevent", "DRIVER=nouveau\nPCI_SLOT_NAME=0000:01:00.0\n")
    m.file("sys/class/drm/card0/device/vendor", "0x10de\n")
    m.fails("nouveau", "an NVIDIA card is there, under the driver nouveau, but libnvidia-ml.so.1")
    m = fresh(c)
    m.file("sys/class/drm/card0/device/uevent", "DRIVER=virtio_gpu\n")
    m.fails("a virtual card", "no GPU found", "only of other drivers")
    c.equal(fresh(c).run("list", "gpus", "auto").exit, 2, "list gpus auto without any")
    fresh(c).fails("a root without end", "no GPU found", VRAMFIT_PROBE_ROOT="x" * 5000)
    fresh(c).fails("nothing at all", "no GPU found", "libnvidia-ml.so.1 (NVIDIA)", "amdgpu, xe or i915")


def sysfs_hostile(c):
    values = [b"", b"-1", b"0", b"1e9", b"0x", b"zzz", b"9" * 30, b"9" * 5000, b"18446744073709551615", b"1152921504606846977", b"\0\0\0",
              b"12 34", b"\xff\xfe", b"17179869184\n" * 40]
    for name in ("mem_info_vram_total", "mem_info_vram_used", "vendor", "device", "revision", "uevent", "product_name", "mem_info_gtt_total"):
        size = name == "mem_info_vram_total"
        for v in values if size else values[::3]:
            m = fresh(c)
            d = amd(m, 0, dgpu=name != "mem_info_gtt_total")
            m.file(d + name, v)
            m.file("proc/meminfo", b"MemTotal: " + v)
            what = "%s=%r" % (name, v[:20])
            if size:
                m.fails(what, "amdgpu does not tell how much memory it has", fit_only=1)
            r = m.run("show", "auto", "-f", "json")
            c.that(r.exit == 0 or (r.exit == 2 and r.err.count("\n") == 1 and name in ("uevent", "vendor")), "%s: %r" % (what, r.err))
            if r.exit == 0:
                c.that(not size or r.json()["found"][0]["total_bytes"] is None, what)
    m = fresh(c)
    d = amd(m, 0)
    kfd(m, 0, 10**12, 0x300, 1)
    kfd(m, 1, 110000, 0x300, 2**64 - 1)
    m.file("sys/class/kfd/kfd/topology/nodes/2/properties", b"gfx_target_version" * 1000)
    m.file("usr/share/libdrm/amdgpu.ids", b"744C,\n,,,\n744C,C8\n744C,\tC8,\n" + b"7" * 70000)
    fdinfo(m, 5, 1, b"drm-pdev:\t0000:03:00.0\ndrm-client-id:\t1\ndrm-memory-vram:\t99999999999999999999 KiB\n")
    fdinfo(m, 5, 2, b"drm-pdev:\t0000:03:00.0\ndrm-client-id:\t2\ndrm-memory-vram:\t18014398509481984 KiB\n")
    fdinfo(m, 5, 3, b"drm-pdev:\t0000:03:00.0\ndrm-client-id:\t3\ndrm-memory-vram:\t5 elephants\n")
    fdinfo(m, 5, 4, b"drm-pdev:\t0000:03:00.0\ndrm-client-id:\t4\ndrm-memory-vram:\t7 MiB\n")
    r = m.ask()
    c.equal(sizes(r["devices"][0]), (24560 * MIB, 0, 600 * MIB), "nonsense beside it leaves the sizes")
    c.equal([h["bytes"] for h in m.show()[0]["in_use_by"]], [7 * MIB], "nonsense is not counted")
    # nothing waits: a pipe, an endless file, a folder, a link to itself
    for make in (lambda p: os.mkfifo(p), lambda p: os.symlink("/dev/zero", p), lambda p: os.mkdir(p), lambda p: os.symlink(p, p)):
        for name in ("mem_info_vram_total", "uevent"):
            m = fresh(c)
            d = amd(m, 0)
            os.remove(m.root / d / name)
            make(m.root / d / name)
            m.fails("%s is no file" % name, "does not tell" if name != "uevent" else "no GPU found", fit_only=1)
    if os.geteuid() != 0:
        before = len(SAID)
        m = fresh(c)
        os.chmod(m.root / amd(m, 0) / "mem_info_vram_total", 0)
        m.fails("a file that may not be read", "does not tell", fit_only=1)
        del SAID[before:]  # to root it is readable, and not said
    m = fresh(c)
    for n in range(40):
        amd(m, n, slot="0000:%02x:00.0" % (n + 1))
    r = m.ask()
    c.equal(len(r["devices"]), 16, "40 cards")
    m.note(r, "24 cards beyond 16")
    m = fresh(c)
    amd(m, 0)
    amd(m, 7)
    c.equal(len(m.ask()["devices"]), 1, "one card under two numbers")


def host_memory(c):
    m = fresh(c)
    m.file("proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable: 1000 kB\n")
    r = m.run(*QUESTION, "--gpu", "24GB", "--host-memory", "auto", "-f", "json").result()
    c.equal(r["verdict"], "no-fit", "--host-memory auto: 1000 kB left")
    c.that(any("this machine has left 1024000" in n for n in r["notes"]), "and a note: %s" % r["notes"])
    m.file("proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable: 7000000 kB\n")
    c.equal(m.run(*QUESTION, "--gpu", "24GB", "--host-memory", "auto", "-f", "json").result()["verdict"], "fit", "enough left")
    for text in ("", "MemTotal: x kB\n", "MemTotal: 99999999999999999999 kB\nMemAvailable: 5 kB\n"):
        m.file("proc/meminfo", text)
        r = m.run(*QUESTION, "--gpu", "24GB", "--host-memory", "auto")
        c.equal((r.exit, r.out, r.err.count("\n")), (2, "", 1), "/proc/meminfo %r" % text)


def formats(c):
    """Every format takes cards of this machine; a lock remembers the word, not the answer."""
    m = fresh(c)
    amd(m, 0)
    for f in ("table", "json", "jsonl", "csv", "tsv", "markdown"):
        r = m.run(*QUESTION, "--gpu", "auto", "-f", f)
        c.that(r.exit == 0 and "Radeon RX 7900 XTX" in r.out, "--format %s" % f)
    text = m.run("show", "auto").out
    c.that(text.startswith("GPU of this machine\n") and "\n\nthis machine\n" in text, "a blank line between a card and the machine: %s" % text)
    r = m.run("show", "auto", "-f", "tsv")
    c.equal((r.exit, r.out), (2, ""), "show auto has no tsv")
    m.file("sys/class/drm/card0/device/product_name", "a" + "\u00e9" * 40 + "\n")
    for columns, want in ((40, "a" + "\u00e9" * 37 + ".."), (41, "a" + "\u00e9" * 40), (0, "a" + "\u00e9" * 40)):
        lines = m.run("list", "gpus", "auto", COLUMNS=str(columns)).out.splitlines()
        c.that(len(lines) == 2 and lines[1].split(" ")[0] == want, "a name that is wider than %d columns is cut between characters: %s" % (columns, lines[1:]))
    os.remove(m.root / "sys/class/drm/card0/device/product_name")
    whole = m.run("show", "auto", "-f", "json").json()["found"]
    c.equal([x["kind"] for x in whole], ["GPU of this machine", "this machine"], "show auto -f json")
    c.equal(m.run("8B", "-q", "q4", "--gpu", "auto", "-c", "max", "-f", "json").result()["verdict"], "fit", "solving on this machine")


def compare(c, mode, update):
    """What was said this time with what was said before, by mode."""
    lines = KEPT.read_text(encoding="utf-8").splitlines() if KEPT.exists() else []
    now = ["%s\t%s" % (mode, row) for row in SAID]
    if update:
        rest = [row for row in lines[1:] if not row.startswith(mode + "\t")]
        KEPT.write_text("\n".join(["# What probe.py was told: mode, scene, command, CRC-32"] + sorted(rest + now)) + "\n", encoding="utf-8")
        return
    moved = sorted(now)
    for row in (row for row in lines if row.startswith(mode + "\t")):
        if row in moved:
            moved.remove(row)
        else:
            c.that(False, "not said any more: " + row.replace("\t", " "))
    for row in moved:
        c.that(False, "said, and not before: " + row.replace("\t", " "))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--update", action="store_true")
    p.add_argument("program")
    p.add_argument("--nvml", nargs=3)
    p.add_argument("--sysfs", action="store_true")
    p.add_argument("--without-nvml", action="store_true")
    o = p.parse_args()
    c = Checks(o.program)
    if o.nvml:
        new, old, broken = o.nvml
        with tempfile.TemporaryDirectory(prefix="vramfit-probe.") as root:
            nvml_sizes(c, root, new, old)
            nvml_sets(c, root, new)
            nvml_faults(c, root, new, old, broken)
            nvml_special(c, root, new, old)
    if o.sysfs:
        for f in (sysfs_amd, sysfs_apu, sysfs_intel, sysfs_mixed, sysfs_hostile, host_memory, formats):
            f(c)
    if o.without_nvml:
        fresh(c).fails("a build that cannot load", "this build cannot load libnvidia-ml.so.1")
        sysfs_amd(c)
    else:
        compare(c, "nvml" if o.nvml else "sysfs", o.update)
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
