/** A series as a row of slots in display order, one a frame, filled as frames arrive. */
import type { FrameFacts, FramePixels, ImageFacts } from "../dicom/facts";
import { isPadding } from "./greys";
import { Kept, type KeptPixels } from "./kept";

export interface Slot {
  readonly instance: number;
  readonly frame: number;
  facts: ImageFacts | null;
  pixels: FramePixels | KeptPixels | null;
  /** Why it cannot be shown, in plain words. */
  problem: string | null;
}

/** Guards which slots exist and what each holds. */
export class Stack {
  readonly slots: Slot[] = [];
  readonly kept = new Kept();
  private readonly starts: number[] = [];

  /** @param frames frames of each instance, in display order. */
  constructor(frames: readonly number[]) {
    this.append(frames);
  }

  /** Add instances of another series behind those that are there; answers the number of the first. */
  append(frames: readonly number[]): number {
    const first = this.starts.length;
    frames.forEach((count, i) => {
      this.starts.push(this.slots.length);
      for (let frame = 0; frame < Math.max(1, count); frame++) {
        this.slots.push({ instance: first + i, frame, facts: null, pixels: null, problem: null });
      }
    });
    return first;
  }

  /** Find the slot of a frame; null when the index said there were fewer. */
  find(instance: number, frame: number): number | null {
    const at = (this.starts[instance] ?? Infinity) + frame;
    return this.slots[at]?.instance === instance ? at : null;
  }

  /** Slots of one instance. */
  of(instance: number): Slot[] {
    return this.slots.filter((slot) => slot.instance === instance);
  }

  /** The loaded slot nearest to `wanted`, the wanted one first; null when none is loaded. */
  nearestLoaded(wanted: number): number | null {
    for (let away = 0; away < this.slots.length; away++) {
      if (this.slots[wanted - away]?.pixels) return wanted - away;
      if (this.slots[wanted + away]?.pixels) return wanted + away;
    }
    return null;
  }

  /** A slot with its stored values; null where they have been asked for and come later. */
  whole(at: number): Slot | null {
    const slot = this.slots[at];
    if (slot?.pixels?.kind !== "kept" || slot.problem !== null) return slot ?? null;
    const stored = this.kept.stored(at);
    return stored === null ? null : { ...slot, pixels: { kind: "grey", stored } };
  }

  get settled(): number {
    return this.slots.filter((slot) => slot.pixels !== null || slot.problem !== null).length;
  }

  get problems(): number {
    return this.slots.filter((slot) => slot.problem !== null).length;
  }
}

/** Say whether a slot's picture is of grey values, wherever they are. */
export function isGrey({ pixels }: Slot): boolean {
  return pixels !== null && pixels.kind !== "colour";
}

/** The facts of one frame; a series of single frames has one entry for all. */
export function frameFacts(facts: ImageFacts, frame: number): FrameFacts {
  const found = facts.perFrame[Math.min(frame, facts.perFrame.length - 1)];
  if (found === undefined) throw new RangeError("an image has at least one frame");
  return found;
}

/** Width of a pixel over its height: from the spacing where there is one, else from the aspect ratio. */
export function pixelAspect(facts: ImageFacts, frame: number): number {
  const spacing = frameFacts(facts, frame).spacing;
  return spacing === null ? facts.pixelAspect : spacing[1] / spacing[0];
}

/** What lies under an image point: a grey value after the rescale, a colour, padding, or nothing outside the picture. */
export type Reading =
  | { readonly kind: "grey"; readonly value: number }
  | { readonly kind: "colour"; readonly value: readonly [number, number, number] }
  | { readonly kind: "padding" }
  | null;

/** Read the pixel that holds column `x`, row `y` (whole numbers count from the top left, as stored). */
export function readingAt(slot: Slot, x: number, y: number): Reading {
  const { facts, pixels } = slot;
  if (!facts || !pixels || pixels.kind === "kept" || !lies(facts, x, y)) return null;
  const at = Math.floor(y) * facts.columns + Math.floor(x);
  if (pixels.kind === "colour") {
    return { kind: "colour", value: [pixels.rgb[3 * at] ?? 0, pixels.rgb[3 * at + 1] ?? 0, pixels.rgb[3 * at + 2] ?? 0] };
  }
  const stored = pixels.stored[at] ?? 0;
  if (isPadding(facts.padding, stored)) return { kind: "padding" };
  const { slope, intercept } = frameFacts(facts, slot.frame);
  return { kind: "grey", value: stored * slope + intercept };
}

function lies({ columns, rows }: ImageFacts, x: number, y: number): boolean {
  return Math.min(x, y) >= 0 && x < columns && y < rows;
}
