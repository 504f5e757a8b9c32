import type { Triple } from '@crln/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { appendLog } from '../../src/checkpoint/log.js';
import { writePointer } from '../../src/checkpoint/pointers.js';
import { evaluateCase } from '../../src/metrics/evaluateCase.js';
import { renderHtml } from '../../src/report/html.js';
import { renderMarkdown } from '../../src/report/markdown.js';
import { buildReport, writeReport } from '../../src/report/report.js';
import { type ReportRun, readReportRun, saveOverlay } from '../../src/report/runs.js';
import { writeRunConfig } from '../../src/runConfig.js';
import { memoryStore } from '../../src/store/memoryStore.js';
import { readText } from '../../src/store/runStore.js';

const shape: Triple = [4, 4, 4];
const reference = Uint8Array.from({ length: 64 }, (_, v) => (v < 32 ? 1 : 0));

/** A run whose predictions miss the first `missed` voxels of the reference. */
async function fakeRun(method: string, seed: number, missed: number): Promise<ReportRun> {
  const store = memoryStore();
  await writeRunConfig(store, {
    settings: { method },
    seed,
    recipe: null,
    splits: { labelled: ['a', 'b'], unlabelled: ['c'] },
    backend: { name: 'cpu', kernelBuild: 'stock' },
    packages: {},
  });
  for (const iteration of [10, 20]) {
    await appendLog(store, { kind: 'step', iteration, learningRate: 0.1, losses: { loss: 1 / iteration } });
    const rows = ['x', '<y>'].map((id, i) => {
      const prediction = reference.map((v, at) => (at < missed + 8 * i + (iteration === 10 ? 4 : 0) ? 0 : v));
      return { id, ...evaluateCase(prediction, reference, shape, [2, 2, 2]) };
    });
    await appendLog(store, { kind: 'evaluation', iteration, split: 'test', rows });
  }
  for (const id of ['x', '<y>']) {
    const volumes = { image: new Float32Array(64), prediction: reference, reference, shape, spacing: shape };
    await saveOverlay(store, { split: 'test', iteration: 20, id }, volumes);
  }
  await writePointer(store, 'last', 20);
  await writePointer(store, 'best-on-test', 10, { split: 'test', metric: 'dice', value: 0.5 });
  return readReportRun(store, `${method}, seed ${seed}`);
}

let runs: ReportRun[];
beforeAll(async () => {
  runs = await Promise.all([
    fakeRun('crln', 0, 0),
    fakeRun('crln', 1, 1),
    fakeRun('supervised', 0, 8),
    fakeRun('supervised', 1, 24),
  ]);
});

describe('the report', () => {
  it('tabulates last and best checkpoints apart, with labels, split, units and spread', () => {
    const text = renderMarkdown(buildReport(runs.slice(0, 1)));
    expect(text).toContain('# Run crln, seed 0');
    expect(text).toMatch(/\| crln, seed 0 \| 2 \| last \(20\) \| test, 2 cases \| 92\.86 ± \d\.\d\d \|/);
    expect(text).toMatch(/\| best-on-test \(10\) \|/);
    expect(text).toContain('CHOSEN ON THE TEST CASES');
    expect(text).toContain('| 95HD (voxels) | ASD (voxels) | ASSD (voxels) | 95HD (mm) |');
    expect(text).toContain('2 labelled cases and 1 without labels, 20 iterations, seed 0, cpu (stock)');
  });

  it('compares several runs over seeds and in pairs', () => {
    const text = renderMarkdown(buildReport(runs));
    expect(text).toMatch(/\| crln \| 0, 1 \| test \| 91\.\d\d ± 1\.\d\d/);
    expect(text).toMatch(/\| crln − supervised \| test \| 2 \| \+\d\d\.\d\d \| [+−][\d.]+ to \+[\d.]+ \|/);
  });

  it('says that empty predictions flatter the distances', () => {
    expect(renderMarkdown(buildReport(runs))).toMatch(
      /supervised, seed 1, last on test: 1 prediction \(a class of a case\) had/,
    );
    expect(renderMarkdown(buildReport(runs.slice(3)))).toMatch(/last \(20\) .*\d ± \d\.\d\d \\\* \|/);
    expect(renderMarkdown(buildReport(runs.slice(0, 1)))).not.toMatch(/had no voxel|± \d\.\d\d \\\*/);
  });

  it('shows pictures of the worst cases first, and no more than asked for', () => {
    const text = renderMarkdown(buildReport(runs.slice(0, 1), { overlays: 1 }));
    expect(text).toContain('the 1 worst of 2 cases');
    expect(text).toContain('case \\<y\\>: Dice 85.71 %');
    expect(text).not.toContain('case x: Dice');
  });

  it('is one HTML file that loads nothing and lets no name become markup', () => {
    const html = renderHtml(buildReport(runs, { title: 'A <b> title', notes: ['5 < 6'] }));
    expect(html).toContain('<h1>A &lt;b&gt; title</h1>');
    expect(html).not.toContain('<y>');
    expect(html).toContain('<td class="text">&lt;y&gt;</td>');
    expect(html).not.toMatch(/(src|href)="(?!data:)/);
    expect(html.match(/data:image\/png;base64,iVBOR/g)).toHaveLength(8);
    expect(html).not.toMatch(/undefined|NaN/);
    expect(html.match(/<(section|figure|table|details)\b/g)?.length).toBe(
      html.match(/<\/(section|figure|table|details)>/g)?.length,
    );
  });

  it('writes Markdown whose figures are files beside it', async () => {
    const store = memoryStore();
    await writeReport(store, buildReport(runs));
    const links = [...(await readText(store, 'report.md')).matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(([, path]) => path);
    expect(links.length).toBeGreaterThan(8);
    for (const path of links) expect(store.files.has(path as string)).toBe(true);
    expect(await store.exists('report.html')).toBe(true);
  });

  it('takes a run that was never evaluated, and needs one run', async () => {
    const fresh = { ...runs[0]!, log: [], overlays: [], pointers: {} };
    expect(renderHtml(buildReport([fresh]))).toContain('No evaluation yet');
    expect(() => buildReport([])).toThrow(/at least one run/);
  });

  it('prints a class table where there are several classes', () => {
    const labels = reference.map((v, at) => (v ? (at % 2) + 1 : 0));
    const row = { id: 'x', ...evaluateCase(labels, labels, shape, [1, 1, 1], 3) };
    const several = { ...runs[0]!, log: [{ kind: 'evaluation' as const, iteration: 20, split: 'test', rows: [row] }] };
    const text = renderMarkdown(buildReport([several]));
    expect(text).toMatch(/\| class 2 \| 100\.00/);
    expect(text).toContain('mean over the classes that are there');
  });
});
