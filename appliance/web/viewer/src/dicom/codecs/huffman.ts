/** Huffman codes and the bit stream of a JPEG scan (ITU-T T.81 annex C and F.2.2). */
import { Unshowable } from "../facts";

export interface Huffman {
  /** Largest code of each length, -1 where there is none. */
  readonly largest: Int32Array;
  /** What to add to a code of each length to get its symbol's index. */
  readonly shift: Int32Array;
  readonly symbols: Uint8Array;
}

/** Build the decoding tables.
 *
 * @param counts number of codes of each length from 1 to 16.
 */
export function buildHuffman(counts: Uint8Array, symbols: Uint8Array): Huffman {
  const largest = new Int32Array(17).fill(-1);
  const shift = new Int32Array(17);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1] ?? 0;
    shift[length] = index - code;
    index += count;
    code += count;
    if (count > 0) largest[length] = code - 1;
    code <<= 1;
  }
  return { largest, shift, symbols };
}

/** Reads bits of entropy-coded data, undoing byte stuffing; past the end it gives zeros, as libjpeg does. */
export class BitReader {
  private at = 0;
  private held = 0;
  private count = 0;

  constructor(private readonly data: Uint8Array) {}

  bit(): number {
    if (this.count === 0) this.fill();
    this.count--;
    return (this.held >> this.count) & 1;
  }

  private fill(): void {
    const byte = this.data[this.at];
    const stuffed = byte === 0xff && this.data[this.at + 1] === 0;
    const ends = byte === undefined || (byte === 0xff && !stuffed);
    this.held = ends ? 0 : byte;
    this.at += ends ? 0 : stuffed ? 2 : 1;
    this.count = 8;
  }

  /** @throws Unshowable when no code fits. */
  symbol(table: Huffman): number {
    let code = 0;
    for (let length = 1; length <= 16; length++) {
      code = (code << 1) | this.bit();
      if (code <= (table.largest[length] ?? -1)) return table.symbols[code + (table.shift[length] ?? 0)] ?? 0;
    }
    throw new Unshowable("damaged", "coded picture");
  }

  /** Read `size` bits as JPEG codes signed numbers (T.81 F.2.2.1, EXTEND). */
  signed(size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value = (value << 1) | this.bit();
    return size > 0 && value < 2 ** (size - 1) ? value - 2 ** size + 1 : value;
  }

  /** Go on behind the next restart marker. */
  restart(): void {
    this.count = 0;
    while (this.at + 1 < this.data.length) {
      const marker = this.data[this.at + 1] ?? 0;
      if (this.data[this.at] === 0xff && marker >= 0xd0 && marker <= 0xd7) {
        this.at += 2;
        return;
      }
      this.at++;
    }
  }
}
