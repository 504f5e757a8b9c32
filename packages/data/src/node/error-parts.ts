import { CrlnError, type CrlnErrorCode, isCrlnError } from '@crln/core';

/** An error on its way between threads, where a clone would keep the message and nothing else of ours. */
export type ErrorParts =
  | { code: CrlnErrorCode; message: string; fields: Record<string, unknown>; cause: unknown }
  | { other: unknown };

export const partsOf = (error: unknown): ErrorParts => {
  if (!isCrlnError(error)) return { other: error };
  const { code, message, fields, cause } = error;
  return { code, message, fields, cause };
};

export const errorOf = (parts: ErrorParts): unknown => {
  if ('other' in parts) return parts.other;
  const { code, message, fields, cause } = parts;
  return new CrlnError(code, message, fields, cause === undefined ? {} : { cause });
};
