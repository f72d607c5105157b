"""OME-Zarr of all settings as zarr-python and ome-zarr-models read them; NPY and PNG as numpy and imagecodecs do."""

import imagecodecs
import numpy as np
import zarr
from ome_zarr_models import v04, v05
from ome_zarr_models.v04.omero import Omero

from pixels import expected_pixels, reduced


def most_frequent(pixels, halved, level):
    """A level of labels: the most frequent number under each pixel, of several the smallest."""
    factors = [2**level if is_halved else 1 for is_halved in halved]
    shape = [-(-size // factor) for size, factor in zip(pixels.shape, factors)]
    found = np.empty(shape, pixels.dtype)
    for at in np.ndindex(*shape):
        under = pixels[tuple(slice(i * f, (i + 1) * f) for i, f in zip(at, factors))]
        values, counts = np.unique(under, return_counts=True)
        found[at] = values[np.argmax(counts)]
    return found


def check_metadata(image, output, axes):
    """Axes, units, scales, places and channels, by the models of the version."""
    is_new = output["version"] == "0.5"
    model = (v05 if is_new else v04).Image.from_zarr(image)
    attributes = model.ome_attributes if is_new else model.attributes
    [multiscale] = attributes.multiscales
    assert [axis.name for axis in multiscale.axes] == axes, f"axes {multiscale.axes}"
    assert len(multiscale.datasets) == output["levels"], f"{len(multiscale.datasets)} levels"
    spatial = [axis for axis in axes if axis in "zyx"]
    size = dict(zip(spatial, output["pixel_size"]))
    for axis in multiscale.axes:
        unit = {"space": "micrometer", "time": "second"}.get(axis.type)
        assert axis.unit == unit, f"unit of {axis.name} is {axis.unit}"
    for level, dataset in enumerate(multiscale.datasets):
        transformations = dataset.coordinateTransformations
        factor = {axis: 2**level if axis in "yx" else 1 for axis in axes}
        base = {**{axis: 1.0 for axis in axes}, **size, "t": output["time_step"] or 1.0}
        scale = [base[axis] * factor[axis] for axis in axes]
        assert list(transformations[0].scale) == scale, f"scale {transformations[0].scale}, expected {scale}"
        place = [size[axis] * (1 + (factor[axis] - 1) / 2) if axis in size else 0.0 for axis in axes]
        assert np.allclose(transformations[1].translation, place, rtol=1e-15), f"place {transformations[1]}"
    if output["labels"]:
        holder = image.attrs["ome"] if is_new else image.attrs
        assert "image-label" in holder, "no labels"
    else:
        omero = attributes.omero
        # The models of 0.5 keep it as it is written; its form is that of 0.4.
        channels = (Omero.model_validate(omero) if isinstance(omero, dict) else omero).channels
        names = [channel.label for channel in channels]
        assert names == output["channel_names"], f"channels {names}"
        assert {channel.color for channel in channels} == {"FF8000"}, "colours"
        window = (0.0, 1.0) if output["dtype"] == "float32" else (1.0, 200.0)
        assert {(channel.window.start, channel.window.end) for channel in channels} == {window}, "windows"
    return multiscale


def check_array(array, output):
    """How chunks are stored: compression, and shards where they are asked for and there are several chunks."""
    codec, inside = {
        "auto": ("blosc", "zstd"),
        "blosc_zstd": ("blosc", "zstd"),
        "blosc": ("blosc", "lz4"),
        "deflate": ("gzip", None),
        "none": (None, None),
    }.get(output["codec"], (output["codec"], None))
    names = [getattr(c, "codec_id", type(c).__name__).lower() for c in array.compressors]
    assert (codec is None and not names) or (len(names) == 1 and codec in names[0]), f"compressors {names}"
    cnames = [getattr(c, "cname", None) for c in array.compressors]
    cnames = [getattr(cname, "value", cname) for cname in cnames]
    assert codec is None or cnames == [inside], f"codecs in blosc {cnames}"
    assert all(chunk <= 16 for chunk in array.chunks), f"chunks {array.chunks}"
    is_sharded = array.shards is not None
    may_be = output["version"] == "0.5" and output["sharding"] == "auto"
    assert not is_sharded or may_be, "shards that nobody asked for"


def check_zarr_settings(folder, output):
    check_group(zarr.open_group(folder / output["path"], mode="r"), output)


def check_group(group, output):
    """Metadata, storage, pixels and levels of every image of a store."""
    order = [output["axes"].index(axis) for axis in "STCZYX" if axis in output["axes"]]
    expected = expected_pixels(output).transpose(order)
    axes = [axis for axis in "tczyx" if axis.upper() in output["axes"]]
    if "S" in output["axes"]:
        images = [(group[str(at)], pixels) for at, pixels in enumerate(expected)]
    else:
        images = [(group, expected)]
    for image, pixels in images:
        multiscale = check_metadata(image, output, axes)
        for level, dataset in enumerate(multiscale.datasets):
            array = image[dataset.path]
            if level == 0:
                check_array(array, output)
            found = array[...]
            if level == 0:
                wanted = pixels
            elif output["labels"]:
                wanted = most_frequent(pixels, [axis in "yx" for axis in axes], level)
            else:
                wanted = reduced(pixels, "".join(axes).upper(), level)
            assert found.dtype == wanted.dtype, f"type {found.dtype}, expected {wanted.dtype}"
            assert found.shape == wanted.shape, f"shape {found.shape}, expected {wanted.shape}"
            n_wrong = np.count_nonzero(found != wanted)
            assert n_wrong == 0, f"level {level}: {n_wrong} pixels differ"


def check_npy(folder, output):
    found = np.load(folder / output["path"])
    expected = expected_pixels(output)
    assert found.dtype == expected.dtype and found.flags["C_CONTIGUOUS"], f"type {found.dtype}"
    assert np.array_equal(found, expected), "pixels differ"


def check_png(folder, output):
    found = imagecodecs.png_decode((folder / output["path"]).read_bytes())
    expected = expected_pixels(output)
    assert found.dtype == expected.dtype, f"type {found.dtype}"
    assert np.array_equal(found, expected), "pixels differ"
