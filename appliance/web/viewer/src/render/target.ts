/** A picture beside the canvas: the body is drawn into it only when it changed, as finely as this device's speed allows. */
import type { Part } from "./planes";

const MOVING_MS = 70;
const RESTING_MS = 500;
const SCALES = [1, 0.7, 0.5, 0.35, 0.25] as const;
const COARSEST = 0.25;

export class Target {
  private readonly framebuffer: WebGLFramebuffer;
  private texture: WebGLTexture | null = null;
  private size = { width: 0, height: 0 };
  private drawn = { key: "", scale: 0 };
  /** Where on the canvas it stands already; "" nowhere. */
  private standsIn = "";
  /** Milliseconds for each pixel; unknown before the first drawing, which is the coarsest for that reason. */
  private pixelMs = Infinity;

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.framebuffer = gl.createFramebuffer();
  }

  /**
   * Put the picture into its part of the canvas; draw it anew if `key` says that something changed, quickly then, and once
   * more finely when it rests. Says whether this is as fine as it gets.
   */
  show(key: string, part: Part, isResting: boolean, draw: (part: Part, scale: number) => void): boolean {
    const isNew = key !== this.drawn.key;
    const scale = this.scaleFor(part, isResting && !isNew ? RESTING_MS : MOVING_MS);
    if (isNew || scale > this.drawn.scale) this.redraw(key, part, scale, draw);
    else if (this.standsIn === placeOf(part)) return this.drawn.scale >= this.scaleFor(part, RESTING_MS);
    this.copy(part);
    this.standsIn = placeOf(part);
    return this.drawn.scale >= this.scaleFor(part, RESTING_MS);
  }

  /** The canvas is empty: what stood there has to be put there again. */
  uncover(): void {
    this.standsIn = "";
  }

  /** How finely to draw within a time: 1 is every device pixel of the part. */
  private scaleFor(part: Part, most: number): number {
    return SCALES.find((scale) => part.width * part.height * scale * scale * this.pixelMs <= most) ?? COARSEST;
  }

  private redraw(key: string, part: Part, scale: number, draw: (part: Part, scale: number) => void): void {
    const { gl } = this;
    const size = { width: Math.max(1, Math.round(part.width * scale)), height: Math.max(1, Math.round(part.height * scale)) };
    this.wait(); // what was asked for before is not this picture's
    this.fit(size);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.framebuffer);
    if (this.pixelMs === Infinity) this.warm(() => draw({ x: 0, y: 0, ...size }, scale));
    const begin = performance.now();
    draw({ x: 0, y: 0, ...size }, scale);
    this.wait();
    this.pixelMs = (performance.now() - begin) / (size.width * size.height);
    this.drawn = { key, scale };
  }

  /** The very first drawing makes the shader ready, which says nothing of how fast it is. */
  private warm(draw: () => void): void {
    draw();
    this.wait();
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

function placeOf(part: Part): string {
  return JSON.stringify([part.x, part.y, part.width, part.height]);
}
