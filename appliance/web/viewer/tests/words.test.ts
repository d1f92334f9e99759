/** The viewer's words: every language says everything that English says, in words of its own. */
import { describe, expect, it } from "vitest";
import { windowWords } from "../src/ui/words";
import { ENGLISH as ENGLISH_PICTURES } from "../src/ui/words/english";
import { FILES as ENGLISH_FILES } from "../src/ui/words/english_files";
import { SHEETS as ENGLISH_SHEETS } from "../src/ui/words/english_sheets";
import { PORTUGUESE as PORTUGUESE_PICTURES } from "../src/ui/words/portuguese";
import { FILES as PORTUGUESE_FILES } from "../src/ui/words/portuguese_files";
import { SHEETS as PORTUGUESE_SHEETS } from "../src/ui/words/portuguese_sheets";
import { SPANISH as SPANISH_PICTURES } from "../src/ui/words/spanish";
import { FILES as SPANISH_FILES } from "../src/ui/words/spanish_files";
import { SHEETS as SPANISH_SHEETS } from "../src/ui/words/spanish_sheets";

/** All that a language says, of whichever file. */
const whole = (pictures: typeof ENGLISH_PICTURES, files: typeof ENGLISH_FILES, sheets: typeof ENGLISH_SHEETS) => ({ ...pictures, files, sheets: sheets.words, keys: sheets.keys });
const ENGLISH = whole(ENGLISH_PICTURES, ENGLISH_FILES, ENGLISH_SHEETS);
const SPANISH = whole(SPANISH_PICTURES, SPANISH_FILES, SPANISH_SHEETS);
const PORTUGUESE = whole(PORTUGUESE_PICTURES, PORTUGUESE_FILES, PORTUGUESE_SHEETS);
type Language = typeof ENGLISH;

/** What is the same in more than one of the languages, and rightly so. */
const SHARED = new Set([".", ",", "", "Axial", "Coronal", "3D", "Zoom", "zoom", "Zoom 1 %", "Mouse", "Delete", "Home, End", "Software", "Kernel", "CTDIvol", "Voxels"]);
const NUMBERS = { count: 3, least: 0.25, most: 1.5, degrees: 7.5, mm: 0.3, said: true };

/** Every text with its place; a function is asked for its text with one of everything. */
function texts(part: unknown, place: string): [string, string][] {
  if (typeof part === "string") return [[place, part]];
  if (typeof part === "function") return [[place, (part as (...given: unknown[]) => string)(...(place.includes("oddities") ? [NUMBERS] : [1, 2]))]];
  return Object.entries(part as object).flatMap(([key, inner]) => texts(inner, `${place}.${key}`));
}

const places = (language: Language): string[] => texts(language, "").map(([place]) => place);

describe.each([
  ["Spanish", SPANISH],
  ["Portuguese", PORTUGUESE],
] as const)("in %s", (_name, language) => {
  it("has exactly the keys that English has", () => {
    expect(places(language)).toEqual(places(ENGLISH));
  });

  it("says nothing in English", () => {
    const english = new Map(texts(ENGLISH, ""));
    const key = /^\.keys\.\d+\.1\.\d+\.0$/; // what stands on a key of the keyboard
    const same = texts(language, "").filter(([place, words]) => words === english.get(place) && !SHARED.has(words) && !key.test(place));
    expect(same).toEqual([]);
  });

  it("names the same tools in its sheet of keys, in the same order", () => {
    expect(language.keys.map(([, rows]) => rows.length)).toEqual(ENGLISH.keys.map(([, rows]) => rows.length));
  });

  it("says both one and many, and answers every status", () => {
    for (const say of [language.words.missing, (count: number) => language.oddities.missing({ code: "missing", count })]) {
      expect(say(1)).not.toBe(say(2));
      expect(say(2)).toContain("2");
    }
    for (const status of [401, 403, 404, 410, 423, 429, 500, 503]) expect(language.refusal(status)).not.toBe(ENGLISH.refusal(status));
  });

  it("writes fractions with a comma", () => {
    expect(language.words.decimal).toBe(",");
    expect(language.oddities.tilted({ code: "tilted", degrees: 7.5 })).toContain("7,5°");
  });
});

describe("without a page", () => {
  it("names windows by the scanner's word, or by one of ours", () => {
    expect(["BONE", "Automatic", "Scanner's own 2"].map(windowWords)).toEqual(["BONE", "Automatic", "Scanner's own 2"]);
  });
});
