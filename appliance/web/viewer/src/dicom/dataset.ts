/** Reading of attributes by tag from what dicom-parser found; every reader answers null for what is absent or odd. */
import type { DataSet, Element } from "dicom-parser";

export interface Attributes {
  readonly dataSet: DataSet;
  readonly bigEndian: boolean;
}

/** Read one text value, trimmed; null when absent or empty. */
export function text(from: Attributes, tag: string): string | null {
  const value = from.dataSet.elements[tag] ? from.dataSet.string(tag) : undefined;
  return value === undefined || value.trim() === "" ? null : value.trim();
}

/** Read a decimal or integer string with its values (VR DS, IS); empty when absent or not numbers. */
export function decimals(from: Attributes, tag: string): number[] {
  const parts = (text(from, tag) ?? "").split("\\").filter((part) => part.trim() !== "");
  const values = parts.map(Number);
  return values.every(Number.isFinite) ? values : [];
}

/** Read the first decimal, or null. */
export function decimal(from: Attributes, tag: string): number | null {
  return decimals(from, tag)[0] ?? null;
}

/** Read 16-bit words (VR US, SS, OW), signed or not; empty when absent. */
export function words(from: Attributes, tag: string, signed = false): number[] {
  const view = bytesOf(from, from.dataSet.elements[tag]);
  if (view === null) return [];
  const read = (at: number): number => (signed ? view.getInt16(at, !from.bigEndian) : view.getUint16(at, !from.bigEndian));
  return Array.from({ length: view.byteLength >> 1 }, (_, i) => read(2 * i));
}

/** Read the first 16-bit word, or null. */
export function word(from: Attributes, tag: string, signed = false): number | null {
  return words(from, tag, signed)[0] ?? null;
}

/** Read the first item of a sequence, or null. */
export function item(from: Attributes, tag: string, index = 0): Attributes | null {
  const dataSet = from.dataSet.elements[tag]?.items?.[index]?.dataSet;
  return dataSet === undefined ? null : { dataSet, bigEndian: from.bigEndian };
}

/** View the bytes of an element that holds a plain value; null when it is absent, undefined in length or cut short. */
export function bytesOf(from: Attributes, element: Element | undefined): DataView | null {
  if (element === undefined || element.length <= 0 || element.length === 0xffffffff) return null;
  const bytes = from.dataSet.byteArray;
  const length = Math.min(element.length, bytes.length - element.dataOffset);
  return length <= 0 ? null : new DataView(bytes.buffer, bytes.byteOffset + element.dataOffset, length);
}
