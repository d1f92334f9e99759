/** Finds the bytes of a frame inside Pixel Data, native or encapsulated (PS3.5 8.2 and A.4). */
import type { Element, Fragment } from "dicom-parser";
import { bytesOf, type Attributes } from "./dataset";
import { Unshowable, type ImageFacts } from "./facts";
import type { Syntax } from "./syntaxes";

export interface FrameBytes {
  readonly bytes: Uint8Array;
  readonly skipBits: number;
}

/** Cut one frame out of Pixel Data.
 *
 * @throws Unshowable when the frame is not there.
 */
export function frameBytes(data: Attributes, facts: ImageFacts, syntax: Syntax, index: number): FrameBytes {
  const elements = data.dataSet.elements;
  const element = elements["x7fe00010"] ?? elements["x7fe00008"] ?? elements["x7fe00009"];
  if (element === undefined) throw new Unshowable("no-picture");
  if (syntax.coding === "native" && element.fragments === undefined) return nativeFrame(data, facts, element, index);
  return { bytes: join(data, encapsulated(data, facts, element, index)), skipBits: 0 };
}

/** Bytes of a native frame in bits: 4:2:2 chrominance takes two samples a pixel (PS3.3 C.7.6.3.1.2). */
function frameBits(facts: ImageFacts): number {
  const samples = facts.photometric === "YBR_FULL_422" && facts.samples === 3 ? 2 : facts.samples;
  return facts.rows * facts.columns * samples * facts.bitsAllocated;
}

function nativeFrame(data: Attributes, facts: ImageFacts, element: Element, index: number): FrameBytes {
  const view = inByteOrder(data, facts, element);
  const bits = frameBits(facts);
  const from = Math.floor((index * bits) / 8);
  const to = Math.ceil(((index + 1) * bits) / 8);
  if (view === null || from >= view.byteLength) throw new Unshowable("damaged", "pixel data missing");
  if (to > view.byteLength) throw new Unshowable("damaged", "pixel data cut short");
  return { bytes: new Uint8Array(view.buffer, view.byteOffset + from, to - from), skipBits: (index * bits) % 8 };
}

/** Samples of 8 bits or fewer lie in 16-bit words when the VR is OW, and so are swapped in big endian (PS3.5 8.1.1, 7.3). */
function inByteOrder(data: Attributes, facts: ImageFacts, element: Element): DataView | null {
  const view = bytesOf(data, element);
  if (view === null || !data.bigEndian || facts.bitsAllocated > 8 || element.vr !== "OW") return view;
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
  for (let at = 0; at + 1 < bytes.length; at += 2) bytes.subarray(at, at + 2).reverse();
  return new DataView(bytes.buffer);
}

function encapsulated(data: Attributes, facts: ImageFacts, element: Element, index: number): readonly Fragment[] {
  const fragments = (element.fragments ?? []).filter((fragment) => fragment.length > 0);
  if (fragments.length === 0) throw new Unshowable("damaged", "no coded picture");
  if (facts.frames === 1) return fragments;
  const starts = startsOf(data, facts, element, fragments);
  const start = starts[index];
  if (start === undefined) throw new Unshowable("damaged", "coded picture missing");
  return fragments.slice(start, starts[index + 1] ?? fragments.length);
}

/** Index of each frame's first fragment: from an offset table, one a frame, or by looking for codestream starts. */
function startsOf(data: Attributes, facts: ImageFacts, element: Element, fragments: readonly Fragment[]): number[] {
  const base = fragments[0]?.offset ?? 0;
  const offsets = extendedOffsets(data) ?? element.basicOffsetTable ?? [];
  const byOffset = new Map(fragments.map((fragment, i) => [fragment.offset - base, i]));
  const starts = offsets.map((offset) => byOffset.get(offset));
  if (starts.length >= facts.frames && starts.every((start) => start !== undefined)) return starts;
  if (fragments.length === facts.frames) return fragments.map((_, i) => i);
  return fragments.flatMap((fragment, i) => (beginsCodestream(data, fragment) ? [i] : []));
}

/** The Extended Offset Table holds 64-bit offsets (PS3.3 C.7.6.3.1.8). */
function extendedOffsets(data: Attributes): number[] | null {
  const view = bytesOf(data, data.dataSet.elements["x7fe00001"]);
  if (view === null) return null;
  return Array.from({ length: view.byteLength >> 3 }, (_, i) => Number(view.getBigUint64(8 * i, true)));
}

/** JPEG and JPEG-LS begin FF D8 FF, JPEG 2000 FF 4F FF 51, its file form 00 00 00 0C. */
function beginsCodestream(data: Attributes, fragment: Fragment): boolean {
  const [a, b, c, d] = data.dataSet.byteArray.subarray(fragment.position, fragment.position + 4);
  if (a === 0xff && b === 0xd8) return c === 0xff;
  return (a === 0xff && b === 0x4f && c === 0xff && d === 0x51) || (a === 0 && b === 0 && c === 0 && d === 12);
}

function join(data: Attributes, fragments: readonly Fragment[]): Uint8Array {
  const bytes = data.dataSet.byteArray;
  const parts = fragments.map((fragment) => bytes.subarray(fragment.position, fragment.position + fragment.length));
  if (parts.length === 1 && parts[0]) return parts[0];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
