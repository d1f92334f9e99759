/** Builds the viewer into appliance/web/static/viewer: script, worker, chunks, codecs and style, the same bytes every time. */
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(here, "../static/viewer");
const codecs = [
  "@cornerstonejs/codec-charls/dist/charlswasm_decode.wasm",
  "@cornerstonejs/codec-libjpeg-turbo-8bit/dist/libjpegturbowasm_decode.wasm",
  "@cornerstonejs/codec-openjpeg/dist/openjpegwasm_decode.wasm",
  "@cornerstonejs/codec-openjph/dist/openjphjs.wasm",
];
const parts = ["codec-charls", "codec-libjpeg-turbo-8bit", "codec-openjpeg", "codec-openjph"].map((name) => `@cornerstonejs/${name}`);

/** The codecs ask for Node's modules when they run under Node; in a browser there are none. */
const withoutNode = {
  name: "without-node",
  setup(plugin) {
    plugin.onResolve({ filter: /^(fs|path|zlib|crypto)$/ }, ({ path: name }) => ({ path: name, namespace: "none" }));
    plugin.onLoad({ filter: /.*/, namespace: "none" }, () => ({ contents: "module.exports = undefined;" }));
  },
};

async function licences() {
  const texts = [];
  for (const name of [...parts, "dicom-parser", "jpeg-lossless-decoder-js"]) {
    const folder = path.join(here, "node_modules", name);
    const about = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? await readFile(path.join(folder, file), "utf8") : "";
    texts.push(`${name} ${about.version} (${about.license})\n\n${text}`.trim());
  }
  return `${texts.join("\n\n----\n\n").replaceAll("\r", "")}\n`;
}

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const usual = {
  absWorkingDir: here,
  outdir: out,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["chrome109", "firefox114", "safari16.4"],
  chunkNames: "[name]-[hash]",
  minify: true,
  legalComments: "none",
  define: { "process": "undefined", "__filename": "undefined" },
  plugins: [withoutNode],
};
// Apart from each other: what they share would be a file that the first picture waits for.
await build({ ...usual, entryPoints: { viewer: "src/viewer.ts", worker: "src/worker.ts" } });
await build({ ...usual, entryPoints: { thumbnail: "src/thumbnail.ts" } });
for (const wasm of codecs) await copyFile(path.join(here, "node_modules", wasm), path.join(out, path.basename(wasm)));
await copyFile(path.join(here, "src/ui/viewer.css"), path.join(out, "viewer.css"));
await writeFile(path.join(out, "licences.txt"), await licences());
