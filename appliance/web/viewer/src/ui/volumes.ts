/** Whether a series is a volume, and how it lies: from the catalogue's index first, from every picture's own facts later. */
import type { ImageFacts, Orientation, Vector } from "../dicom/facts";
import type { SeriesIndex } from "../dicomweb/stream";
import { geometryOf, type Candidate, type Geometry } from "../volume/geometry";
import { frameFacts, type Stack } from "../volume/stack";

const LEAST_SLICES = 8;
const VOLUMES = new Set(["CT", "MR", "PT", "NM"]);

/** The volume of a series; null for what is none, a cine of frames that say no place for instance.
 *
 * @param first facts of a picture that has come; others are taken to be like it until their own have come.
 */
export function volumeOf(index: SeriesIndex, stack: Stack, first: ImageFacts): Geometry | null {
  const found = geometryOf(stack.slots.flatMap((_, at) => candidate(index, stack, at, first)));
  if (found === null || found.slices.length < LEAST_SLICES) return null;
  const isPlaced = found.oddities.every(({ code }) => code !== "no-positions");
  return isPlaced || VOLUMES.has(first.modality) ? found : null;
}

/** Say whether pictures that lie nowhere still go together, because they are of one size and frames of one object, or slices. Radiographs and photos do not. */
export function goTogether(index: SeriesIndex | null, first: ImageFacts): boolean {
  const pictures = (index?.instances ?? []).filter((one) => one.rows > 0);
  const sizes = new Set(pictures.map((one) => `${String(one.rows)}x${String(one.columns)}`));
  return sizes.size === 1 && (pictures.length === 1 || VOLUMES.has(first.modality));
}

function candidate(index: SeriesIndex, stack: Stack, at: number, first: ImageFacts): Candidate[] {
  const slot = stack.slots[at];
  const entry = slot === undefined ? undefined : index.instances[slot.instance];
  if (slot === undefined || entry === undefined || entry.rows === 0) return [];
  if (slot.facts !== null) {
    const { columns, rows } = slot.facts;
    const frame = frameFacts(slot.facts, slot.frame);
    return slot.facts.samples === 1 ? [{ slot: at, columns, rows, frame, between: frame.between }] : [];
  }
  const like = frameFacts(first, 0);
  const { position, orientation } = entry;
  const frame = { position: position as Vector | null, orientation: orientation as Orientation | null, spacing: like.spacing, spacingFrom: like.spacingFrom };
  return [{ slot: at, columns: entry.columns, rows: entry.rows, frame, between: like.between }];
}
