import { CrlnError, type Triple } from '@crln/core';
import { encode } from 'fast-png';
import { percentile } from '../metrics/surfaceMetrics.js';

/** What an overlay shows. All volumes are C order on one grid. */
export interface OverlayVolumes {
  image: ArrayLike<number>;
  prediction: ArrayLike<number>;
  /** Left out where there is none. */
  reference?: ArrayLike<number>;
  shape: Triple;
  /** mm along D, H, W: pictures keep proportions. */
  spacing: Triple;
}

/** RGB of the outlines: one pair a class, again from the first where they run out. */
export const OUTLINES = [
  { reference: [64, 224, 255], prediction: [255, 168, 0] },
  { reference: [90, 255, 120], prediction: [255, 80, 200] },
  { reference: [255, 255, 120], prediction: [255, 70, 70] },
] as const;

/** Which axes run across and down a panel, and which is cut. */
const PLANES = [
  { across: 0, down: 1, cut: 2 },
  { across: 0, down: 2, cut: 1 },
  { across: 1, down: 2, cut: 0 },
] as const;

const GAP = 6;

interface Panel {
  width: number;
  height: number;
  rgb: Uint8Array;
}

/**
 * Three planes through the middle of the object, as a PNG: the image in grey (1st to 99th percentile) with the outlines of reference
 * and prediction. Outlines run on voxel borders, the reference's just outside its object and the prediction's just inside,
 * so that both show where they agree.
 *
 * Panels are (axis 0 across, axis 1 down), (0, 2) and (1, 2), all axes reversed: of a volume in RAS order that is the
 * radiologist's view, axial, coronal and sagittal.
 *
 * @param options `size`: about how many pixels the longer side of the largest panel has
 * @throws CrlnError `invalid-shape`
 */
export function overlayPng(volumes: OverlayVolumes, options: { size?: number } = {}): Uint8Array {
  const { shape, spacing, image, prediction, reference } = volumes;
  const voxels = shape[0] * shape[1] * shape[2];
  for (const [name, data] of Object.entries({ image, prediction, reference })) {
    if (data && data.length !== voxels) {
      throw new CrlnError('invalid-shape', `overlay: ${name} has ${data.length} voxels, expected [${shape}]`, { name });
    }
  }
  const longest = Math.max(...shape.map((n, a) => n * spacing[a]!));
  const perMm = (options.size ?? 360) / longest;
  // Whole pixels a voxel, so that borders are sharp; at least 1.
  const zoom = spacing.map((mm) => Math.max(1, Math.round(mm * perMm))) as Triple;
  const centre = middle(reference ?? prediction, shape) ?? middle(prediction, shape) ?? half(shape);
  const grey = window(image);
  const panels = PLANES.map((plane) => drawPanel(volumes, plane, centre, zoom, grey));
  return encode({ ...joined(panels), channels: 3, depth: 8 });
}

type Plane = (typeof PLANES)[number];

function drawPanel(
  { image, prediction, reference, shape }: OverlayVolumes,
  { across, down, cut }: Plane,
  centre: Triple,
  zoom: Triple,
  grey: (value: number) => number,
): Panel {
  const [columns, rows] = [shape[across], shape[down]];
  const stride: Triple = [shape[1] * shape[2], shape[2], 1];
  const voxel = (column: number, row: number): number =>
    centre[cut] * stride[cut] + (columns - 1 - column) * stride[across] + (rows - 1 - row) * stride[down];
  const [zx, zy] = [zoom[across], zoom[down]];
  const width = columns * zx;
  const height = rows * zy;
  const rgb = new Uint8Array(width * height * 3);
  const fill = (x: number, y: number, colour: readonly number[]) => rgb.set(colour, (y * width + x) * 3);
  // Between voxel centres the image is interpolated: blocks would hide what is in it.
  const near = (at: number, z: number, n: number): [number, number, number] => {
    const exact = Math.min(n - 1, Math.max(0, (at + 0.5) / z - 0.5));
    const low = Math.floor(exact);
    return [low, Math.min(low + 1, n - 1), exact - low];
  };
  for (let y = 0; y < height; y++) {
    const [r0, r1, fy] = near(y, zy, rows);
    for (let x = 0; x < width; x++) {
      const [c0, c1, fx] = near(x, zx, columns);
      const upper = image[voxel(c0, r0)]! * (1 - fx) + image[voxel(c1, r0)]! * fx;
      const lower = image[voxel(c0, r1)]! * (1 - fx) + image[voxel(c1, r1)]! * fx;
      const level = grey(upper * (1 - fy) + lower * fy);
      fill(x, y, [level, level, level]);
    }
  }
  const thick = Math.max(1, Math.min(2, Math.floor(Math.min(zx, zy) / 3)));
  for (const [labels, kind] of [
    [reference, 'reference'],
    [prediction, 'prediction'],
  ] as const) {
    if (!labels) continue;
    const at = (x: number, y: number): number =>
      x < 0 || y < 0 || x >= width || y >= height ? 0 : labels[voxel(Math.floor(x / zx), Math.floor(y / zy))]!;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const own = at(x, y);
        const other = around(thick, (dx, dy) => {
          const value = at(x + dx, y + dy);
          return value === own ? 0 : kind === 'reference' ? value : own;
        });
        if (other !== 0) fill(x, y, OUTLINES[(other - 1) % OUTLINES.length]![kind]);
      }
    }
  }
  return { width, height, rgb };
}

/** The first value that is not 0 among the eight pixels a line's width away. */
function around(reach: number, value: (dx: number, dy: number) => number): number {
  for (const dy of [-reach, 0, reach]) {
    for (const dx of [-reach, 0, reach]) {
      const found = dx === 0 && dy === 0 ? 0 : value(dx, dy);
      if (found !== 0) return found;
    }
  }
  return 0;
}

/** Panels side by side on white. */
function joined(panels: readonly Panel[]): { width: number; height: number; data: Uint8Array } {
  const width = panels.reduce((sum, panel) => sum + panel.width + GAP, -GAP);
  const height = Math.max(...panels.map((panel) => panel.height));
  const data = new Uint8Array(width * height * 3).fill(255);
  let left = 0;
  for (const panel of panels) {
    for (let y = 0; y < panel.height; y++) {
      const row = panel.rgb.subarray(y * panel.width * 3, (y + 1) * panel.width * 3);
      data.set(row, (y * width + left) * 3);
    }
    left += panel.width + GAP;
  }
  return { width, height, data };
}

/** Grey level 0 … 252 of an intensity. */
function window(image: ArrayLike<number>): (value: number) => number {
  const step = Math.max(1, Math.floor(image.length / 50_000));
  const sample = Float64Array.from({ length: Math.ceil(image.length / step) }, (_, i) => image[i * step]!);
  const [low, high] = [percentile(sample, 1), percentile(sample, 99)];
  const range = high - low || 1;
  // 64 levels look the same and make the file half as large.
  return (value) => 4 * Math.floor(63.999 * Math.min(1, Math.max(0, (value - low) / range)));
}

/** The centre of all voxels that are not background. */
function middle(labels: ArrayLike<number>, shape: Triple): Triple | undefined {
  const sum: Triple = [0, 0, 0];
  let count = 0;
  for (let i = 0, v = 0; i < shape[0]; i++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let k = 0; k < shape[2]; k++, v++) {
        if (!labels[v]) continue;
        count++;
        sum[0] += i;
        sum[1] += j;
        sum[2] += k;
      }
    }
  }
  return count === 0 ? undefined : (sum.map((total) => Math.round(total / count)) as Triple);
}

const half = (shape: Triple): Triple => shape.map((n) => n >> 1) as Triple;
