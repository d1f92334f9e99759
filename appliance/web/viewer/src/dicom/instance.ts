/** Opens a DICOM Part 10 stream: facts first, frames one by one on demand. */
import * as dicomParser from "dicom-parser";
import { aboutOf, type About } from "./about";
import type { Attributes } from "./dataset";
import { describe, describeHead } from "./describe";
import { Unshowable, type ImageFacts } from "./facts";
import { frameBytes, type FrameBytes } from "./frames";
import { findSyntax, type Syntax } from "./syntaxes";

export interface Instance {
  readonly facts: ImageFacts;
  /** What its dataset says of patient, scanner and exposure. */
  readonly about: About;
  readonly syntax: Syntax;
  /** The bytes of one frame, still coded; native frames of 1 bit keep their bit offset in `skipBits`. */
  readonly frame: (index: number) => FrameBytes;
}

/** Opens a deflated dataset; given by the platform, which has a decompressor of its own. */
export type Inflate = (bytes: Uint8Array) => Promise<Uint8Array>;

/** Open one stored object.
 *
 * @param bytes a whole Part 10 stream; frames are views into it.
 * @throws Unshowable for a damaged stream, an unknown transfer syntax, or an object without a picture.
 */
export async function openInstance(bytes: Uint8Array, inflate: Inflate): Promise<Instance> {
  const meta = readMeta(bytes);
  const syntax = findSyntax(meta.transferSyntax);
  if (syntax === null) throw new Unshowable("syntax", meta.transferSyntax);
  const whole = syntax.deflated ? await inflated(bytes, meta.datasetOffset, inflate) : bytes;
  const data: Attributes = { dataSet: parsed(whole, meta.transferSyntax, syntax), bigEndian: syntax.bigEndian };
  const facts = describe(data, meta.transferSyntax);
  return { facts, about: aboutOf(data), syntax, frame: (index) => frameBytes(data, facts, syntax, index) };
}

/** Open the beginning of a stored object, up to its Pixel Data: all that it says of its picture.
 *
 * @throws Unshowable as `openInstance` does.
 */
export function openHead(bytes: Uint8Array): Pick<Instance, "facts" | "about"> {
  const { transferSyntax } = readMeta(bytes);
  const syntax = findSyntax(transferSyntax);
  if (syntax === null || syntax.deflated) throw new Unshowable("syntax", transferSyntax);
  const data: Attributes = { dataSet: dicomParser.parseDicom(bytes, { TransferSyntaxUID: transferSyntax }), bigEndian: syntax.bigEndian };
  return { facts: describeHead(data, transferSyntax), about: aboutOf(data) };
}

interface Meta {
  readonly transferSyntax: string;
  readonly datasetOffset: number;
}

/** Read the file meta group (PS3.10 7.1), always Explicit VR Little Endian, and find where it ends. */
export function readMeta(bytes: Uint8Array): Meta {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 132;
  let transferSyntax = "";
  if (bytes.length < 140 || view.getUint32(128, false) !== 0x4449434d) throw new Unshowable("damaged", "no DICOM prefix");
  while (at + 8 <= bytes.length && view.getUint16(at, true) === 2) {
    const long = ["OB", "UN", "OW", "SQ", "UT"].includes(latin(bytes, at + 4, 2));
    const start = at + (long ? 12 : 8);
    const length = long && start <= bytes.length ? view.getUint32(at + 8, true) : view.getUint16(at + 6, true);
    if (start + length > bytes.length) throw new Unshowable("damaged", "file meta cut short");
    if (view.getUint16(at + 2, true) === 0x0010) transferSyntax = latin(bytes, start, length).replace(/[\0 ]+$/, "");
    at = start + length;
  }
  return { transferSyntax, datasetOffset: at };
}

function latin(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

async function inflated(bytes: Uint8Array, at: number, inflate: Inflate): Promise<Uint8Array> {
  const dataset = await inflate(bytes.subarray(at)).catch(() => {
    throw new Unshowable("damaged", "deflated data");
  });
  const whole = new Uint8Array(at + dataset.length);
  whole.set(bytes.subarray(0, at));
  whole.set(dataset, at);
  return whole;
}

/** A damaged tail is no reason to hide a picture that is there: what was read before the damage is used. */
function parsed(bytes: Uint8Array, transferSyntax: string, syntax: Syntax): dicomParser.DataSet {
  try {
    const given = syntax.deflated ? { inflater: (whole: Uint8Array) => whole } : {};
    return dicomParser.parseDicom(bytes, { TransferSyntaxUID: transferSyntax, ...given });
  } catch (error) {
    const partial = (error as { dataSet?: dicomParser.DataSet } | null)?.dataSet;
    if (partial?.elements["x7fe00010"] !== undefined) return partial;
    throw new Unshowable("damaged", "cannot be read");
  }
}
