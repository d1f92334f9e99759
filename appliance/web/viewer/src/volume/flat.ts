/** Lengths and angles on single pictures. A mark belongs to its picture: its points are image pixels, its value is worked out anew. */
import type { ImageFacts } from "../dicom/facts";
import { angleAt, distance } from "./measures";
import { frameFacts, pixelAspect } from "./stack";
import type { Vector } from "./vectors";
import type { Point } from "./view";

/** A length of two points or an angle of three, its tip in the middle. */
export interface FlatMark {
  readonly kind: "length" | "angle";
  readonly points: readonly Point[];
  readonly name?: string;
}

/** Marks of each picture of a stack, in the order they were made; they stay while other pictures are shown. */
export class FlatMarks {
  private readonly marks = new Map<number, FlatMark[]>();

  of(slot: number): readonly FlatMark[] {
    return this.marks.get(slot) ?? [];
  }

  /** Pictures that have been measured on, in the order of the series. */
  get slots(): readonly number[] {
    return [...this.marks.keys()].sort((a, b) => a - b);
  }

  /** All marks with the slot that each belongs to. */
  get all(): readonly { readonly slot: number; readonly mark: FlatMark }[] {
    return this.slots.flatMap((slot) => this.of(slot).map((mark) => ({ slot, mark })));
  }

  /** Begin a mark at a point, or go on with the last one that has not all its points; answers its place and the point a hand now holds. */
  begin(slot: number, kind: FlatMark["kind"], at: Point): { readonly index: number; readonly point: number; readonly isNew: boolean } {
    const marks = [...this.of(slot)];
    const last = marks.at(-1);
    const begun = last?.kind === kind && last.points.length < (kind === "length" ? 2 : 3) ? last.points : null;
    if (begun === null && last?.points.length === 1) marks.pop(); // a click that nothing followed
    if (begun === null) marks.push({ kind, points: [at, at] });
    else marks[marks.length - 1] = { ...last, kind, points: [...begun, at] };
    this.marks.set(slot, marks);
    return { index: marks.length - 1, point: begun?.length ?? 1, isNew: begun === null };
  }

  move(slot: number, index: number, point: number, to: Point): void {
    const change = (mark: FlatMark): FlatMark => ({ ...mark, points: mark.points.map((one, i) => (i === point ? to : one)) });
    this.marks.set(slot, this.of(slot).map((mark, i) => (i === index ? change(mark) : mark)));
  }

  /** Leave a mark its first point alone: a click, and the next one goes on from there. */
  leaveFirst(slot: number, index: number): void {
    this.marks.set(slot, this.of(slot).map((mark, i) => (i === index ? { ...mark, points: mark.points.slice(0, 1) } : mark)));
  }

  rename(slot: number, index: number, name: string): void {
    this.marks.set(slot, this.of(slot).map((mark, i) => (i === index ? { ...mark, name } : mark)));
  }

  /** Put a picture's marks in place of those it has. */
  put(slot: number, marks: readonly FlatMark[]): void {
    this.marks.set(slot, [...marks]);
  }

  remove(slot: number, index: number): void {
    this.marks.set(slot, this.of(slot).filter((_, i) => i !== index));
  }

  /** Take the last mark of a picture away. */
  removeLast(slot: number): void {
    this.remove(slot, this.of(slot).length - 1);
  }
}

/** Say whether lengths can be measured on a frame. */
export function measuresLengths(facts: ImageFacts, frame: number): boolean {
  return frameFacts(facts, frame).spacing !== null;
}

/** A mark's value: mm for a length, degrees for an angle; null for one that is not whole, or a length where no size is known. */
export function flatValue(mark: FlatMark, facts: ImageFacts, frame: number): number | null {
  const [a, b, c] = mark.points.map((point) => placed(point, facts, frame));
  if (a === undefined || b === undefined) return null;
  if (mark.kind === "length") return measuresLengths(facts, frame) ? distance(a, b) : null;
  return c === undefined ? null : angleAt(b, a, c);
}

/** In mm where a spacing is said, else in pixel heights: angles need only how wide a pixel is for its height. */
function placed({ x, y }: Point, facts: ImageFacts, frame: number): Vector {
  const [down, across] = frameFacts(facts, frame).spacing ?? [1, pixelAspect(facts, frame)];
  return [x * across, y * down, 0];
}
