/** Turns the files of one series into what a series stream brings: an index, then whole objects, coarse order first. */
import { coarseOrder } from "../dicom/order";
import { bounded } from "../dicomweb/series_index";
import type { IndexedInstance, SeriesIndex } from "../dicomweb/stream";
import { readHeader, type Header } from "./header";
import { inParallel } from "./parallel";
import { faultOf, readWhole, type FileFault, type LocalFile } from "./source";

/** One object, or why it cannot be had. */
export type LocalRecord =
  | { readonly instance: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly instance: number; readonly bytes: null; readonly why: FileFault };

interface Piece {
  readonly file: LocalFile;
  readonly header: Header | null;
  readonly why: FileFault | null;
}

/** Read a series.
 *
 * @param series UID that the files were found under; a file that says another is not shown as part of it.
 * @param onIndex called once, before any record.
 */
export async function readLocalSeries(
  series: string,
  files: readonly LocalFile[],
  onIndex: (index: SeriesIndex) => void,
  onRecord: (record: LocalRecord) => Promise<void>,
): Promise<void> {
  const found: Piece[] = [];
  await inParallel(files, async (file) => {
    found.push(await pieceOf(file, series));
  });
  const pieces = inDisplayOrder(found);
  const order = coarseOrder(pieces.length);
  onIndex({ series, order, instances: bounded(pieces.map(indexed)) });
  let coming = recordOf(pieces, order[0]);
  for (let count = 0; count < order.length; count++) {
    const record = await coming;
    coming = recordOf(pieces, order[count + 1]);
    if (record !== null) await onRecord(record);
  }
}

async function pieceOf(file: LocalFile, series: string): Promise<Piece> {
  try {
    const header = await readHeader(file);
    if (header === null) return { file, header, why: "no-dicom" };
    return header.series === series ? { file, header, why: null } : { file, header: null, why: "other-series" };
  } catch (error) {
    return { file, header: null, why: faultOf(error) };
  }
}

async function recordOf(pieces: readonly Piece[], instance: number | undefined): Promise<LocalRecord | null> {
  const piece = instance === undefined ? undefined : pieces[instance];
  if (instance === undefined || piece === undefined) return null;
  if (piece.why !== null) return { instance, bytes: null, why: piece.why };
  try {
    return { instance, bytes: await readWhole(piece.file) };
  } catch (error) {
    return { instance, bytes: null, why: faultOf(error) };
  }
}

/** What stands in the index for a file whose header cannot be read. */
const UNKNOWN = { sop: "", number: null, transferSyntax: "", rows: 0, columns: 0, frames: 1, bitsAllocated: 0, samples: 1, position: null, orientation: null };

function indexed({ file, header }: Piece): IndexedInstance {
  const { transferSyntax, bitsAllocated, sop, number, rows, columns, frames, samples, position, orientation } = header ?? UNKNOWN;
  const placed = { position, orientation };
  return { sop, number, transfer_syntax: transferSyntax, rows, columns, frames, bits_allocated: bitsAllocated, samples, bytes: file.bytes, ...placed };
}

/** Along the normal of the first slice where all say where they lie, else by number; what cannot be read comes last. */
function inDisplayOrder(pieces: readonly Piece[]): Piece[] {
  const known = pieces.flatMap(({ header }) => (header === null ? [] : [header]));
  const placed = known.length > 1 && known.every(({ position, orientation }) => position !== null && orientation !== null);
  const normal = placed ? normalOf(known[0]?.orientation ?? []) : [0, 0, 0];
  const along = (header: Header): number => normal.reduce((sum, part, axis) => sum + part * (header.position?.[axis] ?? 0), 0);
  return [...pieces].sort(({ header: one }, { header: other }) => {
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    const apart = Math.round(1e4 * along(one)) - Math.round(1e4 * along(other));
    return apart || (one.number ?? Infinity) - (other.number ?? Infinity) || one.sop.localeCompare(other.sop);
  });
}

/** PS3.3 C.7.6.2.1.1. */
function normalOf([a = 0, b = 0, c = 0, d = 0, e = 0, f = 0]: readonly number[]): number[] {
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}
