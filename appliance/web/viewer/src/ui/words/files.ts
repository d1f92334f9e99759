/** The words of the page on which a person's own files are opened; that page alone fetches them. */
import type { FileFault } from "../../local/source";
import type { ZipFault } from "../../local/zip";
import { FILES } from "./english_files";
import { spoken } from "./spoken";

const files = await spoken(FILES, {
  es: async () => (await import("./spanish_files")).FILES,
  pt: async () => (await import("./portuguese_files")).FILES,
});

export const FILES_WORDS = files.words;
export const STORING_WORDS = files.storing;

/** Say why an archive was not opened. */
export function zipWords(code: ZipFault): string {
  return files.archives[code];
}

/** Say why one file cannot be read. */
export function fileWords(code: FileFault): string {
  return files.faults[code];
}
