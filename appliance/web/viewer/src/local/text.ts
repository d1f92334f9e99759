/** Text in the character sets of DICOM (PS3.3 C.12.1.1.2), by the browser's own decoders. */
import { text, type Attributes } from "../dicom/dataset";

const DECODERS: readonly (readonly [RegExp, string])[] = [
  [/^(ISO_IR 192)$/, "utf-8"],
  [/^(GB18030|GBK)$/, "gb18030"],
  [/IR 100$/, "iso-8859-1"],
  [/IR 101$/, "iso-8859-2"],
  [/IR 109$/, "iso-8859-3"],
  [/IR 110$/, "iso-8859-4"],
  [/IR 144$/, "iso-8859-5"],
  [/IR 127$/, "iso-8859-6"],
  [/IR 126$/, "iso-8859-7"],
  [/IR 138$/, "iso-8859-8"],
  [/IR 148$/, "iso-8859-9"],
  [/IR 203$/, "iso-8859-15"],
  [/IR 166$/, "windows-874"],
  [/2022 IR (87|159)$/, "iso-2022-jp"],
  [/IR 13$/, "shift_jis"],
  [/IR 149$/, "euc-kr"],
  [/IR 58$/, "gb18030"],
];
const CODE_SET = /\x1b\$\)[AC]/g; // the escapes that name Korean and Chinese sets (PS3.3 C.12-4)

/** Read a text value in the dataset's own character set; "" when absent. */
export function readText(from: Attributes, tag: string, sets = text(from, "x00080005")): string {
  const element = from.dataSet.elements[tag];
  if (element === undefined || element.length === 0) return "";
  const bytes = from.dataSet.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
  return decoded(bytes, sets).replace(/[\0 ]+$/, "").trim();
}

const EAST_ASIAN = /^[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/;
const ARABIC = /^[\u0600-\u06ff]/;

/** Read a person's name as the study list writes it: `Family, Given`, another script's form before it (PS3.5 6.2.1). */
export function readName(from: Attributes, tag: string, sets?: string | null): string {
  const whole = sets === undefined ? readText(from, tag) : readText(from, tag, sets);
  const [alphabetic = "", ideographic = "", phonetic = ""] = whole.split("=").map(nameOf);
  const [first = "", second = ""] = [ideographic, alphabetic, alphabetic === "" ? phonetic : ""].filter((form) => form !== "");
  return second === "" ? first : `${first} (${second})`;
}

function nameOf(group: string): string {
  const [family = "", given = "", middle = "", prefix = "", suffix = ""] = group.split("^").map((part) => part.trim());
  const rest = joined(" ", prefix, given, middle);
  if (EAST_ASIAN.test(family)) return joined(" ", family, rest);
  return joined(ARABIC.test(family || rest) ? "، " : ", ", family, rest, suffix);
}

function joined(between: string, ...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(between);
}

/** Of several sets the last that is known is tried; the first stands for what its decoder cannot read. */
function decoded(bytes: Uint8Array, sets: string | null): string {
  const labels = (sets ?? "").split("\\").map(labelOf);
  const label = labels.findLast((one) => one !== null) ?? "windows-1252";
  const plain = label === "iso-2022-jp" || !bytes.includes(0x1b) ? bytes : withoutEscapes(bytes);
  return new TextDecoder(label).decode(plain);
}

function labelOf(set: string): string | null {
  return DECODERS.find(([pattern]) => pattern.test(set.trim()))?.[1] ?? null;
}

function withoutEscapes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const latin = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return Uint8Array.from(latin.replace(CODE_SET, ""), (letter) => letter.charCodeAt(0));
}
