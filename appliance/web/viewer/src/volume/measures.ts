/** Lengths and angles between points in the patient. */
import { dot, length, minus, unit, type Vector } from "./vectors";

/** The distance in mm. */
export function distance(a: Vector, b: Vector): number {
  return length(minus(a, b));
}

/** The angle at `tip` in degrees, 0 to 180; null when a leg has no length. */
export function angleAt(tip: Vector, a: Vector, b: Vector): number | null {
  const [one, other] = [unit(minus(a, tip)), unit(minus(b, tip))];
  if (one === null || other === null) return null;
  return (Math.acos(Math.min(1, Math.max(-1, dot(one, other)))) * 180) / Math.PI;
}
