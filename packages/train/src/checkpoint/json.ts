import { CrlnError } from '@crln/core';
import type { Json } from './types.js';

/**
 * JSON text of a value that loses nothing: what JSON would turn into something else (NaN, Infinity, undefined, a class) is refused.
 * @throws CrlnError `invalid-argument` naming the key
 */
export function strictJson(value: Json | Record<string, Json>, name: string, indent?: number): string {
  check(value, name);
  return JSON.stringify(value, null, indent);
}

function check(value: unknown, path: string): void {
  if (value === null || typeof value === 'boolean' || typeof value === 'string' || Number.isFinite(value)) return;
  if (Array.isArray(value)) {
    value.forEach((item, i) => void check(item, `${path}[${i}]`));
    return;
  }
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    for (const [key, item] of Object.entries(value)) check(item, `${path}.${key}`);
    return;
  }
  throw new CrlnError('invalid-argument', `${path}: ${String(value)} cannot be kept as JSON`, { path });
}
