/** Cuts planes through a volume, and shows it as a body; each into its own part of the canvas. */
import type { VoiFunction, Window } from "../dicom/facts";
import type { Encoding } from "../volume/encoding";
import type { Geometry } from "../volume/geometry";
import type { Slab } from "../volume/linked";
import { intoOf, type Plane, type PlaneView } from "../volume/planes";
import { directionToMm, inverse, length, plus, scaled, toMm, type Affine, type Vector } from "../volume/vectors";
import type { Filling } from "./filling";
import { makeProgram, type Program } from "./program";
import { PLANE, SOLID } from "./shaders";
import { Target } from "./target";
import type { VolumeTexture } from "./textures";

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
const MOST_SLAB_SAMPLES = 128;
const MOST_RAY_SAMPLES = 2048;

/** Takes mm to texture coordinates: 0 is the outer face of the first voxel; a texel may stand for several. */
function textureOf({ affine, slices }: Geometry, { columns, rows, factor }: VolumeTexture): Affine {
  const back = inverse(affine);
  const by = (v: Vector): Vector => [v[0] / (columns * factor), v[1] / (rows * factor), v[2] / slices.length];
  return { i: by(back.i), j: by(back.j), k: by(back.k), origin: by(plus(back.origin, [0.5, 0.5, 0.5])) };
}

export class PlaneDrawer {
  private readonly planeProgram: Program;
  private readonly solidProgram: Program;
  private readonly target: Target;
  private between: { readonly texture: WebGLTexture; readonly filling: Filling; readonly version: number } | null = null;

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.planeProgram = makeProgram(gl, PLANE);
    this.solidProgram = makeProgram(gl, SOLID);
    this.target = new Target(gl);
  }

  plane(scene: PlaneScene, volume: VolumeTexture, encoding: Encoding, filling: Filling): void {
    const { gl, planeProgram: program } = this;
    const texture = textureOf(scene.geometry, volume);
    const into = intoOf(scene.plane);
    const voxelMm = 1 / (length(directionToMm(inverse(scene.geometry.affine), into)) || 1);
    const samples = Math.max(1, Math.min(MOST_SLAB_SAMPLES, Math.round(scene.slabMm / voxelMm)));
    const spacing = samples > 1 ? scene.slabMm / samples : 0;
    this.begin(program, scene, { volume, encoding, filling });
    this.place(program, scene, texture, scene.view.centre);
    gl.uniform3f(program.uniform("through"), ...directionToMm(texture, scaled(into, spacing)));
    gl.uniform1i(program.uniform("samples"), samples);
    gl.uniform1i(program.uniform("slab"), SLAB_KINDS[scene.slabKind]);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** Draw the body, or put what was drawn before in its place; says whether it is as fine as it gets. */
  solid(scene: SolidScene, volume: VolumeTexture, encoding: Encoding, filling: Filling): boolean {
    const { plane, view, part, look, opacity, tint, inverted, window } = scene;
    const key = JSON.stringify([plane, view, part, look, opacity, tint, inverted, window, encoding, filling.version]);
    return this.target.show(key, part, scene.isResting, (smaller, scale) => this.rays({ ...scene, part: smaller, ratio: scene.ratio * scale }, volume, encoding, filling));
  }

  private rays(scene: SolidScene, volume: VolumeTexture, encoding: Encoding, filling: Filling): void {
    const { gl, solidProgram: program } = this;
    const { geometry } = scene;
    const texture = textureOf(geometry, volume);
    const into = intoOf(scene.plane);
    const sides: Vector = [length(geometry.affine.i) * geometry.columns, length(geometry.affine.j) * geometry.rows, length(geometry.affine.k) * geometry.slices.length];
    const depth = length(sides);
    const voxelMm = Math.max(length(geometry.affine.i), Math.min(length(geometry.affine.j), length(geometry.affine.k)));
    const samples = Math.min(MOST_RAY_SAMPLES, Math.ceil(depth / voxelMm));
    this.begin(program, scene, { volume, encoding, filling });
    this.place(program, scene, texture, plus(scene.view.centre, into, -depth / 2));
    gl.uniform3f(program.uniform("through"), ...directionToMm(texture, scaled(into, depth / samples)));
    gl.uniform3f(program.uniform("toMm"), ...sides);
    gl.uniform1i(program.uniform("samples"), samples);
    gl.uniform1i(program.uniform("look"), scene.look === "brightest" ? 1 : 0);
    gl.uniform2f(program.uniform("opacity"), ...scene.opacity);
    gl.uniform3f(program.uniform("tint"), ...scene.tint);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  private begin(program: Program, scene: PlaneScene | SolidScene, from: { volume: VolumeTexture; encoding: Encoding; filling: Filling }): void {
    const { gl } = this;
    const { x, y, width, height } = scene.part;
    gl.useProgram(program.program);
    gl.viewport(x, y, width, height);
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, this.betweenOf(from.filling));
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_3D, from.volume.texture);
    gl.uniform1i(program.uniform("picture"), 0);
    gl.uniform1i(program.uniform("between"), 1);
    gl.uniform1i(program.uniform("whole"), from.filling.isWhole ? 1 : 0);
    gl.uniform2f(program.uniform("window"), scene.window.centre, scene.window.width);
    gl.uniform2f(program.uniform("encoding"), from.encoding.offset, from.encoding.scale);
    gl.uniform1i(program.uniform("kind"), VOI_KINDS[scene.voiFunction]);
    gl.uniform1i(program.uniform("inverted"), scene.inverted ? 1 : 0);
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
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RG32F, filling.between.length / 2, 1, 0, gl.RG, gl.FLOAT, filling.between);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    this.between = { texture, filling, version: filling.version };
    return texture;
  }
}
