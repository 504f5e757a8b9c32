import type { RandomStream, Triple } from '@crln/core';
import { pasteBox } from '../box.js';
import { checkBox, pasted } from './cut-mix.js';
import { checkOptions, checkRecord, type FieldsOf, field } from './fields.js';
import { checkPair, checkShape, type Sample, voxelsOf } from './sample.js';

/** A box that two samples exchange. */
export interface CopyPasteRecord {
  readonly type: 'copyPaste';
  readonly start: Triple;
  readonly size: Triple;
}

export interface CopyPasteOptions {
  /** Side of the box as a part of the volume's. Default ⅔. */
  ratio?: number;
}

export interface CopyPasted {
  /** The first sample with the second's box in it, and the second with the first's. */
  samples: [Sample, Sample];
  /** 1 where a sample kept its own voxels, 0 in the box; of the samples' shape. */
  mask: Uint8Array;
}

const FIELDS: FieldsOf<CopyPasteRecord> = { start: field.position, size: field.sides };

/** Draws where the box lies, every place as likely; its sides are ⌊n·ratio⌋, at least 1. @throws `CrlnError` `invalid-option`, `unknown-option` */
export function drawCopyPaste(rng: RandomStream, shape: Triple, options: CopyPasteOptions = {}): CopyPasteRecord {
  checkShape(shape, 'drawCopyPaste');
  checkOptions(options, { ratio: field.probability }, 'drawCopyPaste');
  const { ratio = 2 / 3 } = options;
  // n·⅔ is a hair below a whole number for some n.
  const size = shape.map((n) => Math.min(Math.max(Math.floor(n * ratio + 1e-9), 1), n)) as Triple;
  const start = shape.map((n, axis) => rng.integer(n - size[axis]! + 1)) as Triple;
  return { type: 'copyPaste', start, size };
}

/**
 * Bidirectional copy-paste (Bai et al., CVPR 2023): with M the mask, a·M + b·(1 − M) and b·M + a·(1 − M); labels alike where both samples
 * have one (else the results have none).
 *
 * @throws `CrlnError` `invalid-shape` where the shapes differ or the box leaves them
 */
export function applyCopyPaste(a: Sample, b: Sample, record: CopyPasteRecord): CopyPasted {
  checkPair(a, b, 'applyCopyPaste');
  checkRecord(record, 'copyPaste', FIELDS);
  checkBox(a.shape, record);
  const mask = new Uint8Array(voxelsOf(a.shape)).fill(1);
  pasteBox(mask, new Uint8Array(mask.length), a.shape, record);
  return { samples: [pasted(a, b, record), pasted(b, a, record)], mask };
}
