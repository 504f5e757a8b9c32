import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { CrlnError } from './errors.js';

/**
 * A stream of random numbers that belongs to one use. Two uses never share a stream, so that the order of reads, prefetching,
 * resuming and the number of threads cannot change a result.
 */
export class RandomStream {
  readonly #generator: RandomGenerator;

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed | 0);
  }

  /** A float in [0, 1) with 32 random bits. */
  uniform(): number {
    return (this.#generator.next() >>> 0) / 4294967296;
  }

  /** A float in [low, high). */
  range(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** An integer in 0 … n − 1. */
  integer(n: number): number {
    if (!(n >= 1))
      throw new CrlnError('invalid-argument', `RandomStream.integer: n must be at least 1, got ${n}`, { n });
    return Math.floor(this.uniform() * n);
  }

  /** True with probability p. */
  bernoulli(p: number): boolean {
    return this.uniform() < p;
  }

  /** A standard normal number (Box–Muller; the second of the pair is thrown away, so that a stream has no hidden state). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A random order of 0 … n − 1 (Fisher–Yates). */
  permutation(n: number): Int32Array {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const swap = order[i] as number;
      order[i] = order[j] as number;
      order[j] = swap;
    }
    return order;
  }

  /** A Beta(a, b) number for whole a, b ≥ 1: the a-th smallest of a + b − 1 uniforms. */
  beta(a: number, b: number): number {
    if (!Number.isInteger(a) || !Number.isInteger(b) || a < 1 || b < 1) {
      throw new CrlnError('invalid-argument', `RandomStream.beta: a and b must be whole numbers >= 1, got ${a}, ${b}`, {
        a,
        b,
      });
    }
    const draws = this.uniforms(a + b - 1).sort();
    return draws[a - 1] as number;
  }

  /** n uniforms in [0, 1). Float64, since a float32 could round up to 1. */
  uniforms(n: number): Float64Array {
    return Float64Array.from({ length: n }, () => this.uniform());
  }

  /** n standard normals, as float32. */
  normals(n: number): Float32Array {
    return Float32Array.from({ length: n }, () => this.normal());
  }

  /** A 32-bit seed, for something that wants a number. */
  seed(): number {
    return this.#generator.next() | 0;
  }
}

/** MurmurHash3's finalizer: every input bit reaches every output bit. */
function mix(h: number): number {
  let x = h;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/**
 * The random stream of one use: a pure function of who asks (`purpose`, such as `'patch'` or `'dropout/teacher'`), when
 * (`iteration`) and for what (`sample`).
 */
export function stream(seed: number, purpose: string, iteration = 0, sample = 0): RandomStream {
  let h = mix((seed | 0) ^ 0x9e3779b9);
  for (let i = 0; i < purpose.length; i++) h = mix(Math.imul(h, 31) ^ purpose.charCodeAt(i));
  h = mix(Math.imul(h, 0x27d4eb2f) ^ (iteration | 0));
  h = mix(Math.imul(h, 0x165667b1) ^ (sample | 0));
  return new RandomStream(h);
}
