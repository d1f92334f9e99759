/** Every word that a picture comes with, in the language that `<html lang>` names. */
import type { ProblemCode } from "../../messages";
import type { Oddity } from "../../volume/geometry";
import { ENGLISH } from "./english";
import { spoken as chosen } from "./spoken";

const spoken = await chosen(ENGLISH, {
  es: async () => (await import("./spanish")).SPANISH,
  pt: async () => (await import("./portuguese")).PORTUGUESE,
});

export const WORDS = spoken.words;

/** Say why one image cannot be shown. */
export function problemWords(code: ProblemCode, detail: string): string {
  return detail === "" ? spoken.problems[code] : `${spoken.problems[code]} (${detail})`;
}

/** Say why the box did not hand out the series. */
export function refusalWords(status: number): string {
  return spoken.refusal(status);
}

/** Say what is odd about a volume, and what was done about it. */
export function oddityWords(oddity: Oddity): string {
  return (spoken.oddities[oddity.code] as (oddity: Oddity) => string)(oddity);
}

/** Name a window: by the scanner's own word, or by one of ours. */
export function windowWords(name: string): string {
  const numbered = /^Scanner's own( \d+)?$/.exec(name);
  if (numbered !== null) return WORDS.scannersOwn + (numbered[1] ?? "");
  return name in WORDS.windows ? WORDS.windows[name as keyof typeof WORDS.windows] : name;
}

/** Write a number with so many digits after the language's decimal sign. */
export function decimal(value: number, digits: number): string {
  return value.toFixed(digits).replace(".", WORDS.decimal);
}
