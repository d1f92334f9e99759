/** Gathers an image's facts from its dataset. Everything a scanner may leave out or get wrong has a stated fallback. */
import { bytesOf, decimal, decimals, item, text, word, words, type Attributes } from "./dataset";
import {
  Unshowable,
  type FrameFacts,
  type ImageFacts,
  type LookupTable,
  type Orientation,
  type Padding,
  type Palette,
  type Vector,
  type VoiFunction,
} from "./facts";
import { dentalOf } from "./dental";
import { expandSegments } from "./segments";
import { spacingOf } from "./spacing";
import { windowsOf } from "./voi";

const MOST_PIXELS = 1 << 28;
const MOST_FRAMES = 65536;
const NOTHING: FrameFacts = { slope: 1, intercept: 0, windows: [], position: null, orientation: null, spacing: null, spacingFrom: null, between: null };

/** Describe an image.
 *
 * @throws Unshowable when the dataset is no picture or claims an impossible size.
 */
export function describe(data: Attributes, transferSyntax: string): ImageFacts {
  if (!hasPixels(data)) throw new Unshowable("no-picture");
  return describeHead(data, transferSyntax);
}

/** Describe an image of which only what stands before its Pixel Data is there. */
export function describeHead(data: Attributes, transferSyntax: string): ImageFacts {
  const size = sizeOf(data);
  const perFrame = framesOf(data, size.frames);
  const floating = data.dataSet.elements["x7fe00009"] ? 64 : data.dataSet.elements["x7fe00008"] ? 32 : 0;
  const bits = bitsOf(data, floating);
  return {
    transferSyntax,
    sopClass: text(data, "x00080016") ?? "",
    modality: text(data, "x00080060") ?? "",
    ...size,
    samples: word(data, "x00280002") ?? 1,
    ...bits,
    floating: floating > 0,
    photometric: text(data, "x00280004") ?? "MONOCHROME2",
    planar: word(data, "x00280006") === 1,
    padding: paddingOf(data, bits.signed),
    palette: paletteOf(data, bits.signed),
    modalityTable: modalityTableOf(data, bits.signed),
    voiFunction: voiFunctionOf(data, floating > 0 || measuresFractions(perFrame)),
    pixelAspect: aspectOf(data),
    dental: dentalOf(data),
    perFrame,
  };
}

function sizeOf(data: Attributes): Pick<ImageFacts, "rows" | "columns" | "frames"> {
  const rows = word(data, "x00280010") ?? 0;
  const columns = word(data, "x00280011") ?? 0;
  const frames = Math.max(1, decimal(data, "x00280008") ?? 1);
  if (rows * columns === 0) throw new Unshowable("damaged", "no rows or columns");
  if (rows * columns > MOST_PIXELS || frames > MOST_FRAMES) throw new Unshowable("size");
  return { rows, columns, frames };
}

function hasPixels(data: Attributes): boolean {
  return ["x7fe00010", "x7fe00008", "x7fe00009"].some((tag) => data.dataSet.elements[tag] !== undefined);
}

function bitsOf(data: Attributes, floating: number): Pick<ImageFacts, "bitsAllocated" | "bitsStored" | "highBit" | "signed"> {
  const bitsAllocated = floating || (word(data, "x00280100") ?? 16);
  if (![1, 8, 16, 32, 64].includes(bitsAllocated)) throw new Unshowable("kind", `${String(bitsAllocated)} bits`);
  const bitsStored = Math.min(bitsAllocated, floating || (word(data, "x00280101") ?? bitsAllocated) || bitsAllocated);
  const highBit = Math.min(bitsAllocated - 1, word(data, "x00280102") ?? bitsStored - 1);
  return { bitsAllocated, bitsStored, highBit: Math.max(highBit, bitsStored - 1), signed: word(data, "x00280103") === 1 };
}

function paddingOf(data: Attributes, signed: boolean): Padding | null {
  const value = word(data, "x00280120", signed);
  if (value === null) return null;
  const other = word(data, "x00280121", signed) ?? value;
  return { low: Math.min(value, other), high: Math.max(value, other) };
}

function paletteOf(data: Attributes, signed: boolean): Palette | null {
  const [count, , bits] = words(data, "x00281101");
  if (count === undefined || bits === undefined) return null;
  const colours = ["x00281201", "x00281202", "x00281203"].map((tag) => colourTable(data, tag, count || 65536, bits));
  const [red, green, blue] = colours;
  if (!red || !green || !blue) return null;
  return { first: words(data, "x00281101", signed)[1] ?? 0, red, green, blue };
}

/** Entries are 8 or 16 bits wide whatever the descriptor says; the length of the data decides (PS3.3 C.7.6.3.1.5). */
function colourTable(data: Attributes, tag: string, count: number, bits: number): Uint8Array | null {
  const view = bytesOf(data, data.dataSet.elements[tag]);
  if (view === null) return segmentedTable(data, tag.replace("x0028120", "x0028122"), count, bits);
  if (view.byteLength < 2 * count) return new Uint8Array(view.buffer, view.byteOffset, Math.min(count, view.byteLength)).slice();
  const shift = bits > 8 ? 8 : 0;
  return Uint8Array.from({ length: count }, (_, i) => view.getUint16(2 * i, !data.bigEndian) >> shift);
}

function segmentedTable(data: Attributes, tag: string, count: number, bits: number): Uint8Array | null {
  const segments = words(data, tag);
  if (segments.length === 0) return null;
  const shift = bits > 8 ? 8 : 0;
  return Uint8Array.from(expandSegments(segments, count), (entry) => entry >> shift);
}

function modalityTableOf(data: Attributes, signed: boolean): LookupTable | null {
  const table = item(data, "x00283000");
  if (table === null) return null;
  const [count] = words(table, "x00283002");
  const first = words(table, "x00283002", signed)[1];
  const entries = words(table, "x00283006");
  if (count === undefined || first === undefined || entries.length < (count || 65536)) return null;
  return { first, entries: Float32Array.from(entries.slice(0, count || 65536)) };
}

/** The plain linear function counts in whole grey values; fractions that come without a window are shown by the exact one. */
function voiFunctionOf(data: Attributes, fractions: boolean): VoiFunction {
  const said = text(data, "x00281056") ?? sharedVoiFunction(data);
  if (said === "SIGMOID" || said === "LINEAR_EXACT") return said;
  return fractions ? "LINEAR_EXACT" : "LINEAR";
}

/** An enhanced image says it in its functional groups (PS3.3 C.7.6.16.2.10); one for all its frames. */
function sharedVoiFunction(data: Attributes): string | null {
  const groups = ["x52009229", "x52009230"].map((tag) => item(data, tag));
  const macros = groups.map((group) => (group === null ? null : item(group, "x00289132")));
  return macros.map((macro) => (macro === null ? null : text(macro, "x00281056"))).find((said) => said !== null) ?? null;
}

function measuresFractions([first]: readonly FrameFacts[]): boolean {
  return first !== undefined && first.windows.length === 0 && !Number.isInteger(first.slope);
}

function aspectOf(data: Attributes): number {
  const [vertical, horizontal] = decimals(data, "x00280034");
  return vertical && horizontal && vertical > 0 && horizontal > 0 ? horizontal / vertical : 1;
}

function framesOf(data: Attributes, frames: number): FrameFacts[] {
  const whole: Whole = { modality: text(data, "x00080060") ?? "", signed: word(data, "x00280103") === 1 };
  const plain = frameFacts(data, NOTHING, whole);
  const shared = item(data, "x52009229");
  const base = shared === null ? plain : groupFacts(shared, plain, whole);
  const items = data.dataSet.elements["x52009230"]?.items?.length ?? 0;
  if (items === 0) return [base];
  return Array.from({ length: frames }, (_, i) => {
    const group = item(data, "x52009230", i);
    return group === null ? base : groupFacts(group, base, whole);
  });
}

/** What facts of a frame depend on and what only the whole image says. */
interface Whole {
  readonly modality: string;
  readonly signed: boolean;
}

/** Facts as a single-frame image says them. */
function frameFacts(data: Attributes, base: FrameFacts, whole: Whole): FrameFacts {
  const found = spacingOf(data, whole.modality);
  return {
    slope: decimal(data, "x00281053") || base.slope,
    intercept: decimal(data, "x00281052") ?? base.intercept,
    windows: windowsOf(data, whole.signed) ?? base.windows,
    position: (vector(data, "x00200032", 3) as Vector | null) ?? base.position,
    orientation: (vector(data, "x00200037", 6) as Orientation | null) ?? base.orientation,
    spacing: found?.spacing ?? base.spacing,
    spacingFrom: found?.from ?? base.spacingFrom,
    between: decimal(data, "x00180088") ?? base.between,
  };
}

/** Facts as functional groups of an enhanced image say them (PS3.3 C.7.6.16.2). */
function groupFacts(group: Attributes, base: FrameFacts, whole: Whole): FrameFacts {
  return ["x00289145", "x00289132", "x00209113", "x00209116", "x00289110"].reduce((facts, tag) => {
    const macro = item(group, tag);
    return macro === null ? facts : frameFacts(macro, facts, whole);
  }, base);
}

function vector(data: Attributes, tag: string, length: number): readonly number[] | null {
  const values = decimals(data, tag);
  return values.length === length ? values : null;
}
