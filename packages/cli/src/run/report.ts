import { isCrlnError } from '@crln/core';
import { buildReport, type RunStore, readReportRun, writeProgress, writeReport } from '@crln/train';
import { svgToPng } from '@crln/train/node';

/** Draws the curves of a run so far into its folder: as SVG, and as PNG where a renderer is installed. */
export async function drawCurves(store: RunStore, title: string): Promise<void> {
  try {
    await writeProgress(store, { title, toPng: svgToPng });
  } catch (error) {
    if (!isCrlnError(error, 'missing-dependency')) throw error;
    await writeProgress(store, { title });
  }
}

/** Writes `report.html` and `report.md` of one run into its folder. */
export async function writeRunReport(store: RunStore, name: string): Promise<void> {
  await writeReport(store, buildReport([await readReportRun(store, name)]));
}
