// Small comforts for pages that work without them: the live list, search while typing, locking by itself.

const token = document.body.dataset.formToken;
const background = { "X-Enamel-Background": "1" };
const list = document.getElementById("list");

// An answer whose head does not come, or whose end does not, is none.
async function asked(address, form) {
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(), 10000);
  const answer = await fetch(address, { ...form, signal: stop.signal }).catch(() => null);
  clearTimeout(late);
  setTimeout(() => stop.abort(), 60000);
  return answer;
}
const textOf = (answer) => (answer?.ok ? answer.text().catch(() => "") : "");

// Nothing of a patient stays here while the lock's page is on its way, and no answer that comes now changes that or where
// it leads. What was done to the pictures is kept by the viewer.
let gone = false;
function leave(to = "/lock?back=" + encodeURIComponent(location.pathname + location.search)) {
  if (gone) return;
  gone = true;
  document.documentElement.hidden = true;
  document.body.replaceChildren();
  location.replace(to);
}

// The page on which files were opened keeps them and what is being stored, behind the veil; every other one goes.
const keeps = document.getElementById("files") !== null;
function lock() {
  if (gone) return;
  if (!keeps) return leave();
  cover();
  say("locked");
  veil.querySelector("input[type=password]").focus();
}

// The other tabs of this browser need not wait until the box tells them; and hands at one are hands at all.
const HANDS = "hands";
const tabs = new BroadcastChannel("enamel-lock");
tabs.onmessage = ({ data }) => {
  if (data === HANDS) handled();
  else if (data === "/logout") leave();
  else lock();
};
addEventListener("submit", ({ target }) => {
  const action = target.getAttribute("action");
  if (action === "/lock/now") tabs.postMessage(action);
  // Told once the box has ended the session: told before, they would reach its lock, and stand there.
  if (action === "/logout") addEventListener("pagehide", () => tabs.postMessage(action), { once: true });
});

// The screen locks by this browser's own clock too, so without a network, and after a sleep in which no timer ran.
const root = document.documentElement;
const veil = document.getElementById("veil");
const lockAfter = 1000 * Number(document.body.dataset.lockAfter);
let hands = Date.now();
const late = () => Math.abs(Date.now() - hands) >= lockAfter;
function handled() {
  if (late()) look();
  else if (!covered()) hands = Date.now();
}
const covered = () => root.classList.contains("covered");
function cover() {
  if (gone || covered()) return;
  root.classList.add("covered");
  veil.showModal();
}
function uncover() {
  root.classList.remove("covered");
  veil.close();
  hands = Date.now();
}
function say(what) {
  for (const part of veil.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== what;
}
function look() {
  if (!late() || covered()) return;
  cover();
  askBox();
}

// Hands at a tab that this one did not hear of, or a box that was away: only the box knows whether it is locked.
async function askBox() {
  const answer = await post("/session/active", background);
  if (answer?.status === 204) uncover();
  else if (answer && [401, 403].includes(answer.status)) lock();
  else {
    say("away");
    setTimeout(askBox, 5000);
  }
}
function post(address, headers, body) {
  return asked(address, { method: "POST", headers: { ...headers, "X-Form-Token": token }, body });
}
setInterval(look, 1000);
for (const kind of ["pageshow", "focus"]) addEventListener(kind, look);
for (const kind of ["visibilitychange", "resume"]) document.addEventListener(kind, look);
veil.addEventListener("cancel", (event) => event.preventDefault());
veil.addEventListener("close", () => { if (covered()) veil.showModal(); });
veil.addEventListener("keydown", (event) => {
  event.stopPropagation();
  if (event.key === "Escape") event.preventDefault();
});

// What is printed is told to the box before the browser shows its own window for it.
addEventListener("beforeprint", () => {
  if (gone || covered()) return;
  const body = new URLSearchParams({ page: location.pathname });
  fetch("/printed", { method: "POST", keepalive: true, headers: { "X-Form-Token": token }, body }).catch(() => null);
});

// Unlocking where something is kept: the page itself stays.
veil.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const [form, wrong] = [event.target, veil.querySelector(".wrong")];
  const entered = await post("/lock", {}, new URLSearchParams(new FormData(form)));
  const answer = entered && (await post("/session/active", {}));
  form.reset();
  if (entered?.url.includes("/login")) return leave();
  wrong.hidden = answer?.status === 204;
  if (!wrong.hidden) return form.querySelector("input[type=password]").focus();
  uncover();
  listen();
});

// What the box said last of each part that is swapped; what stands there may differ, for somebody opened something in it.
const PARTS = ["list", "summary"];
const shown = Object.fromEntries(PARTS.map((id) => [id, document.getElementById(id)?.innerHTML]));

// Swap in the list (and the line above it) from another answer of the same page. Where somebody decides, it waits.
function takeOver(text) {
  const focused = document.activeElement?.closest("#list, .places") ? document.activeElement.getAttribute("href") : null;
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const id of PARTS) {
    const from = fresh.getElementById(id);
    const to = document.getElementById(id);
    if (!from || !to || from.innerHTML === shown[id] || to.querySelector("details[open] .proof")) continue;
    to.replaceWith(document.importNode(from, true));
    shown[id] = from.innerHTML;
    document.dispatchEvent(new Event("swapped"));
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
let again = 0;
async function refresh() {
  clearTimeout(again);
  const newest = document.getElementById("list")?.dataset.live;
  if (!newest) return;
  const answer = await asked(newest, { headers: background });
  if (answer?.status === 401) return lock();
  const text = await textOf(answer);
  if (gone) return;
  if (text) takeOver(text);
  else if (!answer || answer.ok || answer.status >= 429) again = setTimeout(refresh, 5000);
  reached(Boolean(text));
}

// A line that is cut stands again within seconds; only then is it worth a word.
const unreachable = document.getElementById("unreachable");
let silence = 0;
function reached(well) {
  if (!unreachable) return;
  if (!well) return void (silence ||= setTimeout(() => { unreachable.hidden = false; }, 6000)); // counted from the first failure
  clearTimeout(silence);
  silence = 0;
  unreachable.hidden = true;
}

// A browser that has no network may be wrong, for the box is near; and what was on its way when it went still arrives. So
// the box itself is asked, until it answers a browser that has one.
let watching = false;
async function watch() {
  const answer = await post("/session/active", background);
  reached(Boolean(answer));
  watching = !answer || !navigator.onLine;
  if (watching) setTimeout(watch, 5000);
}
addEventListener("offline", () => {
  reached(false);
  if (!watching) watch();
  watching = true;
});

function listen() {
  const line = new EventSource("/events");
  // What changed between the page and its line, or while a tablet slept, told nobody: look once when it stands.
  for (const kind of ["ready", "changed"]) line.addEventListener(kind, refresh);
  line.addEventListener("over", () => { line.close(); lock(); });
  line.addEventListener("ended", () => leave("/emergency?told=over")); // what an emergency lent is over
  line.addEventListener("ready", () => reached(true));
  line.onerror = async () => {
    reached(false);
    if (line.readyState === EventSource.CLOSED) {
      const answer = await post("/session/active", background);
      if (answer && (answer.status === 401 || answer.status === 403)) lock();
      else setTimeout(listen, 5000);
    }
  };
}

// A person who reads or draws is there, even when no page is asked for.
let told = Date.now();
let shared = 0;
function alive() {
  handled();
  if (covered()) return;
  if (Date.now() - shared > 1000) {
    shared = Date.now();
    tabs.postMessage(HANDS);
  }
  if (Date.now() - told < 30000) return;
  told = Date.now();
  post("/session/active", {}).then((answer) => { if (answer?.status === 401) lock(); else reached(Boolean(answer)); });
}
for (const kind of ["pointermove", "pointerdown", "keydown", "wheel", "touchstart"]) {
  addEventListener(kind, alive, { passive: true });
}

// What was asked for takes the list's place; until then the list is dimmed, and if nothing comes the page says so.
let latest = 0;
async function ask(address, form) {
  if (gone) return;
  const mine = ++latest;
  document.getElementById("list").ariaBusy = "true";
  const answer = await asked(address, form);
  if (answer && (answer.status === 401 || answer.url.includes("/lock"))) return lock();
  const text = await textOf(answer);
  if (gone || mine !== latest) return;
  document.getElementById("list").ariaBusy = "false";
  unreachable.hidden = Boolean(text);
  if (!text) return;
  takeOver(text);
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

// Where a decision asks for a code, a passkey may stand in for it.
if (document.querySelector("[data-proof]")) import("./passkeys.js");

// A page from the browser's memory may be older than the lock.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  cover();
  location.reload();
});
listen();
