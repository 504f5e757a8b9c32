// Copies that change a layout: padding, filter packing, transposing.

/**
 * Cuts the window [wd, wh, ww] that begins at (ld, lh, lw), which may lie outside, out of source [D, H, W]; zeros beyond it.
 * `voxel` is bytes a voxel.
 */
export function pad(
  source: usize, window: usize, voxel: usize, D: i32, H: i32, W: i32,
  ld: i32, lh: i32, lw: i32, wd: i32, wh: i32, ww: i32,
): void {
  const rowBytes = <usize>ww * voxel;
  const planeBytes = <usize>wh * rowBytes;
  const left = min(max(-lw, 0), ww);
  const first = max(lw, 0);
  const inside = max(min(W - first, ww - left), 0);
  const leftBytes = <usize>left * voxel, insideBytes = <usize>inside * voxel;
  const rightBytes = rowBytes - leftBytes - insideBytes;
  let to = window;
  for (let d = ld; d < ld + wd; d++) {
    if (d < 0 || d >= D || inside == 0) {
      memory.fill(to, 0, planeBytes);
      to += planeBytes;
      continue;
    }
    for (let h = lh; h < lh + wh; h++) {
      if (h < 0 || h >= H) {
        memory.fill(to, 0, rowBytes);
      } else {
        memory.fill(to, 0, leftBytes);
        memory.copy(to + leftBytes, source + <usize>((d * H + h) * W + first) * voxel, insideBytes);
        memory.fill(to + leftBytes + insideBytes, 0, rightBytes);
      }
      to += rowBytes;
    }
  }
}

/**
 * Packs a filter for `conv`: output channels in blocks of 8 (the last of 4 where at most 4 are left, padded with zeros), each
 * [taps][R][block]. Element (tap, r, c) of the source lies at order[tap]·tapStride + r·rStride + c·cStride floats.
 */
export function packFilter(
  source: usize, packed: usize, order: usize, tapCount: i32, R: i32, C: i32, tapStride: i32, rStride: i32, cStride: i32,
): void {
  let to = packed;
  const cBytes = <usize>cStride << 2;
  for (let c = 0; c < C; c += 8) {
    const width = C - c > 4 ? 8 : 4;
    const filled = min(C - c, width);
    for (let t = 0; t < tapCount; t++) {
      let from = source + (<usize>(load<i32>(order + (<usize>t << 2)) * tapStride + c * cStride) << 2);
      if (cStride == 1 && filled == 8) {
        for (let r = 0; r < R; r++) {
          v128.store(to, v128.load(from));
          v128.store(to, v128.load(from, 16), 16);
          to += 32;
          from += <usize>rStride << 2;
        }
      } else if (rStride == 1 && filled == 8) {
        let r = 0;
        for (; r + 4 <= R; r += 4) {
          transpose4(from, cBytes, to, 32);
          transpose4(from + 4 * cBytes, cBytes, to + 16, 32);
          to += 128;
          from += 16;
        }
        for (; r < R; r++) {
          for (let i = 0; i < 8; i++) store<f32>(to + (i << 2), load<f32>(from + <usize>i * cBytes));
          to += 32;
          from += 4;
        }
      } else {
        for (let r = 0; r < R; r++) {
          for (let i = 0; i < width; i++) {
            store<f32>(to, i < filled ? load<f32>(from + <usize>i * cBytes) : 0);
            to += 4;
          }
          from += <usize>rStride << 2;
        }
      }
    }
  }
}

/** [rows, columns] to [columns, rows]. */
export function transpose(source: usize, to: usize, rows: i32, columns: i32): void {
  const rowBytes = <usize>columns << 2, outBytes = <usize>rows << 2;
  const rows4 = rows & ~3, columns4 = columns & ~3;
  for (let r = 0; r < rows4; r += 4) {
    for (let c = 0; c < columns4; c += 4) {
      transpose4(source + <usize>r * rowBytes + (<usize>c << 2), rowBytes, to + <usize>c * outBytes + (<usize>r << 2), outBytes);
    }
  }
  for (let r = 0; r < rows; r++) {
    for (let c = r < rows4 ? columns4 : 0; c < columns; c++) {
      store<f32>(to + <usize>c * outBytes + (<usize>r << 2), load<f32>(source + <usize>r * rowBytes + (<usize>c << 2)));
    }
  }
}

// @ts-ignore: decorator
@inline
export function transpose4(from: usize, fromRow: usize, to: usize, toRow: usize): void {
  const a = v128.load(from), b = v128.load(from + fromRow), c = v128.load(from + fromRow * 2), d = v128.load(from + fromRow * 3);
  const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5), ab1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd0 = v128.shuffle<f32>(c, d, 0, 4, 1, 5), cd1 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(ab0, cd0, 0, 1, 4, 5));
  v128.store(to + toRow, v128.shuffle<f32>(ab0, cd0, 2, 3, 6, 7));
  v128.store(to + toRow * 2, v128.shuffle<f32>(ab1, cd1, 0, 1, 4, 5));
  v128.store(to + toRow * 3, v128.shuffle<f32>(ab1, cd1, 2, 3, 6, 7));
}
