import { CrlnError } from '@crln/core';
import { strictJson } from './checkpoint/json.js';
import type { Json } from './checkpoint/types.js';
import { type RunStore, readJson } from './store/runStore.js';

/** The newest layout of `config.json` that this version reads, and the one it writes. */
export const RUN_CONFIG_FORMAT = 1;

/** Everything that says what a run is. Two runs with equal configurations, on equal hardware and versions, give equal bits. */
export interface RunConfig {
  format: number;
  /** Every setting of the run by name, defaults filled in; may be nested. */
  settings: Record<string, Json>;
  seed: number;
  /** The input recipe, as `@crln/data` serialises it, so that prediction can replay it. */
  recipe: Json;
  /** Case ids by split, `labelled` and `unlabelled` among them. */
  splits: Record<string, string[]>;
  /** What ran it. A resumed run on another one does not continue bit for bit. */
  backend: { name: string; kernelBuild: string } & Record<string, Json>;
  /** Versions by package name. */
  packages: Record<string, string>;
}

const FILE = 'config.json';
/** What must be equal for a run to be the same run. */
const IDENTITY = ['settings', 'seed', 'recipe', 'splits'] as const;
/** What must be equal for it to go on bit for bit. */
const ENVIRONMENT = ['backend', 'packages'] as const;

/** Writes `config.json`. */
export async function writeRunConfig(store: RunStore, config: Omit<RunConfig, 'format'>): Promise<void> {
  const whole = { format: RUN_CONFIG_FORMAT, ...config };
  await store.write(FILE, `${strictJson(whole as unknown as Json, FILE, 2)}\n`);
}

/** Reads `config.json`. @throws CrlnError `invalid-run` where it is missing or damaged, `file-format` where it is newer */
export async function readRunConfig(store: RunStore): Promise<RunConfig> {
  if (!(await store.exists(FILE))) {
    throw new CrlnError('invalid-run', `${store.location} is not a run: it has no ${FILE}`, {
      location: store.location,
    });
  }
  const config = (await readJson(store, FILE)) as RunConfig | null;
  if (Number.isInteger(config?.format) && (config as RunConfig).format > RUN_CONFIG_FORMAT) {
    throw new CrlnError(
      'file-format',
      `${FILE} in ${store.location} has format ${config?.format}; this version reads up to ${RUN_CONFIG_FORMAT}. Update @crln/train`,
      { file: FILE, format: config?.format },
    );
  }
  const missing = ['format', ...IDENTITY, ...ENVIRONMENT].filter((key) => !(key in (config ?? {})));
  if (missing.length > 0) {
    throw new CrlnError('invalid-run', `${FILE} in ${store.location} lacks ${missing.join(', ')}`, {
      file: FILE,
      missing,
    });
  }
  return config as RunConfig;
}

/** One setting that differs, by its dotted path, such as `settings.method.xi`. A missing one is undefined. */
export interface Difference {
  key: string;
  stored: Json | undefined;
  wanted: Json | undefined;
}

/** What differs between two configurations: `identity` makes it another run, `environment` only ends bit-for-bit equality. */
export function compareRunConfigs(
  stored: Omit<RunConfig, 'format'>,
  wanted: Omit<RunConfig, 'format'>,
  ignore: readonly string[] = [],
): { identity: Difference[]; environment: Difference[] } {
  const within = (keys: readonly (keyof Omit<RunConfig, 'format'>)[]) =>
    keys
      .flatMap((key) => [...differences(stored[key] as Json, wanted[key] as Json, key)])
      .filter(({ key }) => !ignore.some((skip) => key === skip || key.startsWith(`${skip}.`)));
  return { identity: within(IDENTITY), environment: within(ENVIRONMENT) };
}

/**
 * Checks that a run may be resumed with these settings.
 *
 * @param ignore dotted paths that may change, such as `settings.iterations` (with all below them)
 * @returns what differs in backend, kernel build and versions: where it is not empty, the run does not continue bit for bit,
 * and a caller should say so
 * @throws CrlnError `settings-differ` listing the keys in `fields.keys`
 */
export function checkResume(
  stored: RunConfig,
  wanted: Omit<RunConfig, 'format'>,
  ignore: readonly string[] = [],
): Difference[] {
  const { identity, environment } = compareRunConfigs(stored, wanted, ignore);
  if (identity.length > 0) {
    const list = identity.map(({ key, stored, wanted }) => `${key} (run: ${brief(stored)}, now: ${brief(wanted)})`);
    throw new CrlnError(
      'settings-differ',
      `the run was started with other settings: ${list.join('; ')}. Resume with its own, or start a new run`,
      { keys: identity.map(({ key }) => key), differences: identity },
    );
  }
  return environment;
}

/** What a run may put into its folder. */
const RUN_FILES =
  /^(config\.json|metrics\.jsonl|(last|best|best-on-test)\.json|checkpoints|predictions|(progress|report)\..+)$/;

/**
 * Opens a run: writes `config.json` into an empty store, or checks that the run there may go on. `overwrite` removes the files of
 * the run that is there, and only those. With `resume`, a store without a run starts one (a crash may have come before its first file).
 *
 * @returns whether an earlier run goes on, and what of its environment differs (see {@link checkResume}). It may have no
 * checkpoint yet: then there is no `last.json`
 * @throws CrlnError `run-exists` where files are there that may not be removed; `settings-differ`, `invalid-run`
 */
export async function openRun(
  store: RunStore,
  config: Omit<RunConfig, 'format'>,
  options: { resume?: boolean; overwrite?: boolean; ignore?: readonly string[] } = {},
): Promise<{ resumed: boolean; environment: Difference[] }> {
  const { location } = store;
  const exists = await store.exists(FILE);
  if (exists && options.resume) {
    return { resumed: true, environment: checkResume(await readRunConfig(store), config, options.ignore) };
  }
  const names = (await store.list('')).filter((name) => !name.startsWith('.'));
  const foreign = names.filter((name) => !RUN_FILES.test(name));
  if (exists && !options.overwrite) {
    throw new CrlnError(
      'run-exists',
      `${location} holds a run already: resume it, overwrite it, or choose another folder`,
      {
        location,
      },
    );
  }
  if (!exists && foreign.length > 0) {
    throw new CrlnError(
      'run-exists',
      `${location} is not a run, and not empty (${foreign.slice(0, 3).join(', ')}): choose another folder`,
      { location, names: foreign },
    );
  }
  if (!exists && names.includes('last.json') && !options.overwrite) {
    throw new CrlnError('invalid-run', `${location} has checkpoints but no ${FILE}: it cannot go on; overwrite it`, {
      location,
    });
  }
  // The configuration goes first and comes back last: what a crash leaves on the way does not look like a run.
  for (const name of [FILE, ...names.filter((name) => RUN_FILES.test(name))]) await store.remove(name);
  await writeRunConfig(store, config);
  return { resumed: false, environment: [] };
}

const brief = (value: Json | undefined): string => {
  const text = value === undefined ? 'absent' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};

function* differences(a: Json | undefined, b: Json | undefined, key: string): Generator<Difference> {
  if (isObject(a) && isObject(b)) {
    for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
      yield* differences(a[name], b[name], `${key}.${name}`);
    }
  } else if (JSON.stringify(a) !== JSON.stringify(b)) {
    yield { key, stored: a, wanted: b };
  }
}

const isObject = (value: Json | undefined): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
