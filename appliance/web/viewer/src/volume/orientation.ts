/** Which way the picture lies in the patient (PS3.3 C.7.6.1.1.1): letters for its four edges. */
import type { Orientation } from "../dicom/facts";

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
