// A second press while the first is on its way sends nothing: the answer to the first may bring this browser another
// session token, and what was sent meanwhile with the old one would be nobody's.

const MEANWHILE_MS = 3000;
const sent = new WeakMap();
addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if (Date.now() - (sent.get(event.target) ?? 0) < MEANWHILE_MS) event.preventDefault();
  else sent.set(event.target, Date.now());
}, true);
addEventListener("pageshow", ({ persisted }) => { // a page that the browser kept and shows again is pressed anew
  if (persisted) for (const form of document.forms) sent.delete(form);
});
