// Bool tensors are bytes of 1 or 0; in vectors four of them are lanes of 32 bits.

/** Lanes that are all ones or all zeros, as four bytes of 1 or 0. */
// @ts-ignore: decorator
@inline
export function pack(mask: v128): u32 {
  const words = i16x8.narrow_i32x4_s(mask, mask);
  return i32x4.extract_lane(i8x16.narrow_i16x8_s(words, words), 0) & 0x01010101;
}

/** Four bytes as lanes. */
// @ts-ignore: decorator
@inline
export function unpack(at: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(at)));
}

/** Stores the first `count` (0 to 3) of four bytes. */
// @ts-ignore: decorator
@inline
export function storeBytes(at: usize, bytes: u32, count: i32): void {
  for (const end = at + <usize>count; at < end; at++) {
    store<u8>(at, <u8>bytes);
    bytes >>= 8;
  }
}
