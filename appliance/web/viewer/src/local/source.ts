/** Files that a person chose, whole or inside a ZIP archive. A blob is a handle: nothing is read before it is asked for. */
import { checksum } from "./checksum";

/** How an entry lies in its archive: where its local header begins, and how it was packed (APPNOTE 4.4.5). */
export interface Packed {
  readonly at: number;
  readonly bytes: number;
  readonly method: number;
  readonly checksum: number;
}

export interface LocalFile {
  readonly path: string;
  /** Bytes when unpacked. */
  readonly bytes: number;
  /** The file itself, or the archive it lies in. */
  readonly blob: Blob;
  readonly packed: Packed | null;
}

/** Why a file cannot be read as it should be; the page has words for each. */
export type FileFault =
  "medium" | "place" | "packing" | "packed" | "checksum" | "cut" | "large" | "beginning" | "damaged" | "series" | "directory" | "no-dicom" | "other-series";

export class Unreadable extends Error {
  constructor(readonly code: FileFault) {
    super(code);
  }
}

/** Name the fault; what nobody foresaw counts as damage. */
export function faultOf(error: unknown): FileFault {
  return error instanceof Unreadable ? error.code : "damaged";
}

export const STORED = 0;
export const DEFLATED = 8;
const LOCAL_HEADER = 0x04034b50;
const LOCAL_HEADER_BYTES = 30;
const MOST_BYTES = 2 ** 31;

/** A file of the disk. */
export function plainFile(path: string, blob: Blob): LocalFile {
  return { path, bytes: blob.size, blob, packed: null };
}

/** Read the first `length` bytes, or all there are.
 *
 * @throws Unreadable when the medium or the archive is damaged.
 */
export async function readStart(file: LocalFile, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const wanted = Math.min(length, file.bytes);
  const body = await bodyOf(file);
  return isDeflated(file) ? inflated(body, wanted) : bytesOf(body.slice(0, wanted));
}

/** Read a whole file into an array of its own, once; an archive's entry is compared with its checksum.
 *
 * @throws Unreadable when it is not whole.
 */
export async function readWhole(file: LocalFile): Promise<Uint8Array<ArrayBuffer>> {
  if (file.bytes > MOST_BYTES) throw new Unreadable("large");
  const body = await bodyOf(file);
  const bytes = isDeflated(file) ? await inflated(body, file.bytes, true) : await bytesOf(body);
  if (bytes.length !== file.bytes) throw new Unreadable("cut");
  if (file.packed !== null && checksum(bytes) !== file.packed.checksum) throw new Unreadable("checksum");
  return bytes;
}

/** Give a whole file as a blob: of a disk's file nothing is read yet, an archive's entry is unpacked and compared.
 *
 * @throws Unreadable when it is not whole.
 */
export async function blobOf(file: LocalFile): Promise<Blob> {
  return file.packed === null ? file.blob : new Blob([await readWhole(file)]);
}

function isDeflated(file: LocalFile): boolean {
  return file.packed?.method === DEFLATED;
}

/** Find the bytes of an entry behind its local header (APPNOTE 4.3.7). */
async function bodyOf({ blob, packed }: LocalFile): Promise<Blob> {
  if (packed === null) return blob;
  if (packed.method !== STORED && packed.method !== DEFLATED) throw new Unreadable("packing");
  const head = new DataView((await bytesOf(blob.slice(packed.at, packed.at + LOCAL_HEADER_BYTES))).buffer);
  if (head.byteLength < LOCAL_HEADER_BYTES || head.getUint32(0, true) !== LOCAL_HEADER) throw new Unreadable("place");
  const start = packed.at + LOCAL_HEADER_BYTES + head.getUint16(26, true) + head.getUint16(28, true);
  return blob.slice(start, start + packed.bytes);
}

async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch {
    throw new Unreadable("medium");
  }
}

/** Unpack the first `length` bytes; with `toEnd` there may be no more. No more memory is taken, whatever the data says. */
async function inflated(body: Blob, length: number, toEnd = false): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Uint8Array(length);
  const reader = body.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  let filled = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (toEnd && filled + part.value.length > length) throw new Unreadable("packed");
      out.set(part.value.subarray(0, length - filled), filled);
      filled = Math.min(length, filled + part.value.length);
      if (!toEnd && filled === length) break;
    }
  } catch (error) {
    throw error instanceof Unreadable ? error : new Unreadable("packed");
  } finally {
    await reader.cancel().catch(() => undefined); // a stream that failed cannot be cancelled, and need not be
  }
  return out.subarray(0, filled);
}
