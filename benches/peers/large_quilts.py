"""Quilts that are kept on disk: patches and variances added one by one, then mean and standard deviation read."""

import json
import math
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from environment import HERE
from processes import ERRORS, ask, described
from quilt_cases import BORDER_WEIGHT, PATCHWEAVE, QLTY, SEED
from quilt_checks import FACTORS, off, weights
from quilt_race import PATIENCE_S, Effort

# Sums are kept in double precision; qlty adds 1e-8 to the weights, at least a tenth, before it divides.
TOLERANCE = 1e-6
# The variance of a patch is the tile times the factor of the patch so many places on.
VARIANCE_SHIFT = 3
# Of chunks that patchweave keeps in memory; qlty has no such choice.
BUDGET_MIB = 64


@dataclass
class Tally:
    """What one contestant reached in one case."""

    seconds: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    # What the peak is above the memory of the process before the quilt was made.
    rise_bytes: int = 0
    # By how much of the value results are off; `None` before they were compared, or if that is too much.
    off: float | None = None
    failure: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.seconds) if self.seconds and not self.failure else 0.0


@dataclass
class Large:
    """Every patch is the same tile times its factor, so that nobody has to hold images."""

    name: str
    shape: tuple[int, ...]
    window: tuple[int, ...]
    step: tuple[int, ...]
    border: int
    tallies: dict[str, Tally] = field(default_factory=dict)
    disagreements: list[str] = field(default_factory=list)

    def starts(self) -> list[list[int]]:
        axes = zip(self.shape[2:], self.window, self.step, strict=True)
        return [[min(i * s, n - w) for i in range(math.ceil((n - w) / s) + 1)] for n, w, s in axes]

    def tile(self) -> np.ndarray:
        noise = np.random.default_rng(SEED).random((self.shape[1], *self.window), dtype=np.float32)
        return noise + 1

    def task(self, folder: Path) -> dict:
        """What every contestant is told."""
        return {
            "tile": str(folder / "tile.npy"),
            "base": str(folder / "quilt"),
            "images": self.shape[0],
            "image": self.shape[2:],
            "window": self.window,
            "step": self.step,
            "border": [self.border] * len(self.window),
            "border_weight": BORDER_WEIGHT,
            "budget_mib": BUDGET_MIB,
        }

    def expected(self) -> dict[str, np.ndarray]:
        """By plain NumPy; the weighted mean of variances is what the standard deviation is the root of."""
        sums = {"mean": np.zeros(self.shape), "std": np.zeros(self.shape)}
        totals, tile = np.zeros(self.shape[2:]), self.tile()
        weight = weights(self.window, [self.border] * len(self.window), BORDER_WEIGHT)
        places = np.array(np.meshgrid(*self.starts(), indexing="ij")).reshape(len(self.window), -1).T
        for index in range(self.shape[0] * len(places)):
            image, place = divmod(index, len(places))
            box = tuple(slice(a, a + w) for a, w in zip(places[place], self.window, strict=True))
            for role, shift in (("mean", 0), ("std", VARIANCE_SHIFT)):
                sums[role][(image, slice(None), *box)] += weight * (tile * FACTORS[(index + shift) % len(FACTORS)])
            if image == 0:
                totals[box] += weight
        return {"mean": sums["mean"] / totals, "std": np.sqrt(sums["std"] / totals)}

    def run(self, program: Path, folder: Path, effort: Effort) -> None:
        self.tallies = {PATCHWEAVE: Tally(), QLTY: Tally()}
        expected = self.expected()
        for repeat in range(effort.n_processes):
            print(f"{self.name}, round {repeat + 1} of {effort.n_processes}", file=sys.stderr)
            for contestant, tally in self.tallies.items():
                if tally.failure:
                    continue
                try:
                    self.once(program, folder, effort, contestant, None if repeat else expected)
                except ERRORS as error:
                    tally.failure = described(error)

    def once(self, program: Path, folder: Path, effort: Effort, contestant: str, expected: dict | None) -> None:
        tally = self.tallies[contestant]
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            place = Path(temporary)
            np.save(place / "tile.npy", self.tile())
            task = place / "task.json"
            task.write_text(json.dumps(self.task(place)))
            own = [str(program)] if contestant == PATCHWEAVE else [sys.executable, str(HERE / "large_qlty.py")]
            command = [*own, "--operation", "large", "--task", str(task), *effort.arguments()]
            if expected:
                command += ["--check", temporary]
            answer = ask(command, PATIENCE_S)
            tally.seconds.append(answer["seconds"])
            tally.peak_bytes = max(tally.peak_bytes, answer["peak_bytes"])
            tally.rise_bytes = max(tally.rise_bytes, answer["rise_bytes"])
            if not expected:
                return
            try:
                worst = 0.0
                for role, values in expected.items():
                    got = np.fromfile(place / role, "<f8").reshape(values.shape)
                    worst = max(worst, off(got, values, TOLERANCE))
                tally.off = worst
            except (ValueError, OSError) as error:
                self.disagreements.append(f"{self.name}: {contestant}: {described(error)}")


def all_larges(*, is_quick: bool) -> list[Large]:
    plane, volume = ((2048,) * 2, (64, 256, 256)) if is_quick else ((4096,) * 2, (128, 384, 384))
    return [
        Large("large_plane", (1, 1, *plane), (256, 256), (128, 128), border=16),
        Large("large_volume", (1, 1, *volume), (32, 64, 64), (16, 32, 32), border=4),
    ]
