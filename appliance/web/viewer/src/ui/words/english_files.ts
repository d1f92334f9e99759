/** Every word of the page on which a person's own files are opened, in English. */
import type { FileFault } from "../../local/source";
import type { ZipFault } from "../../local/zip";
import { STORING } from "./english_storing";

const WORDS = {
  looking: "Looking through the files",
  count: (done: number, all: number) => `${done.toLocaleString("en")} of ${all.toLocaleString("en")} files`,
  nothing: "No dental or medical images in what you chose",
  nothingMore: "Enamel opens DICOM files, as scanners and imaging discs hold them. Photos (JPEG, PNG) and PDF files are something else.",
  unreadable: "Your browser could not read what you dropped. Choose it with a button instead.",
  noName: "No name",
  noStudy: "Study",
  noSeries: "Series",
  view: "View images",
  born: (date: string) => `born ${date}`,
  files: (count: number, megabytes: string) => `${count === 1 ? "1 file" : `${count.toLocaleString("en")} files`} · ${megabytes}`,
  back: "Files",
  local: "From this computer, not from the box",
  others: (count: number) => (count === 1 ? "1 other file is not DICOM and was left alone." : `${count.toLocaleString("en")} other files are not DICOM and were left alone.`),
  copies: (count: number) => (count === 1 ? "1 file is there twice; it is shown once." : `${count.toLocaleString("en")} files are there twice; they are shown once.`),
  missingTitle: (count: number) => (count === 1 ? "1 file is missing" : `${count.toLocaleString("en")} files are missing`),
  missing: "The disc's own directory names more files than are here. Was the whole disc copied?",
  brokenTitle: (count: number) => (count === 1 ? "1 file is damaged" : `${count.toLocaleString("en")} files are damaged`),
  andMore: (count: number) => `and ${count.toLocaleString("en")} more`,
  refusedTitle: (name: string) => `${name} was not opened`,
};

const FAULTS: Readonly<Record<ZipFault, string>> = {
  damaged: "The ZIP is damaged or was not copied to its end. Copy or download it again.",
  encrypted: "The ZIP is locked with a password. Unpack it on this computer with the password, then drop the folder here.",
  bomb: "The ZIP would unpack to far more than such an archive can honestly hold. It may be meant to do harm, so it was left alone.",
  split: "This is one part of a ZIP that was split. Unpack all of it on this computer, then drop the folder here.",
};

const FILE_FAULTS: Readonly<Record<FileFault, string>> = {
  medium: "the disc or stick could not be read here",
  place: "its place in the ZIP is damaged",
  packing: "it is packed in a way that browsers cannot undo; unpack the ZIP on this computer and drop the folder",
  packed: "its packed data is damaged",
  checksum: "it is not what the ZIP says it is",
  cut: "it is cut short",
  large: "it is larger than a browser can hold",
  beginning: "its beginning is damaged",
  damaged: "it cannot be read",
  series: "it does not say which series it belongs to",
  directory: "the disc's directory is damaged; its files were looked at one by one",
  "no-dicom": "it is not a DICOM file",
  "other-series": "the disc's directory is wrong about it",
};

/** What the page says, why an archive is not opened, and why a file cannot be read. */
export const FILES = { words: WORDS, archives: FAULTS, faults: FILE_FAULTS, storing: STORING };

export type FilesLanguage = typeof FILES;
