/** The WebAssembly codecs, each a file of its own that is fetched when its first frame comes. */
import type { Decoded } from "../decode";
import { Unshowable, type ImageFacts, type Stored } from "../facts";
import { withoutColourTransform } from "./jpeg-header";

/** Finds a codec's .wasm file beside the script. */
export type Locate = (file: string) => string;

interface FrameInfo {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSample: number;
  readonly componentCount: number;
  readonly isSigned?: boolean;
}

interface WasmDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  getDecodedBuffer(): Uint8Array;
  getFrameInfo(): FrameInfo;
  readHeader?(): void;
  decode(): void;
  delete(): void;
}

type DecoderClass = new () => WasmDecoder;

/** Decode with a fresh decoder; its memory is freed whatever happens. */
export function decodeWith(Decoder: DecoderClass, coded: Uint8Array, photometric: string | null): Decoded {
  const decoder = new Decoder();
  try {
    decoder.getEncodedBuffer(coded.length).set(coded);
    decoder.decode();
    const info = decoder.getFrameInfo();
    const bytes = decoder.getDecodedBuffer().slice();
    return {
      samples: samplesOf(info, bytes),
      rows: info.height,
      columns: info.width,
      components: info.componentCount,
      bits: info.bitsPerSample,
      signed: info.isSigned === true,
      photometric,
    };
  } catch (error) {
    throw error instanceof Unshowable ? error : new Unshowable("damaged", "coded picture");
  } finally {
    decoder.delete();
  }
}

function samplesOf(info: FrameInfo, bytes: Uint8Array<ArrayBuffer>): Stored {
  const count = info.width * info.height * info.componentCount;
  const each = info.bitsPerSample <= 8 ? 1 : 2;
  if (count === 0 || bytes.length < count * each) throw new Unshowable("damaged", "coded picture");
  if (each === 1) return info.isSigned ? new Int8Array(bytes.buffer, 0, count) : bytes.subarray(0, count);
  return info.isSigned ? new Int16Array(bytes.buffer, 0, count) : new Uint16Array(bytes.buffer, 0, count);
}

/** The codecs' own remarks would fill the console. */
function quietly(locate: Locate): { locateFile: Locate; print: () => void; printErr: () => void } {
  const silence = (): void => undefined;
  return { locateFile: locate, print: silence, printErr: silence };
}

export async function jpegLs(locate: Locate): Promise<(coded: Uint8Array, facts: ImageFacts) => Decoded> {
  const { default: open } = await import("@cornerstonejs/codec-charls/decodewasmjs");
  const { JpegLSDecoder } = await open(quietly(locate));
  return (coded) => decodeWith(JpegLSDecoder, coded, null);
}

/** OpenJPEG undoes a colour transform that the codestream declares, so what comes out is RGB. */
export async function jpeg2000(locate: Locate): Promise<(coded: Uint8Array, facts: ImageFacts) => Decoded> {
  const { default: open } = await import("@cornerstonejs/codec-openjpeg/decodewasmjs");
  const { J2KDecoder } = await open(quietly(locate));
  return (coded, facts) => decodeWith(J2KDecoder, coded, afterTransform(facts));
}

export async function htj2k(locate: Locate): Promise<(coded: Uint8Array, facts: ImageFacts) => Decoded> {
  const { default: open } = await import("@cornerstonejs/codec-openjph/wasmjs");
  const { HTJ2KDecoder } = await open(quietly(locate));
  return (coded, facts) => decodeWith(HTJ2KDecoder, coded, afterTransform(facts));
}

/** libjpeg takes three components for YCbCr and turns them into RGB itself, unless a marker says that they are RGB. */
export async function jpegEightBit(locate: Locate): Promise<(coded: Uint8Array, facts: ImageFacts) => Decoded> {
  const { default: open } = await import("@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs");
  const { JPEGDecoder } = await open(quietly(locate));
  return (coded, facts) => decodeWith(JPEGDecoder, asMeant(coded, facts), facts.samples === 3 ? "RGB" : null);
}

function afterTransform(facts: ImageFacts): string | null {
  return facts.photometric === "YBR_RCT" || facts.photometric === "YBR_ICT" ? "RGB" : null;
}

/** Where the dataset says RGB and the codestream says nothing, the dataset's word is written into the codestream. */
function asMeant(coded: Uint8Array, facts: ImageFacts): Uint8Array {
  return facts.photometric === "RGB" && facts.samples === 3 ? withoutColourTransform(coded) : coded;
}
