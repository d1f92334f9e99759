/** Reads what a file says about itself before its pixels: whose it is, which series, where it lies. */
import * as dicomParser from "dicom-parser";
import { decimal, decimals, text, word, type Attributes } from "../dicom/dataset";
import { readMeta } from "../dicom/instance";
import { findSyntax } from "../dicom/syntaxes";
import { inflateRaw } from "../dicomweb/inflating";
import { readStart, readWhole, Unreadable, type LocalFile } from "./source";
import { readName, readText } from "./text";

/** Patient, study and series as a person would name them; dates as DICOM writes them (YYYYMMDD). */
export interface Subject {
  readonly patientName: string;
  readonly patientId: string;
  readonly birthDate: string;
  readonly study: string;
  readonly studyDate: string;
  readonly studyDescription: string;
  readonly series: string;
  readonly seriesNumber: number | null;
  readonly seriesDescription: string;
  readonly modality: string;
  readonly sop: string;
}

export interface Header extends Subject {
  readonly sopClass: string;
  readonly transferSyntax: string;
  readonly number: number | null;
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly bitsAllocated: number;
  readonly samples: number;
  readonly position: readonly number[] | null;
  readonly orientation: readonly number[] | null;
}

const FIRST_BYTES = 1 << 16;
const MOST_BYTES = 1 << 25;
const PREFIX_AT = 128; // PS3.10 7.1
const PIXEL_DATA = "x7fe00010";

/** Read a file's header; null when it is no DICOM file.
 *
 * @throws Unreadable when it is one, and damaged.
 */
export async function readHeader(file: LocalFile): Promise<Header | null> {
  const prefix = file.bytes < PREFIX_AT + 12 ? new Uint8Array(0) : await readStart(file, FIRST_BYTES);
  if (String.fromCharCode(...prefix.subarray(PREFIX_AT, PREFIX_AT + 4)) !== "DICM") return null;
  const transferSyntax = metaOf(prefix);
  const syntax = findSyntax(transferSyntax);
  const data = { dataSet: syntax?.deflated ? await parseDeflated(file) : await parse(file, prefix, transferSyntax), bigEndian: syntax?.bigEndian ?? false };
  const header = described(data, transferSyntax);
  if (header.series === "" || header.study === "") throw new Unreadable("series");
  return header;
}

function metaOf(bytes: Uint8Array): string {
  try {
    return readMeta(bytes).transferSyntax;
  } catch {
    throw new Unreadable("beginning");
  }
}

/** Parse up to the pixels, from as few bytes as will do. */
async function parse(file: LocalFile, start: Uint8Array, transferSyntax: string): Promise<dicomParser.DataSet> {
  for (let bytes = start; ; bytes = await readStart(file, 8 * bytes.length)) {
    try {
      return dicomParser.parseDicom(bytes, { TransferSyntaxUID: transferSyntax, untilTag: PIXEL_DATA });
    } catch (error) {
      if (bytes.length < Math.min(file.bytes, MOST_BYTES)) continue;
      const partial = (error as { dataSet?: dicomParser.DataSet } | null)?.dataSet;
      if (partial === undefined) throw new Unreadable("damaged");
      return partial;
    }
  }
}

async function parseDeflated(file: LocalFile): Promise<dicomParser.DataSet> {
  try {
    const bytes = await readWhole(file);
    const { transferSyntax, datasetOffset } = readMeta(bytes);
    const dataset = await inflateRaw(bytes.subarray(datasetOffset));
    const whole = new Uint8Array(datasetOffset + dataset.length);
    whole.set(bytes.subarray(0, datasetOffset));
    whole.set(dataset, datasetOffset);
    return dicomParser.parseDicom(whole, { TransferSyntaxUID: transferSyntax, untilTag: PIXEL_DATA, inflater: (bytes: Uint8Array) => bytes });
  } catch {
    throw new Unreadable("packed");
  }
}

/** What was read before a file's damage may end in the middle of a value. */
function described(data: Attributes, transferSyntax: string): Header {
  try {
    return headerOf(data, transferSyntax);
  } catch {
    throw new Unreadable("damaged");
  }
}

function headerOf(data: Attributes, transferSyntax: string): Header {
  const triple = decimals(data, "x00200032");
  const six = decimals(data, "x00200037");
  return {
    ...subjectOf(data),
    sopClass: text(data, "x00080016") ?? "",
    transferSyntax,
    number: decimal(data, "x00200013"),
    rows: word(data, "x00280010") ?? 0,
    columns: word(data, "x00280011") ?? 0,
    frames: Math.max(1, decimal(data, "x00280008") ?? 1),
    bitsAllocated: word(data, "x00280100") ?? 16,
    samples: word(data, "x00280002") ?? 1,
    position: triple.length === 3 ? triple : null,
    orientation: six.length === 6 ? six : null,
  };
}

function subjectOf(data: Attributes): Subject {
  return {
    patientName: readName(data, "x00100010"),
    patientId: readText(data, "x00100020"),
    birthDate: text(data, "x00100030") ?? "",
    study: text(data, "x0020000d") ?? "",
    studyDate: text(data, "x00080020") ?? "",
    studyDescription: readText(data, "x00081030"),
    series: text(data, "x0020000e") ?? "",
    seriesNumber: decimal(data, "x00200011"),
    seriesDescription: readText(data, "x0008103e"),
    modality: text(data, "x00080060") ?? "",
    sop: text(data, "x00080018") ?? "",
  };
}
