/** What one image says about itself, gathered from its dataset; plain values that travel between threads. */
import type { Extent } from "./extent";

/** A window as DICOM means it (PS3.3 C.11.2.1.2): centre and width in grey values after the modality rescale. */
export interface Window {
  readonly centre: number;
  readonly width: number;
  readonly name: string;
  /** A table in place of a straight line (PS3.3 C.11.2.1.1), stretched over the window: from centre - width / 2 to centre + width / 2. */
  readonly table?: VoiTable;
}

/** Brightness 0 to 1 for each grey value; `first` is the grey value that takes the first entry. */
export interface VoiTable {
  readonly first: number;
  readonly entries: Float32Array;
}

export type VoiFunction = "LINEAR" | "LINEAR_EXACT" | "SIGMOID";

export type Vector = readonly [number, number, number];

/** Row direction then column direction, as unit vectors in LPS (PS3.3 C.7.6.2.1.1). */
export type Orientation = readonly [number, number, number, number, number, number];

/** In mm: between rows, between columns. */
export type Spacing = readonly [number, number];

/**
 * What a spacing stands for (PS3.3 10.7.1.3): lengths in the patient; calibrated by an object of known size, by the geometry of the
 * exposure, or in a way that is not said; the detector's own pixels; a scanned film's; or Pixel Spacing of a projection without more words.
 */
export type SpacingSource = "patient" | "fiducial" | "geometry" | "calibrated" | "detector" | "scanned" | "unsaid";

/**
 * What an image says of the mouth: FDI numbers of the teeth, jaw, regions of it (1 central incisor to 8 third molar), side, and where
 * its rows and columns lead (Patient Orientation).
 */
export interface Dental {
  readonly teeth: readonly number[];
  readonly jaw: "upper" | "lower" | "both" | null;
  readonly regions: readonly number[];
  readonly side: "right" | "left" | "front" | null;
  readonly lies: readonly [string, string] | null;
}

/** What may differ from frame to frame. Positions and spacings are in mm; spacing is [between rows, between columns]. */
export interface FrameFacts {
  readonly slope: number;
  readonly intercept: number;
  readonly windows: readonly Window[];
  readonly position: Vector | null;
  readonly orientation: Orientation | null;
  readonly spacing: Spacing | null;
  readonly spacingFrom: SpacingSource | null;
  /** Spacing Between Slices, negative where the scanner says so; null where it says nothing. */
  readonly between: number | null;
}

/** Values that are no measurement (PS3.3 C.7.5.1.1.2): stored values from `low` to `high`, both included. */
export interface Padding {
  readonly low: number;
  readonly high: number;
}

/** A colour table (PS3.3 C.7.6.3.1.5): 8-bit colours, `first` is the stored value that takes the first entry. */
export interface Palette {
  readonly first: number;
  readonly red: Uint8Array;
  readonly green: Uint8Array;
  readonly blue: Uint8Array;
}

/** A modality or VOI table (PS3.3 C.11.1): `first` is the input that takes the first entry. */
export interface LookupTable {
  readonly first: number;
  readonly entries: Float32Array;
}

export interface ImageFacts {
  readonly transferSyntax: string;
  readonly sopClass: string;
  readonly modality: string;
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly samples: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
  /** Samples are IEEE floats (Float or Double Float Pixel Data). */
  readonly floating: boolean;
  readonly photometric: string;
  readonly planar: boolean;
  readonly padding: Padding | null;
  readonly palette: Palette | null;
  readonly modalityTable: LookupTable | null;
  readonly voiFunction: VoiFunction;
  /** Width of a pixel over its height, 1 where nothing is said. */
  readonly pixelAspect: number;
  readonly dental: Dental;
  readonly perFrame: readonly FrameFacts[];
}

export type Stored =
  Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array;

/** One decoded frame: stored grey values, or 8-bit red, green, blue triples; both [rows, columns], row after row. */
export type FramePixels =
  /**
   * `extent`: its least and greatest stored value without padding, where whoever decoded it has looked; null: it has none.
   * `isKept`: whoever decoded it can do so again, so that nobody else has to keep it.
   */
  | { readonly kind: "grey"; readonly stored: Stored; readonly extent?: Extent | null; readonly isKept?: boolean }
  | { readonly kind: "colour"; readonly rgb: Uint8Array };

/** Why an image cannot be shown. `code` chooses the words; `detail` names a transfer syntax, never a patient.
 *
 * Codecs are built apart and bring a copy of this class: what is thrown is known by its name.
 */
export class Unshowable extends Error {
  override readonly name = "Unshowable";

  static override [Symbol.hasInstance](thrown: unknown): boolean {
    return thrown instanceof Error && thrown.name === "Unshowable";
  }

  constructor(
    readonly code: "no-picture" | "syntax" | "damaged" | "kind" | "size" | "frames" | "unreadable",
    readonly detail: string = "",
  ) {
    super(`${code} ${detail}`.trim());
  }
}
