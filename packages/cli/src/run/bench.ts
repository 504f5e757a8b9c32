import { KERNELS, type Triple } from '@crln/core';
import { activationPrecision, hasKernel, startGpuStopwatch } from '@crln/ops';
import { benchmarkMethod, findMethod } from '@crln/train';
import * as tf from '@tensorflow/tfjs-core';

/** What is measured. */
export interface BenchCase {
  name: string;
  /** Floating-point operations of one run, by the definition, where they are counted. */
  flop?: number;
  /** Runs it `times` times, to its end. */
  run(times: number): Promise<void>;
  dispose(): void;
}

/** A convolution between so many channels. */
export interface ConvCase extends BenchCase {
  channels: number;
}

/** What came out, of one run each. */
export interface BenchRow {
  name: string;
  /** Median and fastest. */
  ms: number;
  bestMs: number;
  /** Processor time of this process. */
  cpuMs: number;
  /** By the GPU's clock. */
  gpuMs?: number;
  /** By the GPU's time where it is known, else by the median. */
  tflops?: number;
  /** Shaders started and bytes held on a GPU. */
  dispatches?: number;
  gpuMiB?: number;
}

/**
 * 3×3×3 convolutions, and their gradients, of a network's levels on all patches of a batch; none where the backend has no kernels of ours. The last case of
 * a level frees the tensors of all three.
 */
export function* convolutions({ patch, batch: patches, baseFilters, levels }: StepOptions): Generator<ConvCase> {
  if (!hasKernel(KERNELS.Conv3d)) return;
  const batch = patches[0] + patches[1];
  for (let level = 0; level <= levels; level++) {
    const size = patch.map((side) => Math.max(1, Math.floor(side / 2 ** level)));
    const channels = baseFilters * 2 ** level;
    const shape = [batch, ...size, channels];
    const tensors = tf.tidy(() => ({
      x: activation(shape, 1),
      dy: activation(shape, 2),
      filter: tf.randomNormal([3, 3, 3, channels, channels], 0, 0.1, 'float32', 3),
    }));
    const { x, dy, filter } = tensors;
    const attrs = { strides: [1, 1, 1], pads: [1, 1, 1].map((side) => [side, side]), dilations: [1, 1, 1] };
    const kinds: [string, string, Record<string, tf.Tensor>, object][] = [
      ['forward', KERNELS.Conv3d, { x, filter }, {}],
      ['input gradient', KERNELS.Conv3dInputGrad, { dy, filter }, { inputShape: shape }],
      ['filter gradient', KERNELS.Conv3dFilterGrad, { x, dy }, { filterShape: filter.shape }],
    ];
    for (const [kind, kernel, inputs, more] of kinds) {
      const once = () => tf.engine().runKernel(kernel, inputs, { ...attrs, ...more } as never) as tf.Tensor;
      yield {
        channels,
        name: `conv3d ${batch}×${size.join('×')} ${channels}→${channels} ${kind}`,
        flop: 2 * batch * size.reduce((a, b) => a * b) * 27 * channels ** 2,
        async run(times) {
          for (let i = 1; i < times; i++) once().dispose();
          await finished(once());
        },
        dispose: () => (kind === 'filter gradient' ? tf.dispose(tensors) : undefined),
      };
    }
  }
}

/** Noise, stored as a layer before would leave it. */
function activation(shape: number[], seed: number): tf.Tensor {
  const noise = tf.randomNormal(shape, 0, 1, 'float32', seed);
  if (activationPrecision() === 'f32') return noise;
  const channels = shape.at(-1)!;
  const identity = tf.reshape(tf.eye(channels), [1, 1, 1, channels, channels]) as tf.Tensor5D;
  return tf.conv3d(noise as tf.Tensor5D, identity, 1, 'same');
}

/** Waits until a tensor is computed, by reading one number of it. */
async function finished(y: tf.Tensor): Promise<void> {
  const first = tf.tidy(() => tf.slice(tf.reshape(y, [-1]), [0], [1]));
  y.dispose();
  await first.data();
  first.dispose();
}

export interface StepOptions {
  patch: Triple;
  batch: [number, number];
  baseFilters: number;
  levels: number;
}

/** Training steps of a method, loading and augmentation excluded. */
export function trainingStep(method: string, { patch, batch, baseFilters, levels }: StepOptions): BenchCase {
  const settings = { patch, batch, network: { baseFilters, levels } };
  const { step, dispose } = benchmarkMethod({ method: findMethod(method), settings });
  const patches = method === 'supervised' ? `${batch[0]}` : batch.join('+');
  return {
    name: `${method} step, ${patches} of ${patch.join('×')}`,
    async run(times) {
      for (let i = 0; i < times; i++) await step();
    },
    dispose,
  };
}

/** Each measurement takes at least this long, so that clocks and transfers do not count. */
const LEAST_MS = 100;
const MOST_TIMES = 200;

/** Warms up, finds how many times in a row are long enough, and takes the median of `runs` such rows. */
export async function measure({ name, flop, run }: BenchCase, runs: number): Promise<BenchRow> {
  await run(1);
  const start = performance.now();
  await run(2);
  const one = (performance.now() - start) / 2;
  const times = Math.min(MOST_TIMES, Math.max(1, Math.ceil(LEAST_MS / one)));
  const before = gpu();
  const rows: { ms: number; cpuMs: number; gpuMs: number | undefined }[] = [];
  for (let i = 0; i < runs; i++) {
    const cpu = process.cpuUsage();
    const stop = startGpuStopwatch();
    const begin = performance.now();
    await run(times);
    const ms = (performance.now() - begin) / times;
    const { user, system } = process.cpuUsage(cpu);
    const gpuMs = await stop?.();
    rows.push({ ms, cpuMs: (user + system) / 1e3 / times, gpuMs: gpuMs && gpuMs / times });
  }
  const after = gpu();
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] as number;
  const ms = median(rows.map((row) => row.ms));
  const gpuTimes = rows.flatMap(({ gpuMs }) => gpuMs ?? []);
  const gpuMs = gpuTimes.length > 0 ? median(gpuTimes) : undefined;
  return {
    name,
    ms,
    bestMs: Math.min(...rows.map((row) => row.ms)),
    cpuMs: median(rows.map((row) => row.cpuMs)),
    ...(gpuMs !== undefined && { gpuMs }),
    ...(flop && { tflops: flop / (gpuMs ?? ms) / 1e9 }),
    ...(before &&
      after && {
        dispatches: Math.round((after.dispatches - before.dispatches) / (runs * times)),
        gpuMiB: after.bytes / 2 ** 20,
      }),
  };
}

/** What the GPU backend counts; nothing on others. */
function gpu(): { dispatches: number; bytes: number } | undefined {
  const { numDispatches, numBytesInGPUAllocated } = tf.memory() as unknown as Record<string, number | undefined>;
  return numDispatches === undefined ? undefined : { dispatches: numDispatches, bytes: numBytesInGPUAllocated ?? 0 };
}
