/**
 * How the slices of a series stand in the patient. Positions and orientations decide, never Slice Thickness and never the order
 * of arrival; what is odd is corrected where that is safe, always said, and where it is not safe nothing is measured.
 *
 * Source: DICOM PS3.3 C.7.6.2.1.1 (Image Position and Orientation), C.7.6.3.1.1 (Pixel Spacing).
 */
import type { FrameFacts, Orientation } from "../dicom/facts";
import { isSquare } from "../dicom/square";
import { cross, dot, length, minus, plus, scaled, unit, type Affine, type Vector } from "./vectors";

/** One picture that may be a slice; `between` is Spacing Between Slices in mm where it is said. */
export interface Candidate {
  readonly slot: number;
  readonly columns: number;
  readonly rows: number;
  readonly frame: Pick<FrameFacts, "position" | "orientation" | "spacing"> & Partial<Pick<FrameFacts, "spacingFrom">>;
  readonly between: number | null;
}

export type Oddity =
  /** Pictures that are no part of the volume: of another size, or turned otherwise. */
  | { readonly code: "left-out"; readonly count: number }
  /** Pictures at a place where another one lies. */
  | { readonly code: "duplicates"; readonly count: number }
  /** Slices that are not there between others; their place is left black. */
  | { readonly code: "missing"; readonly count: number }
  /** Distances between slices that fit no regular grid, in mm. */
  | { readonly code: "irregular"; readonly least: number; readonly most: number }
  /** Slices that are shifted sideways against each other, in degrees; they are put straight. */
  | { readonly code: "tilted"; readonly degrees: number }
  /** Where slices lie is not said by positions; they are `between` apart where that is said, else as rows are. */
  | { readonly code: "no-positions"; readonly mm: number; readonly said: boolean }
  /** Slices that stand beside the line of the others, by so many mm at most. */
  | { readonly code: "sideways"; readonly mm: number }
  /** No orientation: left and right are not known. */
  | { readonly code: "no-orientation" }
  /** An orientation that cannot be: its two directions are no right angle, or none. */
  | { readonly code: "false-orientation" }
  /** Pixel sizes are those of a detector or a film: in the patient they are other ones. */
  | { readonly code: "not-of-patient"; readonly at: "detector" | "scanned" }
  /** No Pixel Spacing: sizes are not known. */
  | { readonly code: "no-spacing" }
  /** Voxels that are much longer in one direction, in mm. */
  | { readonly code: "anisotropic"; readonly least: number; readonly most: number };

export interface Geometry {
  readonly columns: number;
  readonly rows: number;
  /** The slot that fills each slice, along `normal`; null where one is missing. */
  readonly slices: readonly (number | null)[];
  /** Voxel indices (column, row, slice; whole in the middle of a voxel) to mm. */
  readonly affine: Affine;
  /** Left, right and the others are known. */
  readonly isOriented: boolean;
  /** Positions say towards which side slices follow each other; else a scanner's order may lead either way. */
  readonly knowsEnds: boolean;
  /** Lengths within a slice may be measured. */
  readonly measuresAcross: boolean;
  /** Lengths out of a slice's plane may be measured too. */
  readonly measuresThrough: boolean;
  readonly oddities: readonly Oddity[];
}

const SAME_DIRECTION = 1e-3; // of a unit vector's parts: 0.06 degrees
const SAME_PLACE_MM = 1e-3;
const ON_LINE_MM = 0.02; // positions are rounded
const REGULAR = 0.02; // of the distance between two slices
const LEAST_TILT_DEGREES = 0.2;
const ANISOTROPIC = 2;
const MOST_MISSING_SHARE = 0.5; // with more than half of its slices absent it is no volume
const STANDING: Orientation = [1, 0, 0, 0, 1, 0];

/** Find the volume that a series' pictures make; null when there are not two slices of one kind. */
export function geometryOf(candidates: readonly Candidate[]): Geometry | null {
  const group = largestGroup(candidates.map(known));
  if (group.length < 2) return null;
  const [first] = group;
  if (first === undefined) return null;
  const axes = axesOf(first.frame.orientation);
  const ladder = ladderOf(group, axes.normal);
  if (ladder === null) return null;
  const [down, across] = first.frame.spacing ?? [1, 1];
  const foreign = notOfPatient(group);
  const isSized = first.frame.spacing !== null && foreign.length === 0;
  const oddities = [...leftOut(candidates.length - group.length), ...ladder.oddities, ...unknown(first, candidates), ...foreign, ...uneven(across, down, length(ladder.step))];
  return {
    columns: first.columns,
    rows: first.rows,
    slices: ladder.slices,
    affine: { i: scaled(axes.across, across), j: scaled(axes.down, down), k: ladder.step, origin: ladder.origin },
    isOriented: first.frame.orientation !== null,
    knowsEnds: ladder.oddities.every(({ code }) => code !== "no-positions"),
    measuresAcross: isSized,
    measuresThrough: isSized && ladder.isMeasured && knowsLean(first, ladder),
    oddities,
  };
}

interface Axes {
  readonly across: Vector;
  readonly down: Vector;
  readonly normal: Vector;
}

/** Where each slice stands: `step` leads from one to the next in mm. */
interface Ladder {
  readonly slices: readonly (number | null)[];
  readonly origin: Vector;
  readonly step: Vector;
  readonly isMeasured: boolean;
  readonly oddities: readonly Oddity[];
}

interface Placed {
  readonly slot: number;
  readonly position: Vector;
  readonly height: number;
}

/** Where slices follow one another aslant, only their orientation tells how much of that is the way through them. */
function knowsLean({ frame }: Candidate, { oddities }: Ladder): boolean {
  return frame.orientation !== null || oddities.every(({ code }) => code !== "tilted");
}

/** An orientation that cannot be is none. */
function known(one: Candidate): Candidate {
  return isSquare(one.frame.orientation) ? one : { ...one, frame: { ...one.frame, orientation: null } };
}

/** The most pictures that are of one size, one spacing and one orientation. */
function largestGroup(candidates: readonly Candidate[]): Candidate[] {
  const groups: Candidate[][] = [];
  for (const one of candidates) {
    const group = groups.find(([first]) => first !== undefined && alike(first, one));
    if (group === undefined) groups.push([one]);
    else group.push(one);
  }
  return groups.reduce<Candidate[]>((largest, group) => (group.length > largest.length ? group : largest), []);
}

function alike(a: Candidate, b: Candidate): boolean {
  const same = a.columns === b.columns && a.rows === b.rows;
  return same && close(a.frame.orientation, b.frame.orientation) && close(a.frame.spacing, b.frame.spacing);
}

function close(a: readonly number[] | null, b: readonly number[] | null): boolean {
  if (a === null || b === null) return a === b;
  return a.every((part, at) => Math.abs(part - (b[at] ?? NaN)) <= SAME_DIRECTION);
}

/** The directions of rows, columns and slices; orientations that are no right angle are made one, rows first. */
function axesOf(orientation: Orientation | null): Axes {
  const [a, b, c, d, e, f] = orientation ?? STANDING;
  const across = unit([a, b, c]) ?? [1, 0, 0];
  const normal = unit(cross(across, [d, e, f])) ?? [0, 0, 1];
  return { across, down: cross(normal, across), normal };
}

/** By positions where each picture has one and they are not all one and the same, as a multi-frame image without its own has. */
function ladderOf(group: readonly Candidate[], normal: Vector): Ladder | null {
  const placed = group.flatMap(({ slot, frame: { position } }) => (position === null ? [] : [{ slot, position, height: dot(position, normal) }]));
  const sorted = placed.sort((a, b) => a.height - b.height || a.slot - b.slot);
  const apart = sorted.filter((one, at) => at === 0 || one.height - (sorted[at - 1]?.height ?? 0) > SAME_PLACE_MM);
  return placed.length < group.length || apart.length < 2 ? byOrder(group, normal) : byPosition(sorted, apart, normal);
}

function byPosition(sorted: readonly Placed[], apart: readonly Placed[], normal: Vector): Ladder | null {
  const [first, last] = [apart[0], apart.at(-1)];
  if (first === undefined || last === undefined) return null;
  const gaps = apart.slice(1).map((one, at) => one.height - (apart[at]?.height ?? 0));
  const usual = median(gaps);
  const steps = gaps.map((gap) => Math.round(gap / usual));
  const isRegular = gaps.every((gap, at) => Math.abs(gap - usual * (steps[at] ?? 0)) <= REGULAR * usual && (steps[at] ?? 0) >= 1);
  const slices = isRegular ? withGaps(apart, steps) : apart.map(({ slot }) => slot);
  const step = scaled(minus(last.position, first.position), 1 / (slices.length - 1));
  const missing = slices.length - apart.length;
  const aside = asideOf(slices, apart, first.position, step);
  const isStraight = !isRegular || aside <= Math.max(REGULAR * usual, ON_LINE_MM); // what is uneven is said already
  if (missing > MOST_MISSING_SHARE * slices.length) return null;
  const oddities = [...repeated(sorted.length - apart.length), ...absent(missing), ...irregular(isRegular, gaps), ...(isStraight ? [] : [{ code: "sideways", mm: aside } as const]), ...tilted(step, normal)];
  return { slices, origin: first.position, step, isMeasured: isRegular && isStraight, oddities };
}

/** How far from its place on the line from the first to the last a slice stands at most, in mm. */
function asideOf(slices: readonly (number | null)[], apart: readonly Placed[], origin: Vector, step: Vector): number {
  const places = new Map(apart.map(({ slot, position }) => [slot, position]));
  return slices.reduce<number>((most, slot, at) => {
    const place = slot === null ? undefined : places.get(slot);
    return place === undefined ? most : Math.max(most, length(minus(place, plus(origin, step, at))));
  }, 0);
}

/**
 * Without positions slices lie as they come, as far apart as the scanner says, else as rows do. A negative distance leads against
 * the normal (PS3.3 C.8.4.15): then the last one comes first.
 */
function byOrder(group: readonly Candidate[], normal: Vector): Ladder {
  const [first] = group;
  const between = first?.between ?? 0;
  const [isAgainst, said] = [between < 0, Math.abs(between)];
  const mm = said || (first?.frame.spacing?.[0] ?? 1);
  const slots = group.map(({ slot }) => slot);
  const place: Vector = first?.frame.position ?? [0, 0, 0];
  return {
    slices: isAgainst ? slots.reverse() : slots,
    origin: isAgainst ? plus(place, normal, -mm * (slots.length - 1)) : place,
    step: scaled(normal, mm),
    isMeasured: said > 0,
    oddities: [{ code: "no-positions", mm, said: said > 0 }],
  };
}

function withGaps(apart: readonly Placed[], steps: readonly number[]): (number | null)[] {
  return apart.flatMap(({ slot }, at) => [...Array<null>(at === 0 ? 0 : (steps[at - 1] ?? 1) - 1).fill(null), slot]);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

function leftOut(count: number): Oddity[] {
  return count > 0 ? [{ code: "left-out", count }] : [];
}

function repeated(count: number): Oddity[] {
  return count > 0 ? [{ code: "duplicates", count }] : [];
}

function absent(count: number): Oddity[] {
  return count > 0 ? [{ code: "missing", count }] : [];
}

function irregular(isRegular: boolean, gaps: readonly number[]): Oddity[] {
  return isRegular ? [] : [{ code: "irregular", least: Math.min(...gaps), most: Math.max(...gaps) }];
}

function tilted(step: Vector, normal: Vector): Oddity[] {
  const sideways = length(plus(step, normal, -dot(step, normal)));
  const degrees = (Math.atan2(sideways, dot(step, normal)) * 180) / Math.PI;
  return degrees >= LEAST_TILT_DEGREES ? [{ code: "tilted", degrees }] : [];
}

function unknown({ slot, frame }: Candidate, candidates: readonly Candidate[]): Oddity[] {
  const found: Oddity[] = [];
  const said = candidates.find((one) => one.slot === slot)?.frame.orientation ?? null;
  if (frame.orientation === null) found.push({ code: said === null ? "no-orientation" : "false-orientation" });
  if (frame.spacing === null) found.push({ code: "no-spacing" });
  return found;
}

/** One picture whose size is not of the patient is enough. */
function notOfPatient(group: readonly Candidate[]): Oddity[] {
  const at = group.map(({ frame }) => frame.spacingFrom).find((from) => from === "detector" || from === "scanned");
  return at === "detector" || at === "scanned" ? [{ code: "not-of-patient", at }] : [];
}

function uneven(...sides: readonly number[]): Oddity[] {
  const [least, most] = [Math.min(...sides), Math.max(...sides)];
  return most > ANISOTROPIC * least ? [{ code: "anisotropic", least, most }] : [];
}
