/**
 * Where an intra-oral picture belongs in a full mouth series, as a film mount has it: seen from the front, the patient's right
 * on the left (PS3.3 C.8.11.9). What is not said by codes is not guessed.
 */
import type { Dental } from "../dicom/facts";

export type Row = "upper" | "bite" | "lower";
export type Side = "right" | "middle" | "left";
export type Spot = "molar" | "premolar" | "canine" | "lateral" | "central" | "occlusal";

export interface Place {
  readonly id: string;
  readonly row: Row;
  readonly side: Side;
  readonly spot: Spot;
  /** It is there only when a picture needs it: a full mouth series of 18 films has none. */
  readonly isExtra: boolean;
}

const HALF: readonly Spot[] = ["molar", "premolar", "canine", "lateral"]; // from the back to the front
const LATERAL_FROM = 0.6; // mean distance from the midline, in teeth: beyond, a picture is not of the middle
const CANINE_FROM = 1.75;
const PREMOLAR_FROM = 3.25;
const MOLAR_FROM = 5.3;
const OCCLUSAL_FROM = 6; // teeth of one jaw on both sides of the midline

/** Every place in mount order: upper, bitewings, lower, each from the patient's right to the left. */
export const PLACES: readonly Place[] = [...rowOf("upper"), ...rowOf("bite"), ...rowOf("lower")];

function rowOf(row: Row): Place[] {
  const half = (side: "right" | "left"): Place[] => HALF.filter((spot) => row !== "bite" || spot === "molar" || spot === "premolar").map((spot) => placed(row, side, spot));
  const occlusal = row === "bite" ? [] : [placed(row, "middle", "occlusal")];
  return [...half("right"), placed(row, "middle", "central"), ...half("left").reverse(), ...occlusal];
}

function placed(row: Row, side: Side, spot: Spot): Place {
  const isExtra = spot === "lateral" || spot === "occlusal" || (row === "bite" && side === "middle");
  return { id: `${row} ${side} ${spot}`, row, side, spot, isExtra };
}

/** Find the place that a picture's codes name; null where they name none, or more than one. */
export function placeOf(dental: Dental): Place | null {
  const found = dental.teeth.length > 0 ? byTeeth(dental.teeth) : byRegions(dental);
  return found === null ? null : (PLACES.find((one) => one.row === found[0] && one.side === found[1] && one.spot === found[2]) ?? null);
}

function byTeeth(teeth: readonly number[]): readonly [Row, Side, Spot] | null {
  const uppers = teeth.filter((tooth) => isUpper(tooth)).length;
  const row = uppers === teeth.length ? "upper" : uppers === 0 ? "lower" : "bite";
  const places = teeth.map(acrossOf);
  const isWide = teeth.length >= OCCLUSAL_FROM && Math.min(...places) < -1 && Math.max(...places) > 1;
  if (isWide) return row === "bite" ? null : [row, "middle", "occlusal"];
  return spotAt(row, places.reduce((sum, one) => sum + one, 0) / places.length);
}

/** Jaw, side and regions together say a place; jaw and "both sides" say the front. */
function byRegions({ jaw, side, regions }: Dental): readonly [Row, Side, Spot] | null {
  if (jaw === null || side === null) return null;
  const row = jaw === "both" ? "bite" : jaw;
  if (side === "front") return [row, "middle", "central"];
  if (regions.length === 0) return null;
  const far = regions.reduce((sum, one) => sum + one - 0.5, 0) / regions.length;
  return spotAt(row, side === "right" ? -far : far);
}

function spotAt(row: Row, across: number): readonly [Row, Side, Spot] {
  const far = Math.abs(across);
  const side = across < 0 ? "right" : "left";
  if (far < LATERAL_FROM) return [row, "middle", "central"];
  if (row === "bite") return far < CANINE_FROM ? [row, "middle", "central"] : [row, side, far < MOLAR_FROM ? "premolar" : "molar"];
  return [row, side, far < CANINE_FROM ? "lateral" : far < PREMOLAR_FROM ? "canine" : far < MOLAR_FROM ? "premolar" : "molar"];
}

/** FDI: the first digit is the quadrant; 5 to 8 are those of milk teeth. */
function isUpper(tooth: number): boolean {
  return [1, 2, 5, 6].includes(Math.floor(tooth / 10));
}

/** How far from the midline a tooth stands, in teeth; the patient's right is negative. */
function acrossOf(tooth: number): number {
  const far = (tooth % 10) - 0.5;
  return [1, 4, 5, 8].includes(Math.floor(tooth / 10)) ? -far : far;
}

export type Numbering = "fdi" | "universal";

/** Write a tooth by FDI (ISO 3950) or in the Universal system, in which milk teeth have letters. */
export function toothName(tooth: number, numbering: Numbering): string {
  if (numbering === "fdi") return String(tooth);
  const quadrant = Math.floor(tooth / 10);
  const isMilk = quadrant > 4;
  const [of, from] = [isMilk ? 5 : 8, tooth % 10];
  const at = ((quadrant - 1) % 4) * of + ([1, 3].includes(((quadrant - 1) % 4) + 1) ? of - from + 1 : from);
  return isMilk ? String.fromCharCode(64 + at) : String(at);
}

/** Teeth as they are seen from the front: from the patient's right to the left, upper ones first. */
export function inOrder(teeth: readonly number[]): number[] {
  return [...teeth].sort((a, b) => Number(isUpper(b)) - Number(isUpper(a)) || acrossOf(a) - acrossOf(b));
}

/** Where rows lead in a place, as a mount shows it: to the front on the patient's right, to the back on the left, to the left in the middle. */
const ACROSS: Readonly<Record<Side, string>> = { right: "A", middle: "L", left: "P" };

/** Say whether a picture says that it lies otherwise than its place shows it: turned, or seen from inside the mouth. */
export function liesOtherwise({ side, spot }: Place, { lies }: Dental): boolean {
  if (lies === null || spot === "occlusal") return false;
  const isFront = spot === "canine" || spot === "lateral" || spot === "central";
  const across = isFront ? ["L", ACROSS[side]] : [ACROSS[side]];
  const down = lies[1];
  return !across.some((letter) => lies[0].includes(letter)) || !down.includes("F");
}

/** A picture that is to be mounted: its slot and what it says of the mouth. */
export interface Film {
  readonly slot: number;
  readonly dental: Dental;
}

/** Why a picture lies in the tray: it does not say where it belongs, its place is taken, or somebody laid it there. */
export type Reason = "unsaid" | "taken" | "laid";

/** Which picture hangs where; `TRAY` is no place. */
export interface Mounted {
  readonly places: ReadonlyMap<string, number>;
  readonly tray: readonly { readonly slot: number; readonly reason: Reason }[];
}

export const TRAY = "tray";

/** Hang pictures: where somebody put them, else where their codes say. No picture is left out, and no place holds two.
 *
 * @param byHand place of a slot as a person chose it; TRAY for the tray.
 */
export function mountFilms(films: readonly Film[], byHand: ReadonlyMap<number, string>): Mounted {
  const places = new Map<string, number>();
  const tray: { slot: number; reason: Reason }[] = [];
  const [moved, rest] = [films.filter(({ slot }) => byHand.has(slot)), films.filter(({ slot }) => !byHand.has(slot))];
  for (const { slot } of moved) {
    const id = byHand.get(slot) ?? TRAY;
    const isFree = PLACES.some((one) => one.id === id) && !places.has(id);
    if (isFree) places.set(id, slot);
    else tray.push({ slot, reason: "laid" });
  }
  for (const { slot, dental } of rest) {
    const place = placeOf(dental);
    if (place === null) tray.push({ slot, reason: "unsaid" });
    else if (places.has(place.id)) tray.push({ slot, reason: "taken" });
    else places.set(place.id, slot);
  }
  return { places, tray: tray.sort((a, b) => a.slot - b.slot) };
}

/** Slots in mount order, those of the tray at the end. */
export function mountOrder({ places, tray }: Mounted): number[] {
  return [...PLACES.flatMap(({ id }) => places.get(id) ?? []), ...tray.map(({ slot }) => slot)];
}

/** Move a picture; one that hung there changes places with it. Answers who lies where by hand from now on. */
export function moveFilm(mounted: Mounted, byHand: ReadonlyMap<number, string>, slot: number, to: string): Map<number, string> {
  const next = new Map(byHand);
  const from = [...mounted.places].find(([, held]) => held === slot)?.[0] ?? TRAY;
  const held = to === TRAY ? undefined : mounted.places.get(to);
  if (held !== undefined && held !== slot) next.set(held, from);
  next.set(slot, to);
  return next;
}
