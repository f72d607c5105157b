"""Cuts patches or blends them as one contestant, and prints the line that `peer_quilts` prints.

Every contestant works on arrays in memory, the way its documentation works on them, and returns memory of its own. How
long it is measured is the same for all. quilts.py starts this file, once for each process.
"""

import argparse
import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from quilt_cases import PATCHIFY, QLTY, QLTY_NUMBA, QLTY_TORCH, TILER, UNSTITCH
from quilt_checks import factors, weights

# Each is called so often at least, after a call that is not counted.
N_TURNS = 3


@dataclass
class Task:
    """What all contestants are told; `peer_quilts.rs` says what the fields mean."""

    images: str
    window: list[int]
    step: list[int]
    border: list[int]
    border_weight: float


class Qlty:
    """Its quilts for planes and volumes, of which the former blend with numba or with torch alone."""

    def __init__(self, task: Task, images: np.ndarray, n_threads: int, *, options: dict) -> None:
        import torch
        from qlty import NCYXQuilt, NCZYXQuilt

        torch.set_num_threads(n_threads)
        self.from_numpy, self.options = torch.from_numpy, options
        kind = NCYXQuilt if len(task.window) == 2 else NCZYXQuilt
        shared = {"window": tuple(task.window), "step": tuple(task.step), "border": tuple(task.border)}
        sizes = dict(zip("ZYX"[-len(task.window) :], images.shape[2:], strict=True))
        self.quilt = kind(**sizes, **shared, border_weight=task.border_weight)
        self.images = self.from_numpy(images)

    def unstitch(self):
        return self.quilt.unstitch(self.images)

    def stitcher(self, patches: np.ndarray) -> Callable:
        tensor = self.from_numpy(patches)
        return lambda: self.quilt.stitch(tensor, **self.options)[0]

    @staticmethod
    def array(found) -> np.ndarray:
        return found.numpy()


class Tiler:
    """A tiler and a merger for the images one by one; windows that would overhang are padded."""

    def __init__(self, task: Task, images: np.ndarray, _n_threads: int) -> None:
        import tiler

        overlap = [w - s for w, s in zip(task.window, task.step, strict=True)]
        shape = images.shape[1:]
        self.tiler = tiler.Tiler(shape, (shape[0], *task.window), overlap=(0, *overlap), channel_dimension=0)
        weight = weights(tuple(task.window), task.border, task.border_weight)
        window = np.broadcast_to(weight, self.tiler.tile_shape)
        self.merger = tiler.Merger(self.tiler, window=window, save_visits=False)
        self.images = images

    def unstitch(self) -> np.ndarray:
        places = range(len(self.tiler))
        # Views are copied once, into the array of patches.
        return np.stack([self.tiler.get_tile(image, i, copy_data=False) for image in self.images for i in places])

    def stitcher(self, patches: np.ndarray) -> Callable:
        def stitch() -> np.ndarray:
            found = np.empty_like(self.images)
            for image, tiles in zip(found, np.split(patches, len(found)), strict=True):
                self.merger.reset(save_visits=False)
                for i, tile in enumerate(tiles):
                    self.merger.add(i, tile)
                image[:] = self.merger.merge()
            return found

        return stitch

    @staticmethod
    def array(found: np.ndarray) -> np.ndarray:
        return found


class Patchify:
    """Channels one by one; what it cuts is a view, which is copied, and what it puts together is not blended."""

    def __init__(self, task: Task, images: np.ndarray, _n_threads: int) -> None:
        import patchify

        self.task, self.images = task, images
        self.cut, self.join = patchify.patchify, patchify.unpatchify

    def views(self) -> list[list[np.ndarray]]:
        window, step = tuple(self.task.window), tuple(self.task.step)
        return [[self.cut(channel, window, step) for channel in image] for image in self.images]

    def unstitch(self) -> np.ndarray:
        (n, c), views, window = self.images.shape[:2], self.views(), self.task.window
        times = views[0][0].shape[: len(window)]
        patches = np.empty((n, *times, c, *window), np.float32)
        for image, of_image in zip(patches, views, strict=True):
            for channel, view in enumerate(of_image):
                image[(*(slice(None) for _ in times), channel)] = view
        return patches.reshape(-1, c, *window)

    def stitcher(self, patches: np.ndarray) -> Callable:
        (n, c), window = self.images.shape[:2], self.task.window
        times = self.views()[0][0].shape[: len(window)]
        grids = np.moveaxis(patches.reshape(n, *times, c, *window), 1 + len(times), 1)

        def stitch() -> np.ndarray:
            found = np.empty_like(self.images)
            for image, of_image in zip(found, grids, strict=True):
                for channel, grid in zip(image, of_image, strict=True):
                    channel[:] = self.join(grid, channel.shape)
            return found

        return stitch

    @staticmethod
    def array(found: np.ndarray) -> np.ndarray:
        return found


def contestant(name: str, task: Task, images: np.ndarray, n_threads: int):
    if name in (QLTY, QLTY_NUMBA, QLTY_TORCH):
        is_plane = len(task.window) == 2
        options = {"use_numba": name == QLTY_NUMBA} if is_plane else {}
        return Qlty(task, images, n_threads, options=options)
    return {TILER: Tiler, PATCHIFY: Patchify}[name](task, images, n_threads)


def rates(work: Callable, n_bytes: int, seconds: float) -> list[float]:
    """Bytes per second of every call; what it returns is dropped afterwards."""
    work()
    found, end = [], time.perf_counter() + seconds
    while len(found) < N_TURNS or time.perf_counter() < end:
        began = time.perf_counter()
        result = work()
        found.append(n_bytes / (time.perf_counter() - began))
        del result
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--contestant", required=True)
    parser.add_argument("--operation", required=True)
    parser.add_argument("--task", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--check", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    # Read when numba is imported.
    os.environ["NUMBA_NUM_THREADS"] = str(arguments.threads)
    task = Task(**json.loads(arguments.task.read_text()))
    images = np.load(task.images)
    chosen = contestant(arguments.contestant, task, images, arguments.threads)
    patches = np.ascontiguousarray(chosen.array(chosen.unstitch()))
    work, n_bytes = chosen.unstitch, patches.nbytes
    if arguments.operation != UNSTITCH:
        patches *= factors(len(patches)).reshape(-1, *[1] * (patches.ndim - 1))
        work = chosen.stitcher(patches)
    else:
        del patches
    answer = {"rates": {"fresh": rates(work, n_bytes, arguments.seconds)}}
    if arguments.check:
        found = np.ascontiguousarray(chosen.array(work()))
        if arguments.operation == UNSTITCH:
            answer["digest"] = hashlib.sha256(found).hexdigest()
        else:
            found.tofile(arguments.check / "result")
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
