// The voxel table: for each voxel of a chunk, where its source begins and where its output goes.

/** Voxels that one pass over the filter works on: their sources and outputs stay in the first two cache levels. */
export const CHUNK: i32 = 128;
/** Bytes of an entry: source pointer, output pointer. */
export const ENTRY: i32 = 8;

/**
 * Writes the entries of voxels v0 … v1 − 1 (flattened over D, H, W; row length W, H rows a plane) and repeats the last one up to
 * a multiple of 4, so that kernels work on whole blocks: the repeats compute and store the same values once more.
 */
export function fillTable(
  table: usize, v0: i32, v1: i32, H: i32, W: i32,
  x: usize, xd: usize, xh: usize, xw: usize,
  y: usize, yd: usize, yh: usize, yw: usize,
): void {
  const row = v0 / W;
  let w = v0 - row * W;
  let d = row / H;
  let h = row - d * H;
  let at = table;
  let source: usize = 0, output: usize = 0;
  for (let v = v0; v < v1; v++) {
    source = x + <usize>d * xd + <usize>h * xh + <usize>w * xw;
    output = y + <usize>d * yd + <usize>h * yh + <usize>w * yw;
    store<u32>(at, <u32>source);
    store<u32>(at, <u32>output, 4);
    at += ENTRY;
    if (++w == W) {
      w = 0;
      if (++h == H) {
        h = 0;
        d++;
      }
    }
  }
  for (let v = v1 - v0; (v & 3) != 0; v++) {
    store<u32>(at, <u32>source);
    store<u32>(at, <u32>output, 4);
    at += ENTRY;
  }
}
