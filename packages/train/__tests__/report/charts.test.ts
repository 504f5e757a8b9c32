import { describe, expect, it } from 'vitest';
import { appendLog, type LogLine } from '../../src/checkpoint/log.js';
import { evaluateCase } from '../../src/metrics/evaluateCase.js';
import { boxPlot } from '../../src/report/boxPlot.js';
import { hd95Chart, progressSvg } from '../../src/report/curves.js';
import { lineChart } from '../../src/report/lineChart.js';
import { writeProgress } from '../../src/report/progress.js';
import { svgFile } from '../../src/report/svg.js';
import { svgToPng } from '../../src/report/svgToPng.js';
import { memoryStore } from '../../src/store/memoryStore.js';
import { readText } from '../../src/store/runStore.js';

const names = { title: 'T', x: 'iteration', y: 'loss' };
const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text);
const paths = (svg: string) => [...svg.matchAll(/<path d="([^"]*)"/g)].map(([, d]) => d as string);
const log: LogLine[] = [1, 2, 3].map((iteration) => ({
  kind: 'step',
  iteration,
  learningRate: 0.1,
  losses: { loss: 1 / iteration, cps: 1e-9 },
}));

describe('lineChart', () => {
  it('draws a line through its points between named axes', () => {
    const { body } = lineChart(
      [
        {
          name: 'a & b',
          points: [
            [0, 0],
            [10, 1],
          ],
        },
      ],
      names,
    );
    expect(paths(body)).toHaveLength(1);
    expect(paths(body)[0]).toMatch(/^M62 256L742 52$/);
    expect(texts(body)).toEqual(expect.arrayContaining(['T', 'a &amp; b', 'iteration', 'loss', '0.2', '10']));
  });

  it('leaves out what is no number, and what is not above 0 where it is logarithmic', () => {
    const points = [
      [1, 1],
      [2, Number.NaN],
      [3, 0],
      [4, 10],
    ] as const;
    expect(paths(lineChart([{ name: 'a', points }], names).body)[0]?.match(/[ML]/g)).toHaveLength(3);
    const log = lineChart([{ name: 'a', points }], { ...names, scale: 'log' });
    expect(paths(log.body)[0]?.match(/[ML]/g)).toHaveLength(2);
    expect(log.body).not.toMatch(/NaN|Infinity/);
  });

  it('stays small for long runs', () => {
    const points = Array.from({ length: 40_000 }, (_, i) => [i, Math.sin(i)] as const);
    expect(lineChart([{ name: 'a', points, smooth: true }], names).body.length).toBeLessThan(30_000);
  });

  it('says so where there is nothing, and draws a single point', () => {
    expect(texts(lineChart([], names).body)).toContain('no values yet');
    const one = lineChart([{ name: 'a', points: [[5, 5]] }], names).body;
    expect(one).toContain('<circle');
    expect(one).not.toContain('NaN');
  });

  it('lists lines of one name and colour once', () => {
    const line = {
      name: 'crln',
      colour: '#000',
      points: [
        [0, 0],
        [1, 1],
      ] as const,
    };
    expect(texts(lineChart([line, line], names).body).filter((text) => text === 'crln')).toHaveLength(1);
  });
});

describe('boxPlot', () => {
  it('shows quartiles, every case and the name', () => {
    const { body } = boxPlot(
      [
        { name: 'crln, seed 0', values: [10, 20, 30, 40, 50] },
        { name: 'none', values: [] },
      ],
      { title: 'T', y: 'Dice' },
    );
    expect(body.match(/<circle/g)).toHaveLength(5);
    expect(texts(body)).toEqual(expect.arrayContaining(['crln', 'seed 0']));
    expect(texts(body)).not.toContain('none');
    expect(body).not.toContain('NaN');
  });
});

describe('the progress picture', () => {
  it('has losses, and scores once there are some', () => {
    expect(texts(progressSvg(log))).toEqual(expect.arrayContaining(['Losses', 'loss', 'cps']));
    expect(texts(progressSvg(log))).not.toContain('Dice, mean of cases');
    const mean = { dice: 0.5, jaccard: 0.4, hd95: 3, asd: 1, assd: 1, hd95Mm: 3, asdMm: 1, assdMm: 1 };
    const evaluation = {
      kind: 'evaluation' as const,
      iteration: 3,
      split: 'val',
      rows: [{ id: 'a', classes: [], mean }],
    };
    expect(texts(progressSvg([...log, evaluation]))).toEqual(expect.arrayContaining(['Dice, mean of cases', 'val']));
  });

  it('leaves empty predictions out of the distances, so that no curve falls where the network fails', () => {
    const shape: [number, number, number] = [1, 1, 8];
    const reference = Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0);
    const rows = [Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 0), new Uint8Array(8)].map((prediction, i) => ({
      id: String(i),
      ...evaluateCase(prediction, reference, shape, [1, 1, 1]),
    }));
    const at = (iteration: number, some: typeof rows) => ({
      kind: 'evaluation' as const,
      iteration,
      split: 'val',
      rows: some,
    });
    const alone = hd95Chart([{ name: '', log: [at(1, rows.slice(0, 1))] }]);
    expect(hd95Chart([{ name: '', log: [at(1, rows)] }])).toEqual(alone);
    expect(texts(hd95Chart([{ name: '', log: [at(1, rows.slice(1))] }]).body)).toContain('no values yet');
  });

  it('is written into the run folder, as a PNG too where somebody can render it', async () => {
    const store = memoryStore();
    for (const line of log) await appendLog(store, line);
    await writeProgress(store, { toPng: async (svg) => new TextEncoder().encode(svg.slice(0, 4)) });
    expect(await readText(store, 'progress.svg')).toBe(progressSvg(log));
    expect(await readText(store, 'progress.png')).toBe('<svg');
  });

  it('becomes a PNG of twice its size', async () => {
    const drawing = lineChart(
      [
        {
          name: 'a',
          points: [
            [0, 0],
            [1, 1],
          ],
        },
      ],
      names,
    );
    const png = await svgToPng(svgFile(drawing, 'T'));
    const view = new DataView(png.buffer, png.byteOffset);
    expect([...png.subarray(1, 4)]).toEqual([...'PNG'].map((c) => c.charCodeAt(0)));
    expect([view.getUint32(16), view.getUint32(20)]).toEqual([2 * drawing.width, 2 * drawing.height]);
  });
});
