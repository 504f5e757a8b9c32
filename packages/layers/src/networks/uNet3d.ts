import { type LayersModel, layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { BatchNorm3d } from '../layers/batchNorm3d.js';
import { Conv3d } from '../layers/conv3d.js';
import { Conv3dTranspose } from '../layers/conv3dTranspose.js';
import { Dropout3d } from '../layers/dropout3d.js';
import { InstanceNorm3d } from '../layers/instanceNorm3d.js';
import { MaxPool3d } from '../layers/maxPool3d.js';
import { UpSample3d } from '../layers/upSample3d.js';
import { registerLayers } from '../register.js';
import { type Decode, type Drop, networkInput, networkModel } from './ends.js';
import { levelWidths, type NetworkOptions, resolveNetwork, type Upsample } from './options.js';
import { type Step, stage, through } from './segment.js';

/**
 * 3D U-Net (Çiçek et al. 2016) in the form of the semi-supervised BraTS benchmarks: every level has two 3×3×3 convs with
 * instance norm (no affine) and ReLU; max-pool down; concatenating skips; element-wise dropout after the bottleneck and after the last
 * decoder layer. `upsample: 'transposed'` is a 3×3×3 transposed conv of stride 2 that keeps the channels, with batch norm and ReLU; the others have no
 * parameters. 8,235,570 parameters by default, 5,884,050 with `upsample: 'trilinear'` (align_corners false).
 *
 * Input, outputs and errors are those of {@link vNet}.
 */
export function uNet3d(options: NetworkOptions = {}): LayersModel {
  registerLayers();
  const given = resolveNetwork(options, 0.3, options.name ?? 'uNet3d');
  const { levels, dropout, seed } = given;
  const widths = levelWidths(given);
  const conv = (x: SymbolicTensor, name: string, level: number, i: 1 | 2) => {
    const y = through(new Conv3d({ filters: widths[level]!, kernelSize: 3, seed, name: `${name}/conv${i}` }), x);
    return through(new InstanceNorm3d({ relu: true, seed, name: `${name}/norm${i}` }), y);
  };
  const double = (x: SymbolicTensor, upsample: Upsample, name: string, filters: number) => {
    if (upsample !== 'transposed') return through(new UpSample3d({ size: 2, mode: upsample, name }), x);
    // Explicit padding: TensorFlow's 'same' lies one voxel off from this at kernel 3 and stride 2.
    const exact = { kernelSize: 3, strides: 2, padding: 1, outputPadding: 1 };
    const conv = through(new Conv3dTranspose({ filters, ...exact, seed, name: `${name}/conv` }), x);
    return through(new BatchNorm3d({ relu: true, seed, name: `${name}/norm` }), conv);
  };

  const { image, x: checked } = networkInput(given);
  const second = (name: string, level: number): Step => ({ build: (x) => conv(x, name, level, 2) });
  const first: Step = { build: (x) => conv(x, 'encoder1', 0, 1) };
  const skips = [stage(given, 'encoder1', 0, checked, [first, second('encoder1', 0)])];
  for (let level = 1; level <= levels; level++) {
    const encoder = `encoder${level + 1}`;
    const down: Step = {
      build: (x) => conv(through(new MaxPool3d({ name: `down${level}` }), x), encoder, level, 1),
    };
    skips.push(stage(given, encoder, level, skips[level - 1]!, [down, second(encoder, level)]));
  }
  const drop: Drop = (x, name) => through(new Dropout3d({ rate: dropout, seed, name }), x);
  const bottleneck = skips[levels]!;
  const dropped = drop(bottleneck, 'bottleneckDropout');
  const decode: Decode = (upsample, named) => {
    const decoder: SymbolicTensor[] = [];
    for (let step = 1; step <= levels; step++) {
      const level = levels - step;
      const name = named(`decoder${step}`);
      const up = named(`up${step}`);
      const enlarge: Step = { build: (x) => double(x, upsample, up, widths[level + 1]!) };
      const join: Step = {
        build: (x, skip) => {
          const joined = through(layers.concatenate({ axis: -1, name: `${up}/concatenate` }), [skip!, x]);
          return conv(joined, name, level, 1);
        },
        others: [skips[level]!],
      };
      decoder.push(stage(given, name, level, decoder.at(-1) ?? dropped, [enlarge, join, second(name, level)]));
    }
    return decoder;
  };
  return networkModel(given, image, bottleneck, { decode, drop });
}
