/** Words as a pack has them: blocks of 8 x 8 (docs/storage-format.md, "series stream"). */

/** A block's words along a side. */
export const SIDE = 8;

/** Words in rows of `stride`: strips of eight rows, in each `across` blocks; views into a record. */
export interface Blocks {
  readonly words: number;
  readonly stride: number;
  readonly across: number;
  /** Two bytes of each block, the low one first. */
  readonly least: Uint8Array;
  /** Bits of each word in a block, 0 to 16. */
  readonly bits: Uint8Array;
  /** As many times eight bytes of each block as its words have bits. */
  readonly data: Uint8Array;
}

/** Say how many bytes of data blocks of so many bits have. */
export function bytesOf(bits: Uint8Array): number {
  let all = 0;
  for (const one of bits) all += one;
  return SIDE * all;
}

/** Undo them one after the other, as a browser without wide registers has to. */
export function unpackPlainly({ words, stride, across, least, bits, data }: Blocks, into: Uint16Array): void {
  let at = 0;
  for (const [block, width] of bits.entries()) {
    const low = (least[2 * block] as number) | ((least[2 * block + 1] as number) << 8);
    const column = SIDE * (block % across);
    const columns = Math.min(SIDE, stride - column);
    let place = SIDE * stride * Math.floor(block / across) + column;
    for (let row = 0; row < SIDE; row++, place += stride) {
      for (let lane = 0; lane < Math.min(columns, words - place); lane++) into[place + lane] = low + valueAt(data, at + lane, row * width, width);
    }
    at += SIDE * width;
  }
}

/** Read a value from a lane: bytes that lie eight apart, the lowest bits first. */
function valueAt(data: Uint8Array, lane: number, bit: number, width: number): number {
  const at = lane + SIDE * (bit >> 3);
  const bytes = (data[at] ?? 0) | ((data[at + SIDE] ?? 0) << 8) | ((data[at + 2 * SIDE] ?? 0) << 16);
  return (bytes >>> (bit & 7)) & ((1 << width) - 1);
}
