/** Passes over all of a slice's 16-bit words by the processor's wide registers, many times as fast as one word after the other. */
import { blocks, lay, memoryOf, opener, type Program, type Words } from "./assembly";
import { bytesOf, SIDE, type Blocks } from "./dicomweb/blocks";
import binary from "./words.wat";

/** What the text in words.wat becomes. */
interface WordsProgram extends Program {
  unpack(least: number, bits: number, data: number, across: number, into: number, end: number): void;
  ends(from: number, end: number, flip: number, least: number, most: number): void;
}

const LANES = 8;
const DATA = 32; // before it lies what `ends` found
const SPARE = 16; // behind the last block, which may be read
const WORDS_AT_ONCE = 2 ** 20;
const [LEAST, MOST] = [-32768, 32767];
const open = opener(binary) as () => WordsProgram | null;

/** Give registers with memory of their own; null where this browser has none. */
export function openWide(): Wide | null {
  const program = open();
  return program === null ? null : new Wide(program);
}

/** Guards one program's memory: views of it are good until more of it is asked for. */
export class Wide {
  constructor(private readonly program: WordsProgram) {}

  /** Undo packed words, some strips at a time. */
  unpack({ words, stride, across, least, bits, data }: Blocks, into: Uint16Array): void {
    const atOnce = across * Math.max(1, Math.floor(WORDS_AT_ONCE / (SIDE * SIDE * across)));
    for (let block = 0, at = 0; block < bits.length; block += atOnce) {
      const [some, first] = [bits.subarray(block, block + atOnce), (SIDE * stride * block) / across];
      const end = at + bytesOf(some);
      const grid = this.grid({ across, least: least.subarray(2 * block, 2 * (block + some.length)), bits: some, data: data.subarray(at, end) });
      ungrid(grid, SIDE * across, into.subarray(first, Math.min(words, first + (SIDE * stride * some.length) / across)), stride);
      at = end;
    }
  }

  /** Undo whole strips, to rows of whole blocks. */
  private grid({ across, least, bits, data }: Pick<Blocks, "across" | "least" | "bits" | "data">): Uint16Array {
    const into = DATA + blocks(least.length + bits.length + data.length + SPARE);
    const end = into + 2 * SIDE * SIDE * bits.length;
    const memory = memoryOf(this.program, end);
    const [bitsAt, dataAt] = [DATA + least.length, DATA + least.length + bits.length];
    new Uint8Array(memory, DATA).set(least);
    new Uint8Array(memory, bitsAt).set(bits);
    new Uint8Array(memory, dataAt).set(data);
    this.program.unpack(DATA, bitsAt, dataAt, across, into, end);
    return new Uint16Array(memory, into, (end - into) / 2);
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
    const memory = memoryOf(this.program, DATA + bytes);
    lay(memory, DATA, words);
    new Uint16Array(memory, DATA, bytes / 2).fill(words[0] as number, words.length);
    this.program.ends(DATA, DATA + bytes, flip, least, most);
    return new Int16Array(memory, 0, 2 * LANES);
  }
}

/** Take rows of whole blocks as rows of their own length; the last one may be short. */
function ungrid(grid: Uint16Array, pitch: number, into: Uint16Array, stride: number): void {
  if (pitch === stride) return into.set(grid.subarray(0, into.length));
  for (let from = 0, to = 0; to < into.length; from += pitch, to += stride) into.set(grid.subarray(from, from + Math.min(stride, into.length - to)), to);
}
