/** The least and the greatest stored value of a frame: found by the worker, so that the page need not look at every pixel. */
import type { Padding, Stored } from "./facts";

export interface Extent {
  readonly low: number;
  readonly high: number;
}

/** Find a frame's stored values' ends, padding and what is no number left out; null when nothing is left. */
export function extentOf(stored: Stored, padding: Padding | null): Extent | null {
  return checked(padding === null ? ends(stored) : endsBut(stored, padding));
}

/** Give ends that were found; null where there are none. */
export function checked(found: Extent): Extent | null {
  return found.low <= found.high && Number.isFinite(found.low) && Number.isFinite(found.high) ? found : null;
}

function ends(stored: Stored): Extent {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < stored.length; i++) {
    const value = stored[i] as number;
    low = value < low ? value : low; // without a branch: in half the time
    high = value > high ? value : high;
  }
  return { low, high };
}

function endsBut(stored: Stored, { low: from, high: to }: Padding): Extent {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < stored.length; i++) {
    const value = stored[i] as number;
    if (value >= from && value <= to) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high };
}
