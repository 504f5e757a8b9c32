import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { type Case, phantomAtria, withData, writeNifti } from '@crln/data';
import { writeDataset, writeVolume } from '@crln/data/node';
import { METHODS } from '@crln/train';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crln, type Outcome } from './terminal.js';
import { filesBelow, TINY, workspace } from './workspace.js';

/** Every bad input gives exit code 1, one message that says where and what, and leaves nothing behind. */
describe('bad input', () => {
  let space: Awaited<ReturnType<typeof workspace>>;
  let cases: Case[];
  let folders = 0;

  beforeAll(async () => {
    space = await workspace();
    cases = phantomAtria({ cases: 4, shape: [12, 12, 8] });
    await writeDataset(space.at('good'), cases, splits(cases));
    const run = await crln([
      'train',
      '--data',
      space.at('good'),
      '--out',
      space.at('run'),
      '--method',
      'supervised',
      ...TINY,
    ]);
    expect(run.err).toContain('supervised on 2 labelled and 1 other cases');
    expect(run.code).toBe(0);
  });
  afterAll(() => space.remove());

  const splits = (all: readonly Case[]) => {
    const ids = all.map(({ id }) => id);
    return { train: ids.slice(0, -1), labelled: ids.slice(0, 2), test: ids.slice(-1) };
  };

  /** Writes the data set with its first case changed, and trains on it. */
  async function trainOn(
    change: (first: Case) => Case,
    more: readonly string[] = [],
  ): Promise<Outcome & { out: string }> {
    const data = space.at(`data-${folders++}`);
    const all = [change(cases[0]!), ...cases.slice(1)];
    await writeDataset(data, all, splits(all));
    return trainIn(data, more);
  }

  /** Trains on a folder, and sees that a refusal leaves no run. */
  async function trainIn(data: string, more: readonly string[] = []): Promise<Outcome> {
    const out = `${data}-run-${folders++}`;
    const outcome = await crln(['train', '--data', data, '--out', out, '--method', 'supervised', ...TINY, ...more]);
    if (outcome.code !== 0) expect(await filesBelow(out)).toEqual([]);
    return outcome;
  }

  /** One message: the last line of standard error, with all of `parts`, and no stack. */
  function refused({ code, err, out }: Outcome, ...parts: string[]): void {
    const lines = err.trim().split('\n');
    const message = lines.at(-1)!;
    expect(message).toMatch(/^crln \w+: /);
    for (const part of parts) expect(message).toContain(part);
    expect(err).not.toMatch(/^\s+at /m);
    expect(out).toBe('');
    expect(code).toBe(1);
  }

  const image = (one: Case, edit: (data: Float32Array) => void): Case => {
    const data = Float32Array.from(one.image.data);
    edit(data);
    return { ...one, image: withData(one.image, data) };
  };

  it('a missing file', async () => {
    const gone = space.at('gone.nii.gz');
    refused(await crln(['info', gone]), 'gone.nii.gz', 'there is no such file');
    refused(await crln(['metrics', '--prediction', gone, '--reference', gone]), 'gone.nii.gz', 'there is no such file');
    const output = space.at('none.nii.gz');
    refused(await crln(['predict', '--run', space.at('run'), '--input', gone, '--output', output]), 'gone.nii.gz');
    refused(await trainIn(space.at('nowhere')), 'nowhere', 'there is no such folder');
    refused(
      await crln(['train', '--data', space.at('good'), '--out', space.at('x'), '--config', space.at('c.json')]),
      'c.json',
    );
    refused(await crln(['evaluate', '--run', space.at('nowhere')]), 'nowhere');
    expect(await filesBelow(space.at('x'))).toEqual([]);
  });

  it('a truncated .nii.gz', async () => {
    const file = space.at('good', 'images', `${cases[0]!.id}.nii.gz`);
    const cut = space.at('cut.nii.gz');
    await writeFile(cut, await readFile(file));
    await truncate(cut, 700);
    refused(await crln(['info', cut]), 'cut.nii.gz');
    const data = space.at(`data-${folders++}`);
    await writeDataset(data, cases, splits(cases));
    await truncate(`${data}/images/${cases[0]!.id}.nii.gz`, 700);
    refused(await trainIn(data), `${cases[0]!.id}.nii.gz`);
    const output = space.at('cut-label.nii.gz');
    refused(await crln(['predict', '--run', space.at('run'), '--input', cut, '--output', output]), 'cut.nii.gz');
    expect(await filesBelow(output)).toEqual([]);
  });

  it('image and label of different shape', async () => {
    const [other] = phantomAtria({ cases: 1, shape: [12, 12, 9] });
    const outcome = await trainOn((one) => ({ ...one, label: other!.label! }));
    refused(outcome, `${cases[0]!.id}.nii.gz`, '[12,12,8]', '[12,12,9]');
    await writeVolume(space.at('longer.nii'), other!.label!);
    const label = space.at('good', 'labels', `${cases[0]!.id}.nii.gz`);
    refused(
      await crln(['metrics', '--prediction', space.at('longer.nii'), '--reference', label]),
      'longer.nii',
      'shape',
    );
  });

  it('non-integer labels', async () => {
    const outcome = await trainOn((one) => ({
      ...one,
      label: withData(
        one.label!,
        Float32Array.from(one.label!.data, (v) => v * 0.5),
      ),
    }));
    refused(outcome, `labels/${cases[0]!.id}.nii.gz`, 'whole numbers', '0.5');
  });

  it.each([
    ['NaN', Number.NaN],
    ['infinite', Number.POSITIVE_INFINITY],
  ])('%s voxels', async (_, value) => {
    const outcome = await trainOn((one) => image(one, (data) => data.fill(value, 7, 9)));
    refused(outcome, `images/${cases[0]!.id}.nii.gz`, '2 of 1152 voxels are NaN or infinite');
    const scan = space.at('bad.nii');
    await writeVolume(scan, image(cases[0]!, (data) => data.fill(value, 7, 9)).image);
    const output = space.at('bad-label.nii');
    refused(await crln(['predict', '--run', space.at('run'), '--input', scan, '--output', output]), 'bad.nii', 'NaN');
    expect(await readdir(space.at('.'))).not.toContain('bad-label.nii');
  });

  it('a 2-D or 4-D NIfTI', async () => {
    const bytes = await writeNifti(cases[0]!.image, { gzip: false });
    for (const [name, dim] of [
      ['flat.nii', [2, 12, 96, 1, 1]],
      ['film.nii', [4, 12, 12, 4, 2]],
    ] as const) {
      const copy = bytes.slice();
      const view = new DataView(copy.buffer, copy.byteOffset);
      dim.forEach((n, i) => {
        view.setInt16(40 + 2 * i, n, true);
      });
      await writeFile(space.at(name), copy);
      refused(await crln(['info', space.at(name)]), name, `${dim[0]}-D`);
      const output = space.at('dim-label.nii');
      refused(await crln(['predict', '--run', space.at('run'), '--input', space.at(name), '--output', output]), name);
    }
  });

  it('an empty folder', async () => {
    await mkdir(space.at('empty', 'images'), { recursive: true });
    refused(await trainIn(space.at('empty')), 'empty', 'no .nii');
    await mkdir(space.at('void'));
    refused(await trainIn(space.at('void')), 'void', 'empty');
    const words = ['predict', '--run', space.at('run'), '--input', space.at('void'), '--output', space.at('never')];
    refused(await crln(words), 'void');
    expect(await readdir(space.at('.'))).not.toContain('never');
  });

  it('more labelled cases than exist', async () => {
    refused(await trainIn(space.at('good'), ['--labelled', '9']), 'asks for 9 labelled cases, but only 3');
  });

  it.each(Object.keys(METHODS).filter((name) => name !== 'supervised'))('no unlabelled case for %s', async (method) => {
    const words = ['--labelled', '3', '--set', `method=${method}`];
    refused(await trainIn(space.at('good'), words), `method ${method} needs unlabelled cases`);
  });

  it('labels without a foreground', async () => {
    const data = space.at(`data-${folders++}`);
    const blank = cases.map((one) => ({ ...one, label: withData(one.label!, new Uint8Array(one.label!.data.length)) }));
    await writeDataset(data, blank, splits(blank));
    refused(await trainIn(data), data, 'no voxel but background');
  });

  it('a volume smaller than the patch is padded, and no error', async () => {
    const outcome = await trainIn(space.at('good'), ['--set', 'patch=[16,16,16]']);
    expect(outcome.err).not.toContain('crln train:');
    expect(outcome.code).toBe(0);
  });

  it('an existing run folder without --resume or --overwrite', async () => {
    const before = await readFile(space.at('run', 'config.json'), 'utf8');
    const words = ['train', '--data', space.at('good'), '--out', space.at('run'), ...TINY];
    refused(await crln(words), 'run', '--resume', '--overwrite');
    expect(await readFile(space.at('run', 'config.json'), 'utf8')).toBe(before);
    await mkdir(space.at('other'));
    await writeFile(space.at('other', 'thesis.txt'), 'years of work');
    refused(
      await crln(['train', '--data', space.at('good'), '--out', space.at('other'), ...TINY, '--overwrite']),
      'thesis.txt',
    );
    expect(await filesBelow(space.at('other'))).toEqual(['thesis.txt']);
  });

  it('a damaged checkpoint', async () => {
    const run = space.at('damaged');
    const made = await crln(['train', '--data', space.at('good'), '--out', run, '--method', 'supervised', ...TINY]);
    expect(made.code).toBe(0);
    const file = `${run}/checkpoints/2/model-teacher.safetensors`;
    const bytes = await readFile(file);
    bytes[bytes.length - 5]! ^= 1;
    await writeFile(file, bytes);
    refused(await crln(['evaluate', '--run', run]), 'model-teacher.safetensors', 'damaged');
    const output = space.at('damaged.nii');
    const input = space.at('good', 'images', `${cases[0]!.id}.nii.gz`);
    refused(await crln(['predict', '--run', run, '--input', input, '--output', output]), 'damaged');
    await writeFile(`${run}/last.json`, '{');
    refused(await crln(['train', '--out', run, '--resume']), 'last.json');
  });

  it('a resume with other settings', async () => {
    const words = ['train', '--out', space.at('run'), '--resume', '--lr', '0.02'];
    refused(await crln(words), 'settings.optimizer.learningRate', '0.01', '0.02');
  });

  it('an unwritable output', async () => {
    await writeFile(space.at('file'), '');
    const train = ['train', '--data', space.at('good'), '--out', space.at('file', 'run'), ...TINY];
    refused(await crln(train), 'file', 'not a folder');
    refused(
      await crln(['train', '--data', space.at('good'), '--out', space.at('file'), ...TINY]),
      'file',
      'not a folder',
    );
    const input = space.at('good', 'images', `${cases[0]!.id}.nii.gz`);
    const predict = ['predict', '--run', space.at('run'), '--input', input];
    refused(await crln([...predict, '--output', space.at('none', 'a.nii')]), 'none', 'there is no such folder');
    refused(await crln([...predict, '--output', space.at('file', 'a.nii')]), 'file', 'not a folder');
    refused(await crln(['phantom', '--out', space.at('good')]), 'good', 'not empty');
  });

  it('a loss that becomes NaN: names iteration and cases, keeps the last good checkpoint', async () => {
    const run = space.at('exploding');
    const words = ['train', '--data', space.at('good'), '--out', run, '--method', 'supervised', ...TINY];
    const explode = ['--set', 'optimizer.schedule={"type":"step","factor":1e38,"milestones":[0.66]}'];
    const more = ['--set', 'iterations=6', '--set', 'saveEvery=2', '--set', 'logEvery=1', ...explode];
    const cut = words.filter((word, i) => word !== '--iterations' && words[i - 1] !== '--iterations');
    const outcome = await crln([...cut, ...more]);
    refused(outcome, 'iteration', 'NaN', 'atria-');
    const saved = await readdir(`${run}/checkpoints`);
    // The fifth step explodes, the sixth loss shows it.
    expect(saved).toEqual(['4']);
    const input = space.at('good', 'images', `${cases[0]!.id}.nii.gz`);
    const predict = ['predict', '--run', run, '--input', input, '--output', space.at('kept.nii.gz')];
    expect((await crln(predict)).code).toBe(0);
  });

  it('a patch that cannot fit in memory', async () => {
    refused(await trainIn(space.at('good'), ['--set', 'patch=[4096,4096,4096]']), 'GiB', 'smaller patch');
  });

  it('a patch that the network cannot halve, and a method or a setting that there is not', async () => {
    refused(await trainIn(space.at('good'), ['--set', 'patch=[10,8,8]']), '[10,8,8]', 'multiple of 4');
    const setting = await trainIn(space.at('good'), ['--set', 'optimizer.learnigRate=1']);
    expect(setting.code).toBe(2);
    expect(setting.err).toContain("did you mean 'learningRate'");
    const method = await trainIn(space.at('good'), ['--set', 'method=clrn']);
    expect(method.code).toBe(2);
    expect(method.err).toContain("did you mean 'crln'");
  });
});
