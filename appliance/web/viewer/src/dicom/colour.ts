/** Colour pictures to 8-bit red, green, blue (PS3.3 C.7.6.3.1.2). */
import { interleave } from "./native";
import { Unshowable, type ImageFacts, type Palette, type Stored } from "./facts";

/** Turn samples of a colour picture into RGB triples.
 *
 * @param samples in pixel order, or plane after plane when `planar`.
 * @param photometric what the samples mean now, which a decoder may have changed from what the dataset says.
 */
export function toRgb(facts: ImageFacts, samples: Stored, photometric: string, planar: boolean): Uint8Array {
  if (facts.samples !== 3 && facts.samples !== 4) throw new Unshowable("kind", `${String(facts.samples)} samples`);
  const eights = toEightBits(planar ? interleave(samples, facts.samples) : samples, facts.bitsStored);
  const triples = facts.samples === 4 ? dropFourth(eights) : eights;
  return photometric.startsWith("YBR_FULL") ? ybrToRgb(triples) : triples;
}

/** Look stored values up in a colour table; values outside take its ends. */
export function applyPalette(palette: Palette, stored: Stored): Uint8Array {
  const last = palette.red.length - 1;
  const rgb = new Uint8Array(stored.length * 3);
  for (let i = 0; i < stored.length; i++) {
    const entry = Math.min(last, Math.max(0, (stored[i] ?? 0) - palette.first));
    rgb[3 * i] = palette.red[entry] ?? 0;
    rgb[3 * i + 1] = palette.green[entry] ?? 0;
    rgb[3 * i + 2] = palette.blue[entry] ?? 0;
  }
  return rgb;
}

/** Spread 4:2:2 chrominance (Y Y Cb Cr for each two pixels) to whole Y Cb Cr triples. */
export function spreadChrominance(samples: Stored, pixels: number): Uint8Array {
  const full = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    const pair = (i >> 1) * 4;
    full[3 * i] = samples[pair + (i & 1)] ?? 0;
    full[3 * i + 1] = samples[pair + 2] ?? 0;
    full[3 * i + 2] = samples[pair + 3] ?? 0;
  }
  return full;
}

function toEightBits(samples: Stored, bitsStored: number): Uint8Array {
  if (samples instanceof Uint8Array && bitsStored <= 8) return samples;
  const divisor = 2 ** Math.max(0, bitsStored - 8);
  return Uint8Array.from(samples, (value) => Math.floor(value / divisor));
}

function dropFourth(samples: Uint8Array): Uint8Array {
  return samples.filter((_, i) => (i & 3) !== 3);
}

/** ITU-R BT.601 full range, as PS3.3 C.7.6.3.1.2 gives it. */
function ybrToRgb(ybr: Uint8Array): Uint8Array {
  const rgb = new Uint8ClampedArray(ybr.length);
  for (let i = 0; i < ybr.length; i += 3) {
    const y = ybr[i] ?? 0;
    const cb = (ybr[i + 1] ?? 0) - 128;
    const cr = (ybr[i + 2] ?? 0) - 128;
    rgb[i] = y + 1.402 * cr;
    rgb[i + 1] = y - 0.344136 * cb - 0.714136 * cr;
    rgb[i + 2] = y + 1.772 * cb;
  }
  return new Uint8Array(rgb.buffer);
}
