import type { RandomStream } from '@crln/core';
import { type Bumps, type Distance, ellipsoid, type Point, rotation, tube } from './distance.js';

export interface Chamber {
  distance: Distance;
  /** Thickness of what parts it from the atrium where the two meet. */
  septum: number;
  /** Thickness of the muscle around it. */
  muscle: number;
  /** Intensity of its blood relative to the atrium's. */
  brightness: number;
}

/**
 * The structures of one phantom chest, in units of 1/48 of the field's width (2.5 mm at the default spacing), origin in the middle
 * of the field: x in ±24 to the patient's left, y in ±18 to the back, z in ±12 to the head.
 */
export interface Anatomy {
  /** Body and appendage of the left atrium. */
  atrium: Distance;
  /** The four pulmonary veins as far as a reader labels them. */
  veins: Distance[];
  /** The same veins going on into the lung, unlabelled. */
  veinEnds: Distance[];
  /** Structures filled with the same blood as the atrium. */
  chambers: Chamber[];
  /** The heart sac: fat inside, where there is nothing else. */
  heart: Distance;
  spine: Distance;
  liver: Distance;
  lungVessels: Distance[];
}

/** Draws one chest. All numbers are chosen so that slices look like late-gadolinium MR of the left atrium at 2.5 mm. */
export function drawAnatomy(rng: RandomStream): Anatomy {
  const jitter = (p: Point, by: number): Point => p.map((v) => v + rng.range(-by, by)) as unknown as Point;
  const scaled = (p: Point, by: number): Point => p.map((v) => v * rng.range(1 - by, 1 + by)) as unknown as Point;
  const tilt = (by: number) => rotation(rng.range(-by, by), rng.range(-by, by), rng.range(-by, by));
  const bumps = (count: number, amplitude: number): Bumps => ({
    waves: rng.normals(3 * count).map((v) => 1.6 * v),
    phases: rng.uniforms(count).map((v) => 2 * Math.PI * v),
    amplitude,
  });
  const blob = (centre: Point, radii: Point, move: number, vary: number, turn: number, bumpy = 0.03): Distance =>
    ellipsoid(jitter(centre, move), scaled(radii, vary), tilt(turn), bumps(4, bumpy));
  const vessel = (a: Point, b: Point, c: Point, r0: number, r1: number, move: number): Distance =>
    tube([jitter(a, move), jitter(b, move), jitter(c, move)], r0 * rng.range(0.8, 1.2), r1 * rng.range(0.8, 1.2));

  const centre = jitter([1.5, 2.5, 0], 1.2);
  const radii = scaled([11.2, 7, 6.3], 0.2);
  const body = ellipsoid(centre, radii, tilt(0.3), bumps(6, 0.05));
  const off = (x: number, y: number, z: number): Point => [
    centre[0] + x * radii[0],
    centre[1] + y * radii[1],
    centre[2] + z * radii[2],
  ];
  const appendage = ellipsoid(jitter(off(0.75, -0.75, 0.5), 1), scaled([3.6, 2.6, 3], 0.3), tilt(0.8), bumps(3, 0.08));

  const veins: Distance[] = [];
  const veinEnds: Distance[] = [];
  const roots: [Point, Point, Point][] = [
    // right superior, right inferior, left superior, left inferior: root, bend, end
    [off(-0.62, -0.05, 0.45), off(-1.15, -0.1, 0.75), off(-1.75, 0.05, 0.95)],
    [off(-0.65, 0.3, -0.3), off(-1.15, 0.65, -0.4), off(-1.7, 1.15, -0.5)],
    [off(0.62, -0.15, 0.55), off(1.05, -0.35, 1.0), off(1.5, -0.25, 1.35)],
    [off(0.65, 0.35, 0.05), off(1.15, 0.85, 0.15), off(1.65, 1.45, 0.3)],
  ];
  for (const [root, bend, end] of roots) {
    const a = jitter(root, 0.8);
    const b = jitter(bend, 1.2);
    const c = jitter(end, 2);
    const width = rng.range(1.7, 2.6);
    // The label ends where a reader stops; the vessel itself goes on.
    const reach = rng.range(0.75, 1);
    const stop = b.map((v, i) => v + reach * (c[i]! - v)) as unknown as Point;
    veins.push(tube([a, b, stop], width * 1.15, width * 0.85));
    const beyond = c.map((v, i) => v + 0.9 * (v - b[i]!)) as unknown as Point;
    veinEnds.push(tube([b, c, jitter(beyond, 2)], width * 0.85, width * 0.5));
  }

  const filled = (distance: Distance, septum: number, muscle: number, brightness = 1): Chamber => ({
    distance,
    septum: septum * rng.range(0.6, 1.4),
    muscle: muscle * rng.range(0.8, 1.2),
    brightness: brightness * rng.range(0.9, 1.1),
  });
  const chambers: Chamber[] = [
    // right atrium; left ventricle, open through the valve: hardly a wall; right ventricle
    filled(blob([-12.5, -6.5, -3], [8.5, 8.5, 9], 1.5, 0.18, 0.3), 1.1, 0.8),
    filled(blob([14, -7, -6], [13, 6.4, 7], 1.5, 0.15, 0.35), 0.5, 2.6),
    filled(blob([-1, -17, -6], [13, 7.5, 7.5], 1.5, 0.15, 0.3), 2, 1.1),
    // descending aorta, ascending aorta, pulmonary artery over the roof, superior and inferior vena cava
    filled(vessel([4, 13.5, -16], [5.5, 13, 0], [6, 13, 16], 3, 3, 1.5), 0.8, 0.7),
    filled(vessel([-2, -8, 0.5], [-7, -10, 4], [-5, -10, 16], 4.2, 4.2, 1.2), 0.9, 0.7),
    filled(vessel([7, -17, 2], [9, -5, 11], [-10, 1, 11], 4.8, 3.4, 1.2), 0.7, 0.6),
    filled(vessel([-12, -5, 2], [-12.5, -4, 8], [-12, -5, 16], 2.6, 2.6, 1.2), 0.8, 0.5, 0.95),
    filled(vessel([-11, 0, -7], [-10, 2, -11], [-9, 2, -16], 3, 3, 1.2), 0.8, 0.5, 0.95),
  ];
  const lungVessels: Distance[] = [];
  for (let i = 0; i < 44; i++) {
    const at: Point = [rng.range(-24, 24), rng.range(2, 19), rng.range(-12, 12)];
    const to = jitter(at, 5);
    lungVessels.push(tube([at, jitter(to, 2), to], rng.range(0.5, 1.3), rng.range(0.3, 1)));
  }
  return {
    atrium: (x, y, z) => Math.min(body(x, y, z), appendage(x, y, z)),
    veins,
    veinEnds,
    chambers,
    heart: blob([1, -8, -2], [25, 17.5, 24], 1.5, 0.07, 0.15),
    spine: tube(
      [jitter([-5, 18.5, -16], 1), jitter([-5.5, 18.5, 0], 1), jitter([-5, 18.5, 16], 1)],
      rng.range(6.5, 8),
      rng.range(6.5, 8),
    ),
    liver: blob([-17, -8, -14], [15, 13, 7], 2.5, 0.2, 0.2),
    lungVessels,
  };
}
