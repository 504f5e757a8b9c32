/** Two rounds of MurmurHash3's mixing on four lanes. */
function mix(lanes: Uint32Array, value: number): void {
  for (let n = 0; n < 4; n++) {
    let h = Math.imul(lanes[n]! ^ Math.imul(value + n, 0xcc9e2d51), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    lanes[n] = (h ^ (h >>> 16)) + lanes[(n + 1) % 4]!;
  }
}

/** A 128-bit digest of bytes: equal contents have equal identifiers. Not for secrets. */
export function digest(bytes: Uint8Array, start?: Uint32Array): Uint32Array {
  const lanes = start ? start.slice() : Uint32Array.of(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) mix(lanes, view.getUint32(at, true));
  for (; at < bytes.length; at++) mix(lanes, bytes[at]!);
  mix(lanes, bytes.length);
  for (let n = 0; n < 8; n++) mix(lanes, n);
  return lanes;
}

/** A unique identifier under 2.25, the root of UUIDs (PS3.5 B.2), by what is digested and for what purpose. */
export function uidOf(content: Uint32Array, purpose: string): string {
  const lanes = digest(new TextEncoder().encode(purpose), content);
  // Version 8 (own content) and variant of RFC 9562.
  lanes[1] = (lanes[1]! & 0xffff0fff) | 0x8000;
  lanes[2] = (lanes[2]! & 0x3fffffff) | 0x80000000;
  return `2.25.${[...lanes].reduce((sum, lane) => (sum << 32n) | BigInt(lane), 0n)}`;
}
