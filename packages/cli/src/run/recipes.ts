import { nearest } from '@crln/core';
import { selectSplits } from '@crln/data';
import { UsageError } from '../command.js';
import { mergeSettings, readSettings, type Settings } from '../settings.js';
import { resolveSettings } from './settings.js';
import { openSource } from './source.js';

/** What a published configuration changes with the number of labelled cases: R, ξ and the weight of the contrast. */
interface LabelColumn {
  cases: number;
  prototypes: number;
  xi: number;
  cpsWeight: number;
}

interface Published {
  network: Settings;
  patch: readonly number[];
  stride: number | readonly number[];
  /** Weak augmentation; `flip` where both variants agree on it. */
  weak: Settings;
  /** 10 % and 20 % of the training cases. */
  columns: readonly [LabelColumn, LabelColumn];
}

const V_NET = { type: 'vNet', baseFilters: 16, levels: 4 };
const U_NET = { type: 'uNet3d', baseFilters: 16, levels: 4, upsample: 'transposed' };

/** The configurations of Wang et al., Medical Image Analysis 2025, one a data set. */
const PUBLISHED: Readonly<Record<string, Published>> = {
  la: {
    network: V_NET,
    patch: [112, 112, 80],
    stride: [18, 18, 4],
    weak: { rotate: true },
    columns: [
      { cases: 8, prototypes: 16, xi: 0.6, cpsWeight: 0.5 },
      { cases: 16, prototypes: 16, xi: 0.9, cpsWeight: 0.5 },
    ],
  },
  pancreas: {
    network: V_NET,
    patch: [96, 96, 96],
    stride: 16,
    // Users of earlier methods report Dice 40.9 where rotations are added on these scans.
    weak: { rotate: false, flip: 'never', brightness: false },
    columns: [
      { cases: 6, prototypes: 4, xi: 0.6, cpsWeight: 1 },
      { cases: 12, prototypes: 16, xi: 0.3, cpsWeight: 0.5 },
    ],
  },
  brats: {
    network: U_NET,
    patch: [96, 96, 96],
    stride: 16,
    weak: { rotate: true },
    columns: [
      { cases: 25, prototypes: 4, xi: 0.1, cpsWeight: 0.5 },
      { cases: 50, prototypes: 8, xi: 1, cpsWeight: 0.5 },
    ],
  },
};

/** The names that `--recipe` knows. */
export const RECIPES: readonly string[] = Object.keys(PUBLISHED);

/**
 * The settings of a published configuration.
 *
 * @param labelled number of labelled cases; for one that was not published, the 10 % column
 * @param variant `paper` draws ξ anew every step, so that none is set, and does not flip every patch
 */
export function publishedSettings(name: string, labelled: number, variant: unknown = 'reference'): Settings {
  const { network, patch, stride, weak, columns } = published(name);
  const { prototypes, xi, cpsWeight } = columns.find(({ cases }) => cases === labelled) ?? columns[0];
  const reference = variant !== 'paper';
  return {
    iterations: 40_000,
    patch,
    batch: [2, 2],
    network,
    optimizer: {
      learningRate: 2.5e-3,
      momentum: 0.9,
      nesterov: true,
      weightDecay: 5e-4,
      schedule: { type: 'poly', power: 0.9, period: 200, floor: 1e-6 },
    },
    // What follows from the normalisation is left to it.
    augmentation: { weak: { flip: reference ? 'always' : 'half', ...weak } },
    data: { orientation: 'native', spacing: 'native', normalisation: 'minmax' },
    evaluation: { stride },
    methods: { crln: { prototypes, ...(reference && { xi }), cpsWeight, warmUp: 800 } },
  };
}

/**
 * What `--recipe` puts under a run's own settings: a published configuration by its name, or a file.
 *
 * @param given the run's own settings: they say which cases are labelled, and which variant runs
 * @returns the settings, and a line for people on what was chosen
 * @throws UsageError naming the nearest name; CrlnError for a file that cannot be read, or data that cannot
 */
export async function recipeSettings(name: string, given: Settings): Promise<{ settings: Settings; note: string }> {
  if (/\.json$|[\\/]/i.test(name)) return { settings: await readSettings(name), note: `recipe of ${name}` };
  const { columns } = published(name);
  const variant = (given as { methods?: { crln?: { variant?: unknown } } }).methods?.crln?.variant;
  const settings = resolveSettings(mergeSettings(publishedSettings(name, columns[0].cases, variant), given));
  const { labelled: shown, holdOut } = settings.data;
  const { labelled } = selectSplits(await openSource(settings), {
    ...(shown !== undefined && { labelled: shown }),
    holdOut,
  });
  const count = labelled.length;
  const cases = columns.map((column) => column.cases);
  const note = cases.includes(count)
    ? `recipe ${name} for ${count} labelled cases`
    : `recipe ${name} is published for ${cases.join(' and ')} labelled cases; with ${count}, what it says for ${cases[0]} is used`;
  return { settings: publishedSettings(name, count, variant), note };
}

function published(name: string): Published {
  if (Object.hasOwn(PUBLISHED, name)) return PUBLISHED[name]!;
  throw new UsageError(
    `there is no recipe '${name}'; did you mean '${nearest(name, RECIPES)}'? There are ${RECIPES.join(', ')}; a file is named by its path, such as ./${name}.json`,
  );
}
