/** A point or direction in the phantom's frame: x to the patient's left, y to the back, z to the head. */
export type Point = readonly [number, number, number];

/** Distance to a surface, negative inside; close to true near the surface, which is where it is used. */
export type Distance = (x: number, y: number, z: number) => number;

/** Axes of a frame turned by the angles (radians) about x, then y, then z: nine numbers, one axis after the other. */
export function rotation(ax: number, ay: number, az: number): Float64Array {
  const [cx, sx, cy, sy, cz, sz] = [ax, ay, az].flatMap((a) => [Math.cos(a), Math.sin(a)]) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return Float64Array.of(
    cz * cy,
    sz * cy,
    -sy,
    cz * sy * sx - sz * cx,
    sz * sy * sx + cz * cx,
    cy * sx,
    cz * sy * cx + sz * sx,
    sz * sy * cx - cz * sx,
    cy * cx,
  );
}

/** Surface bumps of a star-shaped body: a sum of waves over the direction seen from its centre. */
export interface Bumps {
  /** Wave vector of each bump: three numbers a bump. */
  waves: ArrayLike<number>;
  phases: ArrayLike<number>;
  /** Relative to the radius. */
  amplitude: number;
}

/** An ellipsoid, turned, with optional bumps. First-order distance: k(k − 1)/|∇k| with k = |p / radii|. */
export function ellipsoid(centre: Point, radii: Point, axes: Float64Array, bumps?: Bumps): Distance {
  const [cx, cy, cz] = centre;
  const [rx, ry, rz] = radii;
  const a = axes;
  return (x, y, z) => {
    const dx = x - cx;
    const dy = y - cy;
    const dz = z - cz;
    const u = (dx * a[0]! + dy * a[1]! + dz * a[2]!) / rx;
    const v = (dx * a[3]! + dy * a[4]! + dz * a[5]!) / ry;
    const w = (dx * a[6]! + dy * a[7]! + dz * a[8]!) / rz;
    const k = Math.sqrt(u * u + v * v + w * w) + 1e-9;
    let radius = 1;
    if (bumps) {
      let sum = 0;
      for (let i = 0, n = bumps.phases.length; i < n; i++) {
        const turn = (u * bumps.waves[3 * i]! + v * bumps.waves[3 * i + 1]! + w * bumps.waves[3 * i + 2]!) / k;
        sum += Math.sin(turn + bumps.phases[i]!);
      }
      radius += bumps.amplitude * sum;
    }
    const gu = u / rx;
    const gv = v / ry;
    const gw = w / rz;
    return (k * (k - radius)) / (Math.sqrt(gu * gu + gv * gv + gw * gw) + 1e-9);
  };
}

/** A tube around a quadratic Bézier curve, its radius going from `startRadius` to `endRadius`. */
export function tube(curve: readonly [Point, Point, Point], startRadius: number, endRadius: number): Distance {
  const segments = 7;
  const points = new Float64Array(3 * (segments + 1));
  for (let s = 0; s <= segments; s++) {
    const t = s / segments;
    for (let axis = 0; axis < 3; axis++) {
      points[3 * s + axis] =
        (1 - t) ** 2 * curve[0][axis]! + 2 * t * (1 - t) * curve[1][axis]! + t * t * curve[2][axis]!;
    }
  }
  return (x, y, z) => {
    let best = Infinity;
    for (let s = 0; s < segments; s++) {
      const ax = points[3 * s]!;
      const ay = points[3 * s + 1]!;
      const az = points[3 * s + 2]!;
      const bx = points[3 * s + 3]! - ax;
      const by = points[3 * s + 4]! - ay;
      const bz = points[3 * s + 5]! - az;
      const px = x - ax;
      const py = y - ay;
      const pz = z - az;
      let t = (px * bx + py * by + pz * bz) / (bx * bx + by * by + bz * bz);
      t = Math.min(Math.max(t, 0), 1);
      const ex = px - t * bx;
      const ey = py - t * by;
      const ez = pz - t * bz;
      const along = (s + t) / segments;
      const d = Math.sqrt(ex * ex + ey * ey + ez * ez) - (startRadius + along * (endRadius - startRadius));
      if (d < best) best = d;
    }
    return best;
  };
}
