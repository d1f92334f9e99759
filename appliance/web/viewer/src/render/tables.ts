/** A scanner's table of brightness on the card: one texel an entry, in rows of 4096. */
import type { VoiTable, Window } from "../dicom/facts";
import type { Program } from "./program";

const ACROSS = 4096; // the shaders know it too
const UNIT = 1; // unit 0 holds the picture

/** Guards the one table that was used last. */
export class Tables {
  private texture: WebGLTexture | null = null;
  private of: VoiTable | null = null;

  constructor(private readonly gl: WebGL2RenderingContext) {}

  /** Give a program the window's table; say whether it has one. */
  use(program: Program, { table }: Window): boolean {
    const { gl } = this;
    gl.uniform1i(program.uniform("table"), UNIT);
    gl.uniform1f(program.uniform("entries"), table?.entries.length ?? 1);
    if (table === undefined) return false;
    gl.activeTexture(gl.TEXTURE0 + UNIT);
    if (table === this.of) gl.bindTexture(gl.TEXTURE_2D, this.texture);
    else this.make(table);
    gl.activeTexture(gl.TEXTURE0);
    return true;
  }

  private make(table: VoiTable): void {
    const { gl } = this;
    if (this.texture !== null) gl.deleteTexture(this.texture);
    this.texture = gl.createTexture();
    this.of = table;
    const rows = Math.ceil(table.entries.length / ACROSS);
    const texels = new Float32Array(rows * ACROSS);
    texels.set(table.entries);
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32F, ACROSS, rows, 0, gl.RED, gl.FLOAT, texels);
    for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, side, gl.NEAREST);
  }
}
