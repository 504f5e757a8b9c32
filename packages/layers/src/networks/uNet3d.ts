import { CrlnError } from '@crln/core';
import { type LayersModel, layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { BatchNorm3d } from '../layers/batchNorm3d.js';
import { Conv3d } from '../layers/conv3d.js';
import { Conv3dTranspose } from '../layers/conv3dTranspose.js';
import { Dropout3d } from '../layers/dropout3d.js';
import { InstanceNorm3d } from '../layers/instanceNorm3d.js';
import { MaxPool3d } from '../layers/maxPool3d.js';
import { UpSample3d } from '../layers/upSample3d.js';
import { registerLayers } from '../register.js';
import { networkInput, networkModel } from './ends.js';
import { levelWidths, type NetworkOptions, resolveNetwork } from './options.js';
import { type Step, stage, through } from './segment.js';

export interface UNet3dOptions extends NetworkOptions {
  /**
   * `'transposed'` (default): 3×3×3 transposed conv of stride 2 that keeps the channels, batch norm, ReLU. `'trilinear'`: no
   * parameters, align_corners false.
   */
  upsample?: 'transposed' | 'trilinear';
}

/**
 * 3D U-Net (Çiçek et al. 2016) in the form of the semi-supervised BraTS benchmarks: every level has two 3×3×3 convs with
 * instance norm (no affine) and ReLU; max-pool down; concatenating skips; element-wise dropout after the bottleneck and after the last
 * decoder layer. 8,235,570 parameters by default, 5,884,050 with `upsample: 'trilinear'`.
 *
 * Input, outputs and errors are those of {@link vNet}.
 */
export function uNet3d(options: UNet3dOptions = {}): LayersModel {
  registerLayers();
  const { upsample = 'transposed', ...network } = options;
  const given = resolveNetwork(network, 0.3, options.name ?? 'uNet3d');
  if (upsample !== 'transposed' && upsample !== 'trilinear') {
    throw new CrlnError(
      'invalid-option',
      `${given.name}: upsample must be 'transposed' or 'trilinear', got ${upsample}`,
      { upsample },
    );
  }
  const { levels, dropout, seed } = given;
  const widths = levelWidths(given);
  const conv = (x: SymbolicTensor, name: string, level: number, i: 1 | 2) => {
    const y = through(new Conv3d({ filters: widths[level]!, kernelSize: 3, seed, name: `${name}/conv${i}` }), x);
    return through(new InstanceNorm3d({ relu: true, seed, name: `${name}/norm${i}` }), y);
  };
  const double = (x: SymbolicTensor, name: string, filters: number) => {
    if (upsample === 'trilinear') return through(new UpSample3d({ size: 2, mode: 'trilinear', name }), x);
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
  const bottleneck = skips[levels]!;
  let x = through(new Dropout3d({ rate: dropout, seed, name: 'bottleneckDropout' }), bottleneck);
  const decoder: SymbolicTensor[] = [];
  for (let step = 1; step <= levels; step++) {
    const level = levels - step;
    const name = `decoder${step}`;
    const up: Step = { build: (x) => double(x, `up${step}`, widths[level + 1]!) };
    const join: Step = {
      build: (x, skip) => {
        const joined = through(layers.concatenate({ axis: -1, name: `up${step}/concatenate` }), [skip!, x]);
        return conv(joined, name, level, 1);
      },
      others: [skips[level]!],
    };
    x = stage(given, name, level, x, [up, join, second(name, level)]);
    decoder.push(x);
  }
  x = through(new Dropout3d({ rate: dropout, seed, name: 'decoderDropout' }), x);
  return networkModel(given, image, x, { bottleneck, decoder });
}
