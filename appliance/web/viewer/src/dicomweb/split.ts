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
  private low = new Int32Array(0);
  private high = new Int32Array(0);

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
    const planes = this.wide?.planes(words) ?? null;
    if (planes === null) return this.joinByFours({ low, high, words }, into);
    await undo(low, planes[0]);
    await undo(high, planes[1]);
    this.wide?.join(into);
  }

  private async joinByFours({ low, high, words }: Pick<Split, "low" | "high" | "words">, into: Uint16Array<ArrayBuffer>): Promise<void> {
    const fours = Math.ceil(words / 4);
    if (this.low.length < fours) [this.low, this.high] = [new Int32Array(fours), new Int32Array(fours)];
    await undo(low, new Uint8Array(this.low.buffer, 0, words));
    await undo(high, new Uint8Array(this.high.buffer, 0, words));
    merge(this.low, this.high, into);
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

/** Put low and high bytes together, four at a time. Every machine that runs a browser keeps the low byte first. */
function merge(low: Int32Array, high: Int32Array, into: Uint16Array<ArrayBuffer>): void {
  const pairs = new Int32Array(into.buffer, into.byteOffset, into.length >> 1);
  const fours = into.length >> 2;
  for (let four = 0; four < fours; four++) {
    const l = low[four] as number;
    const h = high[four] as number;
    pairs[2 * four] = (l & 0xff) | ((h & 0xff) << 8) | ((l & 0xff00) << 8) | ((h & 0xff00) << 16);
    pairs[2 * four + 1] = ((l >>> 16) & 0xff) | ((h >>> 8) & 0xff00) | ((l >>> 8) & 0xff0000) | (h & 0xff000000);
  }
  for (let i = 4 * fours; i < into.length; i++) into[i] = byteOf(low, i) | (byteOf(high, i) << 8);
}

function byteOf(fours: Int32Array, at: number): number {
  return ((fours[at >> 2] as number) >>> (8 * (at & 3))) & 0xff;
}
