#!/usr/bin/env python3
"""Writes tiny DICOM series with pydicom, and what pydicom and SimpleITK read back, for the tests of @crln/data.

Needs pydicom 3, SimpleITK 2 and numpy.
python3 scripts/golden/dicom.py write packages/data/__tests__/golden/dicom
python3 scripts/golden/dicom.py check FOLDER   # FOLDER: NAME/ written by writeDicomFolder and NAME.json {shape, affine, values}
"""
import json
import sys
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage, DeflatedExplicitVRLittleEndian, EnhancedCTImageStorage, ExplicitVRBigEndian, ExplicitVRLittleEndian,
    ImplicitVRLittleEndian, RLELossless,
)

SIZE = (4, 5)  # rows, columns
ORIENTATIONS = {
    "axial": ([1, 0, 0], [0, 1, 0]),
    "sagittal": ([0, 1, 0], [0, 0, -1]),
    "coronal": ([1, 0, 0], [0, 0, -1]),
    # Rounded to six digits, as scanners do.
    "oblique": ([0.526541, 0.627507, 0.573576], [-0.845945, 0.453744, 0.280166]),
}


def uid(*parts):
    """Fixed identifiers, so that the files are the same whenever they are made."""
    return "1.2.826.0.1.3680043.8.498." + ".".join(str(p) for p in parts)


def numbers(dtype, count, low, high):
    """`count` whole numbers over [low, high], in no simple order."""
    at = (np.arange(count, dtype=np.int64) * 7919 + 13) % count
    return (low + (high - low) * at // max(1, count - 1)).astype(dtype)


def common(sop_class, case, n, syntax, size=SIZE):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = uid(case, 1, n + 1)
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = uid(9)
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    ds.PatientName = "Somebody^Secret"
    ds.PatientID = "secret-17"
    ds.PatientBirthDate = "19010203"
    ds.Modality = "CT"
    ds.SeriesDescription = "golden"
    ds.StudyInstanceUID = uid(case)
    ds.SeriesInstanceUID = uid(case, 1)
    ds.FrameOfReferenceUID = uid(case, 2)
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = size
    # Nested sequences, private ones too: a reader must step over them.
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "T-D4000", "SRT", "Abdomen"
    inner = Dataset()
    inner.PurposeOfReferenceCodeSequence = Sequence([code])
    inner.ReferencedSOPInstanceUID = uid(case, 5)
    ds.ReferencedImageSequence = Sequence([inner, inner])
    block = ds.private_block(0x0009, "GOLDEN", create=True)
    block.add_new(1, "SQ", Sequence([code]))
    block.add_new(2, "UN", b"\1\2\3\4")
    return ds


def decimal(values):
    return [f"{v:.6g}" for v in values]


def place(ds, orientation, position, spacing, thickness):
    x, y = orientation
    ds.ImageOrientationPatient = decimal([*x, *y])
    ds.ImagePositionPatient = [f"{v:.10g}" for v in position]
    ds.PixelSpacing = decimal(spacing)
    ds.SliceThickness = thickness


def pixels(ds, stored, bits, stored_bits, high, signed):
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, stored_bits, high, int(signed)
    ds.PixelData = stored
    ds["PixelData"].VR = "OB" if bits == 8 else "OW"


def save(ds, path, undefined=False):
    syntax = ds.file_meta.TransferSyntaxUID
    if undefined:
        for name in ("ReferencedImageSequence",):
            ds[name].is_undefined_length = True
            for item in ds[name].value:
                item.is_undefined_length_sequence_item = True
    pydicom.dcmwrite(path, ds, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian, enforce_file_format=True)


class Writer:
    def __init__(self, folder):
        self.folder, self.expected, self.case = folder, {}, 0

    def series(
        self, name, n=4, dtype="<i2", low=-2000, high=3071, bits=16, stored_bits=None, high_bit=None, scale=(1, -1024), syntax=ExplicitVRLittleEndian,
        orientation="axial", step=2.5, tilt=0.0, spacing=(0.75, 1.25), edit=None, junk=0, vr=None, bare=False, undefined=False, size=SIZE, sitk_reads=True,
    ):
        """One file a slice, under names and InstanceNumbers that say nothing of the order."""
        self.case += 1
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        signed = dtype[1] == "i"
        stored_bits = stored_bits or bits
        high_bit = stored_bits - 1 if high_bit is None else high_bit
        x, y = (np.array(v, float) for v in ORIENTATIONS[orientation])
        normal = np.cross(x, y)
        origin = np.array([-120.5, 33.25, -410.75])
        stored = numbers(dtype[1:], n * size[0] * size[1], low, high).reshape(n, *size)
        slices = []
        for k in range(n):
            ds = common(CTImageStorage, self.case, k, ExplicitVRLittleEndian if bare else syntax, size)
            place(ds, (x, y), origin + k * step * normal + k * tilt * y, spacing, step)
            slope, intercept = scale(k) if callable(scale) else scale
            if (slope, intercept) != (None, None):
                ds.RescaleSlope, ds.RescaleIntercept = slope, intercept
            ds.InstanceNumber = (7 * k + 3) % n + 1
            raw = stored[k].astype(np.int64)
            if stored_bits < bits:
                mask = (1 << stored_bits) - 1
                raw = ((raw & mask) << (high_bit + 1 - stored_bits)) | (junk & ~(mask << (high_bit + 1 - stored_bits)) & ((1 << bits) - 1))
            order = ">" if syntax == ExplicitVRBigEndian else "<"
            data = raw.astype(f"{order}i8").astype(f"{order}u{bits // 8}").tobytes()
            pixels(ds, data + b"\0" * (len(data) % 2), bits, stored_bits, high_bit, signed)
            if vr:
                ds["PixelData"].VR = vr
                if syntax == ExplicitVRBigEndian and vr == "OW" and bits == 8:
                    ds.PixelData = np.frombuffer(ds.PixelData, "u2").byteswap().tobytes()
            if edit:
                edit(ds, k)
            if syntax == RLELossless:
                ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
                ds.compress(RLELossless, generate_instance_uid=False)
            # Alphabetical order is not that of the slices.
            path = folder / f"{'qhzbmxkd'[k % 8]}{k}.dcm"
            if bare:
                with open(path, "wb") as file:
                    pydicom.filewriter.write_dataset(wrap(file), strip_meta(ds))
            else:
                save(ds, path, undefined)
            slices.append(stored[k].astype(np.float64) * (1 if slope is None else slope) + (0 if intercept is None else intercept))
        volume = np.transpose(np.stack(slices), (2, 1, 0))
        affine = np.eye(4)
        affine[:3, 0], affine[:3, 1] = x * spacing[1], y * spacing[0]
        affine[:3, 2], affine[:3, 3] = normal * step + tilt * y, origin
        affine = np.diag([-1, -1, 1, 1]) @ affine
        facts = {"shape": list(volume.shape), "affine": affine.ravel().tolist(), "values": volume.ravel().tolist()}
        if sitk_reads:
            agree(name, folder, volume, affine)
        self.expected[name] = facts
        return folder


def wrap(file):
    out = pydicom.filebase.DicomFileLike(file)
    out.is_implicit_VR, out.is_little_endian = True, True
    return out


def strip_meta(ds):
    plain = Dataset()
    for element in ds:
        plain.add(element)
    return plain


def read_sitk(folder):
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) @ np.diag(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return np.transpose(sitk.GetArrayFromImage(image), (2, 1, 0)), np.diag([-1, -1, 1, 1]) @ affine


def agree(name, folder, volume, affine):
    """SimpleITK must read what is expected."""
    values, matrix = read_sitk(folder)
    assert values.shape == volume.shape, (name, values.shape)
    assert np.allclose(values, volume, rtol=1e-6, atol=0), (name, values.ravel()[:5], volume.ravel()[:5])
    assert np.abs(matrix - affine).max() < 1e-4, (name, matrix, affine)
    print(f"{name}: SimpleITK agrees")


def enhanced(writer, name):
    """A multi-frame Enhanced CT object whose frames come in no order, with a slope a frame."""
    writer.case += 1
    folder = writer.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    n = 5
    order = [3, 0, 4, 1, 2]
    stored = numbers("int16", n * SIZE[0] * SIZE[1], -1000, 3000).reshape(n, *SIZE)
    x, y = (np.array(v, float) for v in ORIENTATIONS["axial"])
    origin = np.array([-10.0, -20, 30])
    ds = common(EnhancedCTImageStorage, writer.case, 0, ExplicitVRLittleEndian)
    ds.NumberOfFrames = n
    shared = Dataset()
    measures, orientation = Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.75, 1.25], 9
    orientation.ImageOrientationPatient = [*x, *y]
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.PlaneOrientationSequence = Sequence([orientation])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    frames = []
    for k in order:
        frame, position, values = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = list(origin + [0, 0, 3.0 * k])
        values.RescaleSlope, values.RescaleIntercept, values.RescaleType = k + 1, -10 * k, "HU"
        frame.PlanePositionSequence = Sequence([position])
        frame.PixelValueTransformationSequence = Sequence([values])
        frames.append(frame)
    ds.PerFrameFunctionalGroupsSequence = Sequence(frames)
    pixels(ds, stored[order].astype("<i2").tobytes(), 16, 16, 15, True)
    save(ds, folder / "enhanced.dcm")
    volume = np.transpose(np.stack([stored[k] * (k + 1) - 10 * k for k in range(n)]), (2, 1, 0))
    affine = np.diag([-1.25, -0.75, 3.0, 1.0])
    affine[:3, 3] = [10, 20, 30]
    writer.expected[name] = {"shape": list(volume.shape), "affine": affine.ravel().tolist(), "values": volume.ravel().tolist()}


def write(folder):
    w = Writer(folder)
    w.series("ct", n=6)
    w.series("implicit", syntax=ImplicitVRLittleEndian)
    w.series("undefined-lengths", undefined=True)
    w.series("undefined-lengths-implicit", syntax=ImplicitVRLittleEndian, undefined=True)
    w.series("big-endian", syntax=ExplicitVRBigEndian)
    w.series("big-endian-bytes", n=2, dtype="<u1", low=0, high=255, bits=8, scale=(None, None), syntax=ExplicitVRBigEndian, vr="OW", sitk_reads=False)
    w.series("deflated", syntax=DeflatedExplicitVRLittleEndian)
    # GDCM does not read RLE images of a few pixels.
    w.series("rle", n=2, syntax=RLELossless, size=(16, 14))
    w.series("rle-bytes", n=2, size=(14, 16), dtype="<u1", low=0, high=255, bits=8, scale=(None, None), syntax=RLELossless)
    w.series("no-preamble", n=2, bare=True, sitk_reads=False)
    w.series("uint8", n=2, dtype="<u1", low=0, high=255, bits=8, scale=(None, None))
    w.series("int8", n=2, dtype="<i1", low=-128, high=127, bits=8, scale=(None, None))
    w.series("uint16", n=2, dtype="<u2", low=0, high=65535, scale=(None, None))
    # SimpleITK and GDCM do not agree with the standard on 32 bits.
    w.series("uint32", n=2, dtype="<u4", low=0, high=2**32 - 1, bits=32, scale=(None, None), sitk_reads=False)
    w.series("int32", n=2, dtype="<i4", low=-(2**31), high=2**31 - 1, bits=32, scale=(None, None), sitk_reads=False)
    w.series("unsigned-12", dtype="<u2", low=0, high=4095, stored_bits=12)
    w.series("signed-12", dtype="<i2", low=-2048, high=2047, stored_bits=12, scale=(1, 0))
    # Overlays lived in the unused bits once.
    w.series("junk-above", n=2, dtype="<i2", low=-2048, high=2047, stored_bits=12, scale=(1, 0), junk=0xA000)
    w.series("high-bit", n=2, dtype="<u2", low=0, high=4095, stored_bits=12, high_bit=15, scale=(1, 0), junk=0x0005, sitk_reads=False)
    w.series("wide", n=2, dtype="<u2", low=0, high=65535, scale=(1, -1024))
    w.series("slope", dtype="<u2", low=0, high=4095, scale=(0.25, -10))
    w.series("slope-per-slice", dtype="<i2", low=0, high=32767, scale=lambda k: (0.37 * (k + 1), 0), sitk_reads=False)
    w.series("sagittal", orientation="sagittal")
    w.series("coronal", orientation="coronal")
    w.series("oblique", orientation="oblique", spacing=(0.7, 1.3))
    # SimpleITK has no sheared grids.
    w.series("tilt", tilt=0.4, sitk_reads=False)

    def inverted(ds, k):
        ds.PhotometricInterpretation = "MONOCHROME1"

    w.series("monochrome1", n=2, edit=inverted, sitk_reads=False)
    enhanced(w, "enhanced")
    (folder / "expected.json").write_text(json.dumps(w.expected, separators=(",", ":")) + "\n")
    print(sum(f.stat().st_size for f in folder.rglob("*")), "bytes")


def height(ds):
    x, y = np.array(ds.ImageOrientationPatient, float).reshape(2, 3)
    return np.cross(x, y) @ np.array(ds.ImagePositionPatient, float)


def check(folder):
    for facts in sorted(folder.glob("*.json")):
        expected = json.loads(facts.read_text())
        volume = np.array(expected["values"]).reshape(expected["shape"])
        agree(facts.stem, folder / facts.stem, volume, np.array(expected["affine"]).reshape(4, 4))
        slices = sorted((pydicom.dcmread(path) for path in (folder / facts.stem).iterdir()), key=height)
        ours = np.stack([ds.pixel_array.T * float(ds.RescaleSlope) + float(ds.RescaleIntercept) for ds in slices], -1)
        assert np.array_equal(ours, volume), facts.stem


if __name__ == "__main__":
    {"write": write, "check": check}[sys.argv[1]](Path(sys.argv[2]))
