"""Records what other readers find in the real images: one line for every array, with a checksum of its pixels.

    python record.py [FOLDER] [--output FOLDER]

FOLDER holds the real images; without it, the environment variable PATCHWEAVE_TEST_DATA names it. Writes
checksums.tsv and refused.tsv beside this file, or into the folder named by --output.
"""

import argparse
import hashlib
import logging
import math
import os
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import tifffile
import zarr
from zarr.storage import LocalStore, ZipStore

HERE = Path(__file__).resolve().parent
# Files that are damaged on purpose: what a reader returns for them is luck, not a fact to be held to.
DAMAGED = Path("d_tiff_zoo/corrupt")
TIFF = {".tif", ".tiff"}
HDF5 = {".h5", ".hdf5", ".ims"}
# A large array is read and hashed in pieces of about this size.
PIECE_BYTES = 1 << 26


@dataclass
class Row:
    """A line of checksums.tsv."""

    path: str
    inside: str
    reader: str
    version: str
    axes: str
    shape: str
    dtype: str
    sum_f64: str
    sha256: str
    sha256_f32: str


@dataclass
class Refusal:
    """A line of refused.tsv."""

    path: str
    inside: str
    reader: str
    version: str
    error: str


class Found(NamedTuple):
    """An array as a reader gives it: something with a shape, a dtype and slices along its first axis."""

    axes: str
    array: object
    # Rows of the first axis that are stored together, so that no chunk is decoded twice.
    n_rows_together: int


class Unread(NamedTuple):
    error: Exception


# What a reader says of each array of a file, by its path inside that file.
Answers = Iterator[tuple[str, Found | Unread]]


def tiff(path: Path) -> Answers:
    try:
        file = tifffile.TiffFile(path)
    except Exception as error:
        yield "", Unread(error)
        return
    with file:
        for index, series in enumerate(file.series):
            inside = str(index) if index else ""
            try:
                array = series.asarray()
                yield inside, Found(series.axes, array, 1)
            except Exception as error:
                yield inside, Unread(error)


def npy(path: Path) -> Answers:
    try:
        yield "", Found("", np.load(path, allow_pickle=False), 1)
    except Exception as error:
        yield "", Unread(error)


def hdf5(path: Path) -> Answers:
    def below(group: h5py.Group, prefix: str, ancestors: tuple[h5py.Group, ...]) -> Answers:
        for name in group:
            inside = f"{prefix}{name}"
            try:
                item = group[name]
            except Exception as error:
                yield inside, Unread(error)
                continue
            if isinstance(item, h5py.Dataset):
                if item.ndim >= 2:
                    yield inside, Found("", item, (item.chunks or (1,))[0])
            # A link may lead back to where it came from.
            elif isinstance(item, h5py.Group) and item not in ancestors:
                yield from below(item, f"{inside}/", (*ancestors, item))

    try:
        file = h5py.File(path, "r")
    except Exception as error:
        yield "", Unread(error)
        return
    with file:
        yield from below(file, "", (file,))


def zarr_python(path: Path) -> Answers:
    # Found by their files rather than through their groups: one bad array must not hide its neighbours.
    if path.suffix == ".zip":
        names = zipfile.ZipFile(path).namelist()
        store = ZipStore(path, mode="r")
    else:
        names = [file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()]
        store = LocalStore(path, read_only=True)
    for name in names:
        folder, _, file = f"/{name}".rpartition("/")
        if file not in (".zarray", "zarr.json"):
            continue
        inside = folder.lstrip("/")
        zarr_format = 2 if file == ".zarray" else 3
        try:
            array = zarr.open(store, path=inside, mode="r", zarr_format=zarr_format)
        except Exception as error:
            yield inside, Unread(error)
            continue
        if isinstance(array, zarr.Array):
            together = (array.shards or array.chunks or (1,))[0]
            yield inside, Found(zarr_axes(store, array, inside), array, together)


def zarr_axes(store: LocalStore | ZipStore, array: zarr.Array, inside: str) -> str:
    """The axes that an OME group above the array gives it, or else the names that the array gives its dimensions."""
    parts = inside.split("/") if inside else []
    for depth in reversed(range(len(parts))):
        try:
            attributes = zarr.open_group(store, path="/".join(parts[:depth]), mode="r").attrs
        except Exception:
            # A group without metadata, or of another version, tells no axes.
            continue
        for image in attributes.get("ome", attributes).get("multiscales", []):
            levels = [level.get("path") for level in image.get("datasets", [])]
            if "/".join(parts[depth:]) in levels:
                return "".join(axis if isinstance(axis, str) else axis["name"] for axis in image.get("axes", []))
    # Version 2 has no names of dimensions.
    return "".join(name or "" for name in getattr(array.metadata, "dimension_names", None) or ())


READERS = {
    tiff: ("tifffile", tifffile.__version__),
    npy: ("numpy", np.__version__),
    hdf5: ("h5py", h5py.__version__),
    zarr_python: ("zarr-python", zarr.__version__),
}


def reader_of(path: Path):
    suffix = path.suffix.lower()
    if suffix == ".zarr" and path.is_dir():
        return zarr_python
    if not path.is_file():
        return None
    if suffix in TIFF:
        return tiff
    if suffix in HDF5:
        return hdf5
    return {".npy": npy, ".zip": zarr_python}.get(suffix)


def images(data: Path) -> Iterator[tuple[Path, object]]:
    """Every image and its reader; a Zarr folder is one image."""
    for folder, folders, files in os.walk(data):
        here = Path(folder)
        stores = [name for name in folders if name.endswith(".zarr")]
        folders[:] = [name for name in folders if name not in stores and (here / name).relative_to(data) != DAMAGED]
        for path in (here / name for name in [*files, *stores]):
            if reader := reader_of(path):
                yield path, reader


def pieces(found: Found) -> Iterator[np.ndarray]:
    array = found.array
    if isinstance(array, np.ndarray) or array.ndim == 0:
        yield np.asarray(array[...])
        return
    row_bytes = max(1, math.prod(array.shape[1:]) * array.dtype.itemsize)
    together = max(1, found.n_rows_together)
    n_rows = max(1, PIECE_BYTES // row_bytes // together) * together
    for start in range(0, array.shape[0], n_rows):
        yield np.asarray(array[start : start + n_rows])


def total(piece: np.ndarray) -> int | float:
    """The sum without rounding on the way, so that it depends on no order: exact for integers."""
    if piece.dtype.kind == "f":
        values = piece.astype(np.float64)
        return math.fsum(values.ravel().tolist()) if np.isfinite(values).all() else float(values.sum())
    # 64-bit integers would overflow a 64-bit sum.
    return sum(piece.ravel().tolist()) if piece.dtype.itemsize == 8 else int(piece.sum(dtype=np.int64))


def checksum(found: Found) -> tuple[float, str, str]:
    digest, digest_f32, totals = hashlib.sha256(), hashlib.sha256(), []
    for piece in pieces(found):
        digest.update(np.ascontiguousarray(piece, piece.dtype.newbyteorder("<")))
        digest_f32.update(np.ascontiguousarray(piece, "<f4"))
        totals.append(total(piece))
    sum_f64 = float(math.fsum(totals) if found.array.dtype.kind == "f" else sum(totals))
    return sum_f64, digest.hexdigest(), digest_f32.hexdigest()


def in_one_line(error: Exception, data: Path) -> str:
    """The error without what differs from run to run or from machine to machine."""
    text = f"{type(error).__name__}: {error}".replace(f"{data}/", "").replace(str(data), "")
    return " ".join(re.sub(r" at 0x[0-9a-f]+", "", text).split())


def record(data: Path) -> tuple[list[Row], list[Refusal]]:
    rows, refusals = [], []
    for path, read in images(data):
        name, version = READERS[read]
        for inside, answer in read(path):
            entry = (path.relative_to(data).as_posix(), inside, name, version)
            try:
                if isinstance(answer, Unread):
                    raise answer.error
                # Names in tables and the like are no pixels.
                if answer.array.dtype.kind not in "buif":
                    continue
                sum_f64, sha256, sha256_f32 = checksum(answer)
            except Exception as error:
                refusals.append(Refusal(*entry, in_one_line(error, data)))
                continue
            shape = "x".join(map(str, answer.array.shape))
            dtype = answer.array.dtype.newbyteorder("=").name
            rows.append(Row(*entry, answer.axes, shape, dtype, repr(sum_f64), sha256, sha256_f32))
    return rows, refusals


def write(path: Path, kind: type, rows: list) -> None:
    lines = [tuple(field.name for field in fields(kind))]
    lines += sorted((astuple(row) for row in rows), key=lambda line: (line[0], line[1]))
    path.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8", newline="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="Records what other readers find in the real images.")
    parser.add_argument("data", nargs="?", default=os.environ.get("PATCHWEAVE_TEST_DATA"), help="folder of real images")
    parser.add_argument("--output", type=Path, default=HERE, help="folder for the two tables")
    arguments = parser.parse_args()
    if not arguments.data or not Path(arguments.data).is_dir():
        parser.error("no folder of real images: name it, or set PATCHWEAVE_TEST_DATA")
    # The tables tell what was refused; remarks of the readers on the way would only repeat it.
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    rows, refusals = record(Path(arguments.data).resolve())
    write(arguments.output / "checksums.tsv", Row, rows)
    write(arguments.output / "refused.tsv", Refusal, refusals)
    print(f"{len(rows)} arrays recorded, {len(refusals)} refused")


if __name__ == "__main__":
    main()
