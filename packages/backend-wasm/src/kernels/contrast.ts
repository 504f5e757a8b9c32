import { CrlnError, KERNELS } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel, type KernelCall } from '../kernelConfig.js';
import { rowUnits } from '../units.js';
import { integersAt } from './classRows.js';

interface InfoNceAttrs {
  temperature: number;
}
type InfoNceInputs = Record<'anchors' | 'positives' | 'rows' | 'negatives', TensorInfo>;

/** What both directions need: units of whole anchors, sizes in the kernels' order, and scratch of every thread. */
function listsOf({ inputs, attrs }: KernelCall<InfoNceInputs, InfoNceAttrs>, kernel: string) {
  const [count, width] = inputs.anchors.shape as [number, number];
  const list = inputs.negatives.shape[1]!;
  const { rows: unitAnchors, units } = rowUnits(count, list * width);
  const { heap, threads } = engine();
  const bytes = threads * (2 * Math.ceil(width / 4) * 16 + Math.max(1, Math.ceil(list / 4)) * 32);
  const share = count / inputs.positives.shape[0]!;
  return {
    units,
    scratch: heap.take(bytes, { kernel, shape: inputs.negatives.shape }),
    sizes: [count, share, inputs.rows.shape[0]!, width, list, attrs.temperature, unitAnchors] as const,
  };
}

/** loss [A] = −log(e^s / (e^s + Σ e^sₖ)), s the cosine of anchor and positive and sₖ of anchor and row negatives[·, k], over temperature. */
const infoNce = defineKernel<InfoNceInputs, InfoNceAttrs>(KERNELS.InfoNce, (call) => {
  const { inputs, ints, floats, room, output } = call;
  const { units, scratch, sizes } = listsOf(call, KERNELS.InfoNce);
  const shape = [inputs.anchors.shape[0]!];
  const loss = room(shape);
  const wrong = engine().heap.ints(units, { kernel: KERNELS.InfoNce, shape });
  const places = [floats(inputs.anchors), floats(inputs.positives), floats(inputs.rows)].map((a) => a.byteOffset);
  const [anchors, positives, rows] = places as [number, number, number];
  const lists = integersAt(call, inputs.negatives, KERNELS.InfoNce);
  engine().run('infoNce', units, anchors, positives, rows, lists, loss.byteOffset, wrong.byteOffset, scratch, ...sizes);
  const bad = wrong.find((place) => place >= 0);
  if (bad !== undefined) {
    const [row, count] = [ints(inputs.negatives)[bad], inputs.rows.shape[0]!];
    throw new CrlnError('invalid-data', `${KERNELS.InfoNce}: negatives[${bad}] is ${row}, expected 0 to ${count - 1}`, {
      row,
      rows: count,
    });
  }
  return output(shape, loss);
});

/** The gradient with respect to the anchors. */
const infoNceGrad = defineKernel<InfoNceInputs & Record<'dy' | 'loss', TensorInfo>, InfoNceAttrs>(
  KERNELS.InfoNceGrad,
  (call) => {
    const { inputs, floats, room, output } = call;
    const { units, scratch, sizes } = listsOf(call, KERNELS.InfoNceGrad);
    const gradient = room(inputs.anchors.shape);
    const at = (tensor: TensorInfo) => floats(tensor).byteOffset;
    const places = [at(inputs.dy), at(inputs.loss), at(inputs.anchors), at(inputs.positives), at(inputs.rows)] as const;
    const lists = integersAt(call, inputs.negatives, KERNELS.InfoNceGrad);
    engine().run('infoNceGrad', units, ...places, lists, gradient.byteOffset, scratch, ...sizes);
    return output(inputs.anchors.shape, gradient);
  },
);

export const contrastKernels: readonly KernelConfig[] = [infoNce, infoNceGrad];
