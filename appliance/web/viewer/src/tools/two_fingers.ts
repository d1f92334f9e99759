/**
 * Two fingers, as on a tablet's own pictures: apart, together or past each other they zoom and move; side by side they
 * change brightness. Which of the two it is, is settled once for each gesture, so that a hand never does both.
 */
import type { Point } from "../volume/view";
import type { Actions } from "./actions";

const SETTLES = 8; // CSS pixels; what was moved until then is not lost
const ALONE = 28; // a finger that went so far while the other one rested

/** Guards one gesture, from the second finger's coming to either one's going. */
export class TwoFingers {
  private kind: "zoom" | "window" | null = null;
  private last: readonly [Point, Point];

  constructor(private readonly start: readonly [Point, Point]) {
    this.last = start;
  }

  move(one: Point, other: Point, actions: Actions): void {
    this.kind ??= settled(this.start, [one, other]);
    if (this.kind === null) return;
    const [from, to] = [middle(...this.last), middle(one, other)];
    const [before, after] = [spread(...this.last), spread(one, other)];
    this.last = [one, other];
    if (this.kind === "window") return actions.window(to.x - from.x, to.y - from.y);
    actions.pan(to.x - from.x, to.y - from.y);
    if (before > 0 && after > 0) actions.zoom(to, after / before);
  }
}

/** Both fingers on one way mean brightness; null while that is not yet to be seen. */
function settled(start: readonly [Point, Point], now: readonly [Point, Point]): "zoom" | "window" | null {
  const [a, b] = [way(start[0], now[0]), way(start[1], now[1])];
  const [far, near] = [Math.max(Math.hypot(a.x, a.y), Math.hypot(b.x, b.y)), Math.min(Math.hypot(a.x, a.y), Math.hypot(b.x, b.y))];
  if (far < SETTLES || (near < SETTLES / 2 && far < ALONE)) return null;
  const together = a.x * b.x + a.y * b.y;
  return together > 0.8 * Math.hypot(a.x, a.y) * Math.hypot(b.x, b.y) && near > far / 3 ? "window" : "zoom";
}

function way(from: Point, to: Point): Point {
  return { x: to.x - from.x, y: to.y - from.y };
}

function middle(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

function spread(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
