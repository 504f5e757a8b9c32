import { CrlnError, nearest } from '@crln/core';
import type { AnyMethod } from '../method.js';
import { bcp } from './bcp.js';
import { crln } from './crln.js';
import { crossPseudo } from './crossPseudo.js';
import { mcNet } from './mcNet.js';
import { meanTeacher } from './meanTeacher.js';
import { supervised } from './supervised.js';
import { uaMt } from './uaMt.js';
import { urpc } from './urpc.js';

/** The methods of this package by name. */
export const METHODS: Readonly<Record<string, AnyMethod>> = Object.fromEntries(
  [supervised, meanTeacher, uaMt, crossPseudo, urpc, mcNet, bcp, crln].map((method) => [method.name, method]),
);

/** A method of this package by its name. @throws CrlnError `unknown-option` naming the nearest */
export function findMethod(name: string): AnyMethod {
  const found = METHODS[name];
  if (found) return found;
  const names = Object.keys(METHODS);
  const hint = nearest(name, names);
  throw new CrlnError(
    'unknown-option',
    `there is no method '${name}'; did you mean '${hint}'? There are ${names.join(', ')}`,
    {
      name,
      nearest: hint,
      known: names,
    },
  );
}
