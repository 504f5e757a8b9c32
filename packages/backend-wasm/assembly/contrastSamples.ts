// Who takes part in a contrast of classes: which voxels a class has, and draws among them.

/** Bytes of a class's tally: members, hard members, then the sum of their rows of `width`. */
// @ts-ignore: decorator
@inline
function tallyBytes(width: i32): usize {
  return <usize>(2 + ((width + 1) & ~1)) << 3;
}

/** The class of a voxel if it is valid, else −1. */
// @ts-ignore: decorator
@inline
function classOf(labels: usize, valid: usize, voxel: i32, classes: i32): i32 {
  const at = <usize>voxel << 2;
  const label = load<i32>(labels + at);
  return <u32>label < <u32>classes && load<f32>(valid + at) != 0 ? label : -1;
}

// @ts-ignore: decorator
@inline
function isHard(probabilities: usize, voxel: i32, c: i32, classes: i32, threshold: f32): bool {
  return load<f32>(probabilities + (<usize>(voxel * classes + c) << 2)) < threshold;
}

/**
 * For each unit (`unitVoxels` voxels) and class, in float64: how many valid voxels are of the class, how many of these have a probability
 * of it below `threshold`, and the sum of their rows of x.
 */
export function countMembers(
  x: usize, labels: usize, valid: usize, probabilities: usize, tallies: usize,
  voxels: i32, classes: i32, width: i32, threshold: f32, unitVoxels: i32, from: i32, to: i32, thread: i32,
): void {
  const bytes = <usize>width << 2, tallySize = tallyBytes(width);
  for (let unit = from; unit < to; unit++) {
    const tally = tallies + <usize>(unit * classes) * tallySize;
    memory.fill(tally, 0, <usize>classes * tallySize);
    const end = min((unit + 1) * unitVoxels, voxels);
    for (let v = unit * unitVoxels; v < end; v++) {
      const c = classOf(labels, valid, v, classes);
      if (c < 0) continue;
      const at = tally + <usize>c * tallySize;
      store<f64>(at, load<f64>(at) + 1);
      if (isHard(probabilities, v, c, classes, threshold)) store<f64>(at, load<f64>(at, 8) + 1, 8);
      const row = x + <usize>v * bytes;
      let sum = at + 16;
      for (let i: usize = 0; i < bytes; i += 8, sum += 16) {
        v128.store(sum, f64x2.add(v128.load(sum), f64x2.promote_low_f32x4(v128.load64_zero(row + i))));
      }
    }
  }
}

/**
 * Writes the voxels of each class, and the hard ones among them, in rising order. `ends` [units, classes, 2] is where a unit's voxels of a
 * class go in `members` and in `hard`; it moves along.
 */
export function listMembers(
  labels: usize, valid: usize, probabilities: usize, ends: usize, members: usize, hard: usize,
  voxels: i32, classes: i32, threshold: f32, unitVoxels: i32, from: i32, to: i32, thread: i32,
): void {
  for (let unit = from; unit < to; unit++) {
    const end = min((unit + 1) * unitVoxels, voxels);
    for (let v = unit * unitVoxels; v < end; v++) {
      const c = classOf(labels, valid, v, classes);
      if (c < 0) continue;
      const at = ends + (<usize>(unit * classes + c) << 3);
      append(at, members, v);
      if (isHard(probabilities, v, c, classes, threshold)) append(at + 4, hard, v);
    }
  }
}

// @ts-ignore: decorator
@inline
function append(end: usize, list: usize, value: i32): void {
  const place = load<i32>(end);
  store<i32>(list + (<usize>place << 2), value);
  store<i32>(end, place + 1);
}

/**
 * Draws with replacement: for row c of `uniforms` [classes, draws] the ⌊u·count⌋-th voxel of the list of class c; or, with `odds`
 * [classes, classes], of another class j, drawn by `choices` with the chance of odds[c][j]. `table` [classes, 2] holds start and count
 * of each class in the list; an empty class gives 0.
 */
export function drawMembers(
  uniforms: usize, choices: usize, odds: usize, table: usize, list: usize, out: usize,
  classes: i32, draws: i32, unitDraws: i32, from: i32, to: i32, thread: i32,
): void {
  const end = min(to * unitDraws, classes * draws);
  for (let i = from * unitDraws; i < end; i++) {
    const at = <usize>i << 2;
    const c = i / draws;
    const from = odds ? otherClass(choices ? load<f32>(choices + at) : 0, odds, c, classes) : c;
    const entry = table + (<usize>from << 3);
    const count = load<i32>(entry, 4);
    let voxel = 0;
    if (count) {
      // A uniform that float32 rounded up to 1 must not look past the end.
      const rank = min(<i32>(load<f32>(uniforms + at) * <f32>count), count - 1);
      voxel = load<i32>(list + (<usize>(load<i32>(entry) + rank) << 2));
    }
    store<i32>(out + at, voxel);
  }
}

/** The last of the other classes whose interval of the odds starts at or below the draw, so that rounding never leaves it without one. */
function otherClass(uniform: f32, odds: usize, c: i32, classes: i32): i32 {
  const row = odds + (<usize>(c * classes) << 2);
  let total: f32 = 0;
  for (let j = 0; j < classes; j++) if (j != c) total += load<f32>(row + (<usize>j << 2));
  const draw = uniform * total;
  let chosen = c == 0 ? 1 : 0;
  let start = load<f32>(row + (<usize>chosen << 2));
  for (let j = chosen + 1; j < classes; j++) {
    if (j == c) continue;
    const odd = load<f32>(row + (<usize>j << 2));
    if (draw >= start && odd > 0) chosen = j;
    start += odd;
  }
  return chosen;
}
