/** Builds the viewer into appliance/web/static/viewer: script, worker, chunks, codecs and style, the same bytes every time. */
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import { build } from "esbuild";
import { assembled } from "./wat.mjs";

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

/** dicom-parser is published as one bundle that nothing can be left out of. Its map holds the modules it was made of. */
const parserBySources = {
  name: "parser-by-sources",
  async setup(plugin) {
    const map = JSON.parse(await readFile(path.join(here, "node_modules/dicom-parser/dist/dicomParser.js.map"), "utf8"));
    const texts = new Map(map.sources.map((source, at) => [source.replace("webpack://dicomParser/./", ""), map.sourcesContent[at]]));
    const module = (file) => ({ path: file, namespace: "dicom-parser", sideEffects: false });
    plugin.onResolve({ filter: /^dicom-parser$/ }, () => module("index.js"));
    plugin.onResolve({ filter: /^\.\.?\//, namespace: "dicom-parser" }, ({ path: name, importer }) => module(path.join(path.dirname(importer), name)));
    plugin.onLoad({ filter: /./, namespace: "dicom-parser" }, ({ path: file }) => ({ contents: texts.get(file), resolveDir: here }));
  },
};

/** Shaders travel without their comments and indents. */
const withoutRemarks = {
  name: "without-remarks",
  setup(plugin) {
    plugin.onLoad({ filter: /shaders\w*\.ts$/ }, async ({ path: file }) => {
      const text = await readFile(file, "utf8");
      return { contents: text.replace(/[ \t]*\/\/.*$/gm, "").replace(/\n\s+/g, "\n"), loader: "ts" };
    });
  },
};

/** WebAssembly that is written as text travels in the script as bytes. */
const assembling = {
  name: "assembling",
  setup(plugin) {
    plugin.onLoad({ filter: /\.wat$/ }, async ({ path: file }) => ({ contents: await assembled(file), loader: "binary" }));
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

/** Scripts as Brotli packs them. What was packed before stays while it unpacks to the same script: packers differ, scripts must not. */
async function packedBefore() {
  const names = (await readdir(out).catch(() => [])).filter((name) => name.endsWith(".br"));
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(path.join(out, name))])));
}

async function packScripts(before) {
  for (const name of (await readdir(out)).filter((one) => one.endsWith(".js"))) {
    const script = await readFile(path.join(out, name));
    const old = before.get(`${name}.br`);
    const isSame = old !== undefined && brotliDecompressSync(old).equals(script);
    await writeFile(path.join(out, `${name}.br`), isSame ? old : brotliCompressSync(script));
  }
}

const before = await packedBefore();
await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const usual = {
  absWorkingDir: here,
  outdir: out,
  bundle: true,
  format: "esm",
  target: ["chrome109", "firefox114", "safari16.4"],
  minify: true,
  legalComments: "none",
  metafile: true,
  define: { "process": "undefined", "__filename": "undefined" },
};

/** What is imported when it is wanted is built apart, under a name with its hash. It brings its own copy of what it shares:
 * a shared file would be one more that the first picture waits for. */
const laterApart = {
  name: "later-apart",
  setup(plugin) {
    plugin.onResolve({ filter: /./ }, async ({ path: name, kind, resolveDir, importer }) => {
      if (kind !== "dynamic-import") return undefined;
      const found = await plugin.resolve(name, { kind: "import-statement", resolveDir, importer });
      return { path: `./${await apart(found.path)}`, external: true };
    });
  },
};
const plugins = [withoutNode, parserBySources, withoutRemarks, assembling, laterApart];
const made = new Map();

function apart(file) {
  if (!made.has(file)) made.set(file, builtApart(file));
  return made.get(file);
}

async function builtApart(file) {
  const { metafile } = await build({ ...usual, plugins, entryPoints: [file], entryNames: "[name]-[hash]" });
  return path.basename(Object.keys(metafile.outputs)[0]);
}

for (const entry of ["viewer", "worker", "files", "local", "thumbnail"]) await build({ ...usual, plugins, entryPoints: { [entry]: `src/${entry}.ts` } });
for (const wasm of codecs) await copyFile(path.join(here, "node_modules", wasm), path.join(out, path.basename(wasm)));
const styles = await Promise.all(["viewer.css", "pictures/pictures.css"].map((file) => readFile(path.join(here, "src/ui", file), "utf8")));
await writeFile(path.join(out, "viewer.css"), styles.join(""));
await packScripts(before);
await writeFile(path.join(out, "licences.txt"), await licences());

/** The same viewer for packages, which are opened from a folder: one plain script, for a page of a folder may load neither
 * modules nor workers beside it. Modules and codecs travel in it as text and become files of memory where they are wanted:
 * what a page of a folder has made, a worker's own worker may not load. */
const packages = path.resolve(here, "../../export/viewer");
const inOneFile = {
  name: "in-one-file",
  setup(plugin) {
    plugin.onLoad({ filter: /src\/(worker|making|decoders|thumbnail)\.ts$/ }, async ({ path: file }) => {
      const text = await readFile(file, "utf8");
      const placed = text.replace(/new URL\(([^(),]+), import\.meta\.url\)(\.href)?/g, "globalThis.enamelFile($1)");
      return { contents: placed.replace('type: "module", ', ""), loader: "ts" };
    });
  },
};

async function inOneText([entry, format]) {
  const options = { ...usual, format, plugins: [withoutNode, parserBySources, withoutRemarks, assembling, inOneFile], entryPoints: [`src/${entry}.ts`], write: false };
  const { outputFiles } = await build(options);
  const text = outputFiles[0].text;
  if (outputFiles.length !== 1 || text.includes("import.meta")) throw new Error(`${entry} does not stand alone`);
  return text;
}

const [page, local, worker] = await Promise.all([["files", "esm"], ["local", "iife"], ["worker", "iife"]].map(inOneText));
const binaries = await Promise.all(codecs.map(async (wasm) => [path.basename(wasm), (await readFile(path.join(here, "node_modules", wasm))).toString("base64")]));
const start = `(()=>{const codecs={},url=(text)=>URL.createObjectURL(new Blob([text],{type:"text/javascript"}));
for(const [file,text] of Object.entries(${JSON.stringify(Object.fromEntries(binaries))}))codecs[file]="data:application/octet-stream;base64,"+text;
const told="const codecs="+JSON.stringify(codecs)+";\\n",decoder=told+"globalThis.enamelFile=(file)=>codecs[file];\\n"+${JSON.stringify(worker)},
beside="const decoder="+JSON.stringify(decoder)+";globalThis.enamelFile=(file)=>codecs[file]??URL.createObjectURL(new Blob([decoder],{type:'text/javascript'}));\\n",
reader=url(told+beside+${JSON.stringify(local)});
globalThis.enamelFile=()=>reader;import(url(${JSON.stringify(page)}))})();
`;
await writeFile(path.join(packages, "VIEWER.JS"), start);
const around = await Promise.all(["base.css", "office.css", "viewing.css", "files.css"].map((file) => readFile(path.resolve(out, "..", file), "utf8")));
await writeFile(path.join(packages, "VIEWER.CSS"), [...around, ...styles].join(""));
await writeFile(path.join(packages, "LICENCES.TXT"), await licences());
