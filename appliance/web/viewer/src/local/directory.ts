/** Reads a DICOMDIR (PS3.3 F.3): which files a disc says it holds, and whose they are. */
import * as dicomParser from "dicom-parser";
import { decimal, text, word, type Attributes } from "../dicom/dataset";
import type { Subject } from "./header";
import { Unreadable } from "./source";
import { readName, readText } from "./text";

export interface Listed {
  /** As the directory writes it: folders and name, upper case more often than not. */
  readonly path: string;
  readonly subject: Subject;
}

interface DirectoryRecord {
  readonly data: Attributes;
  readonly type: string;
  readonly next: number;
  readonly lower: number;
  readonly path: string;
}

const ITEM_HEADER_BYTES = 8;
const MOST_DEPTH = 16;
const NOBODY: Subject = {
  patientName: "",
  patientId: "",
  birthDate: "",
  study: "",
  studyDate: "",
  studyDescription: "",
  series: "",
  seriesNumber: null,
  seriesDescription: "",
  modality: "",
  sop: "",
};

/** List the files that a directory names, in its order. Records that are not in use, or reached by no way, name none.
 *
 * @param bytes a whole DICOMDIR.
 * @throws Unreadable when it is damaged.
 */
export function readDirectory(bytes: Uint8Array): Listed[] {
  try {
    return listed(dicomParser.parseDicom(bytes));
  } catch {
    throw new Unreadable("directory");
  }
}

function listed(root: dicomParser.DataSet): Listed[] {
  const records = new Map<number, DirectoryRecord>();
  for (const { dataOffset, dataSet } of root.elements["x00041220"]?.items ?? []) {
    if (dataSet !== undefined) records.set(dataOffset - ITEM_HEADER_BYTES, recordOf({ dataSet, bigEndian: false }));
  }
  const found: Listed[] = [];
  follow(records, root.uint32("x00041200") ?? 0, NOBODY, null, found);
  return found;
}

function recordOf(data: Attributes): DirectoryRecord {
  const inUse = (word(data, "x00041410") ?? 0xffff) !== 0; // PS3.3 F.3.2.2: 0000H is not in use
  const path = (text(data, "x00041500") ?? "").split("\\").map((part) => part.trim());
  return {
    data,
    type: text(data, "x00041430") ?? "",
    next: data.dataSet.uint32("x00041400") ?? 0,
    lower: data.dataSet.uint32("x00041420") ?? 0,
    path: inUse ? path.filter((part) => part !== "").join("/") : "",
  };
}

/** Follow the records of one level; a record is taken out when it is met, so that no circle is walked twice. */
function follow(records: Map<number, DirectoryRecord>, first: number, above: Subject, sets: string | null, found: Listed[], depth = 0): void {
  for (let at = first, record = records.get(at); record !== undefined && depth < MOST_DEPTH; at = record.next, record = records.get(at)) {
    records.delete(at);
    const own = text(record.data, "x00080005") ?? sets;
    const subject = below(record, above, own);
    if (record.path !== "") found.push({ path: record.path, subject });
    follow(records, record.lower, subject, own, found, depth + 1);
  }
}

function below({ data, type }: DirectoryRecord, above: Subject, sets: string | null): Subject {
  if (type === "PATIENT") {
    return { ...NOBODY, patientName: readName(data, "x00100010", sets), patientId: readText(data, "x00100020", sets), birthDate: text(data, "x00100030") ?? "" };
  }
  if (type === "STUDY") {
    const study = text(data, "x0020000d") ?? "";
    return { ...above, study, studyDate: text(data, "x00080020") ?? "", studyDescription: readText(data, "x00081030", sets) };
  }
  if (type === "SERIES") {
    const series = text(data, "x0020000e") ?? "";
    const seriesNumber = decimal(data, "x00200011");
    return { ...above, series, seriesNumber, seriesDescription: readText(data, "x0008103e", sets), modality: text(data, "x00080060") ?? "" };
  }
  return { ...above, sop: text(data, "x00041511") ?? "" };
}
