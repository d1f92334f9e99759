/** Reads a series stream as it arrives (docs/storage-format.md, "series stream"): the index, then records in stream order. */
import { parseIndex, StreamBroken, type SeriesIndex } from "./series_index";

export { StreamBroken, type IndexedInstance, type SeriesIndex } from "./series_index";

/** How a record's bytes are written: as stored, with the pixel words packed, or as the preview of the whole series. */
export const PLAIN = 0;
export const PACKED = 1;
export const PREVIEW = 2;

export interface SeriesRecord {
  /** Place in the index; that of a preview stands for no image. */
  readonly instance: number;
  readonly coding: number;
  /** What the box found of it: its bytes are not what was stored, or its disk refused them. They may not be shown then. */
  readonly fault: "damaged" | "unreadable" | null;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const MAGIC = "ENSTREAM";
const FORMAT = 4;
const HEAD_BYTES = 16;
const RECORD_HEAD_BYTES = 16;
const CONDITION_BYTES = 4;
const MOST_INDEX_BYTES = 1 << 28;
const MOST_PREVIEW_BYTES = 1 << 26;
const NO_IMAGE = 0xffffffff;
const UNREADABLE = 2;
const PACKED_BYTES = 16; // what packing adds to a file at most: what does not pay is not packed

/** Gathers bytes of any cut and hands out exact runs. */
class Gatherer {
  private filled = 0;
  private rest = new Uint8Array(0);

  constructor(private readonly more: () => Promise<Uint8Array | null>) {}

  /** Read exactly `length` bytes into an array of their own; null when the stream ends exactly here. */
  async take(length: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const buffer = new Uint8Array(length);
    this.filled = 0;
    while (this.filled < length) {
      if (this.rest.length === 0) {
        const chunk = await this.more();
        if (chunk === null) return this.endsHere();
        this.rest = chunk as Uint8Array<ArrayBuffer>;
      }
      const part = this.rest.subarray(0, length - this.filled);
      buffer.set(part, this.filled);
      this.filled += part.length;
      this.rest = this.rest.subarray(part.length);
    }
    return buffer;
  }

  private endsHere(): null {
    if (this.filled > 0) throw new StreamBroken("the stream stops in the middle");
    return null;
  }
}

/** Read a whole series.
 *
 * @param more gives the next piece of the body, null at its end.
 * @param onIndex called once, before any record.
 * @throws StreamBroken when the bytes are no series stream, or end early.
 */
export async function readSeries(
  more: () => Promise<Uint8Array | null>,
  onIndex: (index: SeriesIndex) => void,
  onRecord: (record: SeriesRecord) => void | Promise<void>,
): Promise<void> {
  const gatherer = new Gatherer(more);
  const index = await readIndex(gatherer);
  onIndex(index);
  await readRecords(gatherer, index, onRecord);
  while ((await more()) !== null); // to the very end, or the connection counts as cut
}

async function readIndex(gatherer: Gatherer): Promise<SeriesIndex> {
  const head = await gatherer.take(HEAD_BYTES);
  if (head === null || String.fromCharCode(...head.subarray(0, 8)) !== MAGIC) throw new StreamBroken("not a series stream");
  const view = new DataView(head.buffer);
  const length = view.getUint32(12, true);
  if (view.getUint32(8, true) !== FORMAT || length > MOST_INDEX_BYTES) throw new StreamBroken("a newer kind of series stream");
  const json = await gatherer.take(Math.ceil(length / 8) * 8);
  if (json === null) throw new StreamBroken("the stream stops early");
  return parseIndex(utf8(json.subarray(0, length)).replace(/\0+$/, ""));
}

/** A preview that the index has nothing true to say of is passed over. */
async function readRecords(gatherer: Gatherer, index: SeriesIndex, onRecord: (record: SeriesRecord) => void | Promise<void>): Promise<void> {
  const image = (number: number): number => imageBytes(index, number);
  const first = (number: number): number => (number === NO_IMAGE ? MOST_PREVIEW_BYTES : image(number));
  for (let left = index.order.length, isFirst = true; left > 0; isFirst = false) {
    const record = await readRecord(gatherer, isFirst ? first : image);
    const isPreview = record.coding === PREVIEW;
    if (isFirst && !isPreview && index.preview !== undefined) throw new StreamBroken("no preview where one was told");
    if (!isPreview || index.preview !== undefined) await onRecord(record);
    if (!isPreview) left--;
  }
}

/** @param most how long a record of a number may be; -1 where there is none of that number. */
async function readRecord(gatherer: Gatherer, most: (number: number) => number): Promise<SeriesRecord> {
  const head = await gatherer.take(RECORD_HEAD_BYTES);
  if (head === null) throw new StreamBroken("the stream stops early");
  const view = new DataView(head.buffer);
  const [instance, coding] = [view.getUint32(0, true), view.getUint32(4, true)];
  const length = Number(view.getBigUint64(8, true));
  if (length > most(instance) || (coding === PREVIEW) !== (instance === NO_IMAGE)) throw new StreamBroken("a record that cannot be");
  const bytes = length === 0 ? new Uint8Array(0) : await gatherer.take(length);
  const condition = bytes === null ? null : await gatherer.take(CONDITION_BYTES);
  if (bytes === null || condition === null) throw new StreamBroken("the stream stops early");
  return { instance, coding, fault: faultOf(new DataView(condition.buffer).getUint32(0, true)), bytes };
}

function faultOf(condition: number): SeriesRecord["fault"] {
  if (condition === 0) return null;
  return condition === UNREADABLE ? "unreadable" : "damaged";
}

function imageBytes({ instances }: SeriesIndex, number: number): number {
  const bytes = instances[number]?.bytes;
  return bytes === undefined ? -1 : bytes + PACKED_BYTES;
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
