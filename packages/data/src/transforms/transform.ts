import type { RandomStream, Triple } from '@crln/core';
import type { FieldsOf } from './fields.js';
import type { Sample } from './sample.js';

/** One kind of transform, for the table that replays records and draws by specification. */
export interface Transform<R, O> {
  /** What a record must hold. */
  readonly fields: FieldsOf<R>;
  /** A record for a sample of `shape`; `sample` makes the sample itself, for what looks at voxels. */
  readonly draw: (rng: RandomStream, shape: Triple, options: O, sample: () => Sample) => R;
  readonly apply: (sample: Sample, record: R) => Sample;
  /** The shape after the transform, where it changes. */
  readonly shape?: (shape: Triple, record: R) => Triple;
}
