/**
 * Draws one slot of a stack into a canvas. It keeps no picture of its own: after a lost context everything is made again
 * from the stored values that the stack has or asks for, and the small volume stands for what has not come yet.
 */
import type { FramePixels, ImageFacts, VoiFunction, Window } from "../dicom/facts";
import { coarseOrder } from "../dicom/order";
import { chooseEncoding, halfBits, holds, joined, makeEncoder, shrink, type Encoding, type Range } from "../volume/encoding";
import { rangeOfFrame } from "../volume/greys";
import type { Geometry } from "../volume/geometry";
import { frameFacts, type Slot, type Stack } from "../volume/stack";
import { pixelSize, toImage, type Picture, type Size, type View } from "../volume/view";
import type { PreviewVolume } from "../volume/preview";
import type { KeptPixels } from "../volume/kept";
import { openTops, type Tops } from "../halves";
import { Encoders } from "./encoders";
import { Filling } from "./filling";
import { PlaneDrawer, VOI_KINDS, type PlaneScene, type SolidScene, type Source } from "./planes";
import { makeProgram, type Program } from "./program";
import { COLOUR_FLAT, GREY_FLAT, GREY_VOLUME } from "./shaders";
import { Tables } from "./tables";
import { drawnFrom, drop, flatFactor, makeCoarse, makeFlat, reserveVolume, uploadSlice, type CoarseTexture, type VolumeTexture } from "./textures";

export interface Scene {
  readonly slot: number;
  readonly view: View;
  readonly pane: Size;
  readonly picture: Picture;
  readonly window: Window;
  readonly voiFunction: VoiFunction;
  readonly inverted: boolean;
}

interface Programs {
  readonly volume: Program;
  readonly flat: Program;
  readonly colour: Program;
}

interface Flat {
  readonly slot: number;
  readonly texture: WebGLTexture;
  readonly pixels: FramePixels;
  readonly factor: number;
}

/** This browser has no WebGL2. */
export class NoGraphics extends Error {}

const MOST_ASKED = 16; // slices at a time: what a hand asks for is soon among them

/** What of a geometry the card needs. */
export type VolumeShape = Pick<Geometry, "columns" | "rows" | "slices">;

const BY_TABLE = 3;

export class Renderer {
  private readonly gl: WebGL2RenderingContext;
  private programs: Programs | null = null;
  private volume: VolumeTexture | null = null;
  private shape: VolumeShape | null = null;
  private preview: PreviewVolume | null = null;
  private isPreviewReversed = false;
  private coarse: CoarseTexture | null = null;
  /** The body may be drawn from the small volume: this device draws quickly, or there is time. */
  isBodyEarly = false;
  private filling = new Filling([]);
  private tops: Tops | null = null;
  private planes: PlaneDrawer | null = null;
  private generation = 0;
  private isEnded = false;
  /** Slots whose pixels were asked for again. */
  private readonly awaited = new Set<number>();
  private whenBack: (() => void) | null = null;
  private flat: Flat | null = null;
  private tables: Tables | null = null;
  private range: Range | null = null;
  private whole = true;
  private encoding: Encoding = chooseEncoding({ low: 0, high: 0 }, true);
  private encoders = new Encoders(this.encoding);

  /**
   * @param mostBytes graphics memory that the volume may take.
   * @param onRestored called when the context is back and everything has been made again.
   * @throws NoGraphics when the browser has no WebGL2.
   */
  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly stack: Stack,
    private readonly mostBytes: number,
    onRestored: () => void,
  ) {
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false, powerPreference: "high-performance", preserveDrawingBuffer: true });
    if (gl === null) throw new NoGraphics();
    this.gl = gl;
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      this.rebuild();
      this.whenBack = onRestored;
      this.settle();
    });
    this.makePrograms();
  }

  /** Picture pixels that one texel stands for, in each direction; 1 is full resolution. */
  get factor(): number {
    return Math.max(this.volume?.factor ?? 1, this.flat?.factor ?? 1);
  }

  get bodyScale(): number {
    return this.planes?.bodyScale ?? 0;
  }

  /** Take a slot's pixels to the card. Slots of the usual size go into the volume once `openVolume` made one. */
  add(slot: number): void {
    const { facts, pixels, frame } = this.slotAt(slot);
    if (!facts || pixels?.kind !== "grey") return;
    const range = rangeOfFrame(pixels, frameFacts(facts, frame), facts.padding);
    if (range !== null) this.widen(range, isWhole(this.slotAt(slot)));
    if (this.volume !== null) this.upload(slot);
    this.settle(slot);
  }

  /** Say whether the card has a slot's pixels at full resolution or as fine as it can, whatever becomes of them elsewhere. */
  holds(slot: number): boolean {
    return this.volume !== null && this.filling.holds(slot);
  }

  /** A slot's pixels will not come again. */
  miss(slot: number): void {
    this.settle(slot);
  }

  /** Ask on for what the card has to have again; tell when it has all. */
  private settle(slot = -1): void {
    const wasAwaited = this.awaited.delete(slot);
    for (const next of this.awaited) if (this.stack.kept.asking < MOST_ASKED) this.stack.kept.want(next);
    if (this.awaited.size > 0) return;
    if (wasAwaited && this.isEnded) this.closeVolume();
    this.whenBack?.();
    this.whenBack = null;
  }

  /** Reserve the volume for slots of one size, and fill it with what has come; say whether the card has room for it. */
  openVolume(shape: VolumeShape): boolean {
    this.shape = shape;
    if (this.volume !== null) drop(this.gl, this.volume); // not two at once
    this.volume = reserveVolume(this.gl, { columns: shape.columns, rows: shape.rows, slices: shape.slices.length }, this.mostBytes);
    if (this.volume !== null) this.refill();
    if (this.isEnded) this.closeVolume();
    return this.volume !== null;
  }

  /** Take a small volume that stands for the slices until they have come; a reversed one begins with the last of them. */
  showPreview(preview: PreviewVolume, isReversed: boolean): void {
    this.preview = preview;
    this.isPreviewReversed = isReversed;
    const range = rangeOfFrame({ kind: "grey", stored: preview.values }, preview, null);
    if (range !== null) this.widen(range, true);
    this.generation++;
  }

  /** The volume lies otherwise than the small one. */
  forgetPreview(): void {
    this.dropCoarse();
    this.preview = null;
  }

  private dropCoarse(): void {
    if (this.coarse !== null) this.gl.deleteTexture(this.coarse.texture);
    this.coarse = null;
  }

  /** The small volume on the card, made when it is first drawn. */
  private coarseTexture(): CoarseTexture | null {
    const { preview } = this;
    if (preview === null) return null;
    return (this.coarse ??= makeCoarse(this.gl, preview, this.isPreviewReversed, makeEncoder(this.encoding, preview, null, 0)(preview.values)));
  }

  /** Nothing more comes: what is still empty stays dark. */
  closeVolume(): void {
    this.isEnded = true; // a small series ends before there was time to reserve its volume
    if (this.awaited.size > 0) return;
    this.dropCoarse();
    if (this.volume === null) return;
    for (const slice of this.filling.empty()) this.put(slice, this.volume, this.darkSlice(this.volume));
    this.filling.close();
  }

  private darkSlice({ columns, rows }: VolumeTexture): Uint16Array {
    const { offset, scale } = this.encoding;
    return new Uint16Array(columns * rows).fill(halfBits(((this.range?.low ?? offset) - offset) * scale));
  }

  private rebuild(): void {
    this.generation++;
    this.programs = null;
    this.volume = null;
    this.flat = null;
    this.coarse = null;
    this.planes = null;
    this.tables = null;
    this.makePrograms();
    const { isClosed } = this.filling;
    if (this.shape !== null) this.openVolume(this.shape);
    if (isClosed) this.closeVolume();
  }

  private makePrograms(): void {
    const [volume, flat, colour] = [GREY_VOLUME, GREY_FLAT, COLOUR_FLAT].map((source) => makeProgram(this.gl, source));
    if (volume && flat && colour) this.programs = { volume, flat, colour };
  }

  private widen(range: Range, whole: boolean): void {
    this.range = joined(this.range, range);
    const stillWhole = this.whole && whole;
    if (stillWhole === this.whole && holds(this.encoding, this.range)) return;
    this.whole = stillWhole;
    this.encoding = chooseEncoding(this.range, stillWhole);
    this.encoders = new Encoders(this.encoding);
    this.dropCoarse();
    this.dropFlat();
    this.refill();
  }

  private refill(): void {
    const { isClosed } = this.filling;
    this.generation++;
    this.filling = new Filling(this.shape?.slices ?? []);
    this.tops = this.volume === null ? null : openTops(this.volume.columns, this.volume.rows, this.volume.slices);
    this.awaited.clear();
    for (const slot of coarseOrder(this.stack.slots.length)) this.upload(slot);
    this.settle();
    if (isClosed) this.closeVolume();
  }

  private upload(slot: number): void {
    const { facts, pixels } = this.slotAt(slot);
    const slice = this.filling.sliceOf(slot);
    if (this.volume === null || slice === null || !facts || pixels === null) return;
    if (pixels.kind === "kept") this.awaited.add(slot);
    if (pixels.kind !== "grey") return;
    if (facts.columns !== this.shape?.columns || facts.rows !== this.shape.rows) return;
    const { factor } = this.volume;
    const stored = factor === 1 ? pixels.stored : shrink(pixels.stored, { ...sizeOf(facts), samples: 1 }, factor);
    this.put(slice, this.volume, this.encoders.for(this.slotAt(slot), this.range)(stored));
    this.filling.fill(slice);
  }

  private put(slice: number, volume: VolumeTexture, halves: Uint16Array): void {
    uploadSlice(this.gl, volume, slice, halves);
    this.tops?.add(slice, halves);
  }

  /** Draw, and leave the result in the drawing buffer. */
  draw(scene: Scene): void {
    const { gl } = this;
    if (this.programs === null || gl.isContextLost()) return;
    const slot = this.slotAt(scene.slot);
    if (slot.pixels === null || this.isAway(scene.slot)) return this.clear();
    const program = this.bind(scene.slot, slot.pixels, this.programs);
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    this.place(program, scene);
    gl.uniform2f(program.uniform("window"), scene.window.centre, scene.window.width);
    gl.uniform2f(program.uniform("encoding"), this.encoding.offset, this.encoding.scale);
    gl.uniform1f(program.uniform("slice"), ((this.filling.sliceOf(scene.slot) ?? 0) + 0.5) / (this.volume?.slices ?? 1));
    this.tables ??= new Tables(gl);
    gl.uniform1i(program.uniform("kind"), this.tables.use(program, scene.window) ? BY_TABLE : VOI_KINDS[scene.voiFunction]);
    gl.uniform1i(program.uniform("inverted"), scene.inverted ? 1 : 0);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** Draw a plane through the volume into a part of the canvas; say whether it is as fine as it gets, null where there is no volume to cut. */
  drawPlane(scene: PlaneScene): boolean | null {
    const [drawer, source] = [this.planeDrawer(), this.source()];
    if (drawer === null || (source.volume === null && source.coarse === null)) return null;
    return drawer.plane(scene, source);
  }

  /** Draw the volume as a body into a part of the canvas, once there is one of it all; say whether it is as fine as it gets. */
  drawSolid(scene: SolidScene): boolean {
    const [drawer, source] = [this.planeDrawer(), this.source()];
    const isThere = (source.coarse !== null && this.isBodyEarly) || (source.volume !== null && this.filling.isWhole);
    if (drawer === null || !isThere) return true; // half a body is drawn too often
    return drawer.solid(scene, source);
  }

  private source(): Source {
    const { volume, encoding, filling, tops } = this;
    const coarse = (volume !== null && filling.isWhole) || this.gl.isContextLost() ? null : this.coarseTexture();
    return { volume: coarse !== null && filling.isEmpty ? null : volume, coarse, encoding, filling, tops };
  }

  /** Say whether planes show something of every part of the volume: the small one, or slices that lie near enough. */
  get isUsable(): boolean {
    return this.preview !== null || (this.volume !== null && this.filling.isEven);
  }

  /** Differs once what a plane shows may have changed, whatever the plane. */
  get volumeState(): string {
    return `${String(this.generation)} ${String(this.filling.version)}`;
  }

  private planeDrawer(): PlaneDrawer | null {
    if (this.gl.isContextLost()) return null;
    return (this.planes ??= new PlaneDrawer(this.gl));
  }

  /** Read the brightness 0..255 of one device pixel counted from the top left, as it was drawn last. */
  readAt(x: number, y: number): number[] {
    const pixel = new Uint8Array(4);
    this.gl.readPixels(x, this.gl.drawingBufferHeight - 1 - y, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, pixel);
    return Array.from(pixel.subarray(0, 3));
  }

  /** Draw, then read the brightness 0..255 of one device pixel counted from the top left; for tests. */
  brightnessAt(scene: Scene, x: number, y: number): number[] {
    this.draw(scene);
    return this.readAt(x, y);
  }

  /** Give the card's memory back; nothing is drawn any more. */
  close(): void {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  clear(): void {
    this.planes?.uncover();
    this.gl.clearColor(0, 0, 0, 1);
    this.gl.clear(this.gl.COLOR_BUFFER_BIT);
  }

  /** Its pixels are neither on the card nor here: they come again. */
  private isAway(slot: number): boolean {
    const isAway = this.slotAt(slot).pixels?.kind === "kept" && !this.holds(slot);
    if (isAway) this.stack.kept.want(slot);
    return isAway;
  }

  private place(program: Program, { view, pane, picture }: Scene): void {
    const { gl } = this;
    const ratio = gl.drawingBufferWidth / pane.width;
    const size = pixelSize(view, pane, picture);
    const corner = toImage(view, pane, picture, { x: 0, y: pane.height });
    gl.uniform2f(program.uniform("origin"), corner.x, corner.y);
    gl.uniform2f(program.uniform("step_"), 1 / (size.x * ratio), -1 / (size.y * ratio));
    gl.uniform2f(program.uniform("size"), picture.width, picture.height);
  }

  private bind(index: number, pixels: FramePixels | KeptPixels, programs: Programs): Program {
    const { gl } = this;
    if (pixels.kind === "kept" || this.holds(index)) {
      gl.useProgram(programs.volume.program);
      gl.bindTexture(gl.TEXTURE_3D, this.volume && drawnFrom(gl, this.volume));
      return programs.volume;
    }
    const program = pixels.kind === "colour" ? programs.colour : programs.flat;
    gl.useProgram(program.program);
    gl.bindTexture(gl.TEXTURE_2D, this.flatFor(index, pixels));
    return program;
  }

  private flatFor(index: number, pixels: FramePixels): WebGLTexture {
    if (this.flat?.slot === index && this.flat.pixels === pixels) return this.flat.texture;
    this.dropFlat();
    const slot = this.slotAt(index);
    const { columns, rows } = sizeOf(slot.facts);
    const colour = pixels.kind === "colour";
    const factor = flatFactor(this.gl, { columns, rows }, colour ? 3 : 2, this.mostBytes);
    const samples = colour ? pixels.rgb : pixels.stored;
    const fitting = factor === 1 ? samples : shrink(samples, { columns, rows, samples: colour ? 3 : 1 }, factor);
    const texels = colour ? Uint8Array.from(fitting) : this.encoders.for(slot, this.range)(fitting);
    const texture = makeFlat(this.gl, Math.ceil(columns / factor), Math.ceil(rows / factor), texels);
    this.flat = { slot: index, texture, pixels, factor };
    return texture;
  }

  private dropFlat(): void {
    if (this.flat !== null) this.gl.deleteTexture(this.flat.texture);
    this.flat = null;
  }

  private slotAt(index: number): Slot {
    const slot = this.stack.slots[index];
    if (slot === undefined) throw new RangeError("no such slot");
    return slot;
  }
}

function sizeOf(facts: ImageFacts | null): { columns: number; rows: number } {
  if (facts === null) throw new RangeError("a slot with pixels has facts");
  return { columns: facts.columns, rows: facts.rows };
}

function isWhole(slot: Slot): boolean {
  if (slot.facts === null || slot.pixels?.kind !== "grey") return true;
  const { slope, intercept } = frameFacts(slot.facts, slot.frame);
  const { stored } = slot.pixels;
  return Number.isInteger(slope) && Number.isInteger(intercept) && !(stored instanceof Float32Array || stored instanceof Float64Array);
}
