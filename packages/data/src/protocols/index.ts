import { CrlnError, nearest } from '@crln/core';
import { brats } from './brats.js';
import { la } from './la.js';
import { pancreas, pancreasCoraNet } from './pancreas.js';
import type { Protocol } from './protocol.js';

/** The benchmarks there are, by name. */
export const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  la,
  pancreas,
  'pancreas-coranet': pancreasCoraNet,
  brats,
};

/** @throws `CrlnError` `invalid-option` naming the nearest one */
export function protocolOf(name: string): Protocol {
  const found = Object.hasOwn(PROTOCOLS, name) ? PROTOCOLS[name] : undefined;
  if (found) return found;
  const names = Object.keys(PROTOCOLS);
  throw new CrlnError(
    'invalid-option',
    `there is no protocol '${name}'; did you mean '${nearest(name, names)}'? There are ${names.join(', ')}`,
    { name, names },
  );
}
