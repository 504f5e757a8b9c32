#!/usr/bin/env python3
"""Writes tiny NIfTI and HDF5 files with nibabel and h5py, and what these read back, for the tests of @crln/data.

python3 scripts/golden/nifti.py write packages/data/__tests__/golden
python3 scripts/golden/nifti.py check FOLDER   # FOLDER: files written by @crln/data with an expected.json beside them
"""
import gzip
import json
import math
import sys
from pathlib import Path

import h5py
import nibabel as nib
import numpy as np

from expected import write_expected

SHAPE = (4, 3, 2)
DTYPES = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]


def rotation(x, y, z):
    """Rotation about the three axes, angles in degrees."""
    a, b, c = np.deg2rad([x, y, z])
    rx = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    ry = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    rz = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return rz @ ry @ rx


def affine(angles, zooms, offset, flip=False):
    out = np.eye(4)
    out[:3, :3] = rotation(*angles) @ np.diag(zooms)
    if flip:
        out[:3, 2] *= -1
    out[:3, 3] = offset
    return out


OBLIQUE = affine((20, -35, 50), (0.7, 1.25, 3.3), (-90.5, 12.25, 40))


def values(dtype):
    n = int(np.prod(SHAPE))
    if dtype.startswith("float"):
        return (np.linspace(-3, 1000, n) ** 2 / 7).astype(dtype).reshape(SHAPE)
    info = np.iinfo(dtype)
    low, high = max(info.min, -(2**45)), min(info.max, 2**45)
    return np.array([low + (high - low) * i // (n - 1) for i in range(n)], dtype=dtype).reshape(SHAPE)


def describe(path):
    image = nib.load(path)
    header = image.header
    return {
        "shape": list(image.shape),
        "affine": [float(v) for v in image.affine.ravel()],
        "zooms": [float(v) for v in header.get_zooms()[:3]],
        "qform_code": int(header["qform_code"]),
        "sform_code": int(header["sform_code"]),
        "xyzt_units": int(header["xyzt_units"]),
        "intent_code": int(header["intent_code"]),
        "datatype": int(header["datatype"]),
        "descrip": header["descrip"].item().decode("latin1"),
        "values": [float(v) for v in image.get_fdata().ravel()],
    }


def write(folder):
    folder.mkdir(parents=True, exist_ok=True)
    expected = {}

    def save(name, data, matrix, cls=nib.Nifti1Image, endian="<", sform=1, qform=None, scale=None, edit=None):
        header = cls.header_class(endianness=endian)
        header.set_data_dtype(data.dtype)
        header.set_xyzt_units("mm", "sec")
        header["descrip"] = b"golden"
        image = cls(data, matrix, header)
        image.set_data_dtype(data.dtype)
        # Without a code the rows are left zero, so that a reader that uses them regardless is found out.
        image.set_sform(matrix if sform else np.zeros((4, 4)), sform)
        image.set_qform(matrix if qform else None, qform or 0)
        if scale:
            image.header.set_slope_inter(*scale)
        if edit:
            edit(image)
        path = folder / name
        if scale:
            # nibabel rescales data on saving; the header alone must carry the slope.
            image.header["vox_offset"] = 352 if cls is nib.Nifti1Image else 544
            stored = data.astype(data.dtype.newbyteorder(endian)).tobytes(order="F")
            path.write_bytes(image.header.binaryblock + b"\0\0\0\0" + stored)
        else:
            nib.save(image, path)
        expected[name] = describe(path)

    for dtype in DTYPES:
        for suffix, endian in (("le", "<"), ("be", ">")):
            save(f"{dtype}-{suffix}.nii", values(dtype), OBLIQUE, endian=endian)
    for name, endian in (("le", "<"), ("be", ">")):
        save(f"nifti2-{name}.nii", values("float64"), OBLIQUE, cls=nib.Nifti2Image, endian=endian)
    save("nifti2-qform.nii", values("int16"), OBLIQUE, cls=nib.Nifti2Image, sform=0, qform=1)
    save("packed.nii.gz", values("int16"), OBLIQUE)
    save("scaled-uint8.nii", values("uint8"), OBLIQUE, scale=(0.037, -1.5))
    save("scaled-int16-be.nii", values("int16"), OBLIQUE, endian=">", scale=(2.0, 100.0))
    save("scaled-int32.nii", values("int32"), OBLIQUE, scale=(1e-3, 0.0))
    save("qform.nii", values("int16"), OBLIQUE, sform=0, qform=1)
    save("qform-left.nii", values("int16"), affine((10, 80, -120), (2, 0.5, 1), (1, 2, 3), True), sform=0, qform=3)
    save("qform-half-turn.nii", values("int16"), affine((0, 0, 180), (2, 0.5, 1), (1, 2, 3)), sform=0, qform=2)

    def other_qform(image):
        image.set_qform(affine((0, 0, 0), (0.7, 1.25, 3.3), (5, 5, 5)), 3)

    save("both-forms.nii", values("int16"), OBLIQUE, sform=1, edit=other_qform)
    sheared = OBLIQUE.copy()
    sheared[0, 1] += 0.4
    save("sheared.nii", values("int16"), sheared, sform=4)
    save("no-form.nii", values("int16"), affine((0, 0, 0), (0.7, 1.25, 3.3), (0, 0, 0)), sform=0)

    def extend(image):
        image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"kept by nobody" * 3))
        image.header["intent_code"] = 1002

    save("extension.nii", values("uint8"), OBLIQUE, qform=1, edit=extend)

    # Several gzip members one after the other, as of bgzip or of files that were joined.
    plain = (folder / "int16-le.nii").read_bytes()
    members = [gzip.compress(plain[at : at + 100], mtime=0) for at in range(0, len(plain), 100)]
    (folder / "packed-members.nii.gz").write_bytes(b"".join(members))
    expected["packed-members.nii.gz"] = describe(folder / "packed-members.nii.gz")

    # Pairs: what int16-le.nii and nifti2-be.nii have, in two files. `save` names the header.
    for name, cls, endian, dtype in (
        ("pair.hdr", nib.Nifti1Pair, "<", "int16"),
        ("pair-packed.hdr.gz", nib.Nifti1Pair, "<", "int16"),
        ("pair-nifti2-be.hdr", nib.Nifti2Pair, ">", "float64"),
        ("analyze.hdr", nib.AnalyzeImage, "<", "int16"),
    ):
        header = cls.header_class(endianness=endian)
        header.set_data_dtype(values(dtype).dtype)
        if cls is nib.AnalyzeImage:
            nib.save(cls(values(dtype), np.diag([2, 3, 4, 1]), header), folder / name)
        else:
            header.set_xyzt_units("mm", "sec")
            image = cls(values(dtype), OBLIQUE, header)
            image.set_data_dtype(values(dtype).dtype)
            image.set_sform(OBLIQUE, 1)
            image.set_qform(None, 0)
            nib.save(image, folder / name)

    with h5py.File(folder / "case.h5", "w") as file:
        file.create_dataset("image", data=values("float32"), compression="gzip")
        file.create_dataset("label", data=(values("uint8") > 100).astype("uint8"), compression="gzip")
    with h5py.File(folder / "case-be.h5", "w") as file:
        file.create_dataset("image", data=values("int16").astype(">i2"))
        file["image"].attrs["spacing"] = [0.5, 0.5, 2.0]
    expected["case.h5"] = {
        "shape": list(SHAPE),
        "values": [float(v) for v in values("float32").ravel()],
        "label": [int(v) for v in (values("uint8") > 100).ravel()],
    }
    expected["case-be.h5"] = {"shape": list(SHAPE), "values": [float(v) for v in values("int16").ravel()]}
    write_expected(folder, expected)


def check(folder):
    """Files of ours, read by nibabel: every fact in expected.json must be there."""
    expected = json.loads((folder / "expected.json").read_text())
    for name, facts in expected.items():
        found = describe(folder / name)
        for key, want in facts.items():
            have = found[key]
            if key in ("affine", "values", "zooms"):
                ok = len(have) == len(want) and all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-5) for a, b in zip(have, want))
            else:
                ok = have == want
            if not ok:
                sys.exit(f"{name}: {key}: nibabel reads {have}, expected {want}")
        print(f"{name}: ok ({len(facts)} facts)")


if __name__ == "__main__":
    {"write": write, "check": check}[sys.argv[1]](Path(sys.argv[2]))
