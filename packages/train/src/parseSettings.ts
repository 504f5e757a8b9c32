import { CrlnError, nearest } from '@crln/core';
import type * as z from 'zod';

/**
 * Checks settings against a schema and fills in defaults.
 *
 * @param owner what the settings belong to, for messages: `method crln`
 * @throws CrlnError `unknown-option` naming the nearest key, `invalid-option` naming the key and what would be right
 */
export function parseSettings<T>(schema: z.ZodType<T>, settings: unknown, owner: string): T {
  const result = schema.safeParse(settings);
  if (result.success) return result.data;
  const issue = firstIssue(result.error.issues);
  const at = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] as string;
    const known = knownKeys(schema, issue.path);
    const hint = nearest(key, known);
    throw new CrlnError(
      'unknown-option',
      `${owner}: there is no option '${[...issue.path, key].join('.')}'${hint ? `; did you mean '${hint}'? It has ${known.join(', ')}` : ''}`,
      { option: [...issue.path, key].join('.'), nearest: hint, known },
    );
  }
  throw new CrlnError('invalid-option', `${owner}: option '${at}': ${issue.message}`, { option: at });
}

/** The first issue; of a union, the one of the branch that came closest. */
function firstIssue(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue {
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? (issues[0] as z.core.$ZodIssue);
  if (issue.code !== 'invalid_union') return issue;
  const branches = issue.errors.filter((errors) => errors.length > 0);
  const branch = branches.find((errors) => errors.some(({ code }) => code === 'unrecognized_keys')) ?? branches[0];
  if (!branch) return issue;
  const inner = firstIssue(branch);
  return { ...inner, path: [...issue.path, ...inner.path] };
}

/** Keys of the object at a path of a schema. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const def = (schema as unknown as { def: Record<string, unknown> }).def;
  // Defaults, optionals and pipes wrap what they stand for.
  const inner = (def.innerType ?? def.in) as z.ZodType | undefined;
  if (inner) return knownKeys(inner, path);
  const options = def.options as z.ZodType[] | undefined;
  if (options) return [...new Set(options.flatMap((option) => knownKeys(option, path)))];
  const shape = (schema as unknown as { shape?: Record<string, z.ZodType> }).shape;
  const [head, ...rest] = path;
  if (head === undefined) return Object.keys(shape ?? {});
  const child = shape?.[String(head)];
  return child ? knownKeys(child, rest) : [];
}
