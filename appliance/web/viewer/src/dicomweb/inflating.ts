/** Decompression by the browser's own decompressor. */

/** What may lie behind the data: nothing, a byte of padding (PS3.5 A.5), and what some writers leave there: a gzip trailer. */
const TAILS = [0, 1, 8, 9] as const;

/** Undo raw DEFLATE (RFC 1951) by the browser's own decompressor, up to `most` bytes.
 *
 * The decompressor refuses data with anything behind it: then it is tried again without the tails that are known.
 *
 * @throws RangeError when more comes out: a bomb. TypeError when it is no such data.
 */
export async function inflateRaw(bytes: Uint8Array, most = 2 ** 31): Promise<Uint8Array> {
  let refusal: unknown = null;
  for (const tail of TAILS) {
    try {
      return await inflateExactly(bytes.subarray(0, bytes.length - tail), most);
    } catch (error) {
      if (error instanceof RangeError) throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}

async function inflateExactly(bytes: Uint8Array, most: number): Promise<Uint8Array> {
  const reader = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    length += part.value.length;
    if (length > most) throw new RangeError("more than a picture can hold");
  }
  return concatenated(parts, length);
}

function concatenated(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
