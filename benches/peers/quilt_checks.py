"""What patches and blended images have to be, by plain NumPy, one window after the other. Starts nothing."""

import hashlib
import math
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
from quilt_cases import PATCHIFY, STITCH, TILER, Case

# Of blended images, relative; patches are equal.
TOLERANCE = 1e-5
# Patches are multiplied by one of these before they are blended, so that it matters who weighs how much.
FACTORS = (1 + np.arange(7, dtype=np.float32) / 8).astype(np.float32)


def factors(n_patches: int) -> np.ndarray:
    return np.resize(FACTORS, n_patches)


def weights(window: tuple[int, ...], border: list[int], border_weight: float) -> np.ndarray:
    """1 inside, less in the border."""
    found = np.full(window, border_weight if any(border) else 1.0)
    found[tuple(slice(b, w - b) for w, b in zip(window, border, strict=True))] = 1.0
    return found


class Expected:
    """What one case leads to. The last window along an axis is pulled back; tiler pads with zeros instead."""

    def __init__(self, case: Case, images: np.ndarray) -> None:
        self.case, self.images = case, images
        self.known: dict = {}

    def windows(self, *, is_padded: bool) -> Iterator[tuple[int, tuple]]:
        case = self.case
        starts = [
            [i * s if is_padded else min(i * s, n - w) for i in range(times)]
            for times, n, w, s in zip(case.times, case.image, case.window, case.step, strict=True)
        ]
        for image, place in product(range(case.shape[0]), product(*starts)):
            box = tuple(slice(a, a + w) for a, w in zip(place, case.window, strict=True))
            yield image, (slice(None), *box)

    def padded(self) -> np.ndarray:
        case = self.case
        reach = [(t - 1) * s + w for t, s, w in zip(case.times, case.step, case.window, strict=True)]
        more = [(0, r - n) for r, n in zip(reach, case.image, strict=True)]
        return np.pad(self.images, [(0, 0), (0, 0), *more])

    def digest(self, *, is_padded: bool) -> str:
        images = self.padded() if is_padded else self.images
        found = hashlib.sha256()
        for image, box in self.windows(is_padded=is_padded):
            found.update(np.ascontiguousarray(images[image][box]))
        return found.hexdigest()

    def blended(self, *, is_padded: bool) -> np.ndarray:
        case = self.case
        images = self.padded() if is_padded else self.images
        sums, totals = np.zeros(images.shape), np.zeros(images.shape[2:])
        task = case.task(Path())
        weight = weights(case.window, task["border"], task["border_weight"])
        for index, (image, box) in enumerate(self.windows(is_padded=is_padded)):
            sums[image][box] += weight * (images[image][box] * FACTORS[index % len(FACTORS)])
            if image == 0:
                totals[box[1:]] += weight
        return (sums / totals)[(..., *(slice(n) for n in case.image))]

    def overwritten(self) -> np.ndarray:
        """By patchify's rule: patches are written over one another, without those that would be covered."""
        case = self.case
        taken = []
        for times, w, s in zip(case.times, case.window, case.step, strict=True):
            places = [0]
            while places[-1] < times - 1:
                places.append(min((places[-1] * s + w) // s, times - 1))
            taken.append(places)
        result, n_windows = np.empty_like(self.images), math.prod(case.times)
        for image, place in product(range(case.shape[0]), product(*taken)):
            index = image * n_windows + int(np.ravel_multi_index(place, case.times))
            box = tuple(slice(i * s, i * s + w) for i, s, w in zip(place, case.step, case.window, strict=True))
            box = (slice(None), *box)
            result[image][box] = self.images[image][box] * FACTORS[index % len(FACTORS)]
        return result

    def of(self, operation: str, contestant: str):
        """A digest of patches, or images."""
        is_padded = contestant == TILER and not self.case.is_exact
        key = (operation, contestant == PATCHIFY and operation == STITCH, is_padded)
        if key not in self.known:
            if key[1]:
                self.known[key] = self.overwritten()
            else:
                compute = self.blended if operation == STITCH else self.digest
                self.known[key] = compute(is_padded=is_padded)
        return self.known[key]

    def check(self, operation: str, contestant: str, answer: dict, folder: Path) -> float:
        """By how much of the value what was reached is off; an error if that is too much."""
        expected = self.of(operation, contestant)
        if operation != STITCH:
            if answer["digest"] != expected:
                raise ValueError("patches differ from slices of the images")
            return 0.0
        got = np.fromfile(folder / "result", "<f4").reshape(expected.shape)
        return off(got, expected, TOLERANCE)


def off(got: np.ndarray, expected: np.ndarray, tolerance: float) -> float:
    """The largest relative difference."""
    differences = np.abs(got / expected - 1)
    worst = float(differences.max())
    if not worst < tolerance:
        n_wrong = int((~(differences < tolerance)).sum())
        raise ValueError(f"{n_wrong} of {got.size} pixels differ, by up to {worst:.1e} of their value")
    return worst
