/**
 * What an image is taken to be beyond its last voxels, under SciPy's names, for a line a b c d:
 * - `'nearest'`: a a a | a b c d | d d d
 * - `'mirror'`: d c b | a b c d | c b a (about the centres of the last voxels)
 * - `'reflect'`: c b a | a b c d | d c b (about their outer edges)
 */
export type Extension = 'nearest' | 'mirror' | 'reflect';
/** An {@link Extension}, or `'constant'`: one value wherever a position lies beyond the first or the last voxel centre. */
export type Outside = Extension | 'constant';
export const OUTSIDES: readonly Outside[] = ['constant', 'nearest', 'mirror', 'reflect'];

/** The position inside a line of n voxels that shows at position x, also a fractional one, however far outside. */
export function foldPosition(x: number, n: number, outside: Extension): number {
  if (x >= 0 && x <= n - 1) return x;
  if (outside === 'nearest') return x < 0 ? 0 : n - 1;
  if (outside === 'mirror') {
    if (n === 1) return 0;
    const period = 2 * (n - 1);
    const at = ((x % period) + period) % period;
    return at < n ? at : period - at;
  }
  const period = 2 * n;
  const at = (((x + 0.5) % period) + period) % period;
  return (at < n ? at : period - at) - 0.5;
}
