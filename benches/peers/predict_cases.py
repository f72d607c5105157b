"""What is predicted: images, windows, and the configuration that the command patchweave gets. Nothing is run here."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

SEED = 7
# Of a network whose outputs see 32 pixels far, as its description says.
NETWORK_TILE = 512
NETWORK_OVERLAP = 64


@dataclass(frozen=True)
class Case:
    """One image, cut into windows."""

    name: str
    shape: tuple[int, ...]
    window: int
    overlap: int
    batch_size: int
    # Of values between 1 and 2, or probabilities.
    tolerance: float
    # Who runs the network of patchweave: a library of ONNX Runtime, or tract.
    runtime: Path | None = None

    @property
    def axes(self) -> str:
        return "ZYX"[-len(self.shape) :]

    @property
    def n_tiles(self) -> int:
        step = self.window - self.overlap
        n_tiles = 1
        for size in self.shape:
            n_tiles *= -(-(size - self.window) // step) + 1
        return n_tiles

    def make(self, path: Path) -> None:
        """Writes noise between 1 and 2, plane by plane or row by row."""
        image = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=self.shape)
        rng = np.random.default_rng(SEED)
        for part in image:
            part[:] = rng.random(part.shape, dtype=np.float32) + 1
        image.flush()

    def task(self, image: Path, blend: str, network: Path | None) -> dict:
        """What every contestant is told; `peer_predict.rs` says what the fields mean."""
        task = {
            "image": str(image),
            "axes": self.axes,
            "window": [self.window] * len(self.shape),
            "overlap": [self.overlap] * len(self.shape),
            "blend": blend,
            "batch_size": self.batch_size,
        }
        if network:
            mean, std = statistics_of(image)
            task |= {"network": str(network / "weights.onnx"), "package": str(network), "mean_std": [mean, std]}
            task["runtime"] = str(self.runtime) if self.runtime else None
        return task


def statistics_of(image: Path) -> tuple[float, float]:
    pixels = np.load(image, mmap_mode="r")
    return float(pixels.mean(dtype=np.float64)), float(pixels.std(dtype=np.float64))


def volume(*, is_quick: bool) -> Case:
    return Case("volume", (128 if is_quick else 256,) * 3, 64, 32, 4, 1e-5)


def plane(*, is_quick: bool) -> Case:
    return Case("plane", (1024 if is_quick else 4096,) * 2, 256, 128, 4, 1e-5)


def network(size: int, runtime: Path | None) -> Case:
    return Case("network", (size,) * 2, NETWORK_TILE, NETWORK_OVERLAP, 4, 1e-3, runtime)


def installed_runtime() -> Path:
    """The library of ONNX Runtime that the others use."""
    import onnxruntime

    return max((Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.*"))


def configuration(task: dict, folder: Path, n_threads: int) -> str:
    """The YAML for `patchweave run`: from a NumPy file to an OME-Zarr in a folder."""
    normalization = "{name: none}"
    model = "identity"
    n_workers = n_threads
    if "network" in task:
        mean, std = task["mean_std"]
        normalization = f"{{name: mean_std, input_means: {mean}, input_stds: {std}}}"
        runtime = f"{{onnxruntime: {task['runtime']}}}" if task["runtime"] else "tract"
        model = f"{{onnx: {task['network']}, halo: {NETWORK_OVERLAP // 2}, intensities: own, runtime: {runtime}}}"
        n_workers = 1
    return f"""
output: {folder}
overwrite: true
data_config:
  mode: predicting
  data_type: npy
  axes: {task["axes"]}
  patching: {{name: tiled, patch_size: {task["window"]}, overlaps: {task["overlap"]}}}
  normalization: {normalization}
  batch_size: {task["batch_size"]}
  num_workers: {n_workers}
predict:
  input: {task["image"]}
  models: [{model}]
  blend: {task["blend"]}
  formats: [ome_zarr]
  pixel_type: float32
"""
