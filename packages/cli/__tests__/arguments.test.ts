import type { ArgsDef } from 'citty';
import { describe, expect, it } from 'vitest';
import { parseArguments } from '../src/arguments.js';

const definitions = {
  file: { type: 'positional', required: false },
  data: { type: 'string' },
  'base-filters': { type: 'string' },
  mode: { type: 'enum', options: ['a', 'b'] },
  set: { type: 'string' },
  json: { type: 'boolean' },
} satisfies ArgsDef;
const parse = (...words: string[]) => parseArguments(words, definitions);

describe('parseArguments', () => {
  it('takes values after a space or an equals sign, booleans and positionals', () => {
    const args = parse('one.nii', '--data', 'dir', '--base-filters=8', '--json');
    expect(args.text('file')).toBe('one.nii');
    expect(args.text('data')).toBe('dir');
    expect(args.number('base-filters')).toBe(8);
    expect(args.flag('json')).toBe(true);
    expect(args.text('mode')).toBeUndefined();
  });

  it('keeps everything of a value: equals signs, minus signs, spaces', () => {
    expect(parse('--data=a=b').text('data')).toBe('a=b');
    expect(parse('--data', '-1').number('data')).toBe(-1);
    expect(parse('--data', 'a b').text('data')).toBe('a b');
    expect(parse('--data', '').text('data')).toBe('');
  });

  it('collects --set', () => {
    expect(parse('--set', 'a.b=1', '--set=c=2').all('set')).toEqual(['a.b=1', 'c=2']);
    expect(parse('--set', 'a=1').all('set')).toEqual(['a=1']);
    expect(parse().all('set')).toEqual([]);
  });

  it.each([
    [['--dat', 'x'], "unknown flag '--dat'; did you mean '--data'?"],
    [['-d', 'x'], "unknown flag '-d'"],
    [['--data'], '--data needs a value'],
    [['--data', '--json'], '--data needs a value'],
    [['--data', 'a', '--data', 'b'], '--data is given twice'],
    [['--json=yes'], '--json takes no value'],
    [['a', 'b'], "unexpected argument 'b'"],
    [['--mode', 'c'], 'Expected one of'],
  ])('refuses %j', (words, message) => {
    expect(() => parse(...words)).toThrow(message);
  });

  it('takes several of the last positional where it may be repeated', () => {
    const several = { runs: { type: 'positional', required: true }, out: { type: 'string' } } satisfies ArgsDef;
    expect(parseArguments(['a', '--out', 'x', 'b'], several).all('runs')).toEqual(['a', 'b']);
    expect(() => parseArguments(['--out', 'x'], several)).toThrow('RUNS');
  });

  it('checks numbers', () => {
    expect(parse('--data', '32,32,16').numbers('data', 3)).toEqual([32, 32, 16]);
    expect(() => parse('--data', '32,32').numbers('data', 3)).toThrow('expected 3 whole numbers');
    expect(() => parse('--data', 'many').number('data')).toThrow("expected a number, got 'many'");
    expect(() => parse('--data', '0').number('data', { min: 1, whole: true })).toThrow('a whole number >= 1');
    expect(() => parse('--data', '1.5').number('data', { whole: true })).toThrow('whole');
  });
});
