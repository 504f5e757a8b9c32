import { CrlnError, isCrlnError } from '@crln/core';

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** What the system's codes mean to a person; others keep the system's words. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOSPC: 'the disk is full',
  EISDIR: 'it is a folder',
  EEXIST: 'there is a file where a folder is needed',
  ENOTDIR: 'there is a file where a folder is needed',
  ENOENT: 'its folder is not there',
};

/** A file-system error as one of ours, naming the path. */
export function fileError(error: unknown, path: string, doing: 'read' | 'write'): CrlnError {
  if (isCrlnError(error)) return error;
  const code = codeOf(error);
  if (code === 'ENOENT' && doing === 'read')
    return new CrlnError('file-not-found', `${path}: there is no such file or folder`, { path }, { cause: error });
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  return new CrlnError(
    'file-access',
    `${path}: cannot be ${doing === 'read' ? 'read' : 'written'} (${reason})`,
    { path, doing, reason: code },
    { cause: error },
  );
}
