import { type LayersModel, layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { BatchNorm3d } from '../layers/batchNorm3d.js';
import { Conv3d } from '../layers/conv3d.js';
import { Conv3dTranspose } from '../layers/conv3dTranspose.js';
import { ChannelDropout3d } from '../layers/dropout3d.js';
import { UpSample3d } from '../layers/upSample3d.js';
import { registerLayers } from '../register.js';
import { type Decode, type Drop, networkInput, networkModel } from './ends.js';
import { levelWidths, type NetworkOptions, resolveNetwork } from './options.js';
import { type Step, stage, through } from './segment.js';

/**
 * V-Net as the semi-supervised literature uses it (Milletari et al. 2016, with plain blocks and additive skips): blocks of
 * 1, 2, 3, 3 … convs 3×3×3, each with bias, batch norm and ReLU; down by 2×2×2 convs of stride 2, up by 2×2×2 transposed convs, both
 * with batch norm and ReLU; channel dropout after the bottleneck and after the last block. 9,448,866 parameters by default. With `upsample`
 * `'trilinear'` or `'nearest'` the way up is an enlargement and a 3×3×3 conv.
 *
 * Takes [N, D, H, W, inChannels]. Outputs, in this order and by these names: `logits` [N, D, H, W, classes], `logits2` … of further
 * decoders, `auxiliary1` … where asked for, `representation` [N, D, H, W, R] where asked for, `bottleneck`, `decoder1` … `decoder<levels>` (coarsest first; the last is at full resolution,
 * before its dropout). {@link applyNetwork} hands them out by name.
 *
 * @throws CrlnError `invalid-option`; on a call `invalid-shape` unless D, H and W are multiples of 2^levels.
 */
export function vNet(options: NetworkOptions = {}): LayersModel {
  registerLayers();
  const given = resolveNetwork(options, 0.5, options.name ?? 'vNet');
  const { levels, dropout, seed } = given;
  const widths = levelWidths(given);
  const norm = (x: SymbolicTensor, name: string) => through(new BatchNorm3d({ relu: true, seed, name }), x);
  const convs = (name: string, level: number): Step[] =>
    Array.from({ length: Math.min(level + 1, 3) }, (_, i) => {
      const conv = new Conv3d({ filters: widths[level]!, kernelSize: 3, seed, name: `${name}/conv${i + 1}` });
      return { build: (x) => norm(through(conv, x), `${name}/norm${i + 1}`) };
    });

  const { image, x: checked } = networkInput(given);
  const skips = [stage(given, 'encoder1', 0, checked, convs('encoder1', 0))];
  for (let level = 1; level <= levels; level++) {
    const name = `down${level}`;
    const halve = new Conv3d({ filters: widths[level]!, kernelSize: 2, strides: 2, seed, name: `${name}/conv` });
    const encoder = `encoder${level + 1}`;
    const down: Step = { build: (x) => norm(through(halve, x), `${name}/norm`) };
    skips.push(stage(given, encoder, level, skips[level - 1]!, [down, ...convs(encoder, level)]));
  }
  const drop: Drop = (x, name) => through(new ChannelDropout3d({ rate: dropout, seed, name }), x);
  const bottleneck = skips[levels]!;
  const dropped = drop(bottleneck, 'bottleneckDropout');
  const decode: Decode = (upsample, named) => {
    const decoder: SymbolicTensor[] = [];
    for (let step = 1; step <= levels; step++) {
      const level = levels - step;
      const name = named(`up${step}`);
      const filters = widths[level]!;
      const conv = `${name}/conv`;
      const double = (x: SymbolicTensor) => {
        if (upsample === 'transposed')
          return through(new Conv3dTranspose({ filters, kernelSize: 2, strides: 2, seed, name: conv }), x);
        const larger = through(new UpSample3d({ size: 2, mode: upsample, name: `${name}/resize` }), x);
        return through(new Conv3d({ filters, kernelSize: 3, seed, name: conv }), larger);
      };
      const up: Step = {
        build: (x, skip) => through(layers.add({ name: `${name}/add` }), [norm(double(x), `${name}/norm`), skip!]),
        others: [skips[level]!],
      };
      const block = named(`decoder${step}`);
      decoder.push(stage(given, block, level, decoder.at(-1) ?? dropped, [up, ...convs(block, level)]));
    }
    return decoder;
  };
  return networkModel(given, image, bottleneck, { decode, drop });
}
