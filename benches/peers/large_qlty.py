"""Adds patches and variances to a quilt of qlty on disk, reads mean and deviation, and prints time and memory.

`large_quilts.py` starts this file, once for each process, and `peer_quilts` in turn with it.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
import zarr
from large_quilts import VARIANCE_SHIFT
from qlty import LargeNCYXQuilt, LargeNCZYXQuilt
from quilt_checks import FACTORS


def memory(field: str) -> int:
    """A line of what the system tells of this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(f"{field}:"))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--operation", choices=["large"], required=True)
    parser.add_argument("--task", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seconds", help="not used: all patches are added once")
    parser.add_argument("--check", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    zarr.config.set({"threading.max_workers": arguments.threads})
    task = json.loads(arguments.task.read_text())
    tile = torch.from_numpy(np.load(task["tile"]))[None]
    kind = LargeNCYXQuilt if len(task["window"]) == 2 else LargeNCZYXQuilt
    sizes = dict(zip("ZYX"[-len(task["window"]) :], task["image"], strict=True))
    shared = {name: tuple(task[name]) for name in ("window", "step", "border")}

    before, began = memory("VmRSS"), time.perf_counter()
    quilt = kind(task["base"], N=task["images"], **sizes, **shared, border_weight=task["border_weight"])
    for index in range(quilt.N_chunks):
        patch, variance = (tile * float(FACTORS[(index + s) % len(FACTORS)]) for s in (0, VARIANCE_SHIFT))
        quilt.stitch(patch, index, patch_var=variance)
    mean, std = quilt.return_mean(std=True)
    seconds, peak = time.perf_counter() - began, memory("VmHWM")

    if arguments.check:
        for role, values in (("mean", mean), ("std", std)):
            np.ascontiguousarray(values, "<f8").tofile(arguments.check / role)
    print(json.dumps({"seconds": seconds, "peak_bytes": peak, "rise_bytes": peak - before}))


if __name__ == "__main__":
    main()
