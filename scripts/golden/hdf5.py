"""Writes tiny HDF5 files with h5py for the tests of @crln/data: all number types of both byte orders, names, filters, links.

python3 scripts/golden/hdf5.py write packages/data/__tests__/golden/hdf5
python3 scripts/golden/hdf5.py check FOLDER   # FOLDER: files written by @crln/data with an expected.json beside them
"""
import json
import sys
from pathlib import Path

import h5py
import numpy as np

SHAPE = (4, 3, 2)
DTYPES = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]


def values(dtype):
    """24 numbers from end to end of an integer type (to 2**53 of the wide ones), or with a fraction."""
    n = np.arange(24, dtype="float64").reshape(SHAPE)
    if dtype.startswith("f"):
        return (n * n * 0.37 - 60).astype(dtype)
    info = np.iinfo(dtype)
    low, high = max(info.min, -(2**53)), min(info.max, 2**53)
    return np.array([low + (high - low) * int(v) // 23 for v in n.ravel()], dtype=dtype).reshape(SHAPE)


def write(folder):
    folder.mkdir(parents=True, exist_ok=True)
    expected = {}
    for dtype in DTYPES:
        for order, name in (("<", "le"), (">", "be")):
            with h5py.File(folder / f"{dtype}-{name}.h5", "w") as file:
                file.create_dataset("image", data=values(dtype).astype(order + dtype))
        expected[dtype] = [float(v) for v in values(dtype).ravel()]
    data = values("f4")
    mask = values("u1") > 100
    # Filters and layouts: chunks that do not divide the shape, shuffle, checksums; the newest format.
    with h5py.File(folder / "filters.h5", "w", libver="latest") as file:
        file.create_dataset("image", data=data, chunks=(3, 2, 2), compression="gzip", shuffle=True, fletcher32=True)
        file.create_dataset("label", data=mask, chunks=(2, 3, 1), compression="gzip", compression_opts=9)
    # Other names, in a group; a table beside them.
    with h5py.File(folder / "names.h5", "w") as file:
        file.create_dataset("scan", data=data)
        file.create_dataset("table", data=np.zeros((5, 2)))
        file.create_dataset("study/mask", data=mask.astype("u1"))
        file["scan"].attrs["spacing"] = np.array([0.5, 0.75, 2.0])
        file.attrs["affine"] = np.array([[0, 0.75, 0, 1], [0.5, 0, 0, 2], [0, 0, -2, 3], [0, 0, 0, 1.0]])
    with h5py.File(folder / "half.h5", "w") as file:
        file.create_dataset("image", data=data.astype("f2"))
    with h5py.File(folder / "flat.h5", "w") as file:
        file.create_dataset("image", data=data[0])
    # What leads out of a file.
    (folder / "outside.raw").write_bytes(np.arange(24, dtype="<f4").tobytes())
    with h5py.File(folder / "external.h5", "w") as file:
        file.create_dataset("image", SHAPE, dtype="<f4", external=[("outside.raw", 0, h5py.h5f.UNLIMITED)])
        file["label"] = h5py.ExternalLink("filters.h5", "/label")
        file["loop"] = h5py.SoftLink("/loop")
    layout = h5py.VirtualLayout(SHAPE, dtype="f4")
    layout[:] = h5py.VirtualSource("filters.h5", "image", SHAPE)
    with h5py.File(folder / "virtual.h5", "w", libver="latest") as file:
        file.create_virtual_dataset("image", layout, fillvalue=-1)
    # What a reader must have an answer to.
    with h5py.File(folder / "strange.h5", "w") as file:
        file.create_dataset("lzf", data=data, chunks=(3, 2, 2), compression="lzf")
        file["elsewhere"] = h5py.ExternalLink("filters.h5", "/image")
        file["dangling"] = h5py.SoftLink("/nowhere")
        file.create_dataset("transposed", data=data).attrs["affine"] = np.eye(4) + np.diag([1.0], -3)
        file.create_dataset("contrary", data=data).attrs["affine"] = np.diag([2, 3, 4, 1.0])
        file["contrary"].attrs["spacing"] = np.array([1, 3.001, 4])
        for n in range(30):
            file[f"z{n:02}"] = file["contrary"]
    # A promise that nothing backs.
    with h5py.File(folder / "bomb.h5", "w") as file:
        file.create_dataset("image", (2**10, 2**10, 2**10), dtype="f4", chunks=(1, 1024, 1024), compression="gzip")
    expected["label"] = [int(v) for v in mask.ravel()]
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")


def check(folder):
    """Files of ours, read by h5py: every fact in expected.json must be there."""
    expected = json.loads((folder / "expected.json").read_text())
    for name, facts in expected.items():
        with h5py.File(folder / name) as file:
            for key, fact in facts.items():
                item = file[key]
                assert item.dtype == fact["dtype"], (name, key, item.dtype)
                assert list(item.shape) == fact["shape"], (name, key)
                assert item.compression == "gzip", (name, key)
                assert [float(v) for v in item[()].ravel()] == fact["values"], (name, key)
                assert list(item.attrs["spacing"]) == fact["spacing"], (name, key)
                assert list(item.attrs["affine"].ravel()) == fact["affine"], (name, key)
    print(f"{len(expected)} files agree with h5py {h5py.__version__}")


if __name__ == "__main__":
    {"write": write, "check": check}[sys.argv[1]](Path(sys.argv[2]))
