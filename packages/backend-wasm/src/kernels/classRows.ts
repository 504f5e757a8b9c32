import { util } from '@tensorflow/tfjs-core';
import { engine } from '../engine.js';
import type { Purpose } from '../heap.js';
import { rowUnits } from '../units.js';

/** Operations on an element of a row, next to those of plain arithmetic. */
const WORK = 4;

/** Rows of classes cut into units, with the scratch of every thread: see assembly/classes.ts. */
export class ClassRows {
  readonly purpose: Purpose;
  readonly classes: number;
  /** Rows of a sample. */
  readonly rows: number;
  /** Rows of a unit. */
  readonly unitRows: number;
  /** Units of a sample. */
  readonly parts: number;
  /** Units in all. */
  readonly units: number;
  /** Where every thread has room for the most that a kernel needs: five vectors, and four for each class. */
  readonly scratch: number;
  readonly #wrong: Int32Array;

  constructor(kernel: string, shape: readonly number[], samples = 1) {
    this.purpose = { kernel, shape };
    this.classes = shape.at(-1)!;
    this.rows = util.sizeFromShape(shape.slice(0, -1)) / Math.max(samples, 1);
    const { rows, units } = rowUnits(this.rows, this.classes * WORK);
    this.unitRows = rows;
    this.parts = units;
    this.units = samples * units;
    const { heap, threads } = engine();
    this.scratch = heap.take(threads * (4 * this.classes + 5) * 16, this.purpose);
    this.#wrong = heap.ints(this.units, this.purpose);
  }

  /** Where units note a row that they cannot use. */
  get wrong(): number {
    return this.#wrong.byteOffset;
  }

  /** The first row that a unit noted. */
  get wrongRow(): number | undefined {
    return this.#wrong.find((row) => row >= 0);
  }
}
