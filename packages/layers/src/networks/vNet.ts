import { type LayersModel, layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { BatchNorm3d } from '../layers/batchNorm3d.js';
import { Conv3d } from '../layers/conv3d.js';
import { Conv3dTranspose } from '../layers/conv3dTranspose.js';
import { ChannelDropout3d } from '../layers/dropout3d.js';
import { registerLayers } from '../register.js';
import { networkInput, networkModel } from './ends.js';
import { levelWidths, type NetworkOptions, resolveNetwork } from './options.js';
import { type Step, stage, through } from './segment.js';

/**
 * V-Net as the semi-supervised literature uses it (Milletari et al. 2016, with plain blocks and additive skips): blocks of
 * 1, 2, 3, 3 … convs 3×3×3, each with bias, batch norm and ReLU; down by 2×2×2 convs of stride 2, up by 2×2×2 transposed convs, both
 * with batch norm and ReLU; channel dropout after the bottleneck and after the last block. 9,448,866 parameters by default.
 *
 * Takes [N, D, H, W, inChannels]. Outputs, in this order and by these names: `logits` [N, D, H, W, classes], `representation`
 * [N, D, H, W, R] where asked for, `bottleneck`, `decoder1` … `decoder<levels>` (coarsest first; the last is at full resolution,
 * before its dropout). {@link applyNetwork} hands them out by name.
 *
 * @throws CrlnError `invalid-option`; on a call `invalid-shape` unless D, H and W are multiples of 2^levels.
 */
export function vNet(options: NetworkOptions = {}): LayersModel {
  registerLayers();
  const given = resolveNetwork(options, 0.5, options.name ?? 'vNet');
  const { levels, dropout, seed } = given;
  const widths = levelWidths(given);
  const convs = (level: number) => Math.min(level + 1, 3);
  const norm = (x: SymbolicTensor, name: string) => through(new BatchNorm3d({ relu: true, seed, name }), x);
  const block = (name: string, level: number): Step[] =>
    Array.from({ length: convs(level) }, (_, i) => {
      const conv = new Conv3d({ filters: widths[level]!, kernelSize: 3, seed, name: `${name}/conv${i + 1}` });
      return { build: (x) => norm(through(conv, x), `${name}/norm${i + 1}`) };
    });

  const { image, x: checked } = networkInput(given);
  const skips = [stage(given, 'encoder1', 0, checked, block('encoder1', 0))];
  for (let level = 1; level <= levels; level++) {
    const name = `down${level}`;
    const halve = new Conv3d({ filters: widths[level]!, kernelSize: 2, strides: 2, seed, name: `${name}/conv` });
    const encoder = `encoder${level + 1}`;
    const down: Step = { build: (x) => norm(through(halve, x), `${name}/norm`) };
    skips.push(stage(given, encoder, level, skips[level - 1]!, [down, ...block(encoder, level)]));
  }
  const bottleneck = skips[levels]!;
  let x = through(new ChannelDropout3d({ rate: dropout, seed, name: 'bottleneckDropout' }), bottleneck);
  const decoder: SymbolicTensor[] = [];
  for (let step = 1; step <= levels; step++) {
    const level = levels - step;
    const name = `up${step}`;
    const double = new Conv3dTranspose({
      filters: widths[level]!,
      kernelSize: 2,
      strides: 2,
      seed,
      name: `${name}/conv`,
    });
    const up: Step = {
      build: (x, skip) =>
        through(layers.add({ name: `${name}/add` }), [norm(through(double, x), `${name}/norm`), skip!]),
      others: [skips[level]!],
    };
    x = stage(given, `decoder${step}`, level, x, [up, ...block(`decoder${step}`, level)]);
    decoder.push(x);
  }
  x = through(new ChannelDropout3d({ rate: dropout, seed, name: 'decoderDropout' }), x);
  return networkModel(given, image, x, { bottleneck, decoder });
}
