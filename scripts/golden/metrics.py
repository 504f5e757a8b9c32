"""Writes packages/train/__tests__/golden/metrics.json: segmentation metrics of small shapes as SciPy and NumPy give them.

Needs python3-numpy and python3-scipy. The definitions are written out here: surface = object minus its binary erosion (6
neighbours, border_value 0), distances from scipy.ndimage.distance_transform_edt, percentiles from numpy.percentile.
"""
import json
from pathlib import Path

import numpy as np
from scipy import ndimage

OUT = Path(__file__).resolve().parents[2] / "packages/train/__tests__/golden/metrics.json"


def ellipsoid(shape, centre, radii):
    grid = np.ogrid[tuple(slice(0, n) for n in shape)]
    return sum(((g - c) / r) ** 2 for g, c, r in zip(grid, centre, radii)) <= 1


def run_lengths(mask):
    """Lengths of runs of equal voxels, the first run being zeros."""
    flat = np.concatenate([[0], mask.astype(np.uint8).ravel()])
    edges = np.flatnonzero(np.diff(flat)) + 0
    return np.diff(np.concatenate([[0], edges, [flat.size - 1]])).tolist()


def surface(mask):
    return mask ^ ndimage.binary_erosion(mask, ndimage.generate_binary_structure(3, 1), border_value=0)


def directed(a, b, spacing):
    return ndimage.distance_transform_edt(~surface(b), sampling=spacing)[surface(a)]


def metrics(prediction, reference, spacing):
    there, back = directed(prediction, reference, spacing), directed(reference, prediction, spacing)
    return {
        "hd95": float(np.percentile(np.hstack([there, back]), 95)),
        "asd": float(there.mean()),
        "assd": float((there.mean() + back.mean()) / 2),
    }


def case(name, prediction, reference, spacing):
    both = (prediction & reference).sum()
    components = {}
    for connectivity, structure in ((6, 1), (26, 3)):
        labels, count = ndimage.label(prediction, ndimage.generate_binary_structure(3, structure))
        components[str(connectivity)] = sorted(np.bincount(labels.ravel())[1:].tolist(), reverse=True)
        assert len(components[str(connectivity)]) == count
    return {
        "name": name,
        "shape": list(prediction.shape),
        "spacing": list(spacing),
        "prediction": run_lengths(prediction),
        "reference": run_lengths(reference),
        "dice": float(2 * both / (prediction.sum() + reference.sum())),
        "jaccard": float(both / (prediction | reference).sum()),
        "voxels": metrics(prediction, reference, (1, 1, 1)),
        "mm": metrics(prediction, reference, spacing),
        "squaredDistanceSum": float((ndimage.distance_transform_edt(~prediction, sampling=spacing) ** 2).sum()),
        "components": components,
    }


def main():
    random = np.random.default_rng(1)
    shape = (23, 19, 13)
    body = ellipsoid(shape, (11, 9, 6), (8, 6, 4))
    shifted = ellipsoid(shape, (12, 8, 6), (7, 7, 4))
    noisy = shifted ^ (random.random(shape) < 0.01)
    cut_off = ellipsoid(shape, (2, 2, 2), (9, 8, 7))
    far = np.zeros(shape, bool)
    far[22, 18, 12] = True
    cases = [
        case("two ellipsoids", shifted, body, (0.625, 0.625, 0.625)),
        case("noise far from the object", noisy, body, (0.7, 0.9, 2.5)),
        case("an object cut off by the border", cut_off, body, (1.5, 0.5, 3)),
        case("one voxel in the far corner", far, body, (0.4, 1.1, 2)),
        case("equal", body, body, (1, 2, 3)),
        case("the whole volume against noise", np.ones(shape, bool), noisy, (0.3, 0.3, 5)),
    ]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
    print(f"{OUT.name}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
