"""Images whose pixels tell where they are, so that a patch shows where it was cut and how it was turned."""

from itertools import product

import numpy as np

# Pixels of a ramp rise by this from one to the next.
STEP = 8


def coordinates(shape: tuple[int, ...]) -> np.ndarray:
    """Every pixel holds one of its own coordinates; neighbours hold different ones in turn."""
    axes = np.ogrid[tuple(slice(n) for n in shape)]
    turn = sum(axes) % len(shape)
    return np.choose(turn, axes).astype(np.uint16)


def ramps(shape: tuple[int, ...]) -> np.ndarray:
    """Two channels: one rises along Y, the other along X."""
    y, x = np.ogrid[: shape[1], : shape[2]]
    return np.stack([np.broadcast_to(STEP * axis, shape[1:]) for axis in (y, x)]).astype(np.uint16)


def symmetries(patch: np.ndarray):
    """The patch in all ways to flip and turn its last two axes, with the number of each way."""
    for place, (n_turns, is_flipped) in enumerate(product(range(4), (False, True))):
        turned = np.rot90(patch, n_turns, axes=(-2, -1))
        yield place, turned[..., ::-1] if is_flipped else turned


def locate(patch: np.ndarray, image: np.ndarray) -> tuple[tuple[int, ...], int] | None:
    """The place of a patch in an image of coordinates, and how it was turned; `None` if it is no patch of the image."""
    n_axes = image.ndim
    for place, turned in symmetries(patch):
        corner = turned[(0,) * (n_axes - 1)]
        for first in range(n_axes):
            start = [0] * n_axes
            for step in range(n_axes):
                axis = (first + step) % n_axes
                start[axis] = int(corner[step]) - (step if axis == n_axes - 1 else 0)
            if min(start) < 0:
                continue
            box = tuple(slice(a, a + n) for a, n in zip(start, turned.shape, strict=True))
            if np.array_equal(image[box], turned):
                return tuple(start), place
    return None
