import { stream } from '@crln/core';
import { describe, expect, it } from 'vitest';
import { drawTurn, planeMap, type Turn } from '../../src/augment/turn.js';

/** np.array([[0, 1, 2], [3, 4, 5]]) turned. */
function turned(turn: Turn): number[][] {
  const map = planeMap(turn, 2, 3);
  return Array.from({ length: map.size0 }, (_, x) =>
    Array.from({ length: map.size1 }, (_, y) => {
      const i = map.i0 + map.ix * x + map.iy * y;
      const j = map.j0 + map.jx * x + map.jy * y;
      return 3 * i + j;
    }),
  );
}

describe('planeMap', () => {
  it('turns as np.rot90 does', () => {
    expect(turned({ k: 0, flipAxis: null })).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(turned({ k: 1, flipAxis: null })).toEqual([
      [2, 5],
      [1, 4],
      [0, 3],
    ]);
    expect(turned({ k: 2, flipAxis: null })).toEqual([
      [5, 4, 3],
      [2, 1, 0],
    ]);
    expect(turned({ k: 3, flipAxis: null })).toEqual([
      [3, 0],
      [4, 1],
      [5, 2],
    ]);
  });

  it('flips after the turn', () => {
    for (const k of [0, 1, 2, 3] as const) {
      const plain = turned({ k, flipAxis: null });
      expect(turned({ k, flipAxis: 0 })).toEqual([...plain].reverse());
      expect(turned({ k, flipAxis: 1 })).toEqual(plain.map((row) => [...row].reverse()));
    }
  });
});

describe('drawTurn', () => {
  it('draws every turn and flip, and none that is switched off', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 300; i++) {
      const t = drawTurn(stream(1, 'test', i), { flip: 0.5 });
      seen.add(`${t.k}${t.flipAxis}`);
      const still = drawTurn(stream(1, 'test', i), { rotate: false, flip: 0 });
      expect(still).toEqual({ k: 0, flipAxis: null });
      expect(drawTurn(stream(1, 'test', i), { square: false }).k % 2).toBe(0);
      expect(drawTurn(stream(1, 'test', i)).flipAxis).not.toBeNull();
    }
    expect(seen.size).toBe(12);
  });
});
