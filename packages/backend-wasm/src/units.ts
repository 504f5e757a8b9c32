/** Elements of a unit of kernels that do little with each: a fraction of a millisecond, so that sharing it out costs next to nothing. */
const UNIT_ELEMENTS = 1 << 16;

/** How many units such work on `elements` elements makes; less than two units' worth stays one. */
export const unitCount = (elements: number): number => Math.max(1, Math.floor(elements / UNIT_ELEMENTS));

/** How rows of `elements` elements are cut into units of whole rows; less than two units' worth stays one. */
export function rowUnits(rows: number, elements: number): { rows: number; units: number } {
  if (rows * elements < 2 * UNIT_ELEMENTS) return { rows, units: Math.min(rows, 1) };
  const each = Math.ceil(UNIT_ELEMENTS / Math.max(elements, 1));
  return { rows: each, units: Math.ceil(rows / each) };
}
