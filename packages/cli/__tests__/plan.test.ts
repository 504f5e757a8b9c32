import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fitRecipe, phantomDataset } from '@crln/data';
import { writeDataset } from '@crln/data/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planRun } from '../src/run/plan.js';
import { resolveSettings } from '../src/run/settings.js';

describe('planRun', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'crln-plan-'));
    const phantom = phantomDataset({ shape: [16, 16, 8], train: 3, labelled: 1, val: 0, test: 1 });
    const cases = await Promise.all(phantom.cases().map((id) => phantom.load(id)));
    await writeDataset(dir, cases, phantom.splits, await fitRecipe(cases, { normalisation: 'zscore' }));
  });
  afterAll(() => rm(dir, { recursive: true }));

  const plan = (data: object) =>
    planRun(
      resolveSettings({
        patch: [8, 8, 8],
        network: { baseFilters: 2, levels: 2 },
        data: { source: dir, ...data },
      }),
      2 ** 30,
    );

  it('refuses windows that would leave gaps before anything starts', async () => {
    const settings = { patch: [8, 8, 8], network: { baseFilters: 2, levels: 2 }, data: { source: dir } };
    const plan = planRun(resolveSettings({ ...settings, evaluation: { stride: [8, 8, 9] } }), 2 ** 30);
    await expect(plan).rejects.toThrow("stride must be from 1 to the window's side [8,8,8], got 8,8,9");
  });

  it("takes the data set's recipe, and refuses patches of other intensities than it predicts on", async () => {
    expect((await plan({})).recipe.normalisation).toBe('zscore');
    await expect(plan({ normalisation: 'minmax' })).rejects.toThrow(/recipe .*'zscore'.*data\.normalisation/);
  });
});
