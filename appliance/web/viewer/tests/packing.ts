/** Packs words as docs/storage-format.md says it, one bit after the other. */

export interface Parts {
  readonly head?: readonly number[];
  readonly tail?: readonly number[];
  /** What the record says instead of the truth. */
  readonly says?: { readonly words?: number; readonly stride?: number; readonly length?: number };
}

/** Give a packed record of words in rows of `stride`. */
export function packed(words: ArrayLike<number>, stride: number, { head = [], tail = [], says = {} }: Parts = {}): Uint8Array {
  const blocks = blocksOf(Array.from(words), stride).map(blockOf);
  const data = blocks.flatMap((block) => block.data);
  const bounds = [head.length, says.words ?? words.length, says.stride ?? stride, says.length ?? data.length];
  const least = blocks.flatMap(({ low }) => [low & 0xff, low >> 8]);
  return Uint8Array.from([...bounds.flatMap(littleEndian), ...head, ...least, ...blocks.map(({ bits }) => bits), ...data, ...tail]);
}

/** The words of each block, those that are there, by column. */
function blocksOf(words: readonly number[], stride: number): number[][][] {
  const made: number[][][] = [];
  for (let top = 0; top * stride < words.length; top += 8) {
    for (let left = 0; left < stride; left += 8) {
      const column = (x: number): number[] => Array.from({ length: 8 }, (_, y) => (x < stride ? words[(top + y) * stride + x] : undefined)).map((word) => word ?? -1);
      made.push(Array.from({ length: 8 }, (_, x) => column(left + x)));
    }
  }
  return made;
}

function blockOf(columns: readonly (readonly number[])[]): { low: number; bits: number; data: number[] } {
  const there = columns.flat().filter((word) => word >= 0);
  const signed = there.map((word) => (word << 16) >> 16);
  const least = span(signed) < span(there) ? signed : there; // sums go round at 65536
  const low = Math.min(...least) & 0xffff;
  const bits = Math.ceil(Math.log2(span(least) + 1));
  const above = (word: number): number => (word < 0 ? 0 : (word - low) & 0xffff);
  const lanes = columns.map((column) => laneOf(column.map(above), bits));
  return { low, bits, data: Array.from({ length: 8 * bits }, (_, at) => lanes[at % 8]?.[at >> 3] ?? 0) };
}

function span(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

/** Eight values of so many bits as so many bytes: the first value's lowest bit is the first byte's lowest. */
function laneOf(values: readonly number[], bits: number): number[] {
  const stream = values.flatMap((value) => Array.from({ length: bits }, (_, bit) => (value >> bit) & 1));
  return Array.from({ length: bits }, (_, byte) => stream.slice(8 * byte, 8 * byte + 8).reduce((all, bit, at) => all | (bit << at), 0));
}

function littleEndian(number: number): number[] {
  return [0, 8, 16, 24].map((shift) => (number >>> shift) & 0xff);
}
