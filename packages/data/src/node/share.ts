import { valueRange } from '../augment/intensity.js';
import type { PreparedCase } from '../types.js';

/** A case in memory that threads share: one that is sent to another thread is not copied. */
export function shareCase(one: PreparedCase): PreparedCase {
  const image = new Float32Array(new SharedArrayBuffer(one.image.byteLength));
  image.set(one.image);
  // A thread sees an array of its own on that memory every time, so that what is known of it must come along.
  const shared = { ...one, image, range: valueRange(image) };
  if (!one.label) return shared;
  const label = new Uint8Array(new SharedArrayBuffer(one.label.byteLength));
  label.set(one.label);
  return { ...shared, label };
}
