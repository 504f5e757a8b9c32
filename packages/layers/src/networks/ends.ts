import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { BatchNorm3d } from '../layers/batchNorm3d.js';
import { Conv3d } from '../layers/conv3d.js';
import { PatchCheck3d } from '../layers/patchCheck3d.js';
import type { ResolvedNetwork } from './options.js';
import { recomputed, type Step, through } from './segment.js';

/** The image [N, D, H, W, inChannels] of any size that the levels can halve. */
export function networkInput({ inChannels, levels }: ResolvedNetwork): { image: SymbolicTensor; x: SymbolicTensor } {
  const image = input({ shape: [null, null, null, inChannels], name: 'image' });
  return { image, x: through(new PatchCheck3d({ multiple: 2 ** levels, name: 'patch' }), image) };
}

/** A tap: makes `x` an output of the model under a name of its own. Costs nothing, since tensors are shared. */
const tap = (x: SymbolicTensor, name: string): SymbolicTensor =>
  through(layers.activation({ activation: 'linear', name }), x);

/**
 * What every network ends in: 1×1×1 conv to the logits, the representation head where asked for (3×3×3 conv without bias, BN,
 * ReLU, 1×1×1 conv), and taps `bottleneck`, `decoder1` … from the coarsest decoder layer to full resolution.
 */
export function networkModel(
  options: ResolvedNetwork,
  image: SymbolicTensor,
  last: SymbolicTensor,
  taps: { bottleneck: SymbolicTensor; decoder: SymbolicTensor[] },
): LayersModel {
  const { classes, representation, seed, name } = options;
  const outputs = [through(new Conv3d({ filters: classes, kernelSize: 1, seed, name: 'logits' }), last)];
  if (representation !== undefined) {
    const conv = new Conv3d({
      filters: representation,
      kernelSize: 3,
      useBias: false,
      seed,
      name: 'representation/conv',
    });
    const norm = new BatchNorm3d({ relu: true, seed, name: 'representation/norm' });
    const head = new Conv3d({ filters: representation, kernelSize: 1, seed, name: 'representation' });
    const step: Step = { build: (x) => through(head, through(norm, through(conv, x))) };
    outputs.push(options.recompute ? recomputed('representation', last, step) : step.build(last));
  }
  outputs.push(tap(taps.bottleneck, 'bottleneck'), ...taps.decoder.map((x, i) => tap(x, `decoder${i + 1}`)));
  return model({ inputs: image, outputs, name });
}
