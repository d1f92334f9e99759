/** The ends of a frame's stored values as extent.ts finds them, by wide registers where there are some: for the worker, which looks at every frame. */
import { areWords } from "../assembly";
import { openWide, type Wide } from "../wide";
import { checked, extentOf, type Extent } from "./extent";
import type { Padding, Stored } from "./facts";

let wide: Wide | null = null;

/** Find a frame's stored values' ends, padding and what is no number left out; null when nothing is left. */
export function wideExtentOf(stored: Stored, padding: Padding | null): Extent | null {
  wide ??= openWide();
  return wide !== null && areWords(stored) ? checked(wide.ends(stored, padding)) : extentOf(stored, padding);
}
