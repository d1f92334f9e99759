/** What is drawn over a plane: where the others cut it, handles to turn them, and measurements. */
import { cutsOf, valueOf, type Linked, type Mark } from "../volume/linked";
import type { PlaneName } from "../volume/planes";
import type { Point, Size } from "../volume/view";
import { beside, type Shape } from "./cells";
import { decimal } from "./words";

const HANDLE_SHARE = 0.36; // of the shorter side of a cell: where a line is taken to turn it
const GAP = 12; // the crosshair's middle is left free
const HANDLE_RADIUS = 6;
const END_RADIUS = 4;

/** Everything over one plane; handles only where a hand would turn. */
export function shapesOf(linked: Linked, name: PlaneName, size: Size, hasHandles: boolean): Shape[] {
  const handles = hasHandles ? handlesOf(linked, name, size) : [];
  return [
    ...linesOf(linked, name, size),
    ...handles.map((handle): Shape => ({ kind: "dot", at: handle.at, radius: HANDLE_RADIUS, class: `handle ${handle.name}` })),
    ...linked.marksIn(name).flatMap((mark) => markShapes(linked, name, mark, size)),
  ];
}

/** Where the lines of the other planes are taken to turn them. */
export function handlesOf(linked: Linked, name: PlaneName, size: Size): { readonly name: PlaneName; readonly at: Point }[] {
  const middle = linked.over(name, size, linked.crosshair.at);
  const far = HANDLE_SHARE * Math.min(size.width, size.height);
  return cutsOf(linked, name).flatMap(({ name: other, towards }) =>
    [far, -far].map((by) => ({ name: other, at: { x: middle.x + towards.x * by, y: middle.y + towards.y * by } })),
  );
}

function linesOf(linked: Linked, name: PlaneName, size: Size): Shape[] {
  const middle = linked.over(name, size, linked.crosshair.at);
  const far = size.width + size.height;
  return cutsOf(linked, name).flatMap(({ name: other, towards }) =>
    [1, -1].map((way): Shape => {
      const at = (by: number): Point => ({ x: middle.x + towards.x * by * way, y: middle.y + towards.y * by * way });
      return { kind: "line", from: at(GAP), to: at(far), class: `cut ${other}` };
    }),
  );
}

function markShapes(linked: Linked, name: PlaneName, mark: Mark, size: Size): Shape[] {
  const points = mark.points.map((point) => linked.over(name, size, point));
  const shapes = points.flatMap((point, i): Shape[] => {
    const before = points[i - 1];
    const dot: Shape = { kind: "dot", at: point, radius: END_RADIUS, class: "end" };
    return before === undefined ? [dot] : [{ kind: "line", from: before, to: point, class: "length" }, dot];
  });
  const value = valueOf(mark);
  const last = points[mark.kind === "angle" ? 1 : points.length - 1];
  if (value === null || last === undefined) return shapes;
  const words = mark.kind === "length" ? `${decimal(value, 1)} mm` : `${decimal(value, 1)}°`;
  return [...shapes, beside(last, words, size.width)];
}
