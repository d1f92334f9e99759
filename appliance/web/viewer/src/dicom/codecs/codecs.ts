/** Chooses a decoder for a coded frame and keeps each one that was loaded. */
import type { Codecs, Decoded } from "../decode";
import { Unshowable, type ImageFacts } from "../facts";
import type { Inflate } from "../instance";
import { jpegFrame, type JpegFrame } from "./jpeg-header";
import type { Locate } from "./wasm";

type Decode = (coded: Uint8Array, facts: ImageFacts) => Decoded;

/** Make the codecs of one worker.
 *
 * @param locate finds a .wasm file.
 * @param inflate the platform's own raw DEFLATE.
 */
export function makeCodecs(locate: Locate, inflate: Inflate): Codecs {
  const loaded = new Map<string, Promise<Decode>>();
  const use = async (name: string, load: () => Promise<Decode>, coded: Uint8Array, facts: ImageFacts): Promise<Decoded> => {
    const decode = loaded.get(name) ?? load();
    loaded.set(name, decode);
    decode.catch(() => loaded.delete(name));
    return (await decode)(coded, facts);
  };
  const from = async (pick: "jpegLs" | "jpeg2000" | "htj2k" | "jpegEightBit"): Promise<Decode> =>
    (await import("./wasm"))[pick](locate);
  return {
    inflate,
    jpegLs: (coded, facts) => use("jpegLs", () => from("jpegLs"), coded, facts),
    jpeg2000: (coded, facts) => use("jpeg2000", () => from("jpeg2000"), coded, facts),
    htj2k: (coded, facts) => use("htj2k", () => from("htj2k"), coded, facts),
    jpeg: (coded, facts) => {
      const kind = jpegKind(jpegFrame(coded));
      const load = kind === "jpegEightBit" ? () => from(kind) : LOADERS[kind];
      return use(kind, load, coded, facts);
    },
  };
}

/** The codestream itself says what it is; files labelled with a neighbour's transfer syntax open all the same. */
function jpegKind(frame: JpegFrame): "lossless" | "twelve" | "jpegEightBit" {
  if (frame.process === 3) return "lossless";
  if (frame.precision === 8 && frame.process <= 2) return "jpegEightBit";
  if (frame.precision === 12 && frame.process <= 1) return "twelve";
  throw new Unshowable("kind", `JPEG process ${String(frame.process)}, ${String(frame.precision)} bits`);
}

const LOADERS = {
  lossless: async (): Promise<Decode> => (await import("./jpeg-lossless")).decodeLossless,
  twelve: async (): Promise<Decode> => (await import("./jpeg-twelve")).decodeTwelve,
};
