import { CrlnError } from '@crln/core';
import type { DicomImage } from './image.js';

/** What a folder's images are, for whoever has to choose one. */
function listed(
  images: readonly DicomImage[],
): { uid: string; description: string; modality: string; slices: number; matrix: string }[] {
  const series = new Map<string, DicomImage[]>();
  for (const image of images) series.set(image.seriesUid, [...(series.get(image.seriesUid) ?? []), image]);
  return [...series].map(([uid, members]) => {
    const sizes = new Set(members.map(({ layout }) => (layout ? `${layout.columns}×${layout.rows}` : 'not readable')));
    return {
      uid,
      description: members[0]!.description,
      modality: members[0]!.modality,
      slices: members.reduce((sum, { places }) => sum + Math.max(1, places.length), 0),
      matrix: [...sizes].join(', '),
    };
  });
}

/** More than these are counted, not named. */
const MOST_NAMED = 20;

/**
 * The images of the one series there is, or of the one that was asked for.
 *
 * @throws `CrlnError` `invalid-data` listing the series where there are several; `invalid-option` where the one asked for is not there
 */
export function chooseSeries<T extends DicomImage>(
  images: readonly T[],
  name: string,
  wanted: string | undefined,
): T[] {
  const found = listed(images);
  const lines = found
    .slice(0, MOST_NAMED)
    .map(
      (s) =>
        `  ${s.uid || '(no UID)'}: ${s.modality || 'no modality'}, '${s.description}', ${s.slices} slice${s.slices === 1 ? '' : 's'}, ${s.matrix}`,
    )
    .join('\n');
  const list = `${lines}${found.length > MOST_NAMED ? `\n  and ${found.length - MOST_NAMED} more` : ''}`;
  if (wanted !== undefined) {
    const chosen = images.filter(({ seriesUid }) => seriesUid === wanted);
    if (chosen.length > 0) return chosen;
    throw new CrlnError('invalid-option', `${name}: there is no series '${wanted}'; there are\n${list}`, {
      name,
      series: found,
    });
  }
  if (found.length > 1) {
    throw new CrlnError(
      'invalid-data',
      `${name}: it holds ${found.length} series; name the one to read by its UID (option \`series\`):\n${list}`,
      { name, series: found },
    );
  }
  return [...images];
}
