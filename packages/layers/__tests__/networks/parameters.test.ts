import { setBackend } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, expect, it } from 'vitest';
import { countParameters, dynamicInteraction, uNet3d, vNet, weightVariables } from '../../src/index.js';

beforeAll(() => setBackend('cpu'));

it('V-Net has the 9,448,866 parameters of the paper code', () => {
  const net = vNet();
  expect(countParameters(net)).toBe(9_448_866);
  net.dispose();
});

it.each([
  ['transposed', 8_235_570],
  ['trilinear', 5_884_050],
] as const)('3D U-Net with %s up-sampling has %i parameters', (upsample, count) => {
  const net = uNet3d({ upsample });
  expect(countParameters(net)).toBe(count);
  net.dispose();
});

it('V-Net with the three decoders of MC-Net+ has one encoder and a head each', () => {
  const [plain, three] = [vNet(), vNet({ upsample: ['transposed', 'trilinear', 'nearest'] })];
  const decoder = (net: typeof plain, prefix: string) =>
    Object.entries(weightVariables(net))
      .filter(([name]) => name.startsWith(prefix))
      .reduce((sum, [, { size }]) => sum + size, 0);
  const branch = decoder(three, 'branch2/') + decoder(three, 'logits2');
  expect(decoder(three, 'branch3/') + decoder(three, 'logits3')).toBe(branch);
  expect(countParameters(three)).toBe(countParameters(plain) + 2 * branch);
  // A 3×3×3 conv where the first has a 2×2×2 transposed one.
  const up = (volume: number) => [256, 128, 64, 32].reduce((sum, wide) => sum + (volume * wide * wide) / 2, 0);
  expect(branch).toBe(decoder(plain, 'decoder') + decoder(plain, 'up') + decoder(plain, 'logits') + up(27) - up(8));
  for (const net of [plain, three]) net.dispose();
});

it.each([
  ['LA, R 16', vNet, 16, [28 * 28 * 20, 56 * 56 * 40], 9_813_366, 9_531_254],
  ['Pancreas, R 4', vNet, 4, [24 ** 3, 48 ** 3], 9_771_714, 9_522_914],
  ['Pancreas, R 16', vNet, 16, [24 ** 3, 48 ** 3], 9_779_958, 9_531_254],
  ['BraTS, R 4', uNet3d, 4, [24 ** 3, 48 ** 3], 8_558_418, 8_309_618],
  ['BraTS, R 8', uNet3d, 8, [24 ** 3, 48 ** 3], 8_561_070, 8_312_302],
] as const)(
  '%s: network, head and DIM together have the stated parameters',
  (_, build, R, voxels, voxel, prototype) => {
    const net = build({ representation: R });
    const shared = countParameters(net);
    net.dispose();
    const options = { prototypes: R, widths: [64, 32] };
    expect(shared + countParameters(dynamicInteraction({ ...options, affine: 'voxel', voxels: [...voxels] }))).toBe(
      voxel,
    );
    expect(shared + countParameters(dynamicInteraction({ ...options, affine: 'prototype' }))).toBe(prototype);
  },
);
