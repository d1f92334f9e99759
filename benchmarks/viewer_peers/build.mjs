/** Builds the pages of the other viewers into a folder: `node build.mjs FOLDER`. The box's own Caddy serves it for the benchmark. */
import { cp, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2]);
const PAGES = ["cornerstone", "vtk"];
const WORKER = "node_modules/@cornerstonejs/dicom-image-loader/dist/esm/decodeImageFrameWorker.js";

/** The codecs, and vtk.js's XML writer, ask for Node's modules; nothing of them runs here. */
const withoutNode = {
  name: "without-node",
  setup(plugin) {
    plugin.onResolve({ filter: /^(fs|path|zlib|crypto|module|events|url)$/ }, ({ path: name }) => ({ path: name, namespace: "none" }));
    plugin.onLoad({ filter: /.*/, namespace: "none" }, () => ({ contents: "module.exports = { EventEmitter: class {} };" }));
  },
};

const usual = {
  absWorkingDir: here,
  outdir: out,
  bundle: true,
  format: "esm",
  target: "chrome109",
  minify: true,
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
  loader: { ".wasm": "file", ".glsl": "text" },
  plugins: [withoutNode],
};

const page = (name) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>${name}</title>
<link rel="stylesheet" href="page.css"><link rel="icon" href="data:,">
<main><div id="axial"></div><div id="sagittal"></div><div id="coronal"></div><div id="solid"></div></main>
<script type="module" src="${name}.js"></script></html>`;

await mkdir(out, { recursive: true });
await build({ ...usual, entryPoints: PAGES.map((name) => `src/${name}.mjs`) });
await build({ ...usual, entryPoints: { decodeImageFrameWorker: WORKER } });
for (const name of PAGES) await writeFile(path.join(out, `${name}.html`), page(name));
await cp(path.join(here, "src/page.css"), path.join(out, "page.css"));
