import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readVolume } from '../../src/node.js';

const golden = (name: string): string => fileURLToPath(new URL(`../golden/${name}`, import.meta.url));

/** Keeps this thread busy. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('a reader on a thread of its own', () => {
  it('is ended where the file keeps it in circles, and says so', async () => {
    const begun = performance.now();
    await expect(readVolume(golden('hostile/circles.h5'))).rejects.toMatchObject({
      code: 'file-format',
      message: expect.stringMatching(/circles\.h5: reading it got nowhere for 1 s and was ended; it is damaged/),
    });
    expect(performance.now() - begun).toBeGreaterThan(1000);
    // The next one starts anew.
    expect((await readVolume(golden('case.h5'))).shape).toEqual([4, 3, 2]);
  });

  it('is not ended because the thread that waits for it was busy itself', async () => {
    await readVolume(golden('case.h5'));
    for (let n = 0; n < 3; n++) {
      const reading = readVolume(golden('hdf5/filters.h5'));
      await new Promise((resolve) => setTimeout(resolve, 1));
      block(1300);
      expect((await reading).shape).toEqual([4, 3, 2]);
    }
  });

  it('serves many at once, good and bad, each with its own answer', async () => {
    const files = Array.from({ length: 60 }, (_, n) =>
      [golden('case.h5'), golden('hdf5/half.h5'), golden('dicom/ct')].at(n % 3),
    ) as string[];
    const answers = await Promise.allSettled(files.map((file) => readVolume(file)));
    for (const [n, answer] of answers.entries()) {
      if (n % 3 !== 1) expect(answer).toMatchObject({ status: 'fulfilled', value: { source: files[n] } });
      else expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'file-format' } });
    }
  });
});
