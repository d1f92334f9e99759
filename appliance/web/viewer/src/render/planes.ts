/** Cuts planes through a volume, and shows it as a body; each into its own part of the canvas. */
import type { VoiFunction, Window } from "../dicom/facts";
import type { Encoding } from "../volume/encoding";
import type { Geometry } from "../volume/geometry";
import type { Slab } from "../volume/linked";
import { intoOf, type Plane, type PlaneView } from "../volume/planes";
import { slabSteps } from "../volume/slab";
import { directionToMm, inverse, length, plus, scaled, toMm, type Affine, type Vector } from "../volume/vectors";
import { BLOCK, type Tops } from "../halves";
import type { Filling } from "./filling";
import { makeProgram, type Program } from "./program";
import { ARRIVING_SLAB, SLAB, SMALL_SOLID, SMALL_THIN, SOLID, THIN } from "./shaders";
import { Target } from "./target";
import { drawnFrom, makeTops, type CoarseTexture, type VolumeSize, type VolumeTexture } from "./textures";

/** A part of the canvas in device pixels, counted from its lower left corner. */
export interface Part {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Looks {
  readonly window: Window;
  readonly voiFunction: VoiFunction;
  readonly inverted: boolean;
}

export interface PlaneScene extends Looks {
  readonly geometry: Geometry;
  readonly plane: Plane;
  /** Its centre lies on the plane. */
  readonly view: PlaneView;
  readonly part: Part;
  /** Device pixels for each CSS pixel. */
  readonly ratio: number;
  readonly slabMm: number;
  readonly slabKind: Slab;
  /** Nothing has moved for a moment: a slab is looked at voxel by voxel. */
  readonly isResting: boolean;
}

export interface SolidScene extends Looks {
  readonly geometry: Geometry;
  readonly plane: Plane;
  readonly view: PlaneView;
  readonly part: Part;
  readonly ratio: number;
  readonly look: "surface" | "brightest";
  /** Grey values where nothing is seen, and where nothing shines through any more. */
  readonly opacity: readonly [number, number];
  readonly tint: Vector;
  /** Nothing has changed for a moment: it may be drawn more finely. */
  readonly isResting: boolean;
}

/** The numbers by which the shaders know the functions. */
export const VOI_KINDS: Readonly<Record<VoiFunction, number>> = { LINEAR: 0, LINEAR_EXACT: 1, SIGMOID: 2 };
const SLAB_KINDS: Readonly<Record<Slab, number>> = { mean: 0, most: 1, least: 2 };
const MOST_RAY_SAMPLES = 2048;
const MOST_STRIDE = 2;
const COARSE_STEP = 2; // voxels; the small volume has no more to show

/** What there is of a volume: its slices as far as they have come, a small one that stands for the rest, or one of the two. */
export interface Source {
  readonly volume: VolumeTexture | null;
  readonly coarse: CoarseTexture | null;
  readonly encoding: Encoding;
  readonly filling: Filling;
  /** The greatest values of the volume's blocks, where they are known. */
  readonly tops: Tops | null;
}

/** The numbers by which the shader of an arriving volume knows what it is drawn from. */
const MODES = { interpolated: 0, mixed: 1, coarse: 2 } as const;
type Mode = (typeof MODES)[keyof typeof MODES];

/** Null for a volume that is whole: it has shaders of its own. */
function modeOf({ volume, coarse, filling }: Source): Mode | null {
  if (volume === null) return MODES.coarse;
  if (filling.isWhole) return null;
  return coarse === null ? MODES.interpolated : MODES.mixed;
}

/** The shader that cuts a volume: what is seen first, and what is seen longest, have one that asks nothing. */
function cutBy(mode: Mode | null, isThin: boolean): string {
  if (mode === null) return isThin ? THIN : SLAB;
  return isThin && mode === MODES.coarse ? SMALL_THIN : ARRIVING_SLAB;
}

/** Voxels that the texture coordinates 0 to 1 stand for; a texel may stand for several. */
function reachOf({ columns, rows, slices }: Geometry, volume: VolumeTexture | null): VolumeSize {
  if (volume === null) return { columns, rows, slices: slices.length };
  return { columns: volume.columns * volume.factor, rows: volume.rows * volume.factor, slices: slices.length };
}

/** How many samples of a ray are taken at once where nothing is: a picture with large pixels shows nothing finer. */
function strideOf(voxelMm: number, pixelMm: number): number {
  return Math.min(MOST_STRIDE, Math.max(1, pixelMm / voxelMm / 2));
}

/** Takes mm to texture coordinates: 0 is the outer face of the first voxel. */
function textureOf({ affine }: Geometry, reach: VolumeSize): Affine {
  const back = inverse(affine);
  const by = (v: Vector): Vector => [v[0] / reach.columns, v[1] / reach.rows, v[2] / reach.slices];
  return { i: by(back.i), j: by(back.j), k: by(back.k), origin: by(plus(back.origin, [0.5, 0.5, 0.5])) };
}

export class PlaneDrawer {
  private readonly programs = new Map<string, Program>();
  private readonly target: Target;
  private tops: { readonly of: Tops | null; readonly texture: WebGLTexture } | null = null;
  private between: { readonly texture: WebGLTexture; readonly filling: Filling; readonly version: number } | null = null;

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.target = new Target(gl);
  }

  /** Draw a plane; says whether it is as fine as it gets. */
  plane(scene: PlaneScene, source: Source): boolean {
    const { gl } = this;
    const texture = textureOf(scene.geometry, reachOf(scene.geometry, source.volume));
    const into = intoOf(scene.plane);
    const { samples, mm, isFine } = slabSteps(scene.geometry, into, scene.slabMm, scene.isResting);
    const mode = modeOf(source);
    const program = this.program(cutBy(mode, samples === 1));
    this.begin(program, scene, source);
    gl.uniform1i(program.uniform("mode"), mode ?? 0);
    this.place(program, scene, texture, scene.view.centre);
    gl.uniform3f(program.uniform("through"), ...directionToMm(texture, scaled(into, mm)));
    gl.uniform1i(program.uniform("samples"), samples);
    gl.uniform1i(program.uniform("slab"), SLAB_KINDS[scene.slabKind]);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    return isFine;
  }

  /** Draw the body, or put what was drawn before in its place; says whether it is as fine as it gets. Before it is whole it is the small volume's. */
  solid(scene: SolidScene, source: Source): boolean {
    const { plane, view, part, look, opacity, tint, inverted, window } = scene;
    const { encoding, filling } = source;
    const isWhole = filling.isWhole && source.volume !== null;
    const from = isWhole ? source : { ...source, volume: null, tops: null };
    if (from.volume !== null) drawnFrom(this.gl, from.volume); // how long that takes says nothing of a body
    const depends = { view: JSON.stringify([plane, view, part, look, opacity, tint, inverted, window]), content: JSON.stringify([encoding, isWhole ? filling.version : "coarse"]) };
    const isFine = this.target.show(depends, part, scene.isResting && isWhole, (smaller, scale) => this.rays({ ...scene, part: smaller, ratio: scene.ratio * scale }, from, isWhole));
    return isFine || !isWhole; // while slices come there is something better to do than to draw the small one finely
  }

  get bodyScale(): number {
    return this.target.scale;
  }

  /** The canvas is empty. */
  uncover(): void {
    this.target.uncover();
  }

  /** A program is made when it is first drawn with: what is seen first comes first. */
  private program(source: string): Program {
    const made = this.programs.get(source) ?? makeProgram(this.gl, source);
    this.programs.set(source, made);
    return made;
  }

  private rays(scene: SolidScene, source: Source, isWhole: boolean): void {
    const { gl } = this;
    const program = this.program(isWhole ? SOLID : SMALL_SOLID);
    const { geometry } = scene;
    const texture = textureOf(geometry, reachOf(geometry, source.volume));
    const into = intoOf(scene.plane);
    const sides: Vector = [length(geometry.affine.i) * geometry.columns, length(geometry.affine.j) * geometry.rows, length(geometry.affine.k) * geometry.slices.length];
    const depth = length(sides);
    const voxelMm = Math.max(length(geometry.affine.i), Math.min(length(geometry.affine.j), length(geometry.affine.k)));
    const stride = scene.look === "brightest" || !isWhole ? 1 : strideOf(voxelMm, 1 / (scene.view.pixelsPerMm * scene.ratio));
    const samples = Math.min(MOST_RAY_SAMPLES, Math.ceil(depth / voxelMm / (isWhole ? 1 : COARSE_STEP)));
    this.begin(program, scene, source);
    this.bindTops(program, source);
    this.place(program, scene, texture, plus(scene.view.centre, into, -depth / 2));
    gl.uniform3f(program.uniform("through"), ...directionToMm(texture, scaled(into, depth / samples)));
    gl.uniform3f(program.uniform("toMm"), ...sides);
    gl.uniform1i(program.uniform("samples"), samples);
    gl.uniform1f(program.uniform("stride"), stride);
    gl.uniform1i(program.uniform("look"), scene.look === "brightest" ? 1 : 0);
    gl.uniform2f(program.uniform("opacity"), ...scene.opacity);
    gl.uniform3f(program.uniform("tint"), ...scene.tint);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  private begin(program: Program, scene: PlaneScene | SolidScene, source: Source): void {
    const { gl } = this;
    const { x, y, width, height } = scene.part;
    gl.useProgram(program.program);
    gl.viewport(x, y, width, height);
    this.bind(program, scene.geometry, source);
    gl.uniform2f(program.uniform("window"), scene.window.centre, scene.window.width);
    gl.uniform2f(program.uniform("encoding"), source.encoding.offset, source.encoding.scale);
    gl.uniform1i(program.uniform("kind"), VOI_KINDS[scene.voiFunction]);
    gl.uniform1i(program.uniform("inverted"), scene.inverted ? 1 : 0);
  }

  /** Give a program the textures; where one of the two volumes is not there, the other takes its place, and is not looked at. */
  private bind(program: Program, geometry: Geometry, { volume, coarse, filling }: Source): void {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE2);
    const [small, own] = [coarse?.texture ?? null, volume && drawnFrom(gl, volume)];
    gl.bindTexture(gl.TEXTURE_3D, small ?? own);
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, this.betweenOf(filling));
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_3D, own ?? small);
    for (const [unit, name] of ["picture", "between", "coarse"].entries()) gl.uniform1i(program.uniform(name), unit);
    if (coarse === null) return;
    const reach = reachOf(geometry, volume);
    const through = reach.slices / coarse.reach.slices;
    gl.uniform3f(program.uniform("reach"), reach.columns / coarse.reach.columns, reach.rows / coarse.reach.rows, coarse.isReversed ? -through : through);
    gl.uniform3f(program.uniform("shift"), 0, 0, coarse.isReversed ? through : 0);
    gl.uniform1f(program.uniform("near"), coarse.reach.slices / coarse.slices);
  }

  private bindTops(program: Program, { tops, volume }: Source): void {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE3);
    if (this.tops?.of !== tops) {
      gl.deleteTexture(this.tops?.texture ?? null);
      this.tops = { of: tops, texture: makeTops(gl, tops) };
    }
    gl.bindTexture(gl.TEXTURE_3D, this.tops.texture);
    gl.activeTexture(gl.TEXTURE0);
    gl.uniform1i(program.uniform("tops"), 3);
    const known = tops === null ? null : volume;
    gl.uniform3f(program.uniform("blocks"), (known?.columns ?? BLOCK) / BLOCK, (known?.rows ?? BLOCK) / BLOCK, (known?.slices ?? BLOCK) / BLOCK);
  }

  private place(program: Program, scene: PlaneScene | SolidScene, texture: Affine, centre: Vector): void {
    const { gl } = this;
    const { part, plane, view, ratio } = scene;
    const mm = 1 / (view.pixelsPerMm * ratio);
    const corner = plus(plus(centre, plane.right, (-part.width / 2) * mm), plane.down, (part.height / 2) * mm);
    gl.uniform3f(program.uniform("corner"), ...toMm(texture, corner));
    gl.uniform3f(program.uniform("across"), ...directionToMm(texture, scaled(plane.right, mm)));
    gl.uniform3f(program.uniform("up"), ...directionToMm(texture, scaled(plane.down, -mm)));
    gl.uniform2f(program.uniform("part"), part.x, part.y);
  }

  /** The card's copy of which slices have come, made anew when that changed. */
  private betweenOf(filling: Filling): WebGLTexture {
    const { gl } = this;
    if (this.between?.filling === filling && this.between.version === filling.version) return this.between.texture;
    const texture = this.between?.texture ?? gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    const pairs = filling.between.length > 0 ? filling.between : new Float32Array(2);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RG32F, pairs.length / 2, 1, 0, gl.RG, gl.FLOAT, pairs);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    this.between = { texture, filling, version: filling.version };
    return texture;
  }
}
