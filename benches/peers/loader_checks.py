"""Whether what was loaded is what the image holds. Opens no image of its own and starts nothing."""

import numpy as np
from loader_cases import Case
from marks import STEP, locate, symmetries

# Differences of intensity that rounding may make; pixels are whole numbers.
ROUNDING = 0.05
# Of scales, whose pixels are averages by different filters: half of one pixel to the next.
FILTER = STEP / 2
N_SYMMETRIES = 8
# With fewer, flips or turns are missing. CAREamics gives both the same seed, so that half of them never occur.
N_NEEDED = 4


def restored(values: np.ndarray, mean: float, std: float) -> np.ndarray:
    return values.astype(np.float64) * std + mean


def whole(values: np.ndarray) -> np.ndarray:
    rounded = np.rint(values)
    worst = float(np.abs(values - rounded).max())
    if worst > ROUNDING:
        raise ValueError(f"pixels of the image were expected, got values {worst:.3f} beside whole numbers")
    return rounded


def found(places: list[tuple]) -> str:
    """Checks that patches are flipped and turned; says how many of what is random differ."""
    n_turns = len({turn for _, turn in places})
    if n_turns < N_NEEDED:
        raise ValueError(f"flips and turns: got {n_turns} of {N_SYMMETRIES} in {len(places)} patches")
    n_distinct = len({start for start, _ in places})
    return f"{n_distinct} places of {len(places)} patches, {n_turns} of {N_SYMMETRIES} ways to lie"


def check_patches(case: Case, arrays: dict[str, np.ndarray], image: np.ndarray) -> str:
    """Every patch is one of the image, flipped and turned, and normalised by its statistics."""
    n_expected = case.n_checked * case.batch_size
    inputs = arrays["input"].reshape(len(arrays["input"]), *case.patch)
    if len(inputs) != n_expected:
        raise ValueError(f"patches: got {len(inputs)}, expected {n_expected}")
    places = [locate(patch, image) for patch in whole(restored(inputs, *case.means_stds["input"]))]
    if None in places:
        raise ValueError(f"patch {places.index(None)} is not in the image")
    return found(places)


def check_lateral(case: Case, arrays: dict[str, np.ndarray], image: np.ndarray) -> str:
    """Targets are patches of the ramps; the input is their mean at every scale around the same centre."""
    size = case.patch[0]
    n = case.n_checked * case.batch_size
    shapes = {"input": (n, case.n_scales, size, size), "target": (n, len(image), size, size)}
    inputs, targets = (arrays[role].reshape(shape) for role, shape in shapes.items())
    (mean, std), of_channels = case.means_stds["input"], np.array(case.means_stds["target"])
    targets = whole(restored(targets, *of_channels.T[..., None, None]))
    places, from_centre = [], np.arange(size) - (size - 1) / 2
    inner = slice(size // 4, -size // 4)
    reach = size << case.n_scales
    for place, (scales, target) in enumerate(zip(restored(inputs, mean, std), targets, strict=True)):
        for turn, turned in symmetries(np.concatenate([target, scales])):
            y, x = (int(channel[0, 0]) // STEP for channel in turned[:2])
            if np.array_equal(image[:, y : y + size, x : x + size], turned[:2]):
                break
        else:
            raise ValueError(f"target {place} is not in the image")
        places.append(((y, x), turn))
        is_inside = min(y, x) > reach and max(y, x) < image.shape[-1] - reach
        for scale, got in enumerate(turned[2:] if is_inside else []):
            along_y, along_x = (start + (size - 1) / 2 + from_centre * 2**scale for start in (y, x))
            expected = STEP * (along_y[:, None] + along_x) / 2
            worst = float(np.abs(got - expected)[inner, inner].max())
            if worst > (FILTER if scale else ROUNDING):
                raise ValueError(f"scale {scale} of patch {place} at {y}, {x} is off by {worst:.2f}")
    return found(places)


def check(case: Case, arrays: dict[str, np.ndarray], image: np.ndarray) -> str:
    return (check_lateral if case.n_scales else check_patches)(case, arrays, image)


def check_statistics(case: Case, means: list[float], stds: list[float]) -> str:
    (mean, std), worst = case.means_stds["input"], 0.0
    for what, got, expected in (("mean", means, mean), ("standard deviation", stds, std)):
        if len(got) != 1:
            raise ValueError(f"{what}: got {got}, expected one value")
        off = abs(got[0] / expected - 1)
        if not off < 1e-4:
            raise ValueError(f"{what}: got {got[0]}, expected {expected}")
        worst = max(worst, off)
    return f"mean and standard deviation within {worst:.0e}"
