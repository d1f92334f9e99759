/** Measuring on single pictures: hands make marks on the picture that is shown, and its marks are drawn over it. */
import type { SpacingSource } from "../dicom/facts";
import type { Phase, PointTool, Tool } from "../tools/actions";
import { flatValue, measuresLengths, type FlatMark } from "../volume/flat";
import { isGrey } from "../volume/stack";
import { toImage, toPane, type Point } from "../volume/view";
import { beside, drawShapes, type Shape } from "./cells";
import type { PaneParts, Room } from "./room";
import type { Showing, Shown } from "./showing";
import { decimal, WORDS } from "./words";

const REACH = { mouse: 11, hand: 22 } as const; // CSS pixels from a mark's point within which it is taken
const SVG = "http://www.w3.org/2000/svg";

interface Around {
  showing(): Showing;
  change(): void;
  tell(words: string): void;
}

interface Grip {
  readonly slot: number;
  readonly index: number;
  readonly point: number;
  readonly isNew: boolean;
}

/** Guards the marks over the pane while single pictures are shown. */
export class FlatRoom {
  private readonly svg: SVGSVGElement;
  private grip: Grip | null = null;
  private hasTold = false;

  constructor(
    private readonly room: PaneParts & Pick<Room, "tools" | "clear">,
    private readonly around: Around,
  ) {
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("class", "marks flat");
    this.svg.setAttribute("aria-hidden", "true");
    room.canvas.after(this.svg);
  }

  point(tool: PointTool, phase: Phase, at: Point): void {
    const showing = this.around.showing();
    const { shown } = showing;
    if (shown === null || tool === "cross") return;
    const here = toImage(showing.viewOf(shown), showing.pane, showing.pictureOf(shown), at);
    if (phase === "down") this.grip = this.gripAt(showing, shown, at) ?? this.begin(showing, shown, tool, here);
    else this.hold(showing, phase, here);
    this.around.change();
  }

  /** Take the last mark of the picture that is shown away. */
  remove(): void {
    const showing = this.around.showing();
    if (showing.shown !== null) showing.marks.removeLast(showing.shown.index);
    this.around.change();
  }

  private gripAt(showing: Showing, shown: Shown, at: Point): Grip | null {
    const reach = matchMedia("(pointer: coarse)").matches ? REACH.hand : REACH.mouse;
    for (const [index, mark] of showing.marks.of(shown.index).entries()) {
      const point = mark.points.findIndex((one) => away(this.over(showing, shown, one), at) < reach);
      if (point >= 0 && isWhole(mark)) return { slot: shown.index, index, point, isNew: false };
    }
    return null;
  }

  private begin(showing: Showing, shown: Shown, kind: FlatMark["kind"], here: Point): Grip | null {
    if (kind === "length" && !measuresLengths(shown.facts, shown.slot.frame)) {
      this.hasTold = true;
      this.around.tell(WORDS.noSize);
      return null;
    }
    return { slot: shown.index, ...showing.marks.begin(shown.index, kind, here) };
  }

  private hold(showing: Showing, phase: Phase, here: Point): void {
    const { grip } = this;
    if (grip === null) return;
    if (phase !== "move") this.grip = null;
    if (phase === "cancel") {
      if (grip.isNew) showing.marks.remove(grip.slot, grip.index);
      return;
    }
    showing.marks.move(grip.slot, grip.index, grip.point, here);
    const mark = showing.marks.of(grip.slot)[grip.index];
    if (phase !== "up" || mark === undefined || !isEmpty(mark)) return;
    if (grip.isNew) showing.marks.leaveFirst(grip.slot, grip.index);
    else showing.marks.remove(grip.slot, grip.index);
  }

  private over(showing: Showing, shown: Shown, point: Point): Point {
    return toPane(showing.viewOf(shown), showing.pane, showing.pictureOf(shown), point);
  }

  /** Draw the marks of the picture that is shown, or none while something else is. */
  draw(isShown: boolean): void {
    const showing = this.around.showing();
    const shown = isShown ? showing.shown : null;
    const marks = shown === null ? [] : showing.marks.of(shown.index);
    drawShapes(this.svg, shown === null ? [] : marks.flatMap((mark) => this.shapesOf(showing, shown, mark)));
    const cross = this.room.tools.get("cross");
    if (cross !== undefined) cross.hidden = isShown;
    if (isShown) this.room.clear.hidden = marks.length === 0;
    if (this.hasTold && (showing.tool !== "length" || shown === null || measuresLengths(shown.facts, shown.slot.frame))) {
      this.hasTold = false;
      this.around.tell("");
    }
  }

  private shapesOf(showing: Showing, shown: Shown, mark: FlatMark): Shape[] {
    const points = mark.points.map((point) => this.over(showing, shown, point));
    const shapes = points.flatMap((point, i): Shape[] => {
      const before = points[i - 1];
      const dot: Shape = { kind: "dot", at: point, radius: 4, class: "end" };
      return before === undefined ? [dot] : [{ kind: "line", from: before, to: point, class: "length" }, dot];
    });
    const value = flatValue(mark, shown.facts, shown.slot.frame);
    const last = points[mark.kind === "angle" ? 1 : points.length - 1];
    if (value === null || last === undefined) return shapes;
    const words = mark.kind === "length" ? lengthWords(value, shown.frame.spacingFrom) : `${decimal(value, 1)}°`;
    return [...shapes, beside(last, words, showing.pane.width)];
  }
}

/** A length with what it is a length of, where it is not one in the patient. */
export function lengthWords(value: number, from: SpacingSource | null): string {
  return `${decimal(value, 1)} ${sizeUnit(from)}`;
}

/** Millimetres, with where they are some. */
export function sizeUnit(from: SpacingSource | null): string {
  return from === "detector" || from === "scanned" ? `mm ${WORDS.measuredAt[from]}` : "mm";
}

/** What lengths on a picture stand for; nothing to say for slices of the patient. */
export function spacingWords({ frame, slot }: Pick<Shown, "frame" | "slot">, tool: Tool): string {
  if (frame.spacing === null) return isGrey(slot) || tool === "length" ? WORDS.spacings.none : "";
  return frame.spacingFrom === null ? "" : WORDS.spacings[frame.spacingFrom];
}

function isWhole(mark: FlatMark): boolean {
  return mark.points.length === (mark.kind === "length" ? 2 : 3);
}

function isEmpty({ points }: FlatMark): boolean {
  const [a, b] = points;
  return points.length === 2 && a !== undefined && b !== undefined && a.x === b.x && a.y === b.y;
}

function away(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
