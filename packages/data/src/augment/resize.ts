import { foldPosition } from '../boundary.js';

/**
 * How one axis of n voxels is resized to ⌊n·scale⌋ and brought back to n by a centre crop or by padding: for every output voxel,
 * four taps with weights for the image (outside reflected), and the nearest source voxel for labels (−1 = padding).
 */
export interface AxisResize {
  taps: Int32Array;
  weights: Float64Array;
  nearest: Int32Array;
}

/** Keys' cubic with a = −0.75, as PyTorch and OpenCV have it. */
const A = -0.75;

/** Half-pixel centres: resized voxel r lies at (r + ½)·n/m − ½ in the source. */
export function axisResize(n: number, scale: number): AxisResize {
  const m = Math.max(1, Math.floor(n * scale));
  const offset = m >= n ? Math.floor((m - n) / 2) : -Math.floor((n - m) / 2);
  const taps = new Int32Array(4 * n);
  const weights = new Float64Array(4 * n);
  const nearest = new Int32Array(n);
  for (let x = 0; x < n; x++) {
    const r = x + offset;
    const inside = r >= 0 && r < m;
    const at = foldPosition(r, m, 'mirror');
    nearest[x] = inside ? Math.min(Math.floor(((at + 0.5) * n) / m), n - 1) : -1;
    const position = ((at + 0.5) * n) / m - 0.5;
    const base = Math.floor(position);
    for (let tap = 0; tap < 4; tap++) {
      taps[4 * x + tap] = Math.min(Math.max(base - 1 + tap, 0), n - 1);
      weights[4 * x + tap] = cubic(Math.abs(position - (base - 1 + tap)));
    }
  }
  return { taps, weights, nearest };
}

function cubic(t: number): number {
  if (t <= 1) return ((A + 2) * t - (A + 3)) * t * t + 1;
  if (t < 2) return ((A * t - 5 * A) * t + 8 * A) * t - 4 * A;
  return 0;
}

/** Resizes a patch [D, H, W] in plane by one factor; same shape out. `scratch` holds D·H·W values. */
export function resizeInPlane(
  data: Float32Array,
  [d, h, w]: readonly [number, number, number],
  scale: number,
  scratch: Float32Array,
): void {
  blend(data, scratch, axisResize(d, scale), 1, d, h * w);
  blend(scratch, data, axisResize(h, scale), d, h, w);
}

/** One axis of [outer, n, inner]. */
function blend(from: Float32Array, to: Float32Array, axis: AxisResize, outer: number, n: number, inner: number): void {
  for (let o = 0; o < outer; o++) {
    for (let x = 0; x < n; x++) {
      const [w0, w1, w2, w3] = [0, 1, 2, 3].map((t) => axis.weights[4 * x + t]!) as [number, number, number, number];
      const [p0, p1, p2, p3] = [0, 1, 2, 3].map((t) => (o * n + axis.taps[4 * x + t]!) * inner) as [
        number,
        number,
        number,
        number,
      ];
      const out = (o * n + x) * inner;
      for (let i = 0; i < inner; i++) {
        to[out + i] = w0 * from[p0 + i]! + w1 * from[p1 + i]! + w2 * from[p2 + i]! + w3 * from[p3 + i]!;
      }
    }
  }
}
