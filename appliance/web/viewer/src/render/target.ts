/** A picture beside the canvas: the body is drawn into it only when it changed, as finely as this device's speed allows. */
import type { Part } from "./planes";

const MOVING_MS = 70;
const RESTING_MS = 300;
const WORTH = 0.6; // of that time: what was drawn at rest is not drawn again, a little finer, for more
const SCALES = [1, 0.7, 0.5, 0.35, 0.25] as const;
const COARSEST = 0.25;
const TRIAL = 1 / 16;

/** What a picture depends on: `view` changes under a hand, `content` with what there is to be seen. */
export interface Depends {
  readonly view: string;
  readonly content: string;
}

export class Target {
  private readonly framebuffer: WebGLFramebuffer;
  private texture: WebGLTexture | null = null;
  private size = { width: 0, height: 0 };
  private drawn: Depends & { readonly scale: number } = { view: "", content: "", scale: 0 };
  /** Where on the canvas it stands already; "" nowhere. */
  private standsIn = "";
  /** Milliseconds for each pixel; unknown before the first drawing, which is tried out for that reason. */
  private pixelMs = Infinity;

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.framebuffer = gl.createFramebuffer();
  }

  /** How finely it was drawn last: 1 is every device pixel. */
  get scale(): number {
    return this.drawn.scale;
  }

  /**
   * Put the picture into its part of the canvas; draw it anew if something changed, quickly while a hand is at it, finely
   * when it rests. Says whether this is as fine as it gets.
   */
  show(depends: Depends, part: Part, isResting: boolean, draw: (part: Part, scale: number) => void): boolean {
    const isMoved = this.drawn.view !== "" && this.drawn.view !== depends.view;
    const isNew = isMoved || this.drawn.content !== depends.content;
    if (this.pixelMs === Infinity) this.tryOut(part, draw);
    const scale = this.scaleFor(part, isResting && !isMoved ? RESTING_MS : MOVING_MS);
    if (isNew || scale > this.drawn.scale) this.redraw(depends, part, scale, draw);
    else if (this.standsIn === placeOf(part)) return this.isFine(part);
    this.copy(part);
    this.standsIn = placeOf(part);
    return this.isFine(part);
  }

  private isFine(part: Part): boolean {
    return this.drawn.scale >= this.scaleFor(part, WORTH * RESTING_MS);
  }

  /** The canvas is empty: what stood there has to be put there again. */
  uncover(): void {
    this.standsIn = "";
  }

  /** How finely to draw within a time: 1 is every device pixel of the part. */
  private scaleFor(part: Part, most: number): number {
    return SCALES.find((scale) => part.width * part.height * scale * scale * this.pixelMs <= most) ?? COARSEST;
  }

  private redraw(depends: Depends, part: Part, scale: number, draw: (part: Part, scale: number) => void): void {
    const size = sizeAt(part, scale);
    this.wait(); // what was asked for before is not this picture's
    this.fit(size);
    this.gl.bindFramebuffer(this.gl.FRAMEBUFFER, this.framebuffer);
    this.time(size, () => draw({ x: 0, y: 0, ...size }, scale));
    this.drawn = { ...depends, scale };
  }

  /** Learn how fast this device is by a small picture, drawn twice: the first time makes the shader ready, which says nothing of it. */
  private tryOut(part: Part, draw: (part: Part, scale: number) => void): void {
    const size = sizeAt(part, TRIAL);
    this.fit(size);
    this.gl.bindFramebuffer(this.gl.FRAMEBUFFER, this.framebuffer);
    const drawn = (): void => draw({ x: 0, y: 0, ...size }, TRIAL);
    drawn();
    this.wait();
    this.time(size, drawn);
  }

  private time({ width, height }: Omit<Part, "x" | "y">, draw: () => void): void {
    const begin = performance.now();
    draw();
    this.wait();
    this.pixelMs = (performance.now() - begin) / (width * height);
  }

  private wait(): void {
    this.gl.readPixels(0, 0, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, new Uint8Array(4));
  }

  private copy(part: Part): void {
    const { gl } = this;
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, this.framebuffer);
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, null);
    gl.blitFramebuffer(0, 0, this.size.width, this.size.height, part.x, part.y, part.x + part.width, part.y + part.height, gl.COLOR_BUFFER_BIT, gl.LINEAR);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  private fit(size: { width: number; height: number }): void {
    const { gl } = this;
    if (this.texture !== null && this.size.width === size.width && this.size.height === size.height) return;
    if (this.texture !== null) gl.deleteTexture(this.texture);
    this.size = size;
    this.texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, size.width, size.height);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.texture, 0);
  }
}

function sizeAt({ width, height }: Part, scale: number): Omit<Part, "x" | "y"> {
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

function placeOf(part: Part): string {
  return JSON.stringify([part.x, part.y, part.width, part.height]);
}
