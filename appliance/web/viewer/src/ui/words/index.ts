/** Every word that the viewer shows, in the language that `<html lang>` names; another one than English is fetched as a file of its own. */
import type { FileFault } from "../../local/source";
import type { ZipFault } from "../../local/zip";
import type { ProblemCode } from "../../messages";
import type { Oddity } from "../../volume/geometry";
import { ENGLISH, type Language } from "./english";

const OTHERS: Readonly<Record<string, () => Promise<Language>>> = {
  es: async () => (await import("./spanish")).SPANISH,
  pt: async () => (await import("./portuguese")).PORTUGUESE,
};

const wanted = typeof document === "undefined" ? "" : document.documentElement.lang;
const other = OTHERS[wanted.split("-")[0]?.toLowerCase() ?? ""];
const spoken = other === undefined ? ENGLISH : await other().catch(() => ENGLISH); // pictures in English rather than none

export const WORDS = spoken.words;

/** Every key and gesture, under headings. */
export const KEYS = spoken.keys;

export const FILES_WORDS = spoken.files.words;

/** Say why an archive was not opened. */
export function zipWords(code: ZipFault): string {
  return spoken.files.archives[code];
}

/** Say why one file cannot be read. */
export function fileWords(code: FileFault): string {
  return spoken.files.faults[code];
}

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
