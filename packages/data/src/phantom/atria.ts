import { CrlnError, type RandomStream, stream, type Triple } from '@crln/core';
import type { Case } from '../types.js';
import type { Volume } from '../volume.js';
import { type Anatomy, type Chamber, drawAnatomy } from './anatomy.js';
import { type Distance, rotation } from './distance.js';
import { blur, smoothField } from './field.js';

export interface PhantomOptions {
  /** Another seed is another population. Default 0. */
  seed?: number;
  /** [n0, n1, n2] voxels of every case. Default [48, 36, 24]. */
  shape?: Triple;
  /** 2: background, atrium with its veins. 3: background, atrium, veins. Default 2. */
  classes?: 2 | 3;
  /** Voxel size in mm. Default: whatever makes the field 120 × 90 × 60 mm (2.5 mm at the default shape). */
  spacing?: Triple;
}

/**
 * Left-atrium-like volumes with labels, for tests and demonstrations: a bumpy, randomly posed and warped body with an appendage
 * and four veins, among chambers and vessels filled with the same blood (some without a visible wall between), soft tissue,
 * spine, liver and lung; blur, a smooth bias field, Rician noise and a contrast that differs from case to case.
 *
 * Case i is a pure function of (seed, i) and of `options`; its anatomy does not depend on the shape. Axes run to the patient's
 * right, front and head (RAS).
 *
 * @param options.cases how many cases, 0 … cases − 1; or which.
 * @returns cases with `float32` images and `uint8` labels.
 */
export function phantomAtria(options: PhantomOptions & { cases: number | readonly number[] }): Case[] {
  const indices =
    typeof options.cases === 'number' ? Array.from({ length: options.cases }, (_, i) => i) : options.cases;
  return indices.map((index) => phantomCase(index, options));
}

/** `atria-0007`. */
export const phantomId = (index: number): string => `atria-${String(index).padStart(4, '0')}`;

/** One case of {@link phantomAtria}. Throws `invalid-argument` for a shape below 8 voxels a side or another number of classes. */
export function phantomCase(index: number, options: PhantomOptions = {}): Case {
  const { seed = 0, shape = [48, 36, 24], classes = 2 } = options;
  if (!shape.every((n) => Number.isInteger(n) && n >= 8)) {
    throw new CrlnError('invalid-argument', `phantom: shape must be three whole numbers >= 8, got [${shape}]`, {
      shape,
    });
  }
  if (classes !== 2 && classes !== 3) {
    throw new CrlnError('invalid-argument', `phantom: classes must be 2 or 3, got ${classes}`, { classes });
  }
  const spacing = options.spacing ?? [120 / shape[0], 90 / shape[1], 60 / shape[2]];
  const part = (name: string) => stream(seed, `phantom/${name}`, index);
  const { intensity, label } = paint(drawAnatomy(part('anatomy')), shape, classes, part);
  const affine = [spacing[0], 0, 0, 0, 0, spacing[1], 0, 0, 0, 0, spacing[2], 0, 0, 0, 0, 1];
  for (let axis = 0; axis < 3; axis++) affine[4 * axis + 3] = (-spacing[axis]! * (shape[axis]! - 1)) / 2;
  const id = phantomId(index);
  const grid = { shape: [...shape] as Triple, channels: 1, spacing: [...spacing] as Triple, affine };
  const volume = (data: Float32Array | Uint8Array, dtype: 'float32' | 'uint8'): Volume => ({ ...grid, data, dtype });
  return { id, image: volume(intensity, 'float32'), label: volume(label, 'uint8') };
}

/** Intensities of the tissues of one case, blood being 1. */
function drawContrast(rng: RandomStream) {
  const muscle = rng.range(0.42, 0.75);
  return {
    muscle,
    fat: rng.range(0.2, 0.85) * muscle,
    lung: rng.range(0.04, 0.18),
    spine: rng.range(0.2, 0.5),
    liver: rng.range(0.55, 1.3),
    lungVessel: rng.range(0.6, 0.95),
    /** Enhanced scar in parts of the atrial wall, in some cases. */
    scar: rng.bernoulli(0.4) ? rng.range(1.05, 1.4) : muscle,
    wall: rng.range(0.6, 1.1),
    texture: rng.range(0.03, 0.09),
    bias: rng.range(0.08, 0.25),
    blur: rng.range(0.45, 0.8),
    noise: rng.range(0.02, 0.08),
  };
}

function paint(anatomy: Anatomy, shape: Triple, classes: 2 | 3, part: (name: string) => RandomStream) {
  const [n0, n1, n2] = shape;
  const contrast = drawContrast(part('contrast'));
  const pose = part('pose');
  const turn = rotation(pose.range(-0.2, 0.2), pose.range(-0.2, 0.2), pose.range(-0.25, 0.25));
  const zoom = pose.range(0.9, 1.15);
  const shift = [pose.range(-2, 2), pose.range(-1.5, 1.5), pose.range(-1.5, 1.5)];
  const warp = [0, 1, 2].map((axis) => smoothField(part(`warp${axis}`), shape, [7, 6, 6]));
  const texture = smoothField(part('texture'), shape, [27, 21, 15]);
  const scar = smoothField(part('scar'), shape, [9, 8, 7]);
  const intensity = new Float32Array(n0 * n1 * n2);
  const label = new Uint8Array(n0 * n1 * n2);
  for (let i = 0, at = 0; i < n0; i++) {
    for (let j = 0; j < n1; j++) {
      for (let k = 0; k < n2; k++, at++) {
        // Voxel axes run right, front, up; the anatomy's left, back, up.
        const px = (24 - ((i + 0.5) * 48) / n0) / zoom + shift[0]!;
        const py = (18 - ((j + 0.5) * 36) / n1) / zoom + shift[1]!;
        const pz = (((k + 0.5) * 24) / n2 - 12) / zoom + shift[2]!;
        const x = px * turn[0]! + py * turn[1]! + pz * turn[2]! + 1.2 * warp[0]![at]!;
        const y = px * turn[3]! + py * turn[4]! + pz * turn[5]! + 1.2 * warp[1]![at]!;
        const z = px * turn[6]! + py * turn[7]! + pz * turn[8]! + 1.0 * warp[2]![at]!;

        const body = anatomy.atrium(x, y, z);
        let vein = Infinity;
        for (const d of anatomy.veins) vein = Math.min(vein, d(x, y, z));
        const target = Math.min(body, vein);
        let chamber: Chamber | undefined;
        let blood = Infinity;
        let muscle = Infinity;
        for (const c of anatomy.chambers) {
          const d = c.distance(x, y, z);
          muscle = Math.min(muscle, d - c.muscle);
          if (d < blood) [blood, chamber] = [d, c];
        }
        let value: number;
        if (Math.min(target, blood) < 0 && Math.abs(target - blood) < chamber!.septum) value = contrast.muscle;
        else if (target < 0 && target <= blood) {
          value = 1;
          label[at] = classes === 3 && vein < body ? 2 : 1;
        } else if (blood < 0) value = chamber!.brightness;
        else if (within(anatomy.veinEnds, x, y, z)) value = 0.95;
        else if (target < contrast.wall) value = scar[at]! > 0.7 ? contrast.scar : contrast.muscle;
        else if (muscle < 0) value = contrast.muscle;
        else value = surroundings(anatomy, contrast, 0.5 + 0.5 * scar[at]!, x, y, z);
        intensity[at] = value * (1 + contrast.texture * texture[at]!);
      }
    }
  }
  const voxel = [n0 / 48, n1 / 36, n2 / 24];
  blur(intensity, shape, voxel.map((v) => contrast.blur * v) as Triple);
  const bias = smoothField(part('bias'), shape, [5, 5, 4]);
  const noise = part('noise');
  const gain = part('gain').range(80, 400);
  for (let at = 0; at < intensity.length; at++) {
    // Rician: the magnitude of a complex signal with normal noise in both parts.
    const real = intensity[at]! * Math.exp(contrast.bias * bias[at]!) + contrast.noise * noise.normal();
    const imaginary = contrast.noise * noise.normal();
    intensity[at] = gain * Math.sqrt(real * real + imaginary * imaginary);
  }
  return { intensity, label };
}

function surroundings(
  a: Anatomy,
  contrast: ReturnType<typeof drawContrast>,
  fibrous: number,
  x: number,
  y: number,
  z: number,
): number {
  if (a.liver(x, y, z) < 0) return contrast.liver;
  const spine = a.spine(x, y, z);
  if (spine < 0) return spine > -0.9 ? contrast.muscle : contrast.spine;
  const heart = a.heart(x, y, z);
  if (heart > -0.7 && heart < 0) return contrast.muscle;
  if (heart < 0) return contrast.fat + (contrast.muscle - contrast.fat) * Math.min(Math.max(fibrous, 0), 1);
  return within(a.lungVessels, x, y, z) ? contrast.lungVessel : contrast.lung;
}

function within(structures: Distance[], x: number, y: number, z: number): boolean {
  for (const d of structures) if (d(x, y, z) < 0) return true;
  return false;
}
