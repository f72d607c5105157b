"""Makes the images that patches are read from. Which patches, and by whom, is not decided here."""

from pathlib import Path

import numpy as np
import tensorstore as ts
import tifffile

VOLUME = (256, 512, 512)
PLANE = (8192, 8192)
SEED = 7

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
