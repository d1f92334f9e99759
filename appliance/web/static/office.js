// Small comforts for pages that work without them: the live list, search while typing, locking by itself.

const token = document.body.dataset.formToken;
const background = { "X-Enamel-Background": "1" };
const list = document.getElementById("list");

function leave() {
  location.replace("/lock?back=" + encodeURIComponent(location.pathname + location.search));
}

// Swap in the list (and the line above it) from another answer of the same page.
function takeOver(text) {
  const focused = document.activeElement?.closest("#list, .places") ? document.activeElement.getAttribute("href") : null;
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const id of ["list", "summary"]) {
    const from = fresh.getElementById(id);
    const to = document.getElementById(id);
    if (from && to && from.innerHTML !== to.innerHTML) to.replaceWith(document.importNode(from, true));
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
}

function listen() {
  const line = new EventSource("/events");
  // What changed between the page and its line, or while a tablet slept, told nobody: look once when it stands.
  for (const kind of ["ready", "changed"]) line.addEventListener(kind, () => { refresh().catch(() => {}); });
  line.addEventListener("over", () => { line.close(); leave(); });
  line.onerror = async () => {
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

const search = document.getElementById("search");
if (search && list) {
  let waiting = 0;
  let latest = 0;
  search.elements.q.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const mine = ++latest;
      const answer = await fetch(search.action, { method: "POST", body: new URLSearchParams(new FormData(search)) });
      if (mine !== latest) return;
      if (answer.status === 401 || answer.url.includes("/lock")) return leave();
      if (answer.ok) {
        takeOver(await answer.text());
        history.replaceState(null, "", answer.url);
      }
    }, 350);
  });
}

// A page from the browser's memory may be older than the lock.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
listen();
