import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { BatchNorm3d } from '../layers/batchNorm3d.js';
import { Conv3d } from '../layers/conv3d.js';
import { PatchCheck3d } from '../layers/patchCheck3d.js';
import { UpSample3d } from '../layers/upSample3d.js';
import type { ResolvedNetwork, Upsample } from './options.js';
import { recomputed, type Step, through } from './segment.js';

/** The image [N, D, H, W, inChannels] of any size that the levels can halve. */
export function networkInput({ inChannels, levels }: ResolvedNetwork): { image: SymbolicTensor; x: SymbolicTensor } {
  const image = input({ shape: [null, null, null, inChannels], name: 'image' });
  return { image, x: through(new PatchCheck3d({ multiple: 2 ** levels, name: 'patch' }), image) };
}

/** Dropout as a network has it, under a name of its own. */
export type Drop = (x: SymbolicTensor, name: string) => SymbolicTensor;

/** Decoder layers from the coarsest to full resolution. `named` names a part of this decoder; the first one's have no prefix. */
export type Decode = (upsample: Upsample, named: (part: string) => string) => SymbolicTensor[];

/** A tap: makes `x` an output of the model under a name of its own. Costs nothing, since tensors are shared. */
const tap = (x: SymbolicTensor, name: string): SymbolicTensor =>
  through(layers.activation({ activation: 'linear', name }), x);

/**
 * From the bottleneck on, what all networks have: dropout, the decoders, dropout again, and a 1×1×1 conv to the logits each; the
 * representation head where asked for (3×3×3 conv without bias, BN, ReLU, 1×1×1 conv); auxiliary heads; and taps `bottleneck`, `decoder1` … of
 * the first decoder from its coarsest layer to full resolution.
 */
export function networkModel(
  options: ResolvedNetwork,
  image: SymbolicTensor,
  bottleneck: SymbolicTensor,
  { decode, drop }: { decode: Decode; drop: Drop },
): LayersModel {
  const { classes, representation, seed, name, upsample, auxiliaryHeads } = options;
  const toLogits = (x: SymbolicTensor, name: string) =>
    through(new Conv3d({ filters: classes, kernelSize: 1, seed, name }), x);
  const decoders = upsample.map((one, i) => {
    const named = (part: string) => (i === 0 ? part : `branch${i + 1}/${part}`);
    const decoder = decode(one, named);
    const last = drop(decoder.at(-1)!, named('decoderDropout'));
    return { decoder, last, logits: toLogits(last, i === 0 ? 'logits' : `logits${i + 1}`) };
  });
  const { decoder, last } = decoders[0]!;
  const outputs = decoders.map(({ logits }) => logits);
  for (let level = 1; level <= auxiliaryHeads; level++) {
    const head = `auxiliary${level}`;
    const scores = toLogits(drop(decoder.at(-1 - level)!, `${head}/dropout`), `${head}/conv`);
    outputs.push(through(new UpSample3d({ size: 2 ** level, mode: 'trilinear', name: head }), scores));
  }
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
  outputs.push(tap(bottleneck, 'bottleneck'), ...decoder.map((x, i) => tap(x, `decoder${i + 1}`)));
  return model({ inputs: image, outputs, name });
}
