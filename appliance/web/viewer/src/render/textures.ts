/** Textures of a series: one 3D texture for all its slices, one flat texture for what does not fit into it. */
import type { PreviewVolume } from "../volume/preview";
import type { Tops } from "../halves";

export interface VolumeSize {
  readonly columns: number;
  readonly rows: number;
  readonly slices: number;
}

export interface VolumeTexture extends VolumeSize {
  readonly texture: WebGLTexture;
  /** How many picture pixels a texel stands for, across and down: 1, or 2, 4, 8 where the card refused more. */
  readonly factor: number;
  /** Where slices wait until something is drawn from the volume; null once they have gone over, and where there is too much of them. */
  waiting: WebGLBuffer | null;
}

/** A small volume on the card that stands for the whole one; its texels may reach over the whole one's end. */
export interface CoarseTexture extends VolumeSize {
  readonly texture: WebGLTexture;
  /** Voxels of the whole volume that it reaches over. */
  readonly reach: VolumeSize;
  /** Its first slice is the whole volume's last. */
  readonly isReversed: boolean;
}

const INFINITE = 0x7c00; // as a half float
const MOST_FACTOR = 8;
const MOST_AT_ONCE_BYTES = 2 ** 28; // beyond that twice the room is too much

/** Reserve a volume, at a lower resolution when the card or `mostBytes` refuse; null when it cannot be had at all. */
export function reserveVolume(gl: WebGL2RenderingContext, size: VolumeSize, mostBytes: number): VolumeTexture | null {
  for (let factor = 1; factor <= MOST_FACTOR; factor *= 2) {
    const columns = Math.ceil(size.columns / factor);
    const rows = Math.ceil(size.rows / factor);
    const found = reserve(gl, { columns, rows, slices: size.slices }, mostBytes);
    if (found !== null) return { ...found, columns, rows, slices: size.slices, factor };
  }
  return null;
}

function reserve(gl: WebGL2RenderingContext, size: VolumeSize, mostBytes: number): Pick<VolumeTexture, "texture" | "waiting"> | null {
  const most = gl.getParameter(gl.MAX_3D_TEXTURE_SIZE) as number;
  if (Math.max(size.columns, size.rows, size.slices) > most) return null;
  const bytes = size.columns * size.rows * size.slices * 2;
  if (bytes > mostBytes) return null;
  while (gl.getError() !== gl.NO_ERROR && !gl.isContextLost()); // errors of before are not this texture's
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_3D, texture);
  gl.texStorage3D(gl.TEXTURE_3D, 1, gl.R16F, size.columns, size.rows, size.slices);
  filter(gl, gl.TEXTURE_3D);
  if (gl.getError() === gl.NO_ERROR) return { texture, waiting: waitingRoom(gl, bytes) };
  gl.deleteTexture(texture);
  return null;
}

/**
 * Where slices wait, to go over by one copy. WebGL lets nobody read what was there before: where a single slice came first, the
 * browser would clear the rest, which takes a software renderer longer than all copies do.
 */
function waitingRoom(gl: WebGL2RenderingContext, bytes: number): WebGLBuffer | null {
  if (bytes > MOST_AT_ONCE_BYTES) return null;
  const waiting = gl.createBuffer();
  gl.bindBuffer(gl.PIXEL_UNPACK_BUFFER, waiting);
  gl.bufferData(gl.PIXEL_UNPACK_BUFFER, bytes, gl.STREAM_DRAW);
  gl.bindBuffer(gl.PIXEL_UNPACK_BUFFER, null);
  if (gl.getError() === gl.NO_ERROR) return waiting;
  gl.deleteBuffer(waiting);
  return null;
}

/** Give a volume's texture, to be drawn from: what has waited goes over, and what still comes goes there at once. */
export function drawnFrom(gl: WebGL2RenderingContext, volume: VolumeTexture): WebGLTexture {
  const { texture, waiting, columns, rows, slices } = volume;
  if (waiting === null) return texture;
  gl.bindTexture(gl.TEXTURE_3D, texture);
  gl.bindBuffer(gl.PIXEL_UNPACK_BUFFER, waiting);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, 0, columns, rows, slices, gl.RED, gl.HALF_FLOAT, 0);
  gl.bindBuffer(gl.PIXEL_UNPACK_BUFFER, null);
  gl.deleteBuffer(waiting);
  volume.waiting = null;
  return texture;
}

/** Give a volume's memory back. */
export function drop(gl: WebGL2RenderingContext, { texture, waiting }: VolumeTexture): void {
  gl.deleteTexture(texture);
  gl.deleteBuffer(waiting);
}

/** Make a small volume of half floats. */
export function makeCoarse(gl: WebGL2RenderingContext, small: PreviewVolume, isReversed: boolean, halves: Uint16Array): CoarseTexture {
  const { columns, rows, slices } = small;
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_3D, texture);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  gl.texImage3D(gl.TEXTURE_3D, 0, gl.R16F, columns, rows, slices, 0, gl.RED, gl.HALF_FLOAT, halves);
  filter(gl, gl.TEXTURE_3D);
  const [through, down, across] = small.factor;
  return { columns, rows, slices, texture, isReversed, reach: { columns: columns * across, rows: rows * down, slices: slices * through } };
}

/** Make the greatest values of a volume's blocks a texture; of one block, in which there may be anything, where they are not known. */
export function makeTops(gl: WebGL2RenderingContext, tops: Tops | null): WebGLTexture {
  const texture = gl.createTexture();
  const [across, down, through] = tops === null ? [1, 1, 1] : [tops.across, tops.down, tops.through];
  gl.bindTexture(gl.TEXTURE_3D, texture);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  gl.texImage3D(gl.TEXTURE_3D, 0, gl.R16F, across, down, through, 0, gl.RED, gl.HALF_FLOAT, tops?.halves ?? Uint16Array.of(INFINITE));
  gl.texParameteri(gl.TEXTURE_3D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_3D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  return texture;
}

/** Put one slice of half floats into a volume. */
export function uploadSlice(gl: WebGL2RenderingContext, volume: VolumeTexture, slice: number, halves: Uint16Array): void {
  if (volume.waiting !== null) {
    gl.bindBuffer(gl.PIXEL_UNPACK_BUFFER, volume.waiting);
    const texels = volume.columns * volume.rows;
    gl.bufferSubData(gl.PIXEL_UNPACK_BUFFER, 2 * texels * slice, halves, 0, texels);
    gl.bindBuffer(gl.PIXEL_UNPACK_BUFFER, null);
    return;
  }
  gl.bindTexture(gl.TEXTURE_3D, volume.texture);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, slice, volume.columns, volume.rows, 1, gl.RED, gl.HALF_FLOAT, halves);
}

/** How far a flat picture must be shrunk so that the card takes it. */
export function flatFactor(gl: WebGL2RenderingContext, size: { columns: number; rows: number }, texelBytes: number, mostBytes: number): number {
  const most = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number;
  const { columns, rows } = size;
  let factor = 1;
  while (Math.max(columns, rows) > most * factor || columns * rows * texelBytes > mostBytes * factor * factor) factor *= 2;
  return factor;
}

/** Make a flat texture of half floats or of RGB bytes. */
export function makeFlat(gl: WebGL2RenderingContext, columns: number, rows: number, texels: Uint16Array | Uint8Array): WebGLTexture {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  if (texels instanceof Uint16Array) gl.texImage2D(gl.TEXTURE_2D, 0, gl.R16F, columns, rows, 0, gl.RED, gl.HALF_FLOAT, texels);
  else gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB8, columns, rows, 0, gl.RGB, gl.UNSIGNED_BYTE, texels);
  filter(gl, gl.TEXTURE_2D);
  return texture;
}

function filter(gl: WebGL2RenderingContext, target: GLenum): void {
  gl.texParameteri(target, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
  gl.texParameteri(target, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
  gl.texParameteri(target, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(target, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  if (target === gl.TEXTURE_3D) gl.texParameteri(target, gl.TEXTURE_WRAP_R, gl.CLAMP_TO_EDGE);
}
