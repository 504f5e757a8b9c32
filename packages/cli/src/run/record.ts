import { basename } from 'node:path';
import type { Triple } from '@crln/core';
import { appendLog, type CaseRow, type OverlayVolumes, saveOverlay } from '@crln/train';
import { folderStore } from '@crln/train/node';
import { writeRunReport } from './report.js';

/** What an evaluation leaves in its run: pictures of cases, a line of the log, a new report. */
export interface Recorder {
  picture(id: string, volumes: Omit<OverlayVolumes, 'shape'> & { shape: Readonly<Triple> }): Promise<void>;
  finish(rows: CaseRow[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a run folder for the record of one evaluation.
 *
 * @throws CrlnError `file-access` where the folder cannot be written, or another process works in it
 */
export async function openRecorder(folder: string, split: string, iteration: number): Promise<Recorder> {
  const store = await folderStore(folder);
  return {
    picture: (id, volumes) => saveOverlay(store, { split, iteration, id }, { ...volumes, shape: [...volumes.shape] }),
    async finish(rows) {
      await appendLog(store, { kind: 'evaluation', iteration, split, rows });
      await writeRunReport(store, basename(store.location));
    },
    close: () => store.close(),
  };
}
