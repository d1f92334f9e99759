/** Windows and tables that say how grey values become brightness, as the scanner wishes them. */
import { bytesOf, decimals, item, text, words, type Attributes } from "./dataset";
import type { VoiTable, Window } from "./facts";

const MOST_TABLES = 16;

/** What the scanner offers: its tables first, then its windows; null where it says nothing.
 *
 * Source: DICOM PS3.3 C.11.2 (VOI LUT); where there are tables and windows, either may be applied, and tables say more.
 */
export function windowsOf(data: Attributes, signed: boolean): Window[] | null {
  const found = [...tablesOf(data, signed), ...plainWindows(data)];
  return found.length > 0 ? found : null;
}

function plainWindows(data: Attributes): Window[] {
  const centres = decimals(data, "x00281050");
  const widths = decimals(data, "x00281051");
  const names = (text(data, "x00281055") ?? "").split("\\");
  return centres.flatMap((centre, i) => {
    const width = widths[i];
    return width === undefined || width <= 0 ? [] : [{ centre, width, name: (names[i] ?? "").trim() }];
  });
}

function tablesOf(data: Attributes, signed: boolean): Window[] {
  const count = Math.min(MOST_TABLES, data.dataSet.elements["x00283010"]?.items?.length ?? 0);
  return Array.from({ length: count }, (_, i) => item(data, "x00283010", i)).flatMap((one) => {
    const table = one === null ? null : tableOf(one, signed);
    if (one === null || table === null) return [];
    const last = table.entries.length - 1;
    return [{ centre: table.first + last / 2, width: Math.max(1, last), name: text(one, "x00283003") ?? "", table }];
  });
}

/** The second number of the descriptor is signed as its VR says, else as the stored values are (PS3.3 C.11.2.1.1). */
function tableOf(data: Attributes, signed: boolean): VoiTable | null {
  const { vr } = data.dataSet.elements["x00283002"] ?? {};
  const [said, , bits] = words(data, "x00283002");
  const first = words(data, "x00283002", vr === "SS" || (vr !== "US" && signed))[1];
  if (said === undefined || first === undefined || bits === undefined) return null;
  const count = said || 65536;
  const entries = entriesOf(data, count);
  if (entries === null || count < 2) return null;
  const most = 2 ** Math.min(16, Math.max(1, bits)) - 1;
  return { first, entries: Float32Array.from(entries, (entry) => Math.min(1, entry / most)) };
}

/** Entries are words; tables of 8 bits are sometimes packed into bytes. */
function entriesOf(data: Attributes, count: number): readonly number[] | Uint8Array | null {
  const view = bytesOf(data, data.dataSet.elements["x00283006"]);
  if (view === null || view.byteLength < count) return null;
  if (view.byteLength >= 2 * count) return words(data, "x00283006").slice(0, count);
  return new Uint8Array(view.buffer, view.byteOffset, count);
}
