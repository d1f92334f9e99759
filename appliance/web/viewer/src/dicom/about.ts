/** What a person wants to know of an image's making, as its dataset says it; no path and nothing of the box. */
import { item, text, type Attributes } from "./dataset";

/** Keyword and value of each attribute that is there, in the order of the list, by group. */
export type About = Readonly<Record<AboutGroup, readonly (readonly [string, string])[]>>;

export type AboutGroup = "patient" | "study" | "series" | "scanner" | "exposure" | "image";

type Kind = "name" | "date" | "time" | "text";

/** Source: DICOM PS3.6 6 (keywords and tags). */
const LIST: Readonly<Record<AboutGroup, readonly (readonly [keyword: string, tag: string, kind?: Kind])[]>> = {
  patient: [
    ["PatientName", "x00100010", "name"],
    ["PatientID", "x00100020"],
    ["PatientBirthDate", "x00100030", "date"],
    ["PatientSex", "x00100040"],
    ["PatientAge", "x00101010"],
  ],
  study: [
    ["StudyDate", "x00080020", "date"],
    ["StudyTime", "x00080030", "time"],
    ["StudyDescription", "x00081030"],
    ["AccessionNumber", "x00080050"],
    ["ReferringPhysicianName", "x00080090", "name"],
    ["StudyID", "x00200010"],
    ["StudyInstanceUID", "x0020000d"],
  ],
  series: [
    ["Modality", "x00080060"],
    ["SeriesDescription", "x0008103e"],
    ["SeriesNumber", "x00200011"],
    ["ProtocolName", "x00181030"],
    ["BodyPartExamined", "x00180015"],
    ["Laterality", "x00200060"],
    ["PatientPosition", "x00185100"],
    ["SeriesInstanceUID", "x0020000e"],
  ],
  scanner: [
    ["Manufacturer", "x00080070"],
    ["ManufacturerModelName", "x00081090"],
    ["DeviceSerialNumber", "x00181000"],
    ["SoftwareVersions", "x00181020"],
    ["StationName", "x00081010"],
    ["InstitutionName", "x00080080"],
  ],
  exposure: [
    ["AcquisitionDate", "x00080022", "date"],
    ["AcquisitionTime", "x00080032", "time"],
    ["KVP", "x00180060"],
    ["XRayTubeCurrent", "x00181151"],
    ["ExposureTime", "x00181150"],
    ["Exposure", "x00181152"],
    ["ImageAndFluoroscopyAreaDoseProduct", "x0018115e"],
    ["CTDIvol", "x00189345"],
    ["FilterType", "x00181160"],
    ["ConvolutionKernel", "x00181210"],
  ],
  image: [
    ["InstanceNumber", "x00200013"],
    ["ImageType", "x00080008"],
    ["ImageLaterality", "x00200062"],
    ["NumberOfFrames", "x00280008"],
    ["PixelSpacing", "x00280030"],
    ["ImagerPixelSpacing", "x00181164"],
    ["SliceThickness", "x00180050"],
    ["ImagePositionPatient", "x00200032"],
    ["ImageOrientationPatient", "x00200037"],
    ["WindowCenter", "x00281050"],
    ["WindowWidth", "x00281051"],
    ["RescaleIntercept", "x00281052"],
    ["RescaleSlope", "x00281053"],
    ["LossyImageCompressionRatio", "x00282112"],
    ["SOPInstanceUID", "x00080018"],
  ],
};

/** Read what is there. Attributes of enhanced objects are read from their shared functional groups too. */
export function aboutOf(data: Attributes): About {
  const shared = item(data, "x52009229");
  const macros = shared === null ? [] : ["x00289110", "x00289132", "x00289145"].flatMap((tag) => item(shared, tag) ?? []);
  const decode = decoderFor(text(data, "x00080005") ?? "");
  const read = (group: AboutGroup): (readonly [string, string])[] =>
    LIST[group].flatMap(([keyword, tag, kind = "text"]) => {
      const value = [data, ...macros].map((from) => raw(from, tag, decode)).find((one) => one !== "") ?? "";
      return value === "" ? [] : [[keyword, shaped(value, kind)] as const];
    });
  return { patient: read("patient"), study: read("study"), series: read("series"), scanner: read("scanner"), exposure: read("exposure"), image: read("image") };
}

type Decode = (bytes: Uint8Array) => string;

function raw(from: Attributes, tag: string, decode: Decode): string {
  const element = from.dataSet.elements[tag];
  if (element === undefined || element.length <= 0) return "";
  if (element.vr === "FD" || element.vr === "FL") return String((element.vr === "FD" ? from.dataSet.double(tag) : from.dataSet.float(tag)) ?? "");
  return decode(from.dataSet.byteArray.subarray(element.dataOffset, element.dataOffset + element.length)).replace(/[\0 ]+$/, "").trim();
}

function shaped(value: string, kind: Kind): string {
  if (kind === "date") return value.replace(/^(\d{4})\.?(\d{2})\.?(\d{2}).*$/, "$1-$2-$3");
  if (kind === "time") return value.replace(/^(\d{2}):?(\d{2}).*$/, "$1:$2");
  return kind === "name" ? personName(value) : value.replaceAll("\\", ", ");
}

/** Family name first, as a list has it; of several ways to write a name all are given (PS3.5 6.2.1.1). */
function personName(value: string): string {
  const groups = value.split("=").map((group) => {
    const [family = "", given = "", middle = "", prefix = "", suffix = ""] = group.split("^").map((part) => part.trim());
    const first = [prefix, given, middle].filter(Boolean).join(" ");
    return [family, first, suffix].filter(Boolean).join(", ");
  });
  return groups.filter(Boolean).join(" / ");
}

/** Labels of the WHATWG encodings for the defined terms of Specific Character Set (PS3.3 C.12.1.1.2). */
const LABELS: Readonly<Record<string, string>> = {
  "ISO_IR 192": "utf-8",
  GB18030: "gb18030",
  GBK: "gbk",
  "ISO_IR 101": "iso-8859-2",
  "ISO_IR 109": "iso-8859-3",
  "ISO_IR 110": "iso-8859-4",
  "ISO_IR 144": "iso-8859-5",
  "ISO_IR 127": "iso-8859-6",
  "ISO_IR 126": "iso-8859-7",
  "ISO_IR 138": "iso-8859-8",
  "ISO_IR 148": "iso-8859-9",
  "ISO_IR 203": "iso-8859-15",
  "ISO_IR 166": "windows-874",
  "ISO_IR 13": "shift_jis",
  "ISO 2022 IR 87": "iso-2022-jp",
  "ISO 2022 IR 149": "euc-kr",
  "ISO 2022 IR 58": "gb2312",
};

interface Platform {
  readonly TextDecoder: new (label: string) => { decode: Decode };
}

/** Every browser has a decoder; the pure layers are compiled without its type. Sets that switch are read by their last term. */
function decoderFor(said: string): Decode {
  const terms = said.split("\\").map((term) => term.trim());
  const label = terms.map((term) => LABELS[term] ?? LABELS[term.replace("ISO 2022 IR", "ISO_IR")]).findLast((found) => found !== undefined);
  const decoder = new (globalThis as unknown as Platform).TextDecoder(label ?? "windows-1252");
  return (bytes) => decoder.decode(bytes).replace(/\x1b[\x20-\x2f]+[\x30-\x7e]/g, "");
}
