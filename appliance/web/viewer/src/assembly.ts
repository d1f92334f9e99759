/** What every program of WebAssembly needs here: to be opened, where a browser has its wide registers, and memory of its own. */

export type Words = Int16Array | Uint16Array;

/** Say whether values are 16-bit words. */
export function areWords(values: ArrayLike<number>): values is Words {
  return values instanceof Uint16Array || values instanceof Int16Array;
}

export interface Program {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
}

/** What there is of it where the types of a browser are not known. */
interface Assembly {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

const BLOCK_BYTES = 16;
const PAGE_BYTES = 65536;
export const MOST_WORDS = 2 ** 24; // beyond that the memory would be too much

/** Give what opens a program, each time with memory of its own; null where this browser has none for it: in Lockdown Mode an iPad has no WebAssembly at all. */
export function opener(binary: Uint8Array): () => Program | null {
  const assembly = (globalThis as { readonly WebAssembly?: Assembly }).WebAssembly;
  let module: object | null | undefined;
  return () => {
    try {
      if (module === undefined) module = assembly === undefined ? null : new assembly.Module(binary);
      return module === null || assembly === undefined ? null : (new assembly.Instance(module).exports as Program);
    } catch {
      module = null; // older than its wide registers, or not allowed to
      return null;
    }
  };
}

/** Give a program's memory, of so many bytes at least; views of it are good until more is asked for. */
export function memoryOf({ memory }: Program, bytes: number): ArrayBuffer {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES);
  if (missing > 0) memory.grow(missing);
  return memory.buffer;
}

/** Copy words as bytes: in one go. */
export function lay(memory: ArrayBuffer, at: number, { buffer, byteOffset, byteLength }: Words): void {
  new Uint8Array(memory, at).set(new Uint8Array(buffer, byteOffset, byteLength));
}

/** So many bytes, or a few more: whole blocks. */
export function blocks(bytes: number): number {
  return BLOCK_BYTES * Math.ceil(bytes / BLOCK_BYTES);
}
