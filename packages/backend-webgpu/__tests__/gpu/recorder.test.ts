import { beforeEach, expect, it } from 'vitest';
import { openDevice } from '../../src/gpu/device.js';
import { type Block, Pool } from '../../src/gpu/pool.js';
import { Recorder } from '../../src/gpu/recorder.js';
import { shader } from '../../src/gpu/shader.js';
import { describeGpu } from '../harness.js';

const COUNT = () =>
  shader('test count', () => ({
    outputs: { y: 'f32' },
    params: { step: 'f32' },
    workgroup: [64],
    body: 'y[index] = f32(index) * p.step;',
  }));

const BAD = () =>
  shader('test bad', () => ({ outputs: { y: 'f32' }, workgroup: [64], body: 'y[index] = vec2<f32>(1.0);' }));

describeGpu('What goes wrong on the device fails the step, never zeros in silence', () => {
  // An error poisons what follows on its device: each test has its own.
  let recorder: Recorder;
  let block: Block;
  let other: Block;
  beforeEach(async () => {
    const device = await openDevice({});
    recorder = new Recorder(device);
    const pool = new Pool(device);
    [block, other] = [0, 1].map(() => pool.take(256, { kernel: 'test', shape: [64] })) as [Block, Block];
    return () => device.close();
  });

  /** The next read, and every call after it. */
  async function expectFailure(message: RegExp): Promise<void> {
    const failure = { name: 'CrlnError', code: 'internal', message: expect.stringMatching(message) };
    await expect(recorder.read(block, 256)).rejects.toMatchObject(failure);
    expect(() => recorder.dispatch(COUNT(), [block], [1], [1])).toThrow(expect.objectContaining(failure));
    await expect(recorder.read(block, 256)).rejects.toMatchObject(failure);
  }

  it('but what is right is read', async () => {
    recorder.dispatch(COUNT(), [block], [0.5], [1]);
    expect([...new Float32Array(await recorder.read(block, 12))]).toEqual([0, 0.5, 1]);
  });

  it('a shader that does not compile, by its key', async () => {
    recorder.dispatch(BAD(), [block], [], [1]);
    await expectFailure(/shader test bad/);
  });

  it('a binding past the end of its buffer', async () => {
    recorder.dispatch(COUNT(), [{ ...block, offset: 256, bytes: 256, whole: block }], [1], [1]);
    await expectFailure(/the device reports an error/);
  });

  it('a binding past the end of its buffer, in work that was handed over before', async () => {
    recorder.dispatch(COUNT(), [{ ...block, offset: 256, bytes: 256, whole: block }], [1], [1]);
    recorder.submit();
    await expectFailure(/the device reports an error/);
  });

  it('a copy past the end of its buffer', async () => {
    recorder.copy(block, 0, other, 4, 256);
    await expectFailure(/the device reports an error/);
  });

  it('more workgroups than an axis has', async () => {
    recorder.dispatch(COUNT(), [block], [1], [65536]);
    await expectFailure(/the device reports an error/);
  });
});

describeGpu('What the recorder keeps', () => {
  it('is emptied when it grows too large, also of what recorded work still uses', async () => {
    const device = await openDevice({});
    const recorder = new Recorder(device, 3);
    const pool = new Pool(device);
    const blocks = Array.from({ length: 20 }, () => pool.take(256, { kernel: 'test', shape: [64] }));
    blocks.forEach((block, i) => void recorder.dispatch(COUNT(), [block], [i + 1], [1]));
    for (const [i, block] of blocks.entries()) {
      expect([...new Float32Array(await recorder.read(block, 12))]).toEqual([0, i + 1, 2 * (i + 1)]);
    }
    device.close();
  });
});
