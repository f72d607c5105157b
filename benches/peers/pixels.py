"""What images look like, before any file format or reader."""

import numpy as np

SEED = 7


def image(shape: tuple[int, ...]) -> np.ndarray:
    """A smooth gradient with noise like that of counted photons; codecs halve it, as they do microscopy images."""
    rng = np.random.default_rng(SEED)
    pixels = np.empty(shape, np.uint16)
    waves = [np.sin(np.arange(n, dtype=np.float32) / (20 * (axis + 2))) for axis, n in enumerate(shape)]
    # Slab by slab, so that no copy of the whole in floats is needed.
    n_rows = 512 if len(shape) == 2 else 1
    for start in range(0, shape[0], n_rows):
        slab = slice(start, start + n_rows)
        mean = np.float32(150) + 30 * sum(np.ix_(waves[0][slab], *waves[1:]))
        noise = rng.standard_normal(mean.shape, dtype=np.float32)
        pixels[slab] = np.rint(np.maximum(mean + np.sqrt(mean) * noise, 0))
    return pixels
