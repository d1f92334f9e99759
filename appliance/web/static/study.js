// What a study's page does beside the comforts of every page: small pictures, and what the viewer is made of.

// A small picture of each series whose tile is in sight, one after the other, made in this browser from its middle image.
const tiles = [...document.querySelectorAll("[data-stream].kind")];
const wanted = [];
let drawing = false;
function drawNext() {
  const tile = wanted.shift();
  drawing = tile !== undefined;
  if (!tile) return;
  const worker = new Worker(new URL("viewer/thumbnail.js", import.meta.url), { type: "module" });
  const end = (made) => {
    worker.terminate();
    if (made) drawTile(tile, made);
    drawNext();
  };
  worker.onmessage = ({ data }) => end(data);
  worker.onerror = () => end(null);
  worker.postMessage({ stream: tile.dataset.stream, most: 2 * tile.clientWidth });
}
function drawTile(tile, { width, height, rgba }) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  canvas.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
  tile.append(canvas);
  tile.classList.add("drawn");
}
const sight = new IntersectionObserver((seen) => {
  for (const { target } of seen.filter((one) => one.isIntersecting)) {
    sight.unobserve(target);
    wanted.push(target);
  }
  if (!drawing) drawNext();
});
for (const tile of tiles) sight.observe(tile);

// What the next page is made of comes while nobody waits.
for (const file of document.querySelector("[data-next]")?.dataset.next.split(" ") ?? []) {
  fetch(new URL(file, import.meta.url), { priority: "low" }).then((answer) => answer.arrayBuffer()).catch(() => {});
}
