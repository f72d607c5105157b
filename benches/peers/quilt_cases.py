"""Which patches are cut out of which images and blended again, and by whom; no cutting."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PATCHWEAVE = "patchweave"
QLTY, QLTY_NUMBA, QLTY_TORCH = "qlty", "qlty, numba", "qlty, torch"
TILER, PATCHIFY = "tiler", "patchify"
UNSTITCH, STITCH = "unstitch", "stitch"
CONTESTANTS = {
    UNSTITCH: [PATCHWEAVE, QLTY, TILER, PATCHIFY],
    STITCH: [PATCHWEAVE, QLTY_NUMBA, QLTY_TORCH, TILER, PATCHIFY],
}

BORDER_WEIGHT = 0.1
SEED = 11


@dataclass
class Case:
    """Windows over images of one shape, `NC(Z)YX`."""

    name: str
    shape: tuple[int, ...]
    window: tuple[int, ...]
    step: tuple[int, ...]
    border: int = 0

    @property
    def image(self) -> tuple[int, ...]:
        return self.shape[2:]

    @property
    def is_volume(self) -> bool:
        return len(self.window) == 3

    @property
    def is_exact(self) -> bool:
        """Whether windows end where the image does, without any that is pulled back or padded."""
        return all((n - w) % s == 0 for n, w, s in zip(self.image, self.window, self.step, strict=True))

    @property
    def times(self) -> tuple[int, ...]:
        """How many windows there are along every axis."""
        return tuple(math.ceil((n - w) / s) + 1 for n, w, s in zip(self.image, self.window, self.step, strict=True))

    @property
    def patches_shape(self) -> tuple[int, ...]:
        return self.shape[0] * math.prod(self.times), self.shape[1], *self.window

    @property
    def patch_bytes(self) -> int:
        return 4 * math.prod(self.patches_shape)

    def refusal(self, contestant: str) -> str:
        """Why a contestant has no part; empty if it has one."""
        if contestant == QLTY_NUMBA and self.is_volume:
            return "it has this path for planes only"
        if contestant in (QLTY, QLTY_TORCH) and self.is_volume and not self.is_exact:
            return "it fails where windows do not end with the volume"
        if contestant == PATCHIFY and not self.is_exact:
            return "it leaves off what does not fill a window"
        return ""

    def images(self, folder: Path) -> Path:
        return folder / f"{self.name}.npy"

    def prepare(self, folder: Path) -> None:
        """Makes the images if they are not there yet: noise between 1 and 2, so that relative errors mean something."""
        path = self.images(folder)
        if path.exists() and np.load(path, mmap_mode="r").shape == self.shape:
            return
        noise = np.random.default_rng(SEED).random(self.shape, dtype=np.float32)
        np.save(path.with_suffix(".part.npy"), noise + 1)
        path.with_suffix(".part.npy").rename(path)

    def task(self, folder: Path) -> dict:
        """What every contestant is told."""
        return {
            "images": str(self.images(folder)),
            "window": self.window,
            "step": self.step,
            "border": [self.border] * len(self.window),
            "border_weight": BORDER_WEIGHT,
        }


def all_cases() -> list[Case]:
    return [
        Case("plane_64", (4, 3, 1024, 1024), (64, 64), (32, 32), border=8),
        Case("plane_256", (1, 1, 4096, 4096), (256, 256), (128, 128)),
        Case("plane_16", (8, 1, 1024, 1024), (16, 16), (8, 8)),
        Case("plane_apart", (32, 1, 1024, 1024), (32, 32), (32, 32)),
        Case("plane_dense", (3, 1, 1024, 1024), (128, 128), (32, 32), border=16),
        Case("plane_channels", (2, 32, 512, 512), (64, 64), (48, 48)),
        Case("plane_odd", (4, 3, 1023, 777), (100, 60), (33, 47), border=10),
        Case("volume_64", (1, 1, 128, 256, 256), (64,) * 3, (32,) * 3),
        Case("volume_32", (2, 2, 96, 128, 128), (32,) * 3, (16,) * 3, border=4),
        Case("volume_flat", (1, 1, 64, 512, 512), (16, 64, 64), (8, 32, 32)),
        Case("volume_odd", (3, 1, 70, 200, 230), (32, 48, 40), (20, 30, 33), border=4),
    ]
