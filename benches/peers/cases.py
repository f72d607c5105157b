"""Which patches are read from which image, and by whom."""

import random
from dataclasses import dataclass
from pathlib import Path

import data
import numpy as np

PATCHWEAVE = "patchweave"
CACHED, UNCACHED = "tensorstore cached", "tensorstore uncached"
ZARR_PYTHON = "zarr-python"
ZARR_READERS = [PATCHWEAVE, CACHED, UNCACHED, ZARR_PYTHON, "zarrs"]
TIFF_READERS = [PATCHWEAVE, "tifffile", "tifffile whole plane"]

CUBE = (64, 64, 64)
SQUARE = (256, 256)
SEED = 20


@dataclass
class Case:
    """One list of patches of one image."""

    name: str
    image: str
    patch: tuple[int, ...]
    starts: list[list[int]]
    # Whether patches share chunks, so that a cache can save work.
    is_shared: bool

    @property
    def is_zarr(self) -> bool:
        return self.image in data.ZARR

    @property
    def readers(self) -> list[str]:
        return ZARR_READERS if self.is_zarr else TIFF_READERS

    def boxes(self) -> list[tuple[slice, ...]]:
        return [tuple(slice(a, a + n) for a, n in zip(start, self.patch, strict=True)) for start in self.starts]

    def sums(self, folder: Path) -> list[float]:
        """The sum of every patch, of pixels that no reader under test has touched; whole numbers, so exact."""
        pixels = np.load(data.source(folder, self.image), mmap_mode="r")
        return [float(pixels[box].sum(dtype=np.float64)) for box in self.boxes()]


def anywhere(shape: tuple[int, ...], patch: tuple[int, ...], n_patches: int) -> list[list[int]]:
    rng = random.Random(SEED)
    return [[rng.randint(0, a - n) for a, n in zip(shape, patch, strict=True)] for _ in range(n_patches)]


def each_once(shape: tuple[int, ...], patch: tuple[int, ...]) -> list[list[int]]:
    starts = [[]]
    for a, n in zip(shape, patch, strict=True):
        starts = [[*start, x] for start in starts for x in range(0, a, n)]
    random.Random(SEED).shuffle(starts)
    return starts


def all_cases(*, is_quick: bool, n_patches: int | None) -> list[Case]:
    # As many as an epoch of training has: each chunk of 64³ is used about 30 times.
    n_volume, n_plane = (100, 1000) if is_quick else (1000, 2000)
    n_volume = n_patches or n_volume
    volume, plane = anywhere(data.VOLUME, CUBE, n_volume), anywhere(data.PLANE, SQUARE, n_plane)
    cases = [Case(name, name, CUBE, volume, is_shared=True) for name in data.ZARR]
    for name, (stored, inner, _) in data.ZARR.items():
        # Each chunk is a patch; of a shard, each patch takes eight inner chunks, which no other patch needs.
        patch = CUBE if inner else stored
        if not is_quick or name in ("zarr_64_zstd", "shard_32_in_128_zstd"):
            cases.append(Case(f"{name}_once", name, patch, each_once(data.VOLUME, patch), is_shared=False))
    return cases + [Case(name, name, SQUARE, plane, is_shared=True) for name in data.TIFF]
