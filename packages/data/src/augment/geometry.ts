import type { StrongPlan } from '@crln/core';
import { axisResize } from './resize.js';
import { planeMap } from './turn.js';

/**
 * The geometry of a {@link StrongPlan} for labels and confidences: for every output voxel of [N, D, H, W], the flat index of the
 * voxel of [N, D, H, W] that it shows (nearest), or −1 where the resize padded ("ignore"). `@crln/ops` gathers by it.
 */
export function geometryIndex(plan: StrongPlan): Int32Array {
  const [d, h, w] = plan.shape;
  const size = d * h * w;
  const resizes = plan.geometry.map(({ scale }) =>
    scale === null ? null : [axisResize(d, scale).nearest, axisResize(h, scale).nearest],
  );
  const index = new Int32Array(plan.geometry.length * size);
  plan.geometry.forEach((g, n) => {
    const map = planeMap(g, d, h);
    for (let x = 0; x < d; x++) {
      for (let y = 0; y < h; y++) {
        let i = map.i0 + map.ix * x + map.iy * y;
        let j = map.j0 + map.jx * x + map.jy * y;
        const mixed = g.box !== null && i >= g.box.d0 && i < g.box.d1 && j >= g.box.h0 && j < g.box.h1;
        const from = mixed ? g.partner : n;
        const resize = resizes[from];
        if (resize) {
          i = resize[0]![i]!;
          j = resize[1]![j]!;
        }
        const to = n * size + (x * h + y) * w;
        if (i < 0 || j < 0) index.fill(-1, to, to + w);
        else {
          const start = from * size + (i * h + j) * w;
          for (let z = 0; z < w; z++) index[to + z] = start + z;
        }
      }
    }
  });
  return index;
}
