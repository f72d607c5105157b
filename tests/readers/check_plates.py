"""Plates of wells as zarr-python and ome-zarr-models read them."""

import numpy as np
import zarr
from ome_zarr_models import v04, v05

from pixels import expected_pixels, reduced


def check_plate(folder, output):
    """Rows, columns, wells, fields, acquisitions and the pixels of every field."""
    group = zarr.open_group(folder / output["path"], mode="r")
    is_new = output["version"] == "0.5"
    models = v05 if is_new else v04
    told = models.HCS.from_zarr(group)
    plate = (told.ome_attributes if is_new else told.attributes).plate
    assert [row.name for row in plate.rows] == ["A", "B", "C"], f"rows {plate.rows}"
    assert [column.name for column in plate.columns] == ["01", "02"], f"columns {plate.columns}"
    assert plate.name == "screen" and plate.field_count == 2, f"{plate.name} {plate.field_count}"
    fields = {}
    for row, column, field, acquisition in output["fields"]:
        well = ("ABC"[row] + "/" + ["01", "02"][column], row, column)
        fields.setdefault(well, []).append((field, acquisition if output["acquisitions"] else None))
    wells = [(well.path, well.rowIndex, well.columnIndex) for well in plate.wells]
    assert wells == sorted(fields), f"wells {wells}"
    acquisitions = [(run.id, run.name, run.maximumfieldcount) for run in plate.acquisitions or []]
    wanted = [(1, "run 1", 1), (2, "run 2", 1)] if output["acquisitions"] else []
    assert acquisitions == wanted, f"acquisitions {acquisitions}"
    pixels = expected_pixels(output)
    for (path, _, _), wanted in fields.items():
        well = models.Well.from_zarr(group[path])
        images = (well.ome_attributes if is_new else well.attributes).well.images
        assert [(image.path, image.acquisition) for image in images] == wanted, f"fields {images}"
        for image in images:
            for level in range(2):
                found = group[f"{path}/{image.path}/{level}"][...]
                assert np.array_equal(found, reduced(pixels, "CYX", level)), f"{path}/{image.path}/{level}"
            models.Image.from_zarr(group[f"{path}/{image.path}"])
