/**
 * Lists a ZIP archive by its central directory (PKWARE APPNOTE 6.3.10), zip64 included. Only the directory is read here.
 * Leaves out: archives in several parts, encrypted ones, and archives within archives.
 */
import { DEFLATED, Unreadable, type LocalFile } from "./source";

/** Why an archive is not opened. */
export type ZipFault = "damaged" | "encrypted" | "bomb" | "split";

export class ZipRefused extends Error {
  constructor(readonly code: ZipFault) {
    super(code);
  }
}

const END = 0x06054b50; // 4.3.16
const END_BYTES = 22;
const LONGEST_COMMENT = 65535;
const LOCATOR = 0x07064b50; // 4.3.15
const LOCATOR_BYTES = 20;
const END_64 = 0x06064b50; // 4.3.14
const END_64_BYTES = 56;
const ENTRY = 0x02014b50; // 4.3.12
const ENTRY_BYTES = 46;
const ZIP64_EXTRA = 0x0001; // 4.5.3
const FULL = 0xffffffff;
const MOST_ENTRIES = 200_000;
const MOST_DIRECTORY_BYTES = 2 ** 27;
const MOST_DEFLATE_RATIO = 1032; // no deflated byte gives more than this
const LARGE_BYTES = 2 ** 32;
const MOST_RATIO_OF_LARGE = 100; // pictures never shrink like this; only bombs do

interface Directory {
  readonly at: number;
  readonly bytes: number;
  readonly entries: number;
}

/** Say whether a file begins as an archive does, an empty one included. */
export async function looksLikeZip(blob: Blob): Promise<boolean> {
  const head = await blob.slice(0, 4).arrayBuffer();
  return head.byteLength === 4 && [0x04034b50, END].includes(new DataView(head).getUint32(0, true));
}

/** List the files of an archive; `name` is put before their paths.
 *
 * @throws ZipRefused when it is not to be opened.
 */
export async function listZip(blob: Blob, name: string): Promise<LocalFile[]> {
  const directory = await findDirectory(blob);
  if (directory.bytes > MOST_DIRECTORY_BYTES || directory.entries > MOST_ENTRIES) throw new ZipRefused("bomb");
  const view = await viewOf(blob, directory.at, directory.bytes);
  const files: LocalFile[] = [];
  let at = 0;
  for (let count = 0; count < directory.entries; count++) {
    if (at + ENTRY_BYTES > view.byteLength || view.getUint32(at, true) !== ENTRY) throw new ZipRefused("damaged");
    const length = ENTRY_BYTES + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (at + length > view.byteLength) throw new ZipRefused("damaged");
    const file = entryOf(new DataView(view.buffer, view.byteOffset + at, length), blob, name);
    if (!file.path.endsWith("/")) files.push(file);
    at += length;
  }
  refuseBombs(files, directory.at);
  return files;
}

async function viewOf(blob: Blob, at: number, length: number): Promise<DataView> {
  if (at < 0 || at + length > blob.size) throw new ZipRefused("damaged");
  try {
    return new DataView(await blob.slice(at, at + length).arrayBuffer());
  } catch {
    throw new Unreadable("medium");
  }
}

/** Find the directory by the record at the end of the archive. */
async function findDirectory(blob: Blob): Promise<Directory> {
  const length = Math.min(blob.size, END_BYTES + LONGEST_COMMENT + LOCATOR_BYTES);
  const tail = await viewOf(blob, blob.size - length, length);
  const end = endIn(tail);
  if (end === null) throw new ZipRefused("damaged");
  const [disk, entries, bytes, at] = [tail.getUint16(end + 4, true), tail.getUint16(end + 10, true), tail.getUint32(end + 12, true), tail.getUint32(end + 16, true)];
  if (entries === 0xffff || bytes === FULL || at === FULL) return findDirectory64(blob, tail, end - LOCATOR_BYTES);
  if (disk !== 0) throw new ZipRefused("split");
  return { at, bytes, entries };
}

function endIn(tail: DataView): number | null {
  for (let at = tail.byteLength - END_BYTES; at >= 0; at--) {
    if (tail.getUint32(at, true) === END && at + END_BYTES + tail.getUint16(at + 20, true) <= tail.byteLength) return at;
  }
  return null;
}

async function findDirectory64(blob: Blob, tail: DataView, locator: number): Promise<Directory> {
  if (locator < 0 || tail.getUint32(locator, true) !== LOCATOR) throw new ZipRefused("damaged");
  if (tail.getUint32(locator + 16, true) > 1) throw new ZipRefused("split");
  const end = await viewOf(blob, whole(tail, locator + 8), END_64_BYTES);
  if (end.getUint32(0, true) !== END_64) throw new ZipRefused("damaged");
  return { entries: whole(end, 32), bytes: whole(end, 40), at: whole(end, 48) };
}

/** Read a 64-bit number; one that no file can reach counts as damage. */
function whole(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ZipRefused("damaged");
  return Number(value);
}

function entryOf(view: DataView, archive: Blob, name: string): LocalFile {
  const flags = view.getUint16(8, true);
  if (flags & 0x2041) throw new ZipRefused("encrypted"); // bits 0, 6 and 13 (4.4.4)
  const nameBytes = new Uint8Array(view.buffer, view.byteOffset + ENTRY_BYTES, view.getUint16(28, true));
  const path = new TextDecoder(flags & 0x0800 ? "utf-8" : "windows-1252").decode(nameBytes).replaceAll("\\", "/");
  const [bytes, packedBytes, at] = sizesOf(view, ENTRY_BYTES + nameBytes.length);
  const packed = { at, bytes: packedBytes, method: view.getUint16(10, true), checksum: view.getUint32(16, true) };
  return { path: `${name}/${path}`, bytes, blob: archive, packed };
}

/** Sizes and place; those that do not fit stand in the zip64 field, in this order (4.5.3). */
function sizesOf(view: DataView, extraAt: number): [bytes: number, packed: number, at: number] {
  const said: [number, number, number] = [view.getUint32(24, true), view.getUint32(20, true), view.getUint32(42, true)];
  if (!said.includes(FULL)) return said;
  let at = zip64In(view, extraAt, extraAt + view.getUint16(30, true));
  return said.map((value) => {
    if (value !== FULL) return value;
    if (at === null || at + 8 > view.byteLength) throw new ZipRefused("damaged");
    at += 8;
    return whole(view, at - 8);
  }) as [number, number, number];
}

function zip64In(view: DataView, from: number, end: number): number | null {
  for (let at = from; at + 4 <= end; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) === ZIP64_EXTRA) return at + 4;
  }
  return null;
}

/** Entries may not share bytes, and no entry may claim to unpack to more than its packing can hold. */
function refuseBombs(files: readonly LocalFile[], end: number): void {
  const places = files.flatMap(({ packed }) => (packed === null ? [] : [packed])).sort((one, other) => one.at - other.at);
  places.forEach((place, i) => {
    if (place.at + place.bytes > (places[i + 1]?.at ?? end)) throw new ZipRefused("bomb");
  });
  const swollen = files.some(({ bytes, packed }) => packed?.method === DEFLATED && bytes > MOST_DEFLATE_RATIO * (packed.bytes + 1));
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const packed = files.reduce((sum, file) => sum + (file.packed?.bytes ?? 0), 0);
  if (swollen || (bytes > LARGE_BYTES && bytes > MOST_RATIO_OF_LARGE * packed)) throw new ZipRefused("bomb");
}
