import * as tf from '@tensorflow/tfjs-core';
import { type RegisterOptions, registerWasmBackend, WASM_BACKEND } from '../../src/index.js';
import { ReferenceConv, randomArray, relativeError, sizeOf } from '../reference.js';
import { inWorker } from './inWorker.js';

const x: [number, number, number, number, number] = [2, 9, 10, 11, 5];
const filter: [number, number, number, number, number] = [3, 3, 3, 5, 17];
const [xs, ws] = [randomArray(sizeOf(x), 1), randomArray(sizeOf(filter), 2)];

/** What a page or its worker computed, and how. */
export interface Convolved {
  values: Float32Array;
  isolated: boolean;
  threads: number;
}

/** One convolution on the engine, started with `options` where it does not run yet. */
export async function convolve(options: RegisterOptions = {}): Promise<Convolved> {
  const { threads } = await registerWasmBackend(options);
  await tf.setBackend(WASM_BACKEND);
  const y = tf.tidy(() => tf.conv3d(tf.tensor5d(xs, x), tf.tensor5d(ws, filter), 1, 'same').dataSync());
  return { values: Float32Array.from(y), isolated: globalThis.crossOriginIsolated, threads };
}

/** The same in a worker of this page. */
export const convolveInWorker = (options: RegisterOptions = {}): Promise<Convolved> =>
  inWorker(new Worker(new URL('./convolve.worker.ts', import.meta.url), { type: 'module' }), options);

/** How far values are from the float64 definition. */
export function convolutionError(values: Float32Array): number {
  const one: [number, number] = [1, 1];
  const reference = new ReferenceConv(x, filter, { strides: [1, 1, 1], pads: [one, one, one], dilations: [1, 1, 1] });
  return relativeError(values, reference.forward(xs, ws));
}
