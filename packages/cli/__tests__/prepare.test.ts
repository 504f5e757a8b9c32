import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { PROTOCOLS, phantomAtria, type Volume, volume, writeNrrd } from '@crln/data';
import { readVolume, writeDicomFolder, writeVolume } from '@crln/data/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crln } from './terminal.js';
import { filesBelow, TINY, workspace } from './workspace.js';

let space: Awaited<ReturnType<typeof workspace>>;
beforeAll(async () => {
  space = await workspace();
});
afterAll(() => space.remove());

/** The first of a list. */
const few = (ids: readonly string[], count: number): string[] => ids.slice(0, count);

describe('crln prepare la', () => {
  const { train, test } = PROTOCOLS.la!.splits;
  const ids = [...few(train, 3), ...few(test, 1)];

  beforeAll(async () => {
    // As the challenge gives them: 8 bits, the label 255, and a scan that is larger than the crop.
    const cases = phantomAtria({ cases: ids.length, shape: [40, 36, 12] });
    for (const [n, id] of ids.entries()) {
      const { image, label } = cases[n]!;
      const folder = space.at('la-raw', 'Training Set', id);
      await mkdir(folder, { recursive: true });
      const place = (data: Uint8Array): Volume => volume(data, image.shape, { spacing: [0.625, 0.625, 0.625] });
      const values = Array.from(image.data);
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const scan = Uint8Array.from(image.data, (v) => Math.round(((v - low) / (high - low)) * 200));
      const atrium = Uint8Array.from(label!.data, (v) => (v ? 255 : 0));
      await writeFile(`${folder}/lgemri.nrrd`, await writeNrrd(place(scan)));
      await writeFile(`${folder}/laendo.nrrd`, await writeNrrd(place(atrium)));
    }
  });

  it('goes from NRRD to a folder that trains, evaluates and predicts, and says what it made', async () => {
    const out = space.at('la');
    const made = await crln(['prepare', 'la', '--from', space.at('la-raw'), '--out', out, '--partial', '--json']);
    expect(made.code).toBe(0);
    expect(made.json()).toMatchObject({ protocol: 'la', made: expect.arrayContaining(ids), kept: [] });
    expect(made.json().statistics).toMatchObject({ casesBySpacing: { '0.625 × 0.625 × 0.625': 4 } });
    const again = await crln(['prepare', 'la', '--from', space.at('la-raw'), '--out', out, '--partial']);
    expect(again.out).toContain('0 cases made, 4 were there');
    expect(again.out).toContain(`Train on it: crln train --data ${out} --recipe la --out RUN`);

    const run = space.at('run');
    const small = ['--method', 'mean-teacher', '--labelled', '2', '--set', 'evaluation.stride=4', ...TINY];
    const trained = await crln(['train', '--data', out, '--recipe', 'la', '--out', run, ...small]);
    expect(trained.err).toContain('mean-teacher on 2 labelled and 1 other cases');
    expect(trained.code).toBe(0);
    const scored = await crln(['evaluate', '--run', run, '--split', 'test', '--json']);
    expect(scored.json()).toMatchObject({ cases: [{ id: ids[3] }] });
    const input = `${out}/cases/${ids[3]}.h5`;
    const predicted = await crln(['predict', '--run', run, '--input', input, '--output', space.at('seg.nii.gz')]);
    expect(predicted.code).toBe(0);
    const [scan, labels] = await Promise.all([readVolume(input), readVolume(space.at('seg.nii.gz'))]);
    expect(labels.shape).toEqual(scan.shape);
    expect(labels.spacing).toEqual([0.625, 0.625, 0.625]);
  });

  it('--check lists every difference, one a line, with exit code 1', async () => {
    const checked = await crln(['prepare', 'la', '--out', space.at('la'), '--check']);
    expect(checked.code).toBe(1);
    expect(checked.out).toMatch(/^splits\.json: train lacks 77 of 80 cases/m);
    expect(checked.out.match(/: it is missing$/gm)).toHaveLength(96);
    expect(checked.err).toMatch(/la differs from la in \d+ points/);
  });

  it('names what is wrong with its words, with exit code 2', async () => {
    for (const [words, message] of [
      [['prepare', 'heart', '--out', 'x'], /there is no benchmark 'heart'; expected one of la, pancreas, brats/],
      [['prepare', 'la', '--out', 'x'], /--from is missing/],
      [
        ['prepare', 'la', '--from', 'x', '--out', 'y', '--protocol', 'coranet'],
        /la has no protocol 'coranet'; expected ua-mt/,
      ],
      [
        ['prepare', 'la', '--from', 'x', '--out', 'y', '--workers', '0'],
        /--workers: expected a whole number >= 1, got '0'/,
      ],
    ] as const) {
      const outcome = await crln(words);
      expect(outcome.code).toBe(2);
      expect(outcome.err).toMatch(message);
    }
  });

  it('leaves nothing behind where the raw data is not what it expects', async () => {
    await mkdir(space.at('empty'));
    const outcome = await crln(['prepare', 'la', '--from', space.at('empty'), '--out', space.at('of-empty')]);
    expect(outcome.code).toBe(1);
    expect(outcome.err).toMatch(/empty: it has none of the 100 cases of la; expected folders named by their case/);
    expect(await filesBelow(space.at('of-empty'))).toEqual([]);
  });
});

describe('crln prepare pancreas', () => {
  const HU = { air: -1000, fat: -90, tissue: 80 } as const;

  /** A body in air, an organ in its fat; the label as label files are: flipped in y, and nowhere in the world. */
  async function raw(folder: string, numbers: readonly string[]): Promise<void> {
    const shape = [64, 60, 20] as const;
    for (const number of numbers) {
      const scan = new Int16Array(shape[0] * shape[1] * shape[2]);
      const label = new Uint8Array(scan.length);
      for (let i = 0; i < shape[0]; i++) {
        for (let j = 0; j < shape[1]; j++) {
          for (let k = 0; k < shape[2]; k++) {
            const organ = Math.hypot(i - 24, j - 20, 2 * (k - 9)) < 8;
            const body = Math.hypot(i - 32, j - 30) < 26;
            scan[(i * shape[1] + j) * shape[2] + k] = organ ? HU.tissue : body ? HU.fat : HU.air;
            if (organ) label[(i * shape[1] + shape[1] - 1 - j) * shape[2] + k] = 1;
          }
        }
      }
      const affine = [-0.8, 0, 0, 120, 0, -0.8, 0, 130, 0, 0, 1.5, -40, 0, 0, 0, 1];
      const placed = volume(scan, [...shape], { affine });
      await mkdir(`${folder}/PANCREAS_${number}/study`, { recursive: true });
      await writeDicomFolder(`${folder}/PANCREAS_${number}/study/series`, placed);
      await mkdir(`${folder}/labels`, { recursive: true });
      await writeVolume(`${folder}/labels/label${number}.nii.gz`, volume(label, [...shape]));
    }
  }

  it.each(['mc-net', 'coranet'])(
    'goes from DICOM and turned labels to 1 mm by the protocol of %s',
    async (protocol) => {
      const from = space.at(`pancreas-${protocol}`);
      await raw(from, ['0001', '0064']);
      const out = space.at(`of-${protocol}`);
      const words = ['prepare', 'pancreas', '--from', from, '--out', out, '--partial', '--protocol', protocol];
      const made = await crln(words);
      expect(made.err).not.toContain('✗');
      expect(made.code).toBe(0);
      const path = `${out}/cases/image0064.h5`;
      const [image, label] = [await readVolume(path), await readVolume(path, { dataset: 'label' })];
      // 64 × 60 × 20 at 0.8 × 0.8 × 1.5 mm are 51 × 48 × 30 at 1 mm: less than 96, so all of it.
      expect(image.shape).toEqual([51, 48, 30]);
      expect(image.spacing.every((mm) => Math.abs(mm - 1) < 0.01)).toBe(true);
      const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
      const all = Array.from(image.data);
      const mean = meanOf(all.filter((_, n) => label.data[n] === 1));
      const whole = meanOf(all);
      // The label lies on the organ, which is the brightest there is.
      expect(mean).toBeGreaterThan(whole + (protocol === 'mc-net' ? 1 : 0.25));
      const manifest = JSON.parse(await readFile(`${out}/manifest.json`, 'utf8'));
      expect(manifest.cases.image0064.notes.join(' ')).toContain("flipped along 'y'");
      expect(manifest.cases.image0064.source.map(({ path }: { path: string }) => path)).toEqual([
        'PANCREAS_0064',
        'labels/label0064.nii.gz',
      ]);
    },
  );
});

it('crln info prints a benchmark: what is done, who is in which list, where that comes from', async () => {
  const pancreas = await crln(['info', 'pancreas']);
  expect(pancreas.out).toMatch(/origin +NIH Pancreas-CT, 82 cases; lists of/);
  expect(pancreas.out).toMatch(/train +image0057 image0018/);
  expect(pancreas.out).toContain('Not comparable with figures on the 12 + 50 + 18 split');
  const brats = (await crln(['info', 'brats', '--json'])).json();
  expect(brats.splits).toEqual({ train: 250, val: 25, test: 60 });
  const prepared = await crln(['info', space.at('la')]);
  expect(prepared.out).toMatch(/protocol +la/);
  expect(prepared.out).toMatch(/splitsFrom +2018 Atrial Segmentation Challenge/);
});
