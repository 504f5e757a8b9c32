/** Value of an element: text (also several, joined by a backslash), 16-bit numbers, or bytes as they are. */
export type ElementValue = string | readonly number[] | Uint8Array;

const LONG = new Set(['OB', 'OW']);

/** A number as a Decimal String: the nearest that 16 characters can say. */
export function decimalString(value: number): string {
  const whole = value === 0 ? '0' : String(value);
  if (whole.length <= 16) return whole;
  for (let digits = 15; ; digits--) {
    const rounded = Number(value.toPrecision(digits));
    const text = [String(rounded), rounded.toExponential()].find(({ length }) => length <= 16);
    if (text !== undefined) return text;
  }
}

/** An element in Explicit VR Little Endian. */
export function encodeElement(tag: number, vr: string, value: ElementValue): Uint8Array {
  const text = typeof value === 'string';
  const size = text ? value.length : value instanceof Uint8Array ? value.length : 2 * value.length;
  const head = LONG.has(vr) ? 12 : 8;
  const out = new Uint8Array(head + size + (size % 2));
  const view = new DataView(out.buffer);
  view.setUint16(0, Math.floor(tag / 65536), true);
  view.setUint16(2, tag % 65536, true);
  out[4] = vr.charCodeAt(0);
  out[5] = vr.charCodeAt(1);
  if (head === 12) view.setUint32(8, out.length - head, true);
  else view.setUint16(6, out.length - head, true);
  if (text) {
    for (let n = 0; n < size; n++) out[head + n] = value.charCodeAt(n);
    // Texts are padded by a blank, identifiers by a zero.
    if (size % 2 === 1 && vr !== 'UI') out[head + size] = 32;
  } else if (value instanceof Uint8Array) out.set(value, head);
  else for (const [n, number] of value.entries()) view.setUint16(head + 2 * n, number, true);
  return out;
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
