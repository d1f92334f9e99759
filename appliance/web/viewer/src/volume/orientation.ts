/** Which way the picture lies in the patient (PS3.3 C.7.6.1.1.1): letters for its four edges. */
import type { Orientation } from "../dicom/facts";
import type { Geometry } from "./geometry";
import { cross, dot, unit, type Vector } from "./vectors";

export interface Edges {
  readonly left: string;
  readonly right: string;
  readonly top: string;
  readonly bottom: string;
}

const TOWARDS = ["L", "P", "H"] as const; // positive x, y, z in LPS
const AWAY = ["R", "A", "F"] as const;
const LEAST = 0.2; // a direction that leans less than this is not worth a letter

/** Name the edges, the strongest direction first, at most two letters each. */
export function edgesOf(orientation: Orientation): Edges {
  const row = [orientation[0], orientation[1], orientation[2]];
  const column = [orientation[3], orientation[4], orientation[5]];
  return { right: letters(row), left: letters(row.map(minus)), bottom: letters(column), top: letters(column.map(minus)) };
}

const NOWHERE: Edges = { left: "", right: "", top: "", bottom: "" };

/** Name the edges of a plane through a volume, as far as the volume knows: none without orientation, none across slices whose order says nothing. */
export function edgesKnown({ affine, isOriented, knowsEnds }: Pick<Geometry, "affine" | "isOriented" | "knowsEnds">, right: Vector, down: Vector): Edges {
  if (!isOriented) return NOWHERE;
  const through = unit(cross(affine.i, affine.j)) ?? [0, 0, 1];
  const isKnown = (direction: Vector): boolean => knowsEnds || Math.abs(dot(direction, through)) <= LEAST;
  const { left, right: other, top, bottom } = edgesOf([...right, ...down]);
  return { ...NOWHERE, ...(isKnown(right) ? { left, right: other } : {}), ...(isKnown(down) ? { top, bottom } : {}) };
}

const OPPOSITE: Readonly<Record<string, string>> = { R: "L", L: "R", A: "P", P: "A", H: "F", F: "H" };

/** Name the edges of a picture that only says where its rows and columns lead (Patient Orientation, PS3.3 C.7.6.1.1.1). */
export function edgesSaid([across, down]: readonly [string, string]): Edges {
  const opposite = (letters: string): string => letters.replace(/./g, (letter) => OPPOSITE[letter] ?? "");
  return { right: across, left: opposite(across), bottom: down, top: opposite(down) };
}

function minus(part: number): number {
  return -part;
}

function letters(direction: readonly number[]): string {
  return direction
    .map((part, axis) => ({ part, letter: part > 0 ? TOWARDS[axis] : AWAY[axis] }))
    .filter(({ part }) => Math.abs(part) > LEAST)
    .sort((a, b) => Math.abs(b.part) - Math.abs(a.part))
    .slice(0, 2)
    .map(({ letter }) => letter)
    .join("");
}
