/** The three linked planes: where they cross, how they are turned, and what of a plane a pane shows. */
import type { Geometry } from "./geometry";
import { cross, dot, length, minus, plus, scaled, toMm, turned, unit, type Affine, type Vector } from "./vectors";
import type { Point, Size } from "./view";

export const PLANES = ["axial", "coronal", "sagittal"] as const;
export type PlaneName = (typeof PLANES)[number];

export interface Axes {
  readonly left: Vector;
  readonly back: Vector;
  readonly head: Vector;
}

/** The axes at right angles to the planes; unturned they are the patient's own: left, back, head. */
export interface Crosshair extends Axes {
  /** Where the planes cross, in mm. */
  readonly at: Vector;
  /** The axes before any turn: pictures are kept upright by them. */
  readonly upright: Axes;
}

/** A plane as a pane shows it: unit vectors to the pane's right and downwards. */
export interface Plane {
  readonly right: Vector;
  readonly down: Vector;
}

/** What of a plane a pane shows: the mm point in its middle, and CSS pixels for each mm. */
export interface PlaneView {
  readonly centre: Vector;
  readonly pixelsPerMm: number;
}

/** The crosshair in the middle of a volume. Without an orientation its axes are the volume's own. */
export function crosshairOf(geometry: Geometry): Crosshair {
  const { columns, rows, slices, affine } = geometry;
  const at = toMm(affine, [(columns - 1) / 2, (rows - 1) / 2, (slices.length - 1) / 2]);
  const upright = geometry.isOriented ? PATIENT : axesOf(affine);
  return { at, ...upright, upright };
}

const PATIENT: Axes = { left: [1, 0, 0], back: [0, 1, 0], head: [0, 0, 1] };

function axesOf(affine: Affine): Axes {
  const left = unit(affine.i) ?? PATIENT.left;
  const back = unit(affine.j) ?? PATIENT.back;
  return { left, back, head: cross(left, back) };
}

/** Span a plane, its picture as upright as it can be: the patient's right is on the pane's left, head or face at its top.
 *
 * Source: DICOM PS3.3 C.8.8.17 calls it the radiological view.
 */
export function planeOf(crosshair: Crosshair, name: PlaneName): Plane {
  const { upright } = crosshair;
  if (name === "axial") {
    const right = along(upright.left, crosshair.head) ?? crosshair.left;
    return { right, down: cross(crosshair.head, right) };
  }
  const into = name === "coronal" ? crosshair.back : scaled(crosshair.left, -1);
  const down = along(scaled(upright.head, -1), into) ?? scaled(crosshair.head, -1);
  return { right: cross(down, into), down };
}

/** A direction as it lies in the plane at right angles to `into`; null when it hardly does. */
function along(direction: Vector, into: Vector): Vector | null {
  const flat = plus(direction, into, -dot(direction, into));
  return length(flat) < 0.02 ? null : unit(flat);
}

/** The direction into the screen. */
export function intoOf({ right, down }: Plane): Vector {
  return cross(right, down);
}

/** Turn the planes that cross this one, by an angle in radians, clockwise as the pane shows it. */
export function turnedIn(crosshair: Crosshair, name: PlaneName, angle: number): Crosshair {
  const axis = intoOf(planeOf(crosshair, name));
  const left = unit(turned(crosshair.left, axis, angle)) ?? crosshair.left;
  const head = unit(turned(crosshair.head, axis, angle)) ?? crosshair.head;
  const back = cross(head, left);
  return { ...crosshair, left, back, head: cross(left, back) };
}

/** Say whether a plane no longer stands as the patient's own axes do. */
export function isTurned(crosshair: Crosshair, name: PlaneName): boolean {
  const straight = planeOf({ ...crosshair, ...crosshair.upright }, name);
  return dot(intoOf(planeOf(crosshair, name)), intoOf(straight)) < 1 - 1e-9;
}

/** The corners of a volume, outer faces included, in mm. */
export function cornersOf({ columns, rows, slices, affine }: Geometry): Vector[] {
  const ends = [columns, rows, slices.length].map((count) => [-0.5, count - 0.5] as const);
  const [x, y, z] = ends;
  if (x === undefined || y === undefined || z === undefined) return [];
  return x.flatMap((i) => y.flatMap((j) => z.map((k) => toMm(affine, [i, j, k]))));
}

const FILL = 0.94;

/** The view that shows all of a volume in a pane. */
export function fittedPlane(geometry: Geometry, plane: Plane, pane: Size): PlaneView {
  const corners = cornersOf(geometry);
  const [across, down] = [spanOf(corners, plane.right), spanOf(corners, plane.down)];
  const into = intoOf(plane);
  const middle = toMm(geometry.affine, [(geometry.columns - 1) / 2, (geometry.rows - 1) / 2, (geometry.slices.length - 1) / 2]);
  const centre = plus(plus(scaled(plane.right, across.middle), plane.down, down.middle), into, dot(middle, into));
  return { centre, pixelsPerMm: FILL * Math.min(pane.width / across.length, pane.height / down.length) };
}

function spanOf(points: readonly Vector[], direction: Vector): { middle: number; length: number } {
  const along = points.map((point) => dot(point, direction));
  const [low, high] = [Math.min(...along), Math.max(...along)];
  return { middle: (low + high) / 2, length: Math.max(high - low, 1e-6) };
}

/** The mm point on the plane through the crosshair that lies under a pane point. */
export function underPane(plane: Plane, view: PlaneView, pane: Size, crosshair: Crosshair, at: Point): Vector {
  const x = (at.x - pane.width / 2) / view.pixelsPerMm;
  const y = (at.y - pane.height / 2) / view.pixelsPerMm;
  const flat = plus(plus(view.centre, plane.right, x), plane.down, y);
  const into = intoOf(plane);
  return plus(flat, into, dot(minus(crosshair.at, flat), into));
}

/** The pane point over a mm point, looking straight at the plane. */
export function overPane(plane: Plane, view: PlaneView, pane: Size, point: Vector): Point {
  const from = minus(point, view.centre);
  return { x: pane.width / 2 + dot(from, plane.right) * view.pixelsPerMm, y: pane.height / 2 + dot(from, plane.down) * view.pixelsPerMm };
}

/** How far one step of scrolling goes: a voxel in the plane's direction, in mm. */
export function stepThrough(geometry: Geometry, plane: Plane): number {
  const into = intoOf(plane);
  const { i, j, k } = geometry.affine;
  const leans = [i, j, k].map((axis) => Math.abs(dot(unit(axis) ?? axis, into)));
  const steepest = leans.indexOf(Math.max(...leans));
  return length([i, j, k][steepest] ?? k);
}

/** Move a point back into the volume, voxel by voxel. */
export function within({ columns, rows, slices, affine }: Geometry, back: Affine, point: Vector): Vector {
  const [i, j, k] = toMm(back, point);
  return toMm(affine, [bounded(i, columns), bounded(j, rows), bounded(k, slices.length)]);
}

function bounded(index: number, count: number): number {
  return Math.min(count - 1, Math.max(0, index));
}
