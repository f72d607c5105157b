"""Predicts as one contestant, and prints the line that `peer_predict` prints.

Every contestant works the way its documentation works. What it needs is imported before anything counts; predict.py starts
this file, once for each process.
"""

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

MONAI = "MONAI"
TORCHIO = "TorchIO"
TILER = "tiler"
QLTY = "qlty, Large"
MONAI_ZARR = "MONAI, Zarr merger"
ONNXRUNTIME = "onnxruntime, plain loop"
BIOIMAGEIO = "bioimageio.core"


def memory() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmRSS:"))


def monai(task: dict, n_threads: int, _folder: Path) -> Callable:
    """The sliding window of its inferers, with its Gaussian importance map."""
    import torch
    from monai.inferers import sliding_window_inference

    torch.set_num_threads(n_threads)
    image = torch.from_numpy(np.load(task["image"]))[None, None]
    overlap = task["overlap"][0] / task["window"][0]

    def run() -> np.ndarray:
        with torch.inference_mode():
            found = sliding_window_inference(
                image,
                tuple(task["window"]),
                task["batch_size"],
                lambda windows: windows,
                overlap=overlap,
                mode="gaussian",
            )
        return found[0, 0].numpy()

    return run


def torchio(task: dict, n_threads: int, _folder: Path) -> Callable:
    """A grid sampler and a grid aggregator with the window of von Hann; batches are made in this process."""
    import torch
    import torchio as tio

    torch.set_num_threads(n_threads)
    image = torch.from_numpy(np.load(task["image"]))[None]
    subject = tio.Subject(image=tio.ScalarImage(tensor=image))

    def run() -> np.ndarray:
        sampler = tio.GridSampler(subject, tuple(task["window"]), tuple(task["overlap"]))
        aggregator = tio.GridAggregator(sampler, overlap_mode="hann")
        with torch.inference_mode():
            for batch in tio.SubjectsLoader(sampler, batch_size=task["batch_size"]):
                aggregator.add_batch(batch["image"][tio.DATA], batch[tio.LOCATION])
        return aggregator.get_output_tensor()[0].numpy()

    return run


def gaussian(window: list[int]) -> np.ndarray:
    """Standard deviations of an eighth of the window, as those of MONAI."""
    weights = np.ones((), np.float64)
    for size in window:
        distance = np.arange(size) - (size - 1) / 2
        weights = np.multiply.outer(weights, np.exp(-0.5 * (distance / (0.125 * size)) ** 2))
    return weights


def tiler(task: dict, _n_threads: int, _folder: Path) -> Callable:
    """A tiler and a merger that is given Gaussian weights."""
    import tiler

    image = np.load(task["image"])
    weights = gaussian(task["window"])

    def run() -> np.ndarray:
        tiles = tiler.Tiler(image.shape, tuple(task["window"]), overlap=tuple(task["overlap"]))
        merger = tiler.Merger(tiles, window=weights, save_visits=False)
        for batch_idx, batch in tiles(image, batch_size=task["batch_size"]):
            merger.add_batch(batch_idx, task["batch_size"], batch)
        return merger.merge(dtype=np.float32)

    return run


def qlty_large(task: dict, n_threads: int, folder: Path) -> Callable:
    """Tiles from a mapped file, one by one, into its quilt on disk; the mean is in memory, and on disk."""
    import torch
    import zarr
    from qlty import LargeNCYXQuilt

    torch.set_num_threads(n_threads)
    zarr.config.set({"threading.max_workers": n_threads})
    y, x = np.load(task["image"], mmap_mode="r").shape
    step = tuple(w - o for w, o in zip(task["window"], task["overlap"], strict=True))

    def run() -> np.ndarray:
        image = torch.from_numpy(np.load(task["image"], mmap_mode="c"))[None, None]
        base = folder / "quilt"
        quilt = LargeNCYXQuilt(
            str(base), N=1, Y=y, X=x, window=tuple(task["window"]), step=step, border=(16, 16), border_weight=0.1
        )
        for _ in range(quilt.N_chunks):
            index, tile = quilt.unstitch_next(image)
            quilt.stitch(tile[None], index)
        return np.asarray(quilt.return_mean())[0, 0]

    return run


def monai_zarr(task: dict, n_threads: int, folder: Path) -> Callable:
    """Its patch inferer from a mapped file into its merger on disk."""
    import torch
    import zarr
    from monai.inferers import PatchInferer, SlidingWindowSplitter, ZarrAvgMerger

    torch.set_num_threads(n_threads)
    zarr.config.set({"threading.max_workers": n_threads})
    overlap = task["overlap"][0] / task["window"][0]

    def run() -> np.ndarray:
        image = torch.from_numpy(np.load(task["image"], mmap_mode="c"))[None, None]
        chunk = tuple(w - o for w, o in zip(task["window"], task["overlap"], strict=True))
        inferer = PatchInferer(
            splitter=SlidingWindowSplitter(tuple(task["window"]), overlap),
            merger_cls=ZarrAvgMerger,
            batch_size=task["batch_size"],
            store=str(folder / "merged.zarr"),
            value_store=str(folder / "values.zarr"),
            count_store=str(folder / "counts.zarr"),
            chunks=(1, 1, *chunk),
        )
        with torch.inference_mode():
            found = inferer(image, lambda tiles: tiles)
        # An array on disk, which is read for the comparison alone.
        return found

    return run


def onnxruntime(task: dict, n_threads: int, _folder: Path) -> Callable:
    """One tile after the other, each on all threads; the middle of it is kept."""
    import onnxruntime as ort

    image = np.load(task["image"])
    mean, std = np.float32(task["mean_std"])
    options = ort.SessionOptions()
    options.intra_op_num_threads = n_threads
    session = ort.InferenceSession(task["network"], options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    window, overlap = task["window"][0], task["overlap"][0]

    def places(size: int) -> list[tuple[int, int, int]]:
        """The start of every tile, and what of the image it keeps."""
        step = window - overlap
        n = -(-(size - window) // step) + 1
        starts = [min(i * step, size - window) for i in range(n)]
        bounds = [0, *(i * step + overlap // 2 for i in range(1, n)), size]
        return [(start, bounds[i], bounds[i + 1]) for i, start in enumerate(starts)]

    def run() -> np.ndarray:
        found = np.empty_like(image)
        for y, y0, y1 in places(image.shape[0]):
            for x, x0, x1 in places(image.shape[1]):
                tile = (image[y : y + window, x : x + window] - mean) / std
                (made,) = session.run(None, {name: tile[None, None]})
                found[y0:y1, x0:x1] = made[0, 0, y0 - y : y1 - y, x0 - x : x1 - x]
        return sigmoid(found)

    return run


def bioimageio(task: dict, n_threads: int, folder: Path) -> Callable:
    """Its prediction pipeline, which cuts blocks and halos as the description of the network says."""
    from bioimageio.core import create_prediction_pipeline, predict
    from bioimageio.spec import load_model_description

    image = np.load(task["image"])[None, None]
    description = load_model_description(package(Path(task["package"]), folder / "package"))
    pipeline = create_prediction_pipeline(description, weight_format="onnx")

    def run() -> np.ndarray:
        found = predict(model=pipeline, inputs={"raw": image}, blocksize_parameter=1)
        return np.asarray(found.members["probability"].data)[0, 0]

    return run


def package(source: Path, target: Path) -> Path:
    """The network with a description that names only the files that are there."""
    import yaml

    target.mkdir(parents=True)
    told = yaml.safe_load((source / "bioimageio.yaml").read_text().partition("---")[2])
    told["weights"] = {"onnx": {k: v for k, v in told["weights"]["onnx"].items() if k != "parent"}}
    told.pop("covers")
    for tensor in (*told["inputs"], *told["outputs"]):
        tensor.pop("sample_tensor")
    (target / told["documentation"]).write_text("A network.\n")
    for name in ("weights.onnx", "test_input.npy", "test_output.npy"):
        shutil.copy(source / name, target)
    path = target / "bioimageio.yaml"
    path.write_text(yaml.safe_dump(told))
    return path


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


CONTESTANTS = {
    MONAI: monai,
    TORCHIO: torchio,
    TILER: tiler,
    QLTY: qlty_large,
    MONAI_ZARR: monai_zarr,
    ONNXRUNTIME: onnxruntime,
    BIOIMAGEIO: bioimageio,
}
# These are called once more before anything counts; the others take long, and meet files and networks anew each time.
IN_MEMORY = (MONAI, TORCHIO, TILER)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--contestant", required=True)
    parser.add_argument("--task", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--turns", type=int, required=True)
    parser.add_argument("--check", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    task = json.loads(arguments.task.read_text())
    seconds, result = [], None
    with tempfile.TemporaryDirectory(dir=arguments.task.parent) as temporary:
        run = CONTESTANTS[arguments.contestant](task, arguments.threads, Path(temporary))
        before = memory()
        if arguments.contestant in IN_MEMORY:
            run()
        for _ in range(arguments.turns):
            del result
            began = time.perf_counter()
            result = run()
            seconds.append(time.perf_counter() - began)
        if arguments.check:
            np.ascontiguousarray(result, "<f4").tofile(arguments.check / "result")
    print(json.dumps({"seconds": seconds, "before_bytes": before}))


if __name__ == "__main__":
    main()
