/** Every word of the offer to store files in the box, in English. */
const images = (count: number) => (count === 1 ? "1 image" : `${count.toLocaleString("en")} images`);

/** Why the box did not store a file (PS3.4 table B.2-1); the numbers are those of its conformance statement. */
const REASONS: Readonly<Record<number, string>> = {
  0x0117: "it does not say what it is, or which study it belongs to",
  0x0122: "it is of a kind that the box does not keep",
  0x0124: "your right to store ended while it was sent",
  0xa700: "the box has no space left for it",
  0xa701: "it, or all that was sent with it, is larger than the box takes",
  0xa702: "the box could not take it just now; try again",
  0xa900: "it says two different things about what it is",
  0xc000: "it is no DICOM file, or cannot be read",
  0xc001: "it was cut off, or is not whole",
};

/** Why the box took nothing. */
const STATUSES: Readonly<Record<number, string>> = {
  0: "The box could not be reached, or the files cannot be read any more. When both are there again, go on.",
  401: "The screen was locked, or you are signed out. Unlock it here, or sign in in another tab; then go on.",
  403: "Your account may not store images, or this page is too old. Reload it and choose the files again.",
  413: "One file is larger than the box takes.",
  503: "The box is busy, or locked. Go on in a moment.",
  507: "The box has no space left. Tell whoever looks after it.",
};

export const STORING = {
  offer: "Store in the box",
  isStored: "Stored in the box",
  title: "Store this study in the box?",
  patient: "Patient",
  patientId: "Patient ID",
  birthDate: "Born on",
  study: "Study",
  images: "To store",
  amount: (count: number, series: number, megabytes: string) => `${images(count)} in ${series === 1 ? "1 series" : `${series.toLocaleString("en")} series`} · ${megabytes}`,
  check: "Check that this is the right patient: the box files the images under this name. What it has already is kept once.",
  otherTitle: "The disc's table of contents names somebody else",
  other: (names: string) => `The table of contents (DICOMDIR) says: ${names}. What stands here, and what would be stored, is what the files themselves say.`,
  looked: "I have looked: these are the patient and the images that I want to store",
  storeImages: (count: number) => `Store ${images(count)}`,
  notNow: "Not now",
  storing: "Storing in the box",
  progress: (done: number, all: number, megabytes: string, allMegabytes: string) => `${done.toLocaleString("en")} of ${images(all)} · ${megabytes} of ${allMegabytes}`,
  stop: "Stop",
  allStored: (count: number) => (count === 1 ? "The image is stored" : `All ${images(count)} are stored`),
  someStored: (stored: number, all: number) => (stored === 0 ? "Nothing was stored" : `${stored.toLocaleString("en")} of ${images(all)} are stored`),
  stopped: "You stopped it. What is stored stays; going on sends only the rest.",
  after: "They are on the box's disk, encrypted, and in the study list within seconds. Keep the disc or files until the study's page shows a second copy.",
  nothingChanged: "The files on this computer are as they were.",
  show: "Show the study",
  again: "Try the rest again",
  goOn: "Go on",
  close: "Close",
  failed: "the box could not store it now; try again",
  refused: "The box could not take the files now. Go on in a moment.",
  reasons: REASONS,
  statuses: STATUSES,
};

export type StoringLanguage = typeof STORING;
