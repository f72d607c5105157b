"""Reads one list of patches from one image as one contestant, and prints the line that `peer_stacks` prints.

Every patch becomes f32 in one of a few buffers that are used over and over, as a loader's batches are. Which
contestant reads what, how often, and who wins is not decided here: stacks.py starts this file, once for each process.
"""

import argparse
import json
import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

N_IN_FLIGHT = 8
# A contestant that keeps nothing is as fast at its tenth patch as at its last, and may stop early; not before this.
N_AT_LEAST = 4


@dataclass
class Job:
    """What all contestants are told."""

    store: str
    patch: tuple[int, ...]
    n_threads: int
    cache_bytes: int


class Done:
    """A patch that was read at once."""

    def result(self) -> None:
        pass


@dataclass
class Later:
    """A patch that is complete once this was called."""

    result: Callable[[], None]


def box(start: list[int], patch: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(slice(a, a + n) for a, n in zip(start, patch, strict=True))


class Tensorstore:
    """TensorStore, with or without its cache of decoded chunks."""

    def __init__(self, job: Job, setting: dict, cache_bytes: int) -> None:
        import tensorstore as ts

        context = {
            "cache_pool": {"total_bytes_limit": cache_bytes},
            "data_copy_concurrency": {"limit": job.n_threads},
            "file_io_mode": {"mode": "memmap"} if setting.get("is_mapped") else {},
        }
        spec = {
            "driver": "zarr3",
            "kvstore": {"driver": "file", "path": f"{job.store}/"},
            # Nobody writes meanwhile: asking the file system about every chunk again would only slow it down.
            "recheck_cached_data": "open",
        }
        self.job = job
        self.array = ts.open(spec, read=True, context=ts.Context(context)).result()
        self.writes_into_buffer = setting["writes_into_buffer"]
        self.as_f32, self.wrap, self.buffers = ts.cast(self.array, ts.float32), ts.array, {}

    def read(self, start: list[int], out: np.ndarray):
        region = box(start, self.job.patch)
        if self.writes_into_buffer:
            buffer = self.buffers.get(id(out))
            if buffer is None:
                buffer = self.buffers[id(out)] = self.wrap(out)
            return buffer.write(self.as_f32[region])
        pixels = self.array[region].read()
        return Later(lambda: np.copyto(out, pixels.result()))

    settings: ClassVar = {
        "converts into buffers": {"writes_into_buffer": True},
        "converts into buffers, maps files": {"writes_into_buffer": True, "is_mapped": True},
        "reads u16, converted after": {"writes_into_buffer": False},
    }


class CachedTensorstore(Tensorstore):
    is_cached = True

    def __init__(self, job: Job, setting: dict) -> None:
        super().__init__(job, setting, job.cache_bytes)


class UncachedTensorstore(Tensorstore):
    is_cached = False

    def __init__(self, job: Job, setting: dict) -> None:
        super().__init__(job, setting, 0)


class Sliced:
    """Whatever is sliced like an array, by one thread or by several at a time."""

    def __init__(self, job: Job, array, n_threads: int) -> None:
        self.job, self.array = job, array
        self.pool = ThreadPoolExecutor(n_threads) if n_threads > 1 else None

    def read(self, start: list[int], out: np.ndarray):
        if self.pool:
            return self.pool.submit(self.read_now, start, out)
        self.read_now(start, out)
        return Done()

    def read_now(self, start: list[int], out: np.ndarray) -> None:
        out[...] = self.array[box(start, self.job.patch)]


class ZarrPython(Sliced):
    is_cached = False
    settings: ClassVar = {"1 thread": {"n_threads": 1}, "2 threads": {"n_threads": 2}}

    def __init__(self, job: Job, setting: dict) -> None:
        import zarr

        super().__init__(job, zarr.open_array(job.store, mode="r"), setting["n_threads"])


class Zarrs(ZarrPython):
    """zarr-python with the codecs of the Rust crate zarrs."""

    def __init__(self, job: Job, setting: dict) -> None:
        import zarr

        pipeline = {"codec_pipeline.path": "zarrs.ZarrsCodecPipeline", "threading.max_workers": job.n_threads}
        zarr.config.set(pipeline)
        super().__init__(job, setting)


class Segments:
    """tifffile's decoder of single strips and tiles, with a cache of decoded ones; the least recently used go first."""

    def __init__(self, job: Job, n_threads: int) -> None:
        import tifffile

        self.job = job
        self.file = tifffile.TiffFile(job.store)
        self.page = self.file.pages.first
        shape = self.page.shape
        self.segment = self.page.chunks[:2]
        self.n_across = -(-shape[1] // self.segment[1])
        self.descriptor = self.file.filehandle.fileno()
        self.pool = ThreadPoolExecutor(n_threads)
        self.cache: OrderedDict[int, Future] = OrderedDict()
        self.n_kept = max(1, job.cache_bytes // (self.segment[0] * self.segment[1] * self.page.dtype.itemsize))

    def decode(self, index: int) -> np.ndarray:
        data = os.pread(self.descriptor, self.page.databytecounts[index], self.page.dataoffsets[index])
        return self.page.decode(data, index)[0][0, :, :, 0]

    def decoded(self, index: int) -> Future:
        future = self.cache.get(index)
        if future is None:
            future = self.cache[index] = self.pool.submit(self.decode, index)
            if len(self.cache) > self.n_kept:
                self.cache.popitem(last=False)
        else:
            self.cache.move_to_end(index)
        return future

    def read(self, start: list[int], out: np.ndarray) -> Later:
        pieces = []
        rows, columns = (
            range(a // n, (a + size - 1) // n + 1)
            for a, size, n in zip(start, self.job.patch, self.segment, strict=True)
        )
        for row in rows:
            for column in columns:
                corner = (row * self.segment[0] - start[0], column * self.segment[1] - start[1])
                pieces.append((corner, self.decoded(row * self.n_across + column)))

        def finish() -> None:
            for (y, x), segment in pieces:
                pixels = segment.result()[max(0, -y) :, max(0, -x) :]
                target = out[max(0, y) :, max(0, x) :]
                size = tuple(map(min, pixels.shape, target.shape))
                target[: size[0], : size[1]] = pixels[: size[0], : size[1]]

        return Later(finish)


class Tifffile:
    """Patches by tifffile: the best of the ways that need not decode the whole plane."""

    is_cached = True
    settings: ClassVar = {
        "memory map": {"way": "map", "n_threads": 1},
        "own cache of segments, 2 threads": {"way": "segments", "n_threads": 2},
        "own cache of segments, 1 thread": {"way": "segments", "n_threads": 1},
        "aszarr with a cache, 2 threads": {"way": "aszarr", "n_threads": 2},
    }

    def __new__(cls, job: Job, setting: dict):
        import tifffile

        if setting["way"] == "segments":
            return Segments(job, setting["n_threads"])
        if setting["way"] == "map":
            return Sliced(job, tifffile.memmap(job.store, mode="r"), setting["n_threads"])
        import zarr
        from zarr.experimental.cache_store import CacheStore
        from zarr.storage import MemoryStore

        # This store decodes by itself, so what is kept are decoded segments.
        store = tifffile.imread(job.store, aszarr=True)
        store = CacheStore(store, cache_store=MemoryStore(), max_size=job.cache_bytes)
        return Sliced(job, zarr.open_array(store, mode="r"), setting["n_threads"])


class WholePlane(Sliced):
    """tifffile decodes the whole plane when the first patch is asked for; from then on patches are slices of it."""

    is_cached = True
    settings: ClassVar = {"1 thread": {"n_threads": 1}, "2 threads": {"n_threads": 2}}

    def __init__(self, job: Job, setting: dict) -> None:
        super().__init__(job, None, setting["n_threads"])
        self.lock = threading.Lock()

    def read_now(self, start: list[int], out: np.ndarray) -> None:
        import tifffile

        with self.lock:
            if self.array is None:
                self.array = tifffile.imread(self.job.store, maxworkers=self.job.n_threads)
        super().read_now(start, out)


CONTESTANTS = {
    "tensorstore cached": CachedTensorstore,
    "tensorstore uncached": UncachedTensorstore,
    "zarr-python": ZarrPython,
    "zarrs": Zarrs,
    "tifffile": Tifffile,
    "tifffile whole plane": WholePlane,
}
MODULES = {
    "tensorstore cached": ["tensorstore"],
    "tensorstore uncached": ["tensorstore"],
    "zarr-python": ["zarr"],
    "zarrs": ["zarr", "zarrs"],
    "tifffile": ["tifffile", "imagecodecs", "zarr"],
    "tifffile whole plane": ["tifffile", "imagecodecs"],
}


def buffers(job: Job) -> list[np.ndarray]:
    # Written once, so that no pass pays for pages that the system hands out on first use.
    return [np.ones(job.patch, np.float32) for _ in range(N_IN_FLIGHT)]


def deliver(reader, starts: list[list[int]], ring: list[np.ndarray], seconds: float | None) -> Iterator[np.ndarray]:
    """Yields the patches in their order; a buffer is filled again once the next patch is asked for."""
    began, pending = time.perf_counter(), deque()
    for index, start in enumerate(starts):
        if seconds and index >= N_AT_LEAST and time.perf_counter() - began > seconds:
            break
        if len(pending) == len(ring):
            request, out = pending.popleft()
            request.result()
            yield out
        out = ring[index % len(ring)]
        pending.append((reader.read(start, out), out))
    # What was asked for is counted: a reader is not charged for patches that it had begun.
    for request, out in pending:
        request.result()
        yield out


def patches_per_s(reader, starts: list[list[int]], ring: list[np.ndarray], seconds: float | None) -> float:
    began = time.perf_counter()
    n_patches = sum(1 for _ in deliver(reader, starts, ring, seconds))
    return n_patches / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--contestant", choices=CONTESTANTS, required=True)
    parser.add_argument("--store", required=True)
    parser.add_argument("--starts", type=Path, required=True)
    parser.add_argument("--patch", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--cache-mib", type=int, required=True)
    parser.add_argument("--repeats", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="limit for a contestant without cache")
    parser.add_argument("--setting", help="without it, the first that works is taken, or the fastest in trials")
    parser.add_argument("--trials", type=int, default=0)
    parser.add_argument("--sums", help="also tell the sum of every patch; the file that is named is not used")
    arguments = parser.parse_args()

    name = arguments.contestant
    contestant = CONTESTANTS[name]
    for module in MODULES[name]:
        __import__(module)
    patch = tuple(map(int, arguments.patch.split(",")))
    job = Job(arguments.store, patch, arguments.threads, arguments.cache_mib << 20)
    starts = json.loads(arguments.starts.read_text())["starts"]
    seconds = None if contestant.is_cached else arguments.seconds
    ring = buffers(job)

    def opened(setting: str):
        return contestant(job, contestant.settings[setting])

    candidates = [arguments.setting] if arguments.setting else list(contestant.settings)
    first_patch_s, working = None, []
    for setting in candidates:
        began = time.perf_counter()
        try:
            opened(setting).read(starts[0], ring[0]).result()
        except ValueError:
            # Only what is not compressed can be mapped into memory.
            continue
        # What the process does first is the first patch of a process; the others only show that they work.
        first_patch_s = first_patch_s or time.perf_counter() - began
        working.append(setting)

    # A cache needs longer to show what it is worth, but a way that is slow all the same is not waited for.
    patience = 2 * arguments.seconds if contestant.is_cached else arguments.seconds / 2

    def fastest_trial(setting: str) -> float:
        return max(patches_per_s(opened(setting), starts, ring, patience) for _ in range(arguments.trials))

    is_tried = arguments.trials and len(working) > 1
    setting = max(working, key=fastest_trial) if is_tried else working[0]
    answer = {"setting": setting, "first_patch_s": first_patch_s}
    if arguments.sums:
        patches = deliver(opened(setting), starts, ring, seconds)
        answer["sums"] = [float(patch.sum(dtype=np.float64)) for patch in patches]
    # A reader that was just opened has nothing in its cache.
    answer["patches_per_s"] = [patches_per_s(opened(setting), starts, ring, seconds) for _ in range(arguments.repeats)]
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
