/** The least and the greatest stored value of a frame: found by the worker, so that the page need not look at every pixel. */
import type { Padding, Stored } from "./facts";
import type { Words } from "../assembly";
import { isPaired, raisedPair, TOPS } from "./pairs";

export interface Extent {
  readonly low: number;
  readonly high: number;
}

/** Find a frame's stored values' ends, padding and what is no number left out; null when nothing is left. */
export function extentOf(stored: Stored, padding: Padding | null): Extent | null {
  return checked(endsOf(stored, padding));
}

/** Give ends that were found; null where there are none. */
export function checked(found: Extent): Extent | null {
  return found.low <= found.high && Number.isFinite(found.low) && Number.isFinite(found.high) ? found : null;
}

/** Find the ends, whatever they are. */
export function endsOf(stored: Stored, padding: Padding | null): Extent {
  if (padding !== null) return endsBut(stored, padding);
  return isPaired(stored) ? endsOfPairs(stored) : ends(stored);
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

const REACH = 0x7fff; // of a half of a pair, whose top bit is needed to tell which half is the greater

/** The same four words at a time: nearly all lie between those that were found, and that is asked of two halves by one sum. */
function endsOfPairs(words: Words): Extent {
  const shift = words instanceof Int16Array ? 0x4000 : 0;
  const bias = shift * 0x10001;
  const pairs = new Int32Array(words.buffer, words.byteOffset, words.length >> 1);
  let low = words[0] as number;
  let high = low;
  let [lows, highs] = halvesOf(low + shift, high + shift);
  for (let i = 0; i < pairs.length; i += 2) {
    const one = raisedPair(pairs[i] as number, bias);
    const two = raisedPair(pairs[Math.min(i + 1, pairs.length - 1)] as number, bias);
    if ((within(one, lows, highs) & within(two, lows, highs) & TOPS) === TOPS) continue;
    for (let at = 2 * i; at < Math.min(2 * i + 4, words.length); at++) {
      const value = words[at] as number;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    [lows, highs] = halvesOf(low + shift, high + shift);
  }
  return { low, high };
}

/** Leave a half's top bit where that half lies between the ends. */
function within(pair: number, lows: number, highs: number): number {
  return ((pair | TOPS) - lows) & (highs - pair) & ~pair;
}

/** The two ends, each twice in a number; where no half can lie between them, such as none lies between. */
function halvesOf(low: number, high: number): readonly [number, number] {
  if (low > REACH || high < 0) return [REACH * 0x10001, TOPS];
  return [Math.max(0, low) * 0x10001, (Math.min(REACH, high) * 0x10001) | TOPS];
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
