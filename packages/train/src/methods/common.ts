import { CrlnError, type RandomStream } from '@crln/core';
import { clipByValue, type Tensor, tensor } from '@tensorflow/tfjs-core';

/** A part of the batch that the method asked for. @throws CrlnError `internal` where a trainer left it out */
export function present<T>(part: T | undefined, name: string): T {
  if (part === undefined) {
    throw new CrlnError('internal', `the batch has no ${name} patches, which the method needs`, { name });
  }
  return part;
}

/** clip(N(0, sigma), ±clip) in the shape of a tensor. */
export function noiseLike(x: Tensor, { sigma, clip }: { sigma: number; clip: number }, rng: RandomStream): Tensor {
  const values = rng.normals(x.size);
  for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * sigma;
  return clipByValue(tensor(values, x.shape), -clip, clip);
}
