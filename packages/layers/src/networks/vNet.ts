import { type LayersModel, layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { BatchNorm3d } from '../layers/batchNorm3d.js';
import { Conv3d } from '../layers/conv3d.js';
import { Conv3dTranspose } from '../layers/conv3dTranspose.js';
import { ChannelDropout3d } from '../layers/dropout3d.js';
import { registerLayers } from '../register.js';
import { networkInput, networkModel } from './ends.js';
import { levelWidths, type NetworkOptions, resolveNetwork } from './options.js';
import { segments, through } from './segment.js';

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
  const segment = segments(given.recompute);
  const widths = levelWidths(given);
  const convs = (level: number) => Math.min(level + 1, 3);
  const norm = (x: SymbolicTensor, name: string) => through(new BatchNorm3d({ relu: true, seed, name }), x);
  const block = (start: SymbolicTensor, name: string, level: number) => {
    let x = start;
    for (let i = 1; i <= convs(level); i++) {
      const conv = new Conv3d({ filters: widths[level]!, kernelSize: 3, seed, name: `${name}/conv${i}` });
      x = norm(through(conv, x), `${name}/norm${i}`);
    }
    return x;
  };

  const { image, x: checked } = networkInput(given);
  const skips = [segment('encoder1/block', [checked], (x) => block(x!, 'encoder1', 0))];
  for (let level = 1; level <= levels; level++) {
    const name = `down${level}`;
    const halve = new Conv3d({ filters: widths[level]!, kernelSize: 2, strides: 2, seed, name: `${name}/conv` });
    const encoder = `encoder${level + 1}`;
    skips.push(
      segment(`${encoder}/block`, [skips[level - 1]!], (x) =>
        block(norm(through(halve, x!), `${name}/norm`), encoder, level),
      ),
    );
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
    x = segment(`decoder${step}/block`, [x, skips[level]!], (coarse, skip) => {
      const up = norm(through(double, coarse!), `${name}/norm`);
      return block(through(layers.add({ name: `${name}/add` }), [up, skip!]), `decoder${step}`, level);
    });
    decoder.push(x);
  }
  x = through(new ChannelDropout3d({ rate: dropout, seed, name: 'decoderDropout' }), x);
  return networkModel(given, image, x, { bottleneck, decoder });
}
