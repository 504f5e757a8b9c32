// Voxels of four-byte elements (float32 and int32 alike) moved to where a table says, or a constant where it says "outside".

/** "Outside", in a table of byte offsets. */
const OUTSIDE: u32 = 0xffffffff;

/**
 * Output rows from·rows … to·rows − 1 of y [N, D, H, row of floats]: row (d, h) looks at the bytes depth[d] + height[h] + … of its sample, where
 * `runs` says (byte offset, elements) of the row's pieces that lie together. `fill` is the constant's bits.
 */
export function gatherAxes(
  x: usize, y: usize, sample: u32, depth: usize, height: usize, runs: usize, runCount: i32, D: i32, H: i32, row: i32, fill: i32,
  total: i32, rows: i32, from: i32, to: i32, thread: i32,
): void {
  const runsEnd = runs + (<usize>runCount << 3);
  for (let r = from * rows, end = min(to * rows, total); r < end; r++) {
    const plane = r / H;
    const n = plane / D;
    const a = load<u32>(depth + (<usize>(plane - n * D) << 2)), b = load<u32>(height + (<usize>(r - plane * H) << 2));
    let at = y + (<usize>r * <usize>row << 2);
    if (a == OUTSIDE || b == OUTSIDE) {
      fillWords(at, fill, row);
      continue;
    }
    const source = x + <usize>n * <usize>sample + <usize>a + <usize>b;
    for (let run = runs; run < runsEnd; run += 8) {
      const c = load<u32>(run);
      const count = load<i32>(run, 4);
      if (c == OUTSIDE) fillWords(at, fill, count);
      else copyWords(at, source + <usize>c, count);
      at += <usize>count << 2;
    }
  }
}

/**
 * y[v] = x[index[v]] for voxels v of units from … to − 1, each of C elements; −1 gives the constant. `wrong` gets a number for every unit:
 * 1 + the first voxel whose index is neither −1 nor below `voxels`, 0 if there is none.
 */
export function gatherVoxels(
  x: usize, index: usize, y: usize, wrong: usize, voxels: i32, C: i32, fill: i32, total: i32, unit: i32, from: i32, to: i32, thread: i32,
): void {
  for (let u = from; u < to; u++) {
    let bad = 0;
    for (let v = u * unit, end = min((u + 1) * unit, total); v < end; v++) {
      const i = load<i32>(index + (<usize>v << 2));
      const at = y + (<usize>v * <usize>C << 2);
      if (<u32>i < <u32>voxels) copyWords(at, x + (<usize>i * <usize>C << 2), C);
      else {
        if (i != -1 && bad == 0) bad = v + 1;
        fillWords(at, fill, C);
      }
    }
    store<i32>(wrong + (<usize>u << 2), bad);
  }
}

// @ts-ignore: decorator
@inline
function copyWords(to: usize, from: usize, count: i32): void {
  if (count > 64) {
    memory.copy(to, from, <usize>count << 2);
    return;
  }
  let left = count;
  for (; left >= 4; left -= 4) {
    v128.store(to, v128.load(from));
    to += 16;
    from += 16;
  }
  for (; left > 0; left--) {
    store<i32>(to, load<i32>(from));
    to += 4;
    from += 4;
  }
}

// @ts-ignore: decorator
@inline
function fillWords(to: usize, value: i32, count: i32): void {
  let left = count;
  const four = i32x4.splat(value);
  for (; left >= 4; left -= 4) {
    v128.store(to, four);
    to += 16;
  }
  for (; left > 0; left--) {
    store<i32>(to, value);
    to += 4;
  }
}
