/** The RLE Lossless decoder (PS3.5 annex G). */
import { Unshowable } from "./facts";

/** Decode one frame into plain samples: plane after plane, low byte first.
 *
 * @param pixels rows times columns.
 * @param samples samples a pixel.
 * @param bytesEach bytes a sample.
 * @returns pixels * samples * bytesEach bytes, all of the first sample's plane, then the next.
 * @throws Unshowable for a header that does not fit.
 */
export function decodeRle(coded: Uint8Array, pixels: number, samples: number, bytesEach: number): Uint8Array {
  const header = new DataView(coded.buffer, coded.byteOffset, coded.byteLength);
  const segments = samples * bytesEach;
  if (coded.length < 64 || header.getUint32(0, true) !== segments) throw new Unshowable("damaged", "RLE header");
  const plain = new Uint8Array(pixels * segments);
  for (let segment = 0; segment < segments; segment++) {
    const from = header.getUint32(4 + 4 * segment, true);
    const to = segment + 1 < segments ? header.getUint32(8 + 4 * segment, true) : coded.length;
    if (from > to || to > coded.length) throw new Unshowable("damaged", "RLE header");
    const sample = Math.floor(segment / bytesEach);
    const byte = bytesEach - 1 - (segment % bytesEach);
    unpack(coded.subarray(from, to), plain, sample * pixels * bytesEach + byte, bytesEach, pixels);
  }
  return plain;
}

/** Undo PackBits into every `step`-th byte of `out`; what the segment lacks stays zero. */
function unpack(segment: Uint8Array, out: Uint8Array, start: number, step: number, pixels: number): void {
  const end = start + pixels * step;
  let to = start;
  let at = 0;
  while (at < segment.length && to < end) {
    const control = segment[at++] ?? 128;
    if (control === 128) continue;
    const length = control < 128 ? control + 1 : 257 - control;
    const repeats = control > 128;
    for (let i = 0; i < length && to < end; i++, to += step) out[to] = segment[repeats ? at : at + i] ?? 0;
    at += repeats ? 1 : length;
  }
}
