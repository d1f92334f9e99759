/** A picture beside the canvas: the body is drawn into it only when it changed, as finely as this device's speed allows. */
import type { Part } from "./planes";

const MOVING_MS = 70;
const RESTING_MS = 500;
const SCALES = [1, 0.7, 0.5, 0.35, 0.25] as const;
const FIRST_GUESS = 2e-3; // milliseconds for each pixel: a slow one, so that the first drawing does not stall

export class Target {
  private readonly framebuffer: WebGLFramebuffer;
  private texture: WebGLTexture | null = null;
  private size = { width: 0, height: 0 };
  private drawn = "";
  private pixelMs = FIRST_GUESS;

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.framebuffer = gl.createFramebuffer();
  }

  /** How finely to draw: 1 is every device pixel of the part. */
  scaleFor(part: Part, isMoving: boolean): number {
    const most = isMoving ? MOVING_MS : RESTING_MS;
    return SCALES.find((scale) => part.width * part.height * scale * scale * this.pixelMs <= most) ?? SCALES[SCALES.length - 1] ?? 1;
  }

  /** Draw anew if `key` says that something changed, and put the picture into its part of the canvas. */
  show(key: string, part: Part, scale: number, draw: (part: Part) => void): void {
    const { gl } = this;
    const size = { width: Math.max(1, Math.round(part.width * scale)), height: Math.max(1, Math.round(part.height * scale)) };
    if (key !== this.drawn) {
      this.fit(size);
      gl.bindFramebuffer(gl.FRAMEBUFFER, this.framebuffer);
      const begin = performance.now();
      draw({ x: 0, y: 0, ...size });
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4)); // waits until it is drawn
      this.pixelMs = (performance.now() - begin) / (size.width * size.height);
      this.drawn = key;
    }
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
