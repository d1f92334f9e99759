/** Joins what a stream sends split (docs/storage-format.md): 16-bit words as a plane of low and a plane of high bytes, each plain or deflated. */
import { openWide } from "../wide";
import { inflateInto } from "./inflating";
import { StreamBroken } from "./series_index";

const HEAD_BYTES = 16;
const MOST_FREE = 16;

/** The parts of a split record, as views into it. */
interface Split {
  readonly words: number;
  readonly head: Uint8Array;
  readonly low: Uint8Array;
  readonly high: Uint8Array;
  readonly tail: Uint8Array;
}

/** Guards the memory that two planes are undone in: a series has hundreds alike, and new memory is slow. One record at a time. */
export class Joiner {
  private readonly free: ArrayBuffer[] = [];
  private low = new Uint8Array(0);
  private high = new Uint8Array(0);

  constructor(private readonly wide = openWide()) {}

  /** Take memory of a file that nobody needs any more, for the next one. */
  takeBack(memory: ArrayBuffer): void {
    if (this.free.length < MOST_FREE) this.free.push(memory);
  }

  private memory(bytes: number): ArrayBuffer {
    const found = this.free.pop();
    return found?.byteLength === bytes ? found : new ArrayBuffer(bytes);
  }

  /** Give the file that a split record stands for.
   *
   * @param bytes the record's bytes.
   * @param length the file's length, as the index says it.
   * @returns the file in memory of its own, its words at an even place.
   * @throws StreamBroken when the parts do not make up a file of that length.
   */
  async file(bytes: Uint8Array, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const split = splitOf(bytes);
    const { head, words, tail } = split;
    if (head.length + 2 * words + tail.length !== length) throw new StreamBroken("another length than the index says");
    const before = (4 - (head.length % 4)) % 4; // words lie at a fourth place of the memory, wherever they lie in the file
    const file = new Uint8Array(this.memory(before + length), before);
    file.set(head);
    file.set(tail, head.length + 2 * words);
    await this.join(split, new Uint16Array(file.buffer, before + head.length, words));
    return file;
  }

  /** Give a split preview's head and its signed values.
   *
   * @param count how many values there have to be.
   */
  async preview(bytes: Uint8Array, count: number): Promise<{ readonly head: Uint8Array; readonly values: Int16Array<ArrayBuffer> }> {
    const split = splitOf(bytes);
    if (split.words !== count || split.tail.length > 0) throw new StreamBroken("a preview of another size");
    const words = new Uint16Array(count);
    await this.join(split, words);
    return { head: split.head, values: new Int16Array(words.buffer) };
  }

  private async join({ low, high, words }: Split, into: Uint16Array<ArrayBuffer>): Promise<void> {
    const wide = this.wide?.planes(words) ?? null;
    const [lows, highs] = wide ?? this.planes(words);
    await undo(low, lows);
    await undo(high, highs);
    if (wide !== null) this.wide?.join(into);
    else for (let i = 0; i < words; i++) into[i] = (lows[i] as number) | ((highs[i] as number) << 8);
  }

  private planes(words: number): readonly [Uint8Array, Uint8Array] {
    if (this.low.length < words) [this.low, this.high] = [new Uint8Array(words), new Uint8Array(words)];
    return [this.low.subarray(0, words), this.high.subarray(0, words)];
  }
}

function splitOf(bytes: Uint8Array): Split {
  if (bytes.length < HEAD_BYTES) throw new StreamBroken("a split record that cannot be");
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEAD_BYTES);
  const [head = 0, words = 0, low = 0, high = 0] = [0, 4, 8, 12].map((at) => view.getUint32(at, true));
  if (HEAD_BYTES + head + low + high > bytes.length || low > words || high > words) throw new StreamBroken("a split record that cannot be");
  const [lowAt, highAt] = [HEAD_BYTES + head, HEAD_BYTES + head + low];
  return { words, head: bytes.subarray(HEAD_BYTES, lowAt), low: bytes.subarray(lowAt, highAt), high: bytes.subarray(highAt, highAt + high), tail: bytes.subarray(highAt + high) };
}

/** Write a plane, stored plain or deflated, to where it is to lie. */
async function undo(bytes: Uint8Array, plane: Uint8Array): Promise<void> {
  if (bytes.length === plane.length) plane.set(bytes);
  else await inflateInto(bytes, plane);
}
