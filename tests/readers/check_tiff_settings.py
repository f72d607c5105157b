"""TIFF files of all settings as tifffile reads them: how they are stored, their pixels and levels, and what they say."""

import numpy as np
import tifffile

from pixels import expected_pixels, reduced

COMPRESSIONS = {"none": 1, "lzw": 5, "deflate": 8, "zstd": 50000}


def check_storage(tif, output):
    """BigTIFF, strips or tiles, compression and predictor of the first page."""
    page = tif.pages[0]
    assert tif.is_bigtiff == output["bigtiff"], f"BigTIFF is {tif.is_bigtiff}"
    is_tiled = output["layout"] == "tiles" or output["layout"] == "auto" and output["levels"] > 1
    assert page.is_tiled == is_tiled, f"tiled is {page.is_tiled}"
    codec = output["codec"]
    if codec == "auto":
        codec = "deflate" if output["levels"] > 1 else "none"
    assert page.compression == COMPRESSIONS[codec], f"compression {page.compression}, expected {codec}"
    own = 3 if output["dtype"].startswith("float") else 2
    predictor = own if codec != "none" and output["predictor"] == "auto" else 1
    assert page.predictor == predictor, f"predictor {page.predictor}, expected {predictor}"


def check_pixels(found, expected, what):
    assert found.dtype == expected.dtype, f"{what}: type {found.dtype}, expected {expected.dtype}"
    assert found.shape == expected.shape, f"{what}: shape {found.shape}, expected {expected.shape}"
    n_wrong = np.count_nonzero(found != expected)
    assert n_wrong == 0, f"{what}: {n_wrong} pixels differ"


def check_ome(tif, output):
    """Sizes, units, times, names and colours of every image of the OME-XML."""
    assert tif.is_ome, "no OME-XML"
    root = tifffile.xml2dict(tif.ome_metadata)["OME"]
    assert root["UUID"].startswith("urn:uuid:"), root["UUID"]
    images = root["Image"] if isinstance(root["Image"], list) else [root["Image"]]
    spatial = [axis for axis in output["axes"] if axis in "ZYX"]
    sizes = dict(zip(output["axes"], output["shape"]))
    for image in images:
        pixels = image["Pixels"]
        for axis in "XYZCT":
            assert pixels[f"Size{axis}"] == sizes.get(axis, 1), f"Size{axis} is {pixels[f'Size{axis}']}"
        for axis, size in zip(spatial, output["pixel_size"]):
            assert pixels[f"PhysicalSize{axis}"] == size, f"PhysicalSize{axis}, expected {size}"
            assert pixels[f"PhysicalSize{axis}Unit"] == "µm", pixels[f"PhysicalSize{axis}Unit"]
        if output["time_step"]:
            assert pixels["TimeIncrement"] == output["time_step"], pixels["TimeIncrement"]
        channels = pixels["Channel"] if isinstance(pixels["Channel"], list) else [pixels["Channel"]]
        if output["channel_names"]:
            names = [channel["Name"] for channel in channels]
            assert names == output["channel_names"], f"channels {names}"
            assert {channel["Color"] for channel in channels} == {0x010203FF}, "colours"
        planes = pixels["Plane"] if isinstance(pixels["Plane"], list) else [pixels["Plane"]]
        for axis, size in zip(spatial, output["pixel_size"]):
            assert planes[0][f"Position{axis}"] == size, f"Position{axis} is {planes[0][f'Position{axis}']}"


def check_axes(found, output, expected):
    """Axes that have more than one position, samples of a pixel as tifffile calls them."""
    wanted = "".join(axis for axis, size in zip(*expected) if size > 1)
    if output["axes"].endswith("C") and wanted.endswith("C"):
        wanted = wanted[:-1] + "S"
    assert found == wanted, f"axes {found}, expected {wanted}"


def check_tiff_settings(folder, output):
    """Everything that a case sets."""
    expected = expected_pixels(output)
    if output["dtype"] == "bool":
        expected = expected.astype("uint8")
    axes = output["axes"]
    with tifffile.TiffFile(folder / output["path"]) as tif:
        check_storage(tif, output)
        if output["metadata"] == "ome":
            check_ome(tif, output)
        else:
            assert getattr(tif, f"is_{output['metadata']}"), f"not {output['metadata']}"
        images = [expected]
        if output["metadata"] == "ome" and "S" in axes:
            images = list(np.moveaxis(expected, axes.index("S"), 0))
            axes = axes.replace("S", "")
        assert len(tif.series) == len(images), f"{len(tif.series)} series, expected {len(images)}"
        for series, image in zip(tif.series, images):
            assert series.kind == output["metadata"], f"series {series.kind}"
            if output["metadata"] == "ome":
                check_axes(series.axes, output, (axes, image.shape))
            assert len(series.levels) == output["levels"], f"{len(series.levels)} levels"
            for level, found in enumerate(series.levels):
                check_pixels(found.asarray(), reduced(image, axes, level).squeeze(), f"level {level}")
