/** dicom-parser speaks of Node's Buffer; here its bytes are always plain. */
type Buffer = Uint8Array;

/** The codecs come without types; this is the part of them that is used. */
declare module "@cornerstonejs/codec-*" {
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
    decode(): void;
    delete(): void;
  }
  interface Codec {
    readonly JpegLSDecoder: new () => WasmDecoder;
    readonly J2KDecoder: new () => WasmDecoder;
    readonly HTJ2KDecoder: new () => WasmDecoder;
    readonly JPEGDecoder: new () => WasmDecoder;
  }
  const open: (options: { locateFile: (file: string) => string; print: () => void; printErr: () => void }) => Promise<Codec>;
  export default open;
}

declare module "jpeg-lossless-decoder-js" {
  export class Decoder {
    readonly frame: { readonly dimX: number; readonly dimY: number; readonly precision: number; readonly numComp: number };
    decode(buffer: ArrayBufferLike, offset: number, length: number): unknown;
  }
}
