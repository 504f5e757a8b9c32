#!/usr/bin/env python3
"""Writes tiny NRRD files with pynrrd, SimpleITK and teem's unu, and what SimpleITK reads of them, for the tests of @crln/data.

python3 scripts/golden/nrrd.py write packages/data/__tests__/golden/nrrd   # unu: UNU=teem-unu (Debian: teem-apps)
python3 scripts/golden/nrrd.py check FOLDER   # FOLDER: files written by @crln/data with an expected.json beside them
"""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

# This folder's own nrrd.py would be taken for the package.
sys.path = [path for path in sys.path if Path(path or ".").resolve() != Path(__file__).resolve().parent]
import nrrd
import numpy as np
import SimpleITK as sitk

sys.path.append(str(Path(__file__).resolve().parent))
from expected import write_expected

UNU = os.environ.get("UNU", "teem-unu")
SHAPE = (4, 3, 2)
DTYPES = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]


def values(dtype):
    n = int(np.prod(SHAPE))
    if dtype.startswith("float"):
        return (np.linspace(-3, 1000, n) ** 2 / 7).astype(dtype).reshape(SHAPE)
    info = np.iinfo(dtype)
    low, high = max(info.min, -(2**45)), min(info.max, 2**45)
    return np.array([low + (high - low) * i // (n - 1) for i in range(n)], dtype=dtype).reshape(SHAPE)


def rotation(x, y, z):
    a, b, c = np.deg2rad([x, y, z])
    rx = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    ry = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    rz = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return rz @ ry @ rx


# Columns: the directions of the three axes, with their spacing.
OBLIQUE = rotation(20, -35, 50) @ np.diag((0.7, 1.25, 3.3))
ORIGIN = np.array([-90.5, 12.25, 40.1])


def described(path):
    """Values in C order and voxel-to-RAS matrix, as SimpleITK reads them."""
    image = sitk.ReadImage(str(path))
    data = sitk.GetArrayFromImage(image)
    data = data.transpose(2, 1, 0) if data.ndim == 3 else data
    lps = np.eye(4)
    lps[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) @ np.diag(image.GetSpacing())
    lps[:3, 3] = image.GetOrigin()
    ras = np.diag([-1, -1, 1, 1]) @ lps
    return data, ras


def write(folder):
    folder.mkdir(parents=True, exist_ok=True)
    expected = {}

    def note(name, data, affine=None, **facts):
        """The file must be to SimpleITK what it is meant to be."""
        path = folder / name
        text = path.read_bytes()
        path.write_bytes(re.sub(rb"# (This NRRD file was generated|on \d{4}-|Complete NRRD|http://teem)[^\n]*\n", b"", text))
        read, ras = described(path)
        assert np.array_equal(read, data), name
        expected[name] = {"values": [float(v) for v in data.ravel()], "affine": [float(v) for v in (ras if affine is None else affine).ravel()]}
        expected[name] |= facts

    for dtype in DTYPES:
        data = values(dtype)
        for endian, order in (("le", "<"), ("be", ">")):
            for encoding in ("raw", "gzip"):
                name = f"{dtype}-{endian}-{encoding}.nrrd"
                header = {"space": "LPS", "space directions": OBLIQUE.T, "space origin": ORIGIN}
                nrrd.write(str(folder / name), data.astype(data.dtype.newbyteorder(order)), header | {"encoding": encoding})
                note(name, data, dtype=dtype)
        name = f"{dtype}-ascii.nrrd"
        nrrd.write(str(folder / name), data, header | {"encoding": "ascii"})
        note(name, data, dtype=dtype)

    data = values("int16")
    for space in ("right-anterior-superior", "LAS", "left-posterior-superior", "3D-right-handed"):
        header = {"space": space, "space directions": OBLIQUE.T, "space origin": ORIGIN, "encoding": "raw"}
        nrrd.write(str(folder / f"space-{space}.nrrd"), data, header)
        note(f"space-{space}.nrrd", data)

    # As 3D Slicer and ITK write LA's scans and labels.
    image = sitk.GetImageFromArray(data.transpose(2, 1, 0))
    image.SetDirection((OBLIQUE / np.linalg.norm(OBLIQUE, axis=0)).ravel())
    image.SetSpacing((0.625, 0.7, 3.3))
    image.SetOrigin([float(v) for v in ORIGIN])
    image.SetMetaData("patient", "nobody: a phantom")
    for name, packed in (("itk.nrrd", True), ("itk-raw.nrrd", False), ("itk.nhdr", True), ("itk-raw.nhdr", False)):
        sitk.WriteImage(image, str(folder / name), packed)
        note(name, data, keyValues={"patient": "nobody: a phantom"})
    label = ((values("uint8") > 100) * 255).astype("uint8")
    mask = sitk.GetImageFromArray(label.transpose(2, 1, 0))
    mask.SetSpacing((0.625, 0.625, 1.25))
    sitk.WriteImage(mask, str(folder / "label.nrrd"), True)
    note("label.nrrd", label)

    # What SimpleITK puts into LPS for want of a space lies along our axes.
    plain = np.eye(4)
    nrrd.write(str(folder / "no-space.nrrd"), data, {"encoding": "raw"})
    note("no-space.nrrd", data, plain, spacingStored=False)
    nrrd.write(str(folder / "spacings.nrrd"), data, {"encoding": "raw", "spacings": [0.5, 0.25, 2.0], "units": ["mm"] * 3})
    note("spacings.nrrd", data, np.diag([0.5, 0.25, 2, 1]))
    for center, first in (("cell", [10.25, -4.875, 8]), ("node", [10, -5, 7])):
        facts = {"spacings": [0.5, 0.25, 2.0], "axis mins": [10.0, -5.0, 7.0], "centerings": [center] * 3, "encoding": "raw"}
        nrrd.write(str(folder / f"mins-{center}.nrrd"), data, facts)
        affine = np.diag([0.5, 0.25, 2, 1])
        affine[:3, 3] = first
        _, itk = described(folder / f"mins-{center}.nrrd")
        assert np.allclose(np.diag([-1, -1, 1, 1]) @ itk, affine), (itk, affine)
        note(f"mins-{center}.nrrd", data, affine)

    # A fourth axis of a single sample, one that space has and one that it has not.
    four = {"space": "RAS", "space directions": np.vstack([[np.nan] * 3, OBLIQUE.T]), "space origin": ORIGIN, "encoding": "raw"}
    nrrd.write(str(folder / "list-of-one.nrrd"), data[None], four | {"kinds": ["list", "domain", "domain", "domain"]})
    note("list-of-one.nrrd", data)

    # Data files of many kinds, each header by hand, since no program writes all of them.
    head = "NRRD0005\r\ntype: short\r\ndimension: 3\r\nsizes: 4 3 2\r\nspace: LPS\r\nspace directions: (1,0,0) (0,2,0) (0,0,3)\r\n"
    head += "space origin: (1, 2, 3)\r\nendian: big\r\n"
    raw = data.astype(">i2").tobytes(order="F")
    (folder / "skips.raw").write_bytes(b"two\nlines\n12345" + raw)
    (folder / "skips.nhdr").write_text(head + "encoding: raw\r\nline skip: 2\r\nbyte skip: 5\r\ndata file: skips.raw\r\n")
    note("skips.nhdr", data)
    (folder / "at-end.nhdr").write_text(head + "encoding: raw\nbyteskip: -1\ndatafile: ./skips.raw\n")
    note("at-end.nhdr", data)
    for k in range(2):
        (folder / f"slice{k + 1:03d}.raw").write_bytes(raw[24 * k : 24 * k + 24])
    (folder / "list.nhdr").write_text(head + "encoding: raw\ndata file: LIST\nslice001.raw\nslice002.raw\n")
    note("list.nhdr", data)
    (folder / "pattern.nhdr").write_text(head + "encoding: raw\ndata file: slice%03d.raw 1 2 1\n")
    note("pattern.nhdr", data)
    (folder / "pattern-slabs.nhdr").write_text(head + "encoding: raw\ndata file: slice%03d.raw 1 2 1 3\n")
    note("pattern-slabs.nhdr", data)

    for encoding in ("raw", "gzip", "ascii", "hex"):
        name = f"unu-{encoding}.nrrd"
        subprocess.run([UNU, "save", "-f", "nrrd", "-e", encoding, "-i", str(folder / "itk.nrrd"), "-o", str(folder / name)], check=True)
        note(name, data)
    subprocess.run([UNU, "save", "-f", "nrrd", "-e", "gzip", "-i", str(folder / "itk.nrrd"), "-o", str(folder / "unu.nhdr")], check=True)
    note("unu.nhdr", data)

    write_expected(folder, expected)


def check(folder):
    """Files of ours, read by SimpleITK and pynrrd: values and matrix bit for bit."""
    expected = json.loads((folder / "expected.json").read_text())
    for name, facts in expected.items():
        data, header = nrrd.read(str(folder / name))
        assert data.dtype.newbyteorder("=") == np.dtype(facts["dtype"]), (name, data.dtype)
        assert [float(v) for v in data.ravel()] == facts["values"], f"{name}: pynrrd reads other values"
        space = header.get("space", "").lower()
        signs = [1 if space in ("right-anterior-superior", "ras") else -1]
        signs += [-1 if space in ("left-posterior-superior", "lps", "3d-right-handed") else 1]
        rows = np.diag([*signs, 1]) @ np.column_stack([*header["space directions"], header["space origin"]])
        assert [float(v) for v in rows.ravel()] == facts["affine"][:12], f"{name}: pynrrd reads another matrix {rows}"
        read, ras = described(folder / name)
        assert [float(v) for v in read.ravel()] == facts["values"], f"{name}: SimpleITK reads other values"
        assert np.allclose(ras[:3].ravel(), facts["affine"][:12], rtol=1e-12, atol=1e-12), f"{name}: SimpleITK reads {ras}"
        print(f"{name}: ok")


if __name__ == "__main__":
    {"write": write, "check": check}[sys.argv[1]](Path(sys.argv[2]))
