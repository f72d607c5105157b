"""Makes the images that patches are read from. Which patches, and by whom, is not decided here."""

from pathlib import Path

import numpy as np
import tensorstore as ts
import tifffile
from pixels import image

VOLUME = (256, 512, 512)
PLANE = (8192, 8192)

ZSTD = {"name": "zstd", "configuration": {"level": 3, "checksum": False}}
# What OME-Zarr writers used for years without being asked.
BLOSC = {"name": "blosc", "configuration": {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 2}}
BYTES = {"name": "bytes", "configuration": {"endian": "little"}}

# Chunks (or shards), chunks inside of shards, codec.
ZARR = {
    "zarr_64_zstd": ((64, 64, 64), None, ZSTD),
    "zarr_64_blosc": ((64, 64, 64), None, BLOSC),
    "zarr_128_zstd": ((128, 128, 128), None, ZSTD),
    "zarr_128_blosc": ((128, 128, 128), None, BLOSC),
    "shard_32_in_128_zstd": ((128, 128, 128), (32, 32, 32), ZSTD),
    "thin_z_zstd": ((1, 512, 512), None, ZSTD),
    "thin_z_blosc": ((1, 512, 512), None, BLOSC),
}
TIFF = {
    "tiff_striped_deflate": {"compression": "deflate", "rowsperstrip": 64},
    "tiff_tiled_deflate": {"compression": "deflate", "tile": (256, 256)},
    "tiff_tiled_zstd": {"compression": "zstd", "tile": (256, 256)},
    "tiff_uncompressed": {"rowsperstrip": PLANE[0]},
    "tiff_lzw_striped": {"compression": "lzw", "rowsperstrip": 64},
}


def write_zarr(path: Path, pixels: np.ndarray, stored, inner, codec) -> None:
    codecs = [BYTES, codec]
    if inner:
        index_codecs = [BYTES, {"name": "crc32c"}]
        inside = {"chunk_shape": inner, "codecs": codecs, "index_codecs": index_codecs}
        codecs = [{"name": "sharding_indexed", "configuration": inside}]
    metadata = {
        "shape": pixels.shape,
        "data_type": "uint16",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": stored}},
        "codecs": codecs,
        "dimension_names": ["z", "y", "x"],
    }
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{path}/"}, "metadata": metadata}
    ts.open(spec, create=True, delete_existing=True).result().write(pixels).result()


def source(data: Path, name: str) -> Path:
    """The pixels of an image as they were before a codec saw them."""
    return data / ("volume.npy" if name in ZARR else "plane.npy")


def image_path(data: Path, name: str) -> Path:
    return data / (f"{name}.zarr" if name in ZARR else f"{name}.tif")


def make(data: Path, names: list[str]) -> None:
    """Writes the named images into a folder, where they are not there yet."""
    missing = [name for name in names if not (data / f"{name}.done").exists()]
    for shape, kind in ((VOLUME, ZARR), (PLANE, TIFF)):
        wanted = [name for name in missing if name in kind]
        if not wanted:
            continue
        pixels = image(shape)
        np.save(source(data, wanted[0]), pixels)
        for name in wanted:
            path = image_path(data, name)
            if kind is ZARR:
                write_zarr(path, pixels, *ZARR[name])
            else:
                tifffile.imwrite(path, pixels, metadata=None, maxworkers=2, **TIFF[name])
            # An image that was left half-written is written again.
            (data / f"{name}.done").touch()
