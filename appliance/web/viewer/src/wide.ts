/**
 * Passes over all of a slice's 16-bit words by the processor's wide registers (WebAssembly's), ten times as fast as one word
 * after the other. Not every browser has them: an iPad in Lockdown Mode has no WebAssembly at all.
 */
import binary from "./words.wat";

export type Words = Int16Array | Uint16Array;

/** Say whether values are 16-bit words. */
export function areWords(values: ArrayLike<number>): values is Words {
  return values instanceof Uint16Array || values instanceof Int16Array;
}

/** What the text in words.wat becomes. */
interface Program {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  join(low: number, high: number, into: number, end: number): void;
  ends(from: number, end: number, flip: number, least: number, most: number): void;
  look(from: number, end: number, table: number, into: number): void;
  raise(from: number, columns: number, rows: number, line: number, into: number): void;
}

/** What there is of it where the types of a browser are not known. */
interface Assembly {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

const BLOCK_BYTES = 16;
const PAGE_BYTES = 65536;
const LANES = 8;
export const BLOCK = 8; // voxels a side
const NOTHING = 0xfc00; // a half float below all others
const DATA = 2 * BLOCK_BYTES; // before it lies what `ends` found
const WORDS_AT_ONCE = 2 ** 20;
const MOST_WORDS = 2 ** 24; // beyond that the memory would be too much
const TABLE_BYTES = 2 * 65536;
const [LEAST, MOST] = [-32768, 32767];

let module: object | null | undefined;

/** Give registers with memory of their own; null where this browser has none. */
export function openWide(): Wide | null {
  const program = openProgram();
  return program === null ? null : new Wide(program);
}

/** Give the program with memory of its own; null where this browser has none for it. */
function openProgram(): Program | null {
  const assembly = (globalThis as { readonly WebAssembly?: Assembly }).WebAssembly;
  try {
    if (module === undefined) module = assembly === undefined ? null : new assembly.Module(binary);
    return module === null || assembly === undefined ? null : (new assembly.Instance(module).exports as Program);
  } catch {
    module = null; // older than its wide registers, or not allowed to
    return null;
  }
}

/** Guards one program's memory: views of it are good until more of it is asked for. */
export class Wide {
  private lastWords = 0;
  private table: Uint16Array | null = null;

  constructor(private readonly program: Program) {}

  /** Give the room for so many low and high bytes; null for more than there is room for. Good until the next asking. */
  planes(words: number): readonly [Uint8Array, Uint8Array] | null {
    if (words > MOST_WORDS) return null;
    const plane = blocks(words);
    const memory = this.memory(DATA + 4 * plane);
    this.lastWords = words;
    return [new Uint8Array(memory, DATA, words), new Uint8Array(memory, DATA + plane, words)];
  }

  /** Put the low and high bytes that lie in `planes` together. */
  join(into: Uint16Array): void {
    const plane = blocks(this.lastWords);
    const joined = DATA + 2 * plane;
    this.program.join(DATA, DATA + plane, joined, DATA + plane);
    into.set(new Uint16Array(this.program.memory.buffer, joined, this.lastWords));
  }

  /** Find the least and the greatest word, without those from `padding.low` to `padding.high`; the least is the greater when none is left. */
  ends(words: Words, padding: { readonly low: number; readonly high: number } | null): { readonly low: number; readonly high: number } {
    const flip = words instanceof Uint16Array ? LEAST : 0;
    const [least, most] = padding === null ? [MOST, LEAST] : [Math.max(LEAST, Math.ceil(padding.low) + flip), Math.min(MOST, Math.floor(padding.high) + flip)];
    let [low, high] = [Infinity, -Infinity];
    for (let from = 0; from < words.length; from += WORDS_AT_ONCE) {
      const found = this.endsOf(words.subarray(from, from + WORDS_AT_ONCE), flip, least <= most ? [least, most] : [MOST, LEAST]);
      [low, high] = [Math.min(low, ...found.subarray(0, LANES)), Math.max(high, ...found.subarray(LANES))];
    }
    return { low: low - flip, high: high - flip };
  }

  private endsOf(words: Words, flip: number, [least, most]: readonly [number, number]): Int16Array {
    const bytes = blocks(2 * words.length);
    const memory = this.memory(DATA + bytes);
    new Uint8Array(memory, DATA).set(new Uint8Array(words.buffer, words.byteOffset, words.byteLength)); // as bytes: in one go
    new Uint16Array(memory, DATA, bytes / 2).fill(words[0] as number, words.length);
    this.program.ends(DATA, DATA + bytes, flip, least, most);
    return new Int16Array(memory, 0, 2 * LANES);
  }

  /** Give for each word what a table of 65536 has for its bits, null for more words than there is room for; good until the next asking. */
  through(table: Uint16Array, words: Words): Uint16Array | null {
    if (words.length > MOST_WORDS) return null;
    const bytes = blocks(2 * words.length);
    const [from, into] = [DATA + TABLE_BYTES, DATA + TABLE_BYTES + bytes];
    const memory = this.memory(into + bytes);
    if (this.table !== table) new Uint16Array(memory, DATA).set(table);
    this.table = table;
    new Uint8Array(memory, from).set(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
    this.program.look(from, from + bytes, DATA, into);
    return new Uint16Array(memory, into, words.length);
  }

  private memory(bytes: number): ArrayBuffer {
    return memoryOf(this.program, bytes);
  }
}

function memoryOf({ memory }: Program, bytes: number): ArrayBuffer {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES);
  if (missing > 0) memory.grow(missing);
  return memory.buffer;
}

/** Give the greatest values of a volume's blocks, to be filled; null where it is too thin, or this browser cannot. */
export function openTops(columns: number, rows: number, slices: number): Tops | null {
  const program = Math.min(columns, rows, slices) < BLOCK || columns * rows > MOST_WORDS ? null : openProgram();
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
    private readonly program: Program,
    private readonly columns: number,
    private readonly rows: number,
    slices: number,
  ) {
    [this.across, this.down, this.through] = [Math.ceil(columns / BLOCK), Math.ceil(rows / BLOCK), Math.ceil(slices / BLOCK)];
    this.line = DATA + blocks(2 * columns * rows);
    this.tops = this.line + blocks(2 * columns);
    const memory = memoryOf(program, this.tops + 2 * this.across * this.down * this.through);
    new Int16Array(memory, this.tops, this.across * this.down * this.through).fill(ordered(NOTHING));
  }

  /** Take a slice of half floats into account. */
  add(slice: number, halves: Uint16Array): void {
    new Uint16Array(this.program.memory.buffer, DATA).set(halves);
    const layers = new Set([slice - 1, slice, slice + 1].map((one) => Math.floor(one / BLOCK)).filter((layer) => layer >= 0 && layer < this.through));
    for (const layer of layers) this.program.raise(DATA, this.columns, this.rows, this.line, this.tops + 2 * layer * this.across * this.down);
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

/** So many bytes, or a few more: whole blocks. */
function blocks(bytes: number): number {
  return BLOCK_BYTES * Math.ceil(bytes / BLOCK_BYTES);
}
