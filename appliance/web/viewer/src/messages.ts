/** What the worker tells the page, and what workers tell each other. Pixel arrays are transferred, never shared. */
import type { About } from "./dicom/about";
import type { FramePixels, ImageFacts } from "./dicom/facts";
import type { SeriesIndex } from "./dicomweb/stream";
import type { Chosen, Found } from "./local/scanning";
import type { LocalFile } from "./local/source";
import type { PreviewVolume } from "./volume/preview";

export type ProblemCode = "no-picture" | "syntax" | "damaged" | "kind" | "size" | "frames" | "unreadable";

export type FromReader =
  | { readonly type: "index"; readonly index: SeriesIndex }
  | { readonly type: "image"; readonly instance: number; readonly facts: ImageFacts; readonly about: About }
  | { readonly type: "frame"; readonly instance: number; readonly frame: number; readonly pixels: FramePixels }
  | { readonly type: "problem"; readonly instance: number; readonly frame: number | null; readonly code: ProblemCode; readonly detail: string }
  /** The whole series in small; the facts are of the image that comes first. */
  | { readonly type: "preview"; readonly facts: ImageFacts; readonly volume: PreviewVolume }
  /** Bytes that have come of all that will; null where that is not said. */
  | { readonly type: "progress"; readonly bytes: number; readonly all: number | null }
  /** The connection was cut and is taken up in so many seconds. */
  | { readonly type: "cut"; readonly seconds: number }
  /** It began anew with another series than before. */
  | { readonly type: "changed" }
  | { readonly type: "refused"; readonly status: number }
  | { readonly type: "broken" }
  | { readonly type: "done" };

/** What the page asks of its worker: the series stream at an address, files to look through, or a series of such files. */
export type ToReader =
  | string
  | Again
  | { readonly type: "scan"; readonly chosen: readonly Chosen[] }
  | { readonly type: "local"; readonly series: string; readonly files: readonly LocalFile[] };

/** To whoever keeps pictures of the series that was read last: give one again, take memory back for the next, or keep none. */
export type Again = { readonly type: "again"; readonly instance: number } | { readonly type: "back"; readonly memory: ArrayBuffer } | { readonly type: "forget" };

/** What it tells while it looks through files. */
export type FromScanner =
  | { readonly type: "scanning"; readonly done: number; readonly all: number }
  | { readonly type: "scanned"; readonly found: Found };

export interface DecodeTask {
  readonly instance: number;
  readonly frame: number;
  readonly facts: ImageFacts;
  readonly bytes: Uint8Array;
  readonly skipBits: number;
  /** The picture's bytes are for this frame alone. */
  readonly isOwn: boolean;
  /** It can be decoded again. */
  readonly isKept: boolean;
}

export type FromDecoder = Extract<FromReader, { type: "frame" | "problem" }>;

/** Arrays to hand over with a decoded frame. */
export function transferables(pixels: FramePixels): ArrayBuffer[] {
  return [(pixels.kind === "grey" ? pixels.stored : pixels.rgb).buffer as ArrayBuffer];
}
