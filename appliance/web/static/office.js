// Small comforts for pages that work without them: the live list, search while typing, locking by itself.

const token = document.body.dataset.formToken;
const background = { "X-Enamel-Background": "1" };
const list = document.getElementById("list");

// Nothing of a patient stays here while the lock's page is on its way. What was done to the pictures is kept by the viewer.
function leave() {
  document.documentElement.hidden = true;
  document.body.replaceChildren();
  location.replace("/lock?back=" + encodeURIComponent(location.pathname + location.search));
}

// The other tabs of this browser need not wait until the box tells them.
const tabs = new BroadcastChannel("enamel-lock");
tabs.onmessage = leave;
addEventListener("submit", ({ target }) => {
  if (["/lock/now", "/logout"].includes(target.getAttribute("action"))) tabs.postMessage(0);
});

// Swap in the list (and the line above it) from another answer of the same page.
function takeOver(text) {
  const focused = document.activeElement?.closest("#list, .places") ? document.activeElement.getAttribute("href") : null;
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const id of ["list", "summary"]) {
    const from = fresh.getElementById(id);
    const to = document.getElementById(id);
    if (from && to && from.innerHTML !== to.innerHTML) to.replaceWith(document.importNode(from, true));
  }
  for (const id of ["kept", "find"]) {
    const from = fresh.getElementById(id);
    if (from) document.getElementById(id).value = from.value;
  }
  const places = fresh.querySelector(".places");
  if (places) document.querySelector(".places").replaceWith(document.importNode(places, true));
  if (focused && document.activeElement === document.body) document.querySelector(`#list a[href="${focused}"], .places a[href="${focused}"]`)?.focus();
}

// A list that is kept fresh names the address of its newest state; a search, or an older page of it, names none.
async function refresh() {
  const newest = document.getElementById("list")?.dataset.live;
  if (!newest) return;
  const answer = await fetch(newest, { headers: background });
  if (answer.status === 401) leave();
  else if (answer.ok) takeOver(await answer.text());
  reached(answer.ok);
}

// A line that is cut stands again within seconds; only then is it worth a word.
const unreachable = document.getElementById("unreachable");
let silence = 0;
function reached(well) {
  clearTimeout(silence);
  if (!unreachable) return;
  if (well) unreachable.hidden = true;
  else silence = setTimeout(() => { unreachable.hidden = false; }, 6000);
}

function listen() {
  const line = new EventSource("/events");
  // What changed between the page and its line, or while a tablet slept, told nobody: look once when it stands.
  for (const kind of ["ready", "changed"]) line.addEventListener(kind, () => { refresh().catch(() => {}); });
  line.addEventListener("over", () => { line.close(); leave(); });
  line.addEventListener("ready", () => reached(true));
  line.onerror = async () => {
    reached(false);
    if (line.readyState === EventSource.CLOSED) {
      const answer = await fetch("/session/active", { method: "POST", headers: { ...background, "X-Form-Token": token } }).catch(() => null);
      if (answer && (answer.status === 401 || answer.status === 403)) leave();
      else setTimeout(listen, 5000);
    }
  };
}

// A person who reads or draws is there, even when no page is asked for.
let told = Date.now();
function alive() {
  if (Date.now() - told < 30000) return;
  told = Date.now();
  fetch("/session/active", { method: "POST", headers: { "X-Form-Token": token } })
    .then((answer) => { if (answer.status === 401) leave(); })
    .catch(() => {});
}
for (const kind of ["pointermove", "pointerdown", "keydown", "wheel", "touchstart"]) {
  addEventListener(kind, alive, { passive: true });
}

// What was asked for takes the list's place; until then the list is dimmed, and if nothing comes the page says so.
let latest = 0;
async function ask(address, form) {
  const mine = ++latest;
  document.getElementById("list").ariaBusy = "true";
  const answer = await fetch(address, form).catch(() => null);
  if (mine !== latest) return;
  document.getElementById("list").ariaBusy = "false";
  if (answer && (answer.status === 401 || answer.url.includes("/lock"))) return leave();
  unreachable.hidden = Boolean(answer?.ok);
  if (!answer?.ok) return;
  takeOver(await answer.text());
  history.replaceState(null, "", answer.url);
}

const search = document.getElementById("search");
if (search && list) {
  let waiting = 0;
  search.elements.q.addEventListener("keydown", (event) => {
    const first = event.key === "ArrowDown" && document.querySelector("#list .name a");
    if (first) { event.preventDefault(); first.focus(); }
  });
  search.elements.q.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => ask(search.action, { method: "POST", body: new URLSearchParams(new FormData(search)) }), 350);
  });
}

const filters = document.getElementById("filters");
if (filters && list) {
  filters.addEventListener("change", () => {
    const chosen = [...new FormData(filters)].filter(([, value]) => value !== "");
    for (const pick of filters.querySelectorAll(".pick")) pick.classList.toggle("chosen", pick.querySelector("select").value !== "");
    ask(`${filters.getAttribute("action")}?${new URLSearchParams(chosen)}`, {});
  });
}

// A small picture of each series whose tile is in sight, one after the other, made in this browser from its middle image.
const tiles = [...document.querySelectorAll("[data-stream].kind")];
const wanted = [];
let drawing = false;
function drawNext() {
  const tile = wanted.shift();
  drawing = tile !== undefined;
  if (!tile) return;
  const worker = new Worker("/static/viewer/thumbnail.js", { type: "module" });
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

// A page from the browser's memory may be older than the lock.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
listen();
