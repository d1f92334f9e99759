/**
 * JPEG extended, sequential, Huffman, 12 bits, one component (ITU-T T.81 process 4; DICOM 1.2.840.10008.1.2.4.51).
 * libjpeg builds are made for 8 bits or for 12, and the wasm one reads 8: this reads the other. No colour, no
 * progressive, no arithmetic coding: those are refused by name.
 */
import type { Decoded } from "../decode";
import { Unshowable } from "../facts";
import { BitReader, buildHuffman, type Huffman } from "./huffman";

const ZIGZAG = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35, 42, 49,
  56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
]; // T.81 figure A.6

interface Frame {
  readonly bits: number;
  readonly rows: number;
  readonly columns: number;
  readonly table: number;
}

interface Tables {
  readonly quantisation: Float64Array[];
  readonly dc: Huffman[];
  readonly ac: Huffman[];
  restartEvery: number;
  frame: Frame | null;
}

/** Decode one frame to unsigned samples [rows, columns]. */
export function decodeTwelve(coded: Uint8Array): Decoded {
  const tables: Tables = { quantisation: [], dc: [], ac: [], restartEvery: 0, frame: null };
  let at = 2;
  while (at + 4 <= coded.length) {
    const marker = ((coded[at] ?? 0) << 8) | (coded[at + 1] ?? 0);
    if (marker === 0xffff || marker < 0xff00) {
      at++;
      continue;
    }
    const length = ((coded[at + 2] ?? 0) << 8) | (coded[at + 3] ?? 0);
    const body = coded.subarray(at + 4, at + 2 + length);
    if (marker === 0xffda) return scan(tables, body, coded.subarray(at + 2 + length));
    readSegment(tables, marker, body);
    at += 2 + length;
  }
  throw new Unshowable("damaged", "JPEG scan");
}

function readSegment(tables: Tables, marker: number, body: Uint8Array): void {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (marker === 0xffc0 || marker === 0xffc1) tables.frame = readFrame(view);
  else if (marker === 0xffc4) readHuffman(tables, body);
  else if (marker === 0xffdb) readQuantisation(tables, view);
  else if (marker === 0xffdd) tables.restartEvery = view.getUint16(0);
}

function readFrame(view: DataView): Frame {
  if (view.byteLength < 9 || view.getUint8(5) !== 1) throw new Unshowable("kind", "12-bit JPEG in colour");
  return { bits: view.getUint8(0), rows: view.getUint16(1), columns: view.getUint16(3), table: view.getUint8(8) & 3 };
}

function readQuantisation(tables: Tables, view: DataView): void {
  let at = 0;
  while (at < view.byteLength) {
    const head = view.getUint8(at++);
    const size = head >> 4 ? 2 : 1;
    if (at + 64 * size > view.byteLength) throw new Unshowable("damaged", "JPEG tables");
    const table = new Float64Array(64);
    for (let i = 0; i < 64; i++) table[ZIGZAG[i] ?? 0] = size === 2 ? view.getUint16(at + 2 * i) : view.getUint8(at + i);
    tables.quantisation[head & 3] = table;
    at += 64 * size;
  }
}

function readHuffman(tables: Tables, body: Uint8Array): void {
  let at = 0;
  while (at + 17 <= body.length) {
    const head = body[at] ?? 0;
    const counts = body.subarray(at + 1, at + 17);
    const symbols = counts.reduce((sum, count) => sum + count, 0);
    (head >> 4 ? tables.ac : tables.dc)[head & 3] = buildHuffman(counts, body.subarray(at + 17, at + 17 + symbols));
    at += 17 + symbols;
  }
}

/** A scan of one component holds its blocks row after row, whatever the sampling factors (T.81 A.2.2). */
function scan(tables: Tables, header: Uint8Array, data: Uint8Array): Decoded {
  const { frame, dc, ac, quantisation } = scanTables(tables, header[2] ?? 0);
  const { restartEvery } = tables;
  const samples = new Uint16Array(frame.rows * frame.columns);
  const reader = new BitReader(data);
  const across = Math.ceil(frame.columns / 8);
  const blocks = across * Math.ceil(frame.rows / 8);
  let predicted = 0;
  for (let block = 0; block < blocks; block++) {
    if (restartEvery > 0 && block > 0 && block % restartEvery === 0) {
      reader.restart();
      predicted = 0;
    }
    const coefficients = new Float64Array(64);
    predicted = readBlock(reader, dc, ac, predicted, coefficients);
    const scaled = coefficients.map((coefficient, i) => coefficient * (quantisation[i] ?? 0));
    place(samples, frame, inverseCosine(scaled), (block % across) * 8, Math.floor(block / across) * 8);
  }
  return { samples, rows: frame.rows, columns: frame.columns, components: 1, bits: frame.bits, signed: false, photometric: null };
}

interface ScanTables {
  readonly frame: Frame;
  readonly dc: Huffman;
  readonly ac: Huffman;
  readonly quantisation: Float64Array;
}

function scanTables(tables: Tables, selectors: number): ScanTables {
  const { frame } = tables;
  const dc = tables.dc[selectors >> 4];
  const ac = tables.ac[selectors & 15];
  const quantisation = tables.quantisation[frame?.table ?? 0];
  if (!frame || !dc || !ac || !quantisation || frame.rows * frame.columns === 0) throw new Unshowable("damaged", "JPEG tables");
  return { frame, dc, ac, quantisation };
}

/** Read one block's coefficients (T.81 F.2.2); returns the new DC value. */
function readBlock(reader: BitReader, dc: Huffman, ac: Huffman, predicted: number, into: Float64Array): number {
  const now = predicted + reader.signed(reader.symbol(dc));
  into[0] = now;
  for (let k = 1; k < 64; k++) {
    const symbol = reader.symbol(ac);
    const size = symbol & 15;
    if (size === 0 && symbol !== 0xf0) break;
    k += symbol >> 4;
    if (size > 0) into[ZIGZAG[k] ?? 63] = reader.signed(size);
  }
  return now;
}

const COSINES = Float64Array.from({ length: 64 }, (_, i) => {
  const [x, u] = [i >> 3, i & 7];
  return (u === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * x + 1) * u * Math.PI) / 16);
}); // T.81 A.3.3, in each direction

function inverseCosine(coefficients: Float64Array): Float64Array {
  return alongRows(alongRows(coefficients));
}

/** Transform each row and write it as a column, so that two passes do both directions. */
function alongRows(from: Float64Array): Float64Array {
  const to = new Float64Array(64);
  for (let row = 0; row < 8; row++) {
    for (let x = 0; x < 8; x++) {
      let sum = 0;
      for (let u = 0; u < 8; u++) sum += (COSINES[8 * x + u] ?? 0) * (from[8 * row + u] ?? 0);
      to[8 * x + row] = sum;
    }
  }
  return to;
}

function place(samples: Uint16Array, frame: Frame, block: Float64Array, left: number, top: number): void {
  const middle = 2 ** (frame.bits - 1);
  const most = 2 ** frame.bits - 1;
  const right = Math.min(8, frame.columns - left);
  const bottom = Math.min(8, frame.rows - top);
  for (let y = 0; y < bottom; y++) {
    for (let x = 0; x < right; x++) {
      const value = Math.round((block[8 * y + x] ?? 0) + middle);
      samples[(top + y) * frame.columns + left + x] = Math.min(most, Math.max(0, value));
    }
  }
}
