/**
 * Gaussian ramp-up exp(−5·(1 − t/length)²), t clipped to [0, length]; 1 where length is 0. The usual weight of a consistency loss
 * (Laine and Aila, Temporal ensembling, ICLR 2017), called "sigmoid" in the code of the field.
 */
export function sigmoidRampUp(t: number, length: number): number {
  if (length <= 0) return 1;
  const rest = 1 - Math.min(Math.max(t, 0), length) / length;
  return Math.exp(-5 * rest * rest);
}

/** Linear ramp-up t/length, clipped to [0, 1]; 1 where length is 0. */
export function linearRampUp(t: number, length: number): number {
  return length <= 0 ? 1 : Math.min(Math.max(t / length, 0), 1);
}
