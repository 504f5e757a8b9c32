import type { PreparedCase } from '../types.js';

/**
 * Memory that all threads see, for cases that come and go. The garbage collectors of the threads do not count such memory and may leave
 * it lying for long: so it is used again.
 */
export class SharedMemory {
  /** Smallest first. */
  #free: SharedArrayBuffer[] = [];

  /** A copy of the case here: one that is sent to another thread is not copied any more. */
  share(one: PreparedCase): PreparedCase {
    const { image, label } = one;
    const buffer = this.#take(image.byteLength + (label?.byteLength ?? 0));
    const shared = { ...one, image: new Float32Array(buffer, 0, image.length) };
    shared.image.set(image);
    if (!label) return shared;
    shared.label = new Uint8Array(buffer, image.byteLength, label.length);
    shared.label.set(label);
    return shared;
  }

  /** Takes back the memory of a case that no thread uses. */
  release({ image }: PreparedCase): void {
    this.#free.push(image.buffer as SharedArrayBuffer);
    this.#free.sort((a, b) => a.byteLength - b.byteLength);
  }

  #take(bytes: number): SharedArrayBuffer {
    const fits = this.#free.findIndex((buffer) => buffer.byteLength >= bytes);
    if (fits >= 0) return this.#free.splice(fits, 1)[0]!;
    // In the place of the largest that is too small, so that in the end every buffer fits.
    this.#free.pop();
    return new SharedArrayBuffer(bytes);
  }
}
