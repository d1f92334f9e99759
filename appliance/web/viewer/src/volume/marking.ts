/**
 * Putting points of measurements on planes. Guards: a mark's points lie in one plane, the one in which it is drawn, so that it is
 * seen where it was made; and no mark is made, or moved, where what it measures is not known to be true.
 */
import type { Linked, Mark } from "./linked";
import { intoOf, type PlaneName } from "./planes";
import { dot, minus, plus, type Vector } from "./vectors";

/** Why a point is not put: its plane has moved away from the others, or what is between them is not known. */
export type Refusal = "apart" | "unmeasured";

/** A mark with one more point, or with one put elsewhere, in a plane as it now stands.
 *
 * @param at number of the point; as many as there are makes a new one.
 */
export function withPoint(linked: Linked, name: PlaneName, mark: Mark, at: number, here: Vector): Mark | Refusal {
  const others = mark.points.filter((_, number) => number !== at);
  if (!linked.holds(name, others)) return "apart";
  const put = levelled(linked, name, here, others[0]);
  const points = at < mark.points.length ? mark.points.map((point, number) => (number === at ? put : point)) : [...mark.points, put];
  if (!linked.measuresBetween(points)) return "unmeasured";
  const { left, back, head } = linked.crosshair;
  return { ...mark, plane: name, points, axes: { left, back, head } };
}

/** The first point of a mark. */
export function begun(linked: Linked, kind: Mark["kind"], name: PlaneName, here: Vector): Mark | Refusal {
  if (!linked.measures(name)) return "unmeasured";
  const { left, back, head } = linked.crosshair;
  return { kind, plane: name, points: [here], axes: { left, back, head } };
}

/** A plane may stand part of a voxel off the points that it shows: a new one is put as deep as they are. */
function levelled(linked: Linked, name: PlaneName, here: Vector, other: Vector | undefined): Vector {
  if (other === undefined) return here;
  const into = intoOf(linked.plane(name));
  return plus(here, into, dot(minus(other, here), into));
}
