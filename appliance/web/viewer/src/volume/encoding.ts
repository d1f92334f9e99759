/**
 * Grey values as half floats, the one texture format that every WebGL2 device filters. A half float holds whole numbers
 * exactly up to 2048 either side of zero, so an offset of 1048 keeps -1000..3096 exact; other ranges get their own offset,
 * wider ones a scale as well. Readings never come from here: they come from the stored values.
 */
import type { FrameFacts, Padding, Stored } from "../dicom/facts";
import { areWords } from "../assembly";
import { openHalves, type Halves } from "../halves";

/** half = (grey - offset) * scale. */
export interface Encoding {
  readonly offset: number;
  readonly scale: number;
  readonly low: number;
  readonly high: number;
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

const REACH = 2048; // whole numbers are exact up to here in binary16
export const USUAL: Encoding = { offset: 1048, scale: 1, low: -1000, high: 3096 };

/** Choose how to keep grey values from `low` to `high`; `whole` says that they are whole numbers. */
export function chooseEncoding({ low, high }: Range, whole: boolean): Encoding {
  if (whole && low >= USUAL.low && high <= USUAL.high) return USUAL;
  if (whole && high - low <= 2 * REACH) {
    const offset = Math.round((low + high) / 2);
    return { offset, scale: 1, low: offset - REACH, high: offset + REACH };
  }
  const margin = (high - low) / 8 || 1;
  const offset = (low + high) / 2;
  return { offset, scale: REACH / ((high - low) / 2 + margin), low: low - margin, high: high + margin };
}

/** Say whether an encoding holds a range. */
export function holds(encoding: Encoding, range: Range): boolean {
  return range.low >= encoding.low && range.high <= encoding.high;
}

/** Put the two ranges together. */
export function joined(one: Range | null, other: Range): Range {
  return one === null ? other : { low: Math.min(one.low, other.low), high: Math.max(one.high, other.high) };
}

/** Turn a number into binary16 bits, rounding to the nearest, ties to even. Source: IEEE 754-2008 4.3.1. */
export function halfBits(value: number): number {
  const sign = value < 0 ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundEven(size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  const fraction = roundEven((size / 2 ** exponent) * 1024);
  return sign | (((exponent + 15) << 10) + fraction - 1024);
}

function roundEven(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}

let shared: Halves | null = null;

function sharedHalves(): Halves | null {
  return (shared ??= openHalves());
}

/**
 * What turns stored values into half bits; it keeps its table, so use one for all frames alike. All share the memory of an
 * answer: be done with it before the next is asked for, of whichever.
 */
export type Encoder = (stored: Stored) => Uint16Array;

/** Make an encoder for frames that share slope, intercept and padding.
 *
 * @param blank the grey value that padding takes, so that it stays dark.
 */
export function makeEncoder(encoding: Encoding, frame: Pick<FrameFacts, "slope" | "intercept">, padding: Padding | null, blank: number, quick = sharedHalves()): Encoder {
  const encode = (stored: number): number => {
    const padded = padding !== null && stored >= padding.low && stored <= padding.high;
    const grey = padded ? blank : stored * frame.slope + frame.intercept;
    return halfBits((grey - encoding.offset) * encoding.scale);
  };
  const unsigned = tableOf(encode, 0);
  const signed = tableOf(encode, 1);
  let halves = new Uint16Array(0);
  return (stored) => {
    if (stored.BYTES_PER_ELEMENT > 2) return Uint16Array.from(stored, encode);
    const isSigned = stored instanceof Int16Array || stored instanceof Int8Array;
    const table = isSigned ? signed() : unsigned();
    const looked = areWords(stored) ? quick?.through(table, stored) : null;
    if (looked) return looked;
    if (halves.length !== stored.length) halves = new Uint16Array(stored.length);
    return throughTable(stored, table, halves);
  };
}

/** One entry for each 16-bit pattern, made when first needed. */
function tableOf(encode: (stored: number) => number, sign: 0 | 1): () => Uint16Array {
  let table: Uint16Array | null = null;
  return () => (table ??= Uint16Array.from({ length: 65536 }, (_, bits) => encode(sign ? (bits << 16) >> 16 : bits)));
}

function throughTable(stored: Stored, table: Uint16Array, halves: Uint16Array): Uint16Array {
  for (let i = 0; i < stored.length; i++) halves[i] = table[(stored[i] as number) & 0xffff] as number;
  return halves;
}

/** A picture in memory: columns, rows, and samples a pixel, pixel after pixel. */
export interface Raster {
  readonly columns: number;
  readonly rows: number;
  readonly samples: number;
}

/** Average squares of `factor` x `factor` pixels; edges that do not fill a square are averaged over what is there. */
export function shrink(stored: Stored, from: Raster, factor: number): Float32Array {
  const across = Math.ceil(from.columns / factor);
  const down = Math.ceil(from.rows / factor);
  const small = new Float32Array(across * down * from.samples);
  for (let i = 0; i < small.length; i++) {
    const pixel = Math.floor(i / from.samples);
    const corner = { x: (pixel % across) * factor, y: Math.floor(pixel / across) * factor, sample: i % from.samples };
    small[i] = meanOf(stored, from, corner, factor);
  }
  return small;
}

function meanOf(stored: Stored, from: Raster, corner: { x: number; y: number; sample: number }, factor: number): number {
  const right = Math.min(from.columns, corner.x + factor);
  const bottom = Math.min(from.rows, corner.y + factor);
  let sum = 0;
  for (let y = corner.y; y < bottom; y++) {
    for (let x = corner.x; x < right; x++) sum += stored[(y * from.columns + x) * from.samples + corner.sample] ?? 0;
  }
  return sum / ((right - corner.x) * (bottom - corner.y));
}
