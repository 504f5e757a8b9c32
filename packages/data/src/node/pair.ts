import { access } from 'node:fs/promises';
import { basename } from 'node:path';
import { CrlnError } from '@crln/core';
import { unpacked } from '../gzip.js';
import { HEADER_BYTES, niftiForm } from '../nifti/header.js';
import { readNifti } from '../nifti/read.js';
import type { Volume } from '../volume.js';
import { fileStream } from './file-stream.js';

const HALF = /\.(hdr|img)(\.gz)?$/i;

/** Whether a path may be one of a pair's by its name. */
export const isHalf = (path: string): boolean => HALF.test(path);

/** The path of a pair's other half. */
export const otherHalf = (path: string): string =>
  path.replace(HALF, (_, half: string, packed = '') => {
    const other = /hdr/i.test(half) ? 'img' : 'hdr';
    return `.${half === half.toUpperCase() ? other.toUpperCase() : other}${packed}`;
  });

/** Whether two files of the same case are the halves of one pair. */
export function areHalves(a: string, b: string): boolean {
  const [first, second] = [HALF.exec(a)?.[1], HALF.exec(b)?.[1]];
  return first !== undefined && second !== undefined && first.toLowerCase() !== second.toLowerCase();
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function formOf(path: string): Promise<'single' | 'pair' | undefined> {
  const stream = await unpacked(await fileStream(path));
  try {
    return niftiForm(await stream.peek(HEADER_BYTES[2]));
  } finally {
    await stream.close();
  }
}

/**
 * Reads the NIfTI pair that a path is either half of, each packed or not; undefined where the file is, by its content, no half.
 *
 * @throws `CrlnError` `file-not-found` where the other half is missing; what reading can throw
 */
export async function readPair(path: string): Promise<Volume | undefined> {
  const form = await formOf(path);
  const isHeader = /\.hdr(\.gz)?$/i.test(path);
  if (form === 'single' || (isHeader && form !== 'pair')) return undefined;
  const alike = otherHalf(path);
  const unlike = /\.gz$/i.test(alike) ? alike.slice(0, -3) : `${alike}.gz`;
  const other = (await isThere(alike)) ? alike : (await isThere(unlike)) ? unlike : undefined;
  if (other === undefined) {
    throw new CrlnError(
      'file-not-found',
      `${path}: it is one half of a .hdr/.img pair, and the other, ${basename(alike)}, is not beside it`,
      { path, missing: alike },
    );
  }
  const [header, image] = isHeader ? [path, other] : [other, path];
  const head = await fileStream(header);
  try {
    return { ...(await readNifti(head, header, await fileStream(image))), source: path };
  } finally {
    await head.close();
  }
}
