/** 16-bit words two at a time, as the halves of one 32-bit number. */
import type { Words } from "../assembly";
import type { Stored } from "./facts";

/** The top bit of either half. */
const TOPS = 0x80008000 | 0;

/** Say whether values are words that lie so that two can be read as one number. */
export function isPaired(stored: Stored): stored is Words {
  return (stored instanceof Uint16Array || stored instanceof Int16Array) && stored.byteOffset % 4 === 0 && stored.length % 2 === 0;
}

/** Add to either half what the same half of `by` is, at most 0x4000 or so: the lower carries nothing into the upper. */
export function raisedPair(pair: number, by: number): number {
  return ((pair & ~TOPS) + by) ^ (pair & TOPS);
}
