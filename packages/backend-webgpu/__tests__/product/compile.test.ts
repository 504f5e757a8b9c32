import { type ConvAttrs, KERNELS } from '@crln/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { CrlnWebGpuBackend } from '../../src/backend.js';
import { openDevice } from '../../src/gpu/device.js';
import { registerWebGpuBackend, WEBGPU_BACKEND } from '../../src/index.js';
import { type MatrixSize, matrixDialects } from '../../src/product/matrixDialect.js';
import { findMatrixUnit, spoken } from '../../src/product/matrixUnit.js';
import { byMatrix, gpu, shadersOf } from './shaders.js';

/** Dawn without a device behind it: it checks shaders and calls, and computes nothing. A browser has no such thing. */
const nothing = { dawn: ['backend=null'], precision: 'f16' } as const;
const missing =
  'gpu' in ((globalThis as { navigator?: object }).navigator ?? {})
    ? 'a browser has no Dawn without a device'
    : await registerWebGpuBackend(nothing).then(
        () => undefined,
        (error: Error) => error.message,
      );
const title = `Dawn without a device${missing ? ` (skipped: ${missing})` : ''}`;

/** What GPUs have: NVIDIA, NVIDIA and AMD, Intel. */
const SIZES: MatrixSize[] = [
  { M: 16, N: 16, K: 16 },
  { M: 16, N: 8, K: 16 },
  { M: 8, N: 16, K: 16 },
  { M: 8, N: 8, K: 8 },
];

const attributes = (stride: number, pad: number): ConvAttrs => ({
  strides: [stride, stride, stride],
  pads: [
    [pad, pad],
    [pad, pad],
    [pad, pad],
  ],
  dilations: [1, 1, 1],
});

const CHANNELS = [16, 32, 64, 128, 256];

/**
 * The convolutions of a V-Net's step, forward and both gradients: their shaders depend on the channels of a level, and little on its
 * size. The last level is small, as it is in a network.
 */
function step(): void {
  CHANNELS.forEach((channels, level) => {
    const next = CHANNELS[level + 1];
    const volume = next ? [2, 8, 8, 6] : [2, 4, 4, 2];
    convolution([...volume, channels], [...volume, channels], 3, attributes(1, 1));
    if (next) convolution([...volume, channels], [2, 4, 4, 3, next], 2, attributes(2, 0));
    if (level > 0) convolution([...volume, channels], [...volume, 2 * channels], 1, attributes(1, 0));
  });
  tf.tidy(() => {
    const [a, b] = [tf.zeros([4, 64, 48]), tf.zeros([4, 48, 64])];
    tf.matMul(a, b);
    tf.matMul(b, b, true, false);
    tf.matMul(a, a, false, true);
  });
}

function convolution(input: number[], output: number[], size: number, attrs: ConvAttrs): void {
  tf.tidy(() => {
    const filterShape = [size, size, size, input[4]!, output[4]!];
    const [x, dy, filter] = [tf.zeros(input), tf.zeros(output), tf.zeros(filterShape)];
    const kernel = (name: string, inputs: Record<string, tf.Tensor>, more: object) =>
      tf.engine().runKernel(name, inputs, { ...attrs, ...more } as never) as tf.Tensor;
    const y = kernel(KERNELS.Conv3d, { x, filter, bias: tf.zeros([output[4]!]) }, {});
    const dx = kernel(KERNELS.Conv3dInputGrad, { dy, filter }, { inputShape: input });
    kernel(KERNELS.Conv3dFilterGrad, { x, dy }, { filterShape });
    // As a step has them: operands that are stored as f16.
    kernel(KERNELS.Conv3d, { x: dx, filter }, {});
    kernel(KERNELS.Conv3dInputGrad, { dy: y, filter }, { inputShape: input });
    kernel(KERNELS.Conv3dFilterGrad, { x: dx, dy: y }, { filterShape });
  });
  // Lets go of what was uploaded: such a device has 256 MiB.
  gpu().recorder.submit();
}

describe.skipIf(missing)(title, () => {
  beforeAll(async () => {
    await tf.setBackend(WEBGPU_BACKEND);
  });

  it.each(SIZES)('takes a dialect for matrices of $M×$N×$K', async (size) => {
    expect((await spoken(gpu().device.gpu, size))?.key).toBe('columns');
  });

  it('takes the older dialect too, and the one with rows first where a matrix is a square', async () => {
    const [, rows, older] = matrixDialects;
    const { gpu: device } = gpu().device;
    expect(await spoken(device, SIZES[1]!, [older!])).toBe(older);
    expect(await spoken(device, SIZES[0]!, [rows!])).toBe(rows);
    expect(await spoken(device, SIZES[1]!, [rows!])).toBeUndefined();
  });

  const config = (types: string, M: number, N: number, K: number) => {
    const [componentType, resultComponentType] = types.split(' ');
    return { componentType, resultComponentType, M, N, K };
  };
  const found = (configs: object[], least = 32, most = 32, features = gpu().device.gpu.features) => {
    const device = new Proxy(gpu().device.gpu, {
      get: (target, name) => {
        const value: unknown = name === 'features' ? features : Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const info = { subgroupMinSize: least, subgroupMaxSize: most, subgroupMatrixConfigs: configs };
    return findMatrixUnit({ gpu: device, info: info as unknown as GPUAdapterInfo });
  };

  it('is asked for the largest matrices of f16 into f32', async () => {
    const configs = [
      config('i8 i32', 16, 16, 32),
      config('f16 f16', 16, 16, 16),
      config('f16 f32', 16, 8, 8),
      config('f16 f32', 16, 8, 16),
      config('f16 f32', 32, 8, 16),
    ];
    expect(await found(configs)).toMatchObject({ M: 16, N: 8, K: 16, subgroup: 32, dialect: { key: 'columns' } });
    expect(await found([...configs, config('f16 f32', 16, 16, 16)])).toMatchObject({ M: 16, N: 16, K: 16 });
  });

  it('has none, and says why, where something is missing', async () => {
    const configs = [config('f16 f32', 16, 16, 16)];
    expect(await found(configs, 32, 32, new Set(['subgroups']))).toBe('the GPU has no shader-f16');
    expect(await found(configs, 8, 32)).toBe('its subgroups have 8 to 32 threads');
    expect(await found([config('f16 f16', 8, 8, 8)])).toBe('it multiplies no matrices of f16 into f32');
    expect(gpu().matrixUnit).toBeUndefined();
  });

  it.each(SIZES)('takes every shader of a step with matrices of $M×$N×$K', async (size) => {
    gpu().matrixUnit = { ...size, subgroup: 32, dialect: matrixDialects[0]! };
    const { shaders } = await shadersOf(async () => step());
    const products = shaders.filter(({ key }) => !key.startsWith('sumParts'));
    expect(products.length).toBe(6 * (5 + 4 + 4) + 3);
    expect(products.filter((shader) => !byMatrix(shader))).toEqual([]);
    await gpu().settle();
  });

  it.each(SIZES)('takes them with the tiles of larger devices, matrices of $M×$N×$K', async (size) => {
    const { gpu: device } = gpu().device;
    gpu().matrixUnit = { ...size, subgroup: 32, dialect: matrixDialects[0]! };
    const limits = { maxComputeWorkgroupStorageSize: 48 << 10, maxComputeInvocationsPerWorkgroup: 1024 };
    const spy = vi.spyOn(device, 'limits', 'get').mockReturnValue({ ...device.limits, ...limits });
    const { shaders } = await shadersOf(async () => step(), true);
    spy.mockRestore();
    const codes = new Map(shaders.filter(byMatrix).map(({ key, code }) => [key, code]));
    for (const columns of [16, 32, 64, 128]) {
      expect([...codes.keys()]).toContainEqual(expect.stringContaining(`128x${columns}x32/`));
    }
    for (const [key, code] of codes) expect(await complaint(device, code), key).toBeUndefined();
  });

  it('refuses a shader whose matrices do not fit each other', async () => {
    const device = await openDevice(nothing);
    const other = new CrlnWebGpuBackend(device, false);
    other.precision = 'f16';
    other.matrixUnit = { M: 16, N: 8, K: 16, subgroup: 32, dialect: matrixDialects[1]! };
    const factor = () => ({
      dataId: other.write(new Float32Array(4096), [64, 64], 'float32'),
      shape: [64, 64],
      dtype: 'float32' as const,
    });
    const { kernelFunc } = tf.getKernel('BatchMatMul', WEBGPU_BACKEND);
    const attrs = { transposeA: false, transposeB: false };
    kernelFunc({ inputs: { a: factor(), b: factor() }, attrs, backend: other });
    await expect(other.settle()).rejects.toThrow(/matrices 16x8x16 rows.*no matching call to 'subgroupMatrixMultiply/s);
    device.close();
  });
});

/** What a device says against a shader. */
async function complaint(device: GPUDevice, code: string): Promise<string | undefined> {
  device.pushErrorScope('validation');
  device.createShaderModule({ code });
  return (await device.popErrorScope())?.message;
}
