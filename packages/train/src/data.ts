import type { PreparedCase } from '@crln/data';

/** What a run learns from. */
export interface TrainingData {
  /** Cases whose label may be used. */
  labelled: readonly string[];
  /** Cases used without their label. */
  unlabelled: readonly string[];
  /** With the background. */
  classes: number;
  /** Image channels. Default 1. */
  inChannels?: number;
  /** A case after the input recipe. */
  load(id: string): PreparedCase | Promise<PreparedCase>;
}

/** Keeps loaded cases in memory, the least recently used going first, up to about `bytes` (1 GiB unless said). */
export function cachedCases(load: TrainingData['load'], bytes = 2 ** 30): (id: string) => Promise<PreparedCase> {
  const cases = new Map<string, PreparedCase>();
  const size = (one: PreparedCase) => one.image.byteLength + (one.label?.byteLength ?? 0);
  let held = 0;
  return async (id) => {
    const found = cases.get(id) ?? (await load(id));
    // Two loads of one case may overlap: count it once.
    if (!cases.has(id)) held += size(found);
    cases.delete(id);
    cases.set(id, found);
    for (const [oldest, one] of cases) {
      if (held <= bytes || oldest === id) break;
      cases.delete(oldest);
      held -= size(one);
    }
    return found;
  };
}
