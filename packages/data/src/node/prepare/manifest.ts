import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { CrlnError, isCrlnError, type Triple } from '@crln/core';
import type { Case } from '../../types.js';
import { writeAtomic } from '../atomic.js';
import { readBytes } from '../read-bytes.js';

/** A source of a case as it was when it was read: a file, or a folder's files in the order of their names. */
export interface SourceFact {
  /** Relative to the raw folder. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What was made of a case. */
export interface CaseFact {
  readonly source: readonly SourceFact[];
  /** Relative to the prepared folder. */
  readonly file: string;
  readonly bytes: number;
  /** Of the file. */
  readonly sha256: string;
  /** Of its voxels: the same wherever and whenever it is made from the same source. */
  readonly voxels: string;
  readonly shape: Triple;
  /** mm. */
  readonly spacing: Triple;
  /** Share of voxels with a label. */
  readonly foreground: number;
  /** How many different values the image has. */
  readonly intensities: number;
  readonly notes: readonly string[];
  /** How the label was turned, where somebody said so. */
  readonly labelFlip?: string;
}

/** `manifest.json`: what a prepared folder is, and what it was made from. */
export interface Manifest {
  readonly format: 1;
  readonly protocol: string;
  /** Of what the protocol draws. */
  readonly seed: number;
  readonly cases: Record<string, CaseFact>;
}

const NAME = 'manifest.json';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isNumbers = (value: unknown): boolean => Array.isArray(value) && value.every(Number.isFinite);

/** Whether a case has all facts that are read of it again. */
const isFact = (value: unknown): value is CaseFact =>
  isRecord(value) &&
  ['file', 'sha256', 'voxels'].every((key) => typeof value[key] === 'string') &&
  ['bytes', 'foreground', 'intensities'].every((key) => Number.isFinite(value[key])) &&
  ['shape', 'spacing'].every((key) => isNumbers(value[key]) && (value[key] as number[]).length === 3) &&
  Array.isArray(value.notes) &&
  Array.isArray(value.source) &&
  value.source.every((one) => isRecord(one) && typeof one.path === 'string' && Number.isFinite(one.bytes));

/**
 * Cases with a fact missing are left out: they are made again.
 *
 * @throws `CrlnError` `file-format` where it is none; undefined where there is no file
 */
export async function readManifest(dir: string): Promise<Manifest | undefined> {
  const path = join(dir, NAME);
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(path);
  } catch (error) {
    if (isCrlnError(error, 'file-not-found')) return undefined;
    throw error;
  }
  try {
    const { format, protocol, seed, cases } = JSON.parse(new TextDecoder().decode(bytes));
    if (format === 1 && typeof protocol === 'string' && typeof seed === 'number' && isRecord(cases)) {
      const whole = Object.entries(cases).filter((entry): entry is [string, CaseFact] => isFact(entry[1]));
      return { format, protocol, seed, cases: Object.fromEntries(whole) };
    }
  } catch {
    // Said below.
  }
  throw new CrlnError(
    'file-format',
    `${path}: this is no manifest of a prepared folder (format 1); restore it, or remove the folder and prepare it again`,
    { path },
  );
}

/** Names for a message: some of many. */
export const few = (ids: readonly string[]): string => `${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ', …' : ''}`;

export const json = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);

export const writeManifest = (dir: string, manifest: Manifest): Promise<void> =>
  writeAtomic(join(dir, NAME), json(manifest));

/** sha256 of some bytes, one part after another. */
export function checksum(...parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** sha256 of what a case holds: shape and grid, image, label, little-endian. */
export function voxelChecksum({ image, label }: Case): string {
  const bytes = (values: ArrayBufferView): Uint8Array =>
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const grid = Float64Array.from([...image.shape, ...image.spacing, ...image.affine]);
  return checksum(bytes(grid), bytes(image.data), ...(label ? [bytes(label.data)] : []));
}

/** Share of voxels that are not 0. */
export function foregroundShare(values: ArrayLike<number>): number {
  let count = 0;
  for (let n = 0; n < values.length; n++) if (values[n] !== 0) count++;
  return count / values.length;
}

/** How many different values there are. */
export function distinctValues(values: ArrayLike<number>): number {
  const seen = new Set<number>();
  let last = Number.NaN;
  for (let n = 0; n < values.length; n++) {
    const value = values[n]!;
    if (value === last) continue;
    last = value;
    seen.add(value);
  }
  return seen.size;
}
