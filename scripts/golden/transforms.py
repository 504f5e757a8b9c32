"""Writes what SciPy and NumPy make of small volumes, for the tests of the transforms and the resampling of @crln/data.

    python3 scripts/golden/transforms.py [packages/data/__tests__/golden/transforms]

Debian's python3-scipy (1.10) and python3-numpy (1.24). cases.json lists the cases; arrays in it are {"shape", "offset"}: float32, little-endian, C order, so
many values from the start of values.bin.
"""
import json
import sys
from pathlib import Path

import numpy as np
from scipy import ndimage

MODES = ["constant", "nearest", "mirror", "reflect"]
ORDERS = {"nearest": 0, "linear": 1, "bspline": 3}

values, offset = [], 0


def stored(array):
    global offset
    array = np.asarray(array)
    at = {"shape": list(array.shape), "offset": offset}
    values.append(array.astype("<f4").ravel())
    offset += array.size
    return at


def image(shape, seed):
    """Noise on a slope, with a mean far from 0, exact in float32."""
    noise = np.random.default_rng(seed).normal(size=shape)
    return (40 + 10 * noise + np.indices(shape).sum(0)).astype("f4").astype("f8")


def label(shape, seed):
    return np.random.default_rng(seed).integers(0, 5, shape).astype("f8")


def rotation(axis, degrees):
    a, b = (axis + 1) % 3, (axis + 2) % 3
    out = np.eye(3)
    angle = np.deg2rad(degrees)
    out[a, a] = out[b, b] = np.cos(angle)
    out[a, b], out[b, a] = -np.sin(angle), np.sin(angle)
    return out


def sampling(shape, p):
    """Matrix and offset from output voxel to input position, from the statement of the forward map."""
    turns = np.linalg.multi_dot([rotation(axis, p["rotation"][axis]) for axis in range(3)])
    shear = np.eye(3)
    shear[0, 1], shear[0, 2], shear[1, 2] = p["shear"]
    spacing = np.diag(p["spacing"])
    forward = np.linalg.inv(spacing) @ turns @ shear @ np.diag(p["scale"]) @ spacing
    matrix = np.linalg.inv(forward)
    centre = (np.array(shape) - 1) / 2
    return matrix, centre - matrix @ (centre + p["translation"])


AFFINES = [
    ((7, 6, 5), dict(rotation=[0, 0, 25], scale=[1, 1, 1], shear=[0, 0, 0], translation=[0, 0, 0], spacing=[1, 1, 1])),
    ((8, 7, 5), dict(rotation=[12, -33, 71], scale=[1.15, 0.8, 1.3], shear=[0.1, -0.2, 0.15], translation=[0.6, -1.3, 0.25], spacing=[1, 1, 1])),
    ((6, 9, 4), dict(rotation=[30, 10, -50], scale=[0.7, 0.7, 0.7], shear=[0, 0, 0], translation=[0.2, 0.1, -0.3], spacing=[0.7, 0.7, 2.5])),
    ((9, 4, 1), dict(rotation=[0, 0, -40], scale=[0.9, 1.2, 1], shear=[0.3, 0, 0], translation=[0.3, 0.7, 0], spacing=[1, 2, 1])),
    ((5, 5, 5), dict(rotation=[0, 0, 0], scale=[1, 1, 1], shear=[0, 0, 0], translation=[17.3, -0.45, 2.2], spacing=[1, 1, 1])),
]


def affines():
    cases = []
    for n, (shape, p) in enumerate(AFFINES):
        matrix, shift = sampling(shape, p)
        at = np.tensordot(matrix, np.indices(shape), 1) + shift[:, None, None, None]
        # Neither rounding to the nearest voxel nor the edge of the volume may hang on the last bit.
        assert np.abs(at - 0.5 - np.round(at - 0.5)).min() > 1e-6
        for axis, size in enumerate(shape):
            near = np.minimum(np.abs(at[axis]), np.abs(at[axis] - size + 1))
            assert (near > 1e-6).all() or (near == 0).any() and np.count_nonzero(matrix[axis]) == 1
        x, y = image(shape, n), label(shape, 50 + n)
        case = {**p, "image": stored(x), "label": stored(y), "expected": []}
        for mode in MODES:
            for name, order in ORDERS.items():
                options = dict(mode=mode, order=order, output="f8")
                moved = ndimage.affine_transform(x, matrix, shift, cval=-7, **options)
                case["expected"].append({"outside": mode, "interpolation": name, "image": stored(moved)})
            moved = ndimage.affine_transform(y, matrix, shift, cval=3, mode=mode, order=0)
            case["expected"][-1]["label"] = stored(moved)
        cases.append(case)
    return cases


def zooms():
    cases = []
    pairs = [((7, 6, 5), (10, 4, 5)), ((7, 6, 5), (3, 11, 9)), ((1, 2, 40), (4, 5, 61)), ((33, 3, 2), (12, 1, 3)), ((4, 5, 6), (1, 1, 1))]
    for n, (shape, size) in enumerate(pairs):
        x = image(shape, 100 + n)
        zoom = [m / k for k, m in zip(shape, size)]
        case = {"image": stored(x)}
        for name, order, mode in (("bspline", 3, "mirror"), ("linear", 1, "nearest")):
            case[name] = stored(ndimage.zoom(x, zoom, order=order, mode=mode, grid_mode=True))
        cases.append(case)
    return cases


def splines():
    """Coefficients of lines of 1 to 40 samples."""
    cases = []
    for n in (1, 2, 3, 5, 8, 16, 17, 40):
        x = image((n,), 200 + n)
        modes = {mode: stored(ndimage.spline_filter1d(x, 3, mode=mode)) for mode in ("mirror", "reflect")}
        cases.append({"samples": stored(x), **modes})
    return cases


def blurs():
    cases = []
    for n, (shape, sigma) in enumerate([((7, 6, 5), [0.7, 1.5, 0]), ((9, 4, 1), [2, 0.3, 5]), ((12, 3, 8), [0.1, 4, 0.9])]):
        x = image(shape, 300 + n)
        cases.append({"sigma": sigma, "image": stored(x), "expected": stored(ndimage.gaussian_filter(x, sigma))})
    return cases


def percentiles():
    cases = []
    points = [0, 0.5, 25, 50, 62.5, 99.5, 99.9, 100]
    rng = np.random.default_rng(400)
    for x in (rng.normal(size=1001).astype("f4"), rng.integers(-20, 20, 777), np.array([3.0]), rng.normal(size=2).astype("f4")):
        x = x.astype("f8")
        case = {"values": stored(x), "points": points}
        for name, method in (("linear", "linear"), ("inverted-cdf", "inverted_cdf")):
            case[name] = [float(v) for v in np.percentile(x, points, method=method)]
        cases.append(case)
    return cases


def rearrangements():
    x = np.arange(60).reshape(3, 4, 5)
    turns = [
        {"k": k, "plane": list(plane), "expected": stored(np.rot90(x, k, plane))}
        for k in range(4)
        for plane in ((0, 1), (1, 0), (0, 2), (2, 1))
    ]
    flips = [{"axes": axes, "expected": stored(np.flip(x, axes))} for axes in ([], [0], [1, 2], [0, 1, 2])]
    names = {"constant": "constant", "nearest": "edge", "mirror": "reflect", "reflect": "symmetric"}
    width = [(2, 1), (0, 9), (7, 3)]
    pads = [
        {"outside": ours, "expected": stored(np.pad(x, width, mode, **({"constant_values": 8} if mode == "constant" else {})))}
        for ours, mode in names.items()
    ]
    return {"input": stored(x), "rot90": turns, "flip": flips, "pad": {"width": width, "value": 8, "expected": pads}}


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    cases = {
        "affine": affines(),
        "zoom": zooms(),
        "spline": splines(),
        "blur": blurs(),
        "percentile": percentiles(),
        "rearrange": rearrangements(),
    }
    (folder / "cases.json").write_text(json.dumps(cases) + "\n")
    (folder / "values.bin").write_bytes(np.concatenate(values).tobytes())


if __name__ == "__main__":
    here = Path(__file__).resolve().parents[2] / "packages/data/__tests__/golden/transforms"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else here)
