"""Whether patchweave keeps its speed as the source grows: Zarrs of one, ten and a thousand gigabytes."""

import json
import os
import random
import statistics
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np
import tensorstore as ts
from environment import fail
from loader_race import PATIENCE_S, Effort
from pixels import image
from processes import ERRORS, ask, described

CHUNK = 64
N_REAL = 64
SEED = 20
# Small beside the smallest source, so that hits are as rare there as elsewhere.
CACHE_MIB = 16
SHAPES = {"1 GB": (512, 1024, 1024), "10 GB": (1280, 2048, 2048), "1 TB": (8192, 8192, 8192)}
STORED, MISSING = "stored", "missing"
# Of the largest, so many chunks are stored; of the others all.
N_STORED = 20480


@dataclass
class Growth:
    """One source, and what was reached with it."""

    kind: str
    size: str
    n_patches: int
    task: Path
    rates: list[float] = field(default_factory=list)
    hit_rate: float = 0.0
    peak_bytes: int = 0

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)


def create(path: Path, shape: tuple[int, ...]):
    codecs = [
        {"name": "bytes", "configuration": {"endian": "little"}},
        {"name": "zstd", "configuration": {"level": 3, "checksum": False}},
    ]
    metadata = {
        "shape": shape,
        "data_type": "uint16",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [CHUNK] * 3}},
        "codecs": codecs,
        "dimension_names": ["z", "y", "x"],
    }
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{path}/"}, "metadata": metadata}
    return ts.open(spec, create=True, delete_existing=True).result()


def stored_chunks(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    counts = [n // CHUNK for n in shape]
    if np.prod(counts) <= N_STORED:
        return list(product(*map(range, counts)))
    rng = random.Random(SEED)
    chosen: set = set()
    while len(chosen) < N_STORED:
        chosen.add(tuple(rng.randrange(n) for n in counts))
    return sorted(chosen)


def fill(path: Path, chunks: list[tuple[int, ...]], real: Path) -> None:
    """Gives every chunk the file of a real one, as a further name: a source of any size needs the disk of one."""
    files = [real / "c" / "0" / "0" / str(x) for x in range(N_REAL)]
    for place, chunk in enumerate(chunks):
        *folders, name = map(str, chunk)
        folder = path.joinpath("c", *folders)
        folder.mkdir(parents=True, exist_ok=True)
        os.link(files[place % N_REAL], folder / name)


def sources(folder: Path) -> list[Growth]:
    """Writes what is missing; patches are whole chunks in their place, in random order."""
    real = folder / "real.zarr"
    pixels = image((CHUNK, CHUNK, N_REAL * CHUNK))
    create(real, pixels.shape).write(pixels).result()
    grown = []
    for kind, (size, shape) in product((STORED, MISSING), SHAPES.items()):
        path = folder / f"{kind}-{size.replace(' ', '-')}.zarr"
        chunks = stored_chunks(shape) if kind == STORED else []
        # Removed and written again: half a source would not be seen.
        create(path, shape)
        fill(path, chunks, real)
        places = {"listed": [[CHUNK * n for n in chunk] for chunk in chunks]} if chunks else "sequential"
        task = {
            "is_statistics": False,
            "image": str(path),
            "axes": "ZYX",
            "patch": [CHUNK] * 3,
            "batch_size": 8,
            "places": places,
            "n_scales": 0,
            "means_stds": None,
            "cache_mib": CACHE_MIB,
        }
        file = path.with_suffix(".json")
        file.write_text(json.dumps(task))
        n_patches = len(chunks) or int(np.prod([n // CHUNK for n in shape]))
        grown.append(Growth(kind, size, n_patches, file))
    return grown


def run(program: Path, folder: Path, effort: Effort) -> list[Growth]:
    grown = sources(folder)
    for repeat in range(effort.n_processes):
        turn = repeat % len(grown)
        for source in grown[turn:] + grown[:turn]:
            command = [str(program), "--workers", "2", "--task", str(source.task), *effort.arguments()]
            try:
                answer = ask(command, PATIENCE_S)
            except ERRORS as error:
                fail(f"growth, {source.kind}, {source.size}: {described(error)}")
            source.rates += answer["rates"]
            source.hit_rate = max(source.hit_rate, answer["hit_rate"] or 0.0)
            source.peak_bytes = max(source.peak_bytes, answer["peak_bytes"] or 0)
    return grown
