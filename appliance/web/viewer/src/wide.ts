/** Passes over all of a slice's 16-bit words by the processor's wide registers, many times as fast as one word after the other. */
import { blocks, lay, memoryOf, MOST_WORDS, opener, type Program, type Words } from "./assembly";
import binary from "./words.wat";

/** What the text in words.wat becomes. */
interface WordsProgram extends Program {
  join(low: number, high: number, into: number, end: number): void;
  ends(from: number, end: number, flip: number, least: number, most: number): void;
}

const LANES = 8;
const DATA = 32; // before it lies what `ends` found
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
  private lastWords = 0;

  constructor(private readonly program: WordsProgram) {}

  /** Give the room for so many low and high bytes; null for more than there is room for. Good until the next asking. */
  planes(words: number): readonly [Uint8Array, Uint8Array] | null {
    if (words > MOST_WORDS) return null;
    const plane = blocks(words);
    const memory = memoryOf(this.program, DATA + 4 * plane);
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
    const memory = memoryOf(this.program, DATA + bytes);
    lay(memory, DATA, words);
    new Uint16Array(memory, DATA, bytes / 2).fill(words[0] as number, words.length);
    this.program.ends(DATA, DATA + bytes, flip, least, most);
    return new Int16Array(memory, 0, 2 * LANES);
  }
}
