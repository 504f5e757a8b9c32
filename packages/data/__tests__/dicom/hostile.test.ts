import { isCrlnError, stream } from '@crln/core';
import { describe, expect, it } from 'vitest';
import { joinBytes } from '../../src/dicom/encode.js';
import { type DicomFile, readDicomSeries } from '../../src/dicom/read.js';
import { TAG } from '../../src/dicom/tags.js';
import { golden } from './goldens.js';
import { dicomFile, type Elements, slice } from './slice.js';

/** Reads, or fails with a CrlnError that names a file or the whole: anything else fails the test. */
async function survives(files: DicomFile[]): Promise<boolean> {
  try {
    const volume = await readDicomSeries(files, 'bad');
    expect(volume.data.length).toBe(volume.shape[0] * volume.shape[1] * volume.shape[2]);
    return true;
  } catch (error) {
    if (!isCrlnError(error)) throw error;
    expect(error.message).toMatch(/^bad/);
    return false;
  }
}

const bad = (bytes: Uint8Array): DicomFile => ({ name: 'bad.dcm', bytes });
const us = (...numbers: number[]) => ['US', numbers] as const;
const ds = (text: string) => ['DS', text] as const;

describe('a damaged file is one CrlnError naming it', () => {
  it.each([
    'ct',
    'implicit',
    'undefined-lengths-implicit',
    'big-endian',
    'rle-bytes',
    'deflated',
    'enhanced',
    'no-preamble',
  ])('%s, cut short anywhere', async (name) => {
    const { bytes } = golden(name)[0]!;
    const step = name === 'deflated' ? 7 : 1;
    for (let length = 0; length < bytes.length - 1; length += step) {
      expect(await survives([bad(bytes.subarray(0, length))]), `${length} of ${bytes.length} bytes`).toBe(false);
    }
    expect(await survives([bad(bytes)])).toBe(true);
  });

  it.each([
    'ct',
    'implicit',
    'undefined-lengths',
    'big-endian',
    'rle',
    'deflated',
    'enhanced',
    'high-bit',
    'no-preamble',
  ])('%s, with random bytes changed', async (name) => {
    const files = golden(name);
    let refused = 0;
    for (let mutant = 0; mutant < 200; mutant++) {
      const rng = stream(7, `mutant/${name}`, mutant);
      const bytes = files[0]!.bytes.slice();
      for (let n = 0; n <= rng.integer(4); n++) bytes[128 + rng.integer(bytes.length - 128)] = rng.integer(256);
      if (!(await survives([bad(bytes), ...files.slice(1).map((file, n) => ({ ...file, name: `bad${n}` }))])))
        refused++;
    }
    expect(refused).toBeGreaterThan(0);
  });

  it.each<[string, Elements, RegExp]>([
    ['no rows', { [TAG.Rows]: undefined }, /Rows \(0028,0010\) is missing/],
    ['zero rows', { [TAG.Rows]: us(0) }, /Rows \(0028,0010\) is 0; expected 1 to 65535/],
    ['two numbers of rows', { [TAG.Rows]: us(2, 2) }, /Rows \(0028,0010\) is 4 bytes long; expected 2/],
    [
      'absurd sizes',
      { [TAG.Rows]: us(65535), [TAG.Columns]: us(65535) },
      /65535×65535 pixels of 16 bits need 8589672450/,
    ],
    ['fewer pixels than said', { [TAG.Rows]: us(3) }, /its pixel data are 12 bytes, but 3×3 pixels of 16 bits need 18/],
    ['no pixels', { [TAG.PixelData]: undefined }, /PixelData \(7FE0,0010\) is missing/],
    [
      'floating-point pixels',
      { [TAG.PixelData]: undefined, [TAG.FloatPixelData]: ['OB', new Uint8Array(24)] },
      /its pixels are floating-point numbers/,
    ],
    ['one bit a pixel', { [TAG.BitsAllocated]: us(1) }, /BitsAllocated \(0028,0100\) is 1; only 8, 16 and 32/],
    ['more bits than room', { [TAG.BitsStored]: us(20) }, /20 bits up to bit 15 do not fit the 16 bits/],
    ['a high bit below its bits', { [TAG.HighBit]: us(3) }, /16 bits up to bit 3 do not fit/],
    ['no sign', { [TAG.PixelRepresentation]: undefined }, /PixelRepresentation \(0028,0103\) is missing/],
    [
      'colour',
      { [TAG.PhotometricInterpretation]: ['CS', 'RGB'], [TAG.SamplesPerPixel]: us(3) },
      /it is a RGB image with 3 samples a pixel; only grey/,
    ],
    ['a palette', { [TAG.PhotometricInterpretation]: ['CS', 'PALETTE COLOR'] }, /PALETTE COLOR image/],
    [
      'no position',
      { [TAG.ImagePositionPatient]: undefined },
      /ImagePositionPatient \(0020,0032\) is missing: where the slice lies/,
    ],
    [
      'a position of two numbers',
      { [TAG.ImagePositionPatient]: ds('1\\2') },
      /ImagePositionPatient \(0020,0032\) is '1\\2'; expected 3 numbers/,
    ],
    ['a position that is no number', { [TAG.ImagePositionPatient]: ds('1\\2\\NaN') }, /expected 3 numbers/],
    ['an endless position', { [TAG.ImagePositionPatient]: ds('1\\2\\1e999') }, /expected 3 numbers/],
    [
      'a flat orientation',
      { [TAG.ImageOrientationPatient]: ds('1\\0\\0\\1\\0\\0') },
      /two directions of length 1 at right angles/,
    ],
    [
      'an orientation of zeros',
      { [TAG.ImageOrientationPatient]: ds('0\\0\\0\\0\\0\\0') },
      /two directions of length 1/,
    ],
    [
      'pixels of no size',
      { [TAG.PixelSpacing]: ds('0.5\\0') },
      /PixelSpacing \(0028,0030\) is \[0\.5,0\]; expected two positive/,
    ],
    ['negative pixels', { [TAG.PixelSpacing]: ds('-1\\1') }, /expected two positive/],
    ['a slope of zero', { [TAG.RescaleSlope]: ds('0') }, /RescaleSlope \(0028,1053\) is 0/],
    ['an absurd slope', { [TAG.RescaleSlope]: ds('1e300') }, /no image has such values/],
    [
      'a mosaic',
      { [TAG.ImageType]: ['CS', 'ORIGINAL\\PRIMARY\\M\\MOSAIC'] },
      /it is a mosaic: .* convert it with dcm2niix/,
    ],
    ['a look-up table', { [TAG.ModalityLUTSequence]: ['OB', new Uint8Array(0)] }, /look-up table/],
    [
      'frames without places',
      { [TAG.NumberOfFrames]: ['IS', '2'] },
      /it has 2 frames but does not say where each lies/,
    ],
    ['half a frame', { [TAG.NumberOfFrames]: ['IS', '1.5'] }, /NumberOfFrames \(0028,0008\) is 1\.5/],
    ['absurd frames', { [TAG.NumberOfFrames]: ['IS', '2000000000'] }, /has 2000000000 frames but does not say/],
  ])('%s', async (_, other, message) => {
    await expect(readDicomSeries([bad(slice(0, other).bytes)], 'bad')).rejects.toMatchObject({
      code: 'file-format',
      message: expect.stringMatching(message),
    });
    await survives([bad(slice(0, other).bytes)]);
  });

  it.each<[string, string, RegExp]>([
    ['JPEG baseline', '4.50', /JPEG baseline .* gdcmconv --raw IN OUT or dcmdjpeg IN OUT/],
    ['JPEG lossless', '4.70', /JPEG lossless .* dcmdjpeg/],
    ['JPEG-LS', '4.80', /JPEG-LS .* dcmdjpls/],
    [
      'JPEG 2000',
      '4.90',
      /JPEG 2000 \(transfer syntax 1\.2\.840\.10008\.1\.2\.4\.90\), which is not read; .* gdcmconv --raw IN OUT$/,
    ],
    ['video', '4.102', /MPEG video/],
    ['HTJ2K', '4.201', /High-Throughput JPEG 2000/],
    ['a later JPEG', '4.999', /an unknown method/],
    ['another syntax', '77', /transfer syntax 1\.2\.840\.10008\.1\.2\.77 is not known; convert it/],
  ])('%s is refused by name, with what to do', async (_, suffix, message) => {
    const { bytes } = slice(0, {}, `1.2.840.10008.1.2.${suffix}`);
    await expect(readDicomSeries([bad(bytes)], 'bad')).rejects.toMatchObject({
      code: 'file-format',
      message: expect.stringMatching(message),
    });
  });
});

describe('what could hang or overflow', () => {
  const open = (depth: number): Uint8Array => {
    const one = Uint8Array.of(8, 0, 0x40, 0x11, 83, 81, 0, 0, 255, 255, 255, 255, 254, 255, 0, 224, 255, 255, 255, 255);
    return joinBytes([dicomFile({}), ...Array.from({ length: depth }, () => one)]);
  };

  it.each([15, 17, 1000, 100_000])('sequences nested %i deep', async (depth) => {
    await expect(readDicomSeries([bad(open(depth))], 'bad')).rejects.toThrow(
      depth > 16 ? /nested deeper than 16/ : /bad\.dcm: .*has no end/,
    );
  });

  it('a sequence, an item and pixel data without an end', async () => {
    const endless = (...tail: number[]) => joinBytes([dicomFile({}), Uint8Array.of(...tail)]);
    const forever = [255, 255, 255, 255];
    await expect(readDicomSeries([bad(endless(8, 0, 0x40, 0x11, 83, 81, 0, 0, ...forever))], 'bad')).rejects.toThrow(
      /the sequence \(0008,1140\), which has no end/,
    );
    await expect(readDicomSeries([bad(endless(0xe0, 0x7f, 0x10, 0, 79, 66, 0, 0, ...forever))], 'bad')).rejects.toThrow(
      /the pixel data, which has no end/,
    );
    await expect(
      readDicomSeries([bad(endless(8, 0, 0x40, 0x11, 83, 81, 0, 0, ...forever, 8, 0, 0, 0, 76, 79, 0, 0))], 'bad'),
    ).rejects.toThrow(/in place of an item/);
  });

  it('a length beyond the file, with byte and both lengths', async () => {
    const { bytes } = slice(0);
    new DataView(bytes.buffer).setUint32(bytes.length - 16, 0x7ffffff0, true);
    await expect(readDicomSeries([bad(bytes)], 'bad')).rejects.toThrow(
      /^bad\.dcm: PixelData \(7FE0,0010\) at byte \d+ is said to be 2147483632 bytes long, but 12 are left/,
    );
  });

  it('RLE data that cannot hold the image, before memory is asked for', async () => {
    const packed = new Uint8Array(64 + 8 + 8);
    const view = new DataView(packed.buffer);
    const tag = (at: number, element: number, length: number) => {
      view.setUint16(at, 0xfffe, true);
      view.setUint16(at + 2, element, true);
      view.setUint32(at + 4, length, true);
    };
    tag(0, 0xe000, 0);
    tag(8, 0xe000, 56);
    tag(72, 0xe0dd, 0);
    const { bytes } = slice(
      0,
      { [TAG.Rows]: us(60000), [TAG.Columns]: us(60000), [TAG.PixelData]: ['OB', packed] },
      '1.2.840.10008.1.2.5',
    );
    new DataView(bytes.buffer).setUint32(bytes.length - packed.length - 4, 0xffffffff, true);
    await expect(readDicomSeries([bad(bytes)], 'bad')).rejects.toThrow(/an RLE frame of 56 bytes has no whole header/);
  });

  it('a deflated data set that grows without end', async () => {
    const zeros = new Uint8Array(65 * 2 ** 20);
    const deflated = new Uint8Array(
      await new Response(new Blob([zeros]).stream().pipeThrough(new CompressionStream('deflate-raw'))).arrayBuffer(),
    );
    const file = joinBytes([dicomFile({}, '1.2.840.10008.1.2.1.99'), deflated]);
    expect(file.length).toBeLessThan(2 ** 20);
    await expect(readDicomSeries([bad(file)], 'bad')).rejects.toThrow(
      /its data set of \d+ bytes inflates to more than 67108864; no image does/,
    );
  });
});
