/** How large a pixel is, and what that size stands for: in the patient, or on a detector that is farther from the source. */
import { decimals, text, type Attributes } from "./dataset";
import type { Spacing, SpacingSource } from "./facts";

/** Modalities whose pictures are slices of the patient: their Pixel Spacing is of the patient. */
const SLICES = new Set(["CT", "MR", "PT", "NM", "OCT"]);
const ALIKE = 1e-4; // of a spacing: decimal strings are rounded

/** Read the spacing that lengths may be measured by; null where nothing is said.
 *
 * Source: DICOM PS3.3 10.7.1.3 (Pixel Spacing and calibration), C.8.11.4 (Imager Pixel Spacing), C.8.6.2 (Nominal Scanned Pixel Spacing).
 */
export function spacingOf(data: Attributes, modality: string): { readonly spacing: Spacing; readonly from: SpacingSource } | null {
  const spacing = pair(data, "x00280030");
  const detector = pair(data, "x00181164");
  const scanned = pair(data, "x00182010");
  if (spacing !== null) return { spacing, from: meaningOf(data, spacing, detector, scanned, modality) };
  if (detector !== null) return { spacing: detector, from: "detector" };
  return scanned === null ? null : { spacing: scanned, from: "scanned" };
}

function meaningOf(data: Attributes, spacing: Spacing, detector: Spacing | null, scanned: Spacing | null, modality: string): SpacingSource {
  const type = text(data, "x00280a02");
  if (type === "FIDUCIAL") return "fiducial";
  if (type === "GEOMETRY") return "geometry";
  if (SLICES.has(modality)) return "patient"; // a slice's own; what its projections had on the detector is another matter
  if (detector !== null) return alike(spacing, detector) ? "detector" : "calibrated";
  if (scanned !== null) return alike(spacing, scanned) ? "scanned" : "calibrated";
  const isSlice = modality === "" || data.dataSet.elements["x00200037"] !== undefined;
  return isSlice ? "patient" : "unsaid";
}

function alike(a: Spacing, b: Spacing): boolean {
  return a.every((part, i) => Math.abs(part - (b[i] ?? 0)) <= ALIKE * part);
}

function pair(data: Attributes, tag: string): Spacing | null {
  const [rows, columns] = decimals(data, tag);
  return rows && columns && rows > 0 && columns > 0 ? [rows, columns] : null;
}
