import { CrlnError, isCrlnError } from '@crln/core';
import { assertSameGrid } from '../grid.js';
import { applyReorientation } from '../orientation.js';
import { type Volume, withData } from '../volume.js';

/** Axes along which a label may run the other way than its scan. */
const FLIPS = ['none', 'x', 'y', 'z', 'xy', 'xz', 'yz', 'xyz'] as const;
type Flip = (typeof FLIPS)[number];

/** HU of the soft tissue that a pancreas is, with contrast medium. */
const TISSUE = [-20, 250] as const;
/** How much better the best turn must fit than the next. */
const MARGIN = 0.05;

const turned = (label: Volume, flip: Flip): Volume =>
  flip === 'none'
    ? label
    : applyReorientation(label, {
        axes: [0, 1, 2],
        flips: [flip.includes('x'), flip.includes('y'), flip.includes('z')],
      });

/** Share of labelled voxels that lie on soft tissue. */
function fit(image: Volume, label: Volume): number {
  let tissue = 0;
  let all = 0;
  for (let n = 0; n < label.data.length; n++) {
    if (label.data[n] === 0) continue;
    all++;
    const hu = image.data[n]!;
    if (hu >= TISSUE[0] && hu <= TISSUE[1]) tissue++;
  }
  return all === 0 ? 0 : tissue / all;
}

/**
 * A label on its scan's grid. Where the files agree on their place in the world, that decides. Label files of Pancreas-CT are known not
 * to: then the turn with the most labelled voxels on soft tissue does, if it is clearly the best one.
 *
 * @param flip - says it: `none`, or the axes that run the other way, such as `y`
 * @throws `CrlnError` `invalid-data` where shapes differ or no turn is clearly the best; `invalid-option`
 */
export function alignLabel(
  image: Volume,
  label: Volume,
  id: string,
  flip?: string,
): { label: Volume; notes: readonly string[] } {
  const onImage = (one: Volume): Volume => withData(image, one.data);
  if (flip !== undefined) {
    const known = FLIPS.find((one) => one === flip);
    if (!known) {
      throw new CrlnError('invalid-option', `labelFlip: expected one of ${FLIPS.join(', ')}, got '${flip}'`, { flip });
    }
    sameShape(image, label, id);
    return { label: onImage(turned(label, known)), notes: [`label turned as asked for: ${known}`] };
  }
  try {
    assertSameGrid(image, label, id);
    return { label: onImage(label), notes: [] };
  } catch (error) {
    if (!isCrlnError(error, 'invalid-data')) throw error;
    sameShape(image, label, id);
  }
  const fits = FLIPS.map((one) => ({ one, share: fit(image, turned(label, one)) })).sort((a, b) => b.share - a.share);
  const [best, next] = fits as [(typeof fits)[0], (typeof fits)[0]];
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  if (best.share - next.share < MARGIN) {
    throw new CrlnError(
      'invalid-data',
      `${label.source ?? id}: it lies elsewhere than its scan ${image.source ?? id}, and it is not clear how it is turned: flipped along '${best.one}' ${percent(best.share)} of it is on soft tissue, along '${next.one}' ${percent(next.share)}; look at both and say it by --label-flip`,
      { id, fits },
    );
  }
  return {
    label: onImage(turned(label, best.one)),
    notes: [
      `label lies elsewhere by its file; taken as flipped along '${best.one}', where ${percent(best.share)} of it is on soft tissue (next '${next.one}', ${percent(next.share)})`,
    ],
  };
}

function sameShape(image: Volume, label: Volume, id: string): void {
  if (image.shape.every((size, axis) => size === label.shape[axis])) return;
  throw new CrlnError(
    'invalid-data',
    `${label.source ?? `label of ${id}`}: its shape [${label.shape}] is not that of its scan, [${image.shape}]`,
    { id, image: image.shape, label: label.shape },
  );
}
