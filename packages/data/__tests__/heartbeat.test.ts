import { describe, expect, it } from 'vitest';
import { beat, expectSteps, Heartbeat, setHeartbeat } from '../src/heartbeat.js';

describe('a heartbeat', () => {
  it('says to another thread that work gets on, how much was read and how long a step may take', () => {
    const own = new Heartbeat();
    const seen = new Heartbeat(own.memory);
    expect(seen.resting).toBe(true);
    own.begin();
    expect(seen.resting).toBe(false);
    const before = seen.count;
    beat(4096);
    expect(seen.count).toBe(before);
    setHeartbeat(own);
    beat(4096);
    beat(1);
    expectSteps(1500.5);
    expect(seen.count).toBe(before + 2);
    expect(seen.bytes).toBe(5120);
    expect(seen.longest).toBe(1501);
    own.begin();
    expect([seen.bytes, seen.longest]).toEqual([0, 0]);
    own.end();
    expect(seen.resting).toBe(true);
  });
});
