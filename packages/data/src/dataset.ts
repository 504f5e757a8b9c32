import { CrlnError } from '@crln/core';
import { parseSplits } from './splits.js';
import type { Case, CaseFiles, Dataset, SplitName } from './types.js';

export interface DatasetSource {
  /** For messages. */
  readonly name: string;
  /** All cases, in order. */
  readonly ids: readonly string[];
  readonly isLabelled: (id: string) => boolean;
  readonly load: (id: string) => Promise<Case>;
  /** Of cases that lie in files. */
  readonly files?: (id: string) => CaseFiles;
  /** `splits.json`, parsed; nothing where the data set has none. */
  readonly splits?: unknown;
}

/** A data set of whatever can list its cases and load one. Its splits are checked against them. */
export function createDataset(source: DatasetSource): Dataset {
  const { name, ids, isLabelled, load, files } = source;
  const splits = parseSplits(source.splits ?? {}, ids, name);
  const known = new Set(ids);
  return {
    name,
    splits,
    labelled: ids.filter(isLabelled),
    unlabelled: ids.filter((id) => !isLabelled(id)),
    ...(files && { files }),
    cases: (split: SplitName = 'all') => (split === 'all' ? ids : (splits[split] ?? [])),
    async load(id) {
      if (known.has(id)) return load(id);
      throw new CrlnError(
        'invalid-argument',
        `${name}: there is no case '${id}'; it has ${ids.length}, from '${ids[0]}' to '${ids.at(-1)}'`,
        { id },
      );
    },
  };
}

/** A data set of cases that are in memory. */
export function datasetOf(cases: readonly Case[], options: { name?: string; splits?: unknown } = {}): Dataset {
  const byId = new Map(cases.map((item) => [item.id, item]));
  return createDataset({
    name: options.name ?? 'cases in memory',
    ids: [...byId.keys()],
    isLabelled: (id) => byId.get(id)?.label !== undefined,
    load: async (id) => byId.get(id)!,
    splits: options.splits,
  });
}
