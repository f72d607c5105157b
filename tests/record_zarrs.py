"""Records what zarr-python reads from the real Zarrs, for crates/testkit/tests/real_zarrs.rs.

    python tests/record_zarrs.py FOLDER > crates/testkit/tests/real_zarrs.tsv

FOLDER is that of the real images. Needs zarr 3. One line per array of two or more dimensions and at most
4 000 000 pixels: path, shape, type, and the CRC-32 of all pixels as little-endian float32 in C order.
"""

import sys
import zlib
from pathlib import Path

import numpy as np
import zarr

LIMIT = 4_000_000


def arrays(folder):
    for path in sorted(folder.rglob("*")):
        if path.name in ("zarr.json", ".zarray"):
            if path.name == ".zarray" or '"array"' in path.read_text():
                yield path.parent


def main():
    root = Path(sys.argv[1])
    print(f"# zarr {zarr.__version__}, numpy {np.__version__}")
    for folder in arrays(root / "e_zarr_hdf5"):
        name = folder.relative_to(root).as_posix()
        try:
            array = zarr.open_array(folder, mode="r")
            if array.ndim < 2 or array.size > LIMIT:
                continue
            pixels = np.ascontiguousarray(array[...]).astype("<f4")
        except Exception as error:
            print(f"{name}\t-\t-\t{type(error).__name__}")
            continue
        shape = "x".join(map(str, array.shape))
        print(f"{name}\t{shape}\t{array.dtype}\t{zlib.crc32(pixels.tobytes()):08x}")


main()
