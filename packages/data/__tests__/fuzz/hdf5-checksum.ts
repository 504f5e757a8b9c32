/** Bob Jenkins' lookup3 hash (hashlittle, public domain) with an initial value of 0: what HDF5 puts behind its metadata. */
export function lookup3(bytes: Uint8Array): number {
  const rot = (x: number, k: number): number => (x << k) | (x >>> (32 - k));
  let a = (0xdeadbeef + bytes.length) | 0;
  let b = a;
  let c = a;
  let at = 0;
  let left = bytes.length;
  const word = (n: number): number => {
    let value = 0;
    for (let k = 0; k < 4 && n + k < bytes.length; k++) value |= bytes[n + k]! << (8 * k);
    return value;
  };
  while (left > 12) {
    a = (a + word(at)) | 0;
    b = (b + word(at + 4)) | 0;
    c = (c + word(at + 8)) | 0;
    a = (a - c) ^ rot(c, 4);
    c = (c + b) | 0;
    b = (b - a) ^ rot(a, 6);
    a = (a + c) | 0;
    c = (c - b) ^ rot(b, 8);
    b = (b + a) | 0;
    a = (a - c) ^ rot(c, 16);
    c = (c + b) | 0;
    b = (b - a) ^ rot(a, 19);
    a = (a + c) | 0;
    c = (c - b) ^ rot(b, 4);
    b = (b + a) | 0;
    at += 12;
    left -= 12;
  }
  if (left === 0) return c >>> 0;
  a = (a + word(at)) | 0;
  if (left > 4) b = (b + word(at + 4)) | 0;
  if (left > 8) c = (c + word(at + 8)) | 0;
  c = (c ^ b) - rot(b, 14);
  a = (a ^ c) - rot(c, 11);
  b = (b ^ a) - rot(a, 25);
  c = (c ^ b) - rot(b, 16);
  a = (a ^ c) - rot(c, 4);
  b = (b ^ a) - rot(a, 14);
  c = (c ^ b) - rot(b, 24);
  return c >>> 0;
}

/** Where a block of metadata begins, and how long it is without its checksum. */
type Block = readonly [begin: number, length: number];

const SIGNATURE = '\x89HDF\r\n\x1a\n';

/** Blocks with a checksum behind them in a file of the newest format: superblock, object headers and their continuations. */
export function checksummed(bytes: Uint8Array): Block[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const out: Block[] = [];
  // Superblock of version 2 or 3: signature, four bytes, four addresses of eight bytes.
  if (text.startsWith(SIGNATURE) && bytes[8]! >= 2) out.push([0, 44]);
  for (let at = text.indexOf('OHDR'); at >= 0; at = text.indexOf('OHDR', at + 4)) {
    const flags = bytes[at + 5] ?? 0;
    const sizes = 1 << (flags & 3);
    const begin = at + 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
    let size = 0;
    for (let k = Math.min(sizes, 4) - 1; k >= 0; k--) size = size * 256 + (bytes[begin + k] ?? 0);
    out.push([at, begin + sizes - at + size]);
  }
  return out.filter(([begin, length]) => begin + length + 4 <= bytes.length);
}

/** The same bytes with right checksums behind those blocks. */
export function withChecksums(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer);
  // From the back: a block may lie in another.
  for (const [begin, length] of checksummed(bytes).reverse()) {
    view.setUint32(begin + length, lookup3(bytes.subarray(begin, begin + length)), true);
  }
  return bytes;
}
