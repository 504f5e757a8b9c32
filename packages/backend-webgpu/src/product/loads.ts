import type { Side } from './operands.js';

/** How an operand's part of a tile gets into workgroup memory, in WGSL. */
export interface Loads {
  /** Before the loop: what stays the same along the sums. */
  lines: string;
  /** The terms of step t, from memory to registers. */
  load: string;
  /** From registers to workgroup memory. */
  store: string;
}

/** One of the things that a thread loads: its number among all, and its place across and along the sums. */
export interface Item {
  name: string;
  number: string;
  outside: string;
  along: string;
}

/**
 * Shares `count` things out over the threads.
 * @param run of how many neighbours the first axis of the two places is long: 'outside' or 'along'
 */
export function sharedOut(
  side: Side,
  { count, threads, run }: { count: number; threads: number; run: { axis: 'outside' | 'along'; length: number } },
  loadsOf: (item: Item) => Loads,
): Loads {
  const all: Loads = { lines: '', load: '', store: '' };
  for (let first = 0; first < count; first += threads) {
    const number = `(thread + ${first}u)`;
    const [fast, slow] = [`(${number} % ${run.length}u)`, `(${number} / ${run.length}u)`];
    const [outside, along] = run.axis === 'outside' ? [fast, slow] : [slow, fast];
    const { lines, load, store } = loadsOf({ name: `${side}${first / threads}`, number, outside, along });
    const guard = (work: string) => (first + threads > count ? `if (${number} < ${count}u) { ${work} }` : work);
    all.lines += `${lines}\n  `;
    all.load += `${guard(load)}\n      `;
    all.store += `${guard(store)}\n      `;
  }
  return all;
}
