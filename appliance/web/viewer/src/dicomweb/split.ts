/** Joins what a stream sends split (docs/storage-format.md): 16-bit words as a plane of low and a plane of high bytes, each plain or deflated. */
import { inflateInto } from "./inflating";
import { StreamBroken } from "./series_index";

const HEAD_BYTES = 16;

/** The parts of a split record, as views into it. */
interface Split {
  readonly words: number;
  readonly head: Uint8Array;
  readonly low: Uint8Array;
  readonly high: Uint8Array;
  readonly tail: Uint8Array;
}

/** Give the file that a split record stands for.
 *
 * @param bytes the record's bytes.
 * @param length the file's length, as the index says it.
 * @throws StreamBroken when the parts do not make up a file of that length.
 */
export async function joinedFile(bytes: Uint8Array, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const split = splitOf(bytes);
  const { head, words, tail } = split;
  if (head.length + 2 * words + tail.length !== length) throw new StreamBroken("another length than the index says");
  const uneven = head.length % 2; // words lie at an even place of the memory, wherever they lie in the file
  const file = new Uint8Array(new ArrayBuffer(uneven + length), uneven);
  file.set(head);
  file.set(tail, head.length + 2 * words);
  await join(split, new Uint16Array(file.buffer, uneven + head.length, words));
  return file;
}

/** Give a split preview's head and its signed values.
 *
 * @param count how many values there have to be.
 */
export async function joinedPreview(bytes: Uint8Array, count: number): Promise<{ readonly head: Uint8Array; readonly values: Int16Array<ArrayBuffer> }> {
  const split = splitOf(bytes);
  if (split.words !== count || split.tail.length > 0) throw new StreamBroken("a preview of another size");
  const words = new Uint16Array(count);
  await join(split, words);
  return { head: split.head, values: new Int16Array(words.buffer) };
}

function splitOf(bytes: Uint8Array): Split {
  if (bytes.length < HEAD_BYTES) throw new StreamBroken("a split record that cannot be");
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEAD_BYTES);
  const [head = 0, words = 0, low = 0, high = 0] = [0, 4, 8, 12].map((at) => view.getUint32(at, true));
  if (HEAD_BYTES + head + low + high > bytes.length || low > words || high > words) throw new StreamBroken("a split record that cannot be");
  const [lowAt, highAt] = [HEAD_BYTES + head, HEAD_BYTES + head + low];
  return { words, head: bytes.subarray(HEAD_BYTES, lowAt), low: bytes.subarray(lowAt, highAt), high: bytes.subarray(highAt, highAt + high), tail: bytes.subarray(highAt + high) };
}

async function join({ low, high, words }: Split, into: Uint16Array): Promise<void> {
  merge(await plane(low, words), await plane(high, words), into);
}

async function plane(bytes: Uint8Array, words: number): Promise<Uint8Array> {
  if (bytes.length === words) return bytes;
  const whole = new Uint8Array(words);
  await inflateInto(bytes, whole);
  return whole;
}

/** Put low and high bytes together; both are as long as `into`. Every machine that runs a browser keeps the low byte first. */
function merge(low: Uint8Array, high: Uint8Array, into: Uint16Array): void {
  for (let i = 0; i < into.length; i++) into[i] = (low[i] as number) | ((high[i] as number) << 8);
}
