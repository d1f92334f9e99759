/** Decodes one frame to stored grey values or to RGB: chooses the decoder, then settles bits, sign and colour. */
import { applyPalette, spreadChrominance, toRgb } from "./colour";
import type { FrameBytes } from "./frames";
import { Unshowable, type FramePixels, type ImageFacts, type Stored } from "./facts";
import { keepStoredBits, unpackSamples } from "./native";
import { decodeRle } from "./rle";
import { findSyntax } from "./syntaxes";
import { wideExtentOf } from "./wide_extent";

/** What a codec gives: samples of `bits` precision, in pixel order, and what they mean if the codec changed it. */
export interface Decoded {
  readonly samples: Stored;
  readonly rows: number;
  readonly columns: number;
  readonly components: number;
  readonly bits: number;
  readonly signed: boolean;
  readonly photometric: string | null;
}

/** The compressed codings; loaded only when a frame needs them. */
export interface Codecs {
  jpeg(coded: Uint8Array, facts: ImageFacts): Promise<Decoded>;
  jpegLs(coded: Uint8Array, facts: ImageFacts): Promise<Decoded>;
  jpeg2000(coded: Uint8Array, facts: ImageFacts): Promise<Decoded>;
  htj2k(coded: Uint8Array, facts: ImageFacts): Promise<Decoded>;
  inflate(coded: Uint8Array): Promise<Uint8Array>;
}

/** A frame's coded bytes; `isOwn` where nobody else looks at them, so that samples may stay where they lie. */
export interface Coded extends FrameBytes {
  readonly isOwn: boolean;
}

/** Decode a frame.
 *
 * @throws Unshowable when the bytes are damaged or of a kind that no decoder here knows.
 */
export async function decodeFrame(codecs: Codecs, facts: ImageFacts, frame: Coded): Promise<FramePixels> {
  const coded = frame.bytes;
  const syntax = findSyntax(facts.transferSyntax);
  switch (syntax?.coding) {
    case "native":
    case "frames-native":
      return plain(facts, frame, syntax.bigEndian);
    case "frames-deflated":
      return plain(facts, { ...frame, bytes: await codecs.inflate(coded), isOwn: true }, false);
    case "rle":
      return fromRle(facts, coded);
    case "jpeg":
      return settled(facts, await codecs.jpeg(coded, facts));
    case "jpeg-ls":
      return settled(facts, await codecs.jpegLs(coded, facts));
    case "jpeg-2000":
      return settled(facts, await codecs.jpeg2000(coded, facts));
    case "htj2k":
      return settled(facts, await codecs.htj2k(coded, facts));
    default:
      throw new Unshowable("syntax", facts.transferSyntax);
  }
}

function plain(facts: ImageFacts, { bytes, skipBits, isOwn }: Coded, bigEndian: boolean): FramePixels {
  const pixels = facts.rows * facts.columns;
  if (facts.photometric === "YBR_FULL_422" && facts.samples === 3) {
    const pairs = unpackSamples(facts, bytes, 2 * pixels, bigEndian);
    return { kind: "colour", rgb: toRgb(facts, spreadChrominance(pairs, pixels), "YBR_FULL", false) };
  }
  return meaning(facts, unpackSamples(facts, bytes, pixels * facts.samples, bigEndian, skipBits, isOwn), facts.photometric, facts.planar);
}

/** RLE keeps each sample in a plane of its own; 1-bit pictures keep their packed bytes. */
function fromRle(facts: ImageFacts, coded: Uint8Array): FramePixels {
  const pixels = facts.rows * facts.columns;
  const bytesEach = Math.max(1, facts.bitsAllocated >> 3);
  const units = facts.bitsAllocated === 1 ? Math.ceil(pixels / 8) : pixels;
  const bytes = decodeRle(coded, units, facts.samples, bytesEach);
  return meaning(facts, unpackSamples(facts, bytes, pixels * facts.samples, false), facts.photometric, true);
}

function settled(facts: ImageFacts, decoded: Decoded): FramePixels {
  if (decoded.rows !== facts.rows || decoded.columns !== facts.columns || decoded.components !== facts.samples) {
    throw new Unshowable("damaged", "coded picture has another size");
  }
  const samples = facts.samples === 1 ? corrected(facts, decoded) : decoded.samples;
  return meaning({ ...facts, bitsStored: decoded.bits }, samples, decoded.photometric ?? facts.photometric, false);
}

/** Codestreams sometimes disagree with the dataset about the sign: the dataset's word decides (PS3.5 8.2). */
function corrected(facts: ImageFacts, decoded: Decoded): Stored {
  const { samples, bits } = decoded;
  if (decoded.signed === facts.signed || samples instanceof Float32Array || samples instanceof Float64Array) return samples;
  const asSaid = resigned(samples, facts.signed);
  return keepStoredBits({ ...facts, bitsStored: bits, highBit: bits - 1 }, asSaid);
}

function resigned(samples: Stored, signed: boolean): Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array {
  const { buffer, byteOffset, length } = samples;
  if (samples.BYTES_PER_ELEMENT === 1) return signed ? new Int8Array(buffer, byteOffset, length) : new Uint8Array(buffer, byteOffset, length);
  if (samples.BYTES_PER_ELEMENT === 2) return signed ? new Int16Array(buffer, byteOffset, length) : new Uint16Array(buffer, byteOffset, length);
  return signed ? new Int32Array(buffer, byteOffset, length) : new Uint32Array(buffer, byteOffset, length);
}

function meaning(facts: ImageFacts, samples: Stored, photometric: string, planar: boolean): FramePixels {
  if (facts.samples > 1) return { kind: "colour", rgb: toRgb(facts, samples, photometric, planar) };
  if (photometric === "PALETTE COLOR" && facts.palette !== null) return { kind: "colour", rgb: applyPalette(facts.palette, samples) };
  const stored = facts.modalityTable === null ? samples : throughTable(facts.modalityTable.first, facts.modalityTable.entries, samples);
  return { kind: "grey", stored, extent: wideExtentOf(stored, facts.padding) };
}

/** The modality table takes the place of slope and intercept (PS3.3 C.11.1). */
function throughTable(first: number, entries: Float32Array, samples: Stored): Float32Array {
  const last = entries.length - 1;
  return Float32Array.from(samples, (value) => entries[Math.min(last, Math.max(0, value - first))] ?? 0);
}
