/** Passes over a slice's half floats, and from its words to them, by WebAssembly: on their way to the card. */
import { blocks, lay, memoryOf, MOST_WORDS, opener, type Program, type Words } from "./assembly";
import binary from "./halves.wat";

/** What the text in halves.wat becomes. */
interface HalvesProgram extends Program {
  look(from: number, end: number, table: number, into: number): void;
  raise(from: number, columns: number, rows: number, line: number, into: number): void;
}

export const BLOCK = 8; // voxels a side
const NOTHING = 0xfc00; // a half float below all others
const TABLE_BYTES = 2 * 65536;
const open = opener(binary) as () => HalvesProgram | null;

/** Give what looks words up; null where this browser cannot. */
export function openHalves(): Halves | null {
  const program = open();
  return program === null ? null : new Halves(program);
}

/** Guards one program's memory and the table that lies in it. */
export class Halves {
  private table: Uint16Array | null = null;

  constructor(private readonly program: HalvesProgram) {}

  /** Give for each word what a table of 65536 has for its bits, null for more words than there is room for; good until the next asking. */
  through(table: Uint16Array, words: Words): Uint16Array | null {
    if (words.length > MOST_WORDS) return null;
    const bytes = blocks(2 * words.length);
    const into = TABLE_BYTES + bytes;
    const memory = memoryOf(this.program, into + bytes);
    if (this.table !== table) lay(memory, 0, table);
    this.table = table;
    lay(memory, TABLE_BYTES, words);
    this.program.look(TABLE_BYTES, into, 0, into);
    return new Uint16Array(memory, into, words.length);
  }
}

/** Give the greatest values of a volume's blocks, to be filled; null where it is too thin, or this browser cannot. */
export function openTops(columns: number, rows: number, slices: number): Tops | null {
  const program = Math.min(columns, rows, slices) < BLOCK || columns * rows > MOST_WORDS ? null : open();
  return program === null ? null : new Tops(program, columns, rows, slices);
}

/** Guards what is the greatest half float in each block of eight by eight by eight of a volume, and in the voxels around it. */
export class Tops {
  readonly across: number;
  readonly down: number;
  readonly through: number;
  private readonly line: number;
  private readonly tops: number;

  constructor(
    private readonly program: HalvesProgram,
    private readonly columns: number,
    private readonly rows: number,
    slices: number,
  ) {
    [this.across, this.down, this.through] = [Math.ceil(columns / BLOCK), Math.ceil(rows / BLOCK), Math.ceil(slices / BLOCK)];
    this.line = blocks(2 * columns * rows);
    this.tops = this.line + blocks(2 * columns);
    const memory = memoryOf(program, this.tops + 2 * this.across * this.down * this.through);
    new Int16Array(memory, this.tops, this.across * this.down * this.through).fill(ordered(NOTHING));
  }

  /** Take a slice of half floats into account. */
  add(slice: number, halves: Uint16Array): void {
    lay(this.program.memory.buffer, 0, halves);
    const layers = new Set([slice - 1, slice, slice + 1].map((one) => Math.floor(one / BLOCK)).filter((layer) => layer >= 0 && layer < this.through));
    for (const layer of layers) this.program.raise(0, this.columns, this.rows, this.line, this.tops + 2 * layer * this.across * this.down);
  }

  /** Give them as half floats, block after block across, down and through. */
  get halves(): Uint16Array {
    const halves = new Uint16Array(this.across * this.down * this.through);
    const tops = new Int16Array(this.program.memory.buffer, this.tops, halves.length);
    for (let at = 0; at < halves.length; at++) halves[at] = ordered(tops[at] as number);
    return halves;
  }
}

/** Order half floats as whole numbers are, or back. */
function ordered(bits: number): number {
  const signed = (bits << 16) >> 16;
  return signed < 0 ? signed ^ 0x7fff : signed;
}
