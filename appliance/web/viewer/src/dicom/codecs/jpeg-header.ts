/** Reads just enough of a JPEG codestream to know which decoder it needs (ITU-T T.81 B.2.2). */
import { Unshowable } from "../facts";

export interface JpegFrame {
  /** n of SOFn: 0 baseline, 1 extended, 2 progressive, 3 lossless. */
  readonly process: number;
  readonly precision: number;
}

/** Find the frame header.
 *
 * @throws Unshowable when there is none.
 */
export function jpegFrame(coded: Uint8Array): JpegFrame {
  let at = 2;
  while (at + 4 < coded.length) {
    if (coded[at] !== 0xff) {
      at++;
      continue;
    }
    const marker = coded[at + 1] ?? 0;
    if (isFrame(marker)) return { process: marker - 0xc0, precision: coded[at + 4] ?? 0 };
    at += marker === 0xff ? 1 : isBare(marker) ? 2 : 2 + (((coded[at + 2] ?? 0) << 8) | (coded[at + 3] ?? 0));
  }
  throw new Unshowable("damaged", "JPEG header");
}

function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

function isBare(marker: number): boolean {
  return marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd8);
}

const NO_TRANSFORM = [0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, 0]; // T.872 6.5.3: APP14 "Adobe"

/** Add a marker that says "no colour transform", unless a marker of that kind is there already. */
export function withoutColourTransform(coded: Uint8Array): Uint8Array {
  if (saysTransform(coded)) return coded;
  const said = new Uint8Array(coded.length + NO_TRANSFORM.length);
  said.set(coded.subarray(0, 2));
  said.set(NO_TRANSFORM, 2);
  said.set(coded.subarray(2), 2 + NO_TRANSFORM.length);
  return said;
}

/** An Adobe marker (FF EE) lies before the frame header. */
function saysTransform(coded: Uint8Array): boolean {
  let at = 2;
  while (at + 4 < coded.length && coded[at] === 0xff && !isFrame(coded[at + 1] ?? 0)) {
    if (coded[at + 1] === 0xee) return true;
    at += 2 + (((coded[at + 2] ?? 0) << 8) | (coded[at + 3] ?? 0));
  }
  return false;
}
