import { CrlnError } from '@crln/core';

/** A file, by its name, that is not what its format says it must be. */
export const refuse = (name: string, reason: string, fields: Record<string, unknown> = {}): CrlnError =>
  new CrlnError('file-format', `${name}: ${reason}`, { name, ...fields });
