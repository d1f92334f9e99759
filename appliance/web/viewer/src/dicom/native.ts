/** Turns native sample bytes into typed arrays of stored values, whatever their width, order and sign. */
import { isPaired, raisedPair } from "./pairs";
import { Unshowable, type ImageFacts, type Stored } from "./facts";

/** Unpack `count` samples.
 *
 * @param bytes samples as they lie in the frame, low byte first unless `bigEndian`.
 * @param skipBits bits of the first byte that belong to the frame before (1-bit pictures only).
 * @param isOwn nobody else looks at these bytes: the samples may stay where they lie.
 */
export function unpackSamples(facts: ImageFacts, bytes: Uint8Array, count: number, bigEndian: boolean, skipBits = 0, isOwn = false): Stored {
  if (facts.bitsAllocated === 1) return unpackBits(bytes, count, skipBits);
  const size = facts.bitsAllocated >> 3;
  if (bytes.length < count * size) throw new Unshowable("damaged", "picture too short");
  const mayStay = isOwn && bytes.byteOffset % size === 0 && 2 * count * size > bytes.buffer.byteLength; // not beside something large
  const aligned = mayStay ? bytes.subarray(0, count * size) : bytes.slice(0, count * size);
  if (bigEndian && size > 1) reverseEach(aligned, size);
  const samples = viewAs(facts, aligned);
  return samples instanceof Float32Array || samples instanceof Float64Array ? samples : keepStoredBits(facts, samples);
}

/** One bit a pixel, the first in the lowest bit of the first byte (PS3.5 8.1.1). */
function unpackBits(bytes: Uint8Array, count: number, skipBits: number): Uint8Array {
  if (bytes.length * 8 < count + skipBits) throw new Unshowable("damaged", "picture too short");
  return Uint8Array.from({ length: count }, (_, i) => ((bytes[(i + skipBits) >> 3] ?? 0) >> ((i + skipBits) & 7)) & 1);
}

function reverseEach(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

function viewAs(facts: ImageFacts, { buffer, byteOffset: at, length }: Uint8Array): Stored {
  const count = length / (facts.bitsAllocated >> 3);
  if (facts.floating) return facts.bitsAllocated === 64 ? new Float64Array(buffer, at, count) : new Float32Array(buffer, at, count);
  if (facts.bitsAllocated === 8) return facts.signed ? new Int8Array(buffer, at, count) : new Uint8Array(buffer, at, count);
  if (facts.bitsAllocated === 16) return facts.signed ? new Int16Array(buffer, at, count) : new Uint16Array(buffer, at, count);
  return facts.signed ? new Int32Array(buffer, at, count) : new Uint32Array(buffer, at, count);
}

/** Drop bits outside the stored ones (old overlays live there) and extend the sign, in place (PS3.5 8.1.1). */
export function keepStoredBits<T extends Exclude<Stored, Float32Array | Float64Array>>(facts: ImageFacts, values: T): T {
  const width = values.BYTES_PER_ELEMENT * 8;
  const down = facts.highBit + 1 - facts.bitsStored;
  if (down <= 0 && (facts.bitsStored >= width || !reachesBeyond(values, facts.bitsStored, facts.signed))) return values;
  const left = 32 - facts.bitsStored;
  for (let i = 0; i < values.length; i++) {
    const raised = ((values[i] ?? 0) >> down) << left;
    values[i] = facts.signed ? raised >> left : raised >>> left;
  }
  return values;
}

/** Say whether a value is more than so many bits can hold: mostly not, and to look is quicker than to write. */
function reachesBeyond(values: Exclude<Stored, Float32Array | Float64Array>, bits: number, signed: boolean): boolean {
  const half = signed ? 1 << (bits - 1) : 0; // raised by it, what fits has no bit above
  let all = 0;
  if (isPaired(values)) {
    for (const pair of new Int32Array(values.buffer, values.byteOffset, values.length >> 1)) all |= raisedPair(pair, half * 0x10001);
    return (((all & 0xffff) | (all >>> 16)) >>> bits) !== 0;
  }
  for (let i = 0; i < values.length; i++) all |= (values[i] as number) + half;
  return all >>> bits !== 0;
}

/** Bring samples stored plane after plane into pixel order. */
export function interleave<T extends Stored>(planes: T, samples: number): T {
  const pixels = planes.length / samples;
  const mixed = planes.slice() as T;
  for (let sample = 0; sample < samples; sample++) {
    for (let i = 0; i < pixels; i++) mixed[i * samples + sample] = planes[sample * pixels + i] ?? 0;
  }
  return mixed;
}
