/** A small volume that stands for a whole series until its slices have come: where it lies, and what of it can be shown. */
import type { FrameFacts, FramePixels, ImageFacts, Spacing } from "../dicom/facts";
import type { Geometry } from "./geometry";
import { frameFacts, pixelAspect, type Slot } from "./stack";

/** Signed values [slices, rows, columns]; grey value = value x slope + intercept. */
export interface PreviewVolume {
  readonly columns: number;
  readonly rows: number;
  readonly slices: number;
  /** Slices, rows and columns of the full volume that one of its voxels stands for. */
  readonly factor: readonly [number, number, number];
  readonly slope: number;
  readonly intercept: number;
  readonly values: Int16Array;
}

/**
 * How a preview may be shown in a volume's place: from its first slice to its last, or the other way round; null where it may
 * not. It is of stored greys, covers the volume box for box, and the volume's slices follow one another as the series does.
 */
export function standsFor(preview: PreviewVolume, facts: ImageFacts, geometry: Geometry): "forwards" | "backwards" | null {
  const isGrey = facts.samples === 1 && facts.palette === null && facts.modalityTable === null;
  if (!isGrey || !covers(preview, geometry)) return null;
  const last = geometry.slices.length - 1;
  if (geometry.slices.every((slot, slice) => slot === slice)) return "forwards";
  return geometry.slices.every((slot, slice) => slot === last - slice) ? "backwards" : null;
}

function covers({ columns, rows, slices, factor: [through, down, across] }: PreviewVolume, geometry: Geometry): boolean {
  const boxes = [geometry.columns / across, geometry.rows / down, geometry.slices.length / through].map(Math.ceil);
  return boxes[0] === columns && boxes[1] === rows && boxes[2] === slices;
}

/** The preview as if it were one picture of many rows, so that windows are measured from the whole volume. */
export function asSlot({ values, columns, slope, intercept }: PreviewVolume, facts: ImageFacts, instance: number): Slot {
  const frame = { ...frameFacts(facts, facts.frames >> 1), slope, intercept };
  const rows = values.length / columns;
  return { instance, frame: 0, facts: { ...facts, rows, columns, padding: null, perFrame: [frame] }, pixels: { kind: "grey", stored: values }, problem: null };
}

/** The preview's middle slice as a picture of its own, its pixels as wide for their height as they are in the patient. */
export function middleOf(preview: PreviewVolume, facts: ImageFacts): { readonly pixels: FramePixels; readonly facts: ImageFacts; readonly frame: FrameFacts } {
  const { columns, rows, slices, values, slope, intercept } = preview;
  const [, down, across] = preview.factor;
  const from = (slices >> 1) * rows * columns;
  const like = frameFacts(facts, facts.frames >> 1);
  const spacing: Spacing | null = like.spacing === null ? null : [like.spacing[0] * down, like.spacing[1] * across];
  const frame = { ...like, slope, intercept, spacing };
  const size = { rows, columns, padding: null, pixelAspect: (pixelAspect(facts, facts.frames >> 1) * across) / down };
  return { pixels: { kind: "grey", stored: values.subarray(from, from + rows * columns) }, facts: { ...facts, ...size }, frame };
}
