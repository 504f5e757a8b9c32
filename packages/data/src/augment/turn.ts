import type { RandomStream } from '@crln/core';

/** Quarter turns in the plane of axes 0 and 1, then a flip. */
export interface Turn {
  /** `np.rot90(x, k)`. */
  k: 0 | 1 | 2 | 3;
  /** Axis that is flipped after the turn, or null. */
  flipAxis: 0 | 1 | null;
}

/**
 * Where an output voxel of a turned plane comes from: i = i0 + ix·x + iy·y, j = j0 + jx·x + jy·y, for x, y in the output plane of
 * size [size0, size1].
 */
export interface PlaneMap {
  size0: number;
  size1: number;
  i0: number;
  ix: number;
  iy: number;
  j0: number;
  jx: number;
  jy: number;
}

/** The map of a {@link Turn} of a plane of n0 × n1 voxels. */
export function planeMap(turn: Turn, n0: number, n1: number): PlaneMap {
  const odd = turn.k % 2 === 1;
  const map: PlaneMap = { size0: odd ? n1 : n0, size1: odd ? n0 : n1, i0: 0, ix: 0, iy: 0, j0: 0, jx: 0, jy: 0 };
  // np.rot90, one turn: out[x, y] = in[y, n1 − 1 − x].
  if (turn.k === 0) Object.assign(map, { ix: 1, jy: 1 });
  else if (turn.k === 1) Object.assign(map, { iy: 1, j0: n1 - 1, jx: -1 });
  else if (turn.k === 2) Object.assign(map, { i0: n0 - 1, ix: -1, j0: n1 - 1, jy: -1 });
  else Object.assign(map, { i0: n0 - 1, iy: -1, jx: 1 });
  if (turn.flipAxis === 0) {
    map.i0 += map.ix * (map.size0 - 1);
    map.j0 += map.jx * (map.size0 - 1);
    map.ix = -map.ix;
    map.jx = -map.jx;
  } else if (turn.flipAxis === 1) {
    map.i0 += map.iy * (map.size1 - 1);
    map.j0 += map.jy * (map.size1 - 1);
    map.iy = -map.iy;
    map.jy = -map.jy;
  }
  return map;
}

/** Draws a turn and, with probability `flip`, one flip of axis 0 or 1. `square: false` leaves out turns that change the shape. */
export function drawTurn(rng: RandomStream, { rotate = true, flip = 1, square = true } = {}): Turn {
  const k = rotate ? (square ? rng.integer(4) : 2 * rng.integer(2)) : 0;
  const flips = rng.bernoulli(flip);
  const axis = rng.integer(2);
  return { k: k as Turn['k'], flipAxis: flips ? (axis as 0 | 1) : null };
}
