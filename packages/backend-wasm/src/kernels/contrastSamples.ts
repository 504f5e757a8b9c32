import { KERNELS } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel } from '../kernelConfig.js';
import { rowUnits } from '../units.js';

interface ContrastSampleAttrs {
  threshold: number;
  temperature: number;
}
type ContrastSampleInputs = Record<
  'rows' | 'labels' | 'valid' | 'probabilities' | 'anchor' | 'negative',
  TensorInfo
> & {
  negativeClass?: TensorInfo;
};

const NAME = KERNELS.ContrastSamples;

/**
 * Anchors [C, A], the ⌊u·count⌋-th hard voxel of each class; negatives [C, A·K], voxels of the other classes; means [C, R]; how many
 * members and hard members a class has [C]. See the operation in `@crln/ops`.
 */
const contrastSamples = defineKernel<ContrastSampleInputs, ContrastSampleAttrs>(NAME, (call) => {
  const { inputs, attrs, backend, floats, room, output } = call;
  const [voxels, width] = inputs.rows.shape as [number, number];
  const classes = inputs.probabilities.shape[1]!;
  const { heap } = engine();
  const purpose = { kernel: NAME, shape: inputs.rows.shape };
  const { rows: unitVoxels, units } = rowUnits(voxels, width);
  const labels = call.ints(inputs.labels).byteOffset;
  const source = [labels, floats(inputs.valid).byteOffset, floats(inputs.probabilities).byteOffset] as const;

  const stride = 2 + Math.ceil(width / 2) * 2;
  const tallySize = units * classes * stride;
  const talliesAt = heap.take(tallySize * 8, purpose);
  const tallies = new Float64Array(heap.memory.buffer, talliesAt, tallySize);
  const { threshold } = attrs;
  const [x, tally] = [floats(inputs.rows).byteOffset, tallies.byteOffset];
  engine().run('countMembers', units, x, ...source, tally, voxels, classes, width, threshold, unitVoxels);

  const totals = Array.from({ length: classes }, (_, c) => {
    const total = new Float64Array(2 + width);
    for (let unit = 0; unit < units; unit++) {
      for (let i = 0; i < total.length; i++) total[i]! += tallies[(unit * classes + c) * stride + i]!;
    }
    return total;
  });
  const means = room([classes, width]);
  means.set(totals.flatMap(([count, , ...sums]) => sums.map((sum) => sum / Math.max(count!, 1))));

  const ends = heap.ints(units * classes * 2, purpose);
  const tables = [0, 1].map((kind) => {
    const table = heap.ints(classes * 2, purpose);
    let end = 0;
    for (let c = 0; c < classes; c++) {
      table.set([end, totals[c]![kind]!], c * 2);
      for (let unit = 0; unit < units; unit++) {
        ends[(unit * classes + c) * 2 + kind] = end;
        end += tallies[(unit * classes + c) * stride + kind]!;
      }
    }
    return table;
  });
  const lists = [0, 1].map(() => heap.ints(voxels, purpose).byteOffset) as [number, number];
  engine().run('listMembers', units, ...source, ends.byteOffset, ...lists, voxels, classes, threshold, unitVoxels);

  const odds = heap.floats(classes * classes, purpose);
  odds.set(
    oddsOf(
      means,
      totals.map(([count]) => count!),
      attrs.temperature,
    ),
  );
  const draw = (uniforms: TensorInfo, choices: number, chances: number, kind: 0 | 1) => {
    const { rows, units: drawUnits } = rowUnits(uniforms.shape[0]! * uniforms.shape[1]!, 4);
    const drawn = backend.room('int32', classes * uniforms.shape[1]!, purpose) as Int32Array;
    const places = [floats(uniforms).byteOffset, choices, chances, tables[kind]!.byteOffset, lists[kind]] as const;
    engine().run('drawMembers', drawUnits, ...places, drawn.byteOffset, classes, uniforms.shape[1]!, rows);
    return output(uniforms.shape, drawn);
  };
  const choices = inputs.negativeClass ? floats(inputs.negativeClass).byteOffset : 0;
  return [
    draw(inputs.anchor, 0, 0, 1),
    draw(inputs.negative, choices, odds.byteOffset, 0),
    output([classes, width], means),
    ...[0, 1].map((kind) => {
      const counts = room([classes]);
      counts.set(totals.map((total) => total[kind]!));
      return output([classes], counts);
    }),
  ];
});

/** How likely a negative of class c is one of class j, e^((cos(meanᶜ, meanʲ) − 1)/temperature), unscaled; 0 where j has no members. */
function oddsOf(means: Float32Array, members: readonly number[], temperature: number): number[] {
  const width = means.length / members.length;
  const dot = (a: number, b: number) => {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += means[a * width + i]! * means[b * width + i]!;
    return sum;
  };
  const length = members.map((_, c) => Math.sqrt(Math.max(dot(c, c), 1e-16)));
  return members.flatMap((_, c) =>
    members.map((count, j) => (count > 0 ? Math.exp((dot(c, j) / (length[c]! * length[j]!) - 1) / temperature) : 0)),
  );
}

export const contrastSampleKernels: readonly KernelConfig[] = [contrastSamples];
