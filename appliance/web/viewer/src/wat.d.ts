/** WebAssembly written as text; the build makes it the bytes that a browser takes. */
declare module "*.wat" {
  const bytes: Uint8Array;
  export default bytes;
}
