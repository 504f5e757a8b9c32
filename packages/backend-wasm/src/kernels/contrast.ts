import { CrlnError, KERNELS } from '@crln/core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import { defineKernel } from '../kernelConfig.js';
import { rowUnits } from '../units.js';

interface InfoNceAttrs {
  temperature: number;
}
type InfoNceInputs = Record<'anchors' | 'positives' | 'rows' | 'negatives', TensorInfo>;

/**
 * loss [A] = −log(e^s / (e^s + Σ e^sₖ)), s the cosine of anchor and positive and sₖ of anchor and row negatives[·, k], over temperature; and
 * the slope of each loss in its anchor [A, R].
 */
const infoNce = defineKernel<InfoNceInputs, InfoNceAttrs>(KERNELS.InfoNce, (call) => {
  const { inputs, attrs, ints, floats, room, output } = call;
  const [count, width] = inputs.anchors.shape as [number, number];
  const [total, list] = [inputs.rows.shape[0]!, inputs.negatives.shape[1]!];
  const { rows: unitAnchors, units } = rowUnits(count, 2 * list * width);
  const { heap, threads } = engine();
  const purpose = { kernel: KERNELS.InfoNce, shape: inputs.negatives.shape };
  const wrong = heap.ints(units, purpose);
  const scratch = heap.take(threads * 32 * (Math.ceil(width / 4) + 1 + Math.ceil(list / 4)), purpose);
  const [loss, slopes] = [room([count]), room([count, width])];
  const at = (tensor: TensorInfo) => floats(tensor).byteOffset;
  const lists = call.ints(inputs.negatives).byteOffset;
  const places = [at(inputs.anchors), at(inputs.positives), at(inputs.rows), lists] as const;
  const results = [loss.byteOffset, slopes.byteOffset, wrong.byteOffset, scratch] as const;
  const sizes = [
    count,
    count / inputs.positives.shape[0]!,
    total,
    width,
    list,
    attrs.temperature,
    unitAnchors,
  ] as const;
  engine().run('infoNce', units, ...places, ...results, ...sizes);
  const bad = wrong.find((place) => place >= 0);
  if (bad !== undefined) {
    const row = ints(inputs.negatives)[bad];
    throw new CrlnError('invalid-data', `${KERNELS.InfoNce}: negatives[${bad}] is ${row}, expected 0 to ${total - 1}`, {
      row,
      rows: total,
    });
  }
  return [output([count], loss), output([count, width], slopes)];
});

export const contrastKernels: readonly KernelConfig[] = [infoNce];
