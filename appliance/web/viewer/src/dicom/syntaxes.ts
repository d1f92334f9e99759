/** The transfer syntaxes the viewer knows, and which decoder opens each (PS3.5 section 10 and annex A). */

export type Coding =
  "native" | "rle" | "jpeg" | "jpeg-lossless" | "jpeg-ls" | "jpeg-2000" | "htj2k" | "frames-native" | "frames-deflated";

export interface Syntax {
  readonly coding: Coding;
  readonly bigEndian: boolean;
  readonly implicit: boolean;
  readonly deflated: boolean;
}

const ROOT = "1.2.840.10008.1.2";

function syntax(coding: Coding, more: Partial<Syntax> = {}): Syntax {
  return { coding, bigEndian: false, implicit: false, deflated: false, ...more };
}

const SYNTAXES: ReadonlyMap<string, Syntax> = new Map([
  [ROOT, syntax("native", { implicit: true })],
  [`${ROOT}.1`, syntax("native")],
  [`${ROOT}.1.98`, syntax("frames-native")],
  [`${ROOT}.1.99`, syntax("native", { deflated: true })],
  [`${ROOT}.2`, syntax("native", { bigEndian: true })],
  [`${ROOT}.5`, syntax("rle")],
  [`${ROOT}.8.1`, syntax("frames-deflated")],
  ...["50", "51", "53", "55", "57", "70"].map((n): [string, Syntax] => [`${ROOT}.4.${n}`, syntax("jpeg")]),
  ...["80", "81"].map((n): [string, Syntax] => [`${ROOT}.4.${n}`, syntax("jpeg-ls")]),
  ...["90", "91", "92", "93"].map((n): [string, Syntax] => [`${ROOT}.4.${n}`, syntax("jpeg-2000")]),
  ...["201", "202", "203"].map((n): [string, Syntax] => [`${ROOT}.4.${n}`, syntax("htj2k")]),
]);

/** Find how a transfer syntax is read, or null when the viewer has no decoder for it. */
export function findSyntax(uid: string): Syntax | null {
  return SYNTAXES.get(uid) ?? null;
}

/** Say whether a frame of this syntax takes real work to decode, so that helpers are worth starting. */
export function isCostly(uid: string): boolean {
  const coding = findSyntax(uid)?.coding;
  return coding !== undefined && !["native", "frames-native", "rle"].includes(coding);
}
