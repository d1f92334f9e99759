/** Whether what an image says of how it lies can be. */
import type { Orientation } from "./facts";

const SQUARE = 1e-2; // of a unit vector's length, and of a right angle's cosine: decimal strings are rounded

/** Say whether the two directions have length 1 and stand at right angles; nothing said is no contradiction.
 *
 * Source: DICOM PS3.3 C.7.6.2.1.1 (the direction cosines of rows and columns shall be orthogonal and normal).
 */
export function isSquare(orientation: Orientation | null): boolean {
  if (orientation === null) return true;
  const [a, b, c, d, e, f] = orientation;
  const [across, down] = [Math.hypot(a, b, c), Math.hypot(d, e, f)];
  return Math.abs(across - 1) <= SQUARE && Math.abs(down - 1) <= SQUARE && Math.abs(a * d + b * e + c * f) <= SQUARE;
}
