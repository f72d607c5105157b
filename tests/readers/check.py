"""Opens what `write_outputs` wrote with tifffile, zarr-python and ome-zarr-models: equal pixels and valid metadata.

    python check.py FOLDER

Pixels and means are computed here anew from their definition. Every difference is printed; any makes it fail.
"""

import itertools
import json
import sys
from pathlib import Path

import numpy as np
import tifffile
import zarr
from ome_zarr_models import v05

from check_plates import check_plate
from check_stores import check_store
from check_tiff_settings import check_tiff_settings
from check_zarr_settings import check_npy, check_png, check_zarr_settings
from pixels import expected_pixels


def check_tiff(folder, output):
    """Pixels, type, axes and pixel size, as tifffile reads them."""
    with tifffile.TiffFile(folder / output["path"]) as tif:
        assert len(tif.series) == 1, f"{len(tif.series)} series, expected 1"
        found, axes, series = tif.asarray(), tif.series[0].axes, tif.series[0]
        page = tif.pages[0]
        expected = expected_pixels(output)
        if output["dtype"] == "bool":
            expected = expected.astype("uint8")
        assert found.dtype == expected.dtype, f"type {found.dtype}, expected {expected.dtype}"
        assert found.shape == expected.shape, f"shape {found.shape}, expected {expected.shape}"
        assert np.array_equal(found, expected), f"{np.count_nonzero(found != expected)} pixels differ"
        if tif.is_imagej:
            assert axes == output["axes"], f"axes {axes}, expected {output['axes']}"
            micrometres = 1.0
            if "Z" in axes:
                spacing = tif.imagej_metadata["spacing"]
                assert spacing == output["pixel_size"][0], f"spacing {spacing}"
        else:
            assert tif.is_shaped, "neither ImageJ nor shaped"
            told = tif.shaped_metadata[0]["axes"]
            assert told == output["axes"], f"axes {told}, expected {output['axes']}"
            assert series.kind == "shaped", series.kind
            micrometres = 1e4
        # Columns are X but for axes such as XYZ, and channels that are samples of a pixel.
        spatial = [axis for axis in output["axes"] if axis in "ZYX"]
        size = dict(zip("ZYX"[-len(spatial):], output["pixel_size"]))
        letters = output["axes"].rstrip("C")
        n, d = page.tags["XResolution"].value
        pixel = micrometres * d / n
        wanted = size[letters[-1]]
        assert abs(pixel - wanted) < 1e-6 * wanted, f"columns of {pixel} µm, expected {wanted}"


def canonical(pixels, axes):
    """The array in the order TCZYX of what it has, samples first."""
    order = [axes.index(axis) for axis in "STCZYX" if axis in axes]
    return pixels.transpose(order)


def check_ome_zarr(folder, output):
    """Pixels of every image of the store, its axes and scales, and the judgement of ome-zarr-models."""
    group = zarr.open_group(folder / output["path"], mode="r")
    expected = canonical(expected_pixels(output), output["axes"])
    if "S" in output["axes"]:
        layout = group.attrs["ome"]["bioformats2raw.layout"]
        assert layout == 3, f"layout {layout}"
        names = [str(at) for at in range(len(expected))]
        assert sorted(group.group_keys(), key=int) == names, f"images {sorted(group.group_keys())}"
        images = [(group[name], expected[int(name)]) for name in names]
    else:
        images = [(group, expected)]
    axes = [axis for axis in "tczyx" if axis.upper() in output["axes"]]
    spatial = [axis for axis in axes if axis in "zyx"]
    scale = [dict(zip(spatial, output["pixel_size"])).get(axis, 1.0) for axis in axes]
    for image, pixels in images:
        metadata = v05.Image.from_zarr(image).ome_attributes.multiscales[0]
        assert [axis.name for axis in metadata.axes] == axes, f"axes {metadata.axes}, expected {axes}"
        units = [axis.unit for axis in metadata.axes if axis.name in "zyx"]
        assert units == ["micrometer"] * len(spatial), f"units {units}"
        [dataset] = metadata.datasets
        assert list(dataset.coordinateTransformations[0].scale) == scale, f"scale, expected {scale}"
        array = image[dataset.path]
        assert list(array.metadata.dimension_names) == axes, f"names {array.metadata.dimension_names}"
        found = array[...]
        assert found.dtype == pixels.dtype, f"type {found.dtype}, expected {pixels.dtype}"
        assert found.shape == pixels.shape, f"shape {found.shape}, expected {pixels.shape}"
        assert np.array_equal(found, pixels), f"{np.count_nonzero(found != pixels)} pixels differ"


def check_quilt(folder, output):
    """Sums, weights, journal, mean and standard deviation of a quilt on disk."""
    image, window = output["image"], output["window"]
    shape = (output["n_images"], output["n_channels"], *image)
    sums, variances, weights = np.zeros(shape), np.zeros(shape), np.zeros(image)
    c, z, y, x = np.ogrid[: shape[1], : (window[0] if len(window) == 3 else 1), : window[-2], : window[-1]]
    patch = (100 * c + 7 * z + 3 * y + x).reshape(shape[1], *window).astype(float)
    weight = output["weight"]
    for index, (image_idx, start) in enumerate(output["positions"]):
        place = tuple(slice(at, at + size) for at, size in zip(start, window))
        sums[(image_idx, slice(None), *place)] += weight * (patch + index)
        variances[(image_idx, slice(None), *place)] += weight * (patch + index + 1)
        if image_idx == 0:
            weights[place] += weight

    def array(ending):
        return zarr.open_array(f"{folder / output['path']}_{ending}.zarr", mode="r")

    covered = np.maximum(weights, 1e-8)
    for ending, expected in [
        ("mean_cache", sums),
        ("std_cache", variances),
        ("norma_cache", weights),
        ("mean", sums / covered),
        ("std", np.sqrt(variances / covered)),
    ]:
        found = array(ending)
        assert found.dtype == np.float64, f"{ending} is {found.dtype}"
        assert found.shape == expected.shape, f"{ending} has shape {found.shape}, expected {expected.shape}"
        worst = np.abs(found[...] - expected).max()
        assert worst < 1e-9, f"{ending} differs by {worst}"
    journal = array("journal")
    assert journal.dtype == np.uint32 and journal[...].sum() == len(output["positions"]), "journal"
    assert journal.attrs["patchweave"]["format"] == 1, dict(journal.attrs)


CHECKS = {
    "tiff": check_tiff,
    "tiff_settings": check_tiff_settings,
    "ome_zarr": check_ome_zarr,
    "zarr_settings": check_zarr_settings,
    "npy": check_npy,
    "png": check_png,
    "plate": check_plate,
    "store": check_store,
    "quilt": check_quilt,
}


def main(folder):
    outputs = json.loads((folder / "outputs.json").read_text())
    n_failed = 0
    for output in outputs:
        try:
            CHECKS[output["kind"]](folder, output)
        except Exception as error:  # Whatever a reader raises is a finding.
            n_failed += 1
            print(f"{output['path']}: {type(error).__name__}: {error}")
    kinds = sorted(output["kind"] for output in outputs)
    counts = ", ".join(f"{len(list(group))} {kind}" for kind, group in itertools.groupby(kinds))
    print(f"readers of others: {counts}")
    print(f"{len(outputs) - n_failed} passed, {n_failed} failed")
    return 1 if n_failed or not outputs else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
