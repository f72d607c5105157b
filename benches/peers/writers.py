"""Writes a large image with patchweave and with others, and prints how fast and in how much memory.

    python benches/peers/writers.py

Needs Python 3.11 and cargo. README.md beside this file says what is measured and how to read the tables.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# No folders of compiled files among the sources.
sys.dont_write_bytecode = True
import environment
from environment import HERE, fail

N_LEVELS = 4


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A large image, written: patchweave beside others.")
    add = parser.add_argument
    add("--quick", action="store_true", help="an image of 128 MiB, once each: to see that all works")
    add("--patchweave", type=Path, metavar="PATH", help="the command patchweave, instead of building it")
    add("--codec", type=Path, metavar="PATH", help="the program peer_writers, instead of building it")
    add("--data", type=Path, metavar="FOLDER", help="make the images there; it needs room for three of them")
    add("--mib", type=int, default=4096, metavar="N", help="size of the image (4096)")
    add("--repeats", type=int, metavar="N", help="how often each contestant writes (3; 1 if quick)")
    add("--threads", type=int, default=2, metavar="N", help="threads, and processors where the system allows (2)")
    # What a process of its own does.
    add("--ome-zarr-py", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


def make(path: Path, mib: int) -> None:
    """A volume of 16 bits: bright spots on a dim ground, with the noise of photons."""
    import numpy as np

    side = 1024
    depth = max(1, mib * 2**20 // (2 * side * side))
    image = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint16, shape=(depth, side, side))
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    for z in range(depth):
        spots = np.sin(x / 37 + z / 11) * np.sin(y / 29 - z / 17)
        mean = 110 + 900 * np.clip(spots, 0, None) ** 4
        image[z] = rng.normal(mean, np.sqrt(mean)).clip(0, 65535).astype(np.uint16)
    image.flush()


def write_with_ome_zarr(source: str, target: str, n_threads: str) -> None:
    import dask
    import dask.array as da
    import numpy as np
    from ome_zarr.scale import Methods
    from ome_zarr.writer import write_image

    dask.config.set(scheduler="threads", num_workers=int(n_threads))
    image = da.from_array(np.load(source, mmap_mode="r"), chunks=(64, 256, 256))
    factors = [{axis: 2**level for axis in "zyx"} for level in range(1, N_LEVELS)]
    write_image(
        image,
        target,
        scale_factors=factors,
        method=Methods.LOCAL_MEAN,
        axes=["z", "y", "x"],
        storage_options={"chunks": (32, 128, 128), "shards": (64, 256, 256)},
    )


def measured(command: list[str], outputs: list[Path]) -> tuple[float, float]:
    """Seconds of a command that writes outputs anew, and the most MiB of memory that no file holds."""
    for output in outputs:
        shutil.rmtree(output, ignore_errors=True)
        output.unlink(missing_ok=True)
    os.sync()
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    most = 0.0
    while process.poll() is None:
        most = max(most, anonymous_mib(process.pid))
        time.sleep(0.02)
    seconds = time.perf_counter() - start
    if process.returncode:
        fail(f"{command[0]} failed: {process.stderr.read().decode()[-2000:]}")
    return seconds, most


def size_mib(output: Path) -> float:
    files = output.rglob("*") if output.is_dir() else [output]
    return sum(file.stat().st_size for file in files if file.is_file()) / 2**20


def anonymous_mib(pid: int) -> float:
    """What a process holds that is not a file mapped into memory, which the system takes back when it needs it."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    parts = [line.split() for line in lines if line.startswith(("RssAnon", "RssShmem"))]
    return sum(int(part[1]) for part in parts) / 1024


def main() -> int:
    chosen = options()
    environment.enter(HERE / ".venv-writers", HERE / "requirements-writers.txt")
    if chosen.ome_zarr_py:
        write_with_ome_zarr(*chosen.ome_zarr_py)
        return 0
    import tables

    command = chosen.patchweave.resolve() if chosen.patchweave else environment.build_command()
    codec = chosen.codec.resolve() if chosen.codec else environment.build("peer_writers")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: chosen.threads])
    mib = 128 if chosen.quick else chosen.mib
    repeats = chosen.repeats or (1 if chosen.quick else 3)
    with tempfile.TemporaryDirectory(prefix="peers-", dir=chosen.data) as temporary:
        folder = Path(temporary)
        load = tables.load()
        rows, seconds = race(folder, command, codec, mib, repeats, chosen.threads)
    print(tables.machine(["ome-zarr", "dask", "zarr", "numpy"]))
    print(f"{mib} MiB, {chosen.threads} threads; load before: {load}; below 1 is an idle machine\n")
    print(tables.table(["writes", "contestant", "s", "MB/s", "MiB", "MiB on disk"], 2, rows))
    print(f"\nzstd, of the codec alone: {seconds['codec'] / seconds['patchweave, zstd']:.2f} (goal 0.8)")
    print(f"times ome-zarr-py: {seconds['ome-zarr-py'] / seconds['patchweave']:.1f} (goal 5)")
    print(f"of a copy of the file, TIFF without compression: {seconds['cp'] / seconds['tiff']:.2f} (goal 0.8)")
    return 0


def race(folder: Path, command: Path, codec: Path, mib: int, repeats: int, n_threads: int):
    """Everybody writes in turns; rows of a table and the medians."""
    source, zarr, theirs = folder / "image.npy", folder / "ours.ome.zarr", folder / "theirs.ome.zarr"
    tiff, copy = folder / "ours.tif", folder / "copy.npy"
    make(source, mib)
    threads = str(n_threads)
    convert = [str(command), "convert", str(source)]
    settings = ["--axes", "ZYX", "--workers", threads]
    pyramid = [*settings, "--levels", str(N_LEVELS), "--level-axes", "zyx", "--shards", "z=64,y=256,x=256",
               "--chunks", "z=32,y=128,x=128"]
    durable = f"cp {source} {copy} && sync {copy}"
    contestants = {
        ("OME-Zarr, 4 levels", "patchweave"): ([*convert, str(zarr), *pyramid], [zarr]),
        ("OME-Zarr, 4 levels", "patchweave, zstd"): (
            [*convert, str(zarr), *pyramid, "--compression", "zstd:3"],
            [zarr],
        ),
        ("OME-Zarr, 4 levels", "ome-zarr-py"): (
            [sys.executable, str(HERE / "writers.py"), "--ome-zarr-py", str(source), str(theirs), threads],
            [theirs],
        ),
        ("uncompressed", "tiff"): ([*convert, str(tiff), *settings, "--compression", "none"], [tiff]),
        ("uncompressed", "cp"): (["sh", "-c", durable], [copy]),
    }
    times: dict[tuple[str, str], list[tuple[float, float]]] = {key: [] for key in contestants}
    sizes: dict[str, float] = {"codec": 0}
    alone: list[float] = []
    for _ in range(repeats):
        for key, (line, outputs) in contestants.items():
            times[key].append(measured(line, outputs))
            sizes[key[1]] = sum(size_mib(output) for output in outputs)
            if key[1] == "patchweave, zstd":
                told = subprocess.run([codec, zarr, threads], check=True, capture_output=True, text=True)
                alone.append(float(told.stdout.split()[0]))
            for output in outputs:
                shutil.rmtree(output, ignore_errors=True)
                output.unlink(missing_ok=True)
    times[("nothing: compresses all chunks", "codec")] = [(seconds, 0.0) for seconds in alone]
    seconds = {key[1]: statistics.median(s for s, _ in runs) for key, runs in times.items()}
    most = {key[1]: max(m for _, m in runs) for key, runs in times.items()}
    import tables

    rows = [
        [what, who, f"{seconds[who]:.2f}", tables.number(mib * 1.048576 / seconds[who]), tables.number(most[who]),
         tables.number(sizes[who])]
        for what, who in times
    ]
    return rows, seconds


if __name__ == "__main__":
    sys.exit(main())
