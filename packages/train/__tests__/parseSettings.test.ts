import { describe, expect, it } from 'vitest';
import { crlnOptions } from '../src/methods/crlnOptions.js';
import { findMethod } from '../src/methods/index.js';
import { parseSettings } from '../src/parseSettings.js';
import { trainSettings } from '../src/settings.js';

const train = (settings: unknown) => () => parseSettings(trainSettings, settings, 'settings');

describe('parseSettings', () => {
  it('fills in the published settings', () => {
    expect(train({})()).toMatchObject({
      iterations: 40_000,
      patch: [112, 112, 80],
      batch: [2, 2],
      network: { type: 'vNet', baseFilters: 16, levels: 4 },
      optimizer: { learningRate: 2.5e-3, momentum: 0.9, nesterov: true, weightDecay: 5e-4, schedule: { type: 'poly' } },
    });
  });

  it('names the nearest key, at any depth', () => {
    expect(train({ iteration: 5 })).toThrow("no option 'iteration'; did you mean 'iterations'");
    expect(train({ optimizer: { momentun: 0.9 } })).toThrow("no option 'optimizer.momentun'; did you mean 'momentum'");
    expect(train({ optimizer: { schedule: { type: 'poly', powr: 1 } } })).toThrow("did you mean 'power'");
    expect(() => parseSettings(crlnOptions, { warmup: 5 }, 'method crln')).toThrow(
      "method crln: there is no option 'warmup'; did you mean 'warmUp'",
    );
    expect(() => parseSettings(crlnOptions, { interaction: { resdual: true } }, 'method crln')).toThrow(
      "'interaction.resdual'; did you mean 'residual'",
    );
  });

  it('names the key and what would be right', () => {
    expect(train({ batch: [0, 2] })).toThrow("option 'batch.0'");
    expect(train({ network: { type: 'resNet' } })).toThrow(/option 'network.type': .*vNet/);
    expect(train({ optimizer: { schedule: { type: 'cosine' } } })).toThrow("option 'optimizer.schedule.type'");
    expect(() => parseSettings(crlnOptions, { xi: -1 }, 'method crln')).toThrow("option 'xi'");
    try {
      train({ network: { level: 3 } })();
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'unknown-option', fields: { option: 'network.level', nearest: 'levels' } });
    }
  });

  it('resolves the variants of crln', () => {
    expect(parseSettings(crlnOptions, {}, 'crln')).toMatchObject({ clipMu: false, xi: 0.6, warmUp: 800 });
    expect(parseSettings(crlnOptions, { variant: 'paper' }, 'crln')).toMatchObject({ clipMu: true, xi: 'uniform' });
    expect(parseSettings(crlnOptions, { variant: 'paper', xi: 0.3, clipMu: false }, 'crln')).toMatchObject({
      clipMu: false,
      xi: 0.3,
    });
  });
});

describe('findMethod', () => {
  it('names the nearest method', () => {
    expect(findMethod('crln').name).toBe('crln');
    expect(() => findMethod('meanteacher')).toThrow(
      "did you mean 'mean-teacher'? There are supervised, mean-teacher, ua-mt, cross-pseudo, urpc, mc-net, bcp, crln",
    );
  });
});
