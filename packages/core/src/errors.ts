/** What kind of thing went wrong; a caller may branch on it. */
export type CrlnErrorCode =
  | 'invalid-argument'
  | 'invalid-shape'
  | 'invalid-option'
  | 'unknown-option'
  | 'file-not-found'
  | 'file-format'
  | 'file-access'
  | 'invalid-data'
  | 'invalid-run'
  | 'run-exists'
  | 'checkpoint-damaged'
  | 'settings-differ'
  | 'not-finite'
  | 'out-of-memory'
  | 'backend-unavailable'
  | 'missing-dependency'
  | 'aborted'
  | 'internal';

/**
 * The one error class of the `@crln` packages. The message says what was wrong, where (file, tensor, option) and what would
 * be right; `fields` repeats the facts for a program.
 */
export class CrlnError extends Error {
  override readonly name = 'CrlnError';
  readonly code: CrlnErrorCode;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(code: CrlnErrorCode, message: string, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.fields = fields;
  }
}

/** Narrows an unknown error to a {@link CrlnError}, optionally of one code. Works across copies of this package. */
export function isCrlnError(error: unknown, code?: CrlnErrorCode): error is CrlnError {
  return (
    error instanceof Error && error.name === 'CrlnError' && (code === undefined || (error as CrlnError).code === code)
  );
}
