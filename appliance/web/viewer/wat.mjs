/** Makes WebAssembly's text the bytes that a browser takes, for the bundler and for the tests. */
import { readFile } from "node:fs/promises";
import wabt from "wabt";

/** @param {string} file @returns {Promise<Uint8Array>} */
export async function assembled(file) {
  const module = (await wabt()).parseWat(file, await readFile(file, "utf8"), { simd: true });
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}
