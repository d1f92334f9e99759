/** The state of the linked planes: crosshair, views, slab, measurements, and the body's view. It knows no screen. */
import { angleAt, distance } from "./measures";
import type { Geometry } from "./geometry";
import { crosshairOf, fittedPlane, intoOf, overPane, planeOf, PLANES, stepThrough, turnedIn, underPane, within, type Axes, type Crosshair, type Plane, type PlaneName, type PlaneView } from "./planes";
import { cross, dot, inverse, length, minus, plus, scaled, toMm, turned, unit, type Affine, type Vector } from "./vectors";
import { seenFrom, type Side } from "./sides";
import type { Point, Size } from "./view";

/** A length of two points or an angle of three, its tip in the middle; in mm in the patient. */
export interface Mark {
  readonly kind: "length" | "angle";
  readonly plane: PlaneName;
  readonly points: readonly Vector[];
  /** What a person called it. */
  readonly name?: string;
  /** How the planes stood when it was drawn: turned back so, its plane holds it again. */
  readonly axes?: Axes;
}

/** All that hands have done to the planes; plain values that can be kept and taken up again. */
export interface LinkedState {
  readonly crosshair: Crosshair;
  readonly slabMm: number;
  readonly slab: Slab;
  readonly solid: Plane;
  readonly views: readonly (readonly [PlaneName | "solid", PlaneView])[];
  readonly marks: readonly Mark[];
}

export type Slab = "mean" | "most" | "least";

const LEAST_PIXELS_PER_MM = 0.2;
const MOST_PIXELS_PER_MM = 400;
const PARALLEL = 0.9999;
const FLAT = Math.sqrt(1 - PARALLEL ** 2); // how steep a line in such a plane may be
const LEVEL_MM = 1e-6;

/** Guards one volume's planes: they stay at right angles, and the crosshair within the volume. */
export class Linked {
  crosshair: Crosshair;
  readonly straight: Crosshair;
  readonly marks: Mark[] = [];
  slabMm = 0;
  slab: Slab = "mean";
  /** The body as it is looked at; at first from the face. */
  solid: Plane;
  private readonly back: Affine;
  private readonly views = new Map<PlaneName | "solid", PlaneView>();

  constructor(readonly geometry: Geometry) {
    this.straight = crosshairOf(geometry);
    this.crosshair = this.straight;
    this.solid = planeOf(this.straight, "coronal");
    this.back = inverse(geometry.affine);
  }

  plane(name: PlaneName | "solid"): Plane {
    return name === "solid" ? this.solid : planeOf(this.crosshair, name);
  }

  /** A cell's view, its centre on the plane. */
  view(name: PlaneName | "solid", pane: Size): PlaneView {
    const plane = this.plane(name);
    const view = this.views.get(name) ?? this.fitted(name, plane, pane);
    if (name === "solid") return view;
    const into = intoOf(plane);
    return { ...view, centre: plus(view.centre, into, dot(minus(this.crosshair.at, view.centre), into)) };
  }

  private fitted(name: PlaneName | "solid", plane: Plane, pane: Size): PlaneView {
    const straight = name === "solid" ? plane : planeOf(this.straight, name);
    return fittedPlane(this.geometry, straight, pane);
  }

  /** The mm point under a pane point. */
  under(name: PlaneName, pane: Size, at: Point): Vector {
    return underPane(this.plane(name), this.view(name, pane), pane, this.crosshair, at);
  }

  over(name: PlaneName, pane: Size, point: Vector): Point {
    return overPane(this.plane(name), this.view(name, pane), pane, point);
  }

  /** The voxel that holds a mm point, as (column, row, slice); null outside the volume. */
  voxelAt(point: Vector): Vector | null {
    const [i, j, k] = toMm(this.back, point);
    const voxel: Vector = [Math.round(i), Math.round(j), Math.round(k)];
    const counts = [this.geometry.columns, this.geometry.rows, this.geometry.slices.length];
    return voxel.every((index, axis) => index >= 0 && index < (counts[axis] ?? 0)) ? voxel : null;
  }

  get state(): LinkedState {
    const { crosshair, slabMm, slab, solid, views, marks } = this;
    return { crosshair, slabMm, slab, solid, views: [...views], marks: [...marks] };
  }

  /** Take up what was kept, of this volume or of one that lies a little otherwise. */
  take({ crosshair, slabMm, slab, solid, views, marks }: LinkedState): void {
    this.crosshair = { ...crosshair, upright: this.straight.upright };
    this.moveTo(crosshair.at);
    this.slabMm = Math.min(slabMm, this.mostSlabMm);
    this.slab = slab;
    this.solid = solid;
    for (const [name, view] of views) this.views.set(name, view);
    this.marks.splice(0, this.marks.length, ...marks.filter(({ points }) => this.measuresBetween(points)));
  }

  /** The same in a volume that lies otherwise than was thought: what no hand has moved begins anew in its middle. */
  onto(geometry: Geometry): Linked {
    const other = new Linked(geometry);
    const isMoved = this.crosshair !== this.straight || this.views.size + this.marks.length > 0;
    if (isMoved) other.take(this.state);
    else Object.assign(other, { slab: this.slab, slabMm: Math.min(this.slabMm, other.mostSlabMm) });
    return other;
  }

  /** Go to where a mark lies, the planes turned as they were when it was drawn. */
  goTo({ points, axes }: Mark): void {
    const sum = points.reduce<Vector>((so, point) => plus(so, point, 1 / points.length), [0, 0, 0]);
    if (axes !== undefined) this.crosshair = { ...this.crosshair, left: axes.left, back: axes.back, head: axes.head };
    this.moveTo(sum);
  }

  /** Look at the body from another side, its view as at the beginning. */
  lookFrom(side: Side): void {
    this.solid = seenFrom(this.straight.upright, side);
    this.views.delete("solid");
  }

  moveTo(point: Vector): void {
    this.crosshair = { ...this.crosshair, at: within(this.geometry, this.back, point) };
  }

  scroll(name: PlaneName, steps: number): void {
    const plane = this.plane(name);
    this.moveTo(plus(this.crosshair.at, intoOf(plane), steps * stepThrough(this.geometry, plane)));
  }

  turn(name: PlaneName, angle: number): void {
    this.crosshair = turnedIn(this.crosshair, name, angle);
  }

  /** Turn the body by a drag of (dx, dy) CSS pixels. */
  turnSolid(dx: number, dy: number): void {
    const { right, down } = this.solid;
    const across = unit(turned(right, down, -dx / 150)) ?? right;
    const into = cross(across, down);
    const tipped = unit(turned(down, across, -dy / 150)) ?? down;
    this.solid = { right: across, down: unit(plus(tipped, across, -dot(tipped, across))) ?? cross(into, across) };
  }

  pan(name: PlaneName | "solid", pane: Size, dx: number, dy: number): void {
    const view = this.view(name, pane);
    const { right, down } = this.plane(name);
    const centre = plus(plus(view.centre, right, -dx / view.pixelsPerMm), down, -dy / view.pixelsPerMm);
    this.views.set(name, { ...view, centre });
  }

  /** Zoom by a factor so that the point under `at` stays there; all planes keep one scale. */
  zoom(name: PlaneName | "solid", pane: Size, at: Point, factor: number): void {
    const view = this.view(name, pane);
    const pixelsPerMm = Math.min(MOST_PIXELS_PER_MM, Math.max(LEAST_PIXELS_PER_MM, view.pixelsPerMm * factor));
    const { right, down } = this.plane(name);
    const [x, y] = [at.x - pane.width / 2, at.y - pane.height / 2];
    const share = 1 / view.pixelsPerMm - 1 / pixelsPerMm;
    this.views.set(name, { pixelsPerMm, centre: plus(plus(view.centre, right, x * share), down, y * share) });
  }

  /** Say whether lengths and angles in this plane are true. */
  measures(name: PlaneName): boolean {
    const { geometry } = this;
    const normal = unit(cross(geometry.affine.i, geometry.affine.j));
    const flat = normal !== null && Math.abs(dot(normal, intoOf(this.plane(name)))) > PARALLEL;
    return flat ? geometry.measuresAcross : geometry.measuresThrough;
  }

  /** Say whether what is measured between these points is true: within slices where pixel sizes are, out of them where slice distances are too. */
  measuresBetween(points: readonly Vector[]): boolean {
    const { geometry } = this;
    if (geometry.measuresThrough || !geometry.measuresAcross) return geometry.measuresThrough;
    const normal = unit(cross(geometry.affine.i, geometry.affine.j));
    const [first] = points;
    if (normal === null || first === undefined) return false;
    return points.every((point) => Math.abs(dot(minus(point, first), normal)) <= FLAT * length(minus(point, first)) + LEVEL_MM);
  }

  /** Say whether points lie in a plane as it now stands, half a voxel off at most. */
  holds(name: PlaneName, points: readonly Vector[]): boolean {
    const plane = this.plane(name);
    const into = intoOf(plane);
    const near = stepThrough(this.geometry, plane) * 0.6;
    return points.every((point) => Math.abs(dot(minus(point, this.crosshair.at), into)) <= near);
  }

  marksIn(name: PlaneName): Mark[] {
    return this.marks.filter(({ points }) => this.holds(name, points));
  }

  /** All as at the beginning; measurements stay. */
  reset(): void {
    this.crosshair = this.straight;
    this.solid = planeOf(this.straight, "coronal");
    this.views.clear();
    this.slabMm = 0;
  }

  /** The shortest way from one voxel to another, in mm. */
  get leastStep(): number {
    const { i, j, k } = this.geometry.affine;
    return Math.min(length(i), length(j), length(k));
  }

  /** The longest slab that makes sense, in mm. */
  get mostSlabMm(): number {
    const { affine, columns } = this.geometry;
    return Math.min(30, length(affine.i) * columns);
  }
}

/** A mark's value: mm for a length, degrees for an angle; null for one that is not whole. */
export function valueOf({ kind, points }: Mark): number | null {
  const [a, b, c] = points;
  if (a === undefined || b === undefined) return null;
  if (kind === "length") return distance(a, b);
  return c === undefined ? null : angleAt(b, a, c);
}

/** Where the other planes cut this one: pane directions of length 1, by name. */
export function cutsOf(linked: Linked, name: PlaneName): { readonly name: PlaneName; readonly towards: Point }[] {
  const plane = linked.plane(name);
  const into = intoOf(plane);
  return PLANES.filter((other) => other !== name).map((other) => {
    const along = unit(cross(into, intoOf(linked.plane(other)))) ?? scaled(plane.right, 1);
    return { name: other, towards: { x: dot(along, plane.right), y: dot(along, plane.down) } };
  });
}
