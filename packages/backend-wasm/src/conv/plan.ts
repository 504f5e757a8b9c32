import type { ConvGeometry, Triple } from '@crln/core';

/** One value of the filter: where in the window it reads, counted in voxels from an output voxel's own corner. */
export interface Tap {
  offset: Triple;
  /** Its place in the filter, (a·kh + b)·kw + c. */
  index: number;
}

/** A regular grid of output voxels that all use the same taps. */
export interface Pass {
  /** Grid points along D, H, W. */
  count: Triple;
  /** The output voxel of grid point j is start + j·stride. */
  start: Triple;
  taps: Tap[];
}

/**
 * A convolution, or its input gradient, as gathers: output voxel (of grid point j) = Σ over taps of source[corner + j·step + offset].
 * The window is the part of the source, zeros around it included, that all passes read.
 */
export interface Plan {
  passes: Pass[];
  /** Output voxels between grid points. */
  stride: Triple;
  /** Source voxels between grid points. */
  step: Triple;
  /** First source voxel of the window (negative: padding). */
  low: Triple;
  /** Voxels that the taps of one grid point span. */
  reach: Triple;
  /** The most grid points along each axis of any pass. */
  count: Triple;
}

const axes = [0, 1, 2] as const;
const map = (f: (axis: 0 | 1 | 2) => number): Triple => [f(0), f(1), f(2)];

/** y[o] = Σ_k x[o·stride − before + k·dilation]·w[k]: one pass. */
export function forwardPlan(g: ConvGeometry): Plan {
  const choices = axes.map((a) =>
    Array.from({ length: g.size[a] }, (_, k) => ({ offset: k * g.dilations[a], index: k })),
  ) as [Choice[], Choice[], Choice[]];
  return {
    passes: [{ count: g.output, start: [0, 0, 0], taps: tapsOf(choices, g.size) }],
    stride: [1, 1, 1],
    step: g.strides,
    low: map((a) => -g.before[a]),
    reach: map((a) => (g.size[a] - 1) * g.dilations[a] + 1),
    count: g.output,
  };
}

/**
 * dx[i] = Σ_k dy[(i + before − k·dilation) / stride]·w[k], over the k that divide: a pass for every residue of i + before modulo the
 * stride, each a gather of step 1 with its own share of the taps. With stride 1 this is the convolution with the mirrored filter.
 */
export function inputGradPlan(g: ConvGeometry): Plan {
  const phases = axes.map((a) => axisPhases(g, a)) as [AxisPhase[], AxisPhase[], AxisPhase[]];
  const offsets = phases.map((list) => list.flatMap((phase) => phase.taps.map((tap) => tap.offset)));
  // An axis shorter than the stride may have no tap at all; then nothing is read along it.
  const low = map((a) => (offsets[a]!.length > 0 ? Math.min(...offsets[a]!) : 0));
  const high = map((a) => (offsets[a]!.length > 0 ? Math.max(...offsets[a]!) : 0));
  const passes: Pass[] = [];
  for (const d of phases[0])
    for (const h of phases[1])
      for (const w of phases[2]) {
        const choices = [d, h, w].map((phase, a) =>
          phase.taps.map(({ offset, index }) => ({ offset: offset - low[a]!, index })).reverse(),
        ) as [Choice[], Choice[], Choice[]];
        passes.push({
          count: [d.count, h.count, w.count],
          start: [d.start, h.start, w.start],
          taps: tapsOf(choices, g.size),
        });
      }
  return {
    passes,
    stride: g.strides,
    step: [1, 1, 1],
    low,
    reach: map((a) => high[a] - low[a] + 1),
    count: map((a) => Math.max(...phases[a].map((phase) => phase.count))),
  };
}

interface Choice {
  offset: number;
  index: number;
}

interface AxisPhase {
  start: number;
  count: number;
  taps: Choice[];
}

function axisPhases(g: ConvGeometry, a: 0 | 1 | 2): AxisPhase[] {
  const stride = g.strides[a];
  const phases: AxisPhase[] = [];
  for (let start = 0; start < Math.min(stride, g.input[a]); start++) {
    const taps: Choice[] = [];
    for (let k = 0; k < g.size[a]; k++) {
      const reached = start + g.before[a] - k * g.dilations[a];
      if (reached % stride === 0) taps.push({ offset: reached / stride, index: k });
    }
    phases.push({ start, count: Math.ceil((g.input[a] - start) / stride), taps });
  }
  return phases;
}

function tapsOf([d, h, w]: [Choice[], Choice[], Choice[]], size: Triple): Tap[] {
  return d.flatMap((a) =>
    h.flatMap((b) =>
      w.map((c) => ({
        offset: [a.offset, b.offset, c.offset] as Triple,
        index: (a.index * size[1] + b.index) * size[2] + c.index,
      })),
    ),
  );
}

/** Byte offsets of taps in a window of `window` voxels, neighbours along W joined into runs of contiguous floats. */
export interface TapRuns {
  offsets: Int32Array;
  /** Floats a run. */
  run: number;
  /** Filter places in the order in which the runs read them. */
  order: Int32Array;
}

/** `channels` floats a voxel; `join` off keeps one run a tap. */
export function tapRuns(taps: readonly Tap[], window: Triple, channels: number, join = true): TapRuns {
  const voxels = taps.map(({ offset: [d, h, w] }) => (d * window[1] + h) * window[2] + w);
  let length = 1;
  while (join && length < taps.length && voxels[length] === voxels[0]! + length) length++;
  const regular = taps.length % length === 0 && voxels.every((v, i) => i % length === 0 || v === voxels[i - 1]! + 1);
  if (!regular) length = 1;
  const starts = voxels.filter((_, i) => i % length === 0);
  return {
    offsets: Int32Array.from(starts, (v) => v * channels * 4),
    run: length * channels,
    order: Int32Array.from(taps, (tap) => tap.index),
  };
}
