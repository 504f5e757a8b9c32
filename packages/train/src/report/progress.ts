import { readLog } from '../checkpoint/log.js';
import type { RunStore } from '../store/runStore.js';
import { progressSvg } from './curves.js';

/**
 * Writes the curves of a run so far as `progress.svg`, and as `progress.png` where there is a renderer (`svgToPng` of
 * `@crln/train/node`).
 *
 * @throws CrlnError `invalid-run` where the log is damaged, and the renderer's
 */
export async function writeProgress(
  store: RunStore,
  options: { title?: string; toPng?: (svg: string) => Promise<Uint8Array> } = {},
): Promise<void> {
  const svg = progressSvg(await readLog(store), options.title);
  await store.write('progress.svg', svg);
  if (options.toPng) await store.write('progress.png', await options.toPng(svg));
}
