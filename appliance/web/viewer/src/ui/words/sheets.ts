/** The words of the sheets over the pictures; fetched with them. */
import { SHEETS } from "./english_sheets";
import { spoken } from "./spoken";

const sheets = await spoken(SHEETS, {
  es: async () => (await import("./spanish_sheets")).SHEETS,
  pt: async () => (await import("./portuguese_sheets")).SHEETS,
});

export const SHEET_WORDS = sheets.words;

/** Every key and gesture, under headings. */
export const KEYS = sheets.keys;
