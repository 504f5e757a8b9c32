import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mergeSettings, readSettings, settingsOf } from '../src/settings.js';

describe('settingsOf', () => {
  it('nests paths and reads values as JSON where they are', () => {
    expect(settingsOf(['a.b=1', 'a.c=[1,2]', 'd=text', 'e=true', 'f="1"', 'g=a=b', 'h=null'])).toEqual({
      a: { b: 1, c: [1, 2] },
      d: 'text',
      e: true,
      f: '1',
      g: 'a=b',
      h: null,
    });
  });

  it.each(['a', '=1', 'a..b=1', '.a=1', '__proto__.x=1'])('refuses %j', (word) => {
    expect(() => settingsOf([word])).toThrow('expected key.path=value');
  });
});

describe('mergeSettings', () => {
  it('merges objects, replaces anything else, and changes neither', () => {
    const base = { a: { b: 1, c: 2 }, list: [1, 2, 3] };
    expect(mergeSettings(base, { a: { c: 3 }, list: [4], d: 5 })).toEqual({ a: { b: 1, c: 3 }, list: [4], d: 5 });
    expect(base).toEqual({ a: { b: 1, c: 2 }, list: [1, 2, 3] });
  });
});

describe('readSettings', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'crln-settings-'));
  });
  afterAll(() => rm(dir, { recursive: true }));

  it('names the file and what is wrong with it', async () => {
    await expect(readSettings(join(dir, 'none.json'))).rejects.toThrow(
      'none.json: there is no such configuration file',
    );
    await writeFile(join(dir, 'torn.json'), '{"a":');
    await expect(readSettings(join(dir, 'torn.json'))).rejects.toThrow('torn.json is not JSON');
    await writeFile(join(dir, 'list.json'), '[1]');
    await expect(readSettings(join(dir, 'list.json'))).rejects.toThrow('expected a JSON object');
  });
});
