/** JPEG lossless (process 14) by jpeg-lossless-decoder-js. */
import { Decoder } from "jpeg-lossless-decoder-js";
import type { Decoded } from "../decode";
import { Unshowable } from "../facts";

/** Decode one frame; its samples are unsigned, of the precision that the codestream says.
 *
 * @throws Unshowable for damage, and for colour of more than 8 bits, which the library cannot do.
 */
export function decodeLossless(coded: Uint8Array): Decoded {
  const decoder = new Decoder();
  const samples = attempt(decoder, coded);
  const { dimX, dimY, precision, numComp } = decoder.frame;
  if (numComp > 1 && precision > 8) throw new Unshowable("kind", "JPEG lossless colour of more than 8 bits");
  if (samples.length < dimX * dimY * numComp) throw new Unshowable("damaged", "coded picture");
  return { samples, rows: dimY, columns: dimX, components: numComp, bits: precision, signed: false, photometric: null };
}

function attempt(decoder: Decoder, coded: Uint8Array): Uint8Array | Uint16Array {
  try {
    const samples: unknown = decoder.decode(coded.slice().buffer, 0, coded.length);
    if (samples instanceof Uint8Array || samples instanceof Uint16Array) return samples;
  } catch {
    // told below: the library's own words help nobody
  }
  throw new Unshowable("damaged", "coded picture");
}
