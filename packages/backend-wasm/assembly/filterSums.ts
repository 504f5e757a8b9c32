// Filter gradients as partial sums: every unit adds up its own items, and `addPartials` adds the units in their order, so that the
// bits do not depend on who computed what.
import { depthwiseFilterGrad } from './depthwise';
import { filterGrad } from './filterGrad';
import { firstPlane, GRID_PLANES, PLANES, REST, SLABS, STRIDES, windowOf, word } from './window';

const DY = REST, DY_PLANE = REST + 1, GRID_HEIGHT = REST + 2, GRID_WIDTH = REST + 3, COLUMNS = REST + 4, DENSE = REST + 5,
  TAPS = REST + 6, TAP_COUNT = REST + 7, RUN = REST + 8, SUMS = REST + 9, SUM_BYTES = REST + 10, PARTIALS = REST + 11,
  ITEMS = REST + 12, TABLE = REST + 13, TABLE_STRIDE = REST + 14;

/** Partial sums from … to − 1, each over its own share of the items. */
export function filterSums(job: usize, from: i32, to: i32, thread: i32): void {
  const table = <usize>word(job, TABLE) + <usize>thread * <usize>word(job, TABLE_STRIDE);
  const packed = table + 1024;
  const xd = word(job, STRIDES), xh = word(job, STRIDES + 1), xw = word(job, STRIDES + 2);
  const height = word(job, GRID_HEIGHT), width = word(job, GRID_WIDTH), columns = word(job, COLUMNS);
  const taps = <usize>word(job, TAPS), tapCount = word(job, TAP_COUNT), planes = word(job, GRID_PLANES);
  for (let part = from; part < to; part++) {
    const sums = <usize>word(job, SUMS) + <usize>part * <usize>word(job, SUM_BYTES);
    memory.fill(sums, 0, <usize>word(job, SUM_BYTES));
    const end = (part + 1) * word(job, ITEMS) / word(job, PARTIALS);
    for (let item = part * word(job, ITEMS) / word(job, PARTIALS); item < end; item++) {
      const x = windowOf(job, item, thread);
      const j0 = firstPlane(job, item);
      const j1 = min(j0 + word(job, PLANES), planes);
      const dy = <usize>word(job, DY) + <usize>(item / word(job, SLABS) * planes + j0) * <usize>word(job, DY_PLANE);
      if (word(job, DENSE)) {
        filterGrad(x, dy, sums, taps, tapCount, word(job, RUN), columns, j0, j1, height, width, xd, xh, xw, table, packed);
      } else {
        depthwiseFilterGrad(x, dy, sums, taps, tapCount, columns, j0, j1, height, width, xd, xh, xw, table);
      }
    }
  }
}

/**
 * Adds the partial sums in their order and takes the padding out: `to` [groups][rows][columns] from `partials` times
 * [groups][paddedRows][paddedColumns].
 */
export function addPartials(
  sums: usize, sumBytes: i32, partials: i32, to: usize, groups: i32, rows: i32, paddedRows: i32, columns: i32, paddedColumns: i32,
): void {
  for (let g = 0; g < groups; g++) {
    for (let r = 0; r < rows; r++) {
      const row = sums + (<usize>((g * paddedRows + r) * paddedColumns) << 2);
      const result = to + (<usize>((g * rows + r) * columns) << 2);
      memory.copy(result, row, <usize>columns << 2);
      for (let p = 1; p < partials; p++) {
        const part = row + <usize>p * <usize>sumBytes;
        let c = 0;
        for (; c + 4 <= columns; c += 4) {
          const at = result + (<usize>c << 2);
          v128.store(at, f32x4.add(v128.load(at), v128.load(part + (<usize>c << 2))));
        }
        for (; c < columns; c++) {
          const at = result + (<usize>c << 2);
          store<f32>(at, load<f32>(at) + load<f32>(part + (<usize>c << 2)));
        }
      }
    }
  }
}
