/** Undoes what a pack has packed (docs/storage-format.md): 16-bit words in blocks of 8 x 8, each its least word and how far every word lies above it. */
import { openWide } from "../wide";
import { bytesOf, SIDE, unpackPlainly, type Blocks } from "./blocks";
import { StreamBroken } from "./series_index";

const HEAD_BYTES = 16;
const MOST_FREE = 16;
const MOST_BITS = 16;
const MOST_STRIDE = 65535;

/** Where a record's parts lie, as views into it. */
interface Packed {
  readonly head: Uint8Array;
  readonly blocks: Blocks;
  readonly tail: Uint8Array;
}

/** Guards the memory that files are put together in: a series has hundreds alike, and new memory is slow. */
export class Unpacker {
  private readonly free: ArrayBuffer[] = [];

  constructor(private readonly wide = openWide()) {}

  /** Take memory of a file that nobody needs any more, for the next one. */
  takeBack(memory: ArrayBuffer): void {
    if (this.free.length < MOST_FREE) this.free.push(memory);
  }

  private memory(bytes: number): ArrayBuffer {
    const found = this.free.pop();
    return found?.byteLength === bytes ? found : new ArrayBuffer(bytes);
  }

  /** Give the file that a packed record stands for.
   *
   * @param bytes the record's bytes.
   * @param length the file's length, as the index says it.
   * @returns the file in memory of its own, its words at a fourth place.
   * @throws StreamBroken when the parts do not make up a file of that length.
   */
  file(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
    const { head, blocks, tail } = packedOf(bytes);
    if (head.length + 2 * blocks.words + tail.length !== length) throw new StreamBroken("another length than the index says");
    const before = (4 - (head.length % 4)) % 4; // words lie at a fourth place of the memory, wherever they lie in the file
    const file = new Uint8Array(this.memory(before + length), before);
    file.set(head);
    file.set(tail, head.length + 2 * blocks.words);
    this.unpack(blocks, new Uint16Array(file.buffer, before + head.length, blocks.words));
    return file;
  }

  /** Give a packed preview's head and its signed values.
   *
   * @param count how many values there have to be.
   */
  preview(bytes: Uint8Array, count: number): { readonly head: Uint8Array; readonly values: Int16Array<ArrayBuffer> } {
    const { head, blocks, tail } = packedOf(bytes);
    if (blocks.words !== count || tail.length > 0) throw new StreamBroken("a preview of another size");
    const words = new Uint16Array(count);
    this.unpack(blocks, words);
    return { head, values: new Int16Array(words.buffer) };
  }

  private unpack(blocks: Blocks, into: Uint16Array<ArrayBuffer>): void {
    if (this.wide === null) unpackPlainly(blocks, into);
    else this.wide.unpack(blocks, into);
  }
}

function packedOf(bytes: Uint8Array): Packed {
  if (bytes.length < HEAD_BYTES) throw new StreamBroken("a packed record that cannot be");
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEAD_BYTES);
  const [head = 0, words = 0, stride = 0, length = 0] = [0, 4, 8, 12].map((at) => view.getUint32(at, true));
  const across = Math.ceil(stride / SIDE);
  const count = across * Math.ceil(Math.ceil(words / stride) / SIDE);
  const [leastAt, bitsAt, dataAt] = [HEAD_BYTES + head, HEAD_BYTES + head + 2 * count, HEAD_BYTES + head + 3 * count];
  if (words === 0 || stride === 0 || stride > Math.min(words, MOST_STRIDE) || dataAt + length > bytes.length) throw new StreamBroken("a packed record that cannot be");
  const [least, bits, data] = [bytes.subarray(leastAt, bitsAt), bytes.subarray(bitsAt, dataAt), bytes.subarray(dataAt, dataAt + length)];
  if (bits.some((one) => one > MOST_BITS) || bytesOf(bits) !== length) throw new StreamBroken("blocks that cannot be");
  return { head: bytes.subarray(HEAD_BYTES, leastAt), blocks: { words, stride, across, least, bits, data }, tail: bytes.subarray(dataAt + length) };
}
