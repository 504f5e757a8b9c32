// Losses in plain loops over plain arrays, voxels first and classes last: what a method's step is held to.

/** Softmax of each voxel's C numbers. */
export function softmax(logits: readonly number[], C = 2): number[] {
  const out: number[] = [];
  for (let v = 0; v < logits.length; v += C) {
    const e = logits.slice(v, v + C).map(Math.exp);
    const sum = e.reduce((a, b) => a + b);
    out.push(...e.map((x) => x / sum));
  }
  return out;
}

/** Index of the largest of each voxel's C numbers. */
export function argmax(scores: readonly number[], C = 2): number[] {
  const out: number[] = [];
  for (let v = 0; v < scores.length; v += C) {
    const own = scores.slice(v, v + C);
    out.push(own.indexOf(Math.max(...own)));
  }
  return out;
}

export const mean = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0) / x.length;

/** Mean of −ln p of the label, over the voxels where `inside` is set. */
export function crossEntropy(
  p: readonly number[],
  label: ArrayLike<number>,
  C = 2,
  inside?: readonly number[],
): number {
  const voxels = Array.from(label, (_, v) => v).filter((v) => inside?.[v] !== 0);
  return mean(voxels.map((v) => -Math.log(p[v * C + label[v]!]!)));
}

/** Mean over the foreground classes of 1 − Dice with squared denominators, over the voxels where `inside` is set. */
export function dice(p: readonly number[], label: ArrayLike<number>, C = 2, inside?: readonly number[]): number {
  const losses: number[] = [];
  for (let c = 1; c < C; c++) {
    let [overlap, squares] = [1e-5, 1e-5];
    for (let v = 0; v < label.length; v++) {
      if (inside?.[v] === 0) continue;
      const t = label[v] === c ? 1 : 0;
      overlap += 2 * p[v * C + c]! * t;
      squares += p[v * C + c]! ** 2 + t;
    }
    losses.push(1 - overlap / squares);
  }
  return mean(losses);
}

/** 0.5·(cross-entropy + Dice). */
export const diceCe = (p: readonly number[], label: ArrayLike<number>, C = 2, inside?: readonly number[]): number =>
  0.5 * (crossEntropy(p, label, C, inside) + dice(p, label, C, inside));
