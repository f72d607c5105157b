"""Loads batches as one contestant, or fits statistics, and prints the line that `peer_loaders` prints.

Every contestant is an iterable of batches over and over, built the way its documentation builds one. How long it is
measured, and what counts, is the same for all. loaders.py starts this file, once for each process.
"""

import argparse
import json
import multiprocessing
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

WARM_UP_S = 0.5
SEED = 42
# Batches that TorchIO's queue holds when it is full; it takes all patches of a volume at once.
N_QUEUED = 16
WORKERS = {f"{n} worker{'' if n == 1 else 's'}": {"num_workers": n} for n in range(3)}


@dataclass
class Task:
    """What all contestants are told; `peer_loaders.rs` says what the fields mean."""

    is_statistics: bool
    image: str
    axes: str
    patch: list[int]
    batch_size: int
    places: Any
    n_scales: int
    means_stds: dict | None
    cache_mib: int

    @property
    def statistics(self) -> tuple[float, float]:
        return tuple(self.means_stds["input"])

    def n_patches(self, shape: tuple[int, ...]) -> int:
        """As many as cover the image once."""
        spatial = shape[-len(self.patch) :]
        return int(np.prod([-(-n // p) for n, p in zip(spatial, self.patch, strict=True)]))


def torch_loader(dataset, task: Task, workers: dict, **more):
    from torch.utils.data import DataLoader

    persistent = {"persistent_workers": True} if workers["num_workers"] else {}
    return DataLoader(dataset, **{"batch_size": task.batch_size, **persistent, **workers, **more})


class Careamics:
    """The data set of CAREamics in a DataLoader, as its data module puts it there."""

    settings: ClassVar = WORKERS

    def __init__(self, task: Task, image: np.ndarray, workers: dict) -> None:
        from careamics.config.data.data_config import DataConfig
        from careamics.dataset.factory import create_dataset
        from torch.utils.data import default_collate

        config = DataConfig(**self.configuration(task), **workers)
        dataset = create_dataset(config, inputs=[image], targets=None)
        self.loader = self.of(config, dataset, default_collate)

    @staticmethod
    def of(config, dataset, collate):
        from torch.utils.data import DataLoader

        options = config.train_dataloader_params
        return DataLoader(dataset, batch_size=config.batch_size, collate_fn=collate, **options)

    @staticmethod
    def configuration(task: Task) -> dict:
        means_stds = task.means_stds or {}
        targets = means_stds.get("target") or []
        normalization: dict = {"name": "mean_std"}
        if means_stds:
            (mean, std) = task.statistics
            normalization |= {"input_means": [mean], "input_stds": [std]}
        if targets:
            normalization |= {"target_means": [m for m, _ in targets], "target_stds": [s for _, s in targets]}
        return {
            "mode": "training",
            "data_type": "array",
            "axes": task.axes,
            "patching": {"name": "random", "patch_size": task.patch, "seed": SEED},
            "normalization": normalization,
            "batch_size": task.batch_size,
            "seed": SEED,
        }

    def batches(self) -> Iterator:
        return iter(self.loader)

    @staticmethod
    def arrays(batch) -> dict[str, np.ndarray]:
        return {role: region.data.numpy() for role, region in zip(("input", "target"), batch, strict=False)}

    @staticmethod
    def length(batch) -> int:
        return len(batch[0].data)


class CareamicsLateral(Careamics):
    """The same for MicroSplit: channels that were recorded together, mixed into an input with lateral context."""

    def __init__(self, task: Task, image: np.ndarray, workers: dict) -> None:
        from careamics.config.data.microsplit_data_config import MicroSplitDataConfig
        from careamics.dataset.factory import MultiChannelTarget, create_microsplit_dataset
        from torch.utils.data import default_collate

        lateral = {"multiscale_count": task.n_scales, "padding_mode": "reflect"}
        config = MicroSplitDataConfig(**self.configuration(task), **lateral, **workers)
        dataset = create_microsplit_dataset(config, MultiChannelTarget([image]))
        self.loader = self.of(config, dataset, default_collate)


class Plain:
    """What all others have in common: a batch is one tensor."""

    loader: Any

    def batches(self) -> Iterator:
        return iter(self.loader)

    @staticmethod
    def tensor(batch):
        return batch

    def arrays(self, batch) -> dict[str, np.ndarray]:
        return {"input": self.tensor(batch).numpy()}

    def length(self, batch) -> int:
        return len(self.tensor(batch))


def random_patch(image: np.ndarray, task: Task) -> np.ndarray:
    """What one writes by hand: cut, normalise, flip, turn."""
    mean, std = task.statistics
    starts = [random.randrange(n - p + 1) for n, p in zip(image.shape, task.patch, strict=True)]
    box = tuple(slice(start, start + p) for start, p in zip(starts, task.patch, strict=True))
    patch = (image[box].astype(np.float32) - np.float32(mean)) / np.float32(std)
    if random.random() < 0.5:
        patch = np.flip(patch, random.choice((-2, -1)))
    if random.random() < 0.5:
        patch = np.rot90(patch, random.randint(1, 3), axes=(-2, -1))
    return patch


class Pytorch(Plain):
    """A map-style data set of patches, written by hand, in a DataLoader."""

    settings: ClassVar = WORKERS

    def __init__(self, task: Task, image: np.ndarray, workers: dict) -> None:
        import torch
        from torch.utils.data import Dataset

        class Patches(Dataset):
            def __len__(self) -> int:
                return task.n_patches(image.shape)

            def __getitem__(self, index: int):
                return torch.from_numpy(np.ascontiguousarray(random_patch(image, task)[None]))

        self.loader = torch_loader(Patches(), task, workers, shuffle=True)


class PytorchBatches(Plain):
    """The same, but whole batches at a time into one array, which saves collating."""

    settings: ClassVar = WORKERS

    def __init__(self, task: Task, image: np.ndarray, workers: dict) -> None:
        import torch
        from torch.utils.data import Dataset

        class Batches(Dataset):
            def __len__(self) -> int:
                return task.n_patches(image.shape)

            def __getitems__(self, indices: list[int]):
                batch = np.empty((len(indices), 1, *task.patch), np.float32)
                for patch in batch:
                    patch[0] = random_patch(image, task)
                return torch.from_numpy(batch)

        self.loader = torch_loader(Batches(), task, workers, shuffle=True, collate_fn=lambda batch: batch)


class Monai(Plain):
    """The image is cached after its fixed transforms; every draw of it gives a batch of random crops."""

    settings: ClassVar = WORKERS

    def __init__(self, task: Task, image: np.ndarray, workers: dict) -> None:
        from monai.data import CacheDataset, DataLoader, set_track_meta
        from monai.transforms import (
            Compose,
            EnsureTyped,
            NormalizeIntensityd,
            RandFlipd,
            RandRotate90d,
            RandSpatialCropSamplesd,
        )
        from torch.utils.data import RandomSampler

        # Nobody asks where a crop was: that makes it faster.
        set_track_meta(False)
        mean, std = task.statistics
        plane = (len(task.patch) - 2, len(task.patch) - 1)
        transform = Compose(
            [
                EnsureTyped("image", dtype=np.float32),
                NormalizeIntensityd("image", subtrahend=mean, divisor=std),
                RandSpatialCropSamplesd("image", roi_size=task.patch, num_samples=task.batch_size, random_size=False),
                *(RandFlipd("image", prob=0.25, spatial_axis=axis) for axis in plane),
                RandRotate90d("image", prob=0.5, spatial_axes=plane),
            ]
        )
        # The cached image is cropped, never changed, so that it need not be copied for each draw.
        dataset = CacheDataset([{"image": image[None]}], transform, copy_cache=False, progress=False)
        n_draws = -(-task.n_patches(image.shape) // task.batch_size)
        sampler = RandomSampler(dataset, replacement=True, num_samples=n_draws)
        persistent = {"persistent_workers": True} if workers["num_workers"] else {}
        self.loader = DataLoader(dataset, batch_size=1, sampler=sampler, **persistent, **workers)

    @staticmethod
    def tensor(batch):
        return batch["image"]


class Torchio(Plain):
    """Patches of a UniformSampler, through a Queue or straight from it; flips and turns of patches are PyTorch's."""

    settings: ClassVar = {
        "queue": {"has_queue": True, "num_workers": 0},
        **{f"sampler, {name}": {"has_queue": False, **workers} for name, workers in WORKERS.items()},
    }

    def __init__(self, task: Task, image: np.ndarray, setting: dict) -> None:
        import torch
        import torchio as tio
        from torch.utils.data import IterableDataset

        def augmented(patch):
            patch = patch["image"]["data"]
            if random.random() < 0.5:
                patch = patch.flip(random.choice(plane))
            if random.random() < 0.5:
                patch = patch.rot90(random.randint(1, 3), plane)
            return patch

        # Spatial axes come first in TorchIO, and there are always three.
        plane = (len(task.patch) - 1, len(task.patch))
        size = [*task.patch, 1][:3]
        mean, std = task.statistics
        pixels = torch.from_numpy(image.astype(np.float32)).reshape(1, *[*image.shape, 1][:3])
        subject = tio.Subject(image=tio.ScalarImage(tensor=(pixels - mean) / std))
        sampler = tio.data.UniformSampler(size)
        n_patches = task.n_patches(image.shape)

        class Patches(IterableDataset):
            def __iter__(self):
                worker = torch.utils.data.get_worker_info()
                n_own = n_patches // (worker.num_workers if worker else 1)
                return (augmented(patch) for patch in sampler(subject, num_patches=n_own))

        workers = {"num_workers": setting["num_workers"]}
        if setting["has_queue"]:
            subjects, length = tio.SubjectsDataset([subject]), N_QUEUED * task.batch_size
            queue = tio.Queue(subjects, max_length=length, samples_per_volume=length, sampler=sampler)

            def collate(patches: list):
                return torch.stack([augmented(patch) for patch in patches])

            self.loader = torch_loader(queue, task, workers, collate_fn=collate)
        else:
            self.loader = torch_loader(Patches(), task, workers)


CONTESTANTS = {
    "CAREamics": Careamics,
    "CAREamics, MicroSplit": CareamicsLateral,
    "PyTorch by hand": Pytorch,
    "PyTorch by hand, whole batches": PytorchBatches,
    "MONAI": Monai,
    "TorchIO": Torchio,
}
MODULES = {
    Careamics: "careamics.dataset.factory",
    CareamicsLateral: "careamics.dataset.factory",
    Pytorch: "torch.utils.data",
    PytorchBatches: "torch.utils.data",
    Monai: "monai.data",
    Torchio: "torchio",
}


def rates(contestant, seconds: float, n_windows: int) -> list[float]:
    """Patches per second in one window of time after the other, across the ends of epochs."""
    found, n_patches, is_warm, began = [], 0, False, time.perf_counter()
    while True:
        for batch in contestant.batches():
            n_patches += contestant.length(batch)
            elapsed = time.perf_counter() - began
            if elapsed < (seconds if is_warm else WARM_UP_S):
                continue
            if is_warm:
                found.append(n_patches / elapsed)
            if len(found) == n_windows:
                return found
            is_warm, n_patches, began = True, 0, time.perf_counter()


def check(contestant, folder: Path, n_batches: int) -> dict[str, list[int]]:
    """Writes the first batches of an epoch as plain f32, and returns their shapes."""
    parts: dict[str, list[np.ndarray]] = {}
    for batch in islice(contestant.batches(), n_batches):
        for role, array in contestant.arrays(batch).items():
            parts.setdefault(role, []).append(np.asarray(array, np.float32))
    arrays = {role: np.concatenate(part) for role, part in parts.items()}
    for role, array in arrays.items():
        array.tofile(folder / role)
    return {role: list(array.shape) for role, array in arrays.items()}


def careamics_statistics(task: Task, image: np.ndarray):
    """Those that its data set computes when it is made, here over patches that cover the image once."""
    from careamics.config.data.data_config import DataConfig
    from careamics.dataset.dataset import CareamicsDataset
    from careamics.dataset.factory import init_patch_extractor, select_image_stack_loader, select_patch_extractor_type
    from careamics.dataset.patch_constructor import BasicPatchConstr
    from careamics.dataset.patching import SequentialPatching

    config = DataConfig(**Careamics.configuration(task), num_workers=0)
    kind = {"data_type": config.data_type, "in_memory": config.in_memory}
    loader = select_image_stack_loader(**kind, loading=None)
    images = init_patch_extractor(select_patch_extractor_type(**kind), loader, [image], task.axes)
    patching = SequentialPatching(images.shapes, task.patch)
    constructor = BasicPatchConstr(patching_strategy=patching, input_extractor=images, target_extractor=None)

    def fit() -> tuple[list[float], list[float]]:
        dataset = CareamicsDataset(config.model_copy(deep=True), constructor)
        return dataset.config.normalization.input_means, dataset.config.normalization.input_stds

    return fit


def numpy_statistics(task: Task, image: np.ndarray):
    return lambda: ([float(image.mean())], [float(image.std())])


STATISTICS = {"CAREamics": careamics_statistics, "NumPy": numpy_statistics}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--contestant", required=True)
    parser.add_argument("--setting", default="")
    parser.add_argument("--task", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--windows", type=int, required=True)
    parser.add_argument("--check", type=Path, metavar="FOLDER")
    parser.add_argument("--check-batches", type=int)
    arguments = parser.parse_args()
    task = Task(**json.loads(arguments.task.read_text()))
    image = np.load(task.image)

    if task.is_statistics:
        fit = STATISTICS[arguments.contestant](task, image)
        found, values = [], ([], [])
        for _ in range(arguments.windows):
            began = time.perf_counter()
            values = fit()
            found.append(1 / (time.perf_counter() - began))
        print(json.dumps({"rates": found, "means": values[0], "stds": values[1]}))
        return

    kind = CONTESTANTS[arguments.contestant]
    # Importing is not counted.
    __import__(MODULES[kind])
    random.seed(SEED)
    began = time.perf_counter()
    contestant = kind(task, image, kind.settings[arguments.setting])
    first = contestant.batches()
    next(first)
    answer = {"first_batch_s": time.perf_counter() - began, "n_processes": len(multiprocessing.active_children())}
    answer["rates"] = rates(contestant, arguments.seconds, arguments.windows)
    if arguments.check:
        answer["shapes"] = check(contestant, arguments.check, arguments.check_batches)
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
