"""Which batches are loaded from which image, and by whom; no reading."""

from dataclasses import dataclass, field
from pathlib import Path

import marks
import numpy as np

PATCHWEAVE = "patchweave"
CAREAMICS = "CAREamics"
MICROSPLIT = "CAREamics, MicroSplit"
BY_HAND, WHOLE_BATCHES = "PyTorch by hand", "PyTorch by hand, whole batches"
NUMPY = "NumPy"
USUAL = [CAREAMICS, BY_HAND, "MONAI", "TorchIO"]
OTHERS = [*USUAL, WHOLE_BATCHES]

PLANE = (8192, 8192)
VOLUME = (256, 512, 512)
CHANNELS = (2, 4096, 4096)


@dataclass
class Goal:
    """At least so many times as fast as the fastest of some contestants."""

    factor: float
    contestants: list[str]
    what: str


@dataclass
class Case:
    """Batches of one kind from one image in memory, or its statistics."""

    name: str
    axes: str
    shape: tuple[int, ...]
    patch: tuple[int, ...]
    batch_size: int
    others: list[str]
    goals: list[Goal]
    n_scales: int = 0
    is_statistics: bool = False
    # How many batches are compared with the image.
    n_checked: int = 8
    has_first_batch: bool = False
    # Known once the image was made.
    means_stds: dict | None = field(default=None)

    @property
    def contestants(self) -> list[str]:
        return [PATCHWEAVE, *self.others]

    @property
    def unit(self) -> str:
        return "megapixels/s" if self.is_statistics else "patches/s"

    def image(self, folder: Path) -> Path:
        return folder / f"{'x'.join(map(str, self.shape))}.npy"

    def prepare(self, folder: Path) -> None:
        """Makes the image if it is not there yet, and takes its statistics."""
        path = self.image(folder)
        if not path.exists():
            pixels = marks.ramps(self.shape) if self.n_scales else marks.coordinates(self.shape)
            np.save(path.with_suffix(".part.npy"), pixels)
            path.with_suffix(".part.npy").rename(path)
        pixels = np.load(path, mmap_mode="r")
        if self.n_scales:
            mixed = pixels.mean(axis=0, dtype=np.float32)
            targets = [(float(channel.mean()), float(channel.std())) for channel in pixels]
            self.means_stds = {"input": (float(mixed.mean(dtype=np.float64)), float(mixed.std(dtype=np.float64)))}
            self.means_stds["target"] = targets
        else:
            self.means_stds = {"input": (float(pixels.mean()), float(pixels.std())), "target": []}

    def task(self, folder: Path) -> dict:
        """What every contestant is told."""
        return {
            "is_statistics": self.is_statistics,
            "image": str(self.image(folder)),
            "axes": self.axes,
            "patch": self.patch,
            "batch_size": self.batch_size,
            "places": "random",
            "n_scales": self.n_scales,
            "means_stds": None if self.is_statistics else self.means_stds,
            "cache_mib": 256,
        }


def all_cases() -> list[Case]:
    plane_goals = [Goal(15, [CAREAMICS], "CAREamics"), Goal(2.5, [BY_HAND], "PyTorch by hand")]
    lateral_goals = [Goal(45, [MICROSPLIT], "CAREamics"), Goal(60, [MICROSPLIT], "CAREamics, the aim")]
    statistics = {"is_statistics": True, "others": [CAREAMICS, NUMPY], "goals": [Goal(30, [CAREAMICS], "CAREamics")]}
    return [
        Case("plane", "YX", PLANE, (64, 64), 128, OTHERS, plane_goals, has_first_batch=True),
        Case("volume", "ZYX", VOLUME, (64,) * 3, 8, OTHERS, [Goal(3, USUAL, "the best of CAREamics, PyTorch by hand, MONAI and TorchIO")], n_checked=16),
        Case("lateral", "CYX", CHANNELS, (64, 64), 32, [MICROSPLIT], lateral_goals, n_scales=3),
        Case("statistics", "YX", PLANE, (64, 64), 128, **statistics),
    ]
