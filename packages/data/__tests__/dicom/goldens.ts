import { readdirSync, readFileSync } from 'node:fs';

export const goldenFolder = new URL('../golden/dicom/', import.meta.url);

/** The files of a golden series. */
export function golden(series: string): { name: string; bytes: Uint8Array }[] {
  const folder = new URL(`${series}/`, goldenFolder);
  return readdirSync(folder).map((name) => ({ name, bytes: new Uint8Array(readFileSync(new URL(name, folder))) }));
}
