import { describe, expect, it } from 'vitest';
import * as api from '../src/index.js';
import { crln } from './terminal.js';

const COMMANDS = ['train', 'evaluate', 'predict', 'report', 'metrics', 'info', 'bench', 'doctor', 'phantom'];

describe('crln', () => {
  it('exports main and nothing else', () => {
    expect(Object.keys(api).sort()).toEqual(['main']);
  });

  it('lists its commands; without one it is wrong usage', async () => {
    const help = await crln(['--help']);
    expect(help.code).toBe(0);
    for (const name of COMMANDS) expect(help.out).toContain(`\n  ${name}`);
    expect(help.out).not.toContain('\u001b');
    const none = await crln([]);
    expect(none.code).toBe(2);
    expect(none.out).toBe(help.out);
  });

  it('says its version', async () => {
    const { code, out } = await crln(['--version']);
    expect(code).toBe(0);
    expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each(COMMANDS)(
    '%s --help explains every flag and ends with examples that name only flags it has',
    async (name) => {
      const { code, out } = await crln([name, '--help']);
      expect(code).toBe(0);
      expect(out).toContain('USAGE');
      const [usage, examples] = out.split('EXAMPLES') as [string, string];
      const lines = examples.trim().split('\n');
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) {
        expect(line.trim()).toMatch(new RegExp(`^crln ${name} `));
        for (const flag of line.match(/--[a-z-]+/g) ?? []) if (flag !== '--json') expect(usage).toContain(flag);
      }
      for (const line of usage
        .split('\nOPTIONS')[1]
        ?.split('\n')
        .filter((l) => l.includes('--')) ?? []) {
        expect(line.trim().split(/\s{2,}/).length).toBeGreaterThan(1);
      }
    },
  );

  it('names the nearest command and the nearest flag, and ends with 2', async () => {
    const command = await crln(['trian']);
    expect(command.code).toBe(2);
    expect(command.err).toContain("there is no command 'trian'; did you mean 'train'?");
    const flag = await crln(['info', '--jsn']);
    expect(flag.code).toBe(2);
    expect(flag.err).toContain("unknown flag '--jsn'; did you mean '--json'?");
  });

  it('prints one JSON document for an error too', async () => {
    const wrong = await crln(['metrics', '--json', '--prediction', 'a']);
    expect(wrong.code).toBe(2);
    expect(wrong.json()).toEqual({ error: { code: 'usage', message: expect.stringContaining('reference') } });
  });
});
